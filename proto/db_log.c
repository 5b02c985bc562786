/*
 * db_log: whether a write-ahead log that a crash left says all that was committed. SQLite reads it up to the first
 * frame whose sum is wrong and forgets the rest in silence: right after a power cut, which tears the last commit and no
 * other, since each was synced before the next began; and the loss of every commit behind it when one bit has flipped.
 * The two are told apart here. Reads through SQLite's own file, never by hand (db_inner.h says why), and changes
 * nothing.
 *
 * A frame's sum goes on from that of the frame before, so that each can be checked against its neighbour alone. Behind
 * the first wrong frame, frames that follow on each other are what one writer wrote in one go; the remains of a torn
 * commit, and of older ones below it, have one commit mark in a row at most. Two are two commits that were synced.
 *
 * Format: https://www.sqlite.org/fileformat2.html, section 4. Numbers are big-endian; sums add words of the order that
 * the magic number says.
 */
#include "db_inner.h"

#define HEADER_BYTES 32
#define HEADER_SUMMED 24
#define FRAME_HEADER_BYTES 24
#define FRAME_SUMMED 8 /* of its header; then the page */
#define SALT_BYTES 8
#define MAGIC UINT32_C(0x377f0682) /* its last bit: the sums' words are big-endian */
#define PAGE_LEAST 512
#define PAGE_MOST 65536

struct sum {
    uint32_t first, second;
};

struct log {
    sqlite3_file *file;
    sqlite3_int64 size;
    uint8_t header[HEADER_BYTES];
    uint32_t page_bytes;
    bool big_endian;
    uint8_t *frame; /* FRAME_HEADER_BYTES and a page */
};

/* What was met so far. */
struct walk {
    struct sum last;      /* as the frame before says it */
    uint32_t first_wrong; /* number of a frame, from 1; 0: none yet */
    unsigned commits;     /* marks in the present row of frames behind it */
};

static uint32_t big(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static uint32_t little(const uint8_t *at)
{
    return (uint32_t)at[3] << 24 | (uint32_t)at[2] << 16 | (uint32_t)at[1] << 8 | at[0];
}

/* len is a multiple of 8. */
static struct sum add(struct sum sum, const uint8_t *bytes, size_t len, bool big_endian)
{
    for (size_t i = 0; i < len; i += 8) {
        sum.first += (big_endian ? big(bytes + i) : little(bytes + i)) + sum.second;
        sum.second += (big_endian ? big(bytes + i + 4) : little(bytes + i + 4)) + sum.first;
    }
    return sum;
}

static struct sum stored(const uint8_t *at)
{
    return (struct sum){big(at), big(at + 4)};
}

static bool is_same(struct sum a, struct sum b)
{
    return a.first == b.first && a.second == b.second;
}

static bool is_sound(struct log *log)
{
    uint32_t magic = big(log->header);
    log->page_bytes = big(log->header + 8);
    log->big_endian = magic & 1;
    bool fits =
        log->page_bytes >= PAGE_LEAST && log->page_bytes <= PAGE_MOST && (log->page_bytes & (log->page_bytes - 1)) == 0;
    return (magic & ~UINT32_C(1)) == MAGIC && fits &&
        is_same(add((struct sum){0}, log->header, HEADER_SUMMED, log->big_endian), stored(log->header + HEADER_SUMMED));
}

/* True when this frame shows that a commit was synced behind the first wrong one. */
static bool shows_loss(const struct log *log, struct walk *walk, uint32_t number)
{
    const uint8_t *frame = log->frame;
    struct sum sum = add(walk->last, frame, FRAME_SUMMED, log->big_endian);
    sum = add(sum, frame + FRAME_HEADER_BYTES, log->page_bytes, log->big_endian);
    bool follows =
        memcmp(frame + 8, log->header + 16, SALT_BYTES) == 0 && big(frame) != 0 && is_same(sum, stored(frame + 16));
    walk->last = stored(frame + 16);
    if (!follows) {
        walk->first_wrong = walk->first_wrong != 0 ? walk->first_wrong : number;
        walk->commits = 0;
        return false;
    }
    bool is_commit = big(frame + 4) != 0;
    walk->commits += is_commit && walk->first_wrong != 0;
    return walk->commits == 2;
}

/* SQLite's result; *ret_wrong is the frame behind which commits are lost, 0 when none are. */
static int walk_frames(struct log *log, uint32_t *ret_wrong)
{
    struct walk walk = {.last = stored(log->header + HEADER_SUMMED)};
    sqlite3_int64 frame_bytes = FRAME_HEADER_BYTES + (sqlite3_int64)log->page_bytes;
    sqlite3_int64 count = (log->size - HEADER_BYTES) / frame_bytes;
    *ret_wrong = 0;
    for (sqlite3_int64 i = 0; i < count && *ret_wrong == 0; i++) {
        int result =
            log->file->pMethods->xRead(log->file, log->frame, (int)frame_bytes, HEADER_BYTES + i * frame_bytes);
        if (result != SQLITE_OK)
            return result;
        if (shows_loss(log, &walk, (uint32_t)i + 1))
            *ret_wrong = walk.first_wrong;
    }
    return SQLITE_OK;
}

static int check(struct log *log, const char *path, struct err_note *note)
{
    static const uint8_t never_synced[HEADER_BYTES];
    uint32_t wrong;
    if (!is_sound(log)) {
        if (memcmp(log->header, never_synced, HEADER_BYTES) == 0)
            return OK;
        return err_set(note, ERR_CORRUPT,
                       "%s-wal: damaged at its begin: what it says would be lost: move both files "
                       "away and restore a backup",
                       path);
    }
    log->frame = malloc(FRAME_HEADER_BYTES + (size_t)log->page_bytes);
    int result = log->frame != NULL ? walk_frames(log, &wrong) : SQLITE_NOMEM;
    free(log->frame);
    if (result != SQLITE_OK)
        return db_fail(NULL, result, path, note);
    if (wrong == 0)
        return OK;
    return err_set(note, ERR_CORRUPT,
                   "%s-wal: damaged at frame %u: what was committed after it would be lost: move both "
                   "files away and restore a backup",
                   path, (unsigned)wrong);
}

int db_check_log(sqlite3 *handle, const char *path, struct err_note *note)
{
    struct log log = {0};
    int result = sqlite3_file_control(handle, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log.file);
    if (result != SQLITE_OK || log.file->pMethods == NULL)
        return db_error_of(handle, result);
    result = log.file->pMethods->xFileSize(log.file, &log.size);
    if (result == SQLITE_OK && log.size < HEADER_BYTES + FRAME_HEADER_BYTES + PAGE_LEAST)
        return OK;
    if (result == SQLITE_OK)
        result = log.file->pMethods->xRead(log.file, log.header, HEADER_BYTES, 0);
    int error = result == SQLITE_OK ? check(&log, path, note) : db_fail(NULL, result, path, note);
    if (error == ERR_CORRUPT) /* closing would move what was read of it into the file and take the rest away */
        sqlite3_db_config(handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    return error;
}
