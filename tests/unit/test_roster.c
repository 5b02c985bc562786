/* roster: k of n, chain, trust and its change, rules of content, and the authority's side. */
#include "fixture.h"

#include <unistd.h>

struct made {
    struct buf bytes, signed_bytes;
};

static void make(struct fixture *fixture, uint64_t version, fixture_change change, void *ctx, unsigned signers,
                 struct made *made)
{
    buf_init(&made->bytes);
    buf_init(&made->signed_bytes);
    fixture_roster_bytes(fixture, version, change, ctx, &made->bytes);
    fixture_sign(fixture, buf_slice(&made->bytes), signers, &made->signed_bytes);
}

static void made_done(struct made *made)
{
    buf_free(&made->bytes);
    buf_free(&made->signed_bytes);
}

/* Makes, verifies against the fixture's trust, and throws away; the note is left. */
static int verdict(struct fixture *fixture, fixture_change change, void *ctx, struct err_note *note)
{
    struct made made;
    struct roster *roster = NULL;
    make(fixture, 1, change, ctx, 3, &made);
    *note = (struct err_note){{0}};
    int result = roster_verify(buf_slice(&made.signed_bytes), &fixture->trust, note, &roster);
    assert_true((result == OK) == (roster != NULL));
    roster_free(roster);
    made_done(&made);
    return result;
}

static void roster_is_found_and_read(void **state)
{
    struct fixture *fixture = *state;
    const struct roster *roster = fixture->roster;
    assert_int_equal(roster_version(roster), 1);
    assert_int_equal(roster_member_count(roster), 3);
    assert_int_equal(roster_find(roster, "be-baken"), 0);
    assert_int_equal(roster_find(roster, "fr-phare"), 1);
    assert_int_equal(roster_find(roster, "nl-lamp"), 2);
    assert_true(roster_find(roster, "be-bake") == ROSTER_NONE && roster_find(roster, "be-baken2") == ROSTER_NONE);
    assert_true(roster_find(roster, "") == ROSTER_NONE && roster_find(roster, "zz") == ROSTER_NONE);
    assert_int_equal(roster_find_relay(roster, "relay-noord"), 0);
    assert_true(roster_find_relay(roster, "be-baken") == ROSTER_NONE);
    assert_false(roster_is_stale(roster, roster_expires_us(roster)));
    assert_true(roster_is_stale(roster, roster_expires_us(roster) + 1));
    assert_false(roster_is_dead(roster, roster_expires_us(roster) + LIMIT_ROSTER_GRACE_US));
    assert_true(roster_is_dead(roster, roster_expires_us(roster) + LIMIT_ROSTER_GRACE_US + 1));
    assert_false(roster_changes_trust(roster, &fixture->trust));
    struct key_hash hash = seal_hash(slice_of("", 0));
    assert_false(key_hash_equal(roster_hash(roster), &hash));
}

static void roster_needs_its_threshold_of_distinct_keys(void **state)
{
    struct fixture *fixture = *state;
    for (unsigned signers = 1; signers < 8; signers++) {
        struct made made;
        struct err_note note = {{0}};
        struct roster *roster = NULL;
        unsigned count = (signers & 1) + (signers >> 1 & 1) + (signers >> 2 & 1);
        make(fixture, 1, NULL, NULL, signers, &made);
        assert_error(roster_verify(buf_slice(&made.signed_bytes), &fixture->trust, &note, &roster),
                     count >= 2 ? OK : ERR_THRESHOLD);
        if (count < 2)
            assert_note(&note, "signed by 1 of the 2");
        roster_free(roster);
        made_done(&made);
    }
}

/* A SignedRoster with the given signatures, in this order, each by authority[who] under the key id of authority[named].
 */
static void sign_by_hand(struct fixture *fixture, struct slice bytes, const int (*who)[2], size_t count,
                         struct buf *out)
{
    Hotline__SignedRoster outer = HOTLINE__SIGNED_ROSTER__INIT;
    Hotline__Signature rows[40], *list[40];
    struct key_signature signatures[40];
    struct key_id ids[40];
    for (size_t i = 0; i < count; i++) {
        hotline__signature__init(&rows[i]);
        list[i] = &rows[i];
        ids[i] = key_id_of(fixture->authority[who[i][1]]->identity.bytes);
        assert_error(
            seal_sign(&fixture->authority[who[i][0]]->identity_secret, SEAL_CONTEXT_ROSTER, bytes, &signatures[i]), OK);
        WIRE_SET_BYTES(&rows[i], key_id, ids[i].bytes, KEY_ID_BYTES);
        WIRE_SET_BYTES(&rows[i], signature, signatures[i].bytes, KEY_SIGNATURE_BYTES);
    }
    WIRE_SET_BYTES(&outer, roster, bytes.data, bytes.len);
    outer.n_signatures = count;
    outer.signatures = list;
    fixture_pack_raw(&outer.base, out);
}

