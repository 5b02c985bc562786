/* closing: outcomes by their two spellings, and what each outcome needs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

#include <cmocka.h>

#include "proto/closing.h"

static void expect(const char *text, const char *wanted)
{
    struct jdoc *doc = NULL;
    struct err_note note = {""};
    Hotline__Closing *closing = NULL;
    assert_int_equal(jdoc_parse(slice_text(text), "in.json", &note, &doc), OK);
    int error = closing_from_json(doc, &note, &closing);
    if (error == OK)
        error = closing_check_sendable(closing, &note);
    assert_string_equal(note.text, wanted);
    assert_true((error == OK) == (wanted[0] == '\0'));
    closing_free(closing);
    jdoc_free(doc);
}

static void closing_check_sendable_each_outcome_needs_its_part(void **state)
{
    (void)state;
    expect("{}", "outcome: is required");
    expect("{\"outcome\": \"FOUND_SAFE\", \"found_country\": \"IT\", \"days_missing\": 2}", "");
    expect("{\"outcome\": \"SENT_IN_ERROR\"}", "reason: is required with SENT_IN_ERROR");
    expect("{\"outcome\": \"SENT_IN_ERROR\", \"reason\": \"wrong child\"}", "");
    expect("{\"outcome\": \"TAKEN_OVER\"}", "taken_over_by: is required with TAKEN_OVER");
    expect("{\"outcome\": \"TAKEN_OVER\", \"taken_over_by\": \"it-lanterna\"}", "");
    expect("{\"outcome\": \"RETURNED\", \"taken_over_by\": \"it-lanterna\"}", "taken_over_by: only with TAKEN_OVER");
    expect("{\"outcome\": \"FOUND_SAFE\", \"found_country\": \"XX\"}",
           "found_country: \"XX\" is not an ISO 3166-1 alpha-2 country code");
    expect("{\"outcome\": \"FOUND_SAFE\", \"case_id\": \"00\"}", "case_id: is filled in by the node; leave it out");
}

static void closing_check_what_arrives_needs_its_case(void **state)
{
    (void)state;
    Hotline__Closing closing = HOTLINE__CLOSING__INIT;
    struct err_note note = {""};
    uint8_t id[CASE_ID_BYTES] = {1};
    char reference[] = "GR-2026-00001";
    closing.has_outcome = 1;
    closing.outcome = HOTLINE__OUTCOME__CODE__FOUND_SAFE;
    assert_int_equal(closing_check(&closing, &note), ERR_MISSING);
    closing.has_case_id = 1;
    closing.case_id = (ProtobufCBinaryData){sizeof id, id};
    assert_int_equal(closing_check(&closing, &note), ERR_MISSING);
    closing.reference = reference;
    assert_int_equal(closing_check(&closing, &note), OK);
    closing.outcome = (Hotline__Outcome__Code)77;
    assert_int_equal(closing_check(&closing, &note), ERR_UNKNOWN);
}

static void case_outcome_from_text_both_spellings(void **state)
{
    (void)state;
    Hotline__Outcome__Code outcome = HOTLINE__OUTCOME__CODE__AGED_OUT;
    struct err_note note = {""};
    assert_int_equal(case_outcome_from_text("found-safe", &note, &outcome), OK);
    assert_int_equal(outcome, HOTLINE__OUTCOME__CODE__FOUND_SAFE);
    assert_int_equal(case_outcome_from_text("SENT_IN_ERROR", &note, &outcome), OK);
    assert_int_equal(outcome, HOTLINE__OUTCOME__CODE__SENT_IN_ERROR);
    assert_int_equal(case_outcome_from_text("found", &note, &outcome), ERR_UNKNOWN);
    assert_int_equal(outcome, HOTLINE__OUTCOME__CODE__SENT_IN_ERROR);
    assert_string_equal(note.text,
                        "not an outcome; allowed: found-safe, found-harmed, found-deceased, returned, "
                        "withdrawn, sent-in-error, aged-out, taken-over");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(closing_check_sendable_each_outcome_needs_its_part),
        cmocka_unit_test(closing_check_what_arrives_needs_its_case),
        cmocka_unit_test(case_outcome_from_text_both_spellings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
