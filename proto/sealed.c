/* sealed: the frame of a file of envelopes. Opens and verifies no envelope: whoever reads it must. */
#include "sealed.h"

#include <string.h>

#include "limits.h"
#include "seal.h"

#define MAGIC "hotline-sealed "
#define DIGITS (2 * KEY_HASH_BYTES)
/* "hotline-sealed 1 DIGITS\n" */
#define HEAD_BYTES (sizeof MAGIC - 1 + 2 + DIGITS + 1)

int sealed_write(Hotline__SealedFile *file, struct err_note *note, struct buf *out)
{
    struct buf packed;
    char digits[DIGITS + 1];
    WIRE_SET(file, version, SEALED_VERSION);
    if (file->n_envelopes > LIMIT_SEALED_ENVELOPES)
        return err_set(note, ERR_LIMIT, "%zu envelopes for one file; the limit is %d", file->n_envelopes,
                       LIMIT_SEALED_ENVELOPES);
    buf_init(&packed);
    wire_pack(&file->base, &packed);
    int result = buf_broken(&packed) ? ERR_NOMEM : OK;
    if (result == OK && packed.len + HEAD_BYTES > LIMIT_SEALED_BYTES)
        result = err_set(note, ERR_LIMIT, "the file would have %zu bytes; the limit is %d", packed.len + HEAD_BYTES,
                         LIMIT_SEALED_BYTES);
    if (result == OK) {
        struct key_hash hash = seal_hash(buf_slice(&packed));
        buf_hex(slice_of(hash.bytes, KEY_HASH_BYTES), digits);
        buf_printf(out, MAGIC "%d %s\n", SEALED_VERSION, digits);
        buf_add_slice(out, buf_slice(&packed));
        result = buf_broken(out) ? ERR_NOMEM : OK;
    }
    buf_free(&packed);
    return result;
}

/* The first line, strictly; *ret_packed is what follows it. */
static int read_head(struct slice bytes, struct err_note *note, struct slice *ret_packed)
{
    const size_t magic = sizeof MAGIC - 1;
    if (bytes.len < magic || memcmp(bytes.data, MAGIC, magic) != 0)
        return err_set(note, ERR_SYNTAX,
                       "this is not a file of sealed envelopes: it does not begin with \"" MAGIC "\"");
    if (bytes.len < HEAD_BYTES)
        return err_set(note, ERR_SYNTAX, "the file is cut within its first line");
    if (bytes.data[magic] != '0' + SEALED_VERSION || bytes.data[magic + 1] != ' ')
        return err_set(note, ERR_UNKNOWN, "the file is of another version than %d, which is read here", SEALED_VERSION);
    if (bytes.data[HEAD_BYTES - 1] != '\n')
        return err_set(note, ERR_SYNTAX, "the file's first line is damaged");
    *ret_packed = slice_of(bytes.data + HEAD_BYTES, bytes.len - HEAD_BYTES);
    return OK;
}

int sealed_read(struct slice bytes, struct wire_arena *arena, struct err_note *note,
                const Hotline__SealedFile **ret_file)
{
    struct slice packed;
    char digits[DIGITS + 1];
    ProtobufCMessage *message;
    if (bytes.len > LIMIT_SEALED_BYTES)
        return err_set(note, ERR_LIMIT, "the file has %zu bytes; the limit is %d", bytes.len, LIMIT_SEALED_BYTES);
    int result = read_head(bytes, note, &packed);
    if (result != OK)
        return result;
    struct key_hash hash = seal_hash(packed);
    buf_hex(slice_of(hash.bytes, KEY_HASH_BYTES), digits);
    if (memcmp(digits, bytes.data + HEAD_BYTES - 1 - DIGITS, DIGITS) != 0)
        return err_set(note, ERR_SYNTAX,
                       "the file is cut or damaged: its contents are not those that its first line names");
    result = wire_unpack(&hotline__sealed_file__descriptor, packed, arena, note, &message);
    if (result != OK)
        return result;
    const Hotline__SealedFile *file = (const Hotline__SealedFile *)message;
    if (file->version != SEALED_VERSION)
        return err_set(note, ERR_UNKNOWN, "the file says version %u; version %d is read here", (unsigned)file->version,
                       SEALED_VERSION);
    *ret_file = file;
    return OK;
}
