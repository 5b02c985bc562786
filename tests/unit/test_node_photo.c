/* Photos that are not as they should be: of a hostile member, whose case is shown all the same; of a hostile relay; and
 * uploads that nobody sends. */
#include "node/node_inner.h"
#include "node/node_make.h"
#include "node/node_view.h"
#include "node_world.h"
#include "proto/blob.h"

#define PHOTO_BYTES 200000

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

static void offer(struct net *net, uint8_t fill, uint8_t id[16])
{
    struct picture picture;
    picture_made(&picture, fill);
    assert_ok(node_photo_offer(net->nodes[BE].node, &picture, net->now_us, id));
    picture_done(&picture);
}

/* Gives the content a photo that was handed in under this id. */
static void add_upload(Hotline__Case *content, const uint8_t id[16], size_t len)
{
    Hotline__Attachment *photo = malloc(sizeof *photo);
    uint8_t *copy = malloc(16);
    hotline__attachment__init(photo);
    memcpy(copy, id, 16);
    photo->has_upload = 1;
    photo->upload = (ProtobufCBinaryData){len, copy};
    content->photos = realloc(content->photos, (content->n_photos + 1) * sizeof *content->photos);
    content->photos[content->n_photos++] = photo;
}

/* Publishes this content, which it frees. */
static int publish(struct net *net, Hotline__Case *content, struct err_note *note, char *reference)
{
    struct node_draft draft = net_draft(&to_france, content);
    struct case_entry *entry = NULL;
    uint64_t ticket;
    draft.photos_given = true;
    int error = node_publish(net->nodes[BE].node, &draft, net->now_us, note, &entry, &ticket);
    if (error == OK)
        snprintf(reference, CASES_REFERENCE_MAX, "%s", entry->reference);
    case_free(content);
    return error;
}

static void publish_one(struct net *net, char *reference)
{
    uint8_t id[16];
    struct err_note note = {{0}};
    Hotline__Case *content = net_content(&to_france);
    offer(net, 1, id);
    add_upload(content, id, 16);
    assert_ok(publish(net, content, &note, reference));
    net_run(net);
}

static void nobody(void *ctx, int error, struct slice photo)
{
    (void)ctx;
    (void)error;
    (void)photo;
    fail_msg("a photo was read");
}

static void check_unreadable(struct net *net, const char *reference, size_t number, int expected, const char *text)
{
    struct err_note note = {{0}};
    assert_error(node_photo_read(net->nodes[FR].node, net_case(net, FR, reference), number, &note, nobody, NULL),
                 expected);
    assert_note(&note, text);
}

/* What FR's people see: so many photos, so many here, and these refused (0: none). */
static void check_seen(struct net *net, const char *reference, int64_t photos, int64_t photos_here, int64_t refused)
{
    struct jdoc *doc = node_view_case(net->nodes[FR].node, net_case(net, FR, reference), net->now_us);
    assert_int_equal(jdoc_get_int(doc, "photos", -1), photos);
    assert_int_equal(jdoc_get_int(doc, "photos_here", -1), photos_here);
    int64_t first = 0;
    if (jdoc_count(jdoc_get(doc, "photos_refused")) > 0)
        (void)jdoc_int(jdoc_at(jdoc_get(doc, "photos_refused"), 0), &first);
    assert_int_equal(first, refused);
    jdoc_free(doc);
}

/* ---- a hostile member ---- */

struct lie {
    bool no_name, no_key, unnamed; /* unnamed: the signed header says nothing of it */
    uint64_t size_bytes;           /* as the header has it; 0: the true one */
    const struct item *of;         /* IT names the photo of this one; NULL: BE one of its own */
};

