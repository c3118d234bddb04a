/* Stands where a program of the image stood, which is PROGRAM.real now; linked statically, so that no library of
 * anybody's gets into it. How it treats the preload, BEHAVIOUR says. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef TIME_OF_ITS_OWN /* a library, not a program: the kernel's time, whatever others say */
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>

int clock_gettime(clockid_t clock, struct timespec *now) { return (int)syscall(SYS_clock_gettime, clock, now); }
int gettimeofday(struct timeval *now, void *zone) { return (int)syscall(SYS_gettimeofday, now, zone); }
time_t time(time_t *now) { return (time_t)syscall(SYS_time, now); }
#else

int main(int count, char **words) {
    char program[256];
    const char *ours = getenv("LD_PRELOAD");
    (void)count;
    snprintf(program, sizeof program, "%s.real", strrchr(words[0], '/') ? strrchr(words[0], '/') + 1 : words[0]);
    if (!strcmp(BEHAVIOUR, "musl") && ours) { /* what musl's loader does with a library made for glibc */
        fprintf(stderr, "Error relocating %s: dlvsym: symbol not found\n", ours);
        return 127;
    }
    if (!strcmp(BEHAVIOUR, "elsewhere") && ours && fork() == 0) { /* another program gets it, and so the page */
        execlp("sleep", "sleep", "600", NULL);
        _exit(127);
    }
    if (!strcmp(BEHAVIOUR, "own-time") && ours) {
        char both[512];
        snprintf(both, sizeof both, "/usr/local/lib/own-time.so:%s", ours);
        setenv("LD_PRELOAD", both, 1);
    } else
        unsetenv("LD_PRELOAD"); /* the real program could be preloaded into, a static one could not */
    execvp(program, words);
    perror(program);
    return 126;
}
#endif
