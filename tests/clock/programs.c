/* Small programs that live on a driven clock; each prints what it saw, in seconds of its own time. argv[1] picks one. */
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <utime.h>

static double now(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return time.tv_sec + time.tv_nsec / 1e9;
}

static double real(void) { /* past the library */
    struct timespec time;
    syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &time);
    return time.tv_sec + time.tv_nsec / 1e9;
}

static struct timespec in(clockid_t clock, double seconds) {
    double moment = now(clock) + seconds;
    return (struct timespec){.tv_sec = (time_t)moment, .tv_nsec = (long)((moment - (time_t)moment) * 1e9)};
}

static void tell(const char *name, double began) {
    printf("%s %.6f\n", name, now(CLOCK_MONOTONIC) - began);
    fflush(stdout);
}

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;

/* Each wait is asked for argv[2] seconds. */
static void waits(double seconds) {
    struct timespec span = {.tv_sec = (time_t)seconds, .tv_nsec = (long)((seconds - (time_t)seconds) * 1e9)};
    struct timeval until = {.tv_sec = span.tv_sec, .tv_usec = span.tv_nsec / 1000};
    int milliseconds = (int)(seconds * 1000 + 0.5), set = epoll_create1(0);
    struct epoll_event event;
    sem_t semaphore;
    pthread_condattr_t attributes;
    pthread_cond_t monotonic;
    sem_init(&semaphore, 0, 0);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&monotonic, &attributes);
#define WAIT(name, call) \
    do { \
        double began = now(CLOCK_MONOTONIC); \
        (void)(call); \
        tell(name, began); \
    } while (0)
    WAIT("poll", poll(NULL, 0, milliseconds));
    WAIT("ppoll", ppoll(NULL, 0, &span, NULL));
    WAIT("select", select(0, NULL, NULL, NULL, &until));
    WAIT("pselect", pselect(0, NULL, NULL, NULL, &span, NULL));
    WAIT("epoll_wait", epoll_wait(set, &event, 1, milliseconds));
    WAIT("nanosleep", nanosleep(&span, NULL));
    WAIT("clock_nanosleep", clock_nanosleep(CLOCK_MONOTONIC, 0, &span, NULL));
    struct timespec moment = in(CLOCK_REALTIME, seconds);
    WAIT("clock_nanosleep_until", clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &moment, NULL));
    WAIT("usleep", usleep((useconds_t)(seconds * 1e6)));
    if (seconds >= 1)
        WAIT("sleep", sleep((unsigned)seconds));
    pthread_mutex_lock(&mutex);
    moment = in(CLOCK_REALTIME, seconds);
    WAIT("pthread_cond_timedwait", pthread_cond_timedwait(&cond, &mutex, &moment));
    moment = in(CLOCK_MONOTONIC, seconds);
    WAIT("pthread_cond_timedwait_monotonic", pthread_cond_timedwait(&monotonic, &mutex, &moment));
    pthread_mutex_unlock(&mutex);
    moment = in(CLOCK_REALTIME, seconds);
    WAIT("sem_timedwait", sem_timedwait(&semaphore, &moment));
}

/* ---- handing over: somebody always has something to do, so hardly any PBX time may pass */
#define TURNS 3000
static sem_t ping, pong;
static int there[2], back[2];
static atomic_int turn;

static void *answer_semaphores(void *unused) {
    for (int i = 0; i < TURNS; i++) {
        sem_wait(&ping);
        sem_post(&pong);
    }
    return unused;
}

static void *answer_conditions(void *unused) {
    pthread_mutex_lock(&mutex);
    for (int i = 0; i < TURNS; i++) {
        while (turn != 2 * i + 1)
            pthread_cond_wait(&cond, &mutex);
        turn++;
        pthread_cond_broadcast(&cond);
    }
    pthread_mutex_unlock(&mutex);
    return unused;
}

static void *answer_pipes(void *unused) {
    char byte;
    for (int i = 0; i < TURNS; i++) {
        struct pollfd one = {.fd = there[0], .events = POLLIN};
        poll(&one, 1, -1);
        if (read(there[0], &byte, 1) != 1 || write(back[1], "x", 1) != 1)
            abort();
    }
    return unused;
}

static void *tick(void *unused) { /* tempts the clock: the next deadline is never far */
    for (;;)
        poll(NULL, 0, 1000);
    return unused;
}

