/*
 * disk: see the header. Locks are answered with yes: each disk has one process, and db.c keeps others out by itself.
 * Version 1 of the I/O methods has neither shared memory nor mapped files, so nothing reaches a file past this disk.
 */
#include "tests/sim/disk.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#define FILES 3
static const char *const suffixes[FILES] = {"", "-wal", "-journal"};

struct change {
    size_t offset, len;
    uint8_t *data; /* NULL: a truncation to offset */
};

struct disk_file {
    bool exists;
    bool named; /* its folder was synced since it was made */
    bool ghost; /* removed, but the folder was not synced since: it may be back */
    struct buf live, synced;
    struct change *changes;
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
    struct disk *next;
};

struct disk_image {
    bool exists[FILES];
    struct buf bytes[FILES];
};

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
} disks;

/* --- contents --- */

static void resize(struct buf *content, size_t len)
{
    if (len > content->len) {
        uint8_t *room = buf_reserve(content, len - content->len);
        CHECK(room != NULL);
        memset(room, 0, len - content->len);
        buf_grew(content, len - content->len);
    }
    content->len = len;
}

static void put_bytes(struct buf *content, size_t offset, const uint8_t *data, size_t len)
{
    if (content->len < offset + len)
        resize(content, offset + len);
    memcpy(content->data + offset, data, len);
}

static void apply(struct buf *content, const struct change *change)
{
    if (change->data != NULL)
        put_bytes(content, change->offset, change->data, change->len);
    else
        resize(content, change->offset);
}

static void copy(struct buf *to, const struct buf *from)
{
    buf_clear(to);
    buf_add_slice(to, buf_slice(from));
    CHECK(!buf_broken(to));
}

static void forget_changes(struct disk_file *file)
{
    for (size_t i = 0; i < file->count; i++)
        free(file->changes[i].data);
    file->count = 0;
}

static void remember(struct disk_file *file, struct change change)
{
    if (file->count == file->capacity) {
        file->capacity = file->capacity ? 2 * file->capacity : 64;
        file->changes = realloc(file->changes, file->capacity * sizeof *file->changes);
        CHECK(file->changes != NULL);
    }
    file->changes[file->count++] = change;
    apply(&file->live, &change);
}

/* --- the end --- */

/* Each sector of a write arrives or does not. */
static void apply_torn(struct disk *disk, struct buf *content, const struct change *change)
{
    for (size_t at = 0, len; at < change->len; at += len) {
        size_t rest = change->len - at, room = DISK_SECTOR - (change->offset + at) % DISK_SECTOR;
        len = rest < room ? rest : room;
        bool arrives = rng_below(&disk->rng, 2) == 0;
        if (arrives)
            put_bytes(content, change->offset + at, change->data + at, len);
        ++*(arrives ? &disk->kept : &disk->dropped);
    }
}

enum fate { FATE_LOST, FATE_SOME, FATE_TORN, FATE_KEPT, FATES };

static void leave_torn(struct disk *disk, struct disk_file *file)
{
    struct rng *rng = &disk->rng;
    file->left = file->exists ? file->named || rng_below(rng, 2) : file->ghost && rng_below(rng, 2);
    copy(&file->image, &file->synced);
    enum fate fate = (enum fate)rng_below(rng, FATES);
    for (size_t i = 0; i < file->count; i++) {
        const struct change *change = &file->changes[i];
        if (fate == FATE_TORN && change->data != NULL)
            apply_torn(disk, &file->image, change);
        else if (fate == FATE_KEPT || (fate != FATE_LOST && rng_below(rng, 2)))
            apply(&file->image, change);
    }
}

void disk_end(struct disk *disk, enum disk_end how)
{
    if (disk->ended)
        return;
    disk->ended = true;
    for (size_t i = 0; i < FILES; i++) {
        struct disk_file *file = &disk->files[i];
        if (how == DISK_POWER_CUT) {
            leave_torn(disk, file);
        } else {
            file->left = file->exists;
            copy(&file->image, &file->live);
        }
    }
}

void disk_end_at(struct disk *disk, uint64_t steps, enum disk_end how)
{
    disk->end_at = steps == DISK_NEVER ? DISK_NEVER : disk->steps + steps;
    disk->end_how = how;
}

bool disk_has_ended(const struct disk *disk)
{
    return disk->ended;
}

/* False when it has ended. */
static bool step(struct disk *disk)
{
    if (!disk->ended && disk->steps++ == disk->end_at)
        disk_end(disk, disk->end_how);
    return !disk->ended;
}

