/* relay_blob: asked for, taken in order, kept once, given to the routed, gone with the last envelope; the rest is
 * refused. */
#include "proto/blob.h"
#include "relay_world.h"

#define BE 0
#define FR 1
#define NL 2

/* A sealed file and the envelope that names it. */
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

/* Reads from the disk come a step after the commit that they wait for. */
static void settle(struct world *world)
{
    for (int i = 0; i < 8; i++)
        (void)relay_step(world->relay);
}

static struct world_alert published(struct world *world, struct photo *photo, const struct world_case *from)
{
    struct world_alert alert;
    struct world_case with = *from;
    with.blobs = photo ? photo->rows : NULL;
    with.blob_count = photo ? 1 : 0;
    world_seal(world, &with, &alert);
    if (with.sender != FR)
        world_grant(world, &alert, FR);
    world_publish(world, &alert);
    settle(world);
    return alert;
}

static void put(struct world *world, unsigned member, const struct photo *photo, uint32_t chunk)
{
    Hotline__BlobPut message = HOTLINE__BLOB_PUT__INIT;
    struct blob_range range = blob_chunk(photo->sealed.len, chunk);
    struct key_hash name = photo->name;
    WIRE_SET_BYTES(&message, name, name.bytes, KEY_HASH_BYTES);
    WIRE_SET(&message, chunk, chunk);
    WIRE_SET(&message, chunks, blob_chunk_count(photo->sealed.len));
    WIRE_SET_BYTES(&message, data, photo->sealed.data + range.from, range.len);
    world_say(world, member, WIRE_BLOB_PUT, &message.base);
    settle(world);
}

static void want(struct world *world, unsigned member, const struct photo *photo, uint32_t from, uint32_t count)
{
    Hotline__BlobWant message = HOTLINE__BLOB_WANT__INIT;
    struct key_hash name = photo->name;
    WIRE_SET_BYTES(&message, name, name.bytes, KEY_HASH_BYTES);
    WIRE_SET(&message, from_chunk, from);
    WIRE_SET(&message, count, count);
    world_say(world, member, WIRE_BLOB_WANT, &message.base);
    settle(world);
}

static void check_want(struct world *world, unsigned member, const struct photo *photo, uint32_t from, uint32_t count)
{
    const Hotline__BlobWant *message = world_take(world, member, WIRE_BLOB_WANT);
    assert_memory_equal(message->name.data, photo->name.bytes, KEY_HASH_BYTES);
    assert_int_equal(message->from_chunk, from);
    assert_int_equal(message->count, count);
}

static void check_taken(struct world *world, unsigned member, const struct photo *photo, uint32_t chunk)
{
    const Hotline__Taken *taken = world_take(world, member, WIRE_TAKEN);
    uint8_t name[16];
    blob_chunk_name(photo->name.bytes, chunk, name);
    assert_int_equal(taken->n_names, 1);
    assert_memory_equal(taken->names[0].data, name, 16);
}

static void check_refused(struct world *world, unsigned member, int code, const char *text)
{
    const Hotline__Refused *refused = world_take(world, member, WIRE_REFUSED);
    assert_int_equal(refused->code, code);
    if (!strstr(refused->reason, text))
        fail_msg("refused with \"%s\", not \"%s\"", refused->reason, text);
}

static void check_chunk(struct world *world, unsigned member, const struct photo *photo, uint32_t chunk)
{
    const Hotline__BlobChunk *message = world_take(world, member, WIRE_BLOB_CHUNK);
    struct blob_range range = blob_chunk(photo->sealed.len, chunk);
    assert_false(message->gone);
    assert_int_equal(message->chunk, chunk);
    assert_int_equal(message->chunks, blob_chunk_count(photo->sealed.len));
    assert_true(slice_equal(wire_slice(message->data), slice_of(photo->sealed.data + range.from, range.len)));
}

static void check_gone(struct world *world, unsigned member)
{
    const Hotline__BlobChunk *message = world_take(world, member, WIRE_BLOB_CHUNK);
    assert_true(message->gone);
    assert_int_equal(message->data.len, 0);
}

static void upload(struct world *world, unsigned member, const struct photo *photo)
{
    for (uint32_t i = 0; i < blob_chunk_count(photo->sealed.len); i++)
        put(world, member, photo, i);
}