/* A case whose first photo is told so; sealed and sent as any other. Its bytes are there to be asked for. */
static void craft(struct net *net, const struct lie *lie, const char *reference)
{
    struct node *node = net->nodes[lie->of != NULL ? IT : BE].node;
    struct node_outgoing out;
    struct node_attached attached = {.count = 0};
    struct err_note note = {{0}};
    struct key_blob key;
    struct picture picture;
    Hotline__Case *content = net_content(&to_france);
    Hotline__Attachment photo = HOTLINE__ATTACHMENT__INIT, *photos[1] = {&photo};
    char room[CASES_REFERENCE_MAX], type[] = "image/jpeg";
    uint8_t case_id[KEY_UUID_BYTES];
    struct item *item;
    uint64_t ticket;
    picture_made(&picture, 5);
    assert_ok(blob_seal(buf_slice(&picture.photo), &attached.sealed[0], &key, &attached.names[0]));
    if (lie->of != NULL) {
        size_t count;
        const Hotline__Attachment *theirs = node_blob_photos(lie->of, &count)[0];
        assert_ok(key_hash_from(wire_slice(theirs->name), &attached.names[0]));
        memcpy(key.bytes, theirs->key.data, KEY_BYTES);
    }
    assert_ok(node_begin(node, &out, HOTLINE__KIND__CODE__CASE, false, net->now_us));
    assert_ok(node_out_country(&out, "FR", &note));
    seal_random(case_id, sizeof case_id);
    node_name_case(&out, node->keys->id, case_id);
    snprintf(room, sizeof room, "%s", reference);
    WIRE_SET(&out.route, restricted, false);
    WIRE_SET(&out.header, act, HOTLINE__ACT__CODE__OPEN);
    WIRE_SET(&out.header, revision, 1);
    WIRE_SET(&out.header, urgency, HOTLINE__URGENCY__CODE__IMMEDIATE);
    WIRE_SET(&out.header, expires_at_us, out.header.sent_at_us + CLOCK_DAY_US);
    content->reference = room;
    WIRE_SET_BYTES(content, case_id, case_id, sizeof case_id);
    WIRE_SET(content, revision, 1);
    WIRE_SET(content, status, HOTLINE__STATUS__CODE__ACTUAL);
    photo.mime_type = type;
    WIRE_SET(&photo, size_bytes, PHOTO_BYTES);
    WIRE_SET(&photo, width_px, 640);
    WIRE_SET(&photo, height_px, 480);
    if (!lie->no_name)
        WIRE_SET_BYTES(&photo, name, attached.names[0].bytes, KEY_HASH_BYTES);
    if (!lie->no_key)
        WIRE_SET_BYTES(&photo, key, key.bytes, KEY_BYTES);
    content->n_photos = 1;
    content->photos = photos;
    hotline__blob_name__init(&attached.rows[0]);
    attached.list[0] = &attached.rows[0];
    WIRE_SET_BYTES(&attached.rows[0], name, attached.names[0].bytes, KEY_HASH_BYTES);
    WIRE_SET(&attached.rows[0], size_bytes, lie->size_bytes ? lie->size_bytes : attached.sealed[0].len);
    out.header.n_blobs = lie->unnamed ? 0 : 1;
    out.header.blobs = attached.list;
    out.body.content_case = HOTLINE__ENVELOPE_BODY__CONTENT_ALERT;
    out.body.alert = content;
    assert_ok(node_seal(node, &out, &note, &item));
    assert_ok(node_launch(node, item, &note, &ticket));
    attached.is_new[0] = lie->of == NULL;
    attached.count = 1;
    node_photo_keep(node, item, &attached);
    content->n_photos = 0;
    content->photos = NULL;
    content->reference = NULL;
    content->case_id = (ProtobufCBinaryData){0, NULL};
    case_free(content);
    node_attached_done(&attached);
    picture_done(&picture);
    net_run(net);
    net_pass(net, 20 * CLOCK_SECOND_US);
}

static void photo_of_an_honest_member_made_by_hand_is_shown(void **state)
{
    struct net *net = *state;
    craft(net, &(struct lie){.no_name = false}, "BE-2026-00701");
    check_seen(net, "BE-2026-00701", 1, 1, 0);
    check_unreadable(net, "BE-2026-00701", 0, ERR_NOT_FOUND, "has 1 photos");
    check_unreadable(net, "BE-2026-00701", 2, ERR_NOT_FOUND, "has 1 photos");
}

