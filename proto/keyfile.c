/*
 * keyfile: key sets in files. A file is written whole or not at all, never over another, and never read when others
 * could have read it. Secrets pass through guarded memory, or through memory that does not move and is wiped.
 */
#include "keyfile.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "seal.h"
#include "utf8.h"

static const char *const kind_names[] = {"", "member", "relay", "authority"};

/* --- files --- */

static int io_error(struct err_note *note, const char *doing, const char *path)
{
    int error = errno == ENOSPC || errno == EDQUOT ? ERR_DISK_FULL :
        errno == ENOENT                            ? ERR_NOT_FOUND :
        errno == EEXIST                            ? ERR_EXISTS :
        errno == EACCES || errno == EPERM          ? ERR_PERMISSION :
                                                     ERR_IO;
    return err_set(note, error, "%s: cannot %s: %s", path, doing, strerror(errno));
}

static int write_all(int fd, struct slice rest)
{
    while (rest.len > 0) {
        ssize_t wrote = write(fd, rest.data, rest.len);
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote <= 0)
            return ERR_IO;
        rest.data += wrote;
        rest.len -= (size_t)wrote;
    }
    return OK;
}

static void sync_folder_of(const char *path)
{
    char copy[4096];
    if (snprintf(copy, sizeof copy, "%s", path) >= (int)sizeof copy)
        return;
    int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return;
    (void)!fsync(fd); /* some file systems refuse to sync a folder; the file itself is synced */
    close(fd);
}

/* Opens with O_EXCL, writes, syncs; removes what it began when it fails. */
static int write_new(const char *path, struct slice content, mode_t mode, struct err_note *note)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
    if (fd < 0)
        return io_error(note, "create it", path);
    int result = OK;
    if (fchmod(fd, mode) != 0 || write_all(fd, content) != OK || fsync(fd) != 0)
        result = io_error(note, "write it", path);
    if (close(fd) != 0 && result == OK)
        result = io_error(note, "write it", path);
    if (result != OK)
        unlink(path);
    else
        sync_folder_of(path);
    return result;
}

int keyfile_replace(const char *path, struct slice content, unsigned mode, struct err_note *note)
{
    char temporary[4096];
    if (snprintf(temporary, sizeof temporary, "%s.%ld.new", path, (long)getpid()) >= (int)sizeof temporary)
        return err_set(note, ERR_LIMIT, "%s: the path is too long", path);
    unlink(temporary);
    int result = write_new(temporary, content, (mode_t)mode, note);
    if (result != OK)
        return result;
    if (rename(temporary, path) != 0) {
        result = io_error(note, "replace it", path);
        unlink(temporary);
        return result;
    }
    sync_folder_of(path);
    return OK;
}

/* A whole file or none under this name, never over another: also when the disk or the power fails in between. */
static int write_whole_new(const char *path, struct slice content, mode_t mode, struct err_note *note)
{
    char temporary[4096];
    if (snprintf(temporary, sizeof temporary, "%s.%ld.new", path, (long)getpid()) >= (int)sizeof temporary)
        return err_set(note, ERR_LIMIT, "%s: the path is too long", path);
    unlink(temporary);
    int result = write_new(temporary, content, mode, note);
    if (result != OK)
        return result;
    if (link(temporary, path) != 0) {
        bool never = errno == EPERM || errno == EOPNOTSUPP || errno == ENOSYS; /* a file system without links */
        result = never ? write_new(path, content, mode, note) : io_error(note, "create it", path);
    }
    unlink(temporary);
    if (result == OK)
        sync_folder_of(path);
    return result;
}

static int read_all(int fd, size_t max_bytes, struct buf *out)
{
    for (;;) {
        uint8_t *room = buf_reserve(out, max_bytes + 1 - out->len);
        if (room == NULL)
            return ERR_NOMEM;
        ssize_t got = read(fd, room, max_bytes + 1 - out->len);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return ERR_IO;
        if (got == 0)
            return OK;
        buf_grew(out, (size_t)got);
        if (out->len > max_bytes)
            return ERR_LIMIT;
    }
}

int keyfile_slurp(const char *path, size_t max_bytes, struct buf *ret_buf, struct err_note *note)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return io_error(note, "open it", path);
    struct buf content;
    buf_init(&content);
    int result = read_all(fd, max_bytes, &content);
    close(fd);
    if (result == ERR_LIMIT)
        err_set(note, result, "%s: larger than %zu bytes", path, max_bytes);
    else if (result != OK)
        io_error(note, "read it", path);
    if (result == OK) {
        buf_add_slice(ret_buf, buf_slice(&content));
        result = buf_broken(ret_buf) ? ERR_NOMEM : OK;
    }
    buf_free(&content);
    return result;
}

