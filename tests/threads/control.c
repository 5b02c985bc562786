/* control: a race on purpose: the store's thread writes a number while the loop's reads it without a lock. Whoever runs
 * it must get a report, or nothing that says "no report" is to be believed. usage: control FOLDER */
#include <stdio.h>
#include <time.h>

#include "proto/loop.h"
#include "proto/store.h"

struct shared {
    volatile int written;
    char after[64]; /* of its own cache line */
};

static int write_number(struct db *db, void *job)
{
    struct shared *shared = job;
    (void)db;
    shared->written = 1;
    return OK;
}

int main(int argc, char **argv)
{
    static const char *const migrations[] = {"CREATE TABLE t (x)"};
    static const struct db_schema schema = {"control", migrations, 1};
    const struct store_events events = {.ctx = NULL};
    const struct timespec moment = {.tv_nsec = 1000000};
    struct shared shared = {.written = 0};
    struct err_note note = {""};
    struct loop *loop;
    struct store *store;
    struct db *db;
    char path[512];
    if (argc != 2)
        return 2;
    snprintf(path, sizeof path, "%s/control.db", argv[1]);
    if (loop_new(&loop) != OK || db_open(path, &schema, "control", &note, &db) != OK ||
        store_open(loop_uv(loop), db, &events, &store) != OK) {
        fprintf(stderr, "cannot begin: %s\n", note.text);
        return 1;
    }
    (void)store_write(store, write_number, &shared, NULL);
    while (shared.written == 0)
        (void)nanosleep(&moment, NULL);
    store_close(store);
    loop_turn(loop);
    loop_free(loop);
    return 0;
}
