/* known: devices by their seal, addresses by a table. Keeps no name and no address: what is compared is hashed. */
#include "node/known.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/buf.h"
#include "proto/seal.h"

#define END_DIGITS 16
#define HEAD_DIGITS (2 * KNOWN_ID_BYTES + END_DIGITS)

void known_cookie(const char *user, char name[KNOWN_COOKIE_MAX])
{
    struct key_hash hash = seal_personal_hash("hotline devuser", slice_text(user));
    char digits[2 * 4 + 1];
    buf_hex(slice_of(hash.bytes, 4), digits);
    snprintf(name, KNOWN_COOKIE_MAX, "hotline_device_%s", digits);
}

/* Each part has one length: no two inputs are the same bytes. */
static void seal_of(const uint8_t secret[KEY_BYTES], const char *user, const char *head,
                    char digits[2 * KEY_HASH_BYTES + 1])
{
    struct key_store key;
    uint8_t bytes[KEY_HASH_BYTES + HEAD_DIGITS];
    struct key_hash name = seal_personal_hash("hotline devuser", slice_text(user));
    memcpy(key.bytes, secret, KEY_BYTES);
    memcpy(bytes, name.bytes, KEY_HASH_BYTES);
    memcpy(bytes + KEY_HASH_BYTES, head, HEAD_DIGITS);
    struct key_hash seal = seal_keyed_hash(&key, slice_of(bytes, sizeof bytes));
    buf_hex(slice_of(seal.bytes, KEY_HASH_BYTES), digits);
    seal_wipe(&key, sizeof key);
}

void known_device_text(const uint8_t secret[KEY_BYTES], const char *user, const uint8_t id[KNOWN_ID_BYTES],
                       int64_t until_us, char text[KNOWN_TEXT_MAX])
{
    char end[END_DIGITS + 1];
    buf_hex(slice_of(id, KNOWN_ID_BYTES), text);
    snprintf(end, sizeof end, "%016" PRIx64, (uint64_t)until_us);
    memcpy(text + 2 * KNOWN_ID_BYTES, end, sizeof end);
    seal_of(secret, user, text, text + HEAD_DIGITS);
}

static void read_id(const char *text, uint8_t ret_id[KNOWN_ID_BYTES])
{
    for (size_t i = 0; i < KNOWN_ID_BYTES; i++) {
        const char digits[3] = {text[2 * i], text[2 * i + 1], '\0'};
        ret_id[i] = (uint8_t)strtoul(digits, NULL, 16);
    }
}

bool known_device(const uint8_t secret[KEY_BYTES], const char *user, const char *text, int64_t now_us,
                  uint8_t ret_id[KNOWN_ID_BYTES])
{
    char end[END_DIGITS + 1] = "", seal[2 * KEY_HASH_BYTES + 1];
    if (strlen(text) != KNOWN_TEXT_MAX - 1 || strspn(text, "0123456789abcdef") != KNOWN_TEXT_MAX - 1)
        return false;
    seal_of(secret, user, text, seal);
    memcpy(end, text + 2 * KNOWN_ID_BYTES, END_DIGITS);
    uint64_t until_us = strtoull(end, NULL, 16);
    if (!seal_equal(seal, text + HEAD_DIGITS, sizeof seal - 1) || now_us < 0 || (uint64_t)now_us >= until_us)
        return false;
    read_id(text, ret_id);
    return true;
}

/* ---- addresses ---- */

static uint64_t place_of(const char *user, const char *address)
{
    struct key_hash name = seal_personal_hash("hotline place", slice_text(user));
    struct key_hash hash = seal_hash2(slice_of(name.bytes, KEY_HASH_BYTES), slice_text(address));
    uint64_t number;
    memcpy(&number, hash.bytes, sizeof number);
    return number != 0 ? number : 1;
}

void known_place_add(struct known_places *places, const char *user, const char *address, int64_t now_us)
{
    uint64_t name = place_of(user, address);
    struct known_place *oldest = &places->rows[0];
    for (size_t i = 0; i < KNOWN_PLACES; i++) {
        if (places->rows[i].name == name) {
            places->rows[i].at_us = now_us;
            return;
        }
        if (oldest->name != 0 && (places->rows[i].name == 0 || places->rows[i].at_us < oldest->at_us))
            oldest = &places->rows[i];
    }
    *oldest = (struct known_place){.name = name, .at_us = now_us};
}

bool known_place(const struct known_places *places, const char *user, const char *address, int64_t now_us)
{
    uint64_t name = place_of(user, address);
    for (size_t i = 0; i < KNOWN_PLACES; i++)
        if (places->rows[i].name == name)
            return now_us - places->rows[i].at_us < KNOWN_LIFE_US;
    return false;
}
