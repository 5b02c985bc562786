/* Loaded before the C library (LD_PRELOAD): a name server that hangs. Names that end in ".hang.example" are looked up
 * for HANG_SECONDS and then not found; each time that one is asked for is a byte in the file HANG_FILE. And one that
 * lies: names that end in ".turn.example" are this machine until there is a file TURN_FILE, and a private network from
 * then on. For the scenario of name servers only. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char tail[] = ".hang.example", turning[] = ".turn.example";

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
    if (len >= sizeof turning && strcmp(name + len - (sizeof turning - 1), turning) == 0)
        name = access(getenv("TURN_FILE"), F_OK) != 0 ? "127.0.0.1" : "10.66.66.66";
    return real(name, service, hints, result);
}
