/* Steps of the dialplan that take PBX time: a schedule under which calls meet between any two of them. */
#include "clock.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* pbx.c, pbx_extension_helper(): written to the log (verbose 3) by the thread that executes the step, which has put the
 * values of variables and functions in, has not run the application, and holds no lock. */
static const char step_begins[] = "Executing [%s@%s:%d] ";

/* Multiples of `span`, not `span` from now: calls that run beside one another stay beside one another, however long their
 * threads wait for a processor. */
static void take_time(int64_t span) {
    int fault = errno, before;
    struct sleeper *self = me();
    int64_t end = (pbx_now() + span / 2) / span * span + span;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before); /* formatting is no cancellation point */
    for (;;) {
        self->signalled = false;
        self->briefs = 0; /* one step after the other is no poll */
        rest(self, end, false);
        int64_t from = *(volatile int64_t *)&page->step_from;
        if (from <= end)
            break;
        end = from;
    }
    pthread_setcancelstate(before, NULL);
    errno = fault;
}

/* What did not fit is formatted again, in a larger buffer. */
static void look(const char *format, int length, size_t most) {
    if (!drives || length < 0 || (size_t)length >= most || strncmp(format, step_begins, sizeof step_begins - 1))
        return;
    __atomic_fetch_add(&page->executed, 1, __ATOMIC_RELAXED);
    int64_t span = *(volatile int64_t *)&page->step;
    if (span > 0)
        take_time(span);
}

EXPORT int __vsnprintf_chk(char *text, size_t most, int flag, size_t size, const char *format, va_list values) {
    int length = REAL(__vsnprintf_chk)(text, most, flag, size, format, values);
    look(format, length, most);
    return length;
}

EXPORT int vsnprintf(char *text, size_t most, const char *format, va_list values) {
    int length = REAL(vsnprintf)(text, most, format, values);
    look(format, length, most);
    return length;
}