void disk_start(struct disk *disk)
{
    disk_end(disk, DISK_KILLED);
    for (size_t i = 0; i < FILES; i++) {
        struct disk_file *file = &disk->files[i];
        forget_changes(file);
        if (!file->left)
            buf_clear(&file->image);
        file->exists = file->named = file->left;
        file->ghost = false;
        copy(&file->live, &file->image);
        copy(&file->synced, &file->image);
    }
    disk->ended = false;
    disk->end_at = DISK_NEVER;
    disk_heal(disk);
}

void disk_wipe(struct disk *disk)
{
    CHECK(disk->ended);
    for (size_t i = 0; i < FILES; i++) {
        disk->files[i].left = false;
        buf_clear(&disk->files[i].image);
    }
}

struct disk_image *disk_copy(const struct disk *disk)
{
    struct disk_image *image = calloc(1, sizeof *image);
    CHECK(image != NULL);
    for (size_t i = 0; i < FILES; i++) {
        const struct disk_file *file = &disk->files[i];
        image->exists[i] = disk->ended ? file->left : file->exists;
        copy(&image->bytes[i], disk->ended ? &file->image : &file->live);
    }
    return image;
}

void disk_restore(struct disk *disk, const struct disk_image *image)
{
    CHECK(disk->ended);
    for (size_t i = 0; i < FILES; i++) {
        disk->files[i].left = image->exists[i];
        copy(&disk->files[i].image, &image->bytes[i]);
    }
}

void disk_image_free(struct disk_image *image)
{
    if (image == NULL)
        return;
    for (size_t i = 0; i < FILES; i++)
        buf_free(&image->bytes[i]);
    free(image);
}

void disk_flip_bit(struct disk *disk)
{
    CHECK(disk->ended);
    struct buf *image = &disk->files[rng_below(&disk->rng, 2)].image;
    if (image->len > 0)
        image->data[rng_below(&disk->rng, image->len)] ^= (uint8_t)(1u << rng_below(&disk->rng, 8));
}

void disk_shorten(struct disk *disk, unsigned which)
{
    CHECK(disk->ended && which < 2);
    struct buf *image = &disk->files[which].image;
    image->len = (size_t)rng_below(&disk->rng, image->len + 1);
}

/* --- faults --- */

void disk_fail(struct disk *disk, enum disk_fault fault, uint64_t steps, unsigned times)
{
    disk->fault = fault;
    disk->fault_in = steps;
    disk->fault_times = times;
}

void disk_heal(struct disk *disk)
{
    disk->fault_in = DISK_NEVER;
    disk->did_fail = false;
}

bool disk_did_fail(const struct disk *disk)
{
    return disk->did_fail;
}

/* Whether an I/O of this kind fails now. */
static bool fails(struct disk *disk, enum disk_fault kind)
{
    if (disk->ended || disk->fault != kind || disk->fault_in == DISK_NEVER)
        return false;
    if (disk->fault_in > 0) {
        disk->fault_in--;
        return false;
    }
    if (kind != DISK_FULL && --disk->fault_times == 0)
        disk->fault_in = DISK_NEVER;
    disk->did_fail = true;
    return true;
}

/* --- SQLite's side --- */

static struct disk_handle *handle_of(sqlite3_file *base)
{
    return (struct disk_handle *)(void *)base;
}

static int file_close(sqlite3_file *base)
{
    (void)base;
    return SQLITE_OK;
}

static int file_read(sqlite3_file *base, void *data, int len, sqlite3_int64 offset)
{
    struct disk_handle *handle = handle_of(base);
    const struct buf *live = &handle->file->live;
    size_t at = (size_t)offset, want = (size_t)len;
    if (fails(handle->disk, DISK_READ_ERROR))
        return SQLITE_IOERR_READ;
    size_t there = live->len > at ? live->len - at : 0;
    if (there > want)
        there = want;
    if (there > 0)
        memcpy(data, live->data + at, there);
    memset((uint8_t *)data + there, 0, want - there);
    if (there > 0 && fails(handle->disk, DISK_FLIP))
        ((uint8_t *)data)[rng_below(&handle->disk->rng, there)] ^= (uint8_t)(1u << rng_below(&handle->disk->rng, 8));
    return there == want ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
}

