/* torture: the calls that can fail, and the processes in which they do. Must never allocate while it counts. */
#include "torture.h"

#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <ftw.h>
#ifdef COVER
#include <gcov.h>
#endif
#include <malloc.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum kind { MEMORY, DISK, KINDS };
static const char *const kind_names[] = {"allocation", "call to the disk"};

static struct {
    enum kind kind;
    long fails_at; /* 0: never */
    bool for_good; /* and every later one */
    long count, live;
    long seen[KINDS]; /* calls of all scenarios, without a failure */
    int depth;
    bool tells; /* where the call stands that fails */
    char folder[64];
} torture;

void torture_on(void)
{
    torture.depth++;
}

void torture_off(void)
{
    torture.depth--;
}

int torture_int(int result)
{
    torture_off();
    return result;
}

const char *torture_folder(void)
{
    return torture.folder;
}

bool torture_is_calm(void)
{
    return torture.fails_at == 0;
}

void torture_note(const char *name, long value)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", torture.folder, name);
    FILE *file = fopen(path, "w");
    if (file == NULL || fprintf(file, "%ld", value) < 1 || fclose(file) != 0)
        abort();
}

long torture_noted(const char *name)
{
    char path[128], text[32] = "";
    snprintf(path, sizeof path, "%s/%s", torture.folder, name);
    FILE *file = fopen(path, "r");
    if (file == NULL)
        return 0;
    long value = fgets(text, sizeof text, file) != NULL ? strtol(text, NULL, 10) : 0;
    fclose(file);
    return value;
}

/* ---- memory ---- */

/* glibc's own, under the names that it keeps for those who stand in front. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void __libc_free(void *block);

static void tell(void)
{
    void *places[24];
    int depth = torture.depth;
    torture.depth = 0;
    backtrace_symbols_fd(places, backtrace(places, 24), STDERR_FILENO);
    torture.depth = depth;
}

static bool fails(enum kind kind)
{
    if (torture.depth <= 0 || torture.kind != kind)
        return false;
    long at = __atomic_add_fetch(&torture.count, 1, __ATOMIC_RELAXED);
    if (torture.tells && at == torture.fails_at)
        tell();
    return torture.fails_at > 0 && (at == torture.fails_at || (torture.for_good && at > torture.fails_at));
}

static void *counted(void *block)
{
    if (block != NULL)
        __atomic_add_fetch(&torture.live, 1, __ATOMIC_RELAXED);
    return block;
}

static void *no_memory(void)
{
    errno = ENOMEM;
    return NULL;
}

void *malloc(size_t size)
{
    return fails(MEMORY) ? no_memory() : counted(__libc_malloc(size));
}

void *calloc(size_t count, size_t size)
{
    return fails(MEMORY) ? no_memory() : counted(__libc_calloc(count, size));
}

void *realloc(void *old, size_t size)
{
    if (fails(MEMORY))
        return no_memory();
    void *block = __libc_realloc(old, size);
    return old == NULL ? counted(block) : block;
}

void *memalign(size_t alignment, size_t size)
{
    return fails(MEMORY) ? no_memory() : counted(__libc_memalign(alignment, size));
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return memalign(alignment, size);
}

int posix_memalign(void **ret_block, size_t alignment, size_t size)
{
    void *block = memalign(alignment, size);
    if (block == NULL)
        return ENOMEM;
    *ret_block = block;
    return 0;
}

void free(void *block)
{
    if (block != NULL)
        __atomic_sub_fetch(&torture.live, 1, __ATOMIC_RELAXED);
    __libc_free(block);
}

/* Guarded memory of libsodium. Files are not mapped by anything here. */
void *mmap(void *where, size_t len, int protection, int flags, int fd, off_t offset)
{
    if ((flags & MAP_ANONYMOUS) && fails(MEMORY)) {
        errno = ENOMEM;
        return MAP_FAILED;
    }
    return (void *)syscall(SYS_mmap, where, len, protection, flags, fd, offset);
}

/* ---- the disk ---- */

/* A full disk and a broken one take turns. */
static int no_disk(void)
{
    errno = torture.fails_at % 2 ? EIO : ENOSPC;
    return -1;
}

