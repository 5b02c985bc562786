/* case: drafts by path, starred fields, forms and limits, round trips. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

#include <cmocka.h>

#include "proto/case.h"

/* 2026-11-21T10:00:00Z */
#define NOW INT64_C(1795255200000000)

static struct jdoc *parsed(const char *text)
{
    struct jdoc *doc = NULL;
    struct err_note note = {""};
    if (jdoc_parse(slice_text(text), "in.json", &note, &doc) != OK)
        fail_msg("%s: %s", text, note.text);
    return doc;
}

static struct jdoc *loaded(const char *path)
{
    static char text[65536];
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        fail_msg("%s: not there; run from the top folder", path);
    size_t len = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[len] = '\0';
    return parsed(text);
}

/* The shortest draft that may be sent. */
#define DRAFT                                                                                                          \
    "{\"category\": \"RUNAWAY\", \"child\": {\"given_name\": \"Mina\", \"age_years\": 9, \"languages\": [\"el\"]},"    \
    "\"last_seen\": {\"country\": \"GR\"}, \"police\": {\"informed\": false}, \"publicity\": {\"level\": \"NONE\"},"   \
    "\"contact\": {\"phone\": \"+302105550001\"}}"

static Hotline__Case *draft_of(struct jdoc *doc)
{
    Hotline__Case *alert = NULL;
    struct err_note note = {""};
    if (case_from_json(doc, &note, &alert) != OK)
        fail_msg("%s", note.text);
    jdoc_free(doc);
    return alert;
}

static Hotline__Case *draft(void)
{
    return draft_of(parsed(DRAFT));
}

/* Sends DRAFT with one member changed: path "child.age_years" with the JSON value. */
static struct jdoc *changed(const char *group, const char *key, const char *json)
{
    struct buf text;
    buf_init(&text);
    buf_printf(&text, "{\"v\": %s}", json);
    struct jdoc *value = parsed(buf_text(&text)), *doc = parsed(DRAFT);
    buf_free(&text);
    struct jdoc *into = doc;
    if (group[0] != '\0') {
        const struct jdoc *old = jdoc_get(doc, group);
        into = jdoc_set_doc(doc, group, old != NULL ? jdoc_copy(old) : jdoc_object());
    }
    jdoc_set_doc(into, key, jdoc_copy(jdoc_get(value, "v")));
    jdoc_free(value);
    return doc;
}

static void unsendable(const char *group, const char *key, const char *json, const char *wanted)
{
    Hotline__Case *alert = draft_of(changed(group, key, json));
    struct err_note note = {""};
    int error = case_check_sendable(alert, NOW, &note);
    if (error == OK || strcmp(note.text, wanted) != 0)
        fail_msg("%s.%s = %s gave %s \"%s\", wanted \"%s\"", group, key, json, err_name(error), note.text, wanted);
    case_free(alert);
}

static void sendable(const char *group, const char *key, const char *json)
{
    Hotline__Case *alert = draft_of(changed(group, key, json));
    struct err_note note = {""};
    if (case_check_sendable(alert, NOW, &note) != OK)
        fail_msg("%s.%s = %s was refused: %s", group, key, json, note.text);
    case_free(alert);
}

/* ---- starred fields ---- */

/* DRAFT without one member; the group goes too when whole. */
static void without(const char *group, const char *key, const char *wanted)
{
    struct jdoc *doc = parsed(DRAFT), *left = jdoc_object();
    struct jdoc_iter at = {0};
    const char *name;
    const struct jdoc *value;
    while (jdoc_next(doc, &at, &name, &value)) {
        if (strcmp(name, group) == 0 && key == NULL)
            continue;
        struct jdoc *copy = jdoc_set_doc(left, name, strcmp(name, group) == 0 ? jdoc_object() : jdoc_copy(value));
        struct jdoc_iter inner = {0};
        const char *member;
        const struct jdoc *part;
        while (strcmp(name, group) == 0 && jdoc_next(value, &inner, &member, &part))
            if (strcmp(member, key) != 0)
                jdoc_set_doc(copy, member, jdoc_copy(part));
    }
    jdoc_free(doc);
    Hotline__Case *alert = draft_of(left);
    struct err_note note = {""};
    int error = case_check_sendable(alert, NOW, &note);
    assert_string_equal(note.text, wanted);
    assert_string_equal(err_name(error), "MISSING");
    case_free(alert);
}

