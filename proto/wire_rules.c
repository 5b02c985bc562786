/*
 * wire_rules: one table per message that travels between strangers. A field that is not listed is optional and bounded
 * by its frame alone. docs/protocol.md prints the same bounds; a test compares them.
 */
#include "wire_rules.h"

#include "limits.h"
#include "proto/envelope.pb-c.h"
#include "proto/roster.pb-c.h"
#include "proto/session.pb-c.h"

#define N WIRE_NEEDED
#define O WIRE_OPTIONAL
/* Microseconds, to the end of the year 9999: a sum of a peer's time and a span of ours never overflows, and prints. */
#define TIME_MAX INT64_C(253402300799999999)
#define NUMBER_MAX INT64_MAX /* serials and versions: a database keeps them signed */
#define ID 1, LIMIT_ID_CHARS

static const struct wire_rule former_key[] = {{1, N, 32, 32, 0}, {2, N, 1, TIME_MAX, 0}};
static const struct wire_rule member[] = {{1, N, ID, 0},
                                          {2, N, 2, 2, 0},
                                          {3, N, 1, LIMIT_NAME_BYTES, 0},
                                          {4, O, 2, LIMIT_LANGUAGE_CHARS, LIMIT_LANGUAGES},
                                          {5, N, 0, 0, 0},
                                          {6, N, 0, 0, 0},
                                          {7, N, 32, 32, 0},
                                          {8, N, 32, 32, 0},
                                          {9, O, 0, 0, LIMIT_FORMER_KEYS},
                                          {10, O, 3, LIMIT_PHONE_CHARS, 0},
                                          {11, O, 0, TIME_MAX, 0},
                                          {12, O, 0, TIME_MAX, 0},
                                          {13, O, 2, 2, LIMIT_COUNTRIES}};
static const struct wire_rule relay[] = {{1, N, ID, 0},
                                         {2, N, 2, 2, 0},
                                         {3, N, 1, LIMIT_NAME_BYTES, 0},
                                         {4, N, 8, LIMIT_ENDPOINT_BYTES, LIMIT_ENDPOINTS},
                                         {5, N, 32, 32, 0},
                                         {6, N, 32, 32, 0}};
static const struct wire_rule roster[] = {{1, N, 1, NUMBER_MAX, 0},
                                          {2, O, 32, 32, 0},
                                          {3, N, 1, TIME_MAX, 0},
                                          {4, N, 1, TIME_MAX, 0},
                                          {5, N, 1, LIMIT_AUTHORITY_KEYS, 0},
                                          {6, N, 32, 32, LIMIT_AUTHORITY_KEYS},
                                          {7, O, 0, 0, LIMIT_MEMBERS},
                                          {8, O, 0, 0, LIMIT_RELAYS}};
static const struct wire_rule signature[] = {{1, N, 8, 8, 0}, {2, N, 64, 64, 0}};
static const struct wire_rule signed_roster[] = {{1, N, 1, LIMIT_ROSTER_BYTES, 0},
                                                 {2, N, 0, 0, 2 * LIMIT_AUTHORITY_KEYS}};
static const struct wire_rule request[] = {
    {1, N, ID, 0},         {2, N, 2, 2, 0},   {3, N, 1, LIMIT_NAME_BYTES, 0},
    {4, N, 32, 32, 0},     {5, N, 32, 32, 0}, {6, O, 8, LIMIT_ENDPOINT_BYTES, LIMIT_ENDPOINTS},
    {7, N, 1, TIME_MAX, 0}};
static const struct wire_rule signed_request[] = {{1, N, 1, 4096, 0}, {2, N, 64, 64, 0}};
static const struct wire_rule card[] = {{1, N, 1, NUMBER_MAX, 0},
                                        {2, N, ID, 0},
                                        {3, N, 16, 16, 0},
                                        {4, N, 32, 32, 0},
                                        {5, N, 1, TIME_MAX, 0},
                                        {6, O, 2, 2, LIMIT_COUNTRIES},
                                        {7, O, 1, LIMIT_SOFTWARE_BYTES, 0}};