static void roster_key_that_signs_twice_counts_once(void **state)
{
    struct fixture *fixture = *state;
    static const int twice[2][2] = {{0, 0}, {0, 0}}, under_another[2][2] = {{0, 0}, {0, 1}},
                     good[3][2] = {{0, 1}, {0, 0}, {2, 2}};
    struct made made;
    struct buf by_hand;
    struct err_note note = {{0}};
    struct roster *roster = NULL;
    make(fixture, 1, NULL, NULL, 1, &made);
    buf_init(&by_hand);
    sign_by_hand(fixture, buf_slice(&made.bytes), twice, 2, &by_hand);
    assert_error(roster_verify(buf_slice(&by_hand), &fixture->trust, &note, &roster), ERR_THRESHOLD);
    buf_clear(&by_hand);
    sign_by_hand(fixture, buf_slice(&made.bytes), under_another, 2, &by_hand);
    assert_error(roster_verify(buf_slice(&by_hand), &fixture->trust, &note, &roster), ERR_SIGNATURE);
    buf_clear(&by_hand);
    sign_by_hand(fixture, buf_slice(&made.bytes), good, 3, &by_hand); /* a bad one does not spoil two good ones */
    assert_error(roster_verify(buf_slice(&by_hand), &fixture->trust, &note, &roster), OK);
    roster_free(roster);
    buf_free(&by_hand);
    made_done(&made);
}

static void roster_with_any_changed_bit_is_refused(void **state)
{
    struct fixture *fixture = *state;
    struct made made;
    struct roster *roster = NULL;
    make(fixture, 1, NULL, NULL, 3, &made);
    for (size_t at = 0; at < made.signed_bytes.len; at++) {
        made.signed_bytes.data[at] ^= (uint8_t)(1 << at % 8);
        struct err_note note = {{0}};
        int result = roster_verify(buf_slice(&made.signed_bytes), &fixture->trust, &note, &roster);
        if (result == OK || note.text[0] == '\0')
            fail_msg("byte %zu changed: %s, \"%s\"", at, err_name(result), note.text);
        made.signed_bytes.data[at] ^= (uint8_t)(1 << at % 8);
    }
    for (size_t len = 0; len < made.signed_bytes.len; len += 7)
        assert_error(roster_verify(slice_of(made.signed_bytes.data, len), &fixture->trust, NULL, &roster),
                     len ? ERR_SYNTAX : ERR_MISSING);
    made_done(&made);
}

/* --- following --- */

static void set_long(Hotline__Roster *roster, void *ctx)
{
    WIRE_SET(roster, expires_at_us, roster->expires_at_us + *(int64_t *)ctx);
}

static void roster_follows_only_forward(void **state)
{
    struct fixture *fixture = *state;
    struct made second, first, other;
    struct roster *two = NULL, *got = NULL;
    struct err_note note = {{0}};
    int64_t day = CLOCK_DAY_US;
    make(fixture, 2, NULL, NULL, 6, &second);
    make(fixture, 1, NULL, NULL, 3, &first);
    make(fixture, 2, set_long, &day, 5, &other);
    assert_error(roster_follow(fixture->roster, buf_slice(&second.signed_bytes), &note, &two), OK);
    assert_error(roster_follow(two, buf_slice(&first.signed_bytes), &note, &got), ERR_ROLLBACK);
    assert_note(&note, "version 1 is older than version 2");
    assert_error(roster_follow(two, buf_slice(&second.signed_bytes), &note, &got), ERR_EXISTS);
    assert_error(roster_follow(two, buf_slice(&other.signed_bytes), &note, &got), ERR_DISPUTED);
    assert_null(got);
    roster_free(two);
    made_done(&second);
    made_done(&first);
    made_done(&other);
}

/* Gives the network to a new authority: one key, threshold 1. */
static void new_authority(Hotline__Roster *roster, void *ctx)
{
    struct key_set *set = ctx;
    roster->threshold = 1;
    roster->n_authority_keys = 1;
    roster->authority_keys[0] = wire_bytes(slice_of(set->identity.bytes, KEY_BYTES));
}