#define NO_NAME "child.given_name: is required (or child.aliases)"
#define NO_AGE "child.age_years: is required (or age_min_years and age_max_years)"

static void case_check_sendable_each_starred_field_is_named_when_missing(void **state)
{
    (void)state;
    without("category", NULL, "category: is required");
    without("child", "given_name", NO_NAME);
    without("child", "age_years", NO_AGE);
    without("child", "languages", "child.languages: is required");
    without("child", NULL, NO_NAME "; " NO_AGE "; child.languages: is required");
    without("last_seen", "country", "last_seen.country: is required");
    without("last_seen", NULL, "last_seen.country: is required");
    without("police", "informed", "police.informed: is required");
    without("police", NULL, "police.informed: is required");
    without("publicity", "level", "publicity.level: is required");
    without("publicity", NULL, "publicity.level: is required");
    without("contact", "phone", "contact.phone: is required");
    without("contact", NULL, "contact.phone: is required");
}

static void case_check_sendable_empty_case_names_all_in_order(void **state)
{
    (void)state;
    Hotline__Case *alert = draft_of(parsed("{}"));
    struct err_note note = {""};
    assert_int_equal(case_check_sendable(alert, NOW, &note), ERR_MISSING);
    assert_string_equal(note.text,
                        "category: is required; " NO_NAME "; " NO_AGE "; child.languages: is required; "
                        "last_seen.country: is required; police.informed: is required; "
                        "publicity.level: is required; contact.phone: is required");
    assert_int_equal(case_check_sendable(alert, NOW, NULL), ERR_MISSING);
    case_free(alert);
}

static void case_check_sendable_alternatives_and_blanks(void **state)
{
    (void)state;
    unsendable("child", "given_name", "\" \\t \"", NO_NAME);
    unsendable("child", "languages", "[]", "child.languages: is required");
    unsendable("contact", "phone", "\"\"", "contact.phone: is required");
    Hotline__Case *alert =
        draft_of(parsed("{\"category\": \"RUNAWAY\", \"child\": {\"aliases\": [\"Lena\"], \"age_min_years\": 8,"
                        "\"age_max_years\": 10, \"languages\": [\"el\"]}, \"last_seen\": {\"country\": \"GR\"},"
                        "\"police\": {\"informed\": true}, \"publicity\": {\"level\": \"PUBLIC\"},"
                        "\"contact\": {\"phone\": \"+302105550001\"}}"));
    assert_int_equal(case_check_sendable(alert, NOW, NULL), OK);
    case_free(alert);
}

/* ---- forms and limits ---- */

static void case_check_sendable_ranges(void **state)
{
    (void)state;
    sendable("child", "age_years", "0");
    sendable("child", "age_years", "25");
    unsendable("child", "age_years", "26", "child.age_years: 26 is out of range (0 to 25)");
    unsendable("child", "height_cm", "19", "child.height_cm: 19 is out of range (20 to 250)");
    unsendable("child", "age_min_years", "10", "child.age_years: 9 is outside of age_min_years and age_max_years");
    sendable("last_seen", "radius_m", "1000000");
    unsendable("last_seen", "radius_m", "1000001", "last_seen.radius_m: 1000001 is out of range (1 to 1000000)");
    unsendable("last_seen", "latitude", "90.000001",
               "last_seen.latitude: 90000001 is out of range (-90000000 to 90000000)");
    unsendable("last_seen", "latitude", "38.2", "last_seen.longitude: is needed with the other coordinate");
    unsendable("", "companions", "[{\"description\": {\"age_years\": 121}}]",
               "companions[0].description.age_years: 121 is out of range (0 to 120)");
    sendable("", "companions", "[{\"description\": {\"age_years\": 61}}]");
    unsendable("", "companions", "[{}, {\"public_safe\": {\"medical_needs\": [{}]}}]",
               "companions[1].public_safe.medical_needs: never in public");
}

