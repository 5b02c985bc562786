/*
 * disk: what is on it, what an end leaves of it, how it fails. SQLite's side is disk_vfs.c.
 */
#include "tests/sim/disk_inner.h"

#include <stdlib.h>
#include <string.h>

struct disk_image {
    bool exists[FILES];
    struct buf bytes[FILES];
};

/* --- contents --- */

void disk_resize(struct buf *content, size_t len)
{
    if (len > content->len) {
        uint8_t *room = buf_reserve(content, len - content->len);
        CHECK(room != NULL);
        memset(room, 0, len - content->len);
        buf_grew(content, len - content->len);
    }
    content->len = len;
}

void disk_put(struct buf *content, size_t offset, const uint8_t *data, size_t len)
{
    if (content->len < offset)
        disk_resize(content, offset);
    if (content->len < offset + len) {
        CHECK(buf_reserve(content, offset + len - content->len) != NULL);
        buf_grew(content, offset + len - content->len);
    }
    memcpy(content->data + offset, data, len);
}

static void apply(struct buf *content, const struct disk_change *change)
{
    if (change->data != NULL)
        disk_put(content, change->offset, change->data, change->len);
    else
        disk_resize(content, change->offset);
}

static void copy(struct buf *to, const struct buf *from)
{
    buf_clear(to);
    buf_add_slice(to, buf_slice(from));
    CHECK(!buf_broken(to));
}

void disk_forget_changes(struct disk_file *file)
{
    for (size_t i = 0; i < file->count; i++)
        free(file->changes[i].data);
    file->count = 0;
}

void disk_change(struct disk_file *file, struct disk_change change)
{
    if (file->count == file->capacity) {
        file->capacity = file->capacity ? 2 * file->capacity : 64;
        file->changes = realloc(file->changes, file->capacity * sizeof *file->changes);
        CHECK(file->changes != NULL);
    }
    file->changes[file->count++] = change;
    apply(&file->live, &change);
}

void disk_synced(struct disk_file *file)
{
    for (size_t i = 0; i < file->count; i++)
        apply(&file->synced, &file->changes[i]);
    disk_forget_changes(file);
}

void disk_sync_folder(struct disk *disk)
{
    for (size_t i = 0; i < FILES; i++) {
        disk->files[i].named = disk->files[i].exists;
        disk->files[i].ghost = false;
    }
}

/* --- the end --- */

/* Each sector of a write arrives or does not. */
static void apply_torn(struct disk *disk, struct buf *content, const struct disk_change *change)
{
    for (size_t at = 0, len; at < change->len; at += len) {
        size_t rest = change->len - at, room = DISK_SECTOR - (change->offset + at) % DISK_SECTOR;
        len = rest < room ? rest : room;
        bool arrives = rng_below(&disk->rng, 2) == 0;
        if (arrives)
            disk_put(content, change->offset + at, change->data + at, len);
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
        const struct disk_change *change = &file->changes[i];
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

void disk_on_step(struct disk *disk, void (*fn)(void *ctx), void *ctx)
{
    disk->on_step = fn;
    disk->on_step_ctx = ctx;
}

bool disk_step(struct disk *disk)
{
    if (disk->on_step != NULL && !disk->ended)
        disk->on_step(disk->on_step_ctx);
    if (!disk->ended && disk->steps++ == disk->end_at)
        disk_end(disk, disk->end_how);
    return !disk->ended;
}

void disk_start(struct disk *disk)
{
    disk_end(disk, DISK_KILLED);
    for (size_t i = 0; i < FILES; i++) {
        struct disk_file *file = &disk->files[i];
        disk_forget_changes(file);
        if (!file->left)
            buf_clear(&file->image);
        file->exists = file->named = file->left;
        file->ghost = false;
        copy(&file->live, &file->image);
        copy(&file->synced, &file->image);
    }
    disk->ended = false;
    disk->end_at = DISK_NEVER;
    if (disk->fault < DISK_SHORT_READ) /* what lies does so at the next start, where most is read */
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

struct disk_image *disk_tear(struct disk *disk)
{
    struct disk_image *image = calloc(1, sizeof *image);
    CHECK(image != NULL && !disk->ended);
    for (size_t i = 0; i < FILES; i++) {
        leave_torn(disk, &disk->files[i]);
        image->exists[i] = disk->files[i].left;
        copy(&image->bytes[i], &disk->files[i].image);
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

/* Where the last two commits of a log begin: HEADER, then frames; a mark is the size that a commit leaves behind. */
static size_t last_commits(const struct buf *log)
{
    enum { HEADER = 32, FRAME_HEADER = 24 };
    size_t ends[3] = {0};
    if (log->len < HEADER)
        return 0;
    size_t page = (size_t)log->data[9] << 16 | (size_t)log->data[10] << 8 | log->data[11];
    for (size_t at = HEADER; page > 0 && at + FRAME_HEADER + page <= log->len; at += FRAME_HEADER + page) {
        const uint8_t *frame = log->data + at;
        if (memcmp(frame + 8, log->data + 16, 8) != 0)
            break; /* of an earlier round */
        if (memcmp(frame + 4, "\0\0\0", 4) == 0)
            continue;
        ends[0] = ends[1];
        ends[1] = ends[2];
        ends[2] = at + FRAME_HEADER + page;
    }
    return ends[0];
}

void disk_flip_old_bit(struct disk *disk)
{
    CHECK(disk->ended);
    bool in_log = rng_below(&disk->rng, 2) == 1;
    struct buf *image = &disk->files[in_log].image;
    size_t len = in_log ? last_commits(image) : image->len;
    if (len > 0)
        image->data[rng_below(&disk->rng, len)] ^= (uint8_t)(1u << rng_below(&disk->rng, 8));
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

bool disk_fails(struct disk *disk, enum disk_fault kind)
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

/* --- life and looking --- */

struct disk *disk_new(const char *path, uint64_t seed)
{
    struct disk *disk = calloc(1, sizeof *disk);
    CHECK(disk != NULL && (size_t)snprintf(disk->path, sizeof disk->path, "%s", path) < sizeof disk->path);
    rng_seed(&disk->rng, seed);
    disk->end_at = disk->fault_in = DISK_NEVER;
    disk_list(disk);
    return disk;
}

void disk_free(struct disk *disk)
{
    if (disk == NULL)
        return;
    disk_unlist(disk);
    for (size_t i = 0; i < FILES; i++) {
        struct disk_file *file = &disk->files[i];
        disk_forget_changes(file);
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
