/* mapper: JSON to messages by descriptor and back, refusals by path, the walk. Uses the case's messages and rules. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

#include <cmocka.h>

#include "proto/case.h"
#include "proto/mapper.h"
#include "proto/mapper_internal.h"
#include "proto/near.h"

static struct jdoc *parsed(const char *text)
{
    struct jdoc *doc = NULL;
    struct err_note note = {""};
    if (jdoc_parse(slice_text(text), "in.json", &note, &doc) != OK)
        fail_msg("%s: %s", text, note.text);
    return doc;
}

static int read_with(const struct mapper_reader *reader, const ProtobufCMessageDescriptor *type, const char *text,
                     struct err_note *note, ProtobufCMessage **ret_message)
{
    struct jdoc *doc = parsed(text);
    int error = mapper_read(reader, type, doc, note, ret_message);
    jdoc_free(doc);
    return error;
}

/* Reads a case and expects a refusal with exactly this note. */
static void refused(const char *text, int wanted, const char *note_wanted)
{
    const struct mapper_reader reader = {.rules = case_rules()};
    ProtobufCMessage *message = NULL;
    struct err_note note = {""};
    int error = read_with(&reader, &hotline__case__descriptor, text, &note, &message);
    assert_string_equal(note.text, note_wanted);
    assert_string_equal(err_name(error), err_name(wanted));
    assert_null(message);
}

static void mapper_read_unknown_field_is_refused_with_a_suggestion(void **state)
{
    (void)state;
    refused("{\"categry\": 1}", ERR_UNKNOWN, "categry: unknown field; did you mean \"category\"?");
    refused("{\"child\": {\"hiar\": {}}}", ERR_UNKNOWN, "child.hiar: unknown field; did you mean \"hair\"?");
    refused("{\"child\": {\"favourite_song\": 1}}", ERR_UNKNOWN, "child.favourite_song: unknown field");
    refused("{\"x\\u001b[31m\": 1}", ERR_UNKNOWN, "x?[31m: unknown field");
}

static void mapper_read_unknown_code_is_refused_with_what_is_allowed(void **state)
{
    (void)state;
    refused("{\"urgency\": \"NOW\"}", ERR_UNKNOWN,
            "urgency: \"NOW\" is not a code; allowed: IMMEDIATE, EXPECTED, ROUTINE");
    refused("{\"child\": {\"clothing\": [{\"item\": \"COAT\"}, {\"colour\": \"PURPLISH\"}]}}", ERR_UNKNOWN,
            "child.clothing[1].colour: \"PURPLISH\" is not a code; nearest: PURPLE, TURQUOISE, PINK, BLACK, WHITE, "
            "GREY, SILVER, RED, DARK_RED, ORANGE, YELLOW, GOLD");
    refused("{\"publicity\": {\"level\": \"public\"}}", ERR_UNKNOWN,
            "publicity.level: \"public\" is not a code; allowed: NONE, PROFESSIONALS_ONLY, PUBLIC");
}

static void mapper_read_wrong_type_is_refused(void **state)
{
    (void)state;
    refused("{\"category\": 2}", ERR_INVALID, "category: is a whole number, must be a code");
    refused("{\"why_urgent\": true}", ERR_INVALID, "why_urgent: is true or false, must be a text");
    refused("{\"child\": \"Eleni\"}", ERR_INVALID, "child: is a text, must be an object");
    refused("{\"child\": {\"age_years\": \"9\"}}", ERR_INVALID, "child.age_years: is a text, must be a whole number");
    refused("{\"child\": {\"age_years\": 9.5}}", ERR_INVALID,
            "child.age_years: is a number with a fraction, must be a whole number");
    refused("{\"child\": {\"glasses\": 1}}", ERR_INVALID, "child.glasses: is a whole number, must be true or false");
    refused("{\"child\": {\"languages\": \"el\"}}", ERR_INVALID, "child.languages: is a text, must be an array");
    refused("{\"child\": {\"languages\": [\"el\", 3]}}", ERR_INVALID,
            "child.languages[1]: is a whole number, must be a text");
    refused("{\"last_seen\": {\"at\": 12}}", ERR_INVALID,
            "last_seen.at: is a whole number, must be a text with a time");
    refused("{\"last_seen\": {\"latitude\": \"38\"}}", ERR_INVALID,
            "last_seen.latitude: is a text, must be a number of degrees");
    refused("{\"child\": null}", ERR_INVALID, "child: is null; leave the field out");
    refused("[]", ERR_INVALID, "(document): is an array, must be an object");
}

