/* torture: the calls that can fail. Must never allocate while it counts. */
#include "torture.h"

#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#include "inner.h"

struct torture torture;

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

const char *torture_input(void)
{
    return torture.input;
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
