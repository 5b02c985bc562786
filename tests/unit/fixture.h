/*
 * fixture - a small fictional network for tests: fixed keys, a signed roster, raw packing for hostile messages.
 *
 * Everything derives from fixed bytes, so that a golden value stays golden. All functions are static inline: each test
 * is linked from its own file alone.
 */
#ifndef TESTS_UNIT_FIXTURE_H
#define TESTS_UNIT_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "proto/clock.h"
#include "proto/envelope.h"
#include "proto/keyfile.h"
#include "proto/roster.h"
#include "proto/seal.h"
#include "proto/wire.h"

/* 2026-11-21T00:00:00Z */
#define FIXTURE_NOW INT64_C(1795219200000000)
#define FIXTURE_AUTHORITIES 3
#define FIXTURE_MEMBERS 3

struct fixture {
    struct key_set *authority[FIXTURE_AUTHORITIES];
    struct key_set *member[FIXTURE_MEMBERS]; /* be-baken, fr-phare, nl-lamp: in the order of their ids */
    struct key_set *relay;                   /* relay-noord */
    struct roster_trust trust;               /* 2 of the 3 */
    struct roster *roster;                   /* version 1, signed by the first two */
};

static inline struct key_set *fixture_key(enum key_kind kind, const char *id, const char *country, uint8_t fill)
{
    struct key_set *set = key_set_new();
    assert_non_null(set);
    set->kind = kind;
    snprintf(set->id, sizeof set->id, "%s", id);
    snprintf(set->country, sizeof set->country, "%s", country);
    snprintf(set->name, sizeof set->name, "Hotline %s", id);
    set->generation = 1;
    memset(set->master.bytes, fill, sizeof set->master.bytes);
    assert_int_equal(key_set_derive(set), OK);
    return set;
}

/* Packs without any check: what a hostile peer would. */
static inline void fixture_pack_raw(const ProtobufCMessage *message, struct buf *out)
{
    size_t size = protobuf_c_message_get_packed_size(message);
    uint8_t *room = buf_reserve(out, size);
    assert_non_null(room);
    protobuf_c_message_pack(message, room);
    buf_grew(out, size);
}

/* A member's roster entry, pointing into the key set. */
static inline void fixture_member(struct key_set *set, Hotline__Member *member)
{
    hotline__member__init(member);
    member->id = set->id;
    member->country = set->country;
    member->name = set->name;
    WIRE_SET(member, role, HOTLINE__ROLE__CODE__HOTLINE);
    WIRE_SET(member, standing, HOTLINE__STANDING__CODE__ACTIVE);
    WIRE_SET_BYTES(member, identity_key, set->identity.bytes, KEY_BYTES);
    WIRE_SET_BYTES(member, transport_key, set->transport.bytes, KEY_BYTES);
}

typedef void (*fixture_change)(Hotline__Roster *roster, void *ctx);

/* The fixture's Roster message with a change applied, as raw bytes. */
static inline void fixture_roster_bytes(struct fixture *fixture, uint64_t version, fixture_change change, void *ctx,
                                        struct buf *out)
{
    Hotline__Roster roster = HOTLINE__ROSTER__INIT;
    Hotline__Member members[FIXTURE_MEMBERS], *member_list[FIXTURE_MEMBERS];
    Hotline__Relay relay = HOTLINE__RELAY__INIT, *relay_list[1] = {&relay};
    ProtobufCBinaryData keys[FIXTURE_AUTHORITIES];
    char endpoint[] = "tcp://relay-noord.example:7600", *endpoints[1] = {endpoint};
    for (size_t i = 0; i < FIXTURE_MEMBERS; i++) {
        fixture_member(fixture->member[i], &members[i]);
        member_list[i] = &members[i];
    }
    relay.id = fixture->relay->id;
    relay.country = fixture->relay->country;
    relay.name = fixture->relay->name;
    relay.n_endpoints = 1;
    relay.endpoints = endpoints;
    WIRE_SET_BYTES(&relay, identity_key, fixture->relay->identity.bytes, KEY_BYTES);
    WIRE_SET_BYTES(&relay, transport_key, fixture->relay->transport.bytes, KEY_BYTES);
    for (size_t i = 0; i < FIXTURE_AUTHORITIES; i++)
        keys[i] = wire_bytes(slice_of(fixture->authority[i]->identity.bytes, KEY_BYTES));
    WIRE_SET(&roster, version, version);
    WIRE_SET(&roster, issued_at_us, FIXTURE_NOW - CLOCK_DAY_US);
    WIRE_SET(&roster, expires_at_us, FIXTURE_NOW + 30 * CLOCK_DAY_US);
    WIRE_SET(&roster, threshold, 2);
    roster.n_authority_keys = FIXTURE_AUTHORITIES;
    roster.authority_keys = keys;
    roster.n_members = FIXTURE_MEMBERS;
    roster.members = member_list;
    roster.n_relays = 1;
    roster.relays = relay_list;
    if (change != NULL)
        change(&roster, ctx);
    fixture_pack_raw(&roster.base, out);
}

