/*
 * replay_main: runs a fuzz target over the files of its corpus, without a fuzzer, as a test of every build.
 *
 * usage: replay_TARGET [FOLDER]. Without FOLDER: tests/fuzz/corpus/TARGET, from the top of the tree. Prints
 * one line "ok N - FILE" a file and a plan; an empty corpus is a failure. A crash is the other failure.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/buf.h"
#include "proto/keyfile.h"

#define INPUT_MAX (8 * 1024 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Exactly its size in memory, so that the address sanitizer sees a read of one byte too many. */
static int replay(const char *path)
{
    struct buf content;
    struct err_note note = {{0}};
    buf_init(&content);
    int result = keyfile_slurp(path, INPUT_MAX, &content, &note);
    if (result != OK) {
        fprintf(stderr, "%s\n", note.text);
    } else {
        uint8_t *exact = malloc(content.len ? content.len : 1);
        if (exact == NULL)
            abort();
        if (content.len > 0)
            memcpy(exact, content.data, content.len);
        LLVMFuzzerTestOneInput(exact, content.len);
        free(exact);
    }
    buf_free(&content);
    return result;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

int main(int argc, char **argv)
{
    char folder[4096], path[8192];
    const char *name = strrchr(argv[0], '/');
    name = name ? name + 1 : argv[0];
    if (strncmp(name, "replay_", 7) == 0)
        name += 7;
    if (argc > 1)
        snprintf(folder, sizeof folder, "%s", argv[1]);
    else
        snprintf(folder, sizeof folder, "tests/fuzz/corpus/%s", name);
    struct dirent **entries = NULL;
    int count = scandir(folder, &entries, NULL, by_name), done = 0, failed = 0;
    for (int i = 0; i < count; i++) {
        if (entries[i]->d_name[0] != '.') {
            snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
            bool ok = replay(path) == OK;
            failed += !ok;
            printf("%s %d - %s\n", ok ? "ok" : "not ok", ++done, entries[i]->d_name);
            fflush(stdout);
        }
        free(entries[i]);
    }
    free(entries);
    printf("1..%d\n", done);
    if (done == 0)
        fprintf(stderr, "%s: no inputs to replay\n", folder);
    return done > 0 && failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
