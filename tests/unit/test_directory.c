/* directory: rosters, cards and keys: what is believed, what is kept, what is never forgotten. */
#include "node_world.h"

static struct directory *directory_of(struct net *net, unsigned node)
{
    /* The node hands it out to be read; these tests play the node. */
    return (struct directory *)(uintptr_t)node_directory(net->nodes[node].node);
}

static struct card card_of(struct net *net, unsigned signer, uint64_t serial, bool broken,
                           Hotline__SignedCard **ret_view)
{
    struct key_set *keys = net_member_keys(signer);
    struct key_box box;
    struct key_box_secret secret;
    struct card card = {0};
    key_box_generate(&box, &secret);
    struct card_draft draft = {.serial = serial,
                               .store_id = {{9}},
                               .encryption_key = box,
                               .not_after_us = net->now_us + CLOCK_DAY_US,
                               .software = "x"};
    assert_ok(card_make(keys, &draft, &card));
    wire_arena_clear(&net->arena);
    assert_ok(card_view(&card, &net->arena, ret_view));
    (*ret_view)->signature.data[1] ^= broken;
    key_set_free(keys);
    return card;
}

static void directory_card_of_a_higher_serial_wins_and_a_lower_one_never(void **state)
{
    struct net *net = *state;
    struct directory *directory = directory_of(net, BE);
    uint64_t had = directory->members[FR].card.serial;
    Hotline__SignedCard *view;
    bool changed;
    struct card newer = card_of(net, FR, had + 10, false, &view);
    assert_ok(directory_card(directory, view, net->now_us, &changed));
    assert_true(changed);
    assert_true(key_id_equal(directory->members[FR].card.encryption_key_id, newer.encryption_key_id));
    struct card older = card_of(net, FR, had + 9, false, &view), same = {0};
    assert_ok(directory_card(directory, view, net->now_us, &changed));
    assert_false(changed);
    card_done(&older);
    same = card_of(net, FR, had + 10, false, &view);
    assert_ok(directory_card(directory, view, net->now_us, &changed));
    assert_false(changed);
    card_done(&same);
    struct card broken = card_of(net, FR, had + 20, true, &view);
    assert_true(directory_card(directory, view, net->now_us, &changed) != OK);
    card_done(&broken);
    assert_int_equal(directory->members[FR].card.serial, had + 10);
    net_commit(net, BE);
    net_crash(net, BE);
    assert_int_equal(directory_of(net, BE)->members[FR].card.serial, had + 10);
    card_done(&newer);
}

/* A clone of ours, or a store that was restored, signed higher: the next card goes above it. */
static void directory_card_of_our_own_with_a_higher_serial_is_exceeded(void **state)
{
    struct net *net = *state;
    uint64_t had = directory_of(net, BE)->own_card.serial;
    Hotline__SignedCard *view;
    bool changed;
    struct card clone = card_of(net, BE, had + 500, false, &view);
    assert_ok(directory_card(directory_of(net, BE), view, net->now_us, &changed));
    assert_false(changed);
    assert_true(directory_card_is_due(directory_of(net, BE), net->now_us));
    net_pass(net, CLOCK_SECOND_US);
    assert_true(directory_of(net, BE)->own_card.serial > had + 500);
    assert_int_equal(directory_of(net, FR)->members[BE].card.serial, directory_of(net, BE)->own_card.serial);
    card_done(&clone);
}

static void directory_old_keys_go_30_days_after_their_successor_and_the_newest_never(void **state)
{
    struct net *net = *state;
    struct directory *directory = directory_of(net, NL);
    uint8_t none[LIMIT_COUNTRIES / 8] = {0};
    struct err_note note = {{0}};
    int64_t now_us = net->now_us;
    struct key_id first = directory->own[0].id;
    for (unsigned week = 0; week < 20; week++) {
        now_us += 8 * CLOCK_DAY_US;
        assert_true(directory_card_is_due(directory, now_us));
        assert_ok(directory_new_card(directory, none, 7 * CLOCK_DAY_US, now_us, &note));
        assert_false(directory_card_is_due(directory, now_us));
        directory_card_taken(directory, receipt_name_of(buf_slice(&directory->own_card.bytes)), now_us);
        assert_true(directory->own_count <= 6);
        struct key_pair pair;
        if (week == 3)
            assert_ok(
                directory_pair_in(directory, &directory->own_card.encryption_key, first, &pair)); /* 24 days after */
        if (week == 5)
            assert_error(directory_pair_in(directory, &directory->own_card.encryption_key, first, &pair),
                         ERR_NOT_FOUND);
        assert_true(key_id_equal(directory->own[directory->own_count - 1].id, directory->own_card.encryption_key_id));
    }
    size_t count = directory->own_count;
    net_commit(net, NL);
    net_crash(net, NL);
    assert_int_equal(directory_of(net, NL)->own_count, count); /* the dropped ones are gone from the disk too */
    assert_true(
        key_id_equal(directory_of(net, NL)->own[count - 1].id, directory_of(net, NL)->own_card.encryption_key_id));
}

