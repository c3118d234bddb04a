/* What leaves the PBX and what comes in: counted, so that the clock waits for what is on its way. */
#include "clock.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

static struct clock_peer *peer_at(const struct sockaddr *address) {
    if (!drives || !address || address->sa_family != AF_INET)
        return NULL;
    const struct sockaddr_in *in = (const struct sockaddr_in *)address;
    uint64_t key = (uint64_t)ntohl(in->sin_addr.s_addr) << 16 | ntohs(in->sin_port);
    for (unsigned i = 0, peers = peers_in_use(page); i < peers; i++)
        if (__atomic_load_n(&page->peer[i].key, __ATOMIC_ACQUIRE) == key)
            return &page->peer[i];
    return NULL;
}

/* RTP has other ports; what is left to tell apart are keep-alives (RFC 5626), which no phone deals with. */
static bool is_message(const void *data, size_t length) { return length > 4 && *(const char *)data >= 'A'; }

static void count(uint64_t *word, int64_t by) { __atomic_fetch_add(word, (uint64_t)by, __ATOMIC_SEQ_CST); }

/* Counted before it leaves: nobody may think for a moment that nothing is on its way. */
EXPORT ssize_t sendto(int fd, const void *data, size_t length, int flags, const struct sockaddr *to, socklen_t size) {
    struct clock_peer *peer = is_message(data, length) ? peer_at(to) : NULL;
    bool asks = ask(fd, to);
    if (peer)
        count(&peer->pbx_sent, 1);
    ssize_t sent = REAL(sendto)(fd, data, length, flags, to, size);
    if (peer && sent < 0)
        count(&peer->pbx_sent, -1);
    if (asks && sent < 0)
        answered(fd);
    int fault = errno; /* Asterisk reads it of a packet that was not sent */
    if (sent >= 0)
        keep_sound(data, length, to);
    errno = fault;
    return sent;
}

EXPORT ssize_t sendmsg(int fd, const struct msghdr *message, int flags) {
    struct clock_peer *peer = message->msg_iovlen && is_message(message->msg_iov->iov_base, message->msg_iov->iov_len)
                                  ? peer_at(message->msg_name)
                                  : NULL;
    bool asks = ask(fd, message->msg_name);
    if (peer)
        count(&peer->pbx_sent, 1);
    ssize_t sent = REAL(sendmsg)(fd, message, flags);
    if (peer && sent < 0)
        count(&peer->pbx_sent, -1);
    if (asks && sent < 0)
        answered(fd);
    return sent;
}

/* An error that is read is an answer, too: nobody is at that port. */
static void note_read(int fd, ssize_t got, int flags) {
    if ((got >= 0 && !(flags & MSG_PEEK)) || (got < 0 && errno == ECONNREFUSED))
        answered(fd);
}

EXPORT ssize_t recvfrom(int fd, void *data, size_t length, int flags, struct sockaddr *restrict from,
                        socklen_t *restrict size) {
    if (!(flags & MSG_DONTWAIT))
        until_readable(fd);
    ssize_t got = REAL(recvfrom)(fd, data, length, flags, from, size);
    note_read(fd, got, flags);
    if (got > 0 && !(flags & MSG_PEEK) && is_message(data, (size_t)got)) {
        struct clock_peer *peer = peer_at(from);
        if (peer)
            count(&peer->pbx_received, 1);
    }
    return got;
}

EXPORT ssize_t __recvfrom_chk(int fd, void *data, size_t length, size_t room, int flags,
                              struct sockaddr *restrict from, socklen_t *restrict size) {
    (void)room;
    return recvfrom(fd, data, length, flags, from, size);
}

EXPORT ssize_t recvmsg(int fd, struct msghdr *message, int flags) {
    if (!(flags & MSG_DONTWAIT))
        until_readable(fd);
    ssize_t got = REAL(recvmsg)(fd, message, flags);
    note_read(fd, got, flags);
    if (got > 0 && !(flags & MSG_PEEK) && is_message(message->msg_iov->iov_base, (size_t)got)) {
        struct clock_peer *peer = peer_at(message->msg_name);
        if (peer)
            count(&peer->pbx_received, 1);
    }
    return got;
}

EXPORT ssize_t recv(int fd, void *data, size_t length, int flags) { return recvfrom(fd, data, length, flags, NULL, NULL); }

/* ---- the manager interface: bytes written to the conductor's end of the connection, and read from there */
static int manager = -1;

static bool is_manager(int fd) {
    static uint64_t known; /* the port for which `manager` was found */
    uint64_t port = drives ? __atomic_load_n(&page->manager_port, __ATOMIC_ACQUIRE) : 0;
    if (!port)
        return false;
    if (known == port)
        return fd == manager;
    struct sockaddr_in peer;
    socklen_t size = sizeof peer;
    if (getpeername(fd, (struct sockaddr *)&peer, &size) || peer.sin_family != AF_INET || ntohs(peer.sin_port) != port)
        return false;
    manager = fd;
    known = port;
    return true;
}

EXPORT ssize_t read(int fd, void *data, size_t length) {
    until_readable(fd);
    ssize_t got = REAL(read)(fd, data, length);
    note_read(fd, got, 0);
    if (got > 0 && is_manager(fd))
        count(&page->manager_heard, got);
    return got;
}

EXPORT ssize_t __read_chk(int fd, void *data, size_t length, size_t room) {
    if (length > room)
        abort();
    return read(fd, data, length);
}

EXPORT int accept(int fd, struct sockaddr *restrict from, socklen_t *restrict size) {
    until_readable(fd);
    return REAL(accept)(fd, from, size);
}

EXPORT int accept4(int fd, struct sockaddr *restrict from, socklen_t *restrict size, int flags) {
    until_readable(fd);
    return REAL(accept4)(fd, from, size, flags);
}

/* Whether it counts is settled before it leaves: the banner does not, in answer to which the conductor says who he is. */
#define COUNTED(fd, call) \
    ({ \
        bool counts = is_manager(fd), asks = ask(fd, NULL); \
        ssize_t written = (call); \
        if (counts && written > 0) \
            count(&page->manager_sent, written); \
        if (asks && written < 0) \
            answered(fd); \
        written; \
    })

EXPORT ssize_t write(int fd, const void *data, size_t length) { return COUNTED(fd, REAL(write)(fd, data, length)); }

EXPORT ssize_t writev(int fd, const struct iovec *parts, int number) {
    return COUNTED(fd, REAL(writev)(fd, parts, number));
}

EXPORT ssize_t send(int fd, const void *data, size_t length, int flags) {
    return COUNTED(fd, REAL(send)(fd, data, length, flags));
}