static void mapper_read_number_out_of_range_is_refused(void **state)
{
    (void)state;
    refused("{\"child\": {\"age_years\": -1}}", ERR_INVALID, "child.age_years: -1 is out of range (0 to 4294967295)");
    refused("{\"child\": {\"age_years\": 4294967296}}", ERR_INVALID,
            "child.age_years: 4294967296 is out of range (0 to 4294967295)");
    refused("{\"last_seen\": {\"longitude\": 180.1}}", ERR_INVALID,
            "last_seen.longitude: is out of range (-180 to 180 degrees)");
}

static void mapper_read_bad_forms_are_refused(void **state)
{
    (void)state;
    refused("{\"last_seen\": {\"at\": \"2026-11-21T11:40:00\"}}", ERR_INVALID,
            "last_seen.at: \"2026-11-21T11:40:00\" is not a time with an offset, as 2026-11-21T11:40:00+02:00");
    refused("{\"valid_for\": \"three days\"}", ERR_INVALID,
            "valid_for: \"three days\" is not a duration, as 72h or 30d");
    refused("{\"child\": {\"birth_date\": \"2026-02-29\"}}", ERR_INVALID,
            "child.birth_date: \"2026-02-29\" is not a date, as 2026-11-21");
    refused("{\"taken_over_from\": {\"case_id\": \"0g\"}}", ERR_INVALID, "taken_over_from.case_id: is not hexadecimal");
    refused("{\"taken_over_from\": {\"case_id\": \"012\"}}", ERR_INVALID,
            "taken_over_from.case_id: is not hexadecimal");
}

static void mapper_read_what_the_node_fills_in_is_refused(void **state)
{
    (void)state;
    refused("{\"reference\": \"GR-2026-00001\"}", ERR_INVALID, "reference: is filled in by the node; leave it out");
    refused("{\"photos\": [{\"mime_type\": \"image/jpeg\"}]}", ERR_INVALID,
            "photos[0].mime_type: is filled in by the node; leave it out");
    refused("{\"photos\": [{\"key\": \"00\"}]}", ERR_INVALID, "photos[0].key: is filled in by the node; leave it out");
}

static void mapper_read_two_of_a_oneof_is_refused(void **state)
{
    (void)state;
    const struct mapper_reader reader = {.rules = case_rules()};
    ProtobufCMessage *message = NULL;
    struct err_note note = {""};
    assert_int_equal(
        read_with(&reader, &hotline__envelope_body__descriptor, "{\"reply\": {}, \"closing\": {}}", &note, &message),
        ERR_INVALID);
    assert_string_equal(note.text, "closing: only one of these alternatives can be given");
    assert_int_equal(
        read_with(&reader, &hotline__envelope_body__descriptor, "{\"reply\": {\"text\": \"x\"}}", &note, &message), OK);
    const Hotline__EnvelopeBody *body = (const Hotline__EnvelopeBody *)(void *)message;
    assert_int_equal(body->content_case, HOTLINE__ENVELOPE_BODY__CONTENT_REPLY);
    assert_string_equal(body->reply->text, "x");
    mapper_free(message, NULL);
}

