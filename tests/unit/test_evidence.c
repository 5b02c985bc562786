/* evidence: forked, rolled-back, frozen and withheld rosters, noticed from what peers say and kept over a restart. */
#include <unistd.h>

#include "fixture.h"
#include "node/evidence.h"

struct room {
    struct fixture fixture;
    char folder[64], path[96];
    struct vault *vault;
    struct evidence evidence;
};

static void open_room(struct room *room)
{
    struct err_note note = {{0}};
    struct db *db;
    assert_error(db_open(room->path, vault_schema(), "be-baken", &note, &db), OK);
    assert_error(vault_open(db, room->fixture.member[0], NULL, &note, &room->vault), OK);
    evidence_init(&room->evidence, room->vault);
}

static void start_room(struct room *room)
{
    const struct store_events events = {0};
    assert_error(vault_start(room->vault, NULL, &events), OK);
}

static int setup(void **state)
{
    struct room *room = calloc(1, sizeof *room);
    assert_non_null(room);
    fixture_init(&room->fixture);
    snprintf(room->folder, sizeof room->folder, "/tmp/test-evidence-XXXXXX");
    assert_non_null(mkdtemp(room->folder));
    snprintf(room->path, sizeof room->path, "%s/node.db", room->folder);
    open_room(room);
    start_room(room);
    *state = room;
    return 0;
}

static void close_room(struct room *room)
{
    evidence_done(&room->evidence);
    vault_close(room->vault);
}

static int teardown(void **state)
{
    struct room *room = *state;
    close_room(room);
    unlink(room->path);
    rmdir(room->folder);
    fixture_done(&room->fixture);
    free(room);
    return 0;
}

static const uint8_t other[KEY_HASH_BYTES] = {0xee};

static enum evidence_kind hear(struct room *room, const char *who, uint64_t version, bool same, const char *proof,
                               int64_t now_us)
{
    const struct roster *ours = room->fixture.roster;
    struct slice hash = slice_of(same ? roster_hash(ours)->bytes : other, KEY_HASH_BYTES);
    const struct evidence_word word = {who, version, hash, slice_text(proof), now_us};
    return evidence_hear(&room->evidence, &word, ours, now_us);
}

static int load_one(void *ctx, struct slice plain)
{
    return evidence_load(ctx, plain);
}

static void evidence_same_roster_is_none(void **state)
{
    struct room *room = *state;
    assert_int_equal(hear(room, "fr-phare", 1, true, "signed", FIXTURE_NOW), EVIDENCE_NONE);
    assert_int_equal(room->evidence.fact_count, 0);
}

static void evidence_fork_is_noticed_at_the_first_contact_and_once(void **state)
{
    struct room *room = *state;
    assert_int_equal(hear(room, "fr-phare", 1, false, "signed", FIXTURE_NOW), EVIDENCE_FORK);
    assert_int_equal(hear(room, "fr-phare", 1, false, "signed", FIXTURE_NOW + 1), EVIDENCE_NONE);
    assert_int_equal(hear(room, "nl-lamp", 1, false, "signed", FIXTURE_NOW + 2), EVIDENCE_FORK);
    assert_int_equal(room->evidence.fact_count, 2);
}

static void evidence_is_kept_with_its_proof_over_a_restart(void **state)
{
    struct room *room = *state;
    struct err_note note = {{0}};
    assert_int_equal(hear(room, "fr-phare", 1, false, "signed", FIXTURE_NOW), EVIDENCE_FORK);
    vault_flush(room->vault);
    store_step(vault_store(room->vault));
    close_room(room);
    open_room(room);
    assert_error(vault_each(room->vault, VAULT_EVIDENCE, load_one, &room->evidence, &note), OK);
    start_room(room);
    assert_int_equal(room->evidence.fact_count, 1);
    assert_int_equal(room->evidence.facts[0].kind, EVIDENCE_FORK);
    assert_string_equal(room->evidence.facts[0].who, "fr-phare");
    assert_int_equal(hear(room, "fr-phare", 1, false, "signed", FIXTURE_NOW), EVIDENCE_NONE);
}

static void evidence_newer_roster_that_no_relay_gives_us_is_withheld_after_a_minute(void **state)
{
    struct room *room = *state;
    assert_int_equal(hear(room, "fr-phare", 2, false, "signed", FIXTURE_NOW), EVIDENCE_NONE);
    assert_int_equal(hear(room, "fr-phare", 2, false, "signed", FIXTURE_NOW + 59 * CLOCK_SECOND_US), EVIDENCE_NONE);
    assert_int_equal(hear(room, "fr-phare", 2, false, "signed", FIXTURE_NOW + 61 * CLOCK_SECOND_US), EVIDENCE_WITHHELD);
}