static void case_check_sendable_ages_and_places_agree_with_themselves(void **state)
{
    (void)state;
    unsendable("", "child",
               "{\"given_name\": \"Mina\", \"languages\": [\"el\"], \"age_min_years\": 9, \"age_max_years\": 8}",
               "child.age_min_years: 9 is more than age_max_years");
    unsendable("", "child",
               "{\"given_name\": \"Mina\", \"languages\": [\"el\"], \"age_years\": 9, \"age_min_years\": 5, "
               "\"age_max_years\": 8}",
               "child.age_years: 9 is outside of age_min_years and age_max_years");
    unsendable("", "child", "{\"given_name\": \"Mina\", \"languages\": [\"el\"], \"age_min_years\": 9}",
               "child.age_years: is required (or age_min_years and age_max_years)");
    sendable("", "child",
             "{\"given_name\": \"Mina\", \"languages\": [\"el\"], \"age_years\": 9, \"age_min_years\": 9, "
             "\"age_max_years\": 9}");
    unsendable("last_seen", "longitude", "23.7", "last_seen.latitude: is needed with the other coordinate");
    unsendable("", "companions", "[{\"description\": {\"age_min_years\": 40, \"age_max_years\": 30}}]",
               "companions[0].description.age_min_years: 40 is more than age_max_years");
    sendable("", "companions", "[{\"public_safe\": {\"given_name\": \"Niko\"}}]");
    unsendable("", "child", "{\"aliases\": [\" \", \"\"], \"age_years\": 9, \"languages\": [\"el\"]}", NO_NAME);
    sendable("", "child", "{\"aliases\": [\" \", \"Lena\"], \"age_years\": 9, \"languages\": [\"el\"]}");
}

/* Quoted is only what is short and steers no terminal. */
static void case_check_sendable_quotes_little_of_a_bad_form(void **state)
{
    (void)state;
    unsendable("contact", "phone", "\"1160001160001160001160001160001160001160000\"",
               "contact.phone: is not an E.164 number, as +302109999999");
    unsendable("contact", "phone", "\"\\u001b[31m\"", "contact.phone: is not an E.164 number, as +302109999999");
    unsendable("last_seen", "country", "\"\"", "last_seen.country: \"\" is not an ISO 3166-1 alpha-2 country code");
    unsendable("", "taken_over_from", "{\"reference\": \"case 12\"}",
               "taken_over_from.reference: \"case 12\" is not a reference, as BE-2026-00123");
}

static void case_check_sendable_times(void **state)
{
    (void)state;
    sendable("", "valid_for", "\"30d\"");
    unsendable("", "valid_for", "\"721h\"", "valid_for: must be from 1 minute to 30 days");
    unsendable("", "valid_for", "\"59s\"", "valid_for: must be from 1 minute to 30 days");
    struct jdoc *both = changed("", "valid_for", "\"72h\"");
    jdoc_set_text(both, "valid_until", "2026-11-25T10:00:00Z");
    Hotline__Case *alert = draft_of(both);
    struct err_note note = {""};
    assert_int_equal(case_check_sendable(alert, NOW, &note), ERR_INVALID);
    assert_string_equal(note.text, "valid_for: give either this or valid_until");
    case_free(alert);
    sendable("", "valid_until", "\"2026-12-21T10:00:00Z\"");
    unsendable("", "valid_until", "\"2026-12-21T10:00:01Z\"", "valid_until: is more than 30 days away");
    unsendable("", "valid_until", "\"2026-11-21T10:00:00Z\"", "valid_until: is in the past");
    /* A node's clock may be off by years: what a person says about the past never blocks. */
    sendable("last_seen", "at", "\"2031-01-01T00:00:00Z\"");
}

