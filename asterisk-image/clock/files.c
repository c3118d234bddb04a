/* Dates of files. Asterisk compares them with its clock (call files, pbx_spool.c), so where the clock was given
 * another date, a file that was written since the page was made has that date, too. What the PBX itself dated with
 * utime() is PBX time already. */
#include "clock.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static void translate(struct timespec *date) {
    struct timespec now;
    if (!page->made)
        return;
    REAL(clock_gettime)(CLOCK_REALTIME, &now);
    int64_t written = from_timespec(date);
    if (written < page->made || written > from_timespec(&now))
        return;
    int64_t shift = page->epoch - (from_timespec(&now) - monotonic_now()); /* without what was raced since */
    *date = to_timespec(written + shift);
}

static int look_up(int folder, const char *path, struct stat *result, int flags) {
    int fault = (int)syscall(SYS_newfstatat, folder, path, result, flags);
    if (!fault) {
        translate(&result->st_mtim);
        translate(&result->st_ctim);
        translate(&result->st_atim);
    }
    return fault;
}

EXPORT int stat(const char *restrict path, struct stat *restrict result) { return look_up(AT_FDCWD, path, result, 0); }
EXPORT int lstat(const char *restrict path, struct stat *restrict result) {
    return look_up(AT_FDCWD, path, result, AT_SYMLINK_NOFOLLOW);
}
EXPORT int fstat(int fd, struct stat *result) { return look_up(fd, "", result, AT_EMPTY_PATH); }
EXPORT int fstatat(int folder, const char *restrict path, struct stat *restrict result, int flags) {
    return look_up(folder, path, result, flags);
}

/* Programs made for a C library before 2.33 ask by these. */
int __xstat(int, const char *, struct stat *);
int __lxstat(int, const char *, struct stat *);
int __fxstat(int, int, struct stat *);
EXPORT int __xstat(int version, const char *path, struct stat *result) { return (void)version, stat(path, result); }
EXPORT int __lxstat(int version, const char *path, struct stat *result) { return (void)version, lstat(path, result); }
EXPORT int __fxstat(int version, int fd, struct stat *result) { return (void)version, fstat(fd, result); }
