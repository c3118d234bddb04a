/* The timekeeper: a thread of the PBX's process that lets PBX time pass.
 *
 * While the conductor holds the clock (cap is 0), time flows at 1 and every wait is the kernel's. While it may race,
 * time all but stands still as long as anybody has something to do; when nobody has, it steps to the next deadline
 * (polls are stepped over, by at most BRIEF), wakes whose it is, and waits until they sleep again. At the cap it all but
 * stands still until the conductor has acted and moved the cap.
 */
#include "clock.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CREEP 50                     /* thousandths: flow while somebody has something to do in a race */
#define LONG_PATIENCE (5 * SECOND)   /* PATIENCE with those who have something to do, on a machine that has more to do */
#define GLANCE (SECOND / 1000)       /* real time between two looks at what tells nobody of its end */
#define HEARTBEAT (SECOND / 20)      /* real time between two looks at how late this machine is */

pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
int awake; /* threads of the PBX that run, or wait where we cannot see it */
static bool waiting; /* the timekeeper is to be told when all are asleep */

void lull(void) {
    if (waiting)
        news();
}

/* Only the timekeeper writes records. */
static void set_clock(int64_t at_least, int64_t flow) {
    uint64_t index = page->index;
    struct clock_record *old = &page->record[index & 1], *new = &page->record[(index + 1) & 1];
    int64_t now = monotonic_now(), value = old->value + (now - old->since) * old->flow / FLOW_ONE;
    if (value < page->highest)
        value = page->highest;
    if (at_least <= value && old->flow == flow)
        return;
    if (at_least > value) {
        page->raced += at_least - value;
        value = at_least;
    }
    *new = (struct clock_record){.value = value, .since = now, .flow = flow};
    __atomic_store_n(&page->index, index + 1, __ATOMIC_RELEASE);
}

static bool descriptor_ready(void) {
    static struct pollfd *all;
    static nfds_t room;
    nfds_t count = 0;
    for (struct sleeper *each = sleepers; each; each = each->next)
        if (each->state == WAITING && each->fds) {
            if (count + each->count > room) {
                room = 2 * (count + each->count);
                all = realloc(all, room * sizeof *all);
                if (!all)
                    abort();
            }
            for (nfds_t i = 0; i < each->count; i++)
                all[count++] = each->fds[i];
        }
    return REAL(poll)(all, count, 0) > 0;
}

static void copy_words(void *copy, const void *words, size_t size) {
    const uint64_t *from = words;
    uint64_t *to = copy;
    for (size_t i = 0; i < size / sizeof *from; i++)
        to[i] = __atomic_load_n(&from[i], __ATOMIC_ACQUIRE);
}

/* Copies of the page what is in use, and returns how many bytes that is. */
static size_t look(struct clock_page *copy) {
    copy_words(copy, page, offsetof(struct clock_page, peer));
    size_t phones = peers_in_use(copy) * sizeof *copy->peer;
    copy_words(copy->peer, page->peer, phones);
    return offsetof(struct clock_page, peer) + phones;
}

static uint64_t obstacle(int64_t *cap) {
    static struct clock_page one, other;
    if (awake)
        return THREADS;
    /* The conductor may take a message, ask another phone for something and move the cap while we look from word to
     * word. All of them only grow (but for the cap), so when two looks agree there was a moment at which all this
     * held at once. */
    struct clock_page *seen = &one, *before = &other;
    look(seen);
    for (int tries = 0;; tries++) {
        struct clock_page *oldest = before;
        before = seen;
        seen = oldest;
        if (!memcmp(before, seen, look(seen)))
            break;
        if (tries == 10)
            return PEER;
    }
    *cap = seen->cap;
    for (unsigned i = 0, peers = peers_in_use(seen); i < peers; i++) {
        const struct clock_peer *peer = &seen->peer[i];
        if (peer->key && !peer->muted &&
            (peer->pbx_sent != peer->handled || peer->sent != peer->pbx_received || peer->told != peer->taken ||
             peer->asked != peer->done))
            return PEER | i << 8;
    }
    if (seen->manager_sent != seen->manager_taken || seen->manager_said != seen->manager_heard)
        return MANAGER;
    if (child_lives())
        return CHILD;
    if (answer_awaited())
        return ANSWER;
    return descriptor_ready() ? DESCRIPTOR : FREE;
}

static void wake_due(int64_t now) {
    for (struct sleeper *each = sleepers; each; each = each->next)
        if (each->state == WAITING && each->deadline <= now)
            wake(each);
}

/* Where the next step ends: no wait that is not a poll is stepped over, and no poll twice. */
static int64_t next_step(int64_t now, int64_t cap) {
    int64_t next = cap;
    for (struct sleeper *each = sleepers; each; each = each->next)
        if (each->state == WAITING && each->deadline != NEVER) {
            int64_t bound = each->brief && each->deadline < now + BRIEF ? now + BRIEF : each->deadline;
            if (bound < next)
                next = bound;
        }
    return next;
}

/* Real time at which somebody has to be woken whose kernel thinks that it is later: the clock has raced since. */
static int64_t next_alarm(int64_t now) {
    int64_t next = NEVER, real = monotonic_now();
    for (struct sleeper *each = sleepers; each; each = each->next)
        if (each->state == WAITING && each->deadline != NEVER) {
            int64_t due = real + (each->deadline - now);
            if (each->armed > due + GLANCE && due < next) /* less is the noise of two looks at the time */
                next = due;
        }
    return next;
}