static void relay_blob_is_asked_for_taken_and_given_to_the_routed(void **state)
{
    struct world *world = *state;
    struct world_alert alert;
    struct photo photo;

    world_hello_all(world);
    photo_made(&photo, 300000);
    assert_int_equal(blob_chunk_count(photo.sealed.len), 5);
    alert = published(world, &photo, &(struct world_case){.sender = BE});
    world_take(world, FR, WIRE_DELIVER); /* the alert does not wait for it */
    check_want(world, BE, &photo, 0, 2);
    want(world, FR, &photo, 0, 2); /* too early: it waits */
    world_none(world, FR, WIRE_BLOB_CHUNK);
    put(world, BE, &photo, 0);
    check_taken(world, BE, &photo, 0);
    put(world, BE, &photo, 1);
    check_want(world, BE, &photo, 2, 2);
    put(world, BE, &photo, 2);
    put(world, BE, &photo, 3);
    check_want(world, BE, &photo, 4, 1);
    world_none(world, FR, WIRE_BLOB_CHUNK);
    put(world, BE, &photo, 4);
    world_none(world, BE, WIRE_BLOB_WANT);
    check_chunk(world, FR, &photo, 0);
    check_chunk(world, FR, &photo, 1);
    world_none(world, FR, WIRE_BLOB_CHUNK);
    want(world, FR, &photo, 2, 100); /* never more than the window */
    check_chunk(world, FR, &photo, 2);
    check_chunk(world, FR, &photo, 3);
    world_none(world, FR, WIRE_BLOB_CHUNK);
    want(world, FR, &photo, 4, 1);
    check_chunk(world, FR, &photo, 4);
    want(world, FR, &photo, 5, 1);
    check_gone(world, FR);
    /* its own sender too, who may have lost its disk; nobody else, and no word of whether it is here */
    want(world, BE, &photo, 0, 1);
    check_chunk(world, BE, &photo, 0);
    want(world, NL, &photo, 0, 1);
    check_gone(world, NL);
    world_alert_done(&alert);
    buf_free(&photo.sealed);
}

static void relay_blob_goes_on_where_it_stopped_after_a_crash(void **state)
{
    struct world *world = *state;
    struct world_alert alert;
    struct photo photo;

    world_hello_all(world);
    photo_made(&photo, 300000);
    alert = published(world, &photo, &(struct world_case){.sender = BE});
    for (uint32_t i = 0; i < 3; i++)
        put(world, BE, &photo, i);
    world_stop(world);
    world_forget(world);
    world_start(world);
    world_hello(world, BE);
    check_want(world, BE, &photo, 3, 2);
    put(world, BE, &photo, 3);
    put(world, BE, &photo, 4);
    world_hello(world, FR);
    want(world, FR, &photo, 4, 1);
    check_chunk(world, FR, &photo, 4);
    /* and what is whole stays so */
    world_stop(world);
    world_forget(world);
    world_start(world);
    world_hello(world, BE);
    world_hello(world, FR);
    world_none(world, BE, WIRE_BLOB_WANT);
    want(world, FR, &photo, 0, 1);
    check_chunk(world, FR, &photo, 0);
    world_alert_done(&alert);
    buf_free(&photo.sealed);
}

static void relay_blob_that_did_not_come_is_asked_for_again(void **state)
{
    struct world *world = *state;
    struct world_alert alert;
    struct photo photo;

    world_hello_all(world);
    photo_made(&photo, 200000);
    alert = published(world, &photo, &(struct world_case){.sender = BE});
    check_want(world, BE, &photo, 0, 2);
    put(world, BE, &photo, 0);
    world_pass(world, 3 * CLOCK_SECOND_US);
    world_none(world, BE, WIRE_BLOB_WANT);
    world_pass(world, 8 * CLOCK_SECOND_US);
    check_want(world, BE, &photo, 1, 2);
    world_alert_done(&alert);
    buf_free(&photo.sealed);
}

/* Time passes, and everybody is there. */
static void pass_together(struct world *world, unsigned seconds)
{
    Hotline__Pulse pulse = HOTLINE__PULSE__INIT;
    for (unsigned i = 0; i < seconds; i += 10) {
        WIRE_SET(&pulse, clock_us, world->now_us);
        for (unsigned member = BE; member <= NL; member++)
            world_say(world, member, WIRE_PULSE, &pulse.base);
        world_pass(world, 10 * CLOCK_SECOND_US);
    }
}

