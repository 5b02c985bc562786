/*
 * directory - who there is and how to reach them: the roster in force, everybody's cards, this member's own encryption
 * keys, the routing index, the cache of pair keys, and what relays say of who is connected.
 */
#ifndef NODE_DIRECTORY_H
#define NODE_DIRECTORY_H

#include "node/succession.h"
#include "node/vault.h"
#include "proto/card.h"
#include "proto/lookup.h"
#include "proto/receipt.h"
#include "proto/route.h"

/* Per member of the roster, by its index. */
struct directory_member {
    bool has_card;
    struct card card;
    bool connected; /* this and what follows: unsigned words of relays */
    uint32_t armed_consoles;
    char duty_languages[8][LIMIT_LANGUAGE_CHARS + 1];
    size_t duty_language_count;
};

/* One of this member's own encryption keys. Kept in guarded memory. */
struct directory_key {
    struct key_id id;
    struct key_box public_key;
    struct key_box_secret secret;
    int64_t made_at_us, not_after_us, replaced_at_us;
};

/* The sending pair of one week, derived from the master. Kept in guarded memory. */
struct directory_sending {
    bool known;
    int64_t week;
    struct key_box public_key;
    struct key_box_secret secret;
};

struct directory {
    struct key_set *keys; /* borrowed; its generation follows the roster */
    struct vault *vault;
    struct roster *roster;            /* in force; owned */
    struct succession succession;     /* it, and those before it that others may need to follow */
    size_t self;                      /* index, or ROSTER_NONE */
    struct directory_member *members; /* roster_member_count */
    struct route_index *index;
    struct directory_key *own; /* guarded; newest last */
    size_t own_count;
    struct card own_card; /* newest */
    bool has_own_card;
    bool card_is_stale;                    /* signed by an identity key that the roster has replaced */
    bool locked_out;                       /* the roster names keys that this master never had */
    uint64_t own_card_ticket;              /* of its record and its key's */
    bool is_seeded;                        /* the roster is the configured file's: not in the vault yet */
    uint64_t seed_replaced;                /* version in the vault that nobody needs after it; 0 none */
    uint64_t own_serial_seen;              /* highest valid serial of an own card at any relay ... */
    uint8_t own_seen[LIMIT_COUNTRIES / 8]; /* ... and its subscriptions: an empty store begins with them */
    struct directory_sending *sending;
    struct lookup pairs; /* cache: (their key, our key) -> pair key */
};

/* Fills an empty directory from the vault, then from the seed (a SignedRoster; ignored when older than the store's).
 * ERR_MEMBER: no roster names this member with this key. */
int directory_open(struct directory *directory, struct vault *vault, struct key_set *keys,
                   const struct roster_trust *trust, struct slice seed, int64_t now_us,
                   struct err_note *note) MUST_CHECK;
void directory_done(struct directory *directory);
/* After vault_start: puts a roster that came as the seed into the vault, so that no older one is ever believed again.
 */
void directory_keep_seed(struct directory *directory);

/* A roster from a relay or a file: follows the chain, saves, rebuilds. ERR_* of roster_follow. */
int directory_follow(struct directory *directory, struct slice signed_roster, int64_t now_us,
                     struct err_note *note) MUST_CHECK;
/* Another member's card: verified, kept when its serial is higher, saved. *ret_changed: it was. */
int directory_card(struct directory *directory, const Hotline__SignedCard *card, int64_t now_us,
                   bool *ret_changed) MUST_CHECK;

/* Makes and saves the next card of our own: subscriptions as given, the newest encryption key (a fresh one when there
 * is none or it is past its life). */
int directory_new_card(struct directory *directory, const uint8_t subscriptions[LIMIT_COUNTRIES / 8],
                       int64_t key_life_us, int64_t now_us, struct err_note *note) MUST_CHECK;
/* A relay has our newest card on its disk: the keys before it may be counted out. */
void directory_card_taken(struct directory *directory, struct receipt_name name, int64_t now_us);
bool directory_card_is_due(const struct directory *directory, int64_t now_us);

/* This member on the roster in force; NULL when it is not on it. */
const Hotline__Member *directory_self(const struct directory *directory);
/* This member's; WITHDRAWN when it is not on the roster. */
Hotline__Standing__Code directory_standing(const struct directory *directory, int64_t now_us);
/* The public half of our sending key of the week of at_us: for a header. */
int directory_sending(struct directory *directory, int64_t at_us, struct key_box *ret_public) MUST_CHECK;
/* The pair key between our sending key of the week of at_us and a recipient's key. */
int directory_pair_out(struct directory *directory, int64_t at_us, const struct key_box *theirs,
                       struct key_pair *ret_pair) MUST_CHECK;
/* The pair key between a sender's sending key and the own encryption key with this id. ERR_NOT_FOUND: no such key here.
 */
int directory_pair_in(struct directory *directory, const struct key_box *sending, struct key_id own,
                      struct key_pair *ret_pair) MUST_CHECK;

#endif
