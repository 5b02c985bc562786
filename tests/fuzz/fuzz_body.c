/* fuzz_body: what stands in an opened envelope: a case, closing, reply, referral or statistics of another member. */
#include "fuzz.h"
#include "node/figures.h"
#include "proto/case.h"
#include "proto/case_phrase.h"
#include "proto/closing.h"
#include "proto/limits.h"
#include "proto/reply.h"
#include "proto/wire.h"

static void show(struct jdoc *doc)
{
    struct buf text;
    buf_init(&text);
    CHECK(doc != NULL && jdoc_write(doc, true, &text) == OK);
    buf_free(&text);
    jdoc_free(doc);
}

static void merge(const Hotline__Statistics *statistics)
{
    struct figures figures;
    Hotline__Statistics *out = NULL;
    figures_init(&figures, statistics->year, statistics->exercise);
    if (figures_merge(&figures, statistics) == OK && figures_merge(&figures, statistics) == OK) {
        figures_suppress(&figures);
        show(figures_to_doc(&figures));
        if (figures_to_statistics(&figures, &out) == OK)
            figures_free_statistics(out);
    }
    figures_done(&figures);
}

/* Whatever passed its checks can be shown. */
static void use(const Hotline__EnvelopeBody *body)
{
    struct jdoc *doc = NULL;
    switch (body->content_case) {
    case HOTLINE__ENVELOPE_BODY__CONTENT_ALERT:
        CHECK(case_to_json(body->alert, &doc) == OK);
        show(doc);
        (void)case_confirms(body->alert, "Aurelia");
        (void)case_needs_restriction(body->alert, NULL);
        break;
    case HOTLINE__ENVELOPE_BODY__CONTENT_CLOSING:
        CHECK(closing_to_json(body->closing, &doc) == OK);
        show(doc);
        break;
    case HOTLINE__ENVELOPE_BODY__CONTENT_REPLY:
        CHECK(reply_to_json(body->reply, &doc) == OK);
        show(doc);
        break;
    case HOTLINE__ENVELOPE_BODY__CONTENT_REFERRAL:
        CHECK(referral_to_json(body->referral, &doc) == OK);
        show(doc);
        break;
    case HOTLINE__ENVELOPE_BODY__CONTENT_STATISTICS:
        merge(body->statistics);
        break;
    default:
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct wire_arena arena;
    struct err_note note = {""};
    ProtobufCMessage *message;
    fuzz_begin();
    if (size > LIMIT_BODY_BYTES || wire_arena_init_sized(&arena, 4 * 1024 * 1024) != OK)
        return 0;
    if (wire_unpack(&hotline__envelope_body__descriptor, slice_of(data, size), &arena, &note, &message) == OK) {
        const Hotline__EnvelopeBody *body = (const Hotline__EnvelopeBody *)message;
        if (case_check_body(body, &note) == OK)
            use(body);
        else
            fuzz_check_note(&note);
    } else {
        fuzz_check_note(&note);
    }
    wire_arena_done(&arena);
    return 0;
}
