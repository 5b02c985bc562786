/*
 * Power loss: what was reported as committed is there after the power went, and a turn is there whole or not at all.
 *
 * kill -9 cannot show this, because the kernel keeps what a killed process wrote. Here SQLite writes through a disk of
 * our own: for each file it remembers the content as of the last sync and every change since. A power cut, at a random
 * step of the program's life, leaves of each file what was synced and a random part of the rest, down to single
 * sectors. The second test is the proof that this can fail: without the sync at each commit, records are lost.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <unistd.h>

#include "fixture.h"
#include "node/vault.h"

#define SEEDS 200
#define PER_LIFE 24  /* records, or turns */
#define SECTOR 512   /* what a disk writes whole */
#define UNSYNCED 512 /* changes of one file between two syncs, at most */
#define NEVER UINT64_MAX
/* Pages: the log is moved into the file and begun anew many times in a life. */
#define CHECKPOINT "PRAGMA wal_autocheckpoint = 6;"

/* --- the disk --- */

struct change {
    size_t offset, len;
    uint8_t *data; /* NULL: a truncation to offset */
};

struct disk_file {
    char path[128];
    bool exists;
    bool named;        /* its folder was synced since it was made */
    bool ghost;        /* removed, but the folder was not synced since: it may be back */
    struct buf synced; /* as of its last sync */
    struct change changes[UNSYNCED];
    size_t count;
    bool left; /* the cut left it, with this content */
    struct buf image;
};

struct disk {
    sqlite3_vfs vfs, *real;
    struct disk_file files[8];
    size_t file_count;
    uint64_t random;
    uint64_t steps, cut_at; /* writes, truncations, syncs, removals; before which of them the power goes */
    bool dead;
    uint64_t kept, dropped; /* sectors of torn writes */
};

/* SQLite allocates this with the real file behind it. */
struct disk_handle {
    sqlite3_file base;
    struct disk *disk;
    struct disk_file *file; /* NULL: not one of a database's */
};

/* splitmix64 (Steele, Lea, Flood 2014): the same cuts for the same seed. */
static uint64_t draw(uint64_t *state, uint64_t below)
{
    uint64_t z = *state += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return (z ^ (z >> 31)) % below;
}

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
    resize(content, content->len > offset + len ? content->len : offset + len);
    memcpy(content->data + offset, data, len);
}

static void apply(struct buf *content, const struct change *change)
{
    if (change->data != NULL)
        put_bytes(content, change->offset, change->data, change->len);
    else
        resize(content, change->offset);
}

static void forget_changes(struct disk_file *file)
{
    for (size_t i = 0; i < file->count; i++)
        free(file->changes[i].data);
    file->count = 0;
}

static void remember(struct disk_file *file, struct change change)
{
    CHECK(file->count < UNSYNCED);
    file->changes[file->count++] = change;
}

/* Each sector of a write arrives or does not. */
static void apply_torn(struct disk *disk, struct buf *content, const struct change *change)
{
    for (size_t at = 0, len; at < change->len; at += len) {
        size_t rest = change->len - at, room = SECTOR - (change->offset + at) % SECTOR;
        len = rest < room ? rest : room;
        bool arrives = draw(&disk->random, 2) == 0;
        if (arrives)
            put_bytes(content, change->offset + at, change->data + at, len);
        ++*(arrives ? &disk->kept : &disk->dropped);
    }
}

enum fate { FATE_LOST, FATE_SOME, FATE_TORN, FATE_KEPT, FATES };

static void leave(struct disk *disk, struct disk_file *file)
{
    file->left = file->exists ? file->named || draw(&disk->random, 2) : file->ghost && draw(&disk->random, 2);
    buf_clear(&file->image);
    buf_add_slice(&file->image, buf_slice(&file->synced));
    enum fate fate = (enum fate)draw(&disk->random, FATES);
    for (size_t i = 0; i < file->count; i++) {
        const struct change *change = &file->changes[i];
        if (fate == FATE_TORN && change->data != NULL)
            apply_torn(disk, &file->image, change);
        else if (fate == FATE_KEPT || (fate != FATE_LOST && draw(&disk->random, 2)))
            apply(&file->image, change);
    }
    CHECK(!buf_broken(&file->image));
}

/* What is written from here on reaches the real file, which disk_start() replaces by what the cut left. */
static void cut(struct disk *disk)
{
    disk->dead = true;
    for (size_t i = 0; i < disk->file_count; i++)
        leave(disk, &disk->files[i]);
}

/* False when the power is gone. */
static bool step(struct disk *disk)
{
    if (!disk->dead && disk->steps++ == disk->cut_at)
        cut(disk);
    return !disk->dead;
}

