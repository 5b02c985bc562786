/* card: makes, verifies and keeps signed cards. Never believes a card that its member's identity on the roster did not
 * sign. */
#include "card.h"

#include <stdlib.h>
#include <string.h>

#include "country.h"
#include "seal.h"

/* Two messages of at most 4 KiB, unpacked. */
#define CARD_ARENA_BYTES (256 * 1024)

void card_done(struct card *card)
{
    buf_free(&card->bytes);
}

bool card_subscribes(const struct card *card, int country)
{
    return country >= 0 && country < LIMIT_COUNTRIES && (card->subscriptions[country / 8] >> (country % 8) & 1);
}

uint64_t card_next_serial(uint64_t own, uint64_t seen, int64_t now_us)
{
    uint64_t now_s = now_us < 0 ? 0 : (uint64_t)(now_us / 1000000);
    uint64_t most = own > seen ? own : seen;
    if (now_s > most)
        most = now_s;
    return most < INT64_MAX ? most + 1 : most; /* never round to 0, whatever a relay claims to have seen */
}

/* The parsed fields; ERR_UNKNOWN for a country that does not exist. */
static int take_content(const Hotline__Card *content, struct card *card)
{
    card->serial = content->serial;
    card->not_after_us = content->not_after_us;
    snprintf(card->member, sizeof card->member, "%s", content->member);
    if (key_uuid_from(wire_slice(content->store_id), &card->store_id) != OK)
        return ERR_INVALID;
    int result = key_box_from(wire_slice(content->encryption_key), &card->encryption_key);
    if (result != OK)
        return result;
    card->encryption_key_id = key_id_of(card->encryption_key.bytes);
    for (size_t i = 0; i < content->n_subscriptions; i++) {
        int country = country_index(content->subscriptions[i]);
        if (country < 0)
            return ERR_UNKNOWN;
        card->subscriptions[country / 8] |= (uint8_t)(1u << (country % 8));
    }
    return OK;
}

static int pack_signed(struct slice content, const struct key_signature *signature, struct buf *out)
{
    Hotline__SignedCard signed_card = HOTLINE__SIGNED_CARD__INIT;
    WIRE_SET_BYTES(&signed_card, card, content.data, content.len);
    WIRE_SET_BYTES(&signed_card, signature, signature->bytes, sizeof signature->bytes);
    wire_pack(&signed_card.base, out);
    return buf_broken(out) ? ERR_NOMEM : OK;
}

int card_make(const struct key_set *set, const struct card_draft *draft, struct card *ret_card)
{
    Hotline__Card content = HOTLINE__CARD__INIT;
    char member[sizeof set->id], software[LIMIT_SOFTWARE_BYTES + 1], codes[LIMIT_COUNTRIES][3];
    char *subscriptions[LIMIT_COUNTRIES];
    if (draft->subscription_count > LIMIT_COUNTRIES)
        return ERR_LIMIT;
    snprintf(member, sizeof member, "%s", set->id);
    snprintf(software, sizeof software, "%s", draft->software);
    for (size_t i = 0; i < draft->subscription_count; i++) {
        if (strlen(draft->subscriptions[i]) != 2)
            return ERR_UNKNOWN;
        snprintf(codes[i], sizeof codes[i], "%s", draft->subscriptions[i]);
        subscriptions[i] = codes[i];
    }
    content.member = member;
    content.software = software;
    content.n_subscriptions = draft->subscription_count;
    content.subscriptions = subscriptions;
    WIRE_SET(&content, serial, draft->serial);
    WIRE_SET(&content, not_after_us, draft->not_after_us);
    WIRE_SET_BYTES(&content, store_id, draft->store_id.bytes, KEY_UUID_BYTES);
    WIRE_SET_BYTES(&content, encryption_key, draft->encryption_key.bytes, KEY_BYTES);
    struct card card = {0};
    struct buf bytes;
    struct key_signature signature;
    buf_init(&bytes);
    int result = wire_check(&content.base, NULL);
    if (result == OK)
        result = take_content(&content, &card);
    if (result == OK) {
        wire_pack(&content.base, &bytes);
        result = buf_broken(&bytes) ?
            ERR_NOMEM :
            seal_sign(&set->identity_secret, SEAL_CONTEXT_CARD, buf_slice(&bytes), &signature);
    }
    if (result == OK)
        result = pack_signed(buf_slice(&bytes), &signature, &card.bytes);
    if (result == OK)
        *ret_card = card;
    else
        card_done(&card);
    buf_free(&bytes);
    return result;
}

static int verify_content(const Hotline__SignedCard *signed_card, const struct roster *roster, int64_t now_us,
                          struct wire_arena *arena, struct err_note *note, struct card *card, size_t *ret_index)
{
    ProtobufCMessage *message;
    int result = wire_unpack(&hotline__card__descriptor, wire_slice(signed_card->card), arena, note, &message);
    if (result != OK)
        return result;
    const Hotline__Card *content = (const Hotline__Card *)message;
    size_t index = roster_find(roster, content->member);
    if (index == ROSTER_NONE)
        return err_set(note, ERR_MEMBER, "card: %s is not on the roster", content->member);
    result = roster_verify_member(roster, index, SEAL_CONTEXT_CARD, wire_slice(signed_card->card),
                                  wire_slice(signed_card->signature), now_us);
    if (result != OK)
        return err_set(note, result, "card: not signed by the identity of %s", content->member);
    if ((result = take_content(content, card)) != OK)
        return err_set(note, result, "card: encryption_key or subscriptions of %s: %s", content->member,
                       err_text(result));
    *ret_index = index;
    return OK;
}

int card_verify(const Hotline__SignedCard *signed_card, const struct roster *roster, int64_t now_us,
                struct err_note *note, struct card *ret_card, size_t *ret_index)
{
    struct wire_arena arena;
    struct card card = {0};
    size_t index = ROSTER_NONE;
    int result = wire_arena_init_sized(&arena, CARD_ARENA_BYTES);
    if (result != OK)
        return result;
    result = verify_content(signed_card, roster, now_us, &arena, note, &card, &index);
    wire_arena_done(&arena);
    if (result == OK) {
        wire_pack(&signed_card->base, &card.bytes);
        result = buf_broken(&card.bytes) ? ERR_NOMEM : OK;
    }
    if (result == OK) {
        *ret_card = card;
        *ret_index = index;
    } else {
        card_done(&card);
    }
    return result;
}

int card_load(struct slice signed_card, const struct roster *roster, int64_t now_us, struct card *ret_card,
              size_t *ret_index)
{
    struct wire_arena arena;
    ProtobufCMessage *message;
    int result = wire_arena_init_sized(&arena, CARD_ARENA_BYTES);
    if (result != OK)
        return result;
    result = wire_unpack(&hotline__signed_card__descriptor, signed_card, &arena, NULL, &message);
    if (result == OK)
        result = card_verify((const Hotline__SignedCard *)message, roster, now_us, NULL, ret_card, ret_index);
    wire_arena_done(&arena);
    return result;
}

int card_view(const struct card *card, struct wire_arena *arena, Hotline__SignedCard **ret_view)
{
    ProtobufCMessage *message;
    int result = wire_unpack(&hotline__signed_card__descriptor, buf_slice(&card->bytes), arena, NULL, &message);
    if (result == OK)
        *ret_view = (Hotline__SignedCard *)message;
    return result;
}