static void evidence_signed_words_of_an_older_roster_than_before_are_a_rollback(void **state)
{
    struct room *room = *state;
    assert_int_equal(hear(room, "fr-phare", 5, false, "signed", FIXTURE_NOW), EVIDENCE_NONE);
    assert_int_equal(hear(room, "fr-phare", 4, false, "signed", FIXTURE_NOW + 1), EVIDENCE_ROLLBACK);
}

static void evidence_old_words_that_come_late_are_no_rollback(void **state)
{
    struct room *room = *state;
    assert_int_equal(hear(room, "fr-phare", 1, true, "signed", FIXTURE_NOW), EVIDENCE_NONE);
    assert_int_equal(hear(room, "nl-lamp", 5, false, "signed", FIXTURE_NOW + 9), EVIDENCE_NONE);
    assert_int_equal(hear(room, "nl-lamp", 4, false, "signed", FIXTURE_NOW + 8), EVIDENCE_NONE);
    assert_int_equal(hear(room, "nl-lamp", 1, true, "signed", FIXTURE_NOW + 7), EVIDENCE_NONE);
    assert_int_equal(hear(room, "nl-lamp", 1, false, "signed", FIXTURE_NOW + 7), EVIDENCE_FORK);
    assert_int_equal(hear(room, "nl-lamp", 4, false, "signed", FIXTURE_NOW + 10), EVIDENCE_ROLLBACK);
}

static void evidence_relay_that_greets_with_its_seed_has_a_minute(void **state)
{
    struct room *room = *state;
    assert_int_equal(hear(room, "relay-noord", 5, false, "", FIXTURE_NOW), EVIDENCE_NONE);
    assert_int_equal(hear(room, "relay-noord", 4, false, "", FIXTURE_NOW + 1), EVIDENCE_NONE);
    assert_int_equal(hear(room, "relay-noord", 4, false, "", FIXTURE_NOW + 2 * CLOCK_MINUTE_US), EVIDENCE_ROLLBACK);
}

static struct roster *next_roster(struct fixture *fixture, uint64_t version, fixture_change change, void *ctx)
{
    struct buf bytes, signed_bytes;
    struct roster *roster = NULL;
    buf_init(&bytes);
    buf_init(&signed_bytes);
    fixture_roster_bytes(fixture, version, change, ctx, &bytes);
    fixture_sign(fixture, buf_slice(&bytes), 3, &signed_bytes);
    assert_error(roster_verify(buf_slice(&signed_bytes), &fixture->trust, NULL, &roster), OK);
    buf_free(&bytes);
    buf_free(&signed_bytes);
    return roster;
}

static void name_previous(Hotline__Roster *roster, void *ctx)
{
    WIRE_SET_BYTES(roster, previous_hash, ctx, KEY_HASH_BYTES);
}

static void evidence_chain_that_does_not_name_the_one_before_is_reported(void **state)
{
    struct room *room = *state;
    struct fixture *fixture = &room->fixture;
    struct key_hash before = *roster_hash(fixture->roster), wrong = {{7}};
    struct roster *right = next_roster(fixture, 2, name_previous, before.bytes);
    struct roster *broken = next_roster(fixture, 2, name_previous, wrong.bytes);
    struct roster *far = next_roster(fixture, 4, name_previous, wrong.bytes);
    assert_int_equal(evidence_follow(&room->evidence, 1, &before, right, FIXTURE_NOW), EVIDENCE_NONE);
    assert_int_equal(evidence_follow(&room->evidence, 1, &before, far, FIXTURE_NOW), EVIDENCE_NONE);
    assert_int_equal(evidence_follow(&room->evidence, 1, &before, broken, FIXTURE_NOW), EVIDENCE_CHAIN);
    roster_free(right);
    roster_free(broken);
    roster_free(far);
}

#define ROOM_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROOM_TEST(evidence_same_roster_is_none),
        ROOM_TEST(evidence_fork_is_noticed_at_the_first_contact_and_once),
        ROOM_TEST(evidence_is_kept_with_its_proof_over_a_restart),
        ROOM_TEST(evidence_newer_roster_that_no_relay_gives_us_is_withheld_after_a_minute),
        ROOM_TEST(evidence_signed_words_of_an_older_roster_than_before_are_a_rollback),
        ROOM_TEST(evidence_old_words_that_come_late_are_no_rollback),
        ROOM_TEST(evidence_relay_that_greets_with_its_seed_has_a_minute),
        ROOM_TEST(evidence_chain_that_does_not_name_the_one_before_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