static void case_check_sendable_coded_texts(void **state)
{
    (void)state;
    unsendable(
        "last_seen", "country", "\"UK\"",
        "last_seen.country: \"UK\" is not an ISO 3166-1 alpha-2 country code; did you mean GB (United Kingdom)?");
    sendable("last_seen", "country", "\"XK\"");
    unsendable("", "likely_countries", "[\"IT\", \"ZZ\"]",
               "likely_countries[1]: \"ZZ\" is not an ISO 3166-1 alpha-2 country code");
    unsendable("child", "languages", "[\"el\", \"greek language\"]",
               "child.languages[1]: \"greek language\" is not a BCP 47 language, as el");
    unsendable("contact", "phone", "\"116000\"", "contact.phone: \"116000\" is not an E.164 number, as +302109999999");
    unsendable("last_seen", "zone", "\"Athens time\"",
               "last_seen.zone: \"Athens time\" is not a time zone, as Europe/Athens or +02:00");
    unsendable("", "taken_over_from", "{\"member\": \"IT Lanterna\"}",
               "taken_over_from.member: \"IT Lanterna\" is not a member's id");
    unsendable("child", "transliterations", "[{\"script\": \"latin\"}]",
               "child.transliterations[0].script: \"latin\" is not an ISO 15924 script, as Grek");
}

static void case_check_sendable_texts_are_clean_and_bounded(void **state)
{
    (void)state;
    unsendable("child", "given_name", "\"Mi\\u001b[31mna\"", "child.given_name: contains a control character");
    unsendable("child", "given_name", "\"Mi\\nna\"", "child.given_name: contains a control character");
    unsendable("child", "given_name", "\"Mi\\u0085na\"", "child.given_name: contains a control character");
    unsendable("child", "given_name", "\"Mi\\u202ena\"", "child.given_name: contains a character that reverses text");
    unsendable("child", "aliases", "[\"ok\", \"\\u2066x\"]",
               "child.aliases[1]: contains a character that reverses text");
    sendable("", "circumstances", "\"one\\n\\ttwo\"");
    unsendable("", "circumstances", "\"one\\rtwo\"", "circumstances: contains a control character");
    char text[512] = "\"";
    for (int i = 0; i < 160; i++)
        memcpy(text + 1 + 2 * i, "\xce\xb5", 2);
    memcpy(text + 321, "\"", 2);
    sendable("", "why_urgent", text);
    memcpy(text + 321, "e\"", 3);
    unsendable("", "why_urgent", text, "why_urgent: 161 characters; the limit is 160");
}

static void case_check_sendable_counts(void **state)
{
    (void)state;
    sendable("", "photos", "[{}, {}, {}]");
    unsendable("", "photos", "[{}, {}, {}, {}]", "photos: 4 entries; the limit is 3");
    unsendable("child", "nationalities", "[\"GR\",\"GR\",\"GR\",\"GR\",\"GR\",\"GR\",\"GR\"]",
               "child.nationalities: 7 entries; the limit is 6");
    unsendable("", "companions",
               "[{\"description\": {\"aliases\": [\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"8\",\"9\"]}}]",
               "companions[0].description.aliases: 9 entries; the limit is 8");
}