/* The process has ended, and the power goes now if it did not before: the machine starts from what is left. */
static void disk_start(struct disk *disk, uint64_t cut_at)
{
    if (!disk->dead)
        cut(disk);
    for (size_t i = 0; i < disk->file_count; i++) {
        struct disk_file *file = &disk->files[i];
        if (file->left) {
            int fd = open(file->path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
            assert_true(fd >= 0);
            assert_int_equal(write(fd, file->image.len ? file->image.data : (const void *)"", file->image.len),
                             file->image.len);
            assert_int_equal(close(fd), 0);
        } else {
            unlink(file->path);
        }
        forget_changes(file);
        buf_free(&file->synced);
        buf_free(&file->image);
    }
    memset(disk->files, 0, sizeof disk->files);
    disk->file_count = 0;
    disk->steps = 0;
    disk->cut_at = cut_at;
    disk->dead = false;
}

static sqlite3_file *real_of(sqlite3_file *base)
{
    return (sqlite3_file *)(void *)((struct disk_handle *)(void *)base + 1);
}

/* What the real file answers. */
#define PASS(name, method, parameters, ...)                                                                            \
    static int disk_##name parameters                                                                                  \
    {                                                                                                                  \
        return real_of(base)->pMethods->method(__VA_ARGS__);                                                           \
    }
PASS(close, xClose, (sqlite3_file * base), real_of(base))
PASS(read, xRead, (sqlite3_file * base, void *data, int len, sqlite3_int64 at), real_of(base), data, len, at)
PASS(size, xFileSize, (sqlite3_file * base, sqlite3_int64 *ret_size), real_of(base), ret_size)
PASS(lock, xLock, (sqlite3_file * base, int level), real_of(base), level)
PASS(unlock, xUnlock, (sqlite3_file * base, int level), real_of(base), level)
PASS(reserved, xCheckReservedLock, (sqlite3_file * base, int *ret_reserved), real_of(base), ret_reserved)
PASS(control, xFileControl, (sqlite3_file * base, int operation, void *arg), real_of(base), operation, arg)
PASS(sector, xSectorSize, (sqlite3_file * base), real_of(base))
PASS(traits, xDeviceCharacteristics, (sqlite3_file * base), real_of(base))

static struct disk_file *living(sqlite3_file *base)
{
    struct disk_handle *handle = (struct disk_handle *)(void *)base;
    return handle->file != NULL && step(handle->disk) ? handle->file : NULL;
}

static int disk_write(sqlite3_file *base, const void *data, int len, sqlite3_int64 offset)
{
    struct disk_file *file = living(base);
    if (file != NULL) {
        struct change change = {(size_t)offset, (size_t)len, malloc((size_t)len)};
        CHECK(change.data != NULL);
        memcpy(change.data, data, (size_t)len);
        remember(file, change);
    }
    return real_of(base)->pMethods->xWrite(real_of(base), data, len, offset);
}

static int disk_truncate(sqlite3_file *base, sqlite3_int64 size)
{
    struct disk_file *file = living(base);
    if (file != NULL)
        remember(file, (struct change){(size_t)size, 0, NULL});
    return real_of(base)->pMethods->xTruncate(real_of(base), size);
}

static void sync_folder(struct disk *disk)
{
    for (size_t i = 0; i < disk->file_count; i++) {
        disk->files[i].named = disk->files[i].exists;
        disk->files[i].ghost = false;
    }
}

/* The real file is not synced: its power does not go. The first sync of a new file syncs its folder too, as SQLite's
 * own does. */
static int disk_sync(sqlite3_file *base, int flags)
{
    (void)flags;
    struct disk_file *file = living(base);
    if (file == NULL)
        return SQLITE_OK;
    for (size_t i = 0; i < file->count; i++)
        apply(&file->synced, &file->changes[i]);
    CHECK(!buf_broken(&file->synced));
    forget_changes(file);
    if (!file->named)
        sync_folder(((struct disk_handle *)(void *)base)->disk);
    return SQLITE_OK;
}

/* Version 1 has neither shared memory nor mapped files: a database that needed them would not open here, so nothing
 * reaches a file past this disk. */
static const sqlite3_io_methods disk_methods = {
    1,         disk_close,  disk_read,     disk_write,   disk_truncate, disk_sync,   disk_size,
    disk_lock, disk_unlock, disk_reserved, disk_control, disk_sector,   disk_traits, NULL,
    NULL,      NULL,        NULL,          NULL,         NULL,
};

static struct disk_file *find_file(struct disk *disk, const char *path)
{
    for (size_t i = 0; i < disk->file_count; i++)
        if (strcmp(disk->files[i].path, path) == 0)
            return &disk->files[i];
    CHECK(disk->file_count < sizeof disk->files / sizeof disk->files[0]);
    struct disk_file *file = &disk->files[disk->file_count++];
    CHECK((size_t)snprintf(file->path, sizeof file->path, "%s", path) < sizeof file->path);
    return file;
}

/* What is in a file that this disk meets for the first time was there before, and is durable. */
static void meet(struct disk_file *file, sqlite3_file *real, bool was_there)
{
    sqlite3_int64 size = 0;
    forget_changes(file);
    buf_clear(&file->synced);
    file->exists = true;
    file->named = was_there;
    file->ghost = false;
    CHECK(real->pMethods->xFileSize(real, &size) == SQLITE_OK);
    resize(&file->synced, (size_t)size);
    CHECK(size == 0 || real->pMethods->xRead(real, file->synced.data, (int)size, 0) == SQLITE_OK);
}

static int disk_open(sqlite3_vfs *vfs, sqlite3_filename path, sqlite3_file *base, int flags, int *ret_flags)
{
    struct disk *disk = vfs->pAppData;
    struct disk_handle *handle = (struct disk_handle *)(void *)base;
    base->pMethods = NULL;
    bool was_there = path != NULL && access(path, F_OK) == 0;
    int result = disk->real->xOpen(disk->real, path, real_of(base), flags, ret_flags);
    if (result != SQLITE_OK)
        return result;
    handle->disk = disk;
    handle->file = path != NULL ? find_file(disk, path) : NULL;
    if (handle->file != NULL && !handle->file->exists && !disk->dead)
        meet(handle->file, real_of(base), was_there);
    base->pMethods = &disk_methods;
    return SQLITE_OK;
}

static int disk_delete(sqlite3_vfs *vfs, const char *path, int sync)
{
    struct disk *disk = vfs->pAppData;
    if (access(path, F_OK) == 0 && step(disk)) {
        struct disk_file *file = find_file(disk, path);
        file->exists = false;
        file->ghost = file->named;
        if (sync)
            sync_folder(disk);
    }
    return disk->real->xDelete(disk->real, path, 0);
}

/* --- the scene --- */

struct scene {
    char folder[64], path[96];
    struct disk disk;
    struct key_set *keys;
    const char *pragmas; /* run on each new handle before the first record */
    struct err_note note;
    uint64_t seed;
    uint64_t before;   /* records that were there when this life began */
    uint64_t reported; /* as on_commit told, while there was power */
    uint64_t steps;    /* of the disk, in the last life */
};

static int setup(void **state)
{
    struct scene *scene = calloc(1, sizeof *scene);
    assert_non_null(scene);
    assert_int_equal(seal_start(), OK);
    snprintf(scene->folder, sizeof scene->folder, "/tmp/hotline-test-power-XXXXXX");
    assert_non_null(mkdtemp(scene->folder));
    scene->keys = fixture_key(KEY_MEMBER, "be-baken", "BE", 0x11);
    scene->pragmas = CHECKPOINT;
    struct disk *disk = &scene->disk;
    disk->real = sqlite3_vfs_find(NULL);
    /* The rest (names, time, sleep) stays the real one's, which does not ask whose it is. */
    disk->vfs = *disk->real;
    disk->vfs.zName = "power";
    disk->vfs.pAppData = disk;
    disk->vfs.szOsFile = (int)sizeof(struct disk_handle) + disk->real->szOsFile;
    disk->vfs.xOpen = disk_open;
    disk->vfs.xDelete = disk_delete;
    assert_int_equal(sqlite3_vfs_register(&disk->vfs, 1), SQLITE_OK);
    *state = scene;
    return 0;
}

static int teardown(void **state)
{
    struct scene *scene = *state;
    char command[128];
    disk_start(&scene->disk, NEVER);
    assert_int_equal(sqlite3_vfs_unregister(&scene->disk.vfs), SQLITE_OK);
    key_set_free(scene->keys);
    snprintf(command, sizeof command, "rm -rf '%s'", scene->folder);
    assert_int_equal(system(command), 0);
    free(scene);
    return 0;
}

static struct db *open_db(struct scene *scene, const struct db_schema *schema)
{
    struct db *db = NULL;
    int error = db_open(scene->path, schema, "be-baken", &scene->note, &db);
    if (error != OK)
        fail_msg("seed %" PRIu64 ": db_open: %s: %s", scene->seed, err_name(error), scene->note.text);
    assert_int_equal(sqlite3_exec(db_handle(db), scene->pragmas, NULL, NULL, NULL), SQLITE_OK);
    return db;
}

static void hear_commit(void *ctx, uint64_t ticket)
{
    struct scene *scene = ctx;
    if (!scene->disk.dead)
        scene->reported = scene->before + ticket;
}

/* What a test writes, and what it finds: how many of them, from 1 without a gap. */
struct work {
    void (*live)(struct scene *scene);
    uint64_t (*find)(struct scene *scene);
};

/* One life that ends in a cut, and a look at what it left. Returns how many of those reported are gone. */
static uint64_t run_life(struct scene *scene, const struct work *work, uint64_t cut_at)
{
    disk_start(&scene->disk, cut_at);
    scene->reported = scene->before;
    work->live(scene);
    scene->steps = scene->disk.steps;
    disk_start(&scene->disk, NEVER);
    scene->before = work->find(scene);
    return scene->reported > scene->before ? scene->reported - scene->before : 0;
}

/* The second life starts from what the first one left. */
static uint64_t run_seed(struct scene *scene, const struct work *work, uint64_t seed, uint64_t steps)
{
    scene->seed = scene->disk.random = seed;
    scene->before = 0;
    disk_start(&scene->disk, NEVER);
    snprintf(scene->path, sizeof scene->path, "%s/%" PRIu64 ".db", scene->folder, seed);
    uint64_t lost = run_life(scene, work, draw(&scene->disk.random, steps + steps / 8));
    return lost + run_life(scene, work, draw(&scene->disk.random, steps + steps / 8));
}

/* The steps of a life without a cut: cuts fall anywhere in it, the making of the file included. */
static uint64_t measure(struct scene *scene, const struct work *work)
{
    snprintf(scene->path, sizeof scene->path, "%s/0.db", scene->folder);
    assert_int_equal(run_life(scene, work, NEVER), 0);
    assert_true(scene->reported == PER_LIFE && scene->before == PER_LIFE);
    return scene->steps;
}

static void assert_nothing_lost(struct scene *scene, const struct work *work)
{
    uint64_t steps = measure(scene, work), reported = 0;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        uint64_t lost = run_seed(scene, work, seed, steps);
        if (lost != 0)
            fail_msg("seed %" PRIu64 ": %" PRIu64 " reported, and gone after the power cut", seed, lost);
        reported += scene->reported;
    }
    /* It was a test: there was something to lose, and the cuts took some and left some. */
    assert_true(reported > (uint64_t)SEEDS * PER_LIFE / 4);
    assert_true(scene->disk.dropped > SEEDS && scene->disk.kept > SEEDS);
}