static int open_at(int folder, const char *path, int flags, mode_t mode)
{
    if (fails(DISK))
        return no_disk();
    return (int)syscall(SYS_openat, folder, path, flags, mode);
}

static mode_t mode_of(int flags, va_list args)
{
    return flags & O_CREAT ? va_arg(args, mode_t) : 0;
}

#define OPEN(name)                                                                                                     \
    int name(const char *path, int flags, ...)                                                                         \
    {                                                                                                                  \
        va_list args;                                                                                                  \
        va_start(args, flags);                                                                                         \
        mode_t mode = mode_of(flags, args);                                                                            \
        va_end(args);                                                                                                  \
        return open_at(AT_FDCWD, path, flags, mode);                                                                   \
    }
OPEN(open)
OPEN(open64)

ssize_t read(int fd, void *data, size_t len)
{
    return fails(DISK) ? no_disk() : syscall(SYS_read, fd, data, len);
}

#define PREAD(name)                                                                                                    \
    ssize_t name(int fd, void *data, size_t len, off_t at)                                                             \
    {                                                                                                                  \
        return fails(DISK) ? no_disk() : syscall(SYS_pread64, fd, data, len, at);                                      \
    }
PREAD(pread)
PREAD(pread64)

/* Every third failing write is a short one: half of it is there. */
ssize_t write(int fd, const void *data, size_t len)
{
    if (!fails(DISK))
        return syscall(SYS_write, fd, data, len);
    if (torture.fails_at % 3 == 0 && len > 1)
        (void)syscall(SYS_write, fd, data, len / 2);
    return no_disk();
}

#define PWRITE(name)                                                                                                   \
    ssize_t name(int fd, const void *data, size_t len, off_t at)                                                       \
    {                                                                                                                  \
        if (!fails(DISK))                                                                                              \
            return syscall(SYS_pwrite64, fd, data, len, at);                                                           \
        if (torture.fails_at % 3 == 0 && len > 1)                                                                      \
            (void)syscall(SYS_pwrite64, fd, data, len / 2, at);                                                        \
        return no_disk();                                                                                              \
    }
PWRITE(pwrite)
PWRITE(pwrite64)

int fsync(int fd)
{
    return fails(DISK) ? no_disk() : (int)syscall(SYS_fsync, fd);
}

int fdatasync(int fd)
{
    return fails(DISK) ? no_disk() : (int)syscall(SYS_fdatasync, fd);
}

#define TRUNCATE(name)                                                                                                 \
    int name(int fd, off_t len)                                                                                        \
    {                                                                                                                  \
        return fails(DISK) ? no_disk() : (int)syscall(SYS_ftruncate, fd, len);                                         \
    }
TRUNCATE(ftruncate)
TRUNCATE(ftruncate64)

int rename(const char *from, const char *to)
{
    return fails(DISK) ? no_disk() : (int)syscall(SYS_renameat, AT_FDCWD, from, AT_FDCWD, to);
}

int link(const char *from, const char *to)
{
    return fails(DISK) ? no_disk() : (int)syscall(SYS_linkat, AT_FDCWD, from, AT_FDCWD, to, 0);
}

int unlink(const char *path)
{
    return fails(DISK) ? no_disk() : (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
}

/* ---- processes ---- */

enum { ENDED_WELL = 0, NOT_REACHED = 10, LEAKED = 11 };

struct tally {
    long runs, aborted, bad;
};

static int remove_one(const char *path, const struct stat *about, int type, struct FTW *where)
{
    (void)about;
    (void)type;
    (void)where;
    return remove(path);
}

static void remove_folder(void)
{
    if (nftw(torture.folder, remove_one, 4, FTW_DEPTH | FTW_PHYS) != 0 && errno != ENOENT)
        abort();
}

/* What the child prints stays in a file, for a finding. */
static pid_t start(const char *talk)
{
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        int fd = (int)syscall(SYS_openat, AT_FDCWD, talk, O_WRONLY | O_CREAT | O_TRUNC, 0600);
        dup2(fd, STDOUT_FILENO);
        dup2(fd, STDERR_FILENO);
        close(fd);
        alarm(60);
    }
    return pid;
}

