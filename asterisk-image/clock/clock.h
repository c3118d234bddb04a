/* What the parts of the library share. See README.md for the idea. */
#ifndef RINGPROOF_CLOCK_H
#define RINGPROOF_CLOCK_H

#define _GNU_SOURCE
#include <dlfcn.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <time.h>

#include "page.h"

#define EXPORT __attribute__((visibility("default")))
#define NEVER INT64_MAX
#define SECOND INT64_C(1000000000)
#define BRIEF (50 * SECOND / 1000) /* waits up to this long may be polls: the clock may step over the end of a poll, once */
#define PATIENCE (SECOND / 5)      /* real time after which a race waits no more for what it cannot see the end of */
#define POLLS 20                   /* brief waits of a thread, one after the other, from which on they are polls */

/* The function that ours stands before. */
#define REAL(name) \
    ({ \
        static __typeof__(name) *found; \
        if (!found) \
            found = (__typeof__(name) *)dlsym(RTLD_NEXT, #name); \
        found; \
    })

enum state { RUNNING, WAITING, WOKEN };

/* A thread of the PBX. All fields are guarded by `lock`, but for `state`, which is a futex, too. */
struct sleeper {
    uint32_t state;
    bool known;                 /* counted, and in the list */
    bool signalled;             /* what it queues for has come */
    bool poked;                 /* somebody sent it a signal, to get it out of its wait or its next one */
    pthread_t thread;
    int number;                 /* as the kernel counts */
    int64_t deadline;           /* PBX time at which it wants to be woken */
    int64_t armed;              /* CLOCK_MONOTONIC at which the kernel wakes it */
    unsigned briefs;            /* how many brief waits it has had since its last longer one */
    bool brief;                 /* this wait is a poll */
    const struct pollfd *fds;   /* what it polls; NULL: it waits on `state` */
    nfds_t count;
    int wake_fd;                /* an eventfd, the last of `fds` */
    struct sleeper *previous, *next;
    struct sleeper *behind;     /* in the queue of a condition variable or semaphore */
};

struct queue { /* threads that wait for a signal, the longest waiting first */
    struct sleeper *first, *last;
};

/* page.c */
extern struct clock_page *page;  /* never NULL: without a file it is a private one that flows at 1 */
extern bool drives;              /* this process is the PBX whose clock the page is */
int64_t monotonic_now(void);
int64_t pbx_now(void);
int64_t pbx_epoch_now(void);
int64_t from_clock(clockid_t clock, const struct timespec *time);
void news(void);

static inline unsigned peers_in_use(const struct clock_page *of) {
    uint64_t peers = __atomic_load_n(&of->peers, __ATOMIC_ACQUIRE);
    return peers < PEERS ? (unsigned)peers : PEERS;
}

/* keeper.c */
extern pthread_mutex_t lock;
void keep_time(void);
void lull(void);                 /* `lock` is held: the last running thread has gone to sleep */
extern int awake;

/* sleepers.c */
extern struct sleeper *sleepers;
struct sleeper *me(void);
void thread_begins(void);
void expect_thread(int count);
int64_t lie_down(struct sleeper *self, int64_t deadline, const struct pollfd *fds, nfds_t count);
void get_up(void *sleeper);
void wake(struct sleeper *other);
int rest(struct sleeper *self, int64_t deadline, bool signals_end_it);
void enqueue(struct queue *queue, struct sleeper *self);
void dequeue(struct queue *queue, struct sleeper *self);
struct sleeper *signal_first(struct queue *queue);

/* waits.c */
void until_readable(int fd);

/* names.c */
bool ask(int fd, const struct sockaddr *to); /* before it leaves: true when it is a question, and counted */
void answered(int fd);
bool answer_awaited(void);       /* `lock` is held */

/* sound.c */
bool begin_sound(const char *path); /* false: errno says why */
void keep_sound(const void *data, size_t length, const struct sockaddr *to);

/* life.c */
bool child_lives(void);
void forget_children(void);

static inline int64_t from_timespec(const struct timespec *time) { return time->tv_sec * SECOND + time->tv_nsec; }

static inline struct timespec to_timespec(int64_t nanoseconds) {
    return (struct timespec){.tv_sec = nanoseconds / SECOND, .tv_nsec = nanoseconds % SECOND};
}

static inline int64_t after(int64_t span) { /* the PBX time that is so far away; a long wait does not overflow */
    int64_t now = pbx_now();
    return span > NEVER / 2 - now ? NEVER : now + span;
}

#endif