/* Whoever names a photo and gives nothing keeps it from nobody; who is slow keeps its turn. */
static void relay_blob_that_one_member_names_and_never_gives_is_asked_of_the_next(void **state)
{
    struct world *world = *state;
    struct world_alert silent, honest;
    struct photo photo;

    world_hello_all(world);
    photo_made(&photo, 200000);
    silent = published(world, &photo, &(struct world_case){.sender = BE, .case_id = 1});
    honest = published(world, &photo, &(struct world_case){.sender = NL, .case_id = 2});
    pass_together(world, 60);
    put(world, BE, &photo, 0);
    pass_together(world, 80);
    world_none(world, NL, WIRE_BLOB_WANT);
    pass_together(world, 20);
    check_want(world, NL, &photo, 0, 2);
    world_forget(world);
    put(world, BE, &photo, 1);
    check_refused(world, BE, HOTLINE__REFUSED_CODE__CODE__RATE, "this blob was not asked of you");
    upload(world, NL, &photo);
    want(world, FR, &photo, 0, 1);
    check_chunk(world, FR, &photo, 0);
    pass_together(world, 120);
    world_none(world, BE, WIRE_BLOB_WANT);
    world_alert_done(&silent);
    world_alert_done(&honest);
    buf_free(&photo.sealed);
}

static void relay_blob_out_of_place_is_refused_by_name(void **state)
{
    struct world *world = *state;
    struct world_alert alert;
    struct photo photo, other, large;

    world_hello_all(world);
    photo_made(&photo, 300000);
    photo_made(&other, 1000);
    photo_made(&large, 500000);
    alert = published(world, &photo, &(struct world_case){.sender = BE});
    world_forget(world);
    put(world, BE, &other, 0);
    check_refused(world, BE, HOTLINE__REFUSED_CODE__CODE__UNKNOWN_ENVELOPE, "names this blob");
    put(world, FR, &photo, 0); /* not the one who named it */
    check_refused(world, FR, HOTLINE__REFUSED_CODE__CODE__UNKNOWN_ENVELOPE, "names this blob");
    put(world, BE, &photo, 1);
    check_refused(world, BE, HOTLINE__REFUSED_CODE__CODE__MALFORMED, "chunk 1 came where chunk 0 is next");
    large.name = photo.name; /* more chunks than the header said */
    put(world, BE, &large, 0);
    check_refused(world, BE, HOTLINE__REFUSED_CODE__CODE__TOO_LARGE, "has 5");
    photo.sealed.len--; /* as many chunks, one byte less in the last */
    for (uint32_t i = 0; i < 4; i++)
        put(world, BE, &photo, i);
    put(world, BE, &photo, 4);
    check_refused(world, BE, HOTLINE__REFUSED_CODE__CODE__MALFORMED, "bytes, not");
    photo.sealed.len++;
    world_forget(world);
    put(world, BE, &photo, 2); /* again: the answer was lost */
    check_taken(world, BE, &photo, 2);
    world_none(world, BE, WIRE_REFUSED);
    world_alert_done(&alert);
    buf_free(&photo.sealed);
    buf_free(&other.sealed);
    buf_free(&large.sealed);
}

static void relay_blob_of_a_wrong_digest_is_dropped_whole(void **state)
{
    struct world *world = *state;
    struct world_alert alert;
    struct photo photo;

    world_hello_all(world);
    photo_made(&photo, 200000);
    alert = published(world, &photo, &(struct world_case){.sender = BE});
    world_forget(world);
    photo.sealed.data[100000] ^= 1;
    upload(world, BE, &photo);
    check_refused(world, BE, HOTLINE__REFUSED_CODE__CODE__MALFORMED, "do not hash to the blob's name");
    world_forget(world);
    photo.sealed.data[100000] ^= 1;
    want(world, FR, &photo, 0, 2);
    world_none(world, FR, WIRE_BLOB_CHUNK);
    /* and is not asked for again, not even after a restart with nothing of it left */
    world_pass(world, 20 * CLOCK_SECOND_US);
    world_none(world, BE, WIRE_BLOB_WANT);
    world_stop(world);
    world_forget(world);
    world_start(world);
    world_hello(world, BE);
    check_want(world, BE, &photo, 0, 2);
    world_alert_done(&alert);
    buf_free(&photo.sealed);
}

static void relay_blob_lives_as_long_as_an_envelope_names_it(void **state)
{
    struct world *world = *state;
    struct world_alert first, second, last;
    struct photo photo;

    world_hello_all(world);
    photo_made(&photo, 100000);
    first = published(world, &photo, &(struct world_case){.sender = BE, .case_id = 7});
    upload(world, BE, &photo);
    world_forget(world);
    /* a new revision sends no photo again */
    second =
        published(world, &photo,
                  &(struct world_case){.sender = BE, .case_id = 7, .revision = 2, .act = HOTLINE__ACT__CODE__UPDATE});
    world_none(world, BE, WIRE_BLOB_WANT);
    want(world, FR, &photo, 0, 1);
    check_chunk(world, FR, &photo, 0);
    last = published(world, NULL,
                     &(struct world_case){.sender = BE, .case_id = 7, .revision = 3, .act = HOTLINE__ACT__CODE__CLOSE});
    world_forget(world);
    want(world, FR, &photo, 0, 1);
    check_gone(world, FR);
    put(world, BE, &photo, 0);
    check_refused(world, BE, HOTLINE__REFUSED_CODE__CODE__UNKNOWN_ENVELOPE, "names this blob");
    world_alert_done(&first);
    world_alert_done(&second);
    world_alert_done(&last);
    buf_free(&photo.sealed);
}

