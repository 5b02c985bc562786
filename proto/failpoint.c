/* failpoint: reads the one file, and dies. Must never be part of a program that is delivered. */
#include "proto/failpoint.h"

#ifdef FAILPOINTS
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NAME_MAX_BYTES 64

bool failpoint_is_on(const char *name)
{
    const char *path = getenv("HOTLINE_FAILPOINT");
    char armed[NAME_MAX_BYTES];
    ssize_t got = 0;
    int fd = path != NULL ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0)
        return false;
    got = read(fd, armed, sizeof armed - 1);
    close(fd);
    if (got <= 0)
        return false;
    armed[got] = '\0';
    armed[strcspn(armed, "\n")] = '\0';
    return strcmp(armed, name) == 0;
}

void failpoint_hit(const char *name)
{
    if (!failpoint_is_on(name))
        return;
    (void)unlink(getenv("HOTLINE_FAILPOINT")); /* once: the program that is started again must get past it */
    (void)raise(SIGKILL);
}
#else
typedef int failpoint_is_empty; /* ISO C wants a declaration in every file */
#endif
