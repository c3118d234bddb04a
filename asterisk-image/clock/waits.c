/* Waits for descriptors, and plain sleeps. */
#include "clock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/select.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define USUAL 64 /* descriptors of one wait that need no memory of their own */

/* Out of the way of the program's own numbers, which it may want to be small (select). */
static int waker(struct sleeper *self) {
    if (self->wake_fd < 0) {
        int low = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        self->wake_fd = fcntl(low, F_DUPFD_CLOEXEC, 900);
        if (self->wake_fd < 0)
            self->wake_fd = low;
        else
            close(low);
    }
    return self->wake_fd;
}

static void let_go(void *memory) { free(memory); }

/* Wait until one of `fds` is ready or `deadline` has come; as ppoll(). */
static int watch(struct pollfd *fds, nfds_t count, int64_t deadline, const sigset_t *mask) {
    static const struct timespec at_once = {0, 0};
    int ready = REAL(ppoll)(fds, count, &at_once, mask);
    if (ready || pbx_now() >= deadline)
        return ready;
    struct sleeper *self = me();
    struct pollfd usual[USUAL + 1], *all = usual, *much = NULL;
    if (count > USUAL && !(all = much = malloc((count + 1) * sizeof *all))) {
        errno = ENOMEM;
        return -1;
    }
    if (count)
        memcpy(all, fds, count * sizeof *all);
    all[count] = (struct pollfd){.fd = waker(self), .events = POLLIN};
    int fault = 0;
    pthread_cleanup_push(let_go, much);
    do {
        pthread_mutex_lock(&lock);
        if (self->poked) {
            self->poked = false;
            pthread_mutex_unlock(&lock);
            ready = -1;
            fault = EINTR;
            break;
        }
        int64_t left = lie_down(self, deadline, all, count + 1);
        pthread_mutex_unlock(&lock);
        struct timespec span = to_timespec(left);
        pthread_cleanup_push(get_up, self);
        ready = REAL(ppoll)(all, count + 1, left == NEVER ? NULL : &span, mask);
        fault = errno;
        pthread_cleanup_pop(1);
        if (ready < 0 && fault == EINTR) { /* this was the signal */
            pthread_mutex_lock(&lock);
            self->poked = false;
            pthread_mutex_unlock(&lock);
        }
        if (ready > 0 && all[count].revents) {
            uint64_t times;
            if (REAL(read)(self->wake_fd, &times, sizeof times) > 0)
                ready--;
        }
    } while (ready == 0 && pbx_now() < deadline);
    if (ready > 0)
        for (nfds_t i = 0; i < count; i++)
            fds[i].revents = all[i].revents;
    pthread_cleanup_pop(1);
    errno = fault;
    return ready;
}

EXPORT int poll(struct pollfd *fds, nfds_t count, int timeout) {
    return watch(fds, count, timeout < 0 ? NEVER : after(timeout * (SECOND / 1000)), NULL);
}

EXPORT int ppoll(struct pollfd *fds, nfds_t count, const struct timespec *timeout, const sigset_t *mask) {
    return watch(fds, count, timeout ? after(from_timespec(timeout)) : NEVER, mask);
}

EXPORT int __poll_chk(struct pollfd *fds, nfds_t count, int timeout, size_t size) {
    if (size / sizeof *fds < count)
        abort();
    return poll(fds, count, timeout);
}

/* A read that is going to wait is a wait like any other: Asterisk watches its time zones that way (localtime.c). */
void until_readable(int fd) {
    struct pollfd one = {.fd = fd, .events = POLLIN};
    int before = errno;
    if (!drives || REAL(poll)(&one, 1, 0) || fcntl(fd, F_GETFL) & O_NONBLOCK)
        return;
    watch(&one, 1, NEVER, NULL); /* a signal handler may have run: the read itself will tell */
    errno = before;
}

