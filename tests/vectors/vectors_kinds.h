/*
 * vectors_kinds - an envelope of each kind that is no alert: the closing of the case of envelope-actual.json, a
 * sighting told to nl-lamp, a referral taken back, a year's figures, a probe. Sealed, signed and granted like every
 * other.
 */
#ifndef TESTS_VECTORS_VECTORS_KINDS_H
#define TESTS_VECTORS_VECTORS_KINDS_H

#include "tests/vectors/vectors.h"

static inline void vectors_add_kind(struct jdoc *list, const struct fixture *fixture, const char *what,
                                    Hotline__EnvelopeHeader *header, const Hotline__EnvelopeBody *body)
{
    struct jdoc *row = jdoc_add_doc(list, jdoc_object());
    struct vectors_sealed sealed;
    vectors_seal_body(fixture, header, body, &sealed);
    jdoc_set_text(row, "content", what);
    vectors_hex(row, "plain", buf_slice(&sealed.plain));
    vectors_hex(row, "header", buf_slice(&sealed.made.header));
    vectors_hex_of(row, "hash", sealed.made.hash.bytes, KEY_HASH_BYTES);
    vectors_hex(row, "envelope", buf_slice(&sealed.packed));
    vectors_sealed_done(&sealed);
}

/* To nl-lamp by name; every envelope has an id of its own. */
static inline void vectors_kind_header(const struct fixture *fixture, Hotline__Kind__Code kind, uint8_t number,
                                       Hotline__CaseName *name, Hotline__EnvelopeHeader *header)
{
    static const uint8_t case_id[16] = {0xca, 0x5e};
    static char *members[1];
    vectors_header(fixture, false, header);
    header->id.data[15] = number;
    header->kind = kind;
    members[0] = fixture->member[VECTORS_RECIPIENT]->id;
    header->route->n_countries = 0;
    header->route->n_members = 1;
    header->route->members = members;
    WIRE_SET(header->route, restricted, true);
    WIRE_SET(header, urgency, HOTLINE__URGENCY__CODE__ROUTINE);
    header->has_revision = header->has_act = false;
    hotline__case_name__init(name);
    name->opener = fixture->member[VECTORS_SENDER]->id;
    WIRE_SET_BYTES(name, case_id, case_id, 16);
    header->case_name = name;
}

static inline void vectors_add_closing(struct jdoc *list, const struct fixture *fixture)
{
    Hotline__EnvelopeHeader header;
    Hotline__CaseName name;
    Hotline__EnvelopeBody body = HOTLINE__ENVELOPE_BODY__INIT;
    Hotline__Closing closing = HOTLINE__CLOSING__INIT;
    Hotline__Replaces replaces = HOTLINE__REPLACES__INIT;
    struct key_hash hash = vectors_actual_hash(fixture);
    char reference[] = "BE-2026-00001", country[] = "BE";
    vectors_kind_header(fixture, HOTLINE__KIND__CODE__CASE, 11, &name, &header);
    WIRE_SET(&header, revision, 2);
    WIRE_SET(&header, act, HOTLINE__ACT__CODE__CLOSE);
    closing.case_id = name.case_id;
    closing.has_case_id = true;
    closing.reference = reference;
    WIRE_SET(&closing, revision, 2);
    WIRE_SET(&replaces, revision, 1);
    WIRE_SET_BYTES(&replaces, envelope_hash, hash.bytes, KEY_HASH_BYTES);
    closing.replaces = &replaces;
    WIRE_SET(&closing, outcome, HOTLINE__OUTCOME__CODE__FOUND_SAFE);
    closing.found_country = country;
    WIRE_SET(&closing, closed_at, FIXTURE_NOW);
    body.content_case = HOTLINE__ENVELOPE_BODY__CONTENT_CLOSING;
    body.closing = &closing;
    vectors_add_kind(list, fixture, "closing", &header, &body);
}