static void show(const char *talk)
{
    char line[400];
    FILE *file = fopen(talk, "r");
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        printf("     %s", line);
    if (file != NULL)
        fclose(file);
}

/* Ended by a CHECK of the code under test; one of the tests' own is a finding. */
static bool is_check(const char *talk)
{
    char text[4096];
    FILE *file = fopen(talk, "r");
    size_t len = file != NULL ? fread(text, 1, sizeof text - 1, file) : 0;
    if (file != NULL)
        fclose(file);
    text[len] = '\0';
    const char *check = strstr(text, "check failed"), *place = check != NULL ? strstr(check, "at=") : NULL;
    if (place != NULL && getenv("TORTURE_CHECKS") != NULL)
        printf("     %.90s\n", check);
    return place != NULL && strncmp(place, "at=tests/", 9) != 0;
}

static int wait_for(pid_t pid)
{
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    return status;
}

/* Ends a child. What it reached is written first when that is counted: _exit() writes nothing. */
static _Noreturn void end(int status)
{
    torture.depth = 0;
#ifdef COVER
    __gcov_dump();
#endif
    _exit(status);
}

static int run_failing(const struct torture_scenario *scenario, long kept, const char *talk, long *ret_count)
{
    int pipe_fds[2];
    long said[2] = {0, 0};
    if (pipe(pipe_fds) != 0)
        abort();
    pid_t pid = start(talk);
    if (pid == 0) {
        torture.count = 0;
        long before = torture.live;
        scenario->run();
        torture.depth = 0;
        said[0] = torture.count;
        said[1] = torture.live - before;
        (void)!syscall(SYS_write, pipe_fds[1], said, sizeof said);
        if (kept >= 0 && said[1] > kept) {
            printf("%ld blocks are kept, %ld in a run without a failure\n", said[1], kept);
            fflush(stdout);
            end(LEAKED);
        }
        end(torture.fails_at > said[0] ? NOT_REACHED : ENDED_WELL);
    }
    close(pipe_fds[1]);
    (void)!syscall(SYS_read, pipe_fds[0], said, sizeof said);
    close(pipe_fds[0]);
    ret_count[0] = said[0];
    ret_count[1] = said[1];
    return wait_for(pid);
}

static int run_again(const struct torture_scenario *scenario, const char *talk)
{
    pid_t pid = start(talk);
    if (pid == 0) {
        torture.fails_at = 0;
        if (scenario->again != NULL)
            scenario->again();
        else
            scenario->run();
        end(ENDED_WELL);
    }
    return wait_for(pid);
}

static void finding(const struct torture_scenario *scenario, const char *what, int status, const char *talk)
{
    printf("FAIL %s: %s %ld%s: %s, status %d signal %d\n", scenario->name, kind_names[torture.kind], torture.fails_at,
           torture.for_good ? " and all later ones" : "", what, WIFEXITED(status) ? WEXITSTATUS(status) : -1,
           WIFSIGNALED(status) ? WTERMSIG(status) : 0);
    show(talk);
}

/* One failing run and the calm one after it; false when there are not so many calls. */
static bool run_one(const struct torture_scenario *scenario, long kept, struct tally *tally)
{
    char talk[128];
    long count[2];
    snprintf(talk, sizeof talk, "%s.talk", torture.folder);
    int status = run_failing(scenario, kept, talk, count);
    if (WIFEXITED(status) && WEXITSTATUS(status) == NOT_REACHED)
        return false;
    tally->runs++;
    bool aborted = WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT && is_check(talk);
    tally->aborted += aborted;
    if (torture.tells)
        show(talk);
    if (!aborted && status != 0) {
        tally->bad++;
        finding(scenario, "the run", status, talk);
    } else {
        long fails_at = torture.fails_at;
        status = run_again(scenario, talk);
        torture.fails_at = fails_at;
        if (status != 0) {
            tally->bad++;
            finding(scenario, aborted ? "afterwards (it had aborted)" : "afterwards", status, talk);
        }
    }
    return true;
}

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* A fresh folder for each run. */
static void begin_folder(void)
{
    remove_folder();
    if (syscall(SYS_mkdirat, AT_FDCWD, torture.folder, 0700) != 0)
        abort();
}