/* A file with a secret, into guarded memory of max_bytes + 1 (NUL-ended). */
static int slurp_secret(const char *path, size_t max_bytes, char *room, struct err_note *note)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK); /* a pipe must not hold us up before fstat */
    if (fd < 0)
        return io_error(note, "open it", path);
    struct stat facts;
    size_t used = 0;
    int result = OK;
    if (fstat(fd, &facts) != 0 || !S_ISREG(facts.st_mode)) {
        result = err_set(note, ERR_INVALID, "%s: not a regular file", path);
    } else if (facts.st_mode & 077) {
        result = err_set(note, ERR_PERMISSION, "%s: mode %04o lets others read this secret; run: chmod 600 %s", path,
                         (unsigned)(facts.st_mode & 07777), path);
    } else if ((size_t)facts.st_size > max_bytes) {
        result = err_set(note, ERR_LIMIT, "%s: larger than %zu bytes", path, max_bytes);
    }
    while (result == OK && used < max_bytes) {
        ssize_t got = read(fd, room + used, max_bytes - used);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            result = io_error(note, "read it", path);
        if (got <= 0)
            break;
        used += (size_t)got;
    }
    close(fd);
    room[used] = '\0';
    if (result == OK && strlen(room) != used)
        result = err_set(note, ERR_SYNTAX, "%s: holds a NUL byte", path);
    return result;
}

int keyfile_passphrase_from(const char *path, char *room, size_t size, struct err_note *note)
{
    char *text = sodium_malloc(LIMIT_PASSPHRASE_BYTES + 1);
    if (text == NULL)
        return ERR_NOMEM;
    int result = slurp_secret(path, LIMIT_PASSPHRASE_BYTES, text, note);
    if (result == OK) {
        size_t len = strcspn(text, "\r\n");
        if (len == 0 || len >= size)
            result = err_set(note, ERR_PASSPHRASE, "%s: its first line is empty or too long for a passphrase", path);
        else
            snprintf(room, size, "%.*s", (int)len, text);
    }
    sodium_free(text);
    return result;
}

/* --- writing --- */

/* What could not be read again must not be written: the file would be lost with its key. */
static int check_head(const char *path, const struct key_set *set, struct err_note *note)
{
    CHECK(set->kind >= KEY_MEMBER && set->kind <= KEY_AUTHORITY);
    if (!key_name_ok(set->id))
        return err_set(note, ERR_INVALID, "%s: id: only lowercase letters, digits and dashes, at most %d", path,
                       LIMIT_ID_CHARS);
    const char *texts[] = {set->country, set->name};
    for (size_t i = 0; i < 2; i++) {
        struct slice rest = slice_text(texts[i]);
        while (rest.len > 0) {
            size_t len;
            int32_t point = utf8_next(rest, &len);
            if (point < ' ' || utf8_is_control(point))
                return err_set(note, ERR_INVALID, "%s: %s: not UTF-8, or holds a control character", path,
                               i ? "name" : "country");
            rest = slice_of(rest.data + len, rest.len - len);
        }
    }
    return OK;
}

static void add_head(struct buf *text, const struct key_set *set)
{
    buf_printf(text, "hotline-key 1\nkind %s\nid %s\ncountry %s\nname %s\ngeneration %" PRIu32 "\n",
               kind_names[set->kind], set->id, set->country[0] ? set->country : "-", set->name[0] ? set->name : "-",
               set->generation);
}

static void add_hex(struct buf *text, struct slice bytes)
{
    uint8_t *room = buf_reserve(text, 2 * bytes.len);
    if (room == NULL)
        return;
    buf_hex(bytes, (char *)room);
    buf_grew(text, 2 * bytes.len);
}

static int add_locked(struct buf *text, const struct key_set *set, const char *passphrase)
{
    struct seal_argon argon = seal_argon_default();
    uint8_t nonce[SEAL_NONCE_BYTES], key[KEY_BYTES], sealed[KEY_BYTES + SEAL_TAG_BYTES];
    seal_random(nonce, sizeof nonce);
    buf_printf(text, "lock argon2id13 %" PRIu32 " %" PRIu64 " ", argon.operations, argon.memory_bytes);
    add_hex(text, slice_of(argon.salt, sizeof argon.salt));
    buf_add_u8(text, ' ');
    add_hex(text, slice_of(nonce, sizeof nonce));
    buf_add_u8(text, '\n');
    int result = buf_broken(text) ? ERR_NOMEM : seal_passphrase_key(passphrase, &argon, key);
    if (result == OK)
        result = seal_encrypt(key, nonce, buf_slice(text), slice_of(set->master.bytes, KEY_BYTES), sealed);
    seal_wipe(key, sizeof key);
    if (result == OK) {
        buf_add_text(text, "secret ");
        add_hex(text, slice_of(sealed, sizeof sealed));
        buf_add_u8(text, '\n');
    }
    return result;
}