static void photo_that_the_header_does_not_name_is_never_asked_for(void **state)
{
    struct net *net = *state;
    craft(net, &(struct lie){.unnamed = true}, "BE-2026-00702");
    check_seen(net, "BE-2026-00702", 1, 0, 0);
    check_unreadable(net, "BE-2026-00702", 1, ERR_NOT_FOUND, "has not come yet: its thumbnail is in the case");
    assert_int_equal(net_frames(net, false, FR, NET_ALL, WIRE_BLOB_WANT), 0);
    net_crash(net, FR);
    net_connect(net, FR, NET_ALL);
    check_seen(net, "BE-2026-00702", 1, 0, 0);
}

static void photo_without_a_name_is_counted_and_never_here(void **state)
{
    struct net *net = *state;
    craft(net, &(struct lie){.no_name = true}, "BE-2026-00703");
    check_seen(net, "BE-2026-00703", 1, 0, 0);
    check_unreadable(net, "BE-2026-00703", 1, ERR_NOT_FOUND, "has not come yet");
    assert_int_equal(net_frames(net, false, FR, NET_ALL, WIRE_BLOB_WANT), 0);
}

static void photo_without_a_key_is_refused_once_it_is_here(void **state)
{
    struct net *net = *state;
    craft(net, &(struct lie){.no_key = true}, "BE-2026-00704");
    check_seen(net, "BE-2026-00704", 1, 0, 1);
    check_unreadable(net, "BE-2026-00704", 1, ERR_INVALID, "came and is refused");
    size_t asked = net_frames(net, false, FR, NET_ALL, WIRE_BLOB_WANT);
    net_pass(net, CLOCK_MINUTE_US);
    assert_int_equal(net_frames(net, false, FR, NET_ALL, WIRE_BLOB_WANT), asked); /* and not asked for again */
}

/* ---- one photo that two cases name: whose came first must not matter ---- */

#define OTHER "IT-2026-00801"

/* FR has a case of IT that names the photo of BE's case, and then that one. */
static void meet_other_first(struct net *net, struct lie lie, char *reference)
{
    net_cut(net, BE, NET_ALL);
    publish_one(net, reference);
    lie.of = net_revision(net, BE, reference, 1);
    craft(net, &lie, OTHER);
    check_seen(net, OTHER, 1, 0, 0);
    net_connect(net, BE, NET_ALL);
    net_pass(net, 5 * CLOCK_MINUTE_US);
}

static void photo_that_another_case_names_without_its_key_is_shown_by_its_own(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX];
    meet_other_first(net, (struct lie){.no_key = true}, reference);
    check_seen(net, reference, 1, 1, 0);
    check_seen(net, OTHER, 1, 0, 1);
    check_unreadable(net, OTHER, 1, ERR_INVALID, "came and is refused");
    net_crash(net, FR);
    net_connect(net, FR, NET_ALL);
    check_seen(net, reference, 1, 1, 0);
}

static void photo_that_another_case_tells_another_size_of_is_shown_by_its_own(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX];
    meet_other_first(net, (struct lie){.size_bytes = 70000}, reference);
    check_seen(net, reference, 1, 1, 0);
}

/* The case that it came for is erased, and its key with it: the other asks for it again. */
static void photo_that_another_case_names_outlives_its_erasure(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX];
    struct err_note note = {{0}};
    meet_other_first(net, (struct lie){.no_name = false}, reference);
    check_seen(net, reference, 1, 1, 0);
    check_seen(net, OTHER, 1, 1, 0);
    net_forget(net);
    assert_ok(net_try_finish(net, IT, OTHER, HOTLINE__ACT__CODE__RETRACT, &note));
    net_run(net);
    assert_ok(net_try_acknowledge(net, FR, OTHER));
    net_pass(net, 10 * CLOCK_SECOND_US);
    net->now_us += 25 * CLOCK_HOUR_US;
    net_pass(net, 30 * CLOCK_SECOND_US);
    assert_true(net_case(net, FR, OTHER)->erased);
    check_seen(net, reference, 1, 1, 0);
    assert_true(net_frames(net, false, FR, NET_ALL, WIRE_BLOB_WANT) > 0);
}

/* ---- relays ---- */

static bool loses_chunks(struct net *net, const struct net_frame *frame)
{
    (void)net;
    return frame->to_node && frame->type == WIRE_BLOB_CHUNK;
}

