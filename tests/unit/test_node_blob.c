/* node_blob: a photo from the publisher through the relays to whoever was sent its case: after the alert, through
 * falls, and gone with it; what is not what was named is asked for again. */
#include "node/node_inner.h"
#include "node_world.h"
#include "proto/blob.h"

#define RECEIPT(state) HOTLINE__RECEIPT_STATE__CODE__##state
#define PHOTO_BYTES 300000

static const struct net_publish to_france = {.to = {"FR"}};

static void picture_made(struct picture *picture, uint8_t fill)
{
    picture_init(picture);
    picture->width = 640;
    picture->height = 480;
    buf_add(&picture->photo, "\xff\xd8\xff", 3);
    while (picture->photo.len < PHOTO_BYTES)
        buf_add_u8(&picture->photo, (uint8_t)(picture->photo.len * 31 + fill));
    buf_add(&picture->thumbnail, "\xff\xd8\xff\x77thumb", 9);
    assert_false(buf_broken(&picture->photo) || buf_broken(&picture->thumbnail));
}

/* Gives the content `count` photos that were handed in at BE. */
static void with_photos(struct net *net, Hotline__Case *content, size_t count)
{
    content->photos = calloc(count + 1, sizeof *content->photos);
    for (size_t i = 0; i < count; i++) {
        struct picture picture;
        Hotline__Attachment *photo = malloc(sizeof *photo);
        uint8_t *id = malloc(16);
        picture_made(&picture, (uint8_t)i);
        assert_ok(node_photo_offer(net->nodes[BE].node, &picture, net->now_us, id));
        picture_done(&picture);
        hotline__attachment__init(photo);
        photo->has_upload = 1;
        photo->upload = (ProtobufCBinaryData){16, id};
        content->photos[content->n_photos++] = photo;
    }
}

static int try_send(struct net *net, const char *reference, Hotline__Case *content, bool given, struct err_note *note,
                    char *ret_reference)
{
    struct node_draft draft = net_draft(&to_france, content);
    struct case_entry *entry = NULL;
    uint64_t ticket;
    int error;
    draft.photos_given = given;
    if (reference != NULL)
        error = node_update(net->nodes[BE].node, net_case(net, BE, reference), &draft, net->now_us, note, &ticket);
    else
        error = node_publish(net->nodes[BE].node, &draft, net->now_us, note, &entry, &ticket);
    if (error == OK && reference == NULL)
        snprintf(ret_reference, CASES_REFERENCE_MAX, "%s", entry->reference);
    case_free(content);
    return error;
}

static void publish(struct net *net, size_t photos, char *reference)
{
    struct err_note note = {{0}};
    Hotline__Case *content = net_content(&to_france);
    with_photos(net, content, photos);
    if (try_send(net, NULL, content, true, &note, reference) != OK)
        fail_msg("publish: %s", note.text);
}

static const struct item *shown(const struct net *net, unsigned node, const char *reference)
{
    return cases_shown(node_cases(net->nodes[node].node), net_case(net, node, reference));
}

static uint32_t here(const struct net *net, unsigned node, const char *reference)
{
    return net_has(net, node, reference) ? node_blob_count(net->nodes[node].node, shown(net, node, reference)) : 0;
}

static uint32_t column(const struct net *net, const char *reference)
{
    const struct ladder_row *row = item_row(shown(net, BE, reference), "fr-phare");
    return row != NULL ? row->photos : 0;
}

static void wait_for(struct net *net, unsigned node, const char *reference, uint32_t count)
{
    for (int i = 0; i < 600 && here(net, node, reference) < count; i++)
        net_pass(net, CLOCK_SECOND_US / 4);
    assert_int_equal(here(net, node, reference), count);
}

struct read_back {
    int calls, error;
    struct buf photo;
};

static void on_photo(void *ctx, int error, struct slice photo)
{
    struct read_back *back = ctx;
    back->calls++;
    back->error = error;
    buf_add_slice(&back->photo, photo);
}

