/* Condition variables and semaphores with a queue of their own: a waiter returns because it was signalled or because
 * its deadline came, never otherwise, and it counts as running from the moment of the signal on. */
#include "clock.h"

#include <errno.h>
#include <semaphore.h>
#include <string.h>

/* ---- lie in the program's own pthread_cond_t and sem_t; a zeroed one is ready for use (PTHREAD_COND_INITIALIZER) */
struct condition {
    struct queue queue;
    clockid_t clock;
    uint32_t shared; /* between processes: left to the C library */
};

#define OURS UINT64_C(0x52494e4753454d41)

struct semaphore {
    struct queue queue;
    uint64_t value_and_mark; /* of a semaphore that sem_init() made here: OURS ^ value; else left to the C library */
};

_Static_assert(sizeof(struct condition) <= sizeof(pthread_cond_t), "it lies in the program's memory");
_Static_assert(sizeof(struct semaphore) <= sizeof(sem_t), "it lies in the program's memory");

#define OLD(name) ((__typeof__(name) *)dlvsym(RTLD_NEXT, #name, "GLIBC_2.3.2"))

EXPORT int pthread_cond_init(pthread_cond_t *restrict cond, const pthread_condattr_t *restrict attributes) {
    int shared = PTHREAD_PROCESS_PRIVATE;
    clockid_t clock = CLOCK_REALTIME;
    if (attributes) {
        pthread_condattr_getpshared(attributes, &shared);
        pthread_condattr_getclock(attributes, &clock);
    }
    if (shared == PTHREAD_PROCESS_SHARED)
        return OLD(pthread_cond_init)(cond, attributes);
    memset(cond, 0, sizeof *cond);
    ((struct condition *)cond)->clock = clock;
    return 0;
}

EXPORT int pthread_cond_destroy(pthread_cond_t *cond) {
    (void)cond;
    return 0;
}

struct waiting {
    struct condition *condition;
    pthread_mutex_t *mutex;
    struct sleeper *self;
};

static void leave(void *where) { /* also when the thread is cancelled: its cleanup handlers expect the mutex */
    struct waiting *waiting = where;
    pthread_mutex_lock(&lock);
    if (!waiting->self->signalled)
        dequeue(&waiting->condition->queue, waiting->self);
    pthread_mutex_unlock(&lock);
    pthread_mutex_lock(waiting->mutex);
}

static int wait_for(pthread_cond_t *cond, pthread_mutex_t *mutex, int64_t deadline) {
    struct waiting waiting = {(struct condition *)cond, mutex, me()};
    pthread_mutex_lock(&lock);
    enqueue(&waiting.condition->queue, waiting.self);
    pthread_mutex_unlock(&lock);
    int fault = pthread_mutex_unlock(mutex);
    if (fault) {
        pthread_mutex_lock(&lock);
        dequeue(&waiting.condition->queue, waiting.self);
        pthread_mutex_unlock(&lock);
        return fault;
    }
    pthread_cleanup_push(leave, &waiting);
    rest(waiting.self, deadline, false);
    pthread_cleanup_pop(1);
    return waiting.self->signalled ? 0 : ETIMEDOUT;
}

EXPORT int pthread_cond_wait(pthread_cond_t *cond, pthread_mutex_t *mutex) { return wait_for(cond, mutex, NEVER); }

EXPORT int pthread_cond_timedwait(pthread_cond_t *cond, pthread_mutex_t *mutex, const struct timespec *until) {
    if (until->tv_nsec < 0 || until->tv_nsec >= SECOND)
        return EINVAL;
    return wait_for(cond, mutex, from_clock(((struct condition *)cond)->clock, until));
}

EXPORT int pthread_cond_clockwait(pthread_cond_t *cond, pthread_mutex_t *mutex, clockid_t clock,
                                  const struct timespec *until) {
    if (until->tv_nsec < 0 || until->tv_nsec >= SECOND)
        return EINVAL;
    return wait_for(cond, mutex, from_clock(clock, until));
}

EXPORT int pthread_cond_signal(pthread_cond_t *cond) {
    pthread_mutex_lock(&lock);
    signal_first(&((struct condition *)cond)->queue);
    pthread_mutex_unlock(&lock);
    return 0;
}

EXPORT int pthread_cond_broadcast(pthread_cond_t *cond) {
    pthread_mutex_lock(&lock);
    while (signal_first(&((struct condition *)cond)->queue)) {
    }
    pthread_mutex_unlock(&lock);
    return 0;
}

/* ---- semaphores */
static bool ours(const struct semaphore *semaphore) { return semaphore->value_and_mark >> 32 == OURS >> 32; }
static uint32_t value_of(const struct semaphore *semaphore) { return (uint32_t)semaphore->value_and_mark; }