static void mapper_read_values_arrive(void **state)
{
    (void)state;
    const struct mapper_reader reader = {.rules = case_rules()};
    ProtobufCMessage *message = NULL;
    struct err_note note = {""};
    const char *text =
        "{\"valid_for\": \"72h\", \"risks\": [\"WEATHER\"], \"child\": {\"glasses\": false, \"languages\": []},"
        "\"last_seen\": {\"at\": \"2026-11-21T11:40:00.25+02:00\", \"latitude\": -38.2466}}";
    assert_int_equal(read_with(&reader, &hotline__case__descriptor, text, &note, &message), OK);
    const Hotline__Case *alert = (const Hotline__Case *)(void *)message;
    assert_true(alert->has_valid_for && alert->valid_for == INT64_C(72) * 3600 * 1000000);
    assert_int_equal(alert->n_risks, 1);
    assert_int_equal(alert->risks[0], HOTLINE__RISK__CODE__WEATHER);
    assert_true(alert->child->has_glasses && !alert->child->glasses);
    assert_int_equal(alert->child->n_languages, 0);
    assert_true(alert->last_seen->at == INT64_C(1795254000250000));
    assert_int_equal(alert->last_seen->latitude, -38246600);
    assert_false(alert->last_seen->has_longitude);
    assert_false(alert->has_category);
    mapper_free(message, NULL);
}

/* An allocator that fails at its n-th call and counts what is not given back. */
struct meter {
    int left, held;
};

/* What no case has and a roster does: a count of 64 bits. */
static void mapper_counts_of_a_roster_come_back_as_written(void **state)
{
    (void)state;
    static const struct mapper_rule rows[] = {{"Roster", "issued_at_us", MAPPER_TIME_US, false}};
    const struct mapper_rules rules = {rows, 1};
    const struct mapper_reader reader = {.rules = &rules};
    ProtobufCMessage *message = NULL;
    struct err_note note = {""};
    const char *text = "{\"version\": 5000000000, \"issued_at_us\": \"2026-11-21T10:00:00.250Z\", \"threshold\": 2}";
    assert_int_equal(read_with(&reader, &hotline__roster__descriptor, text, &note, &message), OK);
    const Hotline__Roster *roster = (const Hotline__Roster *)(void *)message;
    assert_true(roster->version == UINT64_C(5000000000));
    struct jdoc *doc = mapper_write(&rules, message);
    assert_true(jdoc_get_int(doc, "version", 0) == INT64_C(5000000000));
    assert_int_equal(jdoc_get_int(doc, "threshold", 0), 2);
    assert_string_equal(jdoc_get_text(doc, "issued_at_us", ""), "2026-11-21T10:00:00.250Z");
    jdoc_free(doc);
    mapper_free(message, NULL);
    assert_int_equal(read_with(&reader, &hotline__roster__descriptor, "{\"version\": -1}", &note, &message),
                     ERR_INVALID);
    assert_string_equal(note.text, "version: -1 is out of range (0 to 9223372036854775807)");
    assert_int_equal(read_with(&reader, &hotline__roster__descriptor, "{\"version\": \"5\"}", &note, &message),
                     ERR_INVALID);
}

static void mapper_read_shows_little_of_what_was_typed(void **state)
{
    (void)state;
    refused("{\"publicity\": {\"level\": \"abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz\"}}", ERR_UNKNOWN,
            "publicity.level: \"abcdefghijklmnopqrstuvwxyzabcdefghijklmn...\" is not a code; allowed: NONE, "
            "PROFESSIONALS_ONLY, PUBLIC");
    refused("{\"publicity\": {\"level\": \"\\u001b[31m\u00e9\"}}", ERR_UNKNOWN,
            "publicity.level: \"?[31m??\" is not a code; allowed: NONE, PROFESSIONALS_ONLY, PUBLIC");
    refused("{\"valid_for\": 72}", ERR_INVALID, "valid_for: is a whole number, must be a text with a duration");
    refused("{\"valid_until\": 72}", ERR_INVALID, "valid_until: is a whole number, must be a text with a time");
    refused("{\"last_seen\": {\"latitude\": -180.5}}", ERR_INVALID,
            "last_seen.latitude: is out of range (-180 to 180 degrees)");
    refused("{\"last_seen\": {\"latitude\": 180.5}}", ERR_INVALID,
            "last_seen.latitude: is out of range (-180 to 180 degrees)");
    refused("{\"photos\": [{\"upload\": 5}]}", ERR_INVALID,
            "photos[0].upload: is a whole number, must be a text in hexadecimal");
    refused("{\"photos\": [{\"upload\": \"0g\"}]}", ERR_INVALID, "photos[0].upload: is not hexadecimal");
}

