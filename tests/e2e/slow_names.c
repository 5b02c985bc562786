/* Loaded before the C library (LD_PRELOAD): a name server that hangs. Names that end in ".hang.example" are looked up
 * for HANG_SECONDS and then not found; each time that one is asked for is a byte in the file HANG_FILE. For the
 * scenario of name servers only. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char tail[] = ".hang.example";

static void note(void)
{
    int file = open(getenv("HANG_FILE"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (file >= 0 && write(file, "x", 1) == 1)
        close(file);
}

int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **result)
{
    static int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
    size_t len = name != NULL ? strlen(name) : 0;
    if (len >= sizeof tail && strcmp(name + len - (sizeof tail - 1), tail) == 0) {
        note();
        sleep((unsigned)strtoul(getenv("HANG_SECONDS"), NULL, 10));
        return EAI_AGAIN;
    }
    if (real == NULL)
        *(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
    return real(name, service, hints, result);
}
