/* The time that the PBX is told. */
#include "clock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

static struct clock_page own = {.record = {{.flow = FLOW_ONE}}};
struct clock_page *page = &own;
bool drives;

int64_t monotonic_now(void) {
    struct timespec time;
    REAL(clock_gettime)(CLOCK_MONOTONIC, &time);
    return from_timespec(&time);
}

static int64_t real_epoch(void) {
    struct timespec time;
    REAL(clock_gettime)(CLOCK_REALTIME, &time);
    return from_timespec(&time);
}

/* The record may be flipped between its reading and the look at CLOCK_MONOTONIC: then look again. A flip that falls
 * between that look and the store of the writer can only tell a time that is too high; `highest` keeps all others from
 * going back behind it. */
int64_t pbx_now(void) {
    uint64_t index;
    struct clock_record record;
    int64_t now;
    do {
        index = __atomic_load_n(&page->index, __ATOMIC_ACQUIRE);
        record = page->record[index & 1];
        now = monotonic_now();
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
    } while (__atomic_load_n(&page->index, __ATOMIC_RELAXED) != index);
    int64_t value = record.value + (now - record.since) * record.flow / FLOW_ONE;
    int64_t highest = __atomic_load_n(&page->highest, __ATOMIC_RELAXED);
    while (value > highest)
        if (__atomic_compare_exchange_n(&page->highest, &highest, value, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
            return value;
    return highest;
}

int64_t pbx_epoch_now(void) { return pbx_now() + page->epoch; }

/* PBX time of a moment on one of the PBX's clocks. */
int64_t from_clock(clockid_t clock, const struct timespec *time) {
    int64_t moment = from_timespec(time);
    return clock == CLOCK_REALTIME ? moment - page->epoch : moment;
}

void news(void) {
    __atomic_fetch_add(&page->news, 1, __ATOMIC_SEQ_CST);
    syscall(SYS_futex, &page->news, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

EXPORT int clock_gettime(clockid_t clock, struct timespec *time) {
    switch (clock) {
    case CLOCK_REALTIME:
    case CLOCK_REALTIME_COARSE:
    case CLOCK_TAI:
        *time = to_timespec(pbx_epoch_now());
        return 0;
    case CLOCK_MONOTONIC:
    case CLOCK_MONOTONIC_COARSE:
    case CLOCK_MONOTONIC_RAW:
    case CLOCK_BOOTTIME:
        *time = to_timespec(pbx_now());
        return 0;
    default: /* processor time */
        return REAL(clock_gettime)(clock, time);
    }
}

EXPORT int gettimeofday(struct timeval *restrict time, void *restrict zone) {
    (void)zone;
    int64_t now = pbx_epoch_now();
    time->tv_sec = now / SECOND;
    time->tv_usec = now % SECOND / 1000;
    return 0;
}

EXPORT time_t time(time_t *result) {
    time_t now = pbx_epoch_now() / SECOND;
    if (result)
        *result = now;
    return now;
}

/* A PBX on a clock that nobody drives would be taken for one that is driven: it does not start at all. */
static void refuse(const char *what, const char *path, const char *cause) {
    fprintf(stderr, "ringproof-clock: the %s %s %s\n", what, path, cause);
    _exit(78); /* EX_CONFIG */
}

static void refuse_open(const char *what, const char *path) {
    char cause[128];
    snprintf(cause, sizeof cause, "cannot be opened: %s", strerror(errno));
    refuse(what, path, cause);
}

__attribute__((constructor)) static void map_page(void) {
    own.epoch = real_epoch() - monotonic_now();
    const char *path = getenv("RINGPROOF_CLOCK");
    if (!path || !*path)
        return;
    int file = open(path, O_RDWR | O_CLOEXEC);
    if (file < 0)
        refuse_open("page", path);
    if (lseek(file, 0, SEEK_END) < (off_t)sizeof *page)
        refuse("page", path, "is too short: it was made by another version of Ringproof");
    struct clock_page *mapped = mmap(NULL, sizeof *page, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    if (mapped == MAP_FAILED)
        refuse("page", path, "cannot be mapped");
    if (mapped->magic != PAGE_MAGIC || mapped->version != PAGE_VERSION)
        refuse("page", path, "was made by another version of Ringproof");
    uint64_t nobody = 0, mine = (uint64_t)getpid();
    drives = __atomic_compare_exchange_n(&mapped->owner, &nobody, mine, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST) ||
             nobody == mine; /* it started itself anew: "core restart now" */
    page = mapped;
    if (!drives)
        return;
    const char *sound = getenv("RINGPROOF_RTP");
    if (sound && *sound && !begin_sound(sound))
        refuse_open("capture of sound", sound);
    me(); /* before the timekeeper looks whether anybody runs */
    keep_time();
}