static void *meter_alloc(void *data, size_t size)
{
    struct meter *meter = data;
    if (meter->left-- <= 0)
        return NULL;
    meter->held++;
    return malloc(size);
}

static void meter_free(void *data, void *pointer)
{
    struct meter *meter = data;
    meter->held -= pointer != NULL;
    free(pointer);
}

static void mapper_read_out_of_memory_anywhere_leaks_nothing(void **state)
{
    (void)state;
    struct meter meter;
    ProtobufCAllocator allocator = {meter_alloc, meter_free, &meter};
    const struct mapper_reader reader = {case_rules(), &allocator, true};
    struct jdoc *doc =
        parsed("{\"case_id\": \"00112233\", \"child\": {\"aliases\": [\"a\", \"b\"], \"hair\": {\"detail\": \"x\"},"
               "\"marks\": [{\"detail\": \"m\"}, {}]}, \"risks\": [\"WEATHER\"]}");
    int error = ERR_NOMEM, calls = 0;
    for (; error != OK; calls++) {
        ProtobufCMessage *message = NULL;
        struct err_note note = {""};
        meter = (struct meter){.left = calls};
        error = mapper_read(&reader, &hotline__case__descriptor, doc, &note, &message);
        assert_true(error == OK || error == ERR_NOMEM);
        assert_true(error == OK || message == NULL);
        mapper_free(message, &allocator);
        assert_int_equal(meter.held, 0);
    }
    assert_true(calls > 12);
    jdoc_free(doc);
}

static void mapper_write_omits_absent_fields_and_secrets(void **state)
{
    (void)state;
    Hotline__Attachment photo = HOTLINE__ATTACHMENT__INIT, *photos[] = {&photo};
    Hotline__Case alert = HOTLINE__CASE__INIT;
    uint8_t bytes[] = {0xff, 0x00, 0x7f};
    photo.has_name = photo.has_key = photo.has_thumbnail = 1;
    photo.name = photo.key = photo.thumbnail = (ProtobufCBinaryData){sizeof bytes, bytes};
    alert.n_photos = 1;
    alert.photos = photos;
    alert.has_do_not_approach = 1;
    alert.has_valid_for = 1;
    alert.valid_for = INT64_C(90) * 60 * 1000000;
    alert.has_category = 1;
    alert.category = (Hotline__Category__Code)77;
    struct jdoc *doc = mapper_write(case_rules(), &alert.base);
    struct buf text;
    buf_init(&text);
    assert_int_equal(jdoc_write(doc, false, &text), OK);
    assert_string_equal(buf_text(&text),
                        "{\"valid_for\":\"90m\",\"category\":77,\"photos\":[{\"name\":\"ff007f\","
                        "\"thumbnail\":\"/wB/\"}],\"do_not_approach\":false}");
    buf_free(&text);
    jdoc_free(doc);
}