/* The 30 days do not begin while no relay has said that it has the successor's card. */
static void directory_old_key_stays_while_no_relay_has_its_successors_card(void **state)
{
    struct net *net = *state;
    struct directory *directory = directory_of(net, NL);
    uint8_t none[LIMIT_COUNTRIES / 8] = {0};
    struct err_note note = {{0}};
    struct receipt_name older = receipt_name_of(buf_slice(&directory->own_card.bytes));
    int64_t now_us = net->now_us + 8 * CLOCK_DAY_US;
    assert_ok(directory_new_card(directory, none, 7 * CLOCK_DAY_US, now_us, &note));
    directory_card_taken(directory, older, now_us); /* an answer to the card before says nothing */
    assert_int_equal(directory->own[0].replaced_at_us, 0);
    now_us += 60 * CLOCK_DAY_US;
    assert_ok(directory_new_card(directory, none, 7 * CLOCK_DAY_US, now_us, &note));
    assert_int_equal(directory->own_count, 3);
    directory_card_taken(directory, receipt_name_of(buf_slice(&directory->own_card.bytes)), now_us);
    assert_int_equal(directory->own[0].replaced_at_us, now_us);
    assert_int_equal(directory->own[1].replaced_at_us, now_us);
    assert_int_equal(directory->own[2].replaced_at_us, 0);
}

/* Months without a relay: no key is forgotten that somebody may still seal for, and none is missing; all come back. */
static void directory_keys_that_no_relay_ever_heard_of_have_their_places_and_block_nothing(void **state)
{
    struct net *net = *state;
    struct directory *directory = directory_of(net, NL);
    uint8_t none[LIMIT_COUNTRIES / 8] = {0};
    struct err_note note = {{0}};
    int64_t now_us = net->now_us, made_us[16];
    for (unsigned week = 0; week < 25; week++) {
        now_us += 8 * CLOCK_DAY_US;
        assert_true(directory_card_is_due(directory, now_us));
        assert_ok(directory_new_card(directory, none, 7 * CLOCK_DAY_US, now_us, &note));
        assert_false(directory_card_is_due(directory, now_us));
    }
    assert_int_equal(directory->own_count, 16);
    struct key_id newest = directory->own[15].id;
    assert_true(directory->own[15].not_after_us > now_us);
    assert_true(key_id_equal(directory->own_card.encryption_key_id, newest));
    for (unsigned i = 0; i < 16; i++)
        made_us[i] = directory->own[i].made_at_us;
    net_commit(net, NL);
    net_crash(net, NL);
    directory = directory_of(net, NL);
    assert_int_equal(directory->own_count, 16);
    for (unsigned i = 0; i < 16; i++)
        assert_int_equal(directory->own[i].made_at_us, made_us[i]); /* oldest first, in whatever order they were read */
    assert_true(key_id_equal(directory->own[15].id, newest));
}

/* What is remembered of pairs has its bound; beyond it is only slower. */
static void directory_pair_keys_without_end_fill_no_more_than_their_places(void **state)
{
    enum { PLACES = 8192 };
    struct net *net = *state;
    struct directory *directory = directory_of(net, BE);
    struct key_box theirs, first;
    struct key_box_secret secret;
    struct key_pair pair, once;
    key_box_generate(&first, &secret);
    assert_ok(directory_pair_out(directory, net->now_us, &first, &once));
    size_t most = directory->pairs.count;
    for (unsigned i = 0; i < PLACES; i++) {
        key_box_generate(&theirs, &secret);
        assert_ok(directory_pair_out(directory, net->now_us, &theirs, &pair));
        assert_true(directory->pairs.count <= PLACES);
        most = directory->pairs.count > most ? directory->pairs.count : most;
    }
    assert_int_equal(most, PLACES);
    assert_true(directory->pairs.count < 16); /* emptied whole */
    assert_ok(directory_pair_out(directory, net->now_us, &first, &pair));
    assert_memory_equal(pair.bytes, once.bytes, KEY_BYTES);
}

static void directory_without_a_roster_does_not_start_and_says_where_it_comes_from(void **state)
{
    struct net *net = *state;
    struct err_note note = {{0}};
    net_kill_node(net, IT);
    net_next_life(net->nodes[IT].path, net->folder, net_members[IT], &net->nodes[IT].life, false);
    assert_true(net_try_open(net, IT, net_member_keys(IT), slice_of(NULL, 0), &note) != OK);
    assert_note(&note, "name the file from the authority as roster: in the configuration");
    assert_null(net->nodes[IT].node);
    net_start(net, IT); /* with one it does */
}