/* `lock` is held; wait for news that came after `seen`, at most until `alarm` (CLOCK_MONOTONIC). */
static void await_news(uint32_t seen, int64_t alarm, bool lulls) {
    int64_t left = alarm == NEVER ? NEVER : alarm - monotonic_now();
    if (left <= 0)
        return;
    struct timespec span = to_timespec(left);
    waiting = lulls;
    pthread_mutex_unlock(&lock);
    syscall(SYS_futex, &page->news, FUTEX_WAIT, seen, left == NEVER ? NULL : &span, NULL, 0);
    pthread_mutex_lock(&lock);
    waiting = false;
}

/* The conductor sleeps on a descriptor, not on a futex: a byte in the pipe beside the page says that `cap` has come. */
static int bell = -1;

static void ring_bell(void) {
    if (bell >= 0 && REAL(write)(bell, "!", 1) < 0) { /* full: he has heard it */
    }
}

static void note_lateness(int64_t alarm) {
    int64_t late = monotonic_now() - alarm;
    if (late > page->stall)
        page->stall = late;
}

/* Whether a thread has a processor or queues for one (R), or waits for a disk (D); one whose wait is over, but which
 * has not come to say so, too. Else those that are awake wait where we cannot see it: for a lock, for a name server.
 * Looked at only when a race has been stuck for a while. */
static bool busy(void) {
    int seen = 0;
    for (struct sleeper *each = sleepers; each; each = each->next) {
        char path[64], text[128];
        snprintf(path, sizeof path, "/proc/self/task/%d/stat", each->number);
        int file = open(path, O_RDONLY | O_CLOEXEC);
        ssize_t length = file < 0 ? 0 : REAL(read)(file, text, sizeof text - 1);
        if (file >= 0)
            close(file);
        text[length > 0 ? length : 0] = 0;
        const char *name_ends = strrchr(text, ')');
        if (name_ends && name_ends[1] == ' ' && (name_ends[2] == 'R' || name_ends[2] == 'D'))
            return true;
        seen += each->state != WAITING;
    }
    return seen < awake; /* one that has been made, but has not come to its first step */
}

/* Who gets no processor for so long is overtaken by time: this machine has stalled. */
static bool at_natural_pace(uint64_t cause, int64_t stuck) {
    if (cause == CHILD)
        return true;
    if (cause == PACE || stuck < PATIENCE)
        return false;
    if (!(cause == PEER || cause == MANAGER || cause == AWAITED || busy()))
        return true;
    if (stuck >= LONG_PATIENCE && stuck > page->stall)
        page->stall = stuck;
    return stuck >= LONG_PATIENCE;
}

static void *run(void *unused) {
    (void)unused;
    int64_t blocked = NEVER, stepped = monotonic_now(); /* real: since when it cannot go on; when it stepped last */
    bool raced = false; /* and has not been at rest since */
    prctl(PR_SET_NAME, "timekeeper");
    prctl(PR_SET_TIMERSLACK, 1);
    pthread_mutex_lock(&lock);
    for (;;) {
        uint32_t seen = (uint32_t)__atomic_load_n(&page->news, __ATOMIC_SEQ_CST);
        int64_t now = pbx_now(), real = monotonic_now();
        int64_t cap = *(volatile int64_t *)&page->cap, speed = *(volatile int64_t *)&page->speed;
        bool held = cap == 0 || speed <= 1;
        uint64_t cause = held && !raced ? HELD : obstacle(&cap);
        if (cause == FREE && held) {
            raced = false; /* what happened before the hold has been dealt with */
            cause = HELD;
        }
        if (cause == HELD) {
            page->obstacle = HELD;
            blocked = NEVER;
            stepped = real;
            set_clock(0, FLOW_ONE);
            wake_due(now);
            int64_t alarm = next_alarm(now), beat = real + HEARTBEAT;
            await_news(seen, alarm < beat ? alarm : beat, false);
            if (monotonic_now() >= beat)
                note_lateness(beat);
            continue;
        }
        raced = true;
        if (cause == FREE && now >= cap)
            cause = AWAITED;
        int64_t next = cause == FREE ? next_step(now, cap) : now, paced = stepped + (next - now) / speed;
        if (real < paced)
            cause = PACE;
        page->obstacle = cause;
        if (cause == FREE) {
            blocked = NEVER;
            if (next > now) {
                stepped = real;
                page->steps++;
                set_clock(next, CREEP);
                now = next;
            }
            wake_due(now);
            if (now >= cap)
                ring_bell();
            continue;
        }
        if (cause == AWAITED)
            ring_bell(); /* creeping, too, comes to the cap */
        if (blocked == NEVER)
            blocked = real;
        int64_t stuck = real - blocked;
        set_clock(0, at_natural_pace(cause & 0xff, stuck) ? FLOW_ONE : CREEP);
        if (held && stuck >= LONG_PATIENCE)
            raced = false;
        wake_due(now);
        int64_t alarm = next_alarm(now);
        int64_t look = cause == PACE ? paced : blocked + PATIENCE; /* who ends the obstacle brings news, but for these: */
        if (cause == CHILD || cause == DESCRIPTOR || cause == ANSWER)
            look = real + GLANCE;
        else if (look <= real)
            look = real + HEARTBEAT;
        await_news(seen, alarm < look ? alarm : look, true);
    }
    return NULL;
}

void keep_time(void) {
    const char *path = getenv("RINGPROOF_CLOCK");
    char beside[4096];
    pthread_t thread;
    snprintf(beside, sizeof beside, "%s.bell", path);
    bell = open(beside, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    forget_children();
    REAL(pthread_create)(&thread, NULL, run, NULL);
    pthread_detach(thread);
}
