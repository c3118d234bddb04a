/* Questions to name servers. Who has sent one waits for descriptors, with a deadline; the answer comes from another
 * process, within less than a millisecond of real time, and nothing else says that it is on its way. So a datagram to
 * port 53 is counted before it leaves, until something was read from its socket, or PATIENCE has passed. */
#include "clock.h"

#include <netinet/in.h>
#include <sys/socket.h>

#define DOMAIN 53
#define QUESTIONS 64
#define DESCRIPTORS 65536

static struct {
    int fd;
    int64_t until; /* CLOCK_MONOTONIC; 0: free */
} questions[QUESTIONS]; /* guarded by `lock` */
static int open_questions;

/* Whether a descriptor was connected to a name server. It may be another's since: looked at again when it is used. */
static bool connected[DESCRIPTORS];

static bool is_name_server(const struct sockaddr *address) {
    return address && address->sa_family == AF_INET &&
           ((const struct sockaddr_in *)(const void *)address)->sin_port == htons(DOMAIN);
}

EXPORT int connect(int fd, const struct sockaddr *to, socklen_t size) {
    if (fd >= 0 && fd < DESCRIPTORS)
        connected[fd] = is_name_server(to);
    return REAL(connect)(fd, to, size);
}

static bool asks(int fd, const struct sockaddr *to) {
    struct sockaddr_in peer;
    socklen_t size = sizeof peer, length = sizeof(int);
    int kind;
    if (!to) {
        if (fd < 0 || fd >= DESCRIPTORS || !connected[fd])
            return false;
        to = (struct sockaddr *)&peer;
        if (getpeername(fd, (struct sockaddr *)&peer, &size)) {
            connected[fd] = false;
            return false;
        }
    }
    return is_name_server(to) && !getsockopt(fd, SOL_SOCKET, SO_TYPE, &kind, &length) && kind == SOCK_DGRAM;
}

bool ask(int fd, const struct sockaddr *to) {
    if (!drives || !asks(fd, to))
        return false;
    int64_t now = monotonic_now();
    pthread_mutex_lock(&lock);
    for (int i = 0; i < QUESTIONS; i++)
        if (questions[i].until <= now) {
            open_questions += !questions[i].until;
            questions[i].fd = fd;
            questions[i].until = now + PATIENCE;
            break;
        }
    pthread_mutex_unlock(&lock);
    return true;
}

void answered(int fd) {
    if (!__atomic_load_n(&open_questions, __ATOMIC_ACQUIRE))
        return;
    pthread_mutex_lock(&lock);
    for (int i = 0; i < QUESTIONS; i++)
        if (questions[i].until && questions[i].fd == fd) {
            questions[i].until = 0;
            open_questions--;
            break;
        }
    pthread_mutex_unlock(&lock);
}

bool answer_awaited(void) {
    bool awaited = false;
    int64_t now = open_questions ? monotonic_now() : 0;
    for (int i = 0; open_questions && i < QUESTIONS; i++)
        if (questions[i].until > now)
            awaited = true;
        else if (questions[i].until) {
            questions[i].until = 0;
            open_questions--;
        }
    return awaited;
}
