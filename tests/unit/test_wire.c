/* wire: frames, the budget against bombs, and everything that protobuf-c lets through and we must not. */
#include "fixture.h"

#include "proto/case.pb-c.h"
#include "proto/wire_rules.h"

static int unpack(const ProtobufCMessageDescriptor *descriptor, struct slice bytes, struct err_note *note)
{
    struct wire_arena arena;
    ProtobufCMessage *message = NULL;
    *note = (struct err_note){{0}};
    assert_error(wire_arena_init(&arena), OK);
    int result = wire_unpack(descriptor, bytes, &arena, note, &message);
    assert_true((result == OK) == (message != NULL));
    wire_arena_done(&arena);
    return result;
}

static void expect(const ProtobufCMessageDescriptor *descriptor, const char *hex, int error, const char *part, int line)
{
    uint8_t bytes[512];
    struct err_note note;
    size_t len = strlen(hex) / 2;
    fixture_unhex(hex, bytes, len);
    int result = unpack(descriptor, slice_of(bytes, len), &note);
    if (result != error || (part != NULL && strstr(note.text, part) == NULL))
        fail_msg("line %d: %s: %s instead of %s, \"%s\"", line, hex, err_name(result), err_name(error), note.text);
}
#define EXPECT(message, hex, error, part) expect(&hotline__##message##__descriptor, hex, error, part, __LINE__)

/* RosterName: version 1, a hash of 32 zeros. */
#define ZEROS32 "0000000000000000000000000000000000000000000000000000000000000000"
#define GOOD_NAME "08011220" ZEROS32

static void wire_message_in_order_and_canonical_is_taken(void **state)
{
    (void)state;
    EXPECT(roster_name, GOOD_NAME, OK, NULL);
    EXPECT(pulse, "0801", OK, NULL);
    EXPECT(presence, "", OK, NULL);
}

static void wire_message_that_another_encoder_would_not_make_is_refused(void **state)
{
    (void)state;
    EXPECT(roster_name, GOOD_NAME "1801", ERR_UNKNOWN, "field");   /* an unknown field behind */
    EXPECT(roster_name, "1801" GOOD_NAME, ERR_UNKNOWN, "field");   /* and before */
    EXPECT(roster_name, GOOD_NAME "a00601", ERR_UNKNOWN, "field"); /* number 100 */
    EXPECT(roster_name, "1220" ZEROS32 "0801", ERR_SYNTAX, NULL);  /* out of order */
    EXPECT(roster_name, "0801" GOOD_NAME, ERR_SYNTAX, NULL);       /* twice */
    EXPECT(roster_name, "08811220" ZEROS32, ERR_SYNTAX, NULL);     /* cut */
    EXPECT(roster_name, "0881001220" ZEROS32, ERR_SYNTAX, NULL);   /* a number with a byte too many */
    EXPECT(roster_name,
           "088001"
           "12a000" ZEROS32,
           ERR_SYNTAX, NULL); /* a length with a byte too many */
    EXPECT(roster_name,
           "880001"
           "1220" ZEROS32,
           ERR_SYNTAX, NULL); /* a tag with a byte too many */
    EXPECT(roster_name,
           "0d01000000"
           "1220" ZEROS32,
           ERR_SYNTAX, NULL); /* another wire type */
    EXPECT(present,
           "0a0162"
           "1002",
           ERR_SYNTAX, NULL); /* true as 2 */
    EXPECT(presence,
           "0a050a01621001"
           "1a00",
           ERR_UNKNOWN, "field");
    EXPECT(presence, "0a070a016210011a01", ERR_SYNTAX, NULL); /* cut inside */
    EXPECT(presence,
           "0a080a01621001"
           "f00101",
           ERR_UNKNOWN, "members."); /* unknown inside a repeated message */
    EXPECT(deliver,
           "0a00"
           "0a00",
           ERR_MISSING, NULL); /* merged duplicates never get so far */
    EXPECT(roster_name,
           "08"
           "ffffffffffffffffff7f",
           ERR_LIMIT, "version");                          /* a varint beyond 64 bits */
    EXPECT(roster_name, "12ffffffff0f", ERR_SYNTAX, NULL); /* a length of 4 GiB */
}