static void handovers(void) {
    pthread_t other, ticker;
    char byte;
    pthread_create(&ticker, NULL, tick, NULL);
    sem_init(&ping, 0, 0);
    sem_init(&pong, 0, 0);
    double began = now(CLOCK_MONOTONIC);
    pthread_create(&other, NULL, answer_semaphores, NULL);
    for (int i = 0; i < TURNS; i++) {
        sem_post(&ping);
        sem_wait(&pong);
    }
    pthread_join(other, NULL);
    tell("semaphores", began);
    began = now(CLOCK_MONOTONIC);
    pthread_create(&other, NULL, answer_conditions, NULL);
    pthread_mutex_lock(&mutex);
    for (int i = 0; i < TURNS; i++) {
        turn++;
        pthread_cond_signal(&cond);
        while (turn != 2 * i + 2)
            pthread_cond_wait(&cond, &mutex);
    }
    pthread_mutex_unlock(&mutex);
    pthread_join(other, NULL);
    tell("conditions", began);
    if (pipe(there) || pipe(back))
        abort();
    began = now(CLOCK_MONOTONIC);
    pthread_create(&other, NULL, answer_pipes, NULL);
    for (int i = 0; i < TURNS; i++)
        if (write(there[1], "x", 1) != 1 || read(back[0], &byte, 1) != 1)
            abort();
    pthread_join(other, NULL);
    tell("pipes", began);
}

/* ---- a condition variable returns for a signal or its deadline, and for nothing else */
static atomic_int returned;

static void *wait_once(void *unused) {
    struct timespec until = in(CLOCK_REALTIME, 1000);
    pthread_mutex_lock(&mutex);
    if (pthread_cond_timedwait(&cond, &mutex, &until) == 0)
        returned++;
    pthread_mutex_unlock(&mutex);
    return unused;
}

static void nothing(int signal) { (void)signal; }

static void signals_only(void) {
    pthread_t threads[8];
    signal(SIGUSR1, nothing);
    for (int i = 0; i < 8; i++)
        pthread_create(&threads[i], NULL, wait_once, NULL);
    for (int i = 0; i < 50; i++) { /* the clock races and stops, handlers run: none of it is a signal */
        poll(NULL, 0, 1000);
        pthread_kill(threads[i % 8], SIGUSR1);
    }
    printf("before %d\n", returned);
    for (int i = 0; i < 3; i++)
        pthread_cond_signal(&cond);
    poll(NULL, 0, 1000);
    printf("signalled %d\n", returned);
    pthread_cond_broadcast(&cond);
    for (int i = 0; i < 8; i++)
        pthread_join(threads[i], NULL);
    printf("all %d\n", returned);
}

/* ---- a signal gets a thread out of its poll, or out of the next one if it is only on its way there */
static atomic_int told, taken;

static void *take_signals(void *unused) {
    while (taken < TURNS) {
        if (taken == told && poll(NULL, 0, 10000) == 0)
            printf("lost 1\n");
        else
            taken = told;
    }
    return unused;
}

static void signals(void) {
    pthread_t other;
    signal(SIGURG, nothing);
    pthread_create(&other, NULL, take_signals, NULL);
    poll(NULL, 0, 10);
    double began = now(CLOCK_MONOTONIC);
    for (int i = 0; i < TURNS; i++) {
        for (volatile int spin = 0; spin < i % 100 * 20; spin++) { /* strike it at every point of its way */
        }
        told++;
        pthread_kill(other, SIGURG);
        while (taken < told)
            sched_yield();
    }
    pthread_join(other, NULL);
    tell("passed", began);
    poll(NULL, 0, 10);
    struct timespec span = {.tv_sec = 5};
    began = now(CLOCK_MONOTONIC);
    nanosleep(&span, NULL); /* of all those signals none was for this thread */
    tell("slept", began);
}

/* ---- a signal to a thread that is just coming out of a condition variable is for the poll that it is on its way to */
static int roused;

static void *be_roused(void *unused) {
    for (int i = 0; i < TURNS; i++) {
        pthread_mutex_lock(&mutex);
        while (!roused)
            pthread_cond_wait(&cond, &mutex);
        roused = 0;
        pthread_mutex_unlock(&mutex);
        if (poll(NULL, 0, 10000) == 0)
            printf("lost 1\n");
        taken++;
    }
    return unused;
}

static void rousings(void) {
    pthread_t other;
    signal(SIGURG, nothing);
    pthread_create(&other, NULL, be_roused, NULL);
    poll(NULL, 0, 10);
    double began = now(CLOCK_MONOTONIC);
    for (int i = 0; i < TURNS; i++) {
        pthread_mutex_lock(&mutex);
        roused = 1;
        pthread_cond_signal(&cond);
        pthread_mutex_unlock(&mutex);
        for (volatile int spin = 0; spin < i % 100 * 20; spin++) { /* strike it at every point of its way */
        }
        pthread_kill(other, SIGURG);
        while (taken <= i)
            sched_yield();
    }
    pthread_join(other, NULL);
    tell("passed", began);
}