static void check_photo(struct net *net, unsigned node, const char *reference, size_t number, uint8_t fill)
{
    struct read_back back = {0};
    struct picture expected;
    struct err_note note = {{0}};
    picture_made(&expected, fill);
    assert_ok(node_photo_read(net->nodes[node].node, net_case(net, node, reference), number, &note, on_photo, &back));
    for (int i = 0; i < 40 && back.calls == 0; i++)
        net_pass(net, CLOCK_SECOND_US / 4);
    assert_int_equal(back.calls, 1);
    assert_error(back.error, OK);
    assert_true(slice_equal(buf_slice(&back.photo), buf_slice(&expected.photo)));
    picture_done(&expected);
    buf_free(&back.photo);
}

static void node_blob_comes_after_its_alert_and_is_told(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX];
    publish(net, 2, reference);
    net_run(net);
    assert_int_equal(net_events(net, FR, NODE_CASE_RECEIVED), 1);
    assert_int_equal(net_state(net, BE, reference, FR), RECEIPT(DELIVERED));
    assert_int_equal(column(net, reference), 0);
    const Hotline__Attachment *photo = item_content(shown(net, FR, reference))->alert->photos[0];
    assert_int_equal(photo->thumbnail.len, 9);
    assert_int_equal(photo->size_bytes, PHOTO_BYTES);
    assert_false(photo->has_upload);
    wait_for(net, FR, reference, 2);
    net_pass(net, CLOCK_SECOND_US);
    assert_int_equal(column(net, reference), 2);
    assert_int_equal(net_state(net, BE, reference, FR), RECEIPT(DELIVERED));
    check_photo(net, FR, reference, 1, 0);
    check_photo(net, FR, reference, 2, 1);
    check_photo(net, BE, reference, 1, 0);
    assert_int_equal(net_cases(net, IT), 0);
    /* each chunk once to each relay, and once to the recipient */
    assert_int_equal(net_frames(net, false, BE, NET_ALL, WIRE_BLOB_PUT), 2 * 2 * 5);
    assert_int_equal(net_frames(net, true, FR, NET_ALL, WIRE_BLOB_CHUNK), 2 * 5);
}

/* Kills somebody after every so many steps of the network. */
static void falls_on_the_way(struct net *net, unsigned which)
{
    char reference[CASES_REFERENCE_MAX];
    publish(net, 1, reference);
    net_run(net);
    for (unsigned steps = 1; steps < 40; steps += 3) {
        net_tick(net, CLOCK_SECOND_US / 4);
        for (unsigned i = 0; i < steps; i++)
            net_step(net);
        if (which == BE || which == FR)
            net_crash(net, which);
        else
            net_crash_relay(net, steps % NET_RELAYS, true);
        net_connect(net, NET_ALL, NET_ALL);
    }
    wait_for(net, FR, reference, 1);
    net_pass(net, 5 * CLOCK_SECOND_US);
    assert_int_equal(column(net, reference), 1);
    check_photo(net, FR, reference, 1, 0);
}

static void node_blob_survives_crashes_of_its_recipient(void **state)
{
    falls_on_the_way(*state, FR);
}

static void node_blob_survives_crashes_of_its_publisher(void **state)
{
    falls_on_the_way(*state, BE);
}

static void node_blob_survives_crashes_of_relays(void **state)
{
    falls_on_the_way(*state, NET_ALL);
}

static void node_blob_is_had_again_after_lost_disks(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX];
    publish(net, 1, reference);
    wait_for(net, FR, reference, 1);
    net_crash_relay(net, 0, false);
    net_connect(net, NET_ALL, NET_ALL);
    net_pass(net, 30 * CLOCK_SECOND_US);
    net_cut(net, NET_ALL, 1);
    net_lose_disk(net, FR);
    net_connect(net, FR, 0); /* from the relay that was empty */
    wait_for(net, FR, reference, 1);
    net_lose_disk(net, BE);
    net_connect(net, BE, 0);
    wait_for(net, BE, reference, 1); /* its own, from a relay */
    check_photo(net, BE, reference, 1, 0);
}