EXPORT int sem_init(sem_t *sem, int shared, unsigned value) {
    if (shared)
        return REAL(sem_init)(sem, shared, value);
    memset(sem, 0, sizeof *sem);
    ((struct semaphore *)sem)->value_and_mark = (OURS >> 32 << 32) | value;
    return 0;
}

EXPORT int sem_destroy(sem_t *sem) {
    ((struct semaphore *)sem)->value_and_mark = 0;
    return 0;
}

EXPORT int sem_post(sem_t *sem) {
    struct semaphore *semaphore = (struct semaphore *)sem;
    if (!ours(semaphore))
        return REAL(sem_post)(sem);
    pthread_mutex_lock(&lock);
    if (!signal_first(&semaphore->queue))
        semaphore->value_and_mark++;
    pthread_mutex_unlock(&lock);
    return 0;
}

static bool take(struct semaphore *semaphore) { /* `lock` is held */
    if (!value_of(semaphore))
        return false;
    semaphore->value_and_mark--;
    return true;
}

EXPORT int sem_trywait(sem_t *sem) {
    struct semaphore *semaphore = (struct semaphore *)sem;
    if (!ours(semaphore))
        return REAL(sem_trywait)(sem);
    pthread_mutex_lock(&lock);
    bool taken = take(semaphore);
    pthread_mutex_unlock(&lock);
    if (taken)
        return 0;
    errno = EAGAIN;
    return -1;
}

EXPORT int sem_getvalue(sem_t *restrict sem, int *restrict value) {
    if (!ours((struct semaphore *)sem))
        return REAL(sem_getvalue)(sem, value);
    *value = (int)value_of((struct semaphore *)sem);
    return 0;
}

struct pausing {
    struct semaphore *semaphore;
    struct sleeper *self;
};

static void step_out(void *where) {
    struct pausing *pausing = where;
    pthread_mutex_lock(&lock);
    if (!pausing->self->signalled)
        dequeue(&pausing->semaphore->queue, pausing->self);
    pthread_mutex_unlock(&lock);
}

static int down(struct semaphore *semaphore, int64_t deadline) {
    struct pausing pausing = {semaphore, me()};
    pthread_mutex_lock(&lock);
    if (take(semaphore)) {
        pthread_mutex_unlock(&lock);
        return 0;
    }
    enqueue(&semaphore->queue, pausing.self);
    pthread_mutex_unlock(&lock);
    pthread_cleanup_push(step_out, &pausing);
    rest(pausing.self, deadline, false);
    pthread_cleanup_pop(1);
    if (pausing.self->signalled)
        return 0;
    errno = ETIMEDOUT;
    return -1;
}

EXPORT int sem_wait(sem_t *sem) {
    return ours((struct semaphore *)sem) ? down((struct semaphore *)sem, NEVER) : REAL(sem_wait)(sem);
}

EXPORT int sem_clockwait(sem_t *restrict sem, clockid_t clock, const struct timespec *restrict until) {
    if (until->tv_nsec < 0 || until->tv_nsec >= SECOND) {
        errno = EINVAL;
        return -1;
    }
    return down((struct semaphore *)sem, from_clock(clock, until));
}

EXPORT int sem_timedwait(sem_t *restrict sem, const struct timespec *restrict until) {
    if (!ours((struct semaphore *)sem))
        return REAL(sem_timedwait)(sem, until);
    return sem_clockwait(sem, CLOCK_REALTIME, until);
}

/* ---- timed locks stay the C library's: whoever waits for a lock counts as running; their deadline is translated */
static struct timespec in_real_time(const struct timespec *until) {
    struct timespec now;
    int64_t left = from_clock(CLOCK_REALTIME, until) - pbx_now();
    REAL(clock_gettime)(CLOCK_REALTIME, &now);
    return to_timespec(from_timespec(&now) + (left > 0 ? left : 0));
}

EXPORT int pthread_mutex_timedlock(pthread_mutex_t *restrict mutex, const struct timespec *restrict until) {
    struct timespec real = in_real_time(until);
    return REAL(pthread_mutex_timedlock)(mutex, &real);
}

EXPORT int pthread_rwlock_timedrdlock(pthread_rwlock_t *restrict rwlock, const struct timespec *restrict until) {
    struct timespec real = in_real_time(until);
    return REAL(pthread_rwlock_timedrdlock)(rwlock, &real);
}

EXPORT int pthread_rwlock_timedwrlock(pthread_rwlock_t *restrict rwlock, const struct timespec *restrict until) {
    struct timespec real = in_real_time(until);
    return REAL(pthread_rwlock_timedwrlock)(rwlock, &real);
}
