/*
 * disk - a machine's disk in memory, under SQLite: it can lose its power, fail, be full, and change what was written.
 *
 * One VFS for the process, installed as the default by disks_install(). A disk holds one database (its path, -wal,
 * -journal). For each file it remembers the content as of the last sync and every change since. When the power goes,
 * of each file what was synced stays and a random part of the rest, down to single sectors; a process that is killed
 * leaves all that it wrote. What is written after the end reaches nothing that is ever read again.
 *
 * db.c makes an empty real file under the name first: it stays empty.
 */
#ifndef TESTS_SIM_DISK_H
#define TESTS_SIM_DISK_H

#include <stdio.h>

#include "proto/buf.h"
#include "tests/sim/rng.h"

#define DISK_SECTOR 512
#define DISK_NEVER UINT64_MAX

struct disk;

/* How its process ended. */
enum disk_end { DISK_KILLED, DISK_POWER_CUT };
enum disk_fault {
    DISK_WRITE_ERROR,
    DISK_SYNC_ERROR,
    DISK_SHORT_WRITE,
    DISK_FULL,
    DISK_READ_ERROR,
    DISK_SHORT_READ,   /* ends early and says so: SQLite takes the rest for zeros */
    DISK_FLIPPED_READ, /* another bit than what is there */
    DISK_FLIPPED_WRITE
};

/* The one VFS. */
void disks_install(void);
/* SQL that each new connection runs first ("PRAGMA wal_autocheckpoint = 6"); borrowed for ever, NULL: none. */
void disks_run_on_open(const char *sql);

/* Syncs say yes and do nothing, on all disks: the control that the checker must find. */
void disks_lie(bool lie);

struct disk *disk_new(const char *path, uint64_t seed);
void disk_free(struct disk *disk);
const char *disk_path(const struct disk *disk);

/* The process is at its end, now. Nothing when it is already. */
void disk_end(struct disk *disk, enum disk_end how);
/* It ends so before this many further steps (writes, truncations, syncs, removals) from now; DISK_NEVER: not. */
void disk_end_at(struct disk *disk, uint64_t steps, enum disk_end how);
bool disk_has_ended(const struct disk *disk);
/* What was left is what there is; runs again, without faults. */
void disk_start(struct disk *disk);
/* Empty, as new. Only between an end and a start. */
void disk_wipe(struct disk *disk);
/* What it holds now, and back: only between an end and a start. */
struct disk_image;
struct disk_image *disk_copy(const struct disk *disk);
void disk_restore(struct disk *disk, const struct disk_image *image);
/* What a power cut now would leave: another one with each call. */
struct disk_image *disk_tear(struct disk *disk);
/* fn(ctx) before each step; NULL: no more. It must not write to this disk. */
void disk_on_step(struct disk *disk, void (*fn)(void *ctx), void *ctx);
void disk_image_free(struct disk_image *image);
/* A bit of what is left is another, if there is a byte. Only between an end and a start. */
void disk_flip_bit(struct disk *disk);
/* The same, but not in the last two commits of the log: there nobody can tell it from what a power cut tore. */
void disk_flip_old_bit(struct disk *disk);
/* The file (0: database, 1: log) ends earlier. Only between an end and a start. */
void disk_shorten(struct disk *disk, unsigned which);

/* The steps-th I/O of this kind from now on does this; `times` in all (DISK_FULL: until disk_heal). */
void disk_fail(struct disk *disk, enum disk_fault fault, uint64_t steps, unsigned times);
void disk_heal(struct disk *disk);
/* A fault did happen since the start. */
bool disk_did_fail(const struct disk *disk);

uint64_t disk_steps(const struct disk *disk);
size_t disk_bytes(const struct disk *disk);
/* Anywhere in what is there now, or in what was synced. */
bool disk_contains(const struct disk *disk, struct slice needle);
/* Sectors of torn writes, of all cuts: that they were a test. */
uint64_t disk_sectors_kept(const struct disk *disk);
uint64_t disk_sectors_dropped(const struct disk *disk);

#endif