/* ---- brief waits: now and then they are what they are, one after the other they are polls */
static double longest_nap(int times) {
    double longest = 0;
    for (int i = 0; i < times; i++) {
        double began = now(CLOCK_MONOTONIC);
        usleep(1000);
        double lasted = now(CLOCK_MONOTONIC) - began;
        longest = lasted > longest ? lasted : longest;
    }
    return longest;
}

static void naps(void) {
    poll(NULL, 0, 100);
    printf("first %f\n", longest_nap(20));
    printf("more %f\n", longest_nap(20));
    poll(NULL, 0, 100);
    printf("again %f\n", longest_nap(20));
}

/* ---- threads that come and go, and that are cancelled where they wait: the clock races on */
static void *brief(void *unused) {
    usleep(1000);
    return unused;
}

static void release(void *held) { pthread_mutex_unlock(held); }

static void *wait_for_ever(void *how) {
    static sem_t never;
    if (*(char *)how == 'c') {
        pthread_mutex_lock(&mutex);
        pthread_cleanup_push(release, &mutex);
        pthread_cond_wait(&cond, &mutex);
        pthread_cleanup_pop(1);
    } else if (*(char *)how == 's') {
        sem_init(&never, 0, 0);
        sem_wait(&never);
    } else if (*(char *)how == 'p')
        poll(NULL, 0, -1);
    else
        for (;;)
            sleep(1000);
    return NULL;
}

static void lives(void) {
    pthread_t thread;
    for (int i = 0; i < 500; i++) {
        pthread_create(&thread, NULL, brief, NULL);
        pthread_join(thread, NULL);
    }
    for (const char *how = "cspz"; *how; how++) {
        void *end;
        pthread_create(&thread, NULL, wait_for_ever, (void *)how);
        poll(NULL, 0, 100);
        pthread_cancel(thread);
        pthread_join(thread, &end);
        printf("cancelled %c %d\n", *how, end == PTHREAD_CANCELED);
    }
    printf("mutex free %d\n", pthread_mutex_trylock(&mutex) == 0);
    double began = now(CLOCK_MONOTONIC), real_began = real();
    sleep(100);
    tell("afterwards", began);
    printf("really %.6f\n", real() - real_began);
}

/* ---- a child works in real time */
static void children(void) {
    double began = now(CLOCK_MONOTONIC);
    if (fork() == 0) {
        struct timespec span = {.tv_nsec = 400000000};
        syscall(SYS_nanosleep, &span, NULL); /* what it does need not be known to the library */
        _exit(0);
    }
    poll(NULL, 0, 60000);
    double child = now(CLOCK_MONOTONIC) - began;
    began = now(CLOCK_MONOTONIC);
    if (fork() == 0) {
        double own = now(CLOCK_MONOTONIC);
        usleep(200000);
        printf("childs own %.6f\n", now(CLOCK_MONOTONIC) - own);
        fflush(stdout);
        _exit(0);
    }
    wait(NULL);
    wait(NULL);
    printf("waited %.6f\n", child);
    tell("forked", began);
    began = now(CLOCK_MONOTONIC);
    sleep(50);
    tell("afterwards", began);
}

/* ---- nobody ever sees time go back, and no read is far from the one before while others race */
static atomic_bool over;
static atomic_int backwards;

static void *read_on(void *clock) {
    double last = 0;
    while (!over) {
        double seen = now(clock ? CLOCK_REALTIME : CLOCK_MONOTONIC);
        if (seen < last)
            backwards++;
        last = seen;
        if (clock)
            usleep(100);
    }
    return NULL;
}

static void reads(double seconds) {
    pthread_t threads[16];
    for (int i = 0; i < 16; i++)
        pthread_create(&threads[i], NULL, read_on, (void *)(long)(i % 8 != 0));
    double began = real();
    while (real() - began < seconds)
        poll(NULL, 0, 500);
    over = true;
    for (int i = 0; i < 16; i++)
        pthread_join(threads[i], NULL);
    printf("backwards %d\n", backwards);
}