static void mapper_base64_both_ways_and_strict(void **state)
{
    (void)state;
    /* RFC 4648, section 10 */
    const char *const vectors[][2] = {{"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foobar", "Zm9vYmFy"}};
    const char *const wrong[] = {
        "Z", "Zg", "Zg=", "Zh==", "Zm9=", "Zg==Zg==", "Z===", "====", "Zm 9", "Zm9v\n", "Zm-v"};
    struct buf out;
    buf_init(&out);
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        buf_clear(&out);
        mapper_base64(slice_text(vectors[i][0]), &out);
        assert_string_equal(buf_text(&out), vectors[i][1]);
        buf_clear(&out);
        assert_int_equal(mapper_unbase64(vectors[i][1], &out), OK);
        assert_string_equal(buf_text(&out), vectors[i][0]);
    }
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        buf_clear(&out);
        if (mapper_unbase64(wrong[i], &out) != ERR_SYNTAX)
            fail_msg("\"%s\" passed as base64", wrong[i]);
    }
    buf_free(&out);
}

struct seen {
    char paths[512];
    int stop_after;
};

static int note_path(void *context, const struct mapper_spot *spot)
{
    struct seen *seen = context;
    size_t len = strlen(seen->paths);
    snprintf(seen->paths + len, sizeof seen->paths - len, "%s ", spot->path);
    return --seen->stop_after == 0 ? ERR_STATE : OK;
}

static void mapper_walk_visits_present_fields_by_path(void **state)
{
    (void)state;
    const struct mapper_reader reader = {.rules = case_rules()};
    ProtobufCMessage *message = NULL;
    struct err_note note = {""};
    assert_int_equal(
        read_with(&reader, &hotline__case__descriptor,
                  "{\"risks\": [\"GANG\"], \"child\": {\"aliases\": [\"a\", \"b\"], \"hair\": {\"length\": \"LONG\"}}}",
                  &note, &message),
        OK);
    struct seen seen = {.stop_after = -1};
    assert_int_equal(mapper_walk(message, note_path, &seen), OK);
    assert_string_equal(seen.paths, "child child.aliases[0] child.aliases[1] child.hair child.hair.length risks[0] ");
    seen = (struct seen){.stop_after = 2};
    assert_int_equal(mapper_walk(message, note_path, &seen), ERR_STATE);
    assert_string_equal(seen.paths, "child child.aliases[0] ");
    mapper_free(message, NULL);
}

static void near_distance_counts_edits(void **state)
{
    (void)state;
    assert_int_equal(near_distance("", ""), 0);
    assert_int_equal(near_distance("hair", "HAIR"), 0);
    assert_int_equal(near_distance("hiar", "hair"), 1);
    assert_int_equal(near_distance("kitten", "sitting"), 3);
    assert_int_equal(near_distance("", "abc"), 3);
    assert_int_equal(near_distance("abc", ""), 3);
    assert_true(near_enough("lisen", "listen"));
    assert_false(near_enough("store", "listen"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mapper_read_unknown_field_is_refused_with_a_suggestion),
        cmocka_unit_test(mapper_read_unknown_code_is_refused_with_what_is_allowed),
        cmocka_unit_test(mapper_read_wrong_type_is_refused),
        cmocka_unit_test(mapper_read_number_out_of_range_is_refused),
        cmocka_unit_test(mapper_read_bad_forms_are_refused),
        cmocka_unit_test(mapper_read_what_the_node_fills_in_is_refused),
        cmocka_unit_test(mapper_read_two_of_a_oneof_is_refused),
        cmocka_unit_test(mapper_read_values_arrive),
        cmocka_unit_test(mapper_counts_of_a_roster_come_back_as_written),
        cmocka_unit_test(mapper_read_shows_little_of_what_was_typed),
        cmocka_unit_test(mapper_read_out_of_memory_anywhere_leaks_nothing),
        cmocka_unit_test(mapper_write_omits_absent_fields_and_secrets),
        cmocka_unit_test(mapper_base64_both_ways_and_strict),
        cmocka_unit_test(mapper_walk_visits_present_fields_by_path),
        cmocka_unit_test(near_distance_counts_edits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
