/*
 * card - what a member signs itself: its store id, encryption key and subscriptions.
 */
#ifndef PROTO_CARD_H
#define PROTO_CARD_H

#include "roster.h"

/* Parsed and verified. Owns nothing but `bytes` (a SignedCard), freed by card_done. */
struct card {
    uint64_t serial;
    char member[LIMIT_ID_CHARS + 1];
    struct key_uuid store_id;
    struct key_box encryption_key;
    struct key_id encryption_key_id;
    int64_t not_after_us;
    uint8_t subscriptions[LIMIT_COUNTRIES / 8]; /* bit country_index() */
    struct buf bytes;                           /* the SignedCard, to hand on */
};

/* What goes into a new card. */
struct card_draft {
    uint64_t serial;
    struct key_uuid store_id;
    struct key_box encryption_key;
    int64_t not_after_us;
    const char *const *subscriptions; /* ISO 3166-1 alpha-2 */
    size_t subscription_count;
    const char *software;
};

/* Signs and packs a card into ret_card. */
int card_make(const struct key_set *set, const struct card_draft *draft, struct card *ret_card) MUST_CHECK;
/* Verifies against the member's identity on the roster. ERR_MEMBER: not on it. *ret_index is its roster index. */
int card_verify(const Hotline__SignedCard *signed_card, const struct roster *roster, int64_t now_us,
                struct err_note *note, struct card *ret_card, size_t *ret_index) MUST_CHECK;
/* From stored SignedCard bytes: as card_verify. */
int card_load(struct slice signed_card, const struct roster *roster, int64_t now_us, struct card *ret_card,
              size_t *ret_index) MUST_CHECK;
/* A protobuf view of card->bytes for packing into a frame; points into the card. */
int card_view(const struct card *card, struct wire_arena *arena, Hotline__SignedCard **ret_view) MUST_CHECK;
bool card_subscribes(const struct card *card, int country);
void card_done(struct card *card);
/* The serial of a member's next card: max(own, seen at relays, now in seconds) + 1. */
uint64_t card_next_serial(uint64_t own, uint64_t seen, int64_t now_us);

#endif
