/* reply and referral: what each kind must hold, by path. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

#include <cmocka.h>

#include "proto/reply.h"

static struct jdoc *parsed(const char *text)
{
    struct jdoc *doc = NULL;
    struct err_note note = {""};
    if (jdoc_parse(slice_text(text), "in.json", &note, &doc) != OK)
        fail_msg("%s: %s", text, note.text);
    return doc;
}

/* Reads and checks; the note is "" when it passes. */
static void expect(const char *text, const char *wanted)
{
    struct jdoc *doc = parsed(text);
    Hotline__Reply *reply = NULL;
    struct err_note note = {""};
    int error = reply_from_json(doc, &note, &reply);
    if (error == OK)
        error = reply_check(reply, &note);
    assert_string_equal(note.text, wanted);
    assert_true((error == OK) == (wanted[0] == '\0'));
    reply_free(reply);
    jdoc_free(doc);
}

static void reply_check_each_kind_needs_its_part(void **state)
{
    (void)state;
    expect("{}", "kind: is required");
    expect("{\"kind\": \"ACTING\"}", "");
    expect("{\"kind\": \"NOTHING_HERE\"}", "");
    expect("{\"kind\": \"MESSAGE\", \"text\": \"Bari police informed\", \"text_language\": \"en\"}", "");
    expect("{\"kind\": \"MESSAGE\"}", "text: is required");
    expect("{\"kind\": \"QUESTION\", \"text\": \"  \"}", "text: is required");
    expect("{\"kind\": \"ANSWER\"}", "text: is required");
    expect("{\"kind\": \"SIGHTING\"}", "sighting: is required");
    expect("{\"kind\": \"SIGHTING\", \"sighting\": {\"confidence\": \"CERTAIN\"}}",
           "sighting.place: is required (or sighting.country, or coordinates)");
    expect("{\"kind\": \"SIGHTING\", \"sighting\": {\"country\": \"IT\"}}", "");
}

static void reply_from_json_refuses_by_path(void **state)
{
    (void)state;
    expect("{\"kind\": \"SHOUT\"}",
           "kind: \"SHOUT\" is not a code; allowed: SIGHTING, QUESTION, ANSWER, ACTING, "
           "NOTHING_HERE, MESSAGE");
    expect("{\"kind\": \"MESSAGE\", \"txt\": \"x\"}", "txt: unknown field; did you mean \"text\"?");
    expect("{\"kind\": \"ACTING\", \"written_at\": \"2026-11-21T10:00:00Z\"}",
           "written_at: is filled in by the node; leave it out");
    expect("{\"kind\": \"ACTING\", \"in_reply_to\": \"0011\"}", "in_reply_to: 2 bytes; allowed are 16 to 16");
    expect("{\"kind\": \"SIGHTING\", \"sighting\": {\"country\": \"IT\", \"information_grade\": 7}}",
           "sighting.information_grade: 7 is out of range (1 to 6)");
    expect("{\"kind\": \"SIGHTING\", \"sighting\": {\"latitude\": 41.1}}",
           "sighting.longitude: is needed with the other coordinate");
    expect("{\"kind\": \"MESSAGE\", \"text\": \"\\u001b]0;x\"}", "text: contains a control character");
}

static void reply_from_sighting_makes_a_reply_of_that_kind(void **state)
{
    (void)state;
    struct jdoc *doc = parsed("{\"at\": \"2026-11-21T21:00:00Z\", \"place\": \"Bari, port\", \"country\": \"IT\","
                              "\"confidence\": \"PROBABLE\", \"source_grade\": \"B\", \"information_grade\": 2}"),
                *back = NULL;
    struct err_note note = {""};
    Hotline__Reply *reply = NULL;
    assert_int_equal(reply_from_sighting(doc, &note, &reply), OK);
    assert_int_equal(reply_check(reply, &note), OK);
    assert_int_equal(reply_to_json(reply, &back), OK);
    assert_string_equal(jdoc_get_text(back, "kind", ""), "SIGHTING");
    assert_string_equal(jdoc_get_text(jdoc_get(back, "sighting"), "source_grade", ""), "B");
    assert_string_equal(jdoc_get_text(jdoc_get(back, "sighting"), "at", ""), "2026-11-21T21:00:00.000Z");
    jdoc_free(back);
    jdoc_free(doc);
    reply_free(reply);
    doc = parsed("{\"plaice\": 1}");
    reply = NULL;
    assert_int_equal(reply_from_sighting(doc, &note, &reply), ERR_UNKNOWN);
    assert_null(reply);
    jdoc_free(doc);
}

static void referral_check_request_and_answer(void **state)
{
    (void)state;
    Hotline__Referral referral = HOTLINE__REFERRAL__INIT;
    struct err_note note = {""};
    uint8_t id[16] = {1};
    char el[] = "el", gr[] = "GR", *languages[] = {el}, *countries[] = {gr};
    assert_int_equal(referral_check(&referral, &note), ERR_MISSING);
    referral.has_act = 1;
    referral.act = HOTLINE__REFERRAL_ACT__CODE__REQUEST;
    referral.has_referral_id = 1;
    referral.referral_id = (ProtobufCBinaryData){sizeof id, id};
    assert_int_equal(referral_check(&referral, &note), ERR_MISSING);
    assert_string_equal(note.text, "languages: is required");
    referral.n_languages = referral.n_countries = 1;
    referral.languages = languages;
    referral.countries = countries;
    assert_int_equal(referral_check(&referral, &note), ERR_MISSING);
    assert_string_equal(note.text, "answer_by: is required");
    referral.has_answer_by = 1;
    referral.answer_by = 1;
    assert_int_equal(referral_check(&referral, &note), OK);
    referral.act = HOTLINE__REFERRAL_ACT__CODE__DECLINE;
    assert_int_equal(referral_check(&referral, &note), ERR_MISSING);
    assert_string_equal(note.text, "decline: is required");
    gr[1] = 'Z';
    assert_int_equal(referral_check(&referral, &note), ERR_INVALID);
    assert_string_equal(note.text, "countries[0]: \"GZ\" is not an ISO 3166-1 alpha-2 country code");
}

static void referral_text_shows_what_it_should_not_hold(void **state)
{
    static const char *const phones[] = {"ring +32 2 555 01 00", "0032/255.50.100", "(02) 555-0100"};
    static const char *const streets[] = {"lives at 12, Rue Haute", "Hauptstrasse 7", "calle Mayor 3, Madrid"};
    static const char *const fine[] = {"Two parents, one child of 8", "a hearing on 3 May; 2 children",
                                       "via her mother", "meet @ noon", ""};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        assert_string_equal(referral_text_shows(phones[i]), "a telephone number");
        assert_string_equal(referral_text_shows(streets[i]), "a street address");
    }
    assert_string_equal(referral_text_shows("write to parent@mail.example"), "an e-mail address");
    for (size_t i = 0; i < sizeof fine / sizeof fine[0]; i++)
        assert_null(referral_text_shows(fine[i]));
    assert_null(referral_text_shows(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reply_check_each_kind_needs_its_part),
        cmocka_unit_test(reply_from_json_refuses_by_path),
        cmocka_unit_test(reply_from_sighting_makes_a_reply_of_that_kind),
        cmocka_unit_test(referral_check_request_and_answer),
        cmocka_unit_test(referral_text_shows_what_it_should_not_hold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