static void case_check_sendable_whole_case_over_the_limit_is_refused(void **state)
{
    (void)state;
    Hotline__Case *alert = draft();
    static uint8_t thumbnail[CASE_THUMBNAIL_BYTES_MAX];
    Hotline__Attachment photo = HOTLINE__ATTACHMENT__INIT, *photos[3] = {&photo, &photo, &photo};
    photo.has_thumbnail = 1;
    photo.thumbnail = (ProtobufCBinaryData){sizeof thumbnail, thumbnail};
    alert->n_photos = 3;
    alert->photos = photos;
    struct err_note note = {""};
    assert_int_equal(case_check_sendable(alert, NOW, &note), OK);
    photo.thumbnail.len++;
    assert_int_equal(case_check_sendable(alert, NOW, &note), ERR_LIMIT);
    assert_string_equal(note.text, "photos[0].thumbnail: 12289 bytes; allowed are 1 to 12288");
    photo.thumbnail.len--;
    static char text[3 * 4000 + 1];
    for (int i = 0; i < 4000; i++)
        memcpy(text + 3 * i, "\xe2\x82\xac", 3);
    Hotline__MedicalNeed need = HOTLINE__MEDICAL_NEED__INIT,
                         *needs[8] = {&need, &need, &need, &need, &need, &need, &need, &need};
    static char detail[3 * 300 + 1];
    memcpy(detail, text, sizeof detail - 1);
    need.detail = detail;
    alert->circumstances = text;
    alert->child->n_medical_needs = 8;
    alert->child->medical_needs = needs;
    Hotline__Companion companion = HOTLINE__COMPANION__INIT, *companions[] = {&companion};
    companion.description = alert->child;
    alert->n_companions = 1;
    alert->companions = companions;
    assert_int_equal(case_check_sendable(alert, NOW, &note), ERR_LIMIT);
    assert_non_null(strstr(note.text, "bytes in all; the limit is 61440"));
    alert->photos = NULL;
    alert->circumstances = NULL;
    alert->child->medical_needs = NULL;
    alert->companions = NULL;
    alert->n_photos = alert->child->n_medical_needs = alert->n_companions = 0;
    case_free(alert);
}

/* ---- what arrives ---- */

static void case_check_body_identity_and_codes(void **state)
{
    (void)state;
    Hotline__Case *alert = draft();
    Hotline__EnvelopeBody body = HOTLINE__ENVELOPE_BODY__INIT;
    struct err_note note = {""};
    assert_int_equal(case_check_body(&body, &note), ERR_MISSING);
    body.content_case = HOTLINE__ENVELOPE_BODY__CONTENT_ALERT;
    body.alert = alert;
    assert_int_equal(case_check_body(&body, &note), ERR_MISSING);
    assert_string_equal(note.text, "case_id: is required");
    uint8_t id[CASE_ID_BYTES] = {1};
    char reference[] = "GR-2026-00001";
    alert->has_case_id = alert->has_revision = alert->has_status = 1;
    alert->case_id = (ProtobufCBinaryData){sizeof id, id};
    alert->reference = reference;
    alert->revision = 1;
    alert->status = HOTLINE__STATUS__CODE__ACTUAL;
    alert->reference = NULL;
    assert_int_equal(case_check_body(&body, &note), ERR_MISSING);
    assert_string_equal(note.text, "reference: is required");
    alert->reference = reference;
    alert->revision = 0;
    assert_int_equal(case_check_body(&body, &note), ERR_INVALID);
    assert_string_equal(note.text, "alert.revision: 0 is out of range (1 to 4294967295)");
    alert->has_revision = 0;
    assert_int_equal(case_check_body(&body, &note), ERR_MISSING);
    assert_string_equal(note.text, "revision: is required");
    alert->has_revision = alert->revision = 1;
    alert->has_status = 0;
    assert_int_equal(case_check_body(&body, &note), ERR_MISSING);
    assert_string_equal(note.text, "status: is required");
    alert->has_status = 1;
    alert->has_category = 0; /* a starred field that lacks is shown all the same */
    assert_int_equal(case_check_body(&body, &note), OK);
    alert->has_category = 1;
    alert->category = (Hotline__Category__Code)99;
    assert_int_equal(case_check_body(&body, &note), ERR_UNKNOWN);
    assert_string_equal(note.text, "alert.category: 99 is not a code");
    alert->has_category = 0;
    char odd[] = "Mi\xc0\xafna";
    char *name = alert->child->given_name;
    alert->child->given_name = odd;
    assert_int_equal(case_check_body(&body, &note), ERR_INVALID);
    assert_string_equal(note.text, "alert.child.given_name: is not valid UTF-8");
    alert->child->given_name = name;
    alert->case_id.len = 15;
    assert_int_equal(case_check_body(&body, &note), ERR_LIMIT);
    alert->reference = NULL;
    alert->case_id.data = NULL;
    case_free(alert);
}