static void roster_change_of_trust_needs_old_and_new_keys(void **state)
{
    struct fixture *fixture = *state;
    struct key_set *heir = fixture_key(KEY_AUTHORITY, "heir", "", 0xb0);
    struct made made, after;
    struct buf all, heir_alone;
    struct err_note note = {{0}};
    struct roster *got = NULL, *next = NULL;
    buf_init(&all);
    buf_init(&heir_alone);
    make(fixture, 2, new_authority, heir, 3, &made);
    assert_error(roster_follow(fixture->roster, buf_slice(&made.signed_bytes), &note, &got), ERR_THRESHOLD);
    assert_note(&note, "new authority");
    assert_error(roster_sign(buf_slice(&made.bytes), slice_of(NULL, 0), heir, &heir_alone), OK);
    assert_error(roster_follow(fixture->roster, buf_slice(&heir_alone), &note, &got), ERR_THRESHOLD);
    assert_error(roster_sign(buf_slice(&made.bytes), buf_slice(&made.signed_bytes), heir, &all), OK);
    assert_error(roster_follow(fixture->roster, buf_slice(&all), &note, &got), OK);
    assert_true(roster_changes_trust(got, &fixture->trust));
    assert_int_equal(roster_next_trust(got)->threshold, 1);
    assert_int_equal(roster_signers(got)->count, 1); /* of the keys that count from now on */
    struct key_id heirs = key_id_of(heir->identity.bytes);
    assert_memory_equal(roster_signers(got)->ids[0].bytes, heirs.bytes, KEY_ID_BYTES);
    make(fixture, 3, new_authority, heir, 7, &after); /* the old keys, all three, mean nothing any more */
    assert_error(roster_follow(got, buf_slice(&after.signed_bytes), &note, &next), ERR_THRESHOLD);
    buf_clear(&heir_alone);
    assert_error(roster_sign(buf_slice(&after.bytes), slice_of(NULL, 0), heir, &heir_alone), OK);
    assert_error(roster_follow(got, buf_slice(&heir_alone), &note, &next), OK);
    roster_free(got);
    roster_free(next);
    buf_free(&all);
    buf_free(&heir_alone);
    made_done(&made);
    made_done(&after);
    key_set_free(heir);
}

/* --- content --- */

static void set_threshold(Hotline__Roster *roster, void *ctx)
{
    roster->threshold = *(uint32_t *)ctx;
}
static void same_authority_twice(Hotline__Roster *roster, void *ctx)
{
    (void)ctx, roster->authority_keys[2] = roster->authority_keys[0];
}
static void bad_authority(Hotline__Roster *roster, void *ctx)
{
    roster->authority_keys[2] = wire_bytes(slice_of(ctx, KEY_BYTES));
}
static void bad_identity(Hotline__Roster *roster, void *ctx)
{
    roster->members[1]->identity_key = wire_bytes(slice_of(ctx, KEY_BYTES));
}
static void bad_transport(Hotline__Roster *roster, void *ctx)
{
    roster->members[1]->transport_key = wire_bytes(slice_of(ctx, KEY_BYTES));
}
static void bad_relay_key(Hotline__Roster *roster, void *ctx)
{
    roster->relays[0]->transport_key = wire_bytes(slice_of(ctx, KEY_BYTES));
}
static void shared_transport(Hotline__Roster *roster, void *ctx)
{
    (void)ctx;
    roster->relays[0]->transport_key = roster->members[2]->transport_key;
}
static void swap_members(Hotline__Roster *roster, void *ctx)
{
    (void)ctx;
    Hotline__Member *first = roster->members[0];
    roster->members[0] = roster->members[1];
    roster->members[1] = first;
}
static void same_member_twice(Hotline__Roster *roster, void *ctx)
{
    (void)ctx, roster->members[1] = roster->members[0];
}
static void set_country(Hotline__Roster *roster, void *ctx)
{
    roster->members[0]->country = ctx;
}
static void set_id(Hotline__Roster *roster, void *ctx)
{
    roster->members[0]->id = ctx;
}
static void set_phone(Hotline__Roster *roster, void *ctx)
{
    roster->members[0]->emergency_phone = ctx;
}
static void set_endpoint(Hotline__Roster *roster, void *ctx)
{
    roster->relays[0]->endpoints[0] = ctx;
}
static void set_relay_id(Hotline__Roster *roster, void *ctx)
{
    roster->relays[0]->id = ctx;
}
static void same_relay_twice(Hotline__Roster *roster, void *ctx)
{
    static Hotline__Relay *list[2];
    (void)ctx;
    list[0] = list[1] = roster->relays[0];
    roster->n_relays = 2;
    roster->relays = list;
}
static void set_subscription(Hotline__Roster *roster, void *ctx)
{
    roster->members[0]->n_may_subscribe = 1;
    roster->members[0]->may_subscribe = ctx;
}
static void expired_before_issued(Hotline__Roster *roster, void *ctx)
{
    (void)ctx, roster->expires_at_us = roster->issued_at_us;
}
static void accredited_backwards(Hotline__Roster *roster, void *ctx)
{
    (void)ctx;
    WIRE_SET(roster->members[0], accredited_from_us, FIXTURE_NOW);
    WIRE_SET(roster->members[0], accredited_until_us, FIXTURE_NOW);
}
static void bad_former(Hotline__Roster *roster, void *ctx)
{
    static Hotline__FormerKey former = HOTLINE__FORMER_KEY__INIT;
    static Hotline__FormerKey *list[1] = {&former};
    WIRE_SET_BYTES(&former, identity_key, ctx, KEY_BYTES);
    WIRE_SET(&former, until_us, FIXTURE_NOW);
    roster->members[0]->n_former_keys = 1;
    roster->members[0]->former_keys = list;
}
static void version_zero(Hotline__Roster *roster, void *ctx)
{
    (void)ctx, roster->version = 0;
}
static void nobody(Hotline__Roster *roster, void *ctx)
{
    (void)ctx, roster->n_members = 0;
}