static const struct wire_rule signed_card[] = {{1, N, 1, 4096, 0}, {2, N, 64, 64, 0}};

static const struct wire_rule case_name[] = {{1, N, ID, 0}, {2, N, 16, 16, 0}};
static const struct wire_rule route[] = {{1, O, 2, 2, LIMIT_COUNTRIES}, {2, O, ID, LIMIT_RECIPIENTS}, {3, O, 0, 0, 4}};
static const struct wire_rule blob_name[] = {{1, N, 32, 32, 0}, {2, N, 1, LIMIT_BLOB_BYTES + 65536, 0}};
static const struct wire_rule header[] = {
    {1, N, 16, 16, 0},  {2, N, ID, 0},           {3, N, 16, 16, 0},       {4, N, 32, 32, 0},
    {5, N, 0, 0, 0},    {6, N, 0, 0, 0},         {8, O, 1, 1000000, 0},   {10, N, 0, 0, 0},
    {11, N, 0, 0, 0},   {12, N, 1, TIME_MAX, 0}, {13, N, 1, TIME_MAX, 0}, {14, N, 1, NUMBER_MAX, 0},
    {15, N, 32, 32, 0}, {16, N, 24, 24, 0},      {17, N, 32, 32, 0},      {18, O, 0, 0, LIMIT_BLOBS}};
static const struct wire_rule grant[] = {{1, N, ID, 0}, {2, N, 8, 8, 0}, {3, N, 24, 24, 0}, {4, N, 56, 56, 0}};
static const struct wire_rule envelope[] = {{1, N, 1, LIMIT_HEADER_BYTES, 0},
                                            {2, N, 64, 64, 0},
                                            {3, N, LIMIT_BODY_PAD_BYTES + 16, LIMIT_BODY_BYTES + 16, 0},
                                            {4, O, 0, 0, LIMIT_RECIPIENTS}};
static const struct wire_rule sealed_file[] = {
    {1, N, 1, 1000, 0}, {2, N, ID, 0}, {3, O, 0, 0, 0}, {4, N, 0, 0, LIMIT_SEALED_ENVELOPES}};
static const struct wire_rule receipt[] = {
    {1, N, 32, 32, 0}, {2, N, 0, 0, 0}, {3, N, 1, TIME_MAX, 0}, {5, O, 1, TIME_MAX, 0}, {7, O, 0, LIMIT_BLOBS, 0}};
static const struct wire_rule receipt_batch[] = {{1, N, ID, 0},          {2, N, ID, 0},
                                                 {3, N, 1, TIME_MAX, 0}, {4, N, 1, NUMBER_MAX, 0},
                                                 {5, N, 32, 32, 0},      {6, N, 0, 0, LIMIT_RECEIPTS}};
static const struct wire_rule signed_receipts[] = {{1, N, 1, LIMIT_GATHER_BYTES, 0}, {2, N, 64, 64, 0}};
static const struct wire_rule unreadable[] = {
    {1, N, ID, 0}, {2, N, ID, 0}, {3, N, 32, 32, 0}, {4, N, 0, 0, 0}, {5, N, 1, TIME_MAX, 0}};
static const struct wire_rule signed_unreadable[] = {{1, N, 1, 1024, 0}, {2, N, 64, 64, 0}};
static const struct wire_rule left_out[] = {{1, N, ID, 0}, {2, N, 1, 40, 0}};
static const struct wire_rule acceptance[] = {{1, N, 32, 32, 0},
                                              {2, O, ID, LIMIT_RECIPIENTS},
                                              {3, O, ID, LIMIT_RECIPIENTS},
                                              {4, O, 0, 0, LIMIT_RECIPIENTS},
                                              {5, O, 2, 2, LIMIT_COUNTRIES},
                                              {6, O, ID, LIMIT_RECIPIENTS}};
