/* The threads of the PBX: who runs, who sleeps until when, and waking them. */
#include "clock.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

struct sleeper *sleepers;
static __thread struct sleeper self = {.wake_fd = -1};
static pthread_key_t ending;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void thread_ends(void *sleeper) {
    struct sleeper *gone = sleeper;
    pthread_mutex_lock(&lock);
    if (gone->previous)
        gone->previous->next = gone->next;
    else
        sleepers = gone->next;
    if (gone->next)
        gone->next->previous = gone->previous;
    gone->known = false;
    if (gone->state != WAITING && --awake == 0)
        lull();
    pthread_mutex_unlock(&lock);
    if (gone->wake_fd >= 0)
        close(gone->wake_fd);
    gone->wake_fd = -1;
}

static void make_key(void) { pthread_key_create(&ending, thread_ends); }

/* A thread that is about to be made runs from now on: between its maker's next wait and its own first step nobody may
 * think that all are asleep. -1: it was not made after all. */
void expect_thread(int count) {
    pthread_mutex_lock(&lock);
    awake += count;
    pthread_mutex_unlock(&lock);
}

static void enlist(bool expected) {
    pthread_once(&once, make_key);
    pthread_setspecific(ending, &self);
    pthread_mutex_lock(&lock);
    self.known = true;
    self.thread = pthread_self();
    self.number = (int)syscall(SYS_gettid);
    self.state = RUNNING;
    self.previous = NULL;
    self.next = sleepers;
    if (sleepers)
        sleepers->previous = &self;
    sleepers = &self;
    if (!expected)
        awake++;
    pthread_mutex_unlock(&lock);
}

void thread_begins(void) { enlist(true); }

struct sleeper *me(void) {
    if (!self.known)
        enlist(false);
    return &self;
}

/* `lock` is held. Returns for how many real nanoseconds the kernel may let this thread sleep (NEVER: no end). */
int64_t lie_down(struct sleeper *sleeper, int64_t deadline, const struct pollfd *fds, nfds_t count) {
    int64_t left = NEVER;
    sleeper->deadline = deadline;
    sleeper->armed = NEVER;
    sleeper->brief = false;
    if (deadline != NEVER) {
        left = deadline - pbx_now();
        if (left < 0)
            left = 0;
        sleeper->armed = monotonic_now() + left;
        /* who sleeps for 1 ms now and then waits for something that another thread is about to do (autoservice.c) */
        sleeper->briefs = left > BRIEF ? 0 : sleeper->briefs + (sleeper->briefs <= POLLS);
        sleeper->brief = sleeper->briefs > POLLS;
    }
    sleeper->fds = fds;
    sleeper->count = count;
    __atomic_store_n(&sleeper->state, WAITING, __ATOMIC_SEQ_CST);
    if (--awake == 0)
        lull();
    return left;
}

void get_up(void *sleeper) {
    struct sleeper *riser = sleeper;
    pthread_mutex_lock(&lock);
    if (riser->state == WAITING)
        awake++;
    __atomic_store_n(&riser->state, RUNNING, __ATOMIC_SEQ_CST);
    riser->fds = NULL;
    pthread_mutex_unlock(&lock);
}

/* `lock` is held. The other one runs from now on, although it may take a while until it has a processor. */
void wake(struct sleeper *other) {
    if (other->state != WAITING)
        return;
    awake++;
    __atomic_store_n(&other->state, WOKEN, __ATOMIC_SEQ_CST);
    if (other->fds) {
        uint64_t one = 1;
        if (REAL(write)(other->wake_fd, &one, sizeof one) < 0) { /* full: it has been woken already */
        }
    } else
        syscall(SYS_futex, &other->state, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

/* Asterisk gets a thread out of its poll by SIGURG (manager.c, channel.c). A signal that comes while the thread is on
 * its way into the wait would be lost, for much longer here than in a plain poll(); and from now on it runs, although
 * the kernel may take a while to tell it. */
EXPORT int pthread_kill(pthread_t thread, int signal) {
    if (signal) {
        pthread_mutex_lock(&lock);
        for (struct sleeper *each = sleepers; each; each = each->next)
            if (pthread_equal(each->thread, thread)) {
                each->poked = true;
                wake(each);
            }
        pthread_mutex_unlock(&lock);
    }
    return REAL(pthread_kill)(thread, signal);
}

/* Sleep until `deadline` or until `signalled`; returns 0, or EINTR when a signal handler ran meanwhile and that ends
 * this wait. A wait that no signal ends leaves it for the next one: a thread that is just coming out of a condition
 * variable, and is on its way into a poll(), would else sleep there to its end (autoservice.c: 50 ms each time). */
int rest(struct sleeper *sleeper, int64_t deadline, bool signals_end_it) {
    int cause = 0, before;
    for (;;) {
        pthread_mutex_lock(&lock);
        if (signals_end_it) {
            if (sleeper->poked)
                cause = EINTR;
            sleeper->poked = false;
        }
        if (sleeper->signalled || pbx_now() >= deadline || cause == EINTR) {
            pthread_mutex_unlock(&lock);
            return cause;
        }
        int64_t left = lie_down(sleeper, deadline, NULL, 0);
        pthread_mutex_unlock(&lock);
        struct timespec span = to_timespec(left);
        /* the wait is a cancellation point, as those are that it stands for */
        pthread_cleanup_push(get_up, sleeper);
        pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, &before);
        long result = syscall(SYS_futex, &sleeper->state, FUTEX_WAIT_PRIVATE, WAITING, left == NEVER ? NULL : &span, NULL, 0);
        cause = signals_end_it && result < 0 && errno == EINTR ? EINTR : 0;
        pthread_setcanceltype(before, NULL);
        pthread_cleanup_pop(1);
    }
}

/* `lock` is held in all that follows. */
void enqueue(struct queue *queue, struct sleeper *sleeper) {
    sleeper->signalled = false;
    sleeper->behind = NULL;
    if (queue->last)
        queue->last->behind = sleeper;
    else
        queue->first = sleeper;
    queue->last = sleeper;
}

void dequeue(struct queue *queue, struct sleeper *sleeper) {
    struct sleeper *previous = NULL;
    for (struct sleeper *each = queue->first; each; previous = each, each = each->behind)
        if (each == sleeper) {
            if (previous)
                previous->behind = each->behind;
            else
                queue->first = each->behind;
            if (queue->last == each)
                queue->last = previous;
            return;
        }
}

struct sleeper *signal_first(struct queue *queue) {
    struct sleeper *first = queue->first;
    if (first) {
        dequeue(queue, first);
        first->signalled = true;
        wake(first);
    }
    return first;
}