static void roster_with_wrong_content_is_refused_by_entry_and_field(void **state)
{
    struct fixture *fixture = *state;
    static uint8_t low[32] = {1}, mixed[32], order8[32];
    static uint32_t zero = 0, four = 4, three = 3;
    static char zz[] = "ZZ", be[] = "be", bad_id[] = "A_b", phone[] = "0322555", phone_words[] = "+32 555",
                phone_good[] = "+3225550000", ipc[] = "ipc:///tmp/sock", subscription[] = "QQ";
    static char *subscriptions[1] = {subscription};
    fixture_unhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05", order8, 32);
    assert_int_equal(crypto_core_ed25519_add(mixed, fixture->member[1]->identity.bytes, order8), 0);
    const struct {
        fixture_change change;
        void *ctx;
        int error;
        const char *part;
    } rows[] = {
        {set_threshold, &zero, ERR_LIMIT, "threshold"},
        {set_threshold, &four, ERR_INVALID, "threshold: 4 of 3"},
        {set_threshold, &three, ERR_THRESHOLD, "new authority"},
        {same_authority_twice, NULL, ERR_KEY, "authority_keys[2]: the same"},
        {bad_authority, low, ERR_KEY, "authority_keys[2]"},
        {bad_authority, mixed, ERR_KEY, "authority_keys[2]"},
        {bad_identity, mixed, ERR_KEY, "member fr-phare: identity_key"},
        {bad_identity, low, ERR_KEY, "member fr-phare: identity_key"},
        {bad_transport, low, ERR_KEY, "member fr-phare: transport_key"},
        {bad_relay_key, low, ERR_KEY, "relay relay-noord: transport_key"},
        {bad_former, mixed, ERR_KEY, "member be-baken"},
        {shared_transport, NULL, ERR_KEY, "share"},
        {swap_members, NULL, ERR_INVALID, "members[1]"},
        {same_member_twice, NULL, ERR_INVALID, "twice"},
        {set_country, zz, ERR_UNKNOWN, "member be-baken: country: \"ZZ\""},
        {set_country, be, ERR_UNKNOWN, "country"},
        {set_id, bad_id, ERR_INVALID, "id"},
        {set_phone, phone, ERR_INVALID, "emergency_phone"},
        {set_phone, phone_words, ERR_INVALID, "emergency_phone"},
        {set_phone, phone_good, OK, ""},
        {set_endpoint, ipc, ERR_INVALID, "tcp://"},
        {set_relay_id, bad_id, ERR_INVALID, "relay A_b: id"},
        {same_relay_twice, NULL, ERR_INVALID, "relays[1]: relay-noord is out of order or twice"},
        {set_subscription, subscriptions, ERR_UNKNOWN, "may_subscribe"},
        {expired_before_issued, NULL, ERR_INVALID, "expires_at_us"},
        {accredited_backwards, NULL, ERR_INVALID, "accredited_until_us"},
        {version_zero, NULL, ERR_LIMIT, "version"},
        {nobody, NULL, OK, ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct err_note note;
        int result = verdict(fixture, rows[i].change, rows[i].ctx, &note);
        if (result != rows[i].error || strstr(note.text, rows[i].part) == NULL)
            fail_msg("row %zu: %s instead of %s, \"%s\"", i, err_name(result), err_name(rows[i].error), note.text);
    }
}

static void roster_of_too_many_bytes_is_not_looked_at(void **state)
{
    struct fixture *fixture = *state;
    struct roster *roster = NULL;
    struct err_note note = {{0}};
    uint8_t *bytes = calloc(1, LIMIT_ROSTER_BYTES + 1);
    assert_non_null(bytes);
    assert_error(roster_verify(slice_of(bytes, LIMIT_ROSTER_BYTES + 1), &fixture->trust, &note, &roster), ERR_LIMIT);
    assert_note(&note, "4194305 bytes, at most 4194304");
    assert_null(roster);
    free(bytes);
}

/* --- standing and signatures of members --- */

static void stand(Hotline__Roster *roster, void *ctx)
{
    (void)ctx;
    WIRE_SET(roster->members[0], accredited_from_us, FIXTURE_NOW);
    WIRE_SET(roster->members[0], accredited_until_us, FIXTURE_NOW + 10);
    roster->members[1]->standing = HOTLINE__STANDING__CODE__SUSPENDED;
    roster->members[2]->standing = HOTLINE__STANDING__CODE__WITHDRAWN;
    WIRE_SET(roster->members[2], accredited_until_us, FIXTURE_NOW - 5);
}

static void roster_standing_is_suspended_outside_accreditation(void **state)
{
    struct fixture *fixture = *state;
    struct made made;
    struct roster *roster = NULL;
    make(fixture, 2, stand, NULL, 3, &made);
    assert_error(roster_follow(fixture->roster, buf_slice(&made.signed_bytes), NULL, &roster), OK);
    assert_int_equal(roster_standing(roster, 0, FIXTURE_NOW - 1), HOTLINE__STANDING__CODE__SUSPENDED);
    assert_int_equal(roster_standing(roster, 0, FIXTURE_NOW), HOTLINE__STANDING__CODE__ACTIVE);
    assert_int_equal(roster_standing(roster, 0, FIXTURE_NOW + 10), HOTLINE__STANDING__CODE__ACTIVE);
    assert_int_equal(roster_standing(roster, 0, FIXTURE_NOW + 11), HOTLINE__STANDING__CODE__SUSPENDED);
    assert_int_equal(roster_standing(roster, 1, FIXTURE_NOW), HOTLINE__STANDING__CODE__SUSPENDED);
    assert_int_equal(roster_standing(roster, 2, FIXTURE_NOW), HOTLINE__STANDING__CODE__WITHDRAWN);
    roster_free(roster);
    made_done(&made);
}

static void roster_former_key_is_believed_until_its_time(void **state)
{
    struct fixture *fixture = *state;
    struct key_set *former = fixture_key(KEY_MEMBER, "be-baken", "BE", 0x77);
    struct made made;
    struct roster *roster = NULL;
    struct key_signature old, new;
    struct slice text = slice_text("a lantern");
    make(fixture, 2, bad_former, former->identity.bytes, 3, &made);
    assert_error(roster_follow(fixture->roster, buf_slice(&made.signed_bytes), NULL, &roster), OK);
    assert_error(seal_sign(&former->identity_secret, SEAL_CONTEXT_CARD, text, &old), OK);
    assert_error(seal_sign(&fixture->member[0]->identity_secret, SEAL_CONTEXT_CARD, text, &new), OK);
    assert_error(roster_verify_member(roster, 0, SEAL_CONTEXT_CARD, text, slice_of(old.bytes, 64), FIXTURE_NOW), OK);
    assert_error(roster_verify_member(roster, 0, SEAL_CONTEXT_CARD, text, slice_of(old.bytes, 64), FIXTURE_NOW + 1),
                 ERR_SIGNATURE);
    assert_error(roster_verify_member(roster, 0, SEAL_CONTEXT_CARD, text, slice_of(new.bytes, 64), FIXTURE_NOW + 1),
                 OK);
    assert_error(roster_verify_member(roster, 1, SEAL_CONTEXT_CARD, text, slice_of(new.bytes, 64), FIXTURE_NOW),
                 ERR_SIGNATURE);
    assert_error(
        roster_verify_member(fixture->roster, 0, SEAL_CONTEXT_CARD, text, slice_of(old.bytes, 64), FIXTURE_NOW),
        ERR_SIGNATURE);
    roster_free(roster);
    made_done(&made);
    key_set_free(former);
}

/* --- authority.pub --- */

static int trust_from(const char *text, size_t len, struct roster_trust *trust, struct err_note *note)
{
    char path[] = "/tmp/test-roster-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, len), (ssize_t)len);
    close(fd);
    *note = (struct err_note){{0}};
    int result = roster_trust_read(path, note, trust);
    unlink(path);
    return result;
}

static void roster_trust_comes_back_and_lies_are_named_by_line(void **state)
{
    struct fixture *fixture = *state;
    struct roster_trust trust;
    struct err_note note;
    struct buf text;
    buf_init(&text);
    roster_trust_write(&fixture->trust, &text);
    assert_error(trust_from(buf_text(&text), text.len, &trust, &note), OK);
    assert_int_equal(trust.count, 3);
    assert_int_equal(trust.threshold, 2);
    assert_memory_equal(trust.keys, fixture->trust.keys, 3 * KEY_BYTES);
    char hex[65], low[65];
    buf_hex(slice_of(fixture->trust.keys[0].bytes, 32), hex);
    snprintf(low, sizeof low, "01%062d", 0);
    struct {
        const char *format, *key;
        int error;
        const char *part;
    } rows[] = {
        {"hotline-authority 2\nthreshold 1\nkey %s\n", hex, ERR_SYNTAX, ":1: "},
        {"hotline-authority 1\nthreshold 1\nkey %sff\n", hex, ERR_SYNTAX, ":3: "},
        {"hotline-authority 1\nthreshold 1\nkey %s\r\n", hex, ERR_SYNTAX, ":3: "},
        {"hotline-authority 1\nthreshold 1\nkeys %s\n", hex, ERR_SYNTAX, ":3: "},
        {"hotline-authority 1\nthreshold 1\nkey %s\n", low, ERR_KEY, ":3: "},
        {"hotline-authority 1\nthreshold 0\nkey %s\n", hex, ERR_INVALID, "threshold of 0"},
        {"hotline-authority 1\nthreshold 2\nkey %s\n", hex, ERR_INVALID, "threshold of 2 with 1"},
        {"hotline-authority 1\nthreshold 100\nkey %s\n", hex, ERR_SYNTAX, ":2: "},
        {"hotline-authority 1\nthreshold -1\nkey %s\n", hex, ERR_INVALID, "threshold"},
        {"hotline-authority 1\nthreshold 1\nthreshold 1\nkey %s\n", hex, ERR_SYNTAX, ":3: "},
        {"hotline-authority 1\nkey %s\n", hex, ERR_INVALID, "threshold of 0"},
        {"hotline-authority 1\nthreshold 1\nkey %s", hex, OK, ""},
        {"hotline-authority 1\n\nthreshold 1\n\nkey %s\n\n", hex, OK, ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *at = strstr(rows[i].format, "%s");
        buf_clear(&text);
        buf_add(&text, rows[i].format, (size_t)(at - rows[i].format));
        buf_add_text(&text, rows[i].key);
        buf_add_text(&text, at + 2);
        int result = trust_from(buf_text(&text), text.len, &trust, &note);
        if (result != rows[i].error || strstr(note.text, rows[i].part) == NULL)
            fail_msg("row %zu: %s instead of %s, \"%s\"", i, err_name(result), err_name(rows[i].error), note.text);
    }
    /* one key written twice would make one signature count as two */
    buf_clear(&text);
    buf_printf(&text, "hotline-authority 1\nthreshold 2\nkey %s\nkey %s\n", hex, hex);
    assert_error(trust_from(buf_text(&text), text.len, &trust, &note), ERR_EXISTS);
    assert_note(&note, ":4: ");
    buf_clear(&text); /* one key more than a roster may have: the 19th line is too many */
    buf_printf(&text, "hotline-authority 1\nthreshold 1\n");
    for (size_t i = 0; i <= LIMIT_AUTHORITY_KEYS; i++) {
        struct key_set *set = fixture_key(KEY_AUTHORITY, "authority", "", (uint8_t)(0x20 + i));
        buf_hex(slice_of(set->identity.bytes, 32), hex);
        buf_printf(&text, "key %s\n", hex);
        key_set_free(set);
    }
    assert_error(trust_from(buf_text(&text), text.len, &trust, &note), ERR_LIMIT);
    assert_note(&note, ":19: ");
    buf_clear(&text);
    buf_printf(&text, "hotline-authority 1\nthreshold 1\nkey %s\n", hex);
    buf_add(&text, "\0key", 4);
    assert_error(trust_from((const char *)text.data, text.len, &trust, &note), ERR_SYNTAX);
    buf_free(&text);
}

/* --- the authority's side --- */

static void roster_request_is_proof_of_possession(void **state)
{
    struct fixture *fixture = *state;
    struct buf request;
    struct err_note note = {{0}};
    Hotline__MembershipRequest *got = NULL;
    buf_init(&request);
    assert_error(roster_request_make(fixture->relay, "tcp://relay-noord.example:7600", FIXTURE_NOW, &request), OK);
    assert_error(roster_request_read(buf_slice(&request), &note, &got), OK);
    assert_string_equal(got->id, "relay-noord");
    assert_string_equal(got->endpoints[0], "tcp://relay-noord.example:7600");
    assert_memory_equal(got->transport_key.data, fixture->relay->transport.bytes, 32);
    protobuf_c_message_free_unpacked(&got->base, NULL);
    got = NULL;
    for (size_t at = 0; at < request.len; at++) {
        request.data[at] ^= 1;
        if (roster_request_read(buf_slice(&request), &note, &got) == OK)
            fail_msg("byte %zu changed and nobody noticed", at);
        request.data[at] ^= 1;
    }
    assert_null(got);
    char far[LIMIT_ENDPOINT_BYTES * 8];
    memset(far, 'x', sizeof far);
    far[sizeof far - 1] = '\0';
    buf_clear(&request);
    assert_error(roster_request_make(fixture->relay, far, FIXTURE_NOW, &request), ERR_LIMIT);
    assert_int_equal(request.len, 0);
    fixture->relay->name[0] = '\0';
    assert_int_not_equal(roster_request_make(fixture->relay, NULL, FIXTURE_NOW, &request), OK);
    buf_free(&request);
}

static void roster_sign_keeps_signatures_of_the_same_bytes_only(void **state)
{
    struct fixture *fixture = *state;
    struct made one;
    struct buf two, again;
    struct roster *roster = NULL;
    make(fixture, 2, NULL, NULL, 1, &one);
    buf_init(&two);
    buf_init(&again);
    struct buf other;
    buf_init(&other);
    fixture_roster_bytes(fixture, 3, NULL, NULL, &other);
    assert_error(roster_sign(buf_slice(&other), buf_slice(&one.signed_bytes), fixture->authority[1], &two), OK);
    assert_error(roster_verify(buf_slice(&two), &fixture->trust, NULL, &roster), ERR_THRESHOLD);
    assert_error(roster_sign(buf_slice(&one.bytes), buf_slice(&one.signed_bytes), fixture->authority[0], &again), OK);
    assert_int_equal(again.len, one.signed_bytes.len); /* signing twice replaces */
    Hotline__Roster *peeked = NULL;
    struct err_note note = {{0}};
    assert_error(roster_peek(buf_slice(&one.signed_bytes), &note, &peeked), OK);
    assert_int_equal(peeked->version, 2);
    assert_error(roster_check(peeked, &note), OK);
    char *id = peeked->members[0]->id, far[LIMIT_ID_CHARS + 2];
    memset(far, 'x', sizeof far);
    far[sizeof far - 1] = '\0';
    peeked->members[0]->id = far;
    assert_error(roster_check(peeked, &note), ERR_LIMIT);
    assert_note(&note, "id");
    peeked->members[0]->id = id;
    protobuf_c_message_free_unpacked(&peeked->base, NULL);
    assert_int_not_equal(roster_sign(buf_slice(&other), slice_text("rubbish"), fixture->authority[1], &again), OK);
    assert_error(roster_sign(slice_of(NULL, 0), slice_of(NULL, 0), fixture->authority[1], &again), ERR_LIMIT);
    /* Its own size is allowed, but not that of its signature on top. */
    buf_clear(&again);
    buf_clear(&other);
    uint8_t *largest = buf_reserve(&other, LIMIT_ROSTER_BYTES);
    assert_non_null(largest);
    memset(largest, 0, LIMIT_ROSTER_BYTES);
    buf_grew(&other, LIMIT_ROSTER_BYTES);
    assert_error(roster_sign(buf_slice(&other), slice_of(NULL, 0), fixture->authority[1], &again), ERR_LIMIT);
    assert_int_equal(again.len, 0);
    buf_free(&other);
    buf_free(&two);
    buf_free(&again);
    made_done(&one);
}

/* --- size --- */

#define MANY 10000

static void many_members(Hotline__Roster *roster, void *ctx)
{
    roster->members = ctx;
    roster->n_members = MANY;
}

static void roster_of_ten_thousand_members_is_verified_in_a_second_and_found(void **state)
{
    struct fixture *fixture = *state;
    Hotline__Member *members = calloc(MANY, sizeof *members), **list = calloc(MANY, sizeof(void *));
    struct {
        char id[16];
        struct key_identity identity;
        struct key_transport transport;
    } *own = calloc(MANY, sizeof *own);
    char name[] = "Hotline of a small place", phone[] = "+3225550000", language[] = "nl", country[] = "BE";
    char *languages[2] = {language, language};
    assert_true(members != NULL && list != NULL && own != NULL);
    for (size_t i = 0; i < MANY; i++) {
        uint8_t seed[32] = {8, (uint8_t)i, (uint8_t)(i >> 8)}, secret[64];
        assert_int_equal(crypto_sign_seed_keypair(own[i].identity.bytes, secret, seed), 0);
        assert_int_equal(crypto_scalarmult_base(own[i].transport.bytes, seed), 0);
        snprintf(own[i].id, sizeof own[i].id, "be-%05zu", i);
        hotline__member__init(&members[i]);
        members[i].id = own[i].id;
        members[i].country = country;
        members[i].name = name;
        members[i].emergency_phone = phone;
        members[i].n_languages = 2;
        members[i].languages = languages;
        WIRE_SET(&members[i], role, HOTLINE__ROLE__CODE__HOTLINE);
        WIRE_SET(&members[i], standing, HOTLINE__STANDING__CODE__ACTIVE);
        WIRE_SET_BYTES(&members[i], identity_key, own[i].identity.bytes, 32);
        WIRE_SET_BYTES(&members[i], transport_key, own[i].transport.bytes, 32);
        list[i] = &members[i];
    }
    struct made made;
    struct err_note note = {{0}};
    struct roster *roster = NULL;
    make(fixture, 1, many_members, list, 3, &made);
    int64_t before = clock_steady_us();
    int result = roster_verify(buf_slice(&made.signed_bytes), &fixture->trust, &note, &roster);
    int64_t took = clock_steady_us() - before;
    if (result != OK)
        fail_msg("%s: %s", err_name(result), note.text);
    print_message("%zu bytes, %d ms\n", made.signed_bytes.len, (int)(took / 1000));
    assert_true(took < 30 * CLOCK_SECOND_US); /* 1 s here, far slower under sanitizers */
    for (size_t i = 0; i < MANY; i++)
        assert_int_equal(roster_find(roster, own[i].id), i);
    roster_free(roster);
    made_done(&made);
    free(members);
    free(list);
    free(own);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(roster_is_found_and_read),
        FIXTURE_TEST(roster_needs_its_threshold_of_distinct_keys),
        FIXTURE_TEST(roster_key_that_signs_twice_counts_once),
        FIXTURE_TEST(roster_with_any_changed_bit_is_refused),
        FIXTURE_TEST(roster_follows_only_forward),
        FIXTURE_TEST(roster_change_of_trust_needs_old_and_new_keys),
        FIXTURE_TEST(roster_with_wrong_content_is_refused_by_entry_and_field),
        FIXTURE_TEST(roster_of_too_many_bytes_is_not_looked_at),
        FIXTURE_TEST(roster_standing_is_suspended_outside_accreditation),
        FIXTURE_TEST(roster_former_key_is_believed_until_its_time),
        FIXTURE_TEST(roster_trust_comes_back_and_lies_are_named_by_line),
        FIXTURE_TEST(roster_request_is_proof_of_possession),
        FIXTURE_TEST(roster_sign_keeps_signatures_of_the_same_bytes_only),
        FIXTURE_TEST(roster_of_ten_thousand_members_is_verified_in_a_second_and_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