static void node_blob_of_a_revision_stays_unless_it_is_replaced(void **state)
{
    struct net *net = *state;
    struct err_note note = {{0}};
    char reference[CASES_REFERENCE_MAX];
    publish(net, 2, reference);
    wait_for(net, FR, reference, 2);
    size_t sent = net_frames(net, true, FR, NET_ALL, WIRE_BLOB_CHUNK);
    assert_ok(try_send(net, reference, net_content(&to_france), false, &note, NULL));
    net_run(net);
    assert_int_equal(shown(net, FR, reference)->header->revision, 2);
    assert_int_equal(here(net, FR, reference), 2);
    net_pass(net, 2 * CLOCK_SECOND_US);
    assert_int_equal(column(net, reference), 2);
    assert_int_equal(net_frames(net, true, FR, NET_ALL, WIRE_BLOB_CHUNK), sent);
    /* the second alone, and a new one */
    Hotline__Case *content = net_content(&to_france);
    with_photos(net, content, 2);
    memcpy(content->photos[0]->upload.data, item_content(shown(net, BE, reference))->alert->photos[1]->name.data, 16);
    assert_ok(try_send(net, reference, content, true, &note, NULL));
    net_run(net);
    wait_for(net, FR, reference, 2);
    check_photo(net, FR, reference, 1, 1);
    check_photo(net, FR, reference, 2, 1);
    /* none */
    assert_ok(try_send(net, reference, net_content(&to_france), true, &note, NULL));
    net_run(net);
    assert_int_equal(item_content(shown(net, FR, reference))->alert->n_photos, 0);
}

static void node_blob_without_an_upload_is_refused_by_its_path(void **state)
{
    struct net *net = *state;
    struct err_note note = {{0}};
    char reference[CASES_REFERENCE_MAX];
    Hotline__Case *content = net_content(&to_france);
    with_photos(net, content, 2);
    content->photos[1]->upload.data[3] ^= 1;
    assert_error(try_send(net, NULL, content, true, &note, reference), ERR_UNKNOWN);
    assert_non_null(strstr(note.text, "case.photos[1].upload"));
    content = net_content(&to_france);
    with_photos(net, content, 1);
    content->photos[0]->has_upload = 0;
    assert_error(try_send(net, NULL, content, true, &note, reference), ERR_MISSING);
    assert_int_equal(net_cases(net, BE), 0);
    assert_int_equal(net->nodes[BE].node->blobs.by_name.count, 0);
}

static void node_blob_upload_is_forgotten_after_an_hour(void **state)
{
    struct net *net = *state;
    struct err_note note = {{0}};
    struct picture picture;
    char reference[CASES_REFERENCE_MAX];
    uint8_t id[16];
    Hotline__Case *content = net_content(&to_france);
    with_photos(net, content, 1);
    net->now_us += NODE_UPLOAD_LIFE_US + CLOCK_SECOND_US;
    picture_made(&picture, 9);
    assert_ok(node_photo_offer(net->nodes[BE].node, &picture, net->now_us, id));
    picture_done(&picture);
    assert_error(try_send(net, NULL, content, true, &note, reference), ERR_UNKNOWN);
}

static bool loses_chunks(struct net *net, const struct net_frame *frame)
{
    (void)net;
    return frame->to_node && frame->type == WIRE_BLOB_CHUNK;
}

