/* relay: a store that somebody changed, row by row. The relay refuses to start, by a line that names the file: it never
 * starts without what the row held, and never takes it for something else. */
#define WORLD_FOLDER "/dev/shm"
#include "relay_world.h"

#include <sqlite3.h>

#define BE 0
#define FR 1
#define NL 2

static uint8_t sealed[1065];

/* Three cases, one of them answered, one revised, a photo that came whole, words that are owed: a row in every table.
 */
static void fill(struct world *world)
{
    Hotline__BlobName name = HOTLINE__BLOB_NAME__INIT, *names[1] = {&name};
    Hotline__BlobPut put = HOTLINE__BLOB_PUT__INIT;
    struct key_hash hash = seal_hash(slice_of(sealed, sizeof sealed));
    struct world_alert first, second, third;
    WIRE_SET_BYTES(&name, name, hash.bytes, KEY_HASH_BYTES);
    WIRE_SET(&name, size_bytes, sizeof sealed);
    WIRE_SET_BYTES(&put, name, hash.bytes, KEY_HASH_BYTES);
    WIRE_SET(&put, chunk, 0);
    WIRE_SET(&put, chunks, 1);
    WIRE_SET_BYTES(&put, data, sealed, sizeof sealed);
    world_hello_all(world);
    world_seal(world, &(struct world_case){.sender = BE, .case_id = 1, .blobs = names, .blob_count = 1}, &first);
    world_grant(world, &first, FR);
    world_publish(world, &first);
    world_commit(world);
    first.grant_count = 0;
    world_grant(world, &first, NL);
    world_send_grants(world, &first);
    world_seal(world, &(struct world_case){.sender = FR, .case_id = 2, .country = "NL"}, &second);
    world_grant(world, &second, NL);
    world_publish(world, &second);
    world_commit(world);
    for (uint32_t revision = 1; revision <= 2; revision++) {
        world_seal(world,
                   &(struct world_case){.sender = BE,
                                        .case_id = 3,
                                        .revision = revision,
                                        .act = revision == 1 ? HOTLINE__ACT__CODE__OPEN : HOTLINE__ACT__CODE__UPDATE},
                   &third);
        world_grant(world, &third, FR);
        world_publish(world, &third);
        world_commit(world);
        world_alert_done(&third);
    }
    world_say(world, BE, WIRE_BLOB_PUT, &put.base);
    world_receipt(world, FR, &first, HOTLINE__RECEIPT_STATE__CODE__DELIVERED);
    world_pass(world, CLOCK_SECOND_US);
    world_alert_done(&first);
    world_alert_done(&second);
    world_stop(world);
    world_forget(world);
}

