/* The sound that the PBX sends: every RTP packet is written to the file of RINGPROOF_RTP, with its PBX time.
 *
 * Asterisk stamps and sends its sound completely and in order at any speed of the clock, but only here is known at which
 * PBX time a packet leaves. The file is a pcap of raw IPv4 packets (LINKTYPE_RAW), which Wireshark plays. The source is
 * 0.0.0.0, as in Asterisk's own capture (res_pjsip_logger.c): the kernel chooses it later.
 */
#include "clock.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#define LINKTYPE_RAW 101
#define LONGEST 2048                  /* bytes of a packet of sound; a longer one is cut */
#define MOST (256 * 1024 * 1024)      /* bytes of the file: some four hours of one voice without a pause */
#define RTP_HEADER 12
#define HEADERS 28                    /* of IPv4 and UDP */

struct file_header {
    uint32_t magic;
    uint16_t major, minor;
    uint32_t zone, accuracy, snapshot, link;
};

struct packet_header {
    uint32_t seconds, nanoseconds, kept, length;
};

/* RTP version 2, and none of the packet types of RTCP (RFC 5761, section 4). */
static bool is_sound(const unsigned char *data, size_t length) {
    return length >= RTP_HEADER && data[0] >> 6 == 2 && !((data[1] & 0x7f) >= 72 && (data[1] & 0x7f) <= 76);
}

static int file = -1;
static uint64_t written;

/* Called once, when the PBX starts: a PBX without that file has a harness that knows nothing of its sound. */
bool begin_sound(const char *path) {
    static const struct file_header header = {0xa1b23c4d, 2, 4, 0, 0, LONGEST, LINKTYPE_RAW}; /* of nanoseconds */
    file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (file < 0)
        return false;
    return lseek(file, 0, SEEK_END) || REAL(write)(file, &header, sizeof header) == (ssize_t)sizeof header;
}

static void put16(unsigned char *at, unsigned value) {
    at[0] = (unsigned char)(value >> 8);
    at[1] = (unsigned char)value;
}

void keep_sound(const void *data, size_t length, const struct sockaddr *to) {
    if (!drives || file < 0 || !to || to->sa_family != AF_INET || !is_sound(data, length))
        return;
    const struct sockaddr_in *in = (const struct sockaddr_in *)to;
    size_t kept = length < LONGEST - HEADERS ? length : LONGEST - HEADERS;
    if (__atomic_add_fetch(&written, sizeof(struct packet_header) + HEADERS + kept, __ATOMIC_RELAXED) > MOST)
        return;
    struct timespec now = to_timespec(pbx_epoch_now());
    struct packet_header header = {(uint32_t)now.tv_sec, (uint32_t)now.tv_nsec, (uint32_t)(HEADERS + kept),
                                   (uint32_t)(HEADERS + length)};
    unsigned char ip[HEADERS] = {0x45};
    put16(ip + 2, (unsigned)(HEADERS + length));
    ip[8] = 64;
    ip[9] = IPPROTO_UDP;
    memcpy(ip + 16, &in->sin_addr, 4);
    memcpy(ip + 22, &in->sin_port, 2);
    put16(ip + 24, (unsigned)(length + 8));
    struct iovec parts[] = {{&header, sizeof header}, {ip, sizeof ip}, {(void *)data, kept}};
    ssize_t done = REAL(writev)(file, parts, 3); /* O_APPEND: whole, whatever other threads write */
    (void)done;
}