/* Answers FR's wish as the relay that it asked, with bytes of our own. */
static void forge(struct net *net, uint32_t chunk, uint8_t fill, bool gone)
{
    struct node *node = net->nodes[FR].node;
    size_t at = 0;
    struct node_blob *blob = lookup_next(&node->blobs.by_name, &at);
    struct blob_range range = blob_chunk(blob->size_bytes, chunk);
    uint8_t *bytes = malloc(range.len);
    Hotline__BlobChunk message = HOTLINE__BLOB_CHUNK__INIT;
    struct key_hash name = blob->name;
    memset(bytes, fill, range.len);
    WIRE_SET_BYTES(&message, name, name.bytes, KEY_HASH_BYTES);
    WIRE_SET(&message, chunk, chunk);
    if (gone) {
        WIRE_SET(&message, gone, 1);
    } else {
        WIRE_SET(&message, chunks, blob->chunks);
        WIRE_SET_BYTES(&message, data, bytes, range.len);
    }
    net_inject(net, FR, blob->relay[0] != '\0' ? net_relay_named(blob->relay) : 0, WIRE_BLOB_CHUNK, &message.base);
    net_run(net);
    free(bytes);
}

static void node_blob_of_a_lying_relay_is_had_from_another(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX];
    net->loses = loses_chunks;
    publish(net, 1, reference);
    net_run(net);
    net_pass(net, CLOCK_SECOND_US);
    const struct node *node = net->nodes[FR].node;
    size_t at = 0;
    struct node_blob *blob = lookup_next(&node->blobs.by_name, &at);
    for (uint32_t i = 0; i < 5; i++)
        forge(net, i, 7, false);
    assert_int_equal(blob->held, 5);
    net_pass(net, 4 * CLOCK_SECOND_US);
    assert_int_equal(blob->held, 0); /* read back, not what was named, dropped */
    assert_int_equal(here(net, FR, reference), 0);
    net->loses = NULL;
    wait_for(net, FR, reference, 1);
    check_photo(net, FR, reference, 1, 0);
}

static void node_blob_chunks_that_were_not_asked_for_change_nothing(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX];
    net->loses = loses_chunks;
    publish(net, 1, reference);
    net_run(net);
    net_pass(net, CLOCK_SECOND_US);
    const struct node *node = net->nodes[FR].node;
    size_t at = 0;
    struct node_blob *blob = lookup_next(&node->blobs.by_name, &at);
    forge(net, 3, 7, false); /* not the next one */
    assert_int_equal(blob->held, 0);
    net_pass(net, CLOCK_SECOND_US);
    forge(net, 0, 0, true); /* gone: another relay is asked */
    net_pass(net, CLOCK_SECOND_US);
    net->loses = NULL;
    wait_for(net, FR, reference, 1);
    forge(net, 0, 7, false); /* it is whole */
    check_photo(net, FR, reference, 1, 0);
}

/* Marked at FR, gone from its disk, told to nobody as here, and after a crash the same; the alert is untouched. */
static void check_refused(struct net *net, const char *reference)
{
    size_t at = 0, asked = net_frames(net, true, FR, NET_ALL, WIRE_BLOB_CHUNK);
    for (int i = 0; i < 2; i++) {
        const struct node *node = net->nodes[FR].node;
        at = 0;
        const struct node_blob *blob = lookup_next(&node->blobs.by_name, &at);
        assert_true(blob->refused && !blob->whole);
        assert_int_equal(blob->held, 0);
        assert_int_equal(node->blobs.lacking, 0);
        assert_int_equal(here(net, FR, reference), 0);
        assert_true(node_blob_is_refused(node, shown(net, FR, reference), 0));
        assert_false(node_blob_is_refused(node, shown(net, FR, reference), 1));
        net_crash(net, FR);
        net_connect(net, NET_ALL, NET_ALL);
        net_pass(net, 30 * CLOCK_SECOND_US);
    }
    assert_int_equal(column(net, reference), 0);
    assert_int_equal(net_state(net, BE, reference, FR), RECEIPT(DELIVERED));
    assert_int_equal(net_frames(net, true, FR, NET_ALL, WIRE_BLOB_CHUNK), asked);
}