int keyfile_write(const char *path, const struct key_set *set, const char *passphrase, struct err_note *note)
{
    struct buf text;
    int result = check_head(path, set, note);
    if (result != OK)
        return result;
    buf_init(&text);
    buf_reserve(&text,
                LIMIT_KEYFILE_BYTES); /* never moved afterwards: growing would leave the secret in freed memory */
    add_head(&text, set);
    if (passphrase != NULL) {
        result = add_locked(&text, set, passphrase);
    } else {
        buf_add_text(&text, "lock none\nsecret ");
        add_hex(&text, slice_of(set->master.bytes, KEY_BYTES));
        buf_add_u8(&text, '\n');
    }
    if (result == OK && buf_broken(&text))
        result = ERR_NOMEM;
    if (result == OK)
        result = write_whole_new(path, buf_slice(&text), 0600, note);
    else
        err_set(note, result, "%s: %s", path, err_text(result));
    if (text.data != NULL)
        seal_wipe(text.data, text.capacity);
    buf_free(&text);
    return result;
}

/* --- reading --- */

struct reader {
    char *at; /* the next line */
    int line;
    const char *path;
    struct err_note *note;
};

static int bad_line(struct reader *reader, const char *what)
{
    return err_set(reader->note, ERR_SYNTAX, "%s:%d: %s; is this a key file?", reader->path, reader->line, what);
}

/* The value of the line that must begin with `name `; the line is ended in place. */
static int take_line(struct reader *reader, const char *name, char **ret_value)
{
    reader->line++;
    size_t len = strlen(name);
    char *end = strchr(reader->at, '\n');
    if (end == NULL || strncmp(reader->at, name, len) != 0 || reader->at[len] != ' ') {
        char what[64];
        snprintf(what, sizeof what, "expected a line \"%s ...\"", name);
        return bad_line(reader, what);
    }
    *ret_value = reader->at + len + 1;
    *end = '\0';
    reader->at = end + 1;
    return OK;
}

static int copy_value(struct reader *reader, const char *value, char *room, size_t size)
{
    if (strcmp(value, "-") == 0)
        value = "";
    return snprintf(room, size, "%s", value) < (int)size ? OK : bad_line(reader, "the value is too long");
}

static int kind_from(struct reader *reader, const char *value, enum key_kind *ret_kind)
{
    for (int kind = KEY_MEMBER; kind <= KEY_AUTHORITY; kind++) {
        if (strcmp(value, kind_names[kind]) == 0) {
            *ret_kind = (enum key_kind)kind;
            return OK;
        }
    }
    return bad_line(reader, "the kind is none of member, relay, authority");
}

static int read_head(struct reader *reader, struct key_set *set)
{
    char *value;
    int result = take_line(reader, "hotline-key", &value);
    if (result != OK)
        return result;
    if (strcmp(value, "1") != 0)
        return err_set(reader->note, ERR_NEWER, "%s:1: key file version %s; this software reads version 1",
                       reader->path, value);
    if ((result = take_line(reader, "kind", &value)) != OK || (result = kind_from(reader, value, &set->kind)) != OK)
        return result;
    if ((result = take_line(reader, "id", &value)) != OK ||
        (result = copy_value(reader, value, set->id, sizeof set->id)) != OK)
        return result;
    if (!key_name_ok(set->id))
        return bad_line(reader, "the id is not of lowercase letters, digits and dashes");
    if ((result = take_line(reader, "country", &value)) != OK ||
        (result = copy_value(reader, value, set->country, sizeof set->country)) != OK)
        return result;
    if ((result = take_line(reader, "name", &value)) != OK ||
        (result = copy_value(reader, value, set->name, sizeof set->name)) != OK)
        return result;
    if ((result = take_line(reader, "generation", &value)) != OK)
        return result;
    char *end;
    unsigned long generation = strtoul(value, &end, 10);
    if (*end != '\0' || generation < 1 || generation > 1000000)
        return bad_line(reader, "the generation is not a number from 1");
    set->generation = (uint32_t)generation;
    return OK;
}

struct lock {
    bool locked;
    struct seal_argon argon;
    uint8_t nonce[SEAL_NONCE_BYTES];
};