static void dates(const char *file) {
    struct stat found;
    if (stat(file, &found))
        abort();
    printf("old %.0f\n", (double)(time(NULL) - found.st_mtime)); /* written since the page was made, or long before */
    struct utimbuf later = {time(NULL) + 300, time(NULL) + 300};
    utime(file, &later);
    stat(file, &found);
    printf("put off %.0f\n", (double)(found.st_mtime - time(NULL)));
    struct timeval day;
    gettimeofday(&day, NULL);
    printf("agree %d %d\n", labs(day.tv_sec - time(NULL)) <= 1, labs((long)now(CLOCK_REALTIME) - time(NULL)) <= 1);
    printf("now %.0f\n", (double)time(NULL));
    printf("timerfd %d\n", timerfd_create(CLOCK_MONOTONIC, 0));
}

static void nap(double seconds) { /* and tell the real time of it */
    double began = now(CLOCK_MONOTONIC), real_began = real();
    struct timespec span = {.tv_sec = (time_t)seconds};
    nanosleep(&span, NULL);
    tell("slept", began);
    printf("really %.6f\n", real() - real_began);
}

static void idle(double seconds) { /* forty threads of which two poll, as in Asterisk; processor seconds of it all */
    pthread_t thread;
    char forever = 'p';
    for (int i = 0; i < 38; i++)
        pthread_create(&thread, NULL, wait_for_ever, &forever);
    double began = real(), used = now(CLOCK_PROCESS_CPUTIME_ID);
    while (real() - began < seconds)
        poll(NULL, 0, 10);
    printf("share %.4f\n", (now(CLOCK_PROCESS_CPUTIME_ID) - used) / (real() - began));
}

/* Sleeps, works without a wait for 0.1 s of real time, and sleeps on. */
static void works(double seconds) {
    struct timespec until = in(CLOCK_MONOTONIC, seconds), longer = {.tv_sec = 60};
    printf("works %ld.%09ld\n", (long)until.tv_sec, until.tv_nsec);
    fflush(stdout);
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
    for (double begun = real(); real() < begun + 0.1;)
        ;
    nanosleep(&longer, NULL);
}

/* ---- a name server answers in real time, as many milliseconds after the question as this says; 0: never */
static void serve(int fd) {
    struct sockaddr_in from;
    unsigned char delay;
    for (;;) { /* past the library: it is a process of its own, whose parent does not know it as a child */
        socklen_t size = sizeof from;
        if (syscall(SYS_recvfrom, fd, &delay, 1, 0, &from, &size) != 1)
            syscall(SYS_exit_group, 1);
        struct timespec span = {.tv_nsec = delay * 1000000};
        syscall(SYS_nanosleep, &span, NULL);
        if (delay)
            syscall(SYS_sendto, fd, &delay, 1, 0, &from, size);
    }
}

static struct sockaddr_in name_server(int port) {
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    if (bind(fd, (struct sockaddr *)&at, sizeof at))
        abort();
    if (syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0) == 0)
        serve(fd);
    close(fd);
    return at;
}

/* Waits for an answer, as resolvers do, and tells how long it took; 2: it came too late. */
static void await_answer(const char *name, int fd) {
    double began = now(CLOCK_MONOTONIC), real_began = real();
    int set = epoll_create1(0);
    char answer;
    struct epoll_event event = {.events = EPOLLIN};
    epoll_ctl(set, EPOLL_CTL_ADD, fd, &event);
    if (epoll_wait(set, &event, 1, 2000) == 1 && recv(fd, &answer, 1, 0) < 0 && errno != ECONNREFUSED)
        abort();
    tell(name, began);
    printf("%s, really %.6f\n", name, real() - real_began);
    close(set);
}

static void questions(void) {
    struct sockaddr_in to = name_server(53), elsewhere = name_server(5353), nobody = to;
    struct iovec part = {.iov_base = "\5", .iov_len = 1};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    int free = socket(AF_INET, SOCK_DGRAM, 0), fd = socket(AF_INET, SOCK_DGRAM, 0);
    connect(fd, (struct sockaddr *)&to, sizeof to);
    poll(NULL, 0, 1000); /* the clock is under way: its first step takes longer */
#define QUESTION(name, fd, call) \
    do { \
        if ((call) < 0) \
            abort(); \
        await_answer(name, fd); \
    } while (0)
    QUESTION("sendto", free, sendto(free, "\5", 1, 0, (struct sockaddr *)&to, sizeof to));
    QUESTION("send", fd, send(fd, "\5", 1, 0));
    QUESTION("write", fd, write(fd, "\5", 1));
    QUESTION("writev", fd, writev(fd, &part, 1));
    QUESTION("sendmsg", fd, sendmsg(fd, &message, 0));
    message.msg_name = &to;
    message.msg_namelen = sizeof to;
    QUESTION("sendmsg to", free, sendmsg(free, &message, 0));
    send(fd, "\5", 1, 0); /* two questions from one socket: the second is waited for when the first was answered */
    QUESTION("first of two", fd, send(fd, "\5", 1, 0));
    await_answer("second of two", fd);
    QUESTION("never", free, sendto(free, "", 1, 0, (struct sockaddr *)&to, sizeof to));
    QUESTION("elsewhere", free, sendto(free, "\372", 1, 0, (struct sockaddr *)&elsewhere, sizeof elsewhere));
    nobody.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1);
    connect(fd, (struct sockaddr *)&nobody, sizeof nobody);
    QUESTION("nobody there", fd, send(fd, "\5", 1, 0));
    connect(fd, (struct sockaddr *)&elsewhere, sizeof elsewhere);
    QUESTION("connected elsewhere", fd, send(fd, "\372", 1, 0));
}