/* Its sender is a member and may still be hostile: what is no JPEG is not shown, and not told to be here. */
static void node_blob_that_is_no_jpeg_is_not_shown(void **state)
{
    struct net *net = *state;
    struct err_note note = {{0}};
    struct picture picture;
    char reference[CASES_REFERENCE_MAX];
    Hotline__Case *content = net_content(&to_france);
    with_photos(net, content, 1);
    picture_made(&picture, 0);
    picture.photo.data[0] = 'G';
    assert_ok(node_photo_offer(net->nodes[BE].node, &picture, net->now_us, content->photos[0]->upload.data));
    picture_done(&picture);
    assert_ok(try_send(net, NULL, content, true, &note, reference));
    net_run(net);
    net_pass(net, 10 * CLOCK_SECOND_US);
    assert_int_equal(here(net, FR, reference), 0);
    assert_int_equal(column(net, reference), 0);
    struct read_back back = {0};
    assert_error(node_photo_read(net->nodes[FR].node, net_case(net, FR, reference), 1, &note, on_photo, &back),
                 ERR_INVALID);
    assert_int_equal(net_frames(net, true, FR, NET_ALL, WIRE_BLOB_CHUNK), 5); /* once */
    check_refused(net, reference);
}

/* Whoever looks at photos, in the place of the helper: keeps what it was asked until the test answers. */
struct looker {
    int asked, busy; /* busy: so many are turned away at once */
    node_look_done *done;
    void *ctx;
};

static struct looker looker;

static int on_look(void *ctx, struct slice photo, node_look_done *done, void *done_ctx)
{
    (void)ctx;
    looker.asked++;
    assert_int_equal(photo.len, PHOTO_BYTES);
    assert_null(looker.done); /* one at a time */
    if (looker.busy-- > 0)
        return ERR_BUSY;
    looker.done = done;
    looker.ctx = done_ctx;
    return OK;
}

static void look_answers(int error, uint32_t width, uint32_t height)
{
    struct err_note note = {"because"};
    node_look_done *done = looker.done;
    assert_non_null(done);
    looker.done = NULL;
    done(looker.ctx, error, &note, width, height);
}

static void wait_for_look(struct net *net, int asked)
{
    for (int i = 0; i < 400 && looker.asked < asked; i++)
        net_pass(net, CLOCK_SECOND_US / 4);
    assert_int_equal(looker.asked, asked);
}

static void with_looker(struct net *net, char *reference)
{
    looker = (struct looker){.done = NULL};
    net->nodes[FR].node->io.look = on_look;
    publish(net, 1, reference);
    net_run(net);
}

static void node_blob_counts_only_once_it_was_looked_at(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX];
    with_looker(net, reference);
    looker.busy = 1;
    wait_for_look(net, 2); /* turned away, and asked again */
    net_pass(net, 10 * CLOCK_SECOND_US);
    assert_int_equal(looker.asked, 2);
    assert_int_equal(here(net, FR, reference), 0);
    assert_int_equal(column(net, reference), 0);
    look_answers(ERR_UNREACHABLE, 0, 0); /* the helper was ended with it */
    wait_for_look(net, 3);
    look_answers(OK, 640, 480);
    net_pass(net, CLOCK_SECOND_US);
    assert_int_equal(here(net, FR, reference), 1);
    assert_int_equal(column(net, reference), 1);
    check_photo(net, FR, reference, 1, 0);
    net_pass(net, 20 * CLOCK_SECOND_US);
    assert_int_equal(looker.asked, 3);
}

static void refuse_after_look(struct net *net, int error, uint32_t width)
{
    char reference[CASES_REFERENCE_MAX];
    with_looker(net, reference);
    wait_for_look(net, 1);
    look_answers(error, width, 480);
    net_pass(net, 100 * CLOCK_SECOND_US);
    assert_int_equal(looker.asked, 1);
    check_refused(net, reference);
}

