/* fuzz_json: JSON from people and programs: the document itself, and every message of case.proto read from it. */
#include "fuzz.h"
#include "proto/case.h"
#include "proto/closing.h"
#include "proto/reply.h"

/* Written and read again it is the same document. */
static void check_again(const struct jdoc *doc)
{
    struct buf once, twice;
    struct err_note note = {""};
    struct jdoc *again = NULL;
    buf_init(&once);
    buf_init(&twice);
    CHECK(jdoc_write(doc, false, &once) == OK);
    if (once.len <= JDOC_BYTES_MAX) {
        CHECK(jdoc_parse(buf_slice(&once), "again", &note, &again) == OK);
        CHECK(jdoc_write(again, false, &twice) == OK);
        CHECK(slice_equal(buf_slice(&once), buf_slice(&twice)));
    }
    jdoc_free(again);
    buf_free(&once);
    buf_free(&twice);
}

/* What was read as a case is in form, can be shown, and what is shown is a draft again but for what the node fills in.
 */
static void read_case(const struct jdoc *doc)
{
    struct err_note note = {""};
    Hotline__Case *alert = NULL;
    struct jdoc *shown = NULL;
    if (case_from_json(doc, &note, &alert) != OK) {
        fuzz_check_note(&note);
        return;
    }
    if (case_check_sendable(alert, INT64_C(1795219200000000), &note) == OK) {
        struct buf packed;
        buf_init(&packed);
        CHECK(case_check_form(&alert->base, &note) == OK);
        size_t len = protobuf_c_message_get_packed_size(&alert->base);
        uint8_t *room = buf_reserve(&packed, len + 1);
        CHECK(room != NULL && protobuf_c_message_pack(&alert->base, room) == len);
        buf_free(&packed);
    } else {
        fuzz_check_note(&note);
    }
    CHECK(case_to_json(alert, &shown) == OK);
    check_again(shown);
    (void)case_confirms(alert, "Aurelia");
    (void)case_needs_restriction(alert, NULL);
    (void)case_urgency(alert);
    jdoc_free(shown);
    case_free(alert);
}

static void read_others(const struct jdoc *doc)
{
    struct err_note note = {""};
    Hotline__Reply *reply = NULL;
    Hotline__Referral *referral = NULL;
    Hotline__Closing *closing = NULL;
    if (reply_from_json(doc, &note, &reply) == OK)
        (void)!reply_check(reply, &note);
    reply_free(reply);
    reply = NULL;
    if (reply_from_sighting(doc, &note, &reply) == OK)
        (void)!reply_check(reply, &note);
    reply_free(reply);
    if (referral_from_json(doc, &note, &referral) == OK)
        (void)!referral_check(referral, &note);
    referral_free(referral);
    if (closing_from_json(doc, &note, &closing) == OK)
        (void)!closing_check_sendable(closing, &note);
    closing_free(closing);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct err_note note = {""};
    struct jdoc *doc = NULL;
    fuzz_begin();
    if (jdoc_parse(slice_of(data, size), "input", &note, &doc) != OK) {
        CHECK(doc == NULL);
        fuzz_check_note(&note);
        return 0;
    }
    check_again(doc);
    read_case(doc);
    read_others(doc);
    jdoc_free(doc);
    return 0;
}
