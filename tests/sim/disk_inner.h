/*
 * disk_inner - what disk.c (contents, ends, faults) and disk_vfs.c (SQLite's side) share.
 */
#ifndef TESTS_SIM_DISK_INNER_H
#define TESTS_SIM_DISK_INNER_H

#include "tests/sim/disk.h"

#define FILES 3 /* the database, its log, its journal */

struct disk_change {
    size_t offset, len;
    uint8_t *data; /* NULL: a truncation to offset */
};

struct disk_file {
    bool exists;
    bool named; /* its folder was synced since it was made */
    bool ghost; /* removed, but the folder was not synced since: it may be back */
    struct buf live, synced;
    struct disk_change *changes;
    size_t count, capacity;
    bool left; /* at the end, with this content */
    struct buf image;
};

struct disk {
    char path[200];
    struct disk_file files[FILES];
    struct rng rng;
    uint64_t steps, end_at;
    enum disk_end end_how;
    bool ended;
    uint64_t kept, dropped;
    enum disk_fault fault;
    uint64_t fault_in; /* I/O calls of its kind before it happens; DISK_NEVER: none */
    unsigned fault_times;
    bool did_fail;
    void (*on_step)(void *ctx);
    void *on_step_ctx;
    struct disk *next;
};

/* Lengthened by zeros, or shortened. */
void disk_resize(struct buf *content, size_t len);
void disk_put(struct buf *content, size_t offset, const uint8_t *data, size_t len);
/* Into the content that is read, and among what a cut may take. */
void disk_change(struct disk_file *file, struct disk_change change);
/* All that changed is durable. */
void disk_synced(struct disk_file *file);
void disk_forget_changes(struct disk_file *file);
void disk_sync_folder(struct disk *disk);
/* Counts one step; false when the process has ended. */
bool disk_step(struct disk *disk);
/* Whether an I/O of this kind fails now. */
bool disk_fails(struct disk *disk, enum disk_fault kind);
/* Known to the VFS by its path from now on; and no more. */
void disk_list(struct disk *disk);
void disk_unlist(struct disk *disk);

#endif