/* --- records of a store --- */

static const char *const ledger_migrations[] = {"CREATE TABLE entry (number INTEGER PRIMARY KEY, text BLOB NOT NULL,"
                                                " UNIQUE (text)) STRICT"};
static const struct db_schema ledger_schema = {"node", ledger_migrations, 1};
static const char sql_add[] = "INSERT INTO entry (number, text) VALUES (?1, ?2)";
static const char sql_all[] = "SELECT number, text FROM entry ORDER BY number";

/* From a few bytes to more than a quarter of a page, each told by its number. */
static struct slice text_of(uint64_t number, uint8_t text[1200])
{
    size_t len = 16 + (size_t)(number * 211 % 1184);
    memset(text, (int)(number * 37 % 251), len);
    memcpy(text, &number, sizeof number);
    return slice_of(text, len);
}

static int add_entry(struct db *db, void *job)
{
    const uint64_t *number = job;
    uint8_t text[1200];
    sqlite3_stmt *add = db_statement(db, sql_add);
    sqlite3_bind_int64(add, 1, (sqlite3_int64)*number);
    db_bind_blob(add, 2, text_of(*number, text));
    return db_run(db, add);
}

static void ledger_live(struct scene *scene)
{
    const struct store_events events = {.on_commit = hear_commit, .ctx = scene};
    struct store *store = NULL;
    struct db *db = open_db(scene, &ledger_schema);
    assert_int_equal(store_open(NULL, db, &events, &store), OK);
    for (uint64_t i = 1; i <= PER_LIFE && !scene->disk.dead; i++) {
        uint64_t *number = malloc(sizeof *number);
        assert_non_null(number);
        *number = scene->before + i;
        assert_int_equal(store_write(store, add_entry, number, free), i);
        if (i == PER_LIFE || draw(&scene->disk.random, 3) != 0)
            assert_true(store_step(store) > 0);
    }
    store_close(store);
}

