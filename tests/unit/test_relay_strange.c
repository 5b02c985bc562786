/* relay: members that behave strangely, and none the worse for the others: wrong photos, words that do not verify,
 * words for somebody who is gone; and what a change of the roster finds when much is stored. */
#include "proto/blob.h"
#include "relay_world.h"

#define BE 0
#define FR 1
#define NL 2

/* ---- photos ---- */

struct photo {
    struct buf sealed;
    struct key_hash name;
    Hotline__BlobName row, *rows[1];
};

static void photo_made(struct photo *photo, size_t plain_bytes)
{
    struct key_blob key;
    uint8_t *plain = calloc(1, plain_bytes);
    buf_init(&photo->sealed);
    assert_error(blob_seal(slice_of(plain, plain_bytes), &photo->sealed, &key, &photo->name), OK);
    free(plain);
    hotline__blob_name__init(&photo->row);
    WIRE_SET_BYTES(&photo->row, name, photo->name.bytes, KEY_HASH_BYTES);
    WIRE_SET(&photo->row, size_bytes, photo->sealed.len);
    photo->rows[0] = &photo->row;
}

static void settle(struct world *world)
{
    for (int i = 0; i < 8; i++)
        (void)relay_step(world->relay);
}

static void publish(struct world *world, struct photo *photo, unsigned sender, uint8_t case_id, const char *country)
{
    struct world_alert alert;
    struct world_case from = {.sender = sender, .case_id = case_id, .country = country};
    from.blobs = photo ? photo->rows : NULL;
    from.blob_count = photo ? 1 : 0;
    world_seal(world, &from, &alert);
    for (unsigned to = 0; to < FIXTURE_MEMBERS; to++)
        if (to != sender)
            world_grant(world, &alert, to);
    world_publish(world, &alert);
    settle(world);
    world_alert_done(&alert);
}

static void put(struct world *world, unsigned member, const struct photo *photo, uint32_t chunk, uint32_t chunks)
{
    Hotline__BlobPut message = HOTLINE__BLOB_PUT__INIT;
    struct blob_range range = blob_chunk(photo->sealed.len, chunk);
    struct key_hash name = photo->name;
    WIRE_SET_BYTES(&message, name, name.bytes, KEY_HASH_BYTES);
    WIRE_SET(&message, chunk, chunk);
    WIRE_SET(&message, chunks, chunks);
    WIRE_SET_BYTES(&message, data, photo->sealed.data + range.from, range.len);
    world_say(world, member, WIRE_BLOB_PUT, &message.base);
    settle(world);
}

static void want(struct world *world, unsigned member, const uint8_t name[KEY_HASH_BYTES], uint32_t from)
{
    Hotline__BlobWant message = HOTLINE__BLOB_WANT__INIT;
    uint8_t copy[KEY_HASH_BYTES];
    memcpy(copy, name, sizeof copy);
    WIRE_SET_BYTES(&message, name, copy, KEY_HASH_BYTES);
    WIRE_SET(&message, from_chunk, from);
    WIRE_SET(&message, count, 1);
    world_say(world, member, WIRE_BLOB_WANT, &message.base);
    settle(world);
}

static void check_refused(struct world *world, unsigned member, int code, const char *text)
{
    const Hotline__Refused *refused = world_take(world, member, WIRE_REFUSED);
    assert_int_equal(refused->code, code);
    if (!strstr(refused->reason, text))
        fail_msg("refused with \"%s\", not \"%s\"", refused->reason, text);
}