static void directory_pair_keys_of_two_sides_are_one(void **state)
{
    struct net *net = *state;
    struct directory *from = directory_of(net, BE), *to = directory_of(net, FR);
    struct key_box sending;
    struct key_pair out, again, in;
    assert_ok(directory_sending(from, net->now_us, &sending));
    assert_ok(directory_pair_out(from, net->now_us, &to->own_card.encryption_key, &out));
    assert_ok(directory_pair_out(from, net->now_us, &to->own_card.encryption_key, &again));
    assert_ok(directory_pair_in(to, &sending, to->own_card.encryption_key_id, &in));
    assert_memory_equal(out.bytes, in.bytes, KEY_BYTES);
    assert_memory_equal(out.bytes, again.bytes, KEY_BYTES);
    assert_ok(directory_pair_out(from, net->now_us + 7 * CLOCK_DAY_US, &to->own_card.encryption_key, &again));
    assert_memory_not_equal(out.bytes, again.bytes, KEY_BYTES); /* another week, another sending key */
    assert_ok(directory_pair_out(from, net->now_us, &to->own_card.encryption_key, &again));
    assert_memory_equal(out.bytes, again.bytes, KEY_BYTES); /* and a week that is over is derived again */
}

static void directory_follows_only_what_the_authority_signed(void **state)
{
    struct net *net = *state;
    struct directory *directory = directory_of(net, BE);
    struct err_note note = {{0}};
    struct buf forged;
    net_sign_roster(net);
    buf_init(&forged);
    buf_add_slice(&forged, buf_slice(&net->roster));
    forged.data[forged.len - 3] ^= 1;
    assert_true(directory_follow(directory, buf_slice(&forged), net->now_us, &note) != OK);
    assert_int_equal(roster_version(directory->roster), 1);
    assert_ok(directory_follow(directory, buf_slice(&net->roster), net->now_us, &note));
    assert_int_equal(roster_version(directory->roster), 2);
    assert_true(directory->members[FR].has_card);
    assert_error(directory_follow(directory, buf_slice(&net->roster), net->now_us, &note), ERR_EXISTS);
    buf_free(&forged);
}

static void directory_member_that_left_is_withdrawn(void **state)
{
    struct net *net = *state;
    net->absent[BE] = true;
    struct err_note note = {{0}};
    net_sign_roster(net);
    assert_ok(directory_follow(directory_of(net, BE), buf_slice(&net->roster), net->now_us, &note));
    assert_int_equal(directory_standing(directory_of(net, BE), net->now_us), HOTLINE__STANDING__CODE__WITHDRAWN);
    assert_null(directory_self(directory_of(net, BE)));
    char reference[CASES_REFERENCE_MAX];
    assert_error(net_try_publish(net, BE, &(struct net_publish){.to = {"FR"}}, &note, reference), ERR_MEMBER);
}

/* Whether memory is left out of core dumps, as guarded memory is and malloc's is not. */
static bool is_guarded(const void *address)
{
    FILE *maps = fopen("/proc/self/smaps", "r");
    char line[512];
    unsigned long start, end;
    bool inside = false, guarded = false;
    assert_non_null(maps);
    while (fgets(line, sizeof line, maps) != NULL) {
        if (sscanf(line, "%lx-%lx ", &start, &end) == 2)
            inside = (uintptr_t)address >= start && (uintptr_t)address < end;
        else if (inside && strncmp(line, "VmFlags:", 8) == 0)
            guarded = strstr(line, " dd") != NULL;
    }
    fclose(maps);
    return guarded;
}

static void directory_secrets_are_in_guarded_memory(void **state)
{
    const struct directory *directory = directory_of(*state, BE);
    char *ordinary = malloc(64);
    assert_non_null(ordinary);
    assert_true(is_guarded(directory->own));
    assert_true(is_guarded(directory->sending));
    assert_true(is_guarded(directory->keys));
    assert_false(is_guarded(ordinary));
    free(ordinary);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        NET_TEST(directory_card_of_a_higher_serial_wins_and_a_lower_one_never),
        NET_TEST(directory_card_of_our_own_with_a_higher_serial_is_exceeded),
        NET_TEST(directory_old_keys_go_30_days_after_their_successor_and_the_newest_never),
        NET_TEST(directory_old_key_stays_while_no_relay_has_its_successors_card),
        NET_TEST(directory_keys_that_no_relay_ever_heard_of_have_their_places_and_block_nothing),
        NET_TEST(directory_pair_keys_without_end_fill_no_more_than_their_places),
        NET_TEST(directory_without_a_roster_does_not_start_and_says_where_it_comes_from),
        NET_TEST(directory_pair_keys_of_two_sides_are_one),
        NET_TEST(directory_follows_only_what_the_authority_signed),
        NET_TEST(directory_member_that_left_is_withdrawn),
        NET_TEST(directory_secrets_are_in_guarded_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
