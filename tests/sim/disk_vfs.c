/*
 * disk_vfs: SQLite's side of the simulated disks. Locks are answered with yes: each disk has one process, and db.c
 * keeps others out by itself. Version 1 of the I/O methods has neither shared memory nor mapped files, so nothing
 * reaches a file past this disk.
 */
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/disk_inner.h"
#include "tests/sim/sim.h"

static const char *const suffixes[FILES] = {"", "-wal", "-journal"};

struct disk_handle {
    sqlite3_file base;
    struct disk *disk;
    struct disk_file *file;
};

/* Known to SQLite by name, so one per process. */
static struct {
    sqlite3_vfs vfs, *real;
    struct disk *first;
    const char *run_on_open;
    bool lie;
} disks;

static struct disk_handle *handle_of(sqlite3_file *base)
{
    return (struct disk_handle *)(void *)base;
}

static int file_close(sqlite3_file *base)
{
    (void)base;
    return SQLITE_OK;
}

static void flip(struct disk *disk, uint8_t *data, size_t len)
{
    data[rng_below(&disk->rng, len)] ^= (uint8_t)(1u << rng_below(&disk->rng, 8));
}

static int file_read(sqlite3_file *base, void *data, int len, sqlite3_int64 offset)
{
    struct disk_handle *handle = handle_of(base);
    const struct buf *live = &handle->file->live;
    size_t at = (size_t)offset, want = (size_t)len;
    if (disk_fails(handle->disk, DISK_READ_ERROR))
        return SQLITE_IOERR_READ;
    size_t there = live->len > at ? live->len - at : 0;
    if (there > want)
        there = want;
    if (there > 0 && disk_fails(handle->disk, DISK_SHORT_READ))
        there = (size_t)rng_below(&handle->disk->rng, there);
    if (there > 0)
        memcpy(data, live->data + at, there);
    memset((uint8_t *)data + there, 0, want - there);
    if (there > 0 && disk_fails(handle->disk, DISK_FLIPPED_READ))
        flip(handle->disk, data, there);
    return there == want ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
}

static int write_now(sqlite3_file *base, const void *data, int len, sqlite3_int64 offset)
{
    struct disk_handle *handle = handle_of(base);
    struct disk_change change = {(size_t)offset, (size_t)len, NULL};
    int result = SQLITE_OK;
    if (!disk_step(handle->disk)) {
        disk_put(&handle->file->live, change.offset, data, change.len);
        return SQLITE_OK;
    }
    if (disk_fails(handle->disk, DISK_FULL))
        return SQLITE_FULL;
    if (disk_fails(handle->disk, DISK_WRITE_ERROR))
        return SQLITE_IOERR_WRITE;
    if (disk_fails(handle->disk, DISK_SHORT_WRITE)) {
        change.len = (size_t)rng_below(&handle->disk->rng, change.len);
        result = SQLITE_IOERR_WRITE;
    }
    if (change.len > 0) {
        change.data = malloc(change.len);
        CHECK(change.data != NULL);
        memcpy(change.data, data, change.len);
        if (disk_fails(handle->disk, DISK_FLIPPED_WRITE))
            flip(handle->disk, change.data, change.len);
        disk_change(handle->file, change);
    }
    return result;
}

static int file_write(sqlite3_file *base, const void *data, int len, sqlite3_int64 offset)
{
    int result;
    PROC_OUT(result = write_now(base, data, len, offset));
    return result;
}

static void truncate_now(sqlite3_file *base, sqlite3_int64 size)
{
    struct disk_handle *handle = handle_of(base);
    if (disk_step(handle->disk))
        disk_change(handle->file, (struct disk_change){(size_t)size, 0, NULL});
    else
        disk_resize(&handle->file->live, (size_t)size);
}

static int file_truncate(sqlite3_file *base, sqlite3_int64 size)
{
    PROC_OUT(truncate_now(base, size));
    return SQLITE_OK;
}

/* The first sync of a new file syncs its folder too, as SQLite's own does. A failed sync leaves what it likes. */
static int sync_now(sqlite3_file *base)
{
    struct disk_handle *handle = handle_of(base);
    struct disk_file *file = handle->file;
    if (!disk_step(handle->disk))
        return SQLITE_OK;
    if (disks.lie)
        return SQLITE_OK;
    if (disk_fails(handle->disk, DISK_SYNC_ERROR))
        return SQLITE_IOERR_FSYNC;
    disk_synced(file);
    if (!file->named)
        disk_sync_folder(handle->disk);
    return SQLITE_OK;
}

static int file_sync(sqlite3_file *base, int flags)
{
    int result;
    (void)flags;
    PROC_OUT(result = sync_now(base));
    return result;
}

static int file_size(sqlite3_file *base, sqlite3_int64 *ret_size)
{
    *ret_size = (sqlite3_int64)handle_of(base)->file->live.len;
    return SQLITE_OK;
}

static int file_lock(sqlite3_file *base, int level)
{
    (void)base;
    (void)level;
    return SQLITE_OK;
}