/* ---- small questions ---- */

static void case_confirms_given_name_or_alias(void **state)
{
    (void)state;
    struct jdoc *doc = loaded("tests/vectors/case-full.json"), *part = jdoc_object();
    jdoc_set_doc(part, "child", jdoc_copy(jdoc_get(doc, "child")));
    jdoc_free(doc);
    Hotline__Case *alert = draft_of(part);
    const char *const right[] = {"Ελένη", " Ελένη\n", "lenio", "LENA", "Eleni"};
    const char *const wrong[] = {"", " ", "Helen", "Παραδείγμου", "ΕΛΈΝΗ", "Len", "Lenaa", "Ελένη Παραδείγμου"};
    for (size_t i = 0; i < sizeof right / sizeof right[0]; i++)
        assert_true(case_confirms(alert, right[i]));
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_false(case_confirms(alert, wrong[i]));
    assert_false(case_confirms(alert, NULL));
    case_free(alert);
    alert = draft_of(parsed("{}"));
    assert_false(case_confirms(alert, ""));
    case_free(alert);
}

static bool restricted(const char *group, const char *key, const char *json)
{
    Hotline__Case *alert = draft_of(changed(group, key, json));
    const char *why = NULL;
    bool needs = case_needs_restriction(alert, &why);
    assert_true(needs == (why != NULL));
    case_free(alert);
    return needs;
}

static void case_needs_restriction_legal_or_medical(void **state)
{
    (void)state;
    assert_false(restricted("", "urgency", "\"ROUTINE\""));
    assert_true(restricted("", "legal", "{}"));
    assert_true(restricted("child", "medical_needs", "[{\"need\": \"INSULIN\"}]"));
    assert_false(restricted("child", "medical_needs", "[]"));
    assert_true(restricted("", "companions", "[{}, {\"description\": {\"medical_needs\": [{}]}}]"));
}

static void case_urgency_unsaid_is_expected(void **state)
{
    (void)state;
    Hotline__Case *alert = draft();
    assert_int_equal(case_urgency(alert), HOTLINE__URGENCY__CODE__EXPECTED);
    alert->has_urgency = 1;
    alert->urgency = HOTLINE__URGENCY__CODE__IMMEDIATE;
    assert_int_equal(case_urgency(alert), HOTLINE__URGENCY__CODE__IMMEDIATE);
    case_free(alert);
}

static void case_from_json_offset_becomes_the_zone_when_there_is_none(void **state)
{
    (void)state;
    const char *const rows[][2] = {{"2026-11-21T11:40:00+02:00", "+02:00"},
                                   {"2026-11-21T09:40:00Z", NULL},
                                   {"2026-11-21T09:40:00-00:00", NULL},
                                   {"2026-11-21T07:10:00.5-02:30", "-02:30"}};
    for (size_t i = 0; i < 4; i++) {
        char json[64];
        snprintf(json, sizeof json, "\"%s\"", rows[i][0]);
        Hotline__Case *alert = draft_of(changed("last_seen", "at", json));
        if (rows[i][1] == NULL)
            assert_null(alert->last_seen->zone);
        else
            assert_string_equal(alert->last_seen->zone, rows[i][1]);
        case_free(alert);
    }
}

/* ---- round trips ---- */

static void case_full_comes_back_as_written(void **state)
{
    (void)state;
    struct jdoc *doc = loaded("tests/vectors/case-full.json"), *again = NULL;
    const struct mapper_reader reader = {.rules = case_rules(), .accept_filled_in = true};
    ProtobufCMessage *message = NULL;
    struct err_note note = {""};
    if (mapper_read(&reader, &hotline__case__descriptor, doc, &note, &message) != OK)
        fail_msg("%s", note.text);
    if (case_check_form(message, &note) != OK)
        fail_msg("%s", note.text);
    static uint8_t packed[CASE_BYTES_MAX];
    size_t len = protobuf_c_message_pack(message, packed);
    mapper_free(message, NULL);
    Hotline__Case *alert = hotline__case__unpack(NULL, len, packed);
    assert_non_null(alert);
    assert_int_equal(case_to_json(alert, &again), OK);
    struct buf before, after;
    buf_init(&before);
    buf_init(&after);
    assert_int_equal(jdoc_write(doc, true, &before), OK);
    assert_int_equal(jdoc_write(again, true, &after), OK);
    assert_string_equal(buf_text(&after), buf_text(&before));
    buf_free(&before);
    buf_free(&after);
    jdoc_free(doc);
    jdoc_free(again);
    case_free(alert);
}