static const struct wire_rule accepted_batch[] = {{1, N, ID, 0},          {2, N, ID, 0},
                                                  {3, N, 1, TIME_MAX, 0}, {4, N, 1, NUMBER_MAX, 0},
                                                  {5, N, 32, 32, 0},      {6, N, 0, 0, LIMIT_FRAMES}};
static const struct wire_rule signed_accepted[] = {{1, N, 1, LIMIT_FRAME_BYTES - 256, 0}, {2, N, 64, 64, 0}};

static const struct wire_rule roster_name[] = {{1, N, 1, NUMBER_MAX, 0}, {2, N, 32, 32, 0}};
static const struct wire_rule hello[] = {
    {1, N, 1, 1000, 16}, {2, O, 0, 0, 0}, {3, N, 0, 0, 0}, {4, O, ID, LIMIT_MEMBERS}, {5, O, 0, 0, LIMIT_MEMBERS}};
static const struct wire_rule welcome[] = {{1, N, 1, 1000, 0},
                                           {2, N, ID, 0},
                                           {3, N, 1, TIME_MAX, 0},
                                           {4, N, 0, 0, 0},
                                           {5, N, 1, 65536, 0},
                                           {6, N, 1, 0, 0},
                                           {7, N, 1, 0, 0},
                                           {8, N, 0, 0, 0},
                                           {9, N, 32, 32, 0},
                                           {10, N, 0, 0, 0},
                                           {11, O, 1, LIMIT_SOFTWARE_BYTES, 0}};
static const struct wire_rule rosters[] = {{1, N, 0, 0, LIMIT_ROSTERS_PER_FRAME}};
static const struct wire_rule cards[] = {{1, N, 0, 0, LIMIT_CARDS_PER_FRAME}};
static const struct wire_rule offered[] = {{1, N, 16, 16, 0}, {2, N, 32, 32, 0}};
static const struct wire_rule offer[] = {{1, N, 0, 0, 0}, {2, O, 0, 0, LIMIT_OFFERS}};
static const struct wire_rule lacking[] = {{1, N, 0, 0, 0}, {2, O, 16, 16, LIMIT_OFFERS}};
static const struct wire_rule one_message[] = {{1, N, 0, 0, 0}};
static const struct wire_rule refused[] = {{1, N, 32, 32, 0}, {2, N, 0, 0, 0}, {3, O, 1, LIMIT_SENTENCE_BYTES, 0}};
static const struct wire_rule grants[] = {
    {1, N, 32, 32, 0}, {2, O, 0, 0, LIMIT_RECIPIENTS}, {3, O, ID, LIMIT_RECIPIENTS}};
static const struct wire_rule deliver[] = {{1, N, 0, 0, 0}, {3, O, ID, LIMIT_RECIPIENTS}};
static const struct wire_rule taken[] = {{1, N, 16, 16, LIMIT_FRAMES}};
static const struct wire_rule grant_wanted[] = {
    {1, N, 32, 32, 0}, {2, N, 16, 16, 0}, {3, N, 0, 0, LIMIT_CARDS_PER_FRAME}};
static const struct wire_rule pending[] = {{1, N, ID, 0}, {2, N, 0, 0, 0}, {3, N, 0, TIME_MAX, 0}, {4, N, 0, 0, 0}};
static const struct wire_rule gap[] = {
    {1, N, ID, 0}, {2, N, ID, 0}, {3, N, 16, 16, 0}, {4, N, 1, 0, LIMIT_GAP_NUMBERS}};
static const struct wire_rule gap_answer[] = {{1, N, ID, 0},
                                              {2, N, ID, 0},
                                              {3, N, 16, 16, 0},
                                              {4, O, 1, 0, LIMIT_GAP_NUMBERS},
                                              {5, O, 16, 16, LIMIT_GAP_NUMBERS},
                                              {6, O, 64, 64, 0}};
static const struct wire_rule blob_put[] = {
    {1, N, 32, 32, 0}, {2, N, 0, 127, 0}, {3, N, 1, 128, 0}, {4, N, 1, LIMIT_BLOB_CHUNK_BYTES + 64, 0}};