static void wire_merged_duplicate_message_is_refused(void **state)
{
    (void)state;
    /* Hello with two cards: protobuf merges them */
    Hotline__SignedCard card = HOTLINE__SIGNED_CARD__INIT;
    Hotline__Hello hello = HOTLINE__HELLO__INIT;
    Hotline__RosterName name = HOTLINE__ROSTER_NAME__INIT;
    uint8_t zeros[64] = {0};
    uint32_t one = 1;
    struct buf first, both;
    struct err_note note;
    buf_init(&first);
    buf_init(&both);
    WIRE_SET_BYTES(&card, card, zeros, 20);
    hello.card = &card;
    fixture_pack_raw(&hello.base, &both);
    WIRE_SET_BYTES(&card, signature, zeros, 64);
    WIRE_SET(&name, version, 1);
    WIRE_SET_BYTES(&name, hash, zeros, 32);
    hello.roster = &name;
    hello.n_protocol = 1;
    hello.protocol = &one;
    fixture_pack_raw(&hello.base, &first);
    assert_error(unpack(&hotline__hello__descriptor, buf_slice(&first), &note), OK);
    buf_add_slice(&both, buf_slice(&first));
    assert_error(unpack(&hotline__hello__descriptor, buf_slice(&both), &note), ERR_SYNTAX);
    buf_free(&first);
    buf_free(&both);
}

static void wire_repeated_numbers_must_be_packed_as_the_schema_says(void **state)
{
    (void)state;
    static const char head[] = "0a0161"
                               "120162"
                               "1a10"
                               "00000000000000000000000000000000";
    char text[200];
    snprintf(text, sizeof text, "%s%s", head, "22020102");
    EXPECT(gap, text, OK, NULL);
    snprintf(text, sizeof text, "%s%s", head, "20012002"); /* one by one */
    EXPECT(gap, text, ERR_SYNTAX, NULL);
    snprintf(text, sizeof text, "%s%s", head,
             "22010122"
             "0102"); /* in two runs */
    EXPECT(gap, text, ERR_SYNTAX, NULL);
    snprintf(text, sizeof text, "%s%s", head, "22020100"); /* number 0 is no number of a sequence */
    EXPECT(gap, text, ERR_LIMIT, "missing");
    snprintf(text, sizeof text, "%s%s", head, "2200"); /* an empty run */
    EXPECT(gap, text, ERR_MISSING, "missing");
    EXPECT(route,
           "0a024245"
           "18011802",
           OK, NULL);
    EXPECT(route,
           "0a024245"
           "1a020102",
           ERR_SYNTAX, NULL); /* codes in a run */
    EXPECT(route,
           "0a024245"
           "1809",
           ERR_UNKNOWN, "audience");
    EXPECT(route,
           "0a024245"
           "1800",
           ERR_UNKNOWN, "audience");
    EXPECT(route,
           "0a024245"
           "18ffffffffffffffffff01",
           ERR_UNKNOWN, "audience");
    EXPECT(route,
           "0a024245"
           "1881808080"
           "10",
           ERR_SYNTAX, NULL); /* 2^32 + 1 cut to 1 */
}

/* EnvelopeBody is a oneof: the last one wins in protobuf, so two of them must not pass. */
static void wire_oneof_holds_exactly_what_came(void **state)
{
    (void)state;
    EXPECT(envelope_body,
           "3202"
           "1001",
           OK, NULL);                    /* probe, number 1 */
    EXPECT(envelope_body, "", OK, NULL); /* none: the case's own rules refuse it */
    EXPECT(envelope_body,
           "3202"
           "1001"
           "3202"
           "1001",
           ERR_SYNTAX, NULL); /* the same twice */
    EXPECT(envelope_body,
           "2200"
           "3202"
           "1001",
           ERR_SYNTAX, NULL); /* statistics, then probe */
    EXPECT(envelope_body,
           "3202"
           "1001"
           "2200",
           ERR_SYNTAX, NULL);
    EXPECT(envelope_body,
           "3204"
           "1001"
           "1801",
           ERR_UNKNOWN, "probe.");
}

static void wire_strings_must_be_utf8_without_nul(void **state)
{
    (void)state;
    EXPECT(present,
           "0a0162"
           "1001",
           OK, NULL);
    EXPECT(present,
           "0a01ff"
           "1001",
           ERR_SYNTAX, "member: not UTF-8");
    EXPECT(present,
           "0a03620063"
           "1001",
           ERR_SYNTAX, NULL);
    EXPECT(present,
           "0a026200"
           "1001",
           ERR_SYNTAX, NULL);
    EXPECT(present,
           "0a0100"
           "1001",
           ERR_LIMIT, "member");
    EXPECT(present,
           "0a00"
           "1001",
           ERR_LIMIT, "member");
    EXPECT(presence,
           "0a070a02c0801001"
           "00",
           ERR_SYNTAX, NULL);
}

