/*
 * fuzz - what the fuzz targets share: the entry point, one start, random bytes that are the same for every input, and
 * an input as a file.
 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>

#include "proto/buf.h"
#include "proto/err.h"
#include "proto/log.h"
#include "proto/seal.h"

/* What libFuzzer and replay_main call. Always 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FUZZ_UNUSED __attribute__((unused))

/* --- randomness: xorshift from a fixed seed, begun anew for every input --- */

static uint64_t fuzz_random_state;

static inline uint32_t fuzz_random_word(void)
{
    fuzz_random_state ^= fuzz_random_state << 13;
    fuzz_random_state ^= fuzz_random_state >> 7;
    fuzz_random_state ^= fuzz_random_state << 17;
    return (uint32_t)(fuzz_random_state >> 32);
}

static inline const char *fuzz_random_name(void)
{
    return "fuzz";
}

static inline void fuzz_random_fill(void *const bytes, const size_t len)
{
    for (size_t i = 0; i < len; i++)
        ((uint8_t *)bytes)[i] = (uint8_t)fuzz_random_word();
}

/* Before every input. The first time it also starts libsodium and silences the log. */
static inline void fuzz_begin(void)
{
    static bool started;
    static randombytes_implementation fixed;
    fuzz_random_state = UINT64_C(0x9e3779b97f4a7c15);
    if (started)
        return;
    started = true;
    setenv("TZ", "UTC0", 1); /* without it every local time asks the disk */
    CHECK(seal_start() == OK);
    log_setup("fuzz", LOG_ERROR, LOG_LOGFMT);
    fixed = (randombytes_implementation){
        .implementation_name = fuzz_random_name, .random = fuzz_random_word, .buf = fuzz_random_fill};
    randombytes_set_implementation(&fixed);
}

/* --- an input as a file, for what reads files: one file without a name, 0600 --- */

FUZZ_UNUSED static const char *fuzz_file(struct slice content)
{
    static int fd = -1;
    static char path[64];
    if (fd < 0) {
        char name[] = "/tmp/hotline-fuzz-XXXXXX";
        fd = mkstemp(name);
        CHECK(fd >= 0);
        unlink(name);
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    }
    CHECK(ftruncate(fd, 0) == 0);
    CHECK(pwrite(fd, content.data, content.len, 0) == (ssize_t)content.len);
    return path;
}

/* --- a folder that goes with the process --- */

static char fuzz_folder[128];
static pid_t fuzz_folder_owner;

FUZZ_UNUSED static void fuzz_remove_folder(void)
{
    char command[160];
    if (getpid() != fuzz_folder_owner || fuzz_folder[0] == '\0')
        return;
    snprintf(command, sizeof command, "rm -rf '%s'", fuzz_folder);
    CHECK(system(command) == 0);
}

/* One a process; a child that ends leaves it alone. */
FUZZ_UNUSED static void fuzz_remove_at_exit(const char *folder)
{
    snprintf(fuzz_folder, sizeof fuzz_folder, "%s", folder);
    fuzz_folder_owner = getpid();
    CHECK(atexit(fuzz_remove_folder) == 0);
}

/* What a refusal must say: a line for people, without control characters. */
FUZZ_UNUSED static void fuzz_check_note(const struct err_note *note)
{
    CHECK(note->text[0] != '\0');
    for (const char *at = note->text; *at != '\0'; at++)
        CHECK(((unsigned char)*at >= ' ' && *at != 0x7f) || *at == '\n');
}

/* The input as text with its end. The caller frees it. */
FUZZ_UNUSED static char *fuzz_text(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    CHECK(text != NULL);
    if (size > 0)
        memcpy(text, data, size);
    text[size] = '\0';
    return text;
}

#endif