static int read_lock(struct reader *reader, struct lock *ret_lock)
{
    char *value;
    int result = take_line(reader, "lock", &value);
    if (result != OK)
        return result;
    *ret_lock = (struct lock){0};
    if (strcmp(value, "none") == 0)
        return OK;
    char salt[33], nonce[2 * SEAL_NONCE_BYTES + 1];
    int used = 0;
    if (sscanf(value, "argon2id13 %" SCNu32 " %" SCNu64 " %32[0-9a-f] %48[0-9a-f]%n", &ret_lock->argon.operations,
               &ret_lock->argon.memory_bytes, salt, nonce, &used) != 4 ||
        value[used] != '\0' || buf_unhex(salt, ret_lock->argon.salt, sizeof ret_lock->argon.salt) != OK ||
        buf_unhex(nonce, ret_lock->nonce, sizeof ret_lock->nonce) != OK)
        return bad_line(reader, "the lock is neither \"none\" nor \"argon2id13 ...\"");
    ret_lock->locked = true;
    return OK;
}

static int unlock_master(struct reader *reader, const struct lock *lock, struct slice head, const char *hex,
                         const char *passphrase, struct key_set *set)
{
    uint8_t sealed[KEY_BYTES + SEAL_TAG_BYTES], key[KEY_BYTES];
    if (buf_unhex(hex, sealed, sizeof sealed) != OK)
        return bad_line(reader, "the secret has a wrong length");
    int result = seal_passphrase_key(passphrase, &lock->argon, key);
    if (result != OK)
        return err_set(reader->note, result, "%s: the passphrase cannot be tried: %s", reader->path, err_text(result));
    if (seal_decrypt(key, lock->nonce, head, slice_of(sealed, sizeof sealed), set->master.bytes) != OK)
        result = err_set(reader->note, ERR_PASSPHRASE, "%s: wrong passphrase, or the file was changed", reader->path);
    seal_wipe(key, sizeof key);
    return result;
}

static int ask_and_unlock(struct reader *reader, const struct lock *lock, struct slice head, const char *hex,
                          keyfile_ask ask, void *ctx, struct key_set *set)
{
    char *passphrase = sodium_malloc(LIMIT_PASSPHRASE_BYTES + 1);
    if (passphrase == NULL)
        return ERR_NOMEM;
    passphrase[0] = '\0';
    int result = ask == NULL ? ERR_PASSPHRASE : ask(ctx, reader->path, passphrase, LIMIT_PASSPHRASE_BYTES + 1);
    if (result != OK)
        err_set(reader->note, result, "%s: is locked with a passphrase and there is nobody to ask", reader->path);
    else
        result = unlock_master(reader, lock, head, hex, passphrase, set);
    sodium_free(passphrase);
    return result;
}

/* `text` is the file in guarded memory, `original` a second copy that parsing does not cut up. */
static int parse(struct reader *reader, const char *original, keyfile_ask ask, void *ctx, struct key_set *set)
{
    struct lock lock;
    int result = read_head(reader, set);
    if (result == OK)
        result = read_lock(reader, &lock);
    if (result != OK)
        return result;
    const char *start = original;
    for (int i = 0; i < reader->line; i++)
        start = strchr(start, '\n') + 1;
    struct slice head = slice_of(original, (size_t)(start - original));
    char *hex;
    if ((result = take_line(reader, "secret", &hex)) != OK)
        return result;
    if (*reader->at != '\0')
        return bad_line(reader, "something follows the secret");
    if (lock.locked)
        result = ask_and_unlock(reader, &lock, head, hex, ask, ctx, set);
    else if (buf_unhex(hex, set->master.bytes, sizeof set->master.bytes) != OK)
        result = bad_line(reader, "the secret is not 64 hexadecimal digits");
    return result == OK ? key_set_derive(set) : result;
}

int keyfile_read(const char *path, keyfile_ask ask, void *ctx, struct err_note *note, struct key_set **ret_set)
{
    char *text = sodium_malloc(LIMIT_KEYFILE_BYTES + 1), *original = sodium_malloc(LIMIT_KEYFILE_BYTES + 1);
    struct key_set *set = key_set_new();
    int result = text && original && set ? slurp_secret(path, LIMIT_KEYFILE_BYTES, text, note) : ERR_NOMEM;
    if (result == OK) {
        memcpy(original, text, LIMIT_KEYFILE_BYTES + 1);
        struct reader reader = {.at = text, .path = path, .note = note};
        result = parse(&reader, original, ask, ctx, set);
    }
    if (text)
        sodium_free(text);
    if (original)
        sodium_free(original);
    if (result == OK)
        *ret_set = set;
    else
        key_set_free(set);
    return result;
}

int keyfile_is_locked(const char *path, struct err_note *note, bool *ret_locked)
{
    char *text = sodium_malloc(LIMIT_KEYFILE_BYTES + 1);
    if (text == NULL)
        return ERR_NOMEM;
    int result = slurp_secret(path, LIMIT_KEYFILE_BYTES, text, note);
    if (result == OK)
        *ret_locked = strstr(text, "\nlock none\n") == NULL;
    sodium_free(text);
    return result;
}