static void wire_absent_short_long_and_unknown_values_are_named(void **state)
{
    (void)state;
    EXPECT(roster_name, "1220" ZEROS32, ERR_MISSING, "RosterName: version: needed");
    EXPECT(roster_name, "0801", ERR_MISSING, "hash");
    EXPECT(roster_name,
           "0800"
           "1220" ZEROS32,
           ERR_LIMIT, "version: 0 is outside");
    EXPECT(roster_name,
           "08ffffffffffffffffff01"
           "1220" ZEROS32,
           ERR_LIMIT, "version");
    EXPECT(roster_name,
           "0801"
           "121f"
           "00000000000000000000000000000000000000000000000000000000000000",
           ERR_LIMIT, "hash: 31 bytes");
    EXPECT(roster_name,
           "0801"
           "1221" ZEROS32 "00",
           ERR_LIMIT, "hash: 33 bytes");
    EXPECT(pulse, "08ffffffffffffffffff01", ERR_LIMIT, "clock_us"); /* -1 */
    EXPECT(pulse, "08ffffffffffffffff7f", ERR_LIMIT, "clock_us");   /* the year 294,000 */
    EXPECT(goodbye, "0807", OK, NULL);
    EXPECT(goodbye, "0808", ERR_UNKNOWN, "code");
    EXPECT(hello, "1200", ERR_MISSING, "protocol");
    EXPECT(hello,
           "0801"
           "1200"
           "1a00",
           ERR_MISSING, "card.card: needed");
}

/* --- bombs --- */

/* A message of nothing but one repeated field's empty elements. */
static void bomb(uint32_t field, size_t size, struct buf *out)
{
    for (size_t i = 0; i + 2 <= size; i += 2) {
        buf_add_u8(out, (uint8_t)(field << 3 | 2));
        buf_add_u8(out, 0);
    }
}

static void wire_bomb_of_empty_submessages_is_refused_within_its_budget(void **state)
{
    (void)state;
    static const struct {
        const ProtobufCMessageDescriptor *descriptor;
        uint32_t field;
    } rows[] = {{&hotline__presence__descriptor, 1},     {&hotline__rosters__descriptor, 1},
                {&hotline__cards__descriptor, 1},        {&hotline__offer__descriptor, 2},
                {&hotline__envelope__descriptor, 4},     {&hotline__receipt_batch__descriptor, 6},
                {&hotline__roster__descriptor, 7},       {&hotline__accepted_batch__descriptor, 6},
                {&hotline__acceptance__descriptor, 4},   {&hotline__grant_wanted__descriptor, 3},
                {&hotline__signed_roster__descriptor, 2}};
    struct wire_arena arena;
    assert_error(wire_arena_init(&arena), OK);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t sizes[] = {LIMIT_FRAME_BYTES, 1024 * 1024, LIMIT_ROSTER_BYTES};
        for (size_t s = 0; s < 3; s++) {
            struct buf bytes;
            struct err_note note = {{0}};
            ProtobufCMessage *message = NULL;
            buf_init(&bytes);
            bomb(rows[i].field, sizes[s], &bytes);
            wire_arena_clear(&arena);
            assert_error(wire_unpack(rows[i].descriptor, buf_slice(&bytes), &arena, &note, &message), ERR_LIMIT);
            assert_note(&note, "memory");
            assert_null(message);
            if (arena.used > 16 * 1024 + 24 * bytes.len || arena.used > arena.capacity)
                fail_msg("%s: %zu bytes took %zu", rows[i].descriptor->short_name, bytes.len, arena.used);
            buf_free(&bytes);
        }
    }
    wire_arena_done(&arena);
}

static void wire_message_beyond_the_largest_is_refused_unread(void **state)
{
    (void)state;
    struct err_note note;
    uint8_t *big = calloc(1, LIMIT_ROSTER_BYTES + 1);
    assert_non_null(big);
    assert_error(unpack(&hotline__roster__descriptor, slice_of(big, LIMIT_ROSTER_BYTES + 1), &note), ERR_LIMIT);
    assert_note(&note, "bytes, at most");
    free(big);
}

