/* Loaded before the C library (LD_PRELOAD): moves a program's wall clock by SHIFT_SECONDS, or by the seconds that stand
 * as text in SHIFT_FILE (32 bytes at least, written in place), so that the clock jumps under a running program.
 * With SHIFT_STEADY in the environment the monotonic clock moves with it: time passes, no clock jumps.
 * For the clock scenario only. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define FILE_BYTES 32

static const char *shift_text(void)
{
    static const char *text;
    const char *path = getenv("SHIFT_FILE");

    if (text == NULL && path != NULL) {
        int file = open(path, O_RDONLY | O_CLOEXEC);
        void *map = file >= 0 ? mmap(NULL, FILE_BYTES, PROT_READ, MAP_SHARED, file, 0) : MAP_FAILED;

        if (file >= 0)
            close(file);
        if (map != MAP_FAILED)
            text = map;
    }
    return text != NULL ? text : getenv("SHIFT_SECONDS");
}

static int is_steady(clockid_t id)
{
    return id == CLOCK_MONOTONIC || id == CLOCK_MONOTONIC_COARSE;
}

int clock_gettime(clockid_t id, struct timespec *ret_now)
{
    const char *shift = shift_text();
    long result = syscall(SYS_clock_gettime, id, ret_now);

    if (result == 0 && (id == CLOCK_REALTIME || (is_steady(id) && getenv("SHIFT_STEADY") != NULL)) && shift != NULL)
        ret_now->tv_sec += strtol(shift, NULL, 10);
    return (int)result;
}