/* So that the round trip above stays complete when a field is added. */
static void case_full_holds_every_field(void **state)
{
    (void)state;
    struct jdoc *doc = loaded("tests/vectors/case-full.json");
    const struct {
        const ProtobufCMessageDescriptor *type;
        const struct jdoc *at;
    } rows[] = {{&hotline__case__descriptor, doc},
                {&hotline__description__descriptor, jdoc_get(doc, "child")},
                {&hotline__last_seen__descriptor, jdoc_get(doc, "last_seen")},
                {&hotline__attachment__descriptor, jdoc_at(jdoc_get(doc, "photos"), 0)},
                {&hotline__vehicle__descriptor, jdoc_get(doc, "vehicle")},
                {&hotline__companion__descriptor, jdoc_at(jdoc_get(doc, "companions"), 0)},
                {&hotline__police__descriptor, jdoc_get(doc, "police")},
                {&hotline__publicity__descriptor, jdoc_get(doc, "publicity")},
                {&hotline__legal__descriptor, jdoc_get(doc, "legal")},
                {&hotline__contact__descriptor, jdoc_get(doc, "contact")}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        for (unsigned f = 0; f < rows[i].type->n_fields; f++) {
            const char *name = rows[i].type->fields[f].name;
            bool secret = strcmp(name, "key") == 0;
            if ((jdoc_get(rows[i].at, name) == NULL) != secret)
                fail_msg("%s.%s: not in the vector", rows[i].type->short_name, name);
        }
    jdoc_free(doc);
}

static void case_demo_may_be_sent_and_must_be_restricted(void **state)
{
    (void)state;
    Hotline__Case *alert = draft_of(loaded("config/demo/case.json"));
    struct err_note note = {""};
    if (case_check_sendable(alert, NOW, &note) != OK)
        fail_msg("%s", note.text);
    assert_true(case_needs_restriction(alert, NULL));
    assert_int_equal(case_urgency(alert), HOTLINE__URGENCY__CODE__IMMEDIATE);
    case_free(alert);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(case_check_sendable_each_starred_field_is_named_when_missing),
        cmocka_unit_test(case_check_sendable_empty_case_names_all_in_order),
        cmocka_unit_test(case_check_sendable_alternatives_and_blanks),
        cmocka_unit_test(case_check_sendable_ranges),
        cmocka_unit_test(case_check_sendable_ages_and_places_agree_with_themselves),
        cmocka_unit_test(case_check_sendable_quotes_little_of_a_bad_form),
        cmocka_unit_test(case_check_sendable_times),
        cmocka_unit_test(case_check_sendable_coded_texts),
        cmocka_unit_test(case_check_sendable_texts_are_clean_and_bounded),
        cmocka_unit_test(case_check_sendable_counts),
        cmocka_unit_test(case_check_sendable_whole_case_over_the_limit_is_refused),
        cmocka_unit_test(case_check_body_identity_and_codes),
        cmocka_unit_test(case_confirms_given_name_or_alias),
        cmocka_unit_test(case_needs_restriction_legal_or_medical),
        cmocka_unit_test(case_urgency_unsaid_is_expected),
        cmocka_unit_test(case_from_json_offset_becomes_the_zone_when_there_is_none),
        cmocka_unit_test(case_full_comes_back_as_written),
        cmocka_unit_test(case_full_holds_every_field),
        cmocka_unit_test(case_demo_may_be_sent_and_must_be_restricted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