/* What the limits allow must fit the budget: lists of short ids are the worst. */
static void wire_honest_messages_at_their_limits_fit_the_budget(void **state)
{
    (void)state;
    static char names[LIMIT_MEMBERS][6];
    static char *ids[LIMIT_MEMBERS];
    static Hotline__Present *list[LIMIT_MEMBERS];
    struct err_note note;
    struct buf bytes;
    Hotline__Present present = HOTLINE__PRESENT__INIT;
    Hotline__Presence presence = HOTLINE__PRESENCE__INIT;
    Hotline__Route route = HOTLINE__ROUTE__INIT;
    Hotline__Acceptance acceptance = HOTLINE__ACCEPTANCE__INIT;
    uint8_t hash[32] = {0};
    buf_init(&bytes);
    for (size_t i = 0; i < LIMIT_MEMBERS; i++) {
        snprintf(names[i], sizeof names[i], "a%04x", (unsigned)i);
        ids[i] = names[i];
        list[i] = &present;
    }
    present.member = names[0];
    WIRE_SET(&present, connected, 1);
    presence.members = list;
    for (size_t count = 1; count <= LIMIT_MEMBERS; count = count < 9000 ? count * 2 : count + 5000) {
        presence.n_members = count;
        buf_clear(&bytes);
        wire_pack(&presence.base, &bytes);
        if (unpack(&hotline__presence__descriptor, buf_slice(&bytes), &note) != OK)
            fail_msg("%zu members present: %s", count, note.text);
    }
    route.n_members = LIMIT_RECIPIENTS;
    route.members = ids;
    buf_clear(&bytes);
    wire_pack(&route.base, &bytes);
    assert_error(unpack(&hotline__route__descriptor, buf_slice(&bytes), &note), OK);
    WIRE_SET_BYTES(&acceptance, envelope_hash, hash, 32);
    acceptance.n_granted = acceptance.n_present = acceptance.n_wanted = LIMIT_RECIPIENTS;
    acceptance.granted = acceptance.present = acceptance.wanted = ids;
    buf_clear(&bytes);
    wire_pack(&acceptance.base, &bytes);
    assert_error(unpack(&hotline__acceptance__descriptor, buf_slice(&bytes), &note), OK);
    buf_free(&bytes);
}

static void wire_too_many_elements_are_refused_by_count(void **state)
{
    (void)state;
    struct buf bytes;
    struct err_note note;
    buf_init(&bytes);
    for (size_t i = 0; i <= LIMIT_FRAMES; i++) {
        buf_add_u8(&bytes, 0x0a);
        buf_add_u8(&bytes, 16);
        buf_add(&bytes, "0123456789abcdef", 16);
        if (i == LIMIT_FRAMES - 1)
            assert_error(unpack(&hotline__taken__descriptor, buf_slice(&bytes), &note), OK);
    }
    assert_error(unpack(&hotline__taken__descriptor, buf_slice(&bytes), &note), ERR_LIMIT);
    assert_note(&note, "at most 4096");
    buf_free(&bytes);
}

/* --- the schemas --- */

#define VISIT_MAX 128

/* Every message reachable from the frames and from what travels as signed bytes. */
static size_t all_messages(const ProtobufCMessageDescriptor **found)
{
    static const ProtobufCMessageDescriptor *const inner[] = {
        &hotline__envelope_header__descriptor, &hotline__roster__descriptor,
        &hotline__signed_roster__descriptor,   &hotline__card__descriptor,
        &hotline__receipt_batch__descriptor,   &hotline__accepted_batch__descriptor,
        &hotline__unreadable__descriptor,      &hotline__membership_request__descriptor,
        &hotline__signed_request__descriptor};
    size_t count = 0;
    for (unsigned type = 0; type < 256; type++) {
        if (wire_descriptor((uint8_t)type) != NULL)
            found[count++] = wire_descriptor((uint8_t)type);
    }
    for (size_t i = 0; i < sizeof inner / sizeof inner[0]; i++)
        found[count++] = inner[i];
    for (size_t i = 0; i < count; i++) {
        for (unsigned f = 0; f < found[i]->n_fields; f++) {
            const ProtobufCMessageDescriptor *below = found[i]->fields[f].descriptor;
            bool known = found[i]->fields[f].type != PROTOBUF_C_TYPE_MESSAGE;
            for (size_t k = 0; k < count && !known; k++)
                known = found[k] == below;
            if (!known) {
                assert_true(count < VISIT_MAX);
                found[count++] = below;
            }
        }
    }
    return count;
}