static void relay_blob_does_not_go_before_an_alert(void **state)
{
    struct world *world = *state;
    struct world_alert first, second, third;
    struct photo photo;

    world->conf.limits.credit_messages = 1;
    relay_reconfigure(world->relay, &world->conf);
    world_hello_all(world);
    photo_made(&photo, 100000);
    first = published(world, &photo, &(struct world_case){.sender = BE, .case_id = 1});
    upload(world, BE, &photo);
    second = published(world, NULL, &(struct world_case){.sender = BE, .case_id = 2});
    third = published(world, NULL, &(struct world_case){.sender = BE, .case_id = 3});
    world_forget(world);
    want(world, FR, &photo, 0, 1);
    world_none(world, FR, WIRE_BLOB_CHUNK); /* two alerts wait for FR's credit */
    world_receipt(world, FR, &first, HOTLINE__RECEIPT_STATE__CODE__DELIVERED);
    settle(world);
    world_none(world, FR, WIRE_BLOB_CHUNK);
    world_receipt(world, FR, &second, HOTLINE__RECEIPT_STATE__CODE__DELIVERED);
    settle(world);
    assert_int_equal(world_count(world, FR, WIRE_DELIVER), 2);
    check_chunk(world, FR, &photo, 0);
    world_alert_done(&first);
    world_alert_done(&second);
    world_alert_done(&third);
    buf_free(&photo.sealed);
}

static void relay_blob_of_two_cases_is_asked_for_one_after_the_other(void **state)
{
    struct world *world = *state;
    struct world_alert one, two;
    struct photo first, second;

    world_hello_all(world);
    photo_made(&first, 1000);
    photo_made(&second, 1000);
    one = published(world, &first, &(struct world_case){.sender = BE, .case_id = 1});
    two = published(world, &second, &(struct world_case){.sender = BE, .case_id = 2});
    check_want(world, BE, &first, 0, 1);
    world_none(world, BE, WIRE_BLOB_WANT);
    put(world, BE, &first, 0);
    check_want(world, BE, &second, 0, 1);
    world_alert_done(&one);
    world_alert_done(&two);
    buf_free(&first.sealed);
    buf_free(&second.sealed);
}

static void relay_blob_is_not_asked_for_when_the_disk_is_nearly_full(void **state)
{
    struct world *world = *state;
    struct world_alert alert;
    struct photo photo;

    world_hello_all(world);
    photo_made(&photo, 1000);
    world->conf.disk_reserve_bytes = 0;
    alert = published(world, NULL, &(struct world_case){.sender = BE});
    world_alert_done(&alert);
    world->conf.disk_reserve_bytes = INT64_MAX;
    relay_reconfigure(world->relay, &world->conf);
    world_alert_done((alert = published(world, &photo, &(struct world_case){.sender = BE, .case_id = 2}), &alert));
    check_refused(world, BE, HOTLINE__REFUSED_CODE__CODE__DISK_FULL, "bytes free");
    world_none(world, BE, WIRE_BLOB_WANT);
    buf_free(&photo.sealed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(relay_blob_is_asked_for_taken_and_given_to_the_routed),
        WORLD_TEST(relay_blob_goes_on_where_it_stopped_after_a_crash),
        WORLD_TEST(relay_blob_that_did_not_come_is_asked_for_again),
        WORLD_TEST(relay_blob_that_one_member_names_and_never_gives_is_asked_of_the_next),
        WORLD_TEST(relay_blob_out_of_place_is_refused_by_name),
        WORLD_TEST(relay_blob_of_a_wrong_digest_is_dropped_whole),
        WORLD_TEST(relay_blob_lives_as_long_as_an_envelope_names_it),
        WORLD_TEST(relay_blob_does_not_go_before_an_alert),
        WORLD_TEST(relay_blob_of_two_cases_is_asked_for_one_after_the_other),
        WORLD_TEST(relay_blob_is_not_asked_for_when_the_disk_is_nearly_full),
    };
    return seal_start() == OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