static uint64_t ledger_find(struct scene *scene)
{
    uint64_t found = 0;
    uint8_t text[1200];
    struct db *db = open_db(scene, &ledger_schema);
    sqlite3_stmt *all = db_statement(db, sql_all);
    for (bool row = true; row;) {
        assert_int_equal(db_next(db, all, &row), OK);
        if (row &&
            ((uint64_t)sqlite3_column_int64(all, 0) != ++found || !slice_equal(db_blob(all, 1), text_of(found, text))))
            fail_msg("seed %" PRIu64 ": record %" PRIu64 " is missing or another one", scene->seed, found);
    }
    db_close(db);
    return found;
}

static const struct work ledger = {ledger_live, ledger_find};

static void power_cut_loses_no_ticket_that_was_reported(void **state)
{
    assert_nothing_lost(*state, &ledger);
}

/* The control. If this one finds nothing lost, the one above proves nothing. */
static void power_cut_without_a_sync_per_commit_loses_some(void **state)
{
    struct scene *scene = *state;
    uint64_t lost = 0;
    scene->pragmas = CHECKPOINT "PRAGMA synchronous = NORMAL";
    uint64_t steps = measure(scene, &ledger);
    for (uint64_t seed = 1; seed <= SEEDS && lost == 0; seed++)
        lost = run_seed(scene, &ledger, seed, steps);
    assert_true(lost > 0);
}