/* The same photo named by two: it is asked of one, and the other's chunks are not mixed in. */
static void relay_photo_that_was_not_asked_of_a_member_is_not_taken_from_it(void **state)
{
    struct world *world = *state;
    struct photo photo;
    world_hello_all(world);
    photo_made(&photo, 200000);
    uint32_t chunks = blob_chunk_count(photo.sealed.len);
    publish(world, &photo, BE, 1, "FR");
    publish(world, &photo, NL, 2, "FR");
    assert_int_equal(world_count(world, BE, WIRE_BLOB_WANT), 1);
    world_none(world, NL, WIRE_BLOB_WANT);
    put(world, NL, &photo, 0, chunks);
    check_refused(world, NL, HOTLINE__REFUSED_CODE__CODE__RATE, "this blob was not asked of you");
    put(world, BE, &photo, 0, chunks + 1);
    check_refused(world, BE, HOTLINE__REFUSED_CODE__CODE__TOO_LARGE, "a blob of");
    put(world, BE, &photo, 0, chunks);
    world_take(world, BE, WIRE_TAKEN);
    /* BE goes away: the other one is asked, from the beginning, as its chunks may be others */
    struct session_peer peer = world_peer(world, BE);
    relay_gone(world->relay, &peer, world->now_us);
    for (int i = 0; i < 5; i++)
        world_pass(world, CLOCK_SECOND_US);
    const Hotline__BlobWant *asked = world_take(world, NL, WIRE_BLOB_WANT);
    assert_int_equal(asked->from_chunk, 0);
    for (uint32_t i = 0; i < chunks; i++)
        put(world, NL, &photo, i, chunks);
    world_forget(world);
    want(world, FR, photo.name.bytes, 1);
    const Hotline__BlobChunk *chunk = world_take(world, FR, WIRE_BLOB_CHUNK);
    struct blob_range range = blob_chunk(photo.sealed.len, 1);
    assert_true(slice_equal(wire_slice(chunk->data), slice_of(photo.sealed.data + range.from, range.len)));
    put(world, BE, &photo, 0, chunks); /* late: it is here whole */
    world_none(world, BE, WIRE_REFUSED);
    buf_free(&photo.sealed);
}

/* Bytes that never are what they are named: forgiven a few times, then the session ends. */
static void relay_photos_that_are_never_what_they_are_named_end_the_session(void **state)
{
    struct world *world = *state;
    struct photo photo;
    unsigned tries = 0;
    world_hello_all(world);
    while (tries < 60 && world_count(world, BE, WIRE_GOODBYE) == 0) {
        photo_made(&photo, 1000);
        publish(world, &photo, BE, (uint8_t)(10 + tries), "FR");
        photo.sealed.data[500] ^= 1;
        put(world, BE, &photo, 0, 1);
        check_refused(world, BE, HOTLINE__REFUSED_CODE__CODE__MALFORMED, "do not hash to the blob's name");
        buf_free(&photo.sealed);
        world_pass(world, 3 * CLOCK_SECOND_US); /* openings have a rate */
        tries++;
    }
    assert_in_range(tries, 2, 59);
    const Hotline__Goodbye *goodbye = world_take(world, BE, WIRE_GOODBYE);
    assert_int_equal(goodbye->code, HOTLINE__GOODBYE_CODE__CODE__PROTOCOL);
    assert_string_equal(goodbye->reason, "blobs that are not what they are named");
}

/* Wishes have places: the oldest goes, and is asked for again; the same wish again takes no second one. */
static void relay_wishes_without_end_fill_no_more_than_their_places(void **state)
{
    struct world *world = *state;
    struct photo photo;
    world_hello_all(world);
    photo_made(&photo, 1000);
    publish(world, &photo, BE, 1, "FR");
    world_forget(world);
    want(world, FR, photo.name.bytes, 0); /* it is not here yet */
    for (unsigned i = 0; i < 10; i++)
        want(world, FR, photo.name.bytes, 0);
    put(world, BE, &photo, 0, 1);
    assert_int_equal(world_count(world, FR, WIRE_BLOB_CHUNK), 1); /* once */
    for (unsigned i = 0; i < 200; i++) {
        uint8_t name[KEY_HASH_BYTES] = {(uint8_t)i, 1};
        want(world, FR, name, 0);
    }
    for (const Hotline__BlobChunk *chunk; (chunk = world_peek(world, FR, WIRE_BLOB_CHUNK)) != NULL;)
        assert_true(chunk->gone || chunk->name.data[1] != 1); /* of what nobody named: gone */
    want(world, FR, photo.name.bytes, 0);
    assert_int_equal(world_count(world, FR, WIRE_BLOB_CHUNK), 1);
    buf_free(&photo.sealed);
}