static int depth_of(const ProtobufCMessageDescriptor *descriptor, int above)
{
    int deepest = above;
    if (above > 8)
        return above; /* recursive, or as good as */
    for (unsigned f = 0; f < descriptor->n_fields; f++) {
        if (descriptor->fields[f].type == PROTOBUF_C_TYPE_MESSAGE) {
            int depth = depth_of(descriptor->fields[f].descriptor, above + 1);
            deepest = depth > deepest ? depth : deepest;
        }
    }
    return deepest;
}

static void wire_schemas_are_flat_optional_and_ruled(void **state)
{
    (void)state;
    const ProtobufCMessageDescriptor *found[VISIT_MAX];
    size_t count = all_messages(found);
    assert_true(count > 40);
    for (size_t i = 0; i < count; i++) {
        size_t rules = 0;
        const struct wire_rule *rule = wire_rules_of(found[i], &rules);
        if (depth_of(found[i], 1) > 8)
            fail_msg("%s nests deeper than wire_check walks", found[i]->short_name);
        if (rule == NULL)
            fail_msg("%s has no rules", found[i]->short_name);
        for (unsigned f = 0; f < found[i]->n_fields; f++) {
            const ProtobufCFieldDescriptor *field = &found[i]->fields[f];
            bool ruled = field->type == PROTOBUF_C_TYPE_ENUM || field->type == PROTOBUF_C_TYPE_BOOL ||
                field->type == PROTOBUF_C_TYPE_MESSAGE || field->type == PROTOBUF_C_TYPE_UINT32;
            if (field->label == PROTOBUF_C_LABEL_REQUIRED)
                fail_msg("%s.%s is required", found[i]->short_name, field->name);
            for (size_t r = 0; r < rules; r++) {
                if (rule[r].field == field->id)
                    ruled = field->label != PROTOBUF_C_LABEL_REPEATED || rule[r].many > 0;
                else if (field->label == PROTOBUF_C_LABEL_REPEATED && r + 1 == rules && !ruled)
                    fail_msg("%s.%s is repeated without a bound", found[i]->short_name, field->name);
            }
            bool counter = field->type == PROTOBUF_C_TYPE_UINT64 || field->type == PROTOBUF_C_TYPE_INT64;
            if (!ruled && !counter)
                fail_msg("%s.%s has no bound", found[i]->short_name, field->name);
        }
        for (size_t r = 0; r < rules; r++) {
            const ProtobufCFieldDescriptor *field = protobuf_c_message_descriptor_get_field(found[i], rule[r].field);
            if (field == NULL)
                fail_msg("a rule of %s for field %u that it has not", found[i]->short_name, (unsigned)rule[r].field);
            if (rule[r].max != 0 && rule[r].max < rule[r].min)
                fail_msg("the rule of %s.%s allows nothing", found[i]->short_name, field->name);
        }
    }
}

static void wire_types_have_names_and_nothing_else_has(void **state)
{
    (void)state;
    size_t known = 0;
    for (unsigned type = 0; type < 256; type++) {
        bool has = wire_descriptor((uint8_t)type) != NULL;
        known += has;
        assert_int_equal(has, strcmp(wire_name((uint8_t)type), "UNKNOWN") != 0);
    }
    assert_int_equal(known, 24);
    assert_string_equal(wire_name(WIRE_PUBLISH), "PUBLISH");
    assert_string_equal(wire_name(40), "BLOB_CHUNK");
    assert_ptr_equal(wire_descriptor(36), &hotline__deliver__descriptor);
}

/* --- frames --- */

static void wire_frames_follow_each_other(void **state)
{
    (void)state;
    Hotline__Pulse pulse = HOTLINE__PULSE__INIT;
    Hotline__Goodbye goodbye = HOTLINE__GOODBYE__INIT;
    struct buf out;
    struct wire_frame frame;
    buf_init(&out);
    WIRE_SET(&pulse, clock_us, 5);
    WIRE_SET(&goodbye, code, HOTLINE__GOODBYE_CODE__CODE__STOPPING);
    wire_add(&out, WIRE_PULSE, &pulse.base);
    wire_add(&out, WIRE_GOODBYE, &goodbye.base);
    assert_hex(out.data, out.len, "030000000d0805030000000f0805");
    struct cursor cursor = cursor_of(buf_slice(&out));
    assert_error(wire_next(&cursor, &frame), OK);
    assert_int_equal(frame.type, WIRE_PULSE);
    assert_hex(frame.body.data, frame.body.len, "0805");
    assert_error(wire_next(&cursor, &frame), OK);
    assert_int_equal(frame.type, WIRE_GOODBYE);
    assert_true(cursor_at_end(&cursor));
    for (size_t len = 1; len < 7; len++) { /* cut anywhere */
        cursor = cursor_of(slice_of(out.data, len));
        assert_error(wire_next(&cursor, &frame), ERR_SYNTAX);
    }
    buf_free(&out);
}