static int file_write(sqlite3_file *base, const void *data, int len, sqlite3_int64 offset)
{
    struct disk_handle *handle = handle_of(base);
    struct change change = {(size_t)offset, (size_t)len, NULL};
    int result = SQLITE_OK;
    if (!step(handle->disk)) {
        put_bytes(&handle->file->live, change.offset, data, change.len);
        return SQLITE_OK;
    }
    if (fails(handle->disk, DISK_FULL))
        return SQLITE_FULL;
    if (fails(handle->disk, DISK_WRITE_ERROR))
        return SQLITE_IOERR_WRITE;
    if (fails(handle->disk, DISK_SHORT_WRITE)) {
        change.len = (size_t)rng_below(&handle->disk->rng, change.len);
        result = SQLITE_IOERR_WRITE;
    }
    if (change.len > 0) {
        change.data = malloc(change.len);
        CHECK(change.data != NULL);
        memcpy(change.data, data, change.len);
        remember(handle->file, change);
    }
    return result;
}

static int file_truncate(sqlite3_file *base, sqlite3_int64 size)
{
    struct disk_handle *handle = handle_of(base);
    if (step(handle->disk))
        remember(handle->file, (struct change){(size_t)size, 0, NULL});
    else
        resize(&handle->file->live, (size_t)size);
    return SQLITE_OK;
}

static void sync_folder(struct disk *disk)
{
    for (size_t i = 0; i < FILES; i++) {
        disk->files[i].named = disk->files[i].exists;
        disk->files[i].ghost = false;
    }
}

/* The first sync of a new file syncs its folder too, as SQLite's own does. A failed sync leaves what it likes. */
static int file_sync(sqlite3_file *base, int flags)
{
    struct disk_handle *handle = handle_of(base);
    struct disk_file *file = handle->file;
    (void)flags;
    if (!step(handle->disk))
        return SQLITE_OK;
    if (fails(handle->disk, DISK_SYNC_ERROR))
        return SQLITE_IOERR_FSYNC;
    for (size_t i = 0; i < file->count; i++)
        apply(&file->synced, &file->changes[i]);
    forget_changes(file);
    if (!file->named)
        sync_folder(handle->disk);
    return SQLITE_OK;
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

static int vfs_delete(sqlite3_vfs *vfs, const char *path, int sync)
{
    struct disk *disk;
    struct disk_file *file = find_file(path, &disk);
    (void)vfs;
    if (file == NULL || !file->exists)
        return SQLITE_IOERR_DELETE_NOENT;
    file->exists = false;
    if (step(disk)) {
        file->ghost = file->named;
        forget_changes(file);
        if (sync)
            sync_folder(disk);
    }
    return SQLITE_OK;
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

/* --- life and looking --- */

struct disk *disk_new(const char *path, uint64_t seed)
{
    struct disk *disk = calloc(1, sizeof *disk);
    CHECK(disk != NULL && (size_t)snprintf(disk->path, sizeof disk->path, "%s", path) < sizeof disk->path);
    rng_seed(&disk->rng, seed);
    disk->end_at = disk->fault_in = DISK_NEVER;
    disk->next = disks.first;
    disks.first = disk;
    return disk;
}

void disk_free(struct disk *disk)
{
    if (disk == NULL)
        return;
    struct disk **at = &disks.first;
    while (*at != disk)
        at = &(*at)->next;
    *at = disk->next;
    for (size_t i = 0; i < FILES; i++) {
        struct disk_file *file = &disk->files[i];
        forget_changes(file);
        free(file->changes);
        buf_free(&file->live);
        buf_free(&file->synced);
        buf_free(&file->image);
    }
    free(disk);
}

const char *disk_path(const struct disk *disk)
{
    return disk->path;
}

uint64_t disk_steps(const struct disk *disk)
{
    return disk->steps;
}

size_t disk_bytes(const struct disk *disk)
{
    size_t bytes = 0;
    for (size_t i = 0; i < FILES; i++)
        bytes += disk->files[i].live.len;
    return bytes;
}

static bool holds(const struct buf *content, struct slice needle)
{
    const uint8_t *at = content->data, *end = content->data + content->len;
    while (content->len > 0 && (size_t)(end - at) >= needle.len) {
        at = memchr(at, needle.data[0], (size_t)(end - at) - needle.len + 1);
        if (at == NULL)
            return false;
        if (memcmp(at, needle.data, needle.len) == 0)
            return true;
        at++;
    }
    return false;
}

bool disk_contains(const struct disk *disk, struct slice needle)
{
    for (size_t i = 0; i < FILES; i++)
        if (holds(&disk->files[i].live, needle) || holds(&disk->files[i].synced, needle))
            return true;
    return false;
}

uint64_t disk_sectors_kept(const struct disk *disk)
{
    return disk->kept;
}

uint64_t disk_sectors_dropped(const struct disk *disk)
{
    return disk->dropped;
}
