/*
 * known - which devices and which addresses a user has logged in from before. Pure.
 *
 * A flood of logins, or of wrong passwords against one name, must not keep out who has been here before. A browser
 * keeps a cookie for each user who logged in with it: an id and an end, sealed with what the node keeps of the user's
 * password, so that it is worth nothing for another user, after another password, or when it was made elsewhere. It
 * lets nobody in: it only says in which queue a try waits, and against whom it counts. Addresses of successful logins
 * stand in a bounded table in memory; a restart forgets them.
 */
#ifndef NODE_KNOWN_H
#define NODE_KNOWN_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/key.h"

#define KNOWN_LIFE_US (INT64_C(90) * 24 * 3600 * 1000000)
#define KNOWN_ID_BYTES 16
/* Digits of the id, of the end, and of the seal. */
#define KNOWN_TEXT_MAX (2 * KNOWN_ID_BYTES + 16 + 2 * KEY_HASH_BYTES + 1)
#define KNOWN_COOKIE_MAX 32
#define KNOWN_PLACES 1024

struct known_place {
    uint64_t name; /* 0: free */
    int64_t at_us;
};

struct known_places {
    struct known_place rows[KNOWN_PLACES];
};

/* The cookie's name: one for each user, for a desk's browser is many people's. */
void known_cookie(const char *user, char name[KNOWN_COOKIE_MAX]);
/* The cookie's value. secret: KEY_BYTES that only this node has, and that go with the password. */
void known_device_text(const uint8_t secret[KEY_BYTES], const char *user, const uint8_t id[KNOWN_ID_BYTES],
                       int64_t until_us, char text[KNOWN_TEXT_MAX]);
/* Whether this text was made here, for this user and this password, and has not ended; *ret_id then. */
bool known_device(const uint8_t secret[KEY_BYTES], const char *user, const char *text, int64_t now_us,
                  uint8_t ret_id[KNOWN_ID_BYTES]);

/* This user logged in from this address now. When there is no room, whoever was here longest ago is forgotten. */
void known_place_add(struct known_places *places, const char *user, const char *address, int64_t now_us);
/* Whether he did within KNOWN_LIFE_US. */
bool known_place(const struct known_places *places, const char *user, const char *address, int64_t now_us);

#endif