static inline void vectors_add_reply(struct jdoc *list, const struct fixture *fixture)
{
    Hotline__EnvelopeHeader header;
    Hotline__CaseName name;
    Hotline__EnvelopeBody body = HOTLINE__ENVELOPE_BODY__INIT;
    Hotline__Reply reply = HOTLINE__REPLY__INIT;
    Hotline__Sighting sighting = HOTLINE__SIGHTING__INIT;
    char reference[] = "NL-2026-00007", place[] = "Gent, Sint-Pieters", country[] = "BE";
    vectors_kind_header(fixture, HOTLINE__KIND__CODE__REPLY, 12, &name, &header);
    name.opener = fixture->member[VECTORS_RECIPIENT]->id;
    WIRE_SET(&reply, kind, HOTLINE__REPLY_KIND__CODE__SIGHTING);
    reply.sighting = &sighting;
    WIRE_SET(&sighting, at, FIXTURE_NOW - CLOCK_HOUR_US);
    sighting.place = place;
    sighting.country = country;
    WIRE_SET(&sighting, confidence, HOTLINE__CONFIDENCE__CODE__PROBABLE);
    WIRE_SET(&sighting, source_grade, HOTLINE__SOURCE_GRADE__CODE__B);
    WIRE_SET(&sighting, information_grade, 2);
    reply.reference = reference;
    WIRE_SET(&reply, revision, 1);
    WIRE_SET(&reply, written_at, FIXTURE_NOW);
    body.content_case = HOTLINE__ENVELOPE_BODY__CONTENT_REPLY;
    body.reply = &reply;
    vectors_add_kind(list, fixture, "reply", &header, &body);
}

static inline void vectors_add_referral(struct jdoc *list, const struct fixture *fixture)
{
    static const uint8_t referral_id[16] = {0x4e, 0xfe};
    Hotline__EnvelopeHeader header;
    Hotline__CaseName name;
    Hotline__EnvelopeBody body = HOTLINE__ENVELOPE_BODY__INIT;
    Hotline__Referral referral = HOTLINE__REFERRAL__INIT;
    char reference[] = "BE-2026-00001";
    vectors_kind_header(fixture, HOTLINE__KIND__CODE__REFERRAL, 13, &name, &header);
    WIRE_SET_BYTES(&referral, referral_id, referral_id, 16);
    WIRE_SET(&referral, act, HOTLINE__REFERRAL_ACT__CODE__WITHDRAW);
    referral.reference = reference;
    body.content_case = HOTLINE__ENVELOPE_BODY__CONTENT_REFERRAL;
    body.referral = &referral;
    vectors_add_kind(list, fixture, "referral", &header, &body);
}

static inline void vectors_add_statistics(struct jdoc *list, const struct fixture *fixture)
{
    Hotline__EnvelopeHeader header;
    Hotline__CaseName name;
    Hotline__EnvelopeBody body = HOTLINE__ENVELOPE_BODY__INIT;
    Hotline__Statistics statistics = HOTLINE__STATISTICS__INIT;
    Hotline__StatisticsCell all = HOTLINE__STATISTICS_CELL__INIT, small = HOTLINE__STATISTICS_CELL__INIT,
                            *cells[2] = {&all, &small};
    vectors_kind_header(fixture, HOTLINE__KIND__CODE__STATISTICS, 14, &name, &header);
    header.case_name = NULL;
    WIRE_SET(&statistics, year, 2026);
    WIRE_SET(&statistics, made_at, FIXTURE_NOW);
    WIRE_SET(&statistics, exercise, false);
    WIRE_SET(&statistics, opened, 12);
    WIRE_SET(&all, count, 12);
    WIRE_SET(&all, median_close_hours, 30);
    WIRE_SET(&small, category, HOTLINE__CATEGORY__CODE__RUNAWAY);
    WIRE_SET(&small, suppressed, true);
    statistics.n_cells = 2;
    statistics.cells = cells;
    body.content_case = HOTLINE__ENVELOPE_BODY__CONTENT_STATISTICS;
    body.statistics = &statistics;
    vectors_add_kind(list, fixture, "statistics", &header, &body);
}

static inline void vectors_add_probe(struct jdoc *list, const struct fixture *fixture)
{
    Hotline__EnvelopeHeader header;
    Hotline__CaseName name;
    Hotline__EnvelopeBody body = HOTLINE__ENVELOPE_BODY__INIT;
    Hotline__Probe probe = HOTLINE__PROBE__INIT;
    vectors_kind_header(fixture, HOTLINE__KIND__CODE__PROBE, 15, &name, &header);
    header.case_name = NULL;
    WIRE_SET(&probe, sent_at, FIXTURE_NOW);
    WIRE_SET(&probe, number, 1);
    body.content_case = HOTLINE__ENVELOPE_BODY__CONTENT_PROBE;
    body.probe = &probe;
    vectors_add_kind(list, fixture, "probe", &header, &body);
}

static inline struct jdoc *vectors_kinds(const struct fixture *fixture)
{
    struct jdoc *doc = vectors_doc("an Envelope of be-baken for nl-lamp of each kind that is no alert");
    struct jdoc *list = jdoc_set_doc(doc, "envelopes", jdoc_array());
    vectors_add_closing(list, fixture);
    vectors_add_reply(list, fixture);
    vectors_add_referral(list, fixture);
    vectors_add_statistics(list, fixture);
    vectors_add_probe(list, fixture);
    return doc;
}

#endif