static int watch_sets(int count, fd_set *sets[3], int64_t deadline, const sigset_t *mask) {
    static const short events[3] = {POLLIN, POLLOUT, POLLPRI};
    static const short tells[3] = {POLLIN | POLLHUP | POLLERR, POLLOUT | POLLERR, POLLPRI};
    struct pollfd *fds = malloc((size_t)(count + 1) * sizeof *fds);
    nfds_t used = 0;
    int ready;
    if (!fds) {
        errno = ENOMEM;
        return -1;
    }
    for (int fd = 0; fd < count; fd++) {
        short wanted = 0;
        for (int i = 0; i < 3; i++)
            if (sets[i] && (((unsigned long *)sets[i])[fd / (8 * sizeof(long))] >> (fd % (8 * sizeof(long)))) & 1)
                wanted |= events[i];
        if (wanted)
            fds[used++] = (struct pollfd){.fd = fd, .events = wanted};
    }
    pthread_cleanup_push(let_go, fds);
    ready = watch(fds, used, deadline, mask);
    pthread_cleanup_pop(0);
    int found = 0, fault = errno;
    if (ready >= 0)
        for (int i = 0; i < 3; i++)
            if (sets[i])
                memset(sets[i], 0, ((size_t)count + 8 * sizeof(long) - 1) / (8 * sizeof(long)) * sizeof(long));
    for (nfds_t n = 0; ready > 0 && n < used; n++) {
        if (fds[n].revents & POLLNVAL) {
            fault = EBADF;
            found = -1;
            break;
        }
        for (int i = 0; i < 3; i++)
            if (sets[i] && (fds[n].events & events[i]) && (fds[n].revents & tells[i])) {
                ((unsigned long *)sets[i])[fds[n].fd / (8 * sizeof(long))] |= 1UL << (fds[n].fd % (8 * sizeof(long)));
                found++;
            }
    }
    free(fds);
    errno = fault;
    return ready < 0 ? -1 : found;
}

EXPORT int select(int count, fd_set *read, fd_set *write, fd_set *except, struct timeval *timeout) {
    fd_set *sets[3] = {read, write, except};
    int64_t deadline = timeout ? after(timeout->tv_sec * SECOND + timeout->tv_usec * 1000) : NEVER;
    int ready = watch_sets(count, sets, deadline, NULL);
    if (timeout) { /* as Linux does: what is left */
        int64_t left = deadline - pbx_now();
        if (left < 0)
            left = 0;
        timeout->tv_sec = left / SECOND;
        timeout->tv_usec = left % SECOND / 1000;
    }
    return ready;
}

EXPORT int pselect(int count, fd_set *read, fd_set *write, fd_set *except, const struct timespec *timeout,
                   const sigset_t *mask) {
    fd_set *sets[3] = {read, write, except};
    return watch_sets(count, sets, timeout ? after(from_timespec(timeout)) : NEVER, mask);
}

EXPORT int epoll_pwait(int epoll, struct epoll_event *events, int most, int timeout, const sigset_t *mask) {
    int64_t deadline = timeout < 0 ? NEVER : after(timeout * (SECOND / 1000));
    for (;;) {
        struct pollfd set = {.fd = epoll, .events = POLLIN};
        int ready = watch(&set, 1, deadline, mask);
        if (ready < 0)
            return -1;
        int got = REAL(epoll_wait)(epoll, events, most, 0);
        if (got || !ready) /* another thread may have been quicker */
            return got;
    }
}

EXPORT int epoll_wait(int epoll, struct epoll_event *events, int most, int timeout) {
    return epoll_pwait(epoll, events, most, timeout, NULL);
}

static int sleep_until(int64_t deadline) {
    struct sleeper *self = me();
    self->signalled = false;
    return rest(self, deadline, true);
}

EXPORT int clock_nanosleep(clockid_t clock, int flags, const struct timespec *request, struct timespec *remain) {
    if (request->tv_nsec < 0 || request->tv_nsec >= SECOND || request->tv_sec < 0)
        return EINVAL;
    if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC && clock != CLOCK_BOOTTIME)
        return REAL(clock_nanosleep)(clock, flags, request, remain);
    int64_t deadline = flags & TIMER_ABSTIME ? from_clock(clock, request) : after(from_timespec(request));
    if (sleep_until(deadline) == 0)
        return 0;
    if (remain && !(flags & TIMER_ABSTIME)) {
        int64_t left = deadline - pbx_now();
        *remain = to_timespec(left > 0 ? left : 0);
    }
    return EINTR;
}

EXPORT int nanosleep(const struct timespec *request, struct timespec *remain) {
    errno = clock_nanosleep(CLOCK_MONOTONIC, 0, request, remain);
    return errno ? -1 : 0;
}

EXPORT int usleep(useconds_t microseconds) {
    struct timespec span = to_timespec(microseconds * INT64_C(1000));
    return nanosleep(&span, NULL);
}

EXPORT unsigned sleep(unsigned seconds) {
    struct timespec span = {.tv_sec = seconds}, left = {0, 0};
    return nanosleep(&span, &left) ? (unsigned)left.tv_sec + (left.tv_nsec > 0) : 0;
}

/* The kernel's timers know nothing of PBX time. Without them Asterisk paces sound by res_timing_pthread. */
EXPORT int timerfd_create(int clock, int flags) {
    (void)clock;
    (void)flags;
    errno = ENOSYS;
    return -1;
}
