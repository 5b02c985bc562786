/* vault_key: the store's own key and name, in the file's meta table. The key leaves memory only under a member's wrap.
 */
#include <string.h>

#include "node/vault_inner.h"
#include "proto/seal.h"

static const char META_KEY[] = "storage_key", META_STORE[] = "store_id", META_RESTORED[] = "restored";

static int wrap_again(struct db *db, const struct key_store *key, const struct key_store *wrap)
{
    struct buf sealed;
    buf_init(&sealed);
    int result = seal_record(wrap, slice_text(META_KEY), slice_of(key->bytes, KEY_BYTES), &sealed);
    if (result == OK)
        result = db_meta_set(db, META_KEY, buf_slice(&sealed));
    buf_free(&sealed);
    return result;
}

static int unwrap_key(const struct key_store *wrap, struct slice sealed, struct key_store *key)
{
    struct buf plain;
    buf_init(&plain);
    int result = seal_unrecord(wrap, slice_text(META_KEY), sealed, &plain);
    if (result == OK && plain.len != KEY_BYTES)
        result = ERR_CRYPTO;
    if (result == OK)
        memcpy(key->bytes, plain.data, KEY_BYTES);
    if (plain.data != NULL)
        seal_wipe(plain.data, plain.len);
    buf_free(&plain);
    return result;
}

static int unwrap_with_previous(const struct key_set *previous, struct slice sealed, struct key_store *key)
{
    struct key_store old;
    int result = previous ? key_storage_wrap(previous, &old) : ERR_CRYPTO;
    if (result == OK)
        result = unwrap_key(&old, sealed, key);
    seal_wipe(&old, sizeof old);
    return result;
}

int vault_open_key(struct db *db, const struct key_set *keys, const struct key_set *previous, struct err_note *note,
                   struct key_store *key)
{
    struct key_store wrap;
    struct buf sealed;
    buf_init(&sealed);
    int result = key_storage_wrap(keys, &wrap);
    if (result == OK)
        result = db_meta_get(db, META_KEY, &sealed);
    if (result == ERR_NOT_FOUND) {
        seal_random(key->bytes, sizeof key->bytes);
        result = wrap_again(db, key, &wrap);
    } else if (result == OK && unwrap_key(&wrap, buf_slice(&sealed), key) != OK) {
        result = unwrap_with_previous(previous, buf_slice(&sealed), key);
        if (result == OK) /* the member has a new key file: it wraps the key from now on */
            result = wrap_again(db, key, &wrap);
        if (result != OK)
            err_set(note, result, "%s: was sealed under another key: name the key file before as previous_key",
                    db_path(db));
    }
    seal_wipe(&wrap, sizeof wrap);
    buf_free(&sealed);
    return result;
}

int vault_open_id(struct db *db, struct key_uuid *id, bool *ret_fresh)
{
    struct buf value, restored;
    buf_init(&value);
    buf_init(&restored);
    int had = db_meta_get(db, META_STORE, &value);
    bool was_restored = db_meta_get(db, META_RESTORED, &restored) == OK && restored.len == 1 && restored.data[0] == '1';
    int result = had == ERR_NOT_FOUND ? OK : had;
    if (had == OK && !was_restored && value.len == KEY_UUID_BYTES) {
        memcpy(id->bytes, value.data, KEY_UUID_BYTES);
    } else if (result == OK) {
        seal_random(id->bytes, KEY_UUID_BYTES);
        *ret_fresh = true;
        result = db_meta_set(db, META_STORE, slice_of(id->bytes, KEY_UUID_BYTES));
        if (result == OK && was_restored)
            result = db_meta_set(db, META_RESTORED, slice_text("0"));
    }
    buf_free(&value);
    buf_free(&restored);
    return result;
}