static void wire_frame_of_a_wrong_length_is_refused(void **state)
{
    (void)state;
    static const uint8_t empty[] = {0, 0, 0, 0, 13}, huge[] = {255, 255, 255, 255, 13};
    struct wire_frame frame = {.type = 99};
    struct cursor cursor = cursor_of(slice_of(empty, sizeof empty));
    assert_error(wire_next(&cursor, &frame), ERR_SYNTAX);
    cursor = cursor_of(slice_of(huge, sizeof huge));
    assert_error(wire_next(&cursor, &frame), ERR_LIMIT);
    assert_int_equal(frame.type, 99);
    uint8_t *message = calloc(1, LIMIT_MESSAGE_BYTES + 1);
    assert_non_null(message);
    uint32_t len = LIMIT_FRAME_BYTES + 1;
    for (int i = 0; i < 4; i++)
        message[i] = (uint8_t)(len >> 8 * i);
    cursor = cursor_of(slice_of(message, LIMIT_MESSAGE_BYTES));
    assert_error(wire_next(&cursor, &frame), OK);
    assert_int_equal(frame.body.len, LIMIT_FRAME_BYTES);
    assert_true(cursor_at_end(&cursor));
    message[0]++;
    cursor = cursor_of(slice_of(message, LIMIT_MESSAGE_BYTES + 1));
    assert_error(wire_next(&cursor, &frame), ERR_LIMIT);
    free(message);
}

static void wire_arena_gives_aligned_memory_until_its_end(void **state)
{
    (void)state;
    struct wire_arena arena;
    assert_error(wire_arena_init_sized(&arena, 64), OK);
    arena.budget = SIZE_MAX;
    uint8_t *a = wire_arena_take(&arena, 1), *b = wire_arena_take(&arena, 17);
    assert_non_null(a);
    assert_non_null(b);
    assert_int_equal(b - a, 16);
    assert_int_equal((uintptr_t)a % 16, 0);
    assert_null(wire_arena_take(&arena, 17));
    assert_true(arena.exhausted);
    assert_non_null(wire_arena_take(&arena, 16));
    assert_null(wire_arena_take(&arena, 1));
    assert_null(wire_arena_take(&arena, SIZE_MAX));
    assert_null(wire_arena_take(&arena, SIZE_MAX - 14));
    wire_arena_clear(&arena);
    arena.budget = 32;
    assert_null(wire_arena_take(&arena, 33));
    assert_non_null(wire_arena_take(&arena, 32));
    wire_arena_done(&arena);
}

int main(void)
{
    if (seal_start() != OK)
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wire_message_in_order_and_canonical_is_taken),
        cmocka_unit_test(wire_message_that_another_encoder_would_not_make_is_refused),
        cmocka_unit_test(wire_merged_duplicate_message_is_refused),
        cmocka_unit_test(wire_repeated_numbers_must_be_packed_as_the_schema_says),
        cmocka_unit_test(wire_oneof_holds_exactly_what_came),
        cmocka_unit_test(wire_strings_must_be_utf8_without_nul),
        cmocka_unit_test(wire_absent_short_long_and_unknown_values_are_named),
        cmocka_unit_test(wire_bomb_of_empty_submessages_is_refused_within_its_budget),
        cmocka_unit_test(wire_message_beyond_the_largest_is_refused_unread),
        cmocka_unit_test(wire_honest_messages_at_their_limits_fit_the_budget),
        cmocka_unit_test(wire_too_many_elements_are_refused_by_count),
        cmocka_unit_test(wire_schemas_are_flat_optional_and_ruled),
        cmocka_unit_test(wire_types_have_names_and_nothing_else_has),
        cmocka_unit_test(wire_frames_follow_each_other),
        cmocka_unit_test(wire_frame_of_a_wrong_length_is_refused),
        cmocka_unit_test(wire_arena_gives_aligned_memory_until_its_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