/* --- turns of a vault --- */

static struct vault *open_vault(struct scene *scene)
{
    struct vault *vault = NULL;
    int error = vault_open(open_db(scene, vault_schema()), scene->keys, NULL, &scene->note, &vault);
    if (error != OK)
        fail_msg("seed %" PRIu64 ": vault_open: %s: %s", scene->seed, err_name(error), scene->note.text);
    return vault;
}

/* Each turn: an item and its ladder, under the key of a case that four turns share. */
static void put_turn(struct vault *vault, uint64_t number)
{
    uint8_t id[KEY_UUID_BYTES] = {(uint8_t)(number / 4)};
    struct envelope_case_key owner = envelope_case_key("be-baken", false, id);
    struct slice key = slice_of(&number, sizeof number);
    vault_put(vault, VAULT_ITEM, key, &owner, key);
    vault_put(vault, VAULT_LADDER, key, number % 2 ? &owner : NULL, key);
    vault_flush(vault);
}

static void turns_live(struct scene *scene)
{
    const struct store_events events = {.on_commit = hear_commit, .ctx = scene};
    struct vault *vault = open_vault(scene);
    assert_int_equal(vault_start(vault, NULL, &events), OK);
    for (uint64_t i = 1; i <= PER_LIFE && !scene->disk.dead; i++) {
        put_turn(vault, scene->before + i);
        if (i == PER_LIFE || draw(&scene->disk.random, 3) != 0)
            assert_true(store_step(vault_store(vault)) > 0);
    }
    vault_close(vault);
}

struct turns {
    uint64_t count, highest;
};

static int count_turn(void *ctx, struct slice plain)
{
    struct turns *turns = ctx;
    uint64_t number;
    CHECK(plain.len == sizeof number);
    memcpy(&number, plain.data, sizeof number);
    turns->count++;
    turns->highest = number > turns->highest ? number : turns->highest;
    return OK;
}

/* Numbers are unique in a space, so as many as the highest of them means: all from 1. */
static uint64_t turns_find(struct scene *scene)
{
    struct turns items = {0}, ladders = {0};
    struct vault *vault = open_vault(scene);
    int error = vault_each(vault, VAULT_ITEM, count_turn, &items, &scene->note);
    if (error == OK)
        error = vault_each(vault, VAULT_LADDER, count_turn, &ladders, &scene->note);
    if (error != OK)
        fail_msg("seed %" PRIu64 ": %s: %s", scene->seed, err_name(error), scene->note.text);
    if (items.count != items.highest || ladders.count != ladders.highest || items.count != ladders.count)
        fail_msg("seed %" PRIu64 ": half a turn: %" PRIu64 " items up to %" PRIu64 ", %" PRIu64
                 " ladders up to %" PRIu64,
                 scene->seed, items.count, items.highest, ladders.count, ladders.highest);
    vault_close(vault);
    return items.count;
}

static const struct work turns = {turns_live, turns_find};

static void power_cut_leaves_each_turn_whole_or_not_at_all(void **state)
{
    assert_nothing_lost(*state, &turns);
}

#define POWER_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        POWER_TEST(power_cut_loses_no_ticket_that_was_reported),
        POWER_TEST(power_cut_without_a_sync_per_commit_loses_some),
        POWER_TEST(power_cut_leaves_each_turn_whole_or_not_at_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
