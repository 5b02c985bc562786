/* Linked into the daemons of a COVER build, and into nothing else: at SIGRTMIN + 5 a program writes its counts and dies
 * as by kill -9, with nothing closed and nothing said. What it did before a test killed it is seen so. */
#include <gcov.h>
#include <signal.h>
#include <unistd.h>

/* The counts are written in the midst of whatever was interrupted. Should that wait for itself, the test kills it. */
static void die(int number)
{
    (void)number;
    __gcov_dump();
    (void)kill(getpid(), SIGKILL);
}

__attribute__((constructor)) static void begin(void)
{
    struct sigaction action = {.sa_handler = die};
    (void)sigaction(SIGRTMIN + 5, &action, NULL);
}