/* ---- sound: two packets of RTP, so many seconds apart, and beside them RTCP, SIP, and a packet to nobody in particular */
static void sounds(double apart) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(4000), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    struct timespec pause = {.tv_sec = (time_t)apart};
    unsigned char rtp[172] = {0x80, 8}, rtcp[28] = {0x80, 200};
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    for (int number = 0; number < 2; number++) {
        printf("sent %d %.6f\n", number, now(CLOCK_REALTIME));
        memset(rtp + 12, number + 1, sizeof rtp - 12);
        sendto(fd, rtp, sizeof rtp, 0, (struct sockaddr *)&to, sizeof to);
        sendto(fd, rtcp, sizeof rtcp, 0, (struct sockaddr *)&to, sizeof to);
        sendto(fd, "OPTIONS sip:a", 13, 0, (struct sockaddr *)&to, sizeof to);
        sendto(fd, rtp, 11, 0, (struct sockaddr *)&to, sizeof to);
        nanosleep(&pause, NULL);
    }
}

/* ---- steps of the dialplan, as Asterisk logs them: two threads, one of which begins later; other lines take no time */
#define STEPS 30

int __vsnprintf_chk(char *text, size_t most, int flag, size_t size, const char *format, va_list values);
static pthread_barrier_t both;
static double ended[2][STEPS];

__attribute__((format(printf, 4, 5))) static void log_line(int checked, char *text, size_t most, const char *format, ...) {
    va_list values;
    va_start(values, format);
    if (checked)
        __vsnprintf_chk(text, most, 0, most, format, values);
    else
        vsnprintf(text, most, format, values);
    va_end(values);
}

static void *execute(void *which) {
    int number = which != NULL;
    char text[64];
    pthread_barrier_wait(&both);
    usleep(number ? 3000 : 0);
    for (int step = 0; step < STEPS; step++) {
        log_line(number, text, 8, "Executing [%s@%s:%d] %s", "s", "group", step, "NoOp"); /* does not fit */
        log_line(number, text, sizeof text, "Executing [%s@%s:%d] %s", "s", "group", step, "NoOp");
        ended[number][step] = now(CLOCK_MONOTONIC);
        log_line(number, text, sizeof text, "Executing hook %p", which);
    }
    return NULL;
}

static void steps(void) {
    pthread_t other;
    double apart = 0, began = now(CLOCK_MONOTONIC);
    pthread_barrier_init(&both, NULL, 2);
    pthread_create(&other, NULL, execute, &both);
    execute(NULL);
    pthread_join(other, NULL);
    for (int step = 0; step < STEPS; step++) {
        double span = ended[0][step] - ended[1][step];
        span = span < 0 ? -span : span;
        apart = span > apart ? span : apart;
    }
    printf("first %.6f\nrest %.6f\napart %.6f\n", ended[0][0] - began, ended[0][STEPS - 1] - ended[0][0], apart);
}

int main(int count, char **words) {
    double number = count > 2 ? atof(words[2]) : 0;
#define PROGRAM(name, call) \
    if (!strcmp(words[1], name)) { \
        call; \
        return 0; \
    }
    PROGRAM("waits", waits(number))
    PROGRAM("handovers", handovers())
    PROGRAM("signals", signals_only())
    PROGRAM("pokes", signals())
    PROGRAM("rousings", rousings())
    PROGRAM("naps", naps())
    PROGRAM("lives", lives())
    PROGRAM("children", children())
    PROGRAM("reads", reads(number))
    PROGRAM("dates", dates(words[2]))
    PROGRAM("nap", nap(number))
    PROGRAM("works", works(number))
    PROGRAM("idle", idle(number))
    PROGRAM("questions", questions())
    PROGRAM("sounds", sounds(number))
    PROGRAM("steps", steps())
    return 2;
}
