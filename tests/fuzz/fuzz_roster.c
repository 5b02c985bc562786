/* fuzz_roster: a SignedRoster of a stranger, and roster bytes as an authority's tool and a follower check them. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proto/limits.h"
#include "proto/roster.h"
#include "proto/roster_rules.h"
#include "proto/seal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The content as if an authority had signed it: everything behind the signatures. */
static void check_content(struct slice bytes, struct wire_arena *arena)
{
    struct err_note note = {{0}};
    struct roster_trust trust;
    ProtobufCMessage *message;
    if (wire_unpack(&hotline__roster__descriptor, bytes, arena, &note, &message) != OK)
        return;
    Hotline__Roster *roster = (Hotline__Roster *)message;
    if (roster_rules_check(roster, &note, &trust) != OK) {
        CHECK(note.text[0] != '\0');
        return;
    }
    CHECK(trust.threshold >= 1 && trust.threshold <= trust.count && trust.count <= LIMIT_AUTHORITY_KEYS);
    CHECK(roster_check(roster, &note) == OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct wire_arena arena;
    struct roster_trust nobody = {.threshold = 1};
    struct roster *roster = NULL;
    struct err_note note = {{0}};
    Hotline__MembershipRequest *request = NULL;
    struct slice input = slice_of(data, size);
    if (size > LIMIT_MESSAGE_BYTES || seal_start() != OK || wire_arena_init_sized(&arena, 8 * 1024 * 1024) != OK)
        return 0;
    CHECK(roster_verify(input, &nobody, &note, &roster) != OK && roster == NULL);
    check_content(input, &arena);
    wire_arena_clear(&arena);
    ProtobufCMessage *message;
    if (wire_unpack(&hotline__signed_roster__descriptor, input, &arena, &note, &message) == OK)
        check_content(wire_slice(((const Hotline__SignedRoster *)message)->roster), &arena);
    if (roster_request_read(input, &note, &request) == OK)
        protobuf_c_message_free_unpacked(&request->base, NULL);
    wire_arena_done(&arena);
    return 0;
}