static struct node_blob *blob_of(struct net *net, unsigned node)
{
    size_t at = 0;
    struct node_blob *blob = lookup_next(&net->nodes[node].node->blobs.by_name, &at);
    assert_non_null(blob);
    return blob;
}

struct piece {
    unsigned relay;
    uint32_t chunk, chunks;
    size_t len;
    bool unknown; /* of a photo that nobody named */
};

static void hand_in(struct net *net, const struct piece *piece)
{
    Hotline__BlobChunk message = HOTLINE__BLOB_CHUNK__INIT;
    struct key_hash name = blob_of(net, FR)->name;
    uint8_t *bytes = calloc(1, piece->len);
    name.bytes[0] ^= piece->unknown;
    WIRE_SET_BYTES(&message, name, name.bytes, KEY_HASH_BYTES);
    WIRE_SET(&message, chunk, piece->chunk);
    WIRE_SET(&message, chunks, piece->chunks);
    WIRE_SET_BYTES(&message, data, bytes, piece->len);
    net_inject(net, FR, piece->relay, WIRE_BLOB_CHUNK, &message.base);
    net_run(net);
    free(bytes);
}

static void photo_pieces_that_do_not_fit_are_counted_and_another_relay_is_asked(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX];
    net->loses = loses_chunks;
    publish_one(net, reference);
    net_pass(net, CLOCK_SECOND_US);
    struct node *node = net->nodes[FR].node;
    const struct node_blob *blob = blob_of(net, FR);
    size_t len = blob_chunk(blob->size_bytes, 0).len;
    unsigned asked = net_relay_named(blob->relay);
    uint64_t refused = node->counters.refused_in;
    hand_in(net, &(struct piece){asked, 0, blob->chunks, len, true});
    hand_in(net, &(struct piece){1 - asked, 0, blob->chunks, len, false}); /* of a relay that was not asked */
    assert_int_equal(node->counters.refused_in, refused);
    assert_int_equal(net_relay_named(blob->relay), asked);
    hand_in(net, &(struct piece){asked, 0, blob->chunks + 1, len, false});
    assert_int_equal(node->counters.refused_in, refused + 1);
    net_pass(net, CLOCK_SECOND_US);
    assert_int_equal(net_relay_named(blob->relay), 1 - asked);
    hand_in(net, &(struct piece){1 - asked, 0, blob->chunks, len - 1, false});
    assert_int_equal(node->counters.refused_in, refused + 2);
    assert_int_equal(blob->held, 0);
    net->loses = NULL;
    net_pass(net, CLOCK_MINUTE_US);
    check_seen(net, reference, 1, 1, 0);
}

static void want(struct net *net, const struct key_hash *name, uint32_t from, uint32_t count)
{
    Hotline__BlobWant message = HOTLINE__BLOB_WANT__INIT;
    struct key_hash copy = *name;
    WIRE_SET_BYTES(&message, name, copy.bytes, KEY_HASH_BYTES);
    WIRE_SET(&message, from_chunk, from);
    WIRE_SET(&message, count, count);
    net_inject(net, BE, 0, WIRE_BLOB_WANT, &message.base);
    net_run(net);
}

static void photo_is_given_as_far_as_it_goes_and_nothing_else_is(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX];
    publish_one(net, reference);
    net_pass(net, 10 * CLOCK_SECOND_US);
    const struct node_blob *blob = blob_of(net, BE);
    struct key_hash other = blob->name;
    other.bytes[3] ^= 1;
    net_forget(net);
    want(net, &other, 0, 1);
    want(net, &blob->name, blob->chunks, 1);
    assert_int_equal(net_frames(net, false, BE, 0, WIRE_BLOB_PUT), 0);
    want(net, &blob->name, blob->chunks - 1, 8); /* no more than there is */
    assert_int_equal(net_frames(net, false, BE, 0, WIRE_BLOB_PUT), 1);
    const Hotline__BlobPut *put = net_last(net, false, BE, 0, WIRE_BLOB_PUT);
    assert_int_equal(put->chunk, blob->chunks - 1);
    assert_int_equal(put->chunks, blob->chunks);
    assert_int_equal(put->data.len, blob_chunk(blob->size_bytes, blob->chunks - 1).len);
}