static int file_reserved(sqlite3_file *base, int *ret_reserved)
{
    (void)base;
    *ret_reserved = 0;
    return SQLITE_OK;
}

static int file_control(sqlite3_file *base, int operation, void *arg)
{
    (void)base;
    (void)operation;
    (void)arg;
    return SQLITE_NOTFOUND;
}

static int file_sector(sqlite3_file *base)
{
    (void)base;
    return DISK_SECTOR;
}

static int file_traits(sqlite3_file *base)
{
    (void)base;
    return 0;
}

static const sqlite3_io_methods methods = {
    .iVersion = 1,
    .xClose = file_close,
    .xRead = file_read,
    .xWrite = file_write,
    .xTruncate = file_truncate,
    .xSync = file_sync,
    .xFileSize = file_size,
    .xLock = file_lock,
    .xUnlock = file_lock,
    .xCheckReservedLock = file_reserved,
    .xFileControl = file_control,
    .xSectorSize = file_sector,
    .xDeviceCharacteristics = file_traits,
};

/* The disk and file of a path; NULL: not one of ours. */
static struct disk_file *find_file(const char *path, struct disk **ret_disk)
{
    for (struct disk *disk = disks.first; path != NULL && disk != NULL; disk = disk->next) {
        size_t len = strlen(disk->path);
        for (size_t i = 0; i < FILES && strncmp(path, disk->path, len) == 0; i++)
            if (strcmp(path + len, suffixes[i]) == 0) {
                *ret_disk = disk;
                return &disk->files[i];
            }
    }
    return NULL;
}

static int vfs_open(sqlite3_vfs *vfs, sqlite3_filename path, sqlite3_file *base, int flags, int *ret_flags)
{
    struct disk_handle *handle = handle_of(base);
    (void)vfs;
    base->pMethods = NULL;
    handle->file = find_file(path, &handle->disk);
    if (handle->file == NULL)
        return SQLITE_CANTOPEN;
    if (!handle->file->exists) {
        handle->file->exists = true;
        handle->file->named = false;
        buf_clear(&handle->file->live);
        buf_clear(&handle->file->synced);
    }
    if (ret_flags != NULL)
        *ret_flags = flags;
    base->pMethods = &methods;
    return SQLITE_OK;
}

static int delete_now(const char *path, int sync)
{
    struct disk *disk;
    struct disk_file *file = find_file(path, &disk);
    if (file == NULL || !file->exists)
        return SQLITE_IOERR_DELETE_NOENT;
    file->exists = false;
    if (disk_step(disk)) {
        file->ghost = file->named;
        disk_forget_changes(file);
        if (sync)
            disk_sync_folder(disk);
    }
    return SQLITE_OK;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *path, int sync)
{
    int result;
    (void)vfs;
    PROC_OUT(result = delete_now(path, sync));
    return result;
}

static int vfs_access(sqlite3_vfs *vfs, const char *path, int flags, int *ret_yes)
{
    struct disk *disk;
    const struct disk_file *file = find_file(path, &disk);
    (void)vfs;
    (void)flags;
    *ret_yes = file != NULL && file->exists;
    return SQLITE_OK;
}

static int vfs_full_path(sqlite3_vfs *vfs, const char *path, int room, char *ret_path)
{
    (void)vfs;
    return snprintf(ret_path, (size_t)room, "%s", path) < room ? SQLITE_OK : SQLITE_CANTOPEN;
}

static int vfs_random(sqlite3_vfs *vfs, int len, char *bytes)
{
    (void)vfs;
    memset(bytes, 7, (size_t)len);
    return len;
}

static int on_open(sqlite3 *handle, const char **ret_words, const struct sqlite3_api_routines *api)
{
    (void)ret_words;
    (void)api;
    return disks.run_on_open ? sqlite3_exec(handle, disks.run_on_open, NULL, NULL, NULL) : SQLITE_OK;
}

void disks_install(void)
{
    if (disks.real != NULL)
        return;
    disks.real = sqlite3_vfs_find(NULL);
    disks.vfs = *disks.real;
    disks.vfs.zName = "simulated";
    disks.vfs.szOsFile = (int)sizeof(struct disk_handle);
    disks.vfs.xOpen = vfs_open;
    disks.vfs.xDelete = vfs_delete;
    disks.vfs.xAccess = vfs_access;
    disks.vfs.xFullPathname = vfs_full_path;
    disks.vfs.xRandomness = vfs_random;
    CHECK(sqlite3_vfs_register(&disks.vfs, 1) == SQLITE_OK);
    CHECK(sqlite3_auto_extension((void (*)(void))on_open) == SQLITE_OK);
}

void disks_run_on_open(const char *sql)
{
    disks.run_on_open = sql;
}

void disk_list(struct disk *disk)
{
    disk->next = disks.first;
    disks.first = disk;
}

void disk_unlist(struct disk *disk)
{
    struct disk **at = &disks.first;
    while (*at != disk)
        at = &(*at)->next;
    *at = disk->next;
}

void disks_lie(bool lie)
{
    disks.lie = lie;
}