/* How many calls there are, and how many blocks stay when nothing fails. */
static bool measure(const struct torture_scenario *scenario, long ret_count[2])
{
    char talk[128];
    snprintf(talk, sizeof talk, "%s.talk", torture.folder);
    torture.fails_at = 0;
    begin_folder();
    int status = run_failing(scenario, -1, talk, ret_count);
    if (status == 0)
        return true;
    finding(scenario, "without a failure", status, talk);
    return false;
}

/* only_at: that call alone, once and from then on; 0: all. */
static void run_kind(const struct torture_scenario *scenario, double seconds, long only_at, struct tally *sum)
{
    long count[2];
    struct tally tally = {0, 0, 0};
    double began = now_s();
    if (!measure(scenario, count)) {
        sum->bad++;
        return;
    }
    torture.seen[torture.kind] += count[0];
    double one_s = 0.004 + 2 * (now_s() - began);
    long every = seconds > 0 ? 1 + (long)((double)count[0] * 2 * one_s / seconds) : 1;
    for (int for_good = 0; for_good < 2; for_good++) {
        torture.for_good = for_good;
        for (long n = only_at > 0 ? only_at : 1 + (for_good ? every / 2 : 0); n <= count[0] && tally.bad < 5;
             n += every) {
            torture.fails_at = n;
            begin_folder();
            if (!run_one(scenario, count[1], &tally) || only_at > 0)
                break;
        }
    }
    torture.for_good = false;
    long asked = 2 * (count[0] / every);
    if (only_at == 0 && tally.bad < 5 && tally.runs < asked - asked / 20 - 2) {
        printf("FAIL %s: %ld of %ld runs came to their %s\n", scenario->name, tally.runs, asked,
               kind_names[torture.kind]);
        tally.bad++;
    }
    printf("%-10s %6ld %-18s %6ld runs, %ld ended by CHECK, %ld findings (%.0f s)\n", scenario->name, count[0],
           torture.kind == MEMORY ? "allocations:" : "calls to the disk:", tally.runs, tally.aborted, tally.bad,
           now_s() - began);
    fflush(stdout);
    sum->runs += tally.runs;
    sum->aborted += tally.aborted;
    sum->bad += tally.bad;
}

int torture_main(int argc, char **argv, const struct torture_scenario *scenarios, unsigned count)
{
    double seconds = argc > 1 ? strtod(argv[1], NULL) : 0;
    const char *only = argc > 2 ? argv[2] : NULL;
    torture.tells = argc > 3 && getenv("TORTURE_TELL") != NULL;
    struct tally sum = {0, 0, 0};
    unsigned parts = 0;
    char talk[128];
    snprintf(torture.folder, sizeof torture.folder, "/dev/shm/hotline-torture-%ld", (long)getpid());
    for (unsigned i = 0; i < count; i++)
        parts += 1 + scenarios[i].files;
    for (unsigned i = 0; i < count; i++) {
        for (torture.kind = MEMORY; torture.kind < KINDS; torture.kind++)
            if ((torture.kind == MEMORY || scenarios[i].files) &&
                (only == NULL || strcmp(only, scenarios[i].name) == 0))
                run_kind(&scenarios[i], seconds / parts, argc > 3 ? strtol(argv[3], NULL, 10) : 0, &sum);
    }
    bool files = false;
    for (unsigned i = 0; i < count; i++)
        files |= scenarios[i].files;
    for (unsigned kind = 0; kind < KINDS; kind++) /* they do not come through here any more: everything would pass */
        if (torture.seen[kind] == 0 && only == NULL && (kind == MEMORY || files)) {
            printf("FAIL no %s was seen\n", kind_names[kind]);
            sum.bad++;
        }
    remove_folder();
    snprintf(talk, sizeof talk, "%s.talk", torture.folder);
    unlink(talk);
    printf("torture: %ld runs, %ld ended by CHECK, %ld findings\n", sum.runs, sum.aborted, sum.bad);
    return sum.bad == 0 && sum.runs > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