static void node_blob_that_is_more_than_a_picture_is_refused_and_stays_so(void **state)
{
    refuse_after_look(*state, ERR_INVALID, 0);
}

static void node_blob_that_takes_too_much_is_refused(void **state)
{
    refuse_after_look(*state, ERR_LIMIT, 0);
}

static void node_blob_of_other_sides_than_its_case_says_is_refused(void **state)
{
    refuse_after_look(*state, OK, 641);
}

/* The one answer comes when nobody is there, the other when the photo is gone. */
static void node_blob_look_outlives_node_and_case(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX];
    with_looker(net, reference);
    wait_for_look(net, 1);
    net_crash(net, FR);
    look_answers(OK, 640, 480);
    net->nodes[FR].node->io.look = on_look;
    net_connect(net, NET_ALL, NET_ALL);
    wait_for_look(net, 2); /* it is looked at again */
    assert_int_equal(here(net, FR, reference), 0);
    node_blob_forget(net->nodes[FR].node, &net_case(net, FR, reference)->key);
    look_answers(OK, 640, 480);
    assert_int_equal(net->nodes[FR].node->blobs.by_name.count, 0);
    assert_int_equal(net->nodes[FR].node->blobs.lacking, 0);
}

static void node_blob_is_erased_with_its_case(void **state)
{
    struct net *net = *state;
    struct err_note note = {{0}};
    char reference[CASES_REFERENCE_MAX];
    publish(net, 1, reference);
    wait_for(net, FR, reference, 1);
    assert_ok(net_try_finish(net, BE, reference, HOTLINE__ACT__CODE__CLOSE, &note));
    net_run(net);
    assert_ok(net_try_acknowledge(net, FR, reference));
    net_pass(net, 10 * CLOCK_SECOND_US);
    net->now_us += 80 * CLOCK_HOUR_US;
    net_pass(net, 20 * CLOCK_SECOND_US);
    assert_true(net_case(net, FR, reference)->erased && net_case(net, BE, reference)->erased);
    assert_int_equal(net->nodes[FR].node->blobs.by_name.count, 0);
    assert_int_equal(net->nodes[BE].node->blobs.by_name.count, 0);
    assert_int_equal(net->nodes[FR].node->blobs.lacking, 0);
    net_crash(net, FR); /* and nothing of it comes back */
    assert_int_equal(net->nodes[FR].node->blobs.by_name.count, 0);
}

int main(void)
{
#define NET_TEST(name) cmocka_unit_test_setup_teardown(name, net_setup, net_teardown)
    const struct CMUnitTest tests[] = {
        NET_TEST(node_blob_comes_after_its_alert_and_is_told),
        NET_TEST(node_blob_survives_crashes_of_its_recipient),
        NET_TEST(node_blob_survives_crashes_of_its_publisher),
        NET_TEST(node_blob_survives_crashes_of_relays),
        NET_TEST(node_blob_is_had_again_after_lost_disks),
        NET_TEST(node_blob_of_a_revision_stays_unless_it_is_replaced),
        NET_TEST(node_blob_without_an_upload_is_refused_by_its_path),
        NET_TEST(node_blob_upload_is_forgotten_after_an_hour),
        NET_TEST(node_blob_of_a_lying_relay_is_had_from_another),
        NET_TEST(node_blob_chunks_that_were_not_asked_for_change_nothing),
        NET_TEST(node_blob_that_is_no_jpeg_is_not_shown),
        NET_TEST(node_blob_counts_only_once_it_was_looked_at),
        NET_TEST(node_blob_that_is_more_than_a_picture_is_refused_and_stays_so),
        NET_TEST(node_blob_that_takes_too_much_is_refused),
        NET_TEST(node_blob_of_other_sides_than_its_case_says_is_refused),
        NET_TEST(node_blob_look_outlives_node_and_case),
        NET_TEST(node_blob_is_erased_with_its_case),
    };
    return seal_start() == OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