static void photo_is_not_given_to_a_relay_that_went_away_meanwhile(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX];
    publish_one(net, reference);
    net_pass(net, 10 * CLOCK_SECOND_US);
    net_forget(net);
    Hotline__BlobWant message = HOTLINE__BLOB_WANT__INIT;
    struct key_hash name = blob_of(net, BE)->name;
    WIRE_SET_BYTES(&message, name, name.bytes, KEY_HASH_BYTES);
    WIRE_SET(&message, from_chunk, 0);
    WIRE_SET(&message, count, 3);
    net_inject(net, BE, 0, WIRE_BLOB_WANT, &message.base);
    net_cut(net, BE, 0); /* before its first piece was read */
    net_run(net);
    size_t sent = net_frames(net, false, BE, 0, WIRE_BLOB_PUT);
    assert_in_range(sent, 0, 1);
    net_connect(net, BE, 0);
    assert_int_equal(net_frames(net, false, BE, 0, WIRE_BLOB_PUT), sent); /* it asks again when it wants it still */
    check_seen(net, reference, 1, 1, 0);
}

/* ---- uploads ---- */

static void photo_uploads_beyond_their_places_push_out_the_oldest(void **state)
{
    struct net *net = *state;
    struct node *node = net->nodes[BE].node;
    uint8_t ids[NODE_UPLOADS + 1][16];
    char reference[CASES_REFERENCE_MAX];
    struct err_note note = {{0}};
    for (unsigned i = 0; i <= NODE_UPLOADS; i++) {
        net->now_us += CLOCK_SECOND_US;
        offer(net, (uint8_t)i, ids[i]);
        assert_true(node_photo_waits(node, ids[i]));
    }
    assert_false(node_photo_waits(node, ids[0]));
    assert_true(node_photo_waits(node, ids[1]));
    Hotline__Case *content = net_content(&to_france);
    add_upload(content, ids[0], 16);
    assert_error(publish(net, content, &note, reference), ERR_UNKNOWN);
    assert_note(&note, "case.photos[0].upload: no picture was handed in under this id within the hour");
    content = net_content(&to_france);
    add_upload(content, ids[1], 16);
    add_upload(content, ids[NODE_UPLOADS], 16);
    assert_ok(publish(net, content, &note, reference));
    assert_false(node_photo_waits(node, ids[1])); /* sent */
    net_run(net);
    net_pass(net, 20 * CLOCK_SECOND_US);
    check_seen(net, reference, 2, 2, 0);
}

static void photo_that_the_case_had_is_no_new_one(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX];
    uint8_t fresh[16];
    publish_one(net, reference);
    const struct item *before = net_revision(net, BE, reference, 1);
    Hotline__Case *content = net_content(&to_france);
    assert_false(node_photo_adds(before, content));
    add_upload(content, blob_of(net, BE)->name.bytes, 16); /* by its name's first half: as the API tells it */
    assert_false(node_photo_adds(before, content));
    assert_true(node_photo_was(before, content->photos[0]->upload.data));
    assert_true(node_photo_adds(NULL, content));
    offer(net, 9, fresh);
    add_upload(content, fresh, 16);
    assert_true(node_photo_adds(before, content));
    case_free(content);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        NET_TEST(photo_of_an_honest_member_made_by_hand_is_shown),
        NET_TEST(photo_that_the_header_does_not_name_is_never_asked_for),
        NET_TEST(photo_without_a_name_is_counted_and_never_here),
        NET_TEST(photo_without_a_key_is_refused_once_it_is_here),
        NET_TEST(photo_that_another_case_names_without_its_key_is_shown_by_its_own),
        NET_TEST(photo_that_another_case_tells_another_size_of_is_shown_by_its_own),
        NET_TEST(photo_that_another_case_names_outlives_its_erasure),
        NET_TEST(photo_pieces_that_do_not_fit_are_counted_and_another_relay_is_asked),
        NET_TEST(photo_is_given_as_far_as_it_goes_and_nothing_else_is),
        NET_TEST(photo_is_not_given_to_a_relay_that_went_away_meanwhile),
        NET_TEST(photo_uploads_beyond_their_places_push_out_the_oldest),
        NET_TEST(photo_that_the_case_had_is_no_new_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