static const struct wire_rule blob_want[] = {{1, N, 32, 32, 0}, {2, N, 0, 127, 0}, {3, N, 1, 128, 0}};
static const struct wire_rule blob_chunk[] = {
    {1, N, 32, 32, 0}, {2, N, 0, 127, 0}, {3, O, 1, 128, 0}, {4, O, 1, LIMIT_BLOB_CHUNK_BYTES + 64, 0}};
static const struct wire_rule pulse[] = {{1, N, 1, TIME_MAX, 0},
                                         {2, O, 0, TIME_MAX, 0},
                                         {4, O, 0, TIME_MAX, 0},
                                         {6, O, 2, LIMIT_LANGUAGE_CHARS, LIMIT_LANGUAGES}};
static const struct wire_rule present[] = {
    {1, N, ID, 0}, {2, N, 0, 0, 0}, {4, O, 2, LIMIT_LANGUAGE_CHARS, LIMIT_LANGUAGES}, {5, O, 0, TIME_MAX, 0}};
static const struct wire_rule presence[] = {{1, O, 0, 0, LIMIT_MEMBERS}};
static const struct wire_rule goodbye[] = {{1, N, 0, 0, 0}, {2, O, 1, LIMIT_SENTENCE_BYTES, 0}};

#define ROW(message, rules)                                                                                            \
    {                                                                                                                  \
        &hotline__##message##__descriptor, rules, sizeof rules / sizeof rules[0]                                       \
    }
static const struct {
    const ProtobufCMessageDescriptor *descriptor;
    const struct wire_rule *rules;
    size_t count;
} tables[] = {ROW(envelope_header, header),
              ROW(route, route),
              ROW(case_name, case_name),
              ROW(grant, grant),
              ROW(envelope, envelope),
              ROW(sealed_file, sealed_file),
              ROW(receipt, receipt),
              ROW(receipt_batch, receipt_batch),
              ROW(signed_receipts, signed_receipts),
              ROW(deliver, deliver),
              ROW(publish, one_message),
              ROW(receipts, one_message),
              ROW(taken, taken),
              ROW(acceptance, acceptance),
              ROW(accepted_batch, accepted_batch),
              ROW(signed_accepted, signed_accepted),
              ROW(accepted, one_message),
              ROW(pulse, pulse),
              ROW(member, member),
              ROW(former_key, former_key),
              ROW(relay, relay),
              ROW(roster, roster),
              ROW(signature, signature),
              ROW(signed_roster, signed_roster),
              ROW(membership_request, request),
              ROW(signed_request, signed_request),
              ROW(card, card),
              ROW(signed_card, signed_card),
              ROW(blob_name, blob_name),
              ROW(unreadable, unreadable),
              ROW(signed_unreadable, signed_unreadable),
              ROW(left_out, left_out),
              ROW(roster_name, roster_name),
              ROW(hello, hello),
              ROW(welcome, welcome),
              ROW(rosters, rosters),
              ROW(cards, cards),
              ROW(offered_envelope, offered),
              ROW(offer, offer),
              ROW(lacking, lacking),
              ROW(refused, refused),
              ROW(grants, grants),
              ROW(unreadables, one_message),
              ROW(grant_wanted, grant_wanted),
              ROW(pending, pending),
              ROW(gap, gap),
              ROW(gap_answer, gap_answer),
              ROW(blob_put, blob_put),
              ROW(blob_want, blob_want),
              ROW(blob_chunk, blob_chunk),
              ROW(present, present),
              ROW(presence, presence),
              ROW(goodbye, goodbye)};

const struct wire_rule *wire_rules_of(const ProtobufCMessageDescriptor *message, size_t *ret_count)
{
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        if (tables[i].descriptor == message) {
            *ret_count = tables[i].count;
            return tables[i].rules;
        }
    }
    *ret_count = 0;
    return NULL;
}