static void relay_wishes_for_photos_that_are_under_way_are_kept_to_their_places(void **state)
{
    enum { MANY = 20, PLACES = 16 };
    struct world *world = *state;
    static struct photo photos[MANY];
    world_hello_all(world);
    for (unsigned i = 0; i < MANY; i++) {
        photo_made(&photos[i], 1000);
        publish(world, &photos[i], BE, (uint8_t)(i + 1), "FR");
        world_pass(world, 3 * CLOCK_SECOND_US);
        want(world, FR, photos[i].name.bytes, 0);
    }
    for (const Hotline__BlobWant *asked; (asked = world_peek(world, BE, WIRE_BLOB_WANT)) != NULL;) {
        unsigned i = 0;
        while (i < MANY && memcmp(asked->name.data, photos[i].name.bytes, KEY_HASH_BYTES) != 0)
            i++;
        assert_true(i < MANY);
        put(world, BE, &photos[i], 0, 1);
    }
    settle(world);
    assert_int_equal(world_count(world, FR, WIRE_BLOB_CHUNK), PLACES);
    bool came[MANY] = {false};
    for (const Hotline__BlobChunk *chunk; (chunk = world_peek(world, FR, WIRE_BLOB_CHUNK)) != NULL;)
        for (unsigned i = 0; i < MANY; i++)
            came[i] |= memcmp(chunk->name.data, photos[i].name.bytes, KEY_HASH_BYTES) == 0;
    for (unsigned i = 0; i < MANY; i++)
        assert_true(came[i] == (i >= MANY - PLACES)); /* the oldest wishes went */
    for (unsigned i = 0; i < MANY; i++)
        buf_free(&photos[i].sealed);
}

/* ---- words ---- */

static void say_unreadable(struct world *world, unsigned member, unsigned as, const char *sender, bool broken)
{
    Hotline__Unreadables frame = HOTLINE__UNREADABLES__INIT;
    Hotline__SignedUnreadable outer = HOTLINE__SIGNED_UNREADABLE__INIT;
    Hotline__Unreadable unreadable = HOTLINE__UNREADABLE__INIT;
    struct key_signature signature;
    struct key_hash hash = {{9}};
    struct buf bytes;
    char name[LIMIT_ID_CHARS + 1];
    snprintf(name, sizeof name, "%s", sender);
    unreadable.recipient = world->fixture.member[as]->id;
    unreadable.sender = name;
    WIRE_SET_BYTES(&unreadable, envelope_hash, hash.bytes, KEY_HASH_BYTES);
    WIRE_SET(&unreadable, code, HOTLINE__UNREADABLE_CODE__CODE__NO_KEY);
    WIRE_SET(&unreadable, at_us, world->now_us);
    buf_init(&bytes);
    assert_error(receipt_sign_unreadable(&unreadable, world->fixture.member[as], &bytes, &signature), OK);
    signature.bytes[3] ^= broken;
    WIRE_SET_BYTES(&outer, unreadable, bytes.data, bytes.len);
    WIRE_SET_BYTES(&outer, signature, signature.bytes, KEY_SIGNATURE_BYTES);
    frame.unreadable = &outer;
    world_say(world, member, WIRE_UNREADABLES, &frame.base);
    world_commit(world);
    buf_free(&bytes);
}

static void relay_unreadable_that_does_not_verify_is_forgiven_a_few_times(void **state)
{
    struct world *world = *state;
    unsigned tries = 0;
    world_hello_all(world);
    say_unreadable(world, FR, NL, "be-baken", false); /* another member's, well signed */
    assert_int_equal(world_counters(world)->malformed, 1);
    world_none(world, BE, WIRE_UNREADABLES);
    for (; tries < 100 && world_count(world, FR, WIRE_GOODBYE) == 0; tries++)
        say_unreadable(world, FR, FR, "be-baken", true);
    assert_in_range(tries, 2, 99);
    const Hotline__Goodbye *goodbye = world_take(world, FR, WIRE_GOODBYE);
    assert_string_equal(goodbye->reason, "an Unreadable that does not verify");
    world_none(world, BE, WIRE_UNREADABLES);
    say_unreadable(world, NL, NL, "be-baken", false); /* nobody else suffers */
    world_take(world, BE, WIRE_UNREADABLES);
}

