/* Loaded before the C library (LD_PRELOAD): moves a program's wall clock by SHIFT_SECONDS.
 * For the clock scenario only. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t id, struct timespec *ret_now)
{
    const char *shift = getenv("SHIFT_SECONDS");
    long result = syscall(SYS_clock_gettime, id, ret_now);

    if (result == 0 && id == CLOCK_REALTIME && shift != NULL)
        ret_now->tv_sec += strtol(shift, NULL, 10);
    return (int)result;
}