static void change(struct world *world, const char *sql)
{
    sqlite3 *db;
    char *error = NULL;
    assert_int_equal(sqlite3_open(world->path, &db), SQLITE_OK);
    if (sqlite3_exec(db, sql, NULL, NULL, &error) != SQLITE_OK)
        fail_msg("%s: %s", sql, error);
    if (sqlite3_changes(db) == 0)
        fail_msg("%s: no row is there", sql);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void copy_file(const char *from, const char *to)
{
    char bytes[65536];
    FILE *in = fopen(from, "rb"), *out = fopen(to, "wb");
    assert_non_null(in);
    assert_non_null(out);
    for (size_t n; (n = fread(bytes, 1, sizeof bytes, in)) > 0;)
        assert_int_equal(fwrite(bytes, 1, n, out), n);
    fclose(in);
    assert_int_equal(fclose(out), 0);
    assert_int_equal(chmod(to, 0600), 0);
}

/* Each change alone, to the same honest store. */
static void refused_each(struct world *world, const char *const *changes, size_t count)
{
    char honest[128];
    fill(world);
    snprintf(honest, sizeof honest, "%s/honest", world->folder);
    copy_file(world->path, honest);
    for (size_t i = 0; i < count; i++) {
        struct err_note note = {{0}};
        copy_file(honest, world->path);
        change(world, changes[i]);
        int error = world_try_start(world, roster_signed(world->fixture.roster), &note);
        if (error == OK)
            fail_msg("%s: the relay started", changes[i]);
        world->relay = NULL;
        if (error == ERR_NOMEM || note.text[0] == '\0')
            fail_msg("%s: %s: %s", changes[i], err_name(error), note.text);
    }
    copy_file(honest, world->path);
    unlink(honest);
    world_start(world); /* the honest one does start */
    assert_int_equal(world_counters(world)->held, 3);
}
#define REFUSED_EACH(world, changes) refused_each((world), (changes), sizeof(changes) / sizeof(changes)[0])

static void relay_changed_row_of_members_or_rosters_is_refused(void **state)
{
    static const char *const changes[] = {
        "UPDATE members SET id = 'NO NAME' WHERE number = 0",
        "UPDATE members SET number = 77 WHERE number = 1",
        "UPDATE members SET id = 'xx-other' WHERE id = 'nl-lamp'",
        "UPDATE rosters SET signed = x'00'",
        "UPDATE rosters SET signed = substr(signed, 1, length(signed) - 1)",
        "DELETE FROM members WHERE id = 'nl-lamp'",
        "UPDATE cards SET member = 900 WHERE member = (SELECT min(member) FROM cards)",
    };
    REFUSED_EACH(*state, changes);
}

static void relay_changed_row_of_envelopes_is_refused(void **state)
{
    static const char *const changes[] = {
        "UPDATE envelopes SET number = 0 WHERE number = (SELECT min(number) FROM envelopes)",
        "UPDATE envelopes SET number = -5 WHERE number = (SELECT min(number) FROM envelopes)",
        "UPDATE envelopes SET sender = 900",
        "UPDATE envelopes SET kind = 0",
        "UPDATE envelopes SET kind = 200",
        "UPDATE envelopes SET act = 200",
        "UPDATE envelopes SET urgency = 0",
        "UPDATE envelopes SET urgency = 200",
        "UPDATE envelopes SET id = x'00'",
        "UPDATE envelopes SET hash = x'00'",
        "UPDATE envelopes SET who = x'00'",
        "UPDATE envelopes SET who = zeroblob(length(who) + 1)",
        "UPDATE envelopes SET who = cast(x'ffffff00' || substr(who, 5) AS BLOB)",
        "UPDATE envelopes SET case_id = x'00'",
        "UPDATE envelopes SET opener = 900",
        "UPDATE envelopes SET case_id = (SELECT case_id FROM envelopes WHERE sender = 0), opener = 0",
    };
    REFUSED_EACH(*state, changes);
}

static void relay_changed_row_of_cases_or_seen_is_refused(void **state)
{
    static const char *const changes[] = {
        "UPDATE cases SET opener = 900 WHERE opener = 0",
        "UPDATE cases SET case_id = x'00' WHERE opener = 0",
        "UPDATE cases SET hash = x'00'",
        "UPDATE cases SET holders = x'00'",
        "UPDATE cases SET holders = x'ffffff00'",
        "UPDATE seen SET id = x'00' WHERE sender = 0",
        "UPDATE seen SET hash = x'00'",
    };
    REFUSED_EACH(*state, changes);
}

static void relay_changed_row_of_grants_answers_or_words_is_refused(void **state)
{
    static const char *const changes[] = {
        "UPDATE grants SET number = 900",
        "UPDATE grants SET member = 900",
        "UPDATE grants SET place = 900",
        "UPDATE grants SET key_id = x'00'",
        "UPDATE answers SET number = 900 WHERE number = (SELECT min(number) FROM answers)",
        "UPDATE answers SET states = x''",
        "UPDATE answers SET states = zeroblob(500)",
        "UPDATE owed SET owner = 900",
        "UPDATE owed SET name = x'00'",
    };
    REFUSED_EACH(*state, changes);
}

static void relay_changed_row_of_photos_is_refused(void **state)
{
    static const char *const changes[] = {
        "UPDATE blobs SET chunks = 900",    "UPDATE blobs SET whole = 0", "UPDATE blobs SET chunks = 0",
        "UPDATE blob_chunks SET chunk = 5", "DELETE FROM blob_chunks",    "UPDATE blobs SET name = x'00'",
    };
    REFUSED_EACH(*state, changes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(relay_changed_row_of_members_or_rosters_is_refused),
        WORLD_TEST(relay_changed_row_of_envelopes_is_refused),
        WORLD_TEST(relay_changed_row_of_cases_or_seen_is_refused),
        WORLD_TEST(relay_changed_row_of_grants_answers_or_words_is_refused),
        WORLD_TEST(relay_changed_row_of_photos_is_refused),
    };
    return cmocka_run_group_tests_name("relay_damaged", tests, NULL, NULL);
}
