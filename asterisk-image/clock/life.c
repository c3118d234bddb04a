/* Threads and child processes of the PBX. */
#include "clock.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHILDREN 64

struct beginning {
    void *(*routine)(void *);
    void *argument;
};

static void *begin(void *argument) {
    struct beginning beginning = *(struct beginning *)argument;
    free(argument);
    thread_begins();
    return beginning.routine(beginning.argument);
}

EXPORT int pthread_create(pthread_t *restrict thread, const pthread_attr_t *restrict attributes,
                          void *(*routine)(void *), void *restrict argument) {
    struct beginning *beginning = malloc(sizeof *beginning);
    if (!beginning)
        return ENOMEM;
    *beginning = (struct beginning){routine, argument};
    expect_thread(1);
    int fault = REAL(pthread_create)(thread, attributes, begin, beginning);
    if (fault) {
        expect_thread(-1);
        free(beginning);
    }
    return fault;
}

/* ---- a child does real work in real time (an AGI script, a mixer): while one lives, the clock does not race */
static pid_t children[CHILDREN];

static void note_child(pid_t child) {
    pthread_mutex_lock(&lock);
    for (int i = 0; i < CHILDREN; i++)
        if (!children[i]) {
            children[i] = child;
            break;
        }
    pthread_mutex_unlock(&lock);
}

/* Asked without reaping: that is the program's to do. */
bool child_lives(void) {
    bool alive = false;
    for (int i = 0; i < CHILDREN; i++)
        if (children[i]) {
            siginfo_t end = {.si_pid = 0};
            if (waitid(P_PID, (id_t)children[i], &end, WEXITED | WNOHANG | WNOWAIT) || end.si_pid)
                children[i] = 0;
            else
                alive = true;
        }
    return alive;
}

void forget_children(void) {
    for (int i = 0; i < CHILDREN; i++)
        children[i] = 0;
}

static void before_fork(void) { pthread_mutex_lock(&lock); }
static void in_parent(void) { pthread_mutex_unlock(&lock); }

/* Only the forking thread lives on in the child: it reads the time, and keeps none. */
static void in_child(void) {
    pthread_mutex_t fresh = PTHREAD_MUTEX_INITIALIZER;
    lock = fresh;
    drives = false;
    forget_children();
}

__attribute__((constructor)) static void watch_forks(void) { pthread_atfork(before_fork, in_parent, in_child); }

EXPORT pid_t fork(void) {
    pid_t child = REAL(fork)();
    if (child > 0)
        note_child(child);
    return child;
}

/* A child that shares our memory until it executes cannot be told apart by the handlers above; fork() can. */
EXPORT pid_t vfork(void) { return fork(); }