/* Said to somebody who was never on the roster here: taken, so that it is not said for ever. */
static void relay_words_for_somebody_unknown_are_taken_and_kept_for_nobody(void **state)
{
    struct world *world = *state;
    world_hello_all(world);
    say_unreadable(world, FR, FR, "xx-nobody", false);
    world_take(world, FR, WIRE_TAKEN);
    for (unsigned i = 0; i < FIXTURE_MEMBERS; i++)
        world_none(world, i, WIRE_UNREADABLES);
}

static void relay_receipts_that_do_not_verify_end_the_session_at_last(void **state)
{
    struct world *world = *state;
    struct world_alert alert;
    unsigned tries = 0;
    world_hello_all(world);
    world_seal(world, &(struct world_case){.sender = BE}, &alert);
    world_grant(world, &alert, FR);
    world_publish(world, &alert);
    world_commit(world);
    for (; tries < 100 && world_count(world, NL, WIRE_GOODBYE) == 0; tries++)
        world_receipt_as(world, NL, FR, &alert, HOTLINE__RECEIPT_STATE__CODE__ERASED);
    assert_in_range(tries, 2, 99);
    const Hotline__Goodbye *goodbye = world_take(world, NL, WIRE_GOODBYE);
    assert_string_equal(goodbye->reason, "receipts that do not verify");
    world_commit(world);
    world_none(world, BE, WIRE_RECEIPTS);
    world_receipt(world, FR, &alert, HOTLINE__RECEIPT_STATE__CODE__DELIVERED); /* its own word counts */
    world_commit(world);
    world_take(world, BE, WIRE_RECEIPTS);
    world_alert_done(&alert);
}

/* ---- who is there ---- */

static void pulse(struct world *world, unsigned member, uint32_t armed, const char *first, const char *second)
{
    Hotline__Pulse message = HOTLINE__PULSE__INIT;
    char room[2][8], *languages[2] = {room[0], room[1]};
    snprintf(room[0], sizeof room[0], "%s", first ? first : "");
    snprintf(room[1], sizeof room[1], "%s", second ? second : "");
    WIRE_SET(&message, clock_us, world->now_us);
    WIRE_SET(&message, armed_consoles, armed);
    message.n_languages_on_duty = (size_t)(first != NULL) + (second != NULL);
    message.languages_on_duty = languages;
    world_say(world, member, WIRE_PULSE, &message.base);
    world_pass(world, CLOCK_SECOND_US);
}

static void check_duty(struct world *world, const char *first, size_t count)
{
    const Hotline__Presence *presence = world_take(world, FR, WIRE_PRESENCE);
    assert_int_equal(presence->n_members, 1);
    assert_string_equal(presence->members[0]->member, "be-baken");
    assert_int_equal(presence->members[0]->n_languages_on_duty, count);
    if (count > 0)
        assert_string_equal(presence->members[0]->languages_on_duty[0], first);
}

static void relay_duty_is_told_when_it_changes_and_only_then(void **state)
{
    struct world *world = *state;
    world_hello_all(world);
    world_pass(world, CLOCK_SECOND_US);
    world_forget(world);
    pulse(world, BE, 1, "fr", NULL);
    check_duty(world, "fr", 1);
    pulse(world, BE, 1, "fr", NULL);
    world_none(world, FR, WIRE_PRESENCE);
    pulse(world, BE, 1, "nl", NULL); /* as many, and others */
    check_duty(world, "nl", 1);
    pulse(world, BE, 1, "nl", "fr");
    check_duty(world, "nl", 2);
    pulse(world, BE, 2, "nl", "fr");
    check_duty(world, "nl", 2);
    pulse(world, BE, 0, NULL, NULL);
    check_duty(world, NULL, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(relay_photo_that_was_not_asked_of_a_member_is_not_taken_from_it),
        WORLD_TEST(relay_photos_that_are_never_what_they_are_named_end_the_session),
        WORLD_TEST(relay_wishes_without_end_fill_no_more_than_their_places),
        WORLD_TEST(relay_wishes_for_photos_that_are_under_way_are_kept_to_their_places),
        WORLD_TEST(relay_unreadable_that_does_not_verify_is_forgiven_a_few_times),
        WORLD_TEST(relay_words_for_somebody_unknown_are_taken_and_kept_for_nobody),
        WORLD_TEST(relay_receipts_that_do_not_verify_end_the_session_at_last),
        WORLD_TEST(relay_duty_is_told_when_it_changes_and_only_then),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