/* A SignedRoster by the authorities whose bits are set. */
static inline void fixture_sign(struct fixture *fixture, struct slice roster_bytes, unsigned signers, struct buf *out)
{
    struct buf had, has;
    buf_init(&had);
    buf_init(&has);
    for (unsigned i = 0; i < FIXTURE_AUTHORITIES; i++) {
        if (!(signers >> i & 1))
            continue;
        buf_clear(&has);
        assert_int_equal(roster_sign(roster_bytes, buf_slice(&had), fixture->authority[i], &has), OK);
        buf_clear(&had);
        buf_add_slice(&had, buf_slice(&has));
    }
    buf_add_slice(out, buf_slice(&had));
    buf_free(&had);
    buf_free(&has);
}

static inline void fixture_init(struct fixture *fixture)
{
    static const char *const ids[FIXTURE_MEMBERS] = {"be-baken", "fr-phare", "nl-lamp"};
    static const char *const countries[FIXTURE_MEMBERS] = {"BE", "FR", "NL"};
    struct buf bytes, signed_bytes;
    assert_int_equal(seal_start(), OK);
    *fixture = (struct fixture){.trust = {.threshold = 2, .count = FIXTURE_AUTHORITIES}};
    for (uint8_t i = 0; i < FIXTURE_AUTHORITIES; i++) {
        fixture->authority[i] = fixture_key(KEY_AUTHORITY, "authority", "", (uint8_t)(0xa0 + i));
        fixture->trust.keys[i] = fixture->authority[i]->identity;
    }
    for (uint8_t i = 0; i < FIXTURE_MEMBERS; i++)
        fixture->member[i] = fixture_key(KEY_MEMBER, ids[i], countries[i], (uint8_t)(0x10 + i));
    fixture->relay = fixture_key(KEY_RELAY, "relay-noord", "NL", 0x60);
    buf_init(&bytes);
    buf_init(&signed_bytes);
    fixture_roster_bytes(fixture, 1, NULL, NULL, &bytes);
    fixture_sign(fixture, buf_slice(&bytes), 3, &signed_bytes);
    struct err_note note = {{0}};
    int result = roster_verify(buf_slice(&signed_bytes), &fixture->trust, &note, &fixture->roster);
    if (result != OK)
        fail_msg("the fixture's roster: %s: %s", err_name(result), note.text);
    buf_free(&bytes);
    buf_free(&signed_bytes);
}

static inline void fixture_done(struct fixture *fixture)
{
    for (size_t i = 0; i < FIXTURE_AUTHORITIES; i++)
        key_set_free(fixture->authority[i]);
    for (size_t i = 0; i < FIXTURE_MEMBERS; i++)
        key_set_free(fixture->member[i]);
    key_set_free(fixture->relay);
    roster_free(fixture->roster);
}

/* For cmocka_unit_test_setup_teardown: *state is a struct fixture. */
static inline int fixture_setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    fixture_init(fixture);
    *state = fixture;
    return 0;
}

static inline int fixture_teardown(void **state)
{
    struct fixture *fixture = *state;
    fixture_done(fixture);
    free(fixture);
    return 0;
}

#define FIXTURE_TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

/* Both values in the message, and the text that was searched for. */
#define assert_error(result, expected) assert_error_at((result), (expected), __FILE__, __LINE__)
static inline void assert_error_at(int result, int expected, const char *file, int line)
{
    if (result != expected)
        fail_msg("%s:%d: %s instead of %s", file, line, err_name(result), err_name(expected));
}

#define assert_note(note, part) assert_note_at((note), (part), __FILE__, __LINE__)
static inline void assert_note_at(const struct err_note *note, const char *part, const char *file, int line)
{
    if (strstr(note->text, part) == NULL)
        fail_msg("%s:%d: the note \"%s\" does not say \"%s\"", file, line, note->text, part);
}

/* The bytes as hexadecimal against the text; both are printed. */
#define assert_hex(bytes, len, hex) assert_hex_at((bytes), (len), (hex), __FILE__, __LINE__)
static inline void assert_hex_at(const void *bytes, size_t len, const char *hex, const char *file, int line)
{
    char *text = malloc(2 * len + 1);
    assert_non_null(text);
    buf_hex(slice_of(bytes, len), text);
    bool same = strcmp(text, hex) == 0;
    if (!same)
        print_error("%s:%d:\n is     %s\n should %s\n", file, line, text, hex);
    free(text);
    if (!same)
        fail();
}

static inline void fixture_unhex(const char *hex, uint8_t *bytes, size_t len)
{
    assert_int_equal(buf_unhex(hex, bytes, len), OK);
}

/* --- random bytes that are the same in every run: 00 01 02 ... --- */

static inline const char *fixture_random_name(void)
{
    return "counting";
}

static inline void fixture_random_fill(void *const bytes, const size_t len)
{
    static uint8_t next;
    if (bytes == NULL) { /* fixture_random_start: from 0 again */
        next = 0;
        return;
    }
    for (size_t i = 0; i < len; i++)
        ((uint8_t *)bytes)[i] = next++;
}

static inline uint32_t fixture_random_word(void)
{
    uint32_t word;
    fixture_random_fill(&word, sizeof word);
    return word;
}

static inline void fixture_random_start(void)
{
    static randombytes_implementation counting;
    counting = (randombytes_implementation){
        .implementation_name = fixture_random_name, .random = fixture_random_word, .buf = fixture_random_fill};
    fixture_random_fill(NULL, 0);
    randombytes_set_implementation(&counting);
}

static inline void fixture_random_stop(void)
{
    randombytes_set_implementation(&randombytes_sysrandom_implementation);
}

#endif
