/* memory: see the header. Must never count or fail what the simulator itself takes. */
#include "tests/sim/memory.h"

#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "proto/err.h"

/* malloc() has no context to carry it. */
static struct {
    struct memory_use *use;
    struct memory_frame *frame;
} memory;

void memory_enter(struct memory_use *use, struct memory_frame *frame)
{
    frame->outer = memory.use;
    frame->outer_frame = memory.frame;
    memory.use = use;
    memory.frame = frame;
}

void memory_leave(const struct memory_frame *frame)
{
    memory.use = frame->outer;
    memory.frame = frame->outer_frame;
}

/* --- CHECK, as the linker calls it --- */

NO_RETURN void __real_err_check_failed(const char *condition, const char *file, int line);
NO_RETURN void __wrap_err_check_failed(const char *condition, const char *file, int line);
NO_RETURN void __wrap_err_check_failed(const char *condition, const char *file, int line)
{
    if (memory.use != NULL && memory.use->struck)
        longjmp(memory.frame->back, 1);
    __real_err_check_failed(condition, file, line);
}

#ifdef __SANITIZE_ADDRESS__

bool memory_can_fail(void)
{
    return false;
}

#else

bool memory_can_fail(void)
{
    return true;
}

/* glibc's own, under the names that it keeps for those who stand in front. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void __libc_free(void *block);

static bool fails(void)
{
    struct memory_use *use = memory.use;
    if (use == NULL || (++use->calls != use->fails_at && !(use->struck && use->for_good)))
        return false;
    use->struck = true;
    errno = ENOMEM;
    return true;
}

static void *counted(void *block)
{
    struct memory_use *use = memory.use;
    if (use == NULL || block == NULL)
        return block;
    use->live_bytes += (int64_t)malloc_usable_size(block);
    if (use->live_bytes > use->most_bytes)
        use->most_bytes = use->live_bytes;
    return block;
}

static void uncounted(void *block)
{
    if (memory.use != NULL && block != NULL)
        memory.use->live_bytes -= (int64_t)malloc_usable_size(block);
}

void *malloc(size_t size)
{
    return fails() ? NULL : counted(__libc_malloc(size));
}

void *calloc(size_t count, size_t size)
{
    return fails() ? NULL : counted(__libc_calloc(count, size));
}

void *realloc(void *old, size_t size)
{
    if (fails())
        return NULL;
    size_t was = old != NULL && memory.use != NULL ? malloc_usable_size(old) : 0;
    void *block = __libc_realloc(old, size);
    if (block != NULL && memory.use != NULL)
        memory.use->live_bytes -= (int64_t)was;
    return counted(block);
}

void *memalign(size_t alignment, size_t size)
{
    return fails() ? NULL : counted(__libc_memalign(alignment, size));
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
    uncounted(block);
    __libc_free(block);
}

#endif
