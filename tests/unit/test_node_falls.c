/* node: what falls on the way of an alert: nodes, relays, disks, clocks, keys, rosters; and that it arrives all the
 * same, once. */
#include "node_world.h"
#include "proto/country.h"

#define RECEIPT(state) HOTLINE__RECEIPT_STATE__CODE__##state

static const struct net_publish to_france = {.to = {"FR"}};
static const struct net_publish to_france_and_italy = {.to = {"FR", "IT"}};

static void subscribe(struct net *net, unsigned node, const char *country)
{
    uint8_t set[LIMIT_COUNTRIES / 8] = {0};
    struct err_note note = {{0}};
    uint64_t ticket;
    int index = country_index(country);
    set[index / 8] |= (uint8_t)(1u << (index % 8));
    assert_ok(node_subscribe(net->nodes[node].node, set, net->now_us, &note, &ticket));
    net_run(net);
}

static void publish_and_run(struct net *net, const struct net_publish *what, char *reference)
{
    net_publish(net, BE, what, reference);
    net_run(net);
}

/* ---- crashes: the files as they are on the disk ---- */

static void node_publisher_crash_before_commit_leaves_nothing_behind(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX], again[CASES_REFERENCE_MAX];
    net->nodes[BE].held = true;
    publish_and_run(net, &to_france, reference);
    net_crash(net, BE);
    net_connect(net, BE, NET_ALL);
    assert_int_equal(net_cases(net, BE), 0);
    assert_int_equal(net_cases(net, FR), 0);
    publish_and_run(net, &to_france, again);
    assert_string_equal(again, reference); /* nobody ever heard of the first */
    assert_int_equal(net_events(net, FR, NODE_CASE_RECEIVED), 1);
}

static void node_publisher_crash_after_commit_sends_it_after_all(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX];
    net_cut(net, BE, NET_ALL);
    publish_and_run(net, &to_france, reference);
    net_crash(net, BE);
    assert_true(net_has(net, BE, reference));
    assert_int_equal(node_outbox_size(net->nodes[BE].node), 1);
    net_connect(net, BE, NET_ALL);
    assert_int_equal(item_accepted_by(net_revision(net, BE, reference, 1)), 2);
    assert_int_equal(net_state(net, BE, reference, FR), RECEIPT(DELIVERED));
    assert_int_equal(net_events(net, FR, NODE_CASE_RECEIVED), 1);
}

static void node_recipient_crash_before_commit_gets_it_again(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX];
    net->nodes[FR].held = true;
    publish_and_run(net, &to_france, reference);
    net_crash(net, FR);
    assert_int_equal(net_cases(net, FR), 0);
    net_connect(net, FR, NET_ALL);
    assert_int_equal(net_events(net, FR, NODE_CASE_RECEIVED), 1);
    assert_int_equal(net_state(net, BE, reference, FR), RECEIPT(DELIVERED));
}

static bool loses_receipts(struct net *net, const struct net_frame *frame)
{
    (void)net;
    return !frame->to_node && frame->type == WIRE_RECEIPTS;
}

static void node_recipient_crash_after_commit_shows_it_once_and_answers(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX];
    net->loses = loses_receipts;
    publish_and_run(net, &to_france, reference);
    assert_int_equal(net_events(net, FR, NODE_CASE_RECEIVED), 1);
    net_crash(net, FR);
    net->loses = NULL;
    net_connect(net, FR, NET_ALL);
    net_pass(net, 10 * CLOCK_SECOND_US);
    assert_int_equal(net_events(net, FR, NODE_CASE_RECEIVED), 1);
    assert_int_equal(net_case(net, FR, reference)->revision_count, 1);
    assert_int_equal(net_state(net, BE, reference, FR), RECEIPT(DELIVERED));
    assert_false(node_acknowledgement_taken(net->nodes[FR].node, net_case(net, FR, reference)));
}

static void node_acknowledgement_survives_a_crash(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX];
    publish_and_run(net, &to_france, reference);
    net_cut(net, FR, NET_ALL);
    assert_ok(net_try_acknowledge(net, FR, reference));
    net_run(net);
    net_crash(net, FR);
    assert_string_equal(net_case(net, FR, reference)->acknowledged_as, "Ana");
    net_connect(net, FR, NET_ALL);
    assert_int_equal(net_state(net, BE, reference, FR), RECEIPT(ACKNOWLEDGED));
    net_crash(net, BE);
    assert_int_equal(net_state(net, BE, reference, FR), RECEIPT(ACKNOWLEDGED)); /* it was taken, so it is on the disk */
    assert_true(item_row(net_revision(net, BE, reference, 1), "fr-phare")->proof.len > 0);
}

static unsigned lose_every;
static bool loses_some(struct net *net, const struct net_frame *frame)
{
    (void)frame;
    return net->frame_count % lose_every == 0;
}

/* Every third, fourth ... frame is lost and everybody crashes at different moments: all comes to the same end. */
static void node_lossy_links_and_crashes_still_show_each_case_once(void **state)
{
    struct net *net = *state;
    char references[5][CASES_REFERENCE_MAX];
    size_t shown = 0;
    for (unsigned i = 0; i < 5; i++) {
        lose_every = 3 + i;
        net->loses = loses_some;
        net_publish(net, BE, &to_france, references[i]);
        net_commit(net, BE);
        for (unsigned s = 0; s < 2 + 3 * i; s++)
            net_step(net);
        net_crash(net, i % 2 ? FR : BE);
        net_connect(net, i % 2 ? FR : BE, NET_ALL);
        if (i == 3)
            net_crash_relay(net, 1, true);
    }
    net->loses = NULL;
    net_connect(net, NET_ALL, NET_ALL);
    net_pass(net, 30 * CLOCK_SECOND_US);
    for (unsigned i = 0; i < 5; i++) {
        assert_int_equal(net_case(net, FR, references[i])->revision_count, 1);
        assert_int_equal(net_state(net, BE, references[i], FR), RECEIPT(DELIVERED));
        assert_int_equal(item_accepted_by(net_revision(net, BE, references[i], 1)), 2);
    }
    for (size_t i = 0; i < net->nodes[FR].event_count; i++)
        shown += net->nodes[FR].events[i].type == NODE_CASE_RECEIVED;
    assert_int_equal(shown, 5);
}

/* ---- lost disks ---- */

static void node_relay_that_lost_its_disk_is_filled_again(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX];
    net_cut(net, FR, NET_ALL);
    publish_and_run(net, &to_france, reference);
    net_crash_relay(net, 0, false);
    net_crash_relay(net, 1, false);
    net_forget(net);
    net_connect(net, BE, NET_ALL);
    assert_int_equal(net_sent(net, BE, WIRE_OFFER), 2);
    assert_int_equal(net_frames(net, true, BE, NET_ALL, WIRE_LACKING), 2);
    assert_int_equal(net_sent(net, BE, WIRE_PUBLISH), 2);
    net_connect(net, FR, NET_ALL);
    assert_int_equal(net_events(net, FR, NODE_CASE_RECEIVED), 1);
    assert_int_equal(net_state(net, BE, reference, FR), RECEIPT(DELIVERED));
}

static void node_offers_only_when_the_relay_holds_something_else(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX];
    publish_and_run(net, &to_france, reference);
    net_forget(net);
    net_cut(net, BE, NET_ALL);
    net_connect(net, BE, NET_ALL);
    assert_int_equal(net_frames(net, true, BE, NET_ALL, WIRE_WELCOME), 2);
    assert_int_equal(net_sent(net, BE, WIRE_OFFER), 0);
    assert_int_equal(net_sent(net, BE, WIRE_PUBLISH), 0);
}

static void node_that_lost_its_disk_gets_its_own_cases_and_those_of_others_back(void **state)
{
    struct net *net = *state;
    char mine[CASES_REFERENCE_MAX], theirs[CASES_REFERENCE_MAX], next[CASES_REFERENCE_MAX];
    struct err_note note = {{0}};
    publish_and_run(net, &to_france_and_italy, mine);
    net_publish(net, FR, &(struct net_publish){.to = {"BE"}}, theirs);
    net_run(net);
    net_lose_disk(net, BE);
    assert_int_equal(net_cases(net, BE), 0);
    net_connect(net, BE, NET_ALL);
    net_pass(net, 3 * CLOCK_SECOND_US);
    assert_true(net_revision(net, BE, mine, 1)->recovered);
    assert_non_null(item_row(net_revision(net, BE, mine, 1), "fr-phare"));
    assert_non_null(item_row(net_revision(net, BE, mine, 1), "it-lanterna"));
    assert_true(net_has(net, BE, theirs)); /* by a new grant: the old key is gone */
    publish_and_run(net, &to_france, next);
    assert_string_equal(next, "BE-2026-00002");
    /* and it can still revise its case, for all who hold it */
    assert_ok(net_try_update(net, BE, mine, &(struct net_publish){.to = {NULL}}, &note));
    net_run(net);
    assert_int_equal(net_events(net, FR, NODE_CASE_UPDATED), 1);
    assert_int_equal(net_events(net, IT, NODE_CASE_UPDATED), 1);
    net_pass(net, 5 * CLOCK_SECOND_US);
    assert_int_equal(net_state(net, BE, mine, IT), RECEIPT(DELIVERED));
}

static bool loses_granted_of_relay_1(struct net *net, const struct net_frame *frame)
{
    (void)net;
    return !frame->to_node && frame->relay == 1 && frame->type == WIRE_GRANTS;
}

static void node_recovered_case_takes_the_union_of_who_was_granted(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX];
    publish_and_run(net, &to_france, reference);
    net->loses = loses_granted_of_relay_1; /* that relay never hears that NL was granted */
    subscribe(net, NL, "FR");
    assert_true(net_has(net, NL, reference));
    net_lose_disk(net, BE);
    net->loses = NULL;
    net_connect(net, BE, 1);
    net_pass(net,
             12 * CLOCK_SECOND_US); /* an empty store waits for all relays before its first card, but not for ever */
    assert_null(item_row(net_revision(net, BE, reference, 1), "nl-lamp"));
    net_connect(net, BE, 0);
    net_pass(net, 3 * CLOCK_SECOND_US);
    assert_non_null(item_row(net_revision(net, BE, reference, 1), "nl-lamp"));
    assert_int_equal(item_accepted_by(net_revision(net, BE, reference, 1)), 2);
}

/* A relay says that Italy was granted; it never was. */
static bool believes_that_italy_was_granted(struct net *net, const struct net_publish *what)
{
    char reference[CASES_REFERENCE_MAX], italy[] = "it-lanterna", *granted[] = {italy};
    publish_and_run(net, what, reference);
    net_lose_disk(net, BE);
    net_connect(net, BE, NET_ALL);
    net_pass(net, 12 * CLOCK_SECOND_US);
    Hotline__Deliver *deliver = net_last(net, true, BE, 0, WIRE_DELIVER);
    assert_non_null(deliver);
    assert_true(deliver->recovery);
    Hotline__Deliver forged = *deliver;
    forged.n_granted = 1;
    forged.granted = granted;
    net_inject(net, BE, 0, WIRE_DELIVER, &forged.base);
    return item_row(net_revision(net, BE, reference, 1), italy) != NULL;
}

static void node_recovered_restricted_case_is_nobodys_whom_a_relay_makes_up(void **state)
{
    static const struct net_publish restricted = {.to = {"FR"}, .restricted = true};
    assert_false(believes_that_italy_was_granted(*state, &restricted));
}

static void node_recovered_open_case_takes_a_relays_word(void **state)
{
    assert_true(believes_that_italy_was_granted(*state, &to_france));
}

static void node_empty_store_takes_the_subscriptions_of_its_last_card(void **state)
{
    struct net *net = *state;
    subscribe(net, NL, "IT");
    uint64_t serial = node_directory(net->nodes[NL].node)->own_card.serial;
    net_lose_disk(net, NL);
    net_connect(net, NL, NET_ALL);
    net_pass(net, 2 * CLOCK_SECOND_US);
    assert_true(node_directory(net->nodes[NL].node)->own_card.serial > serial);
    assert_true(card_subscribes(&node_directory(net->nodes[NL].node)->own_card, country_index("IT")));
}

/* ---- clocks ---- */

static void node_wrong_clock_stamps_with_the_relays_time(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX];
    struct net_publish brief = {.to = {"FR"}, .valid_for_us = 2 * CLOCK_MINUTE_US};
    net->nodes[BE].clock_error_us = 5 * CLOCK_MINUTE_US;
    net_cut(net, BE, NET_ALL);
    net_connect(net, BE, NET_ALL);
    int64_t offset_us = node_clock_offset_us(net->nodes[BE].node);
    assert_true(offset_us < -4 * CLOCK_MINUTE_US && offset_us > -6 * CLOCK_MINUTE_US);
    publish_and_run(net, &brief, reference);
    int64_t stamp_us = net_revision(net, BE, reference, 1)->header->sent_at_us;
    assert_true(stamp_us - net->now_us < CLOCK_SECOND_US && net->now_us - stamp_us < CLOCK_SECOND_US);
    assert_int_equal(item_accepted_by(net_revision(net, BE, reference, 1)), 2); /* not expired by its own wrong clock */
    assert_true(net_has(net, FR, reference));
    assert_false(net_revision(net, FR, reference, 1)->late);
}

static void node_clock_off_by_years_is_refused_and_told(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX];
    struct node_warning warnings[16];
    bool told = false;
    net->nodes[BE].clock_error_us = 3 * CLOCK_DAY_US;
    net_cut(net, BE, NET_ALL);
    net_connect(net, BE, NET_ALL);
    publish_and_run(net, &to_france, reference);
    assert_int_equal(item_accepted_by(net_revision(net, BE, reference, 1)), 0);
    assert_int_equal(net_events(net, BE, NODE_RELAY_REFUSED), 2);
    size_t count = node_warnings(net->nodes[BE].node, net->now_us + 3 * CLOCK_DAY_US, warnings, 16);
    for (size_t i = 0; i < count; i++)
        told |= strcmp(warnings[i].code, "CLOCK") == 0;
    assert_true(told);
}

static void node_case_that_arrives_after_its_time_is_late_not_dropped(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX];
    struct net_publish brief = {.to = {"FR"}, .valid_for_us = CLOCK_MINUTE_US};
    struct buf late;
    buf_init(&late);
    net->nodes[FR].held = true;
    publish_and_run(net, &brief, reference);
    wire_pack(net_last(net, true, FR, NET_ALL, WIRE_DELIVER), &late);
    net_crash(net, FR); /* before its commit */
    net_pass(net, 2 * CLOCK_MINUTE_US);
    net_connect(net, FR, NET_ALL);
    assert_false(net_has(net, FR, reference)); /* the relays have deleted it; a slow one brings it all the same */
    ProtobufCMessage *deliver;
    wire_arena_clear(&net->arena);
    assert_ok(wire_unpack(wire_descriptor(WIRE_DELIVER), buf_slice(&late), &net->arena, NULL, &deliver));
    net_inject(net, FR, 0, WIRE_DELIVER, deliver);
    net_run(net);
    buf_free(&late);
    assert_true(net_revision(net, FR, reference, 1)->late);
    assert_int_equal(net_events(net, FR, NODE_CASE_RECEIVED), 1);
}

/* ---- alarms ---- */

static void node_silence_is_alarmed_once_a_deadline(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX];
    net_cut(net, FR, NET_ALL);
    publish_and_run(net, &to_france_and_italy, reference);
    net_pass(net, 65 * CLOCK_SECOND_US);
    assert_int_equal(net_events(net, BE, NODE_ALARM), 1);
    for (size_t i = 0; i < net->nodes[BE].event_count; i++)
        if (net->nodes[BE].events[i].type == NODE_ALARM)
            assert_string_equal(net->nodes[BE].events[i].member, "fr-phare");
    net_crash(net, BE);
    net_pass(net, 10 * CLOCK_SECOND_US);
    assert_int_equal(net_events(net, BE, NODE_ALARM), 1);
}

/* ---- keys and cards ---- */

static void node_key_rotation_keeps_old_keys_for_what_is_under_way(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX];
    net->nodes[FR].key_life_us = CLOCK_HOUR_US;
    net_crash(net, FR);
    net_connect(net, FR, NET_ALL);
    net->now_us += 8 * CLOCK_DAY_US;
    net_tick(net, CLOCK_SECOND_US);
    size_t before = node_directory(net->nodes[FR].node)->own_count;
    assert_true(before >= 2);
    /* BE is cut off from cards: it locks for the key before */
    net_cut(net, BE, NET_ALL);
    publish_and_run(net, &to_france, reference);
    struct key_id used = item_row(net_revision(net, BE, reference, 1), "fr-phare")->grant.key_id;
    net->now_us += 2 * CLOCK_HOUR_US;
    net_tick(net, CLOCK_SECOND_US);
    assert_true(node_directory(net->nodes[FR].node)->own_count > before);
    assert_false(key_id_equal(used, node_directory(net->nodes[FR].node)->own_card.encryption_key_id));
    net_forget(net);
    net_connect(net, BE, NET_ALL);
    assert_int_equal(net_events(net, FR, NODE_CASE_RECEIVED), 1);
    assert_int_equal(net_sent(net, FR, WIRE_UNREADABLES), 0);
}

/* Five weekly keys of BE are news to FR, whose own is five weeks old: each opens what the other locked. */
static void node_that_slept_through_weeks_of_keys_reads_and_is_read(void **state)
{
    struct net *net = *state;
    char before[CASES_REFERENCE_MAX], after[CASES_REFERENCE_MAX];
    struct err_note note = {{0}};
    net_cut(net, FR, NET_ALL);
    struct key_id slept = node_directory(net->nodes[FR].node)->own_card.encryption_key_id;
    struct key_id first = node_directory(net->nodes[BE].node)->own_card.encryption_key_id;
    for (unsigned week = 0; week < 5; week++) {
        net->now_us += 7 * CLOCK_DAY_US + CLOCK_MINUTE_US;
        net_pass(net, 2 * CLOCK_SECOND_US);
    }
    assert_true(node_directory(net->nodes[BE].node)->own_count >= 5);
    publish_and_run(net, &to_france, before); /* locked for the key that FR had when it went */
    assert_true(key_id_equal(item_row(net_revision(net, BE, before, 1), "fr-phare")->grant.key_id, slept));
    net_forget(net);
    net_connect(net, FR, NET_ALL);
    net_pass(net, 2 * CLOCK_SECOND_US);
    assert_int_equal(net_events(net, FR, NODE_CASE_RECEIVED), 1);
    assert_false(key_id_equal(node_directory(net->nodes[FR].node)->own_card.encryption_key_id, slept));
    assert_ok(net_try_publish(net, FR, &(struct net_publish){.to = {"BE"}}, &note, after));
    net_run(net);
    struct key_id used = item_row(net_revision(net, FR, after, 1), "be-baken")->grant.key_id;
    assert_false(key_id_equal(used, first));
    assert_true(key_id_equal(used, node_directory(net->nodes[BE].node)->own_card.encryption_key_id));
    assert_int_equal(net_events(net, BE, NODE_CASE_RECEIVED), 1);
    assert_int_equal(net_sent(net, FR, WIRE_UNREADABLES) + net_sent(net, BE, WIRE_UNREADABLES), 0);
}

/* The 30 days of a replaced key begin when relays can have its successor. */
static void node_key_is_not_rotated_while_no_relay_could_hear_of_it(void **state)
{
    struct net *net = *state;
    net_cut(net, FR, NET_ALL);
    net->now_us += 40 * CLOCK_DAY_US;
    net_pass(net, 2 * CLOCK_SECOND_US);
    assert_int_equal(node_directory(net->nodes[FR].node)->own_count, 1);
    net_connect(net, FR, NET_ALL);
    assert_int_equal(node_directory(net->nodes[FR].node)->own_count, 2);
}

static void node_recipient_without_its_key_gets_a_new_grant(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX];
    net_cut(net, FR, NET_ALL);
    publish_and_run(net, &to_france, reference);
    net_lose_disk(net, FR);
    net_connect(net, FR, NET_ALL);
    net_pass(net, 5 * CLOCK_SECOND_US);
    assert_int_equal(net_events(net, FR, NODE_CASE_RECEIVED), 1);
    assert_int_equal(net_state(net, BE, reference, FR), RECEIPT(DELIVERED));
    assert_int_equal(item_row(net_revision(net, BE, reference, 1), "fr-phare")->unreadable, 0);
}

/* ---- rosters ---- */

static void node_relay_that_leaves_the_roster_is_owed_nothing(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX];
    net_cut(net, FR, 1);
    publish_and_run(net, &to_france, reference);
    assert_int_equal(node_acknowledgement_taken(net->nodes[FR].node, net_case(net, FR, reference)), 0);
    assert_ok(net_try_acknowledge(net, FR, reference));
    net_run(net);
    assert_int_equal(node_acknowledgement_taken(net->nodes[FR].node, net_case(net, FR, reference)), 1);
    net->relay_count = 1;
    net_new_roster(net);
    assert_int_equal(node_uplink_count(net->nodes[FR].node), 1);
    assert_int_equal(node_accepted_needed(net->nodes[BE].node), 1);
    net_crash(net, FR);
    net_connect(net, FR, 0);
    assert_int_equal(node_acknowledgement_taken(net->nodes[FR].node, net_case(net, FR, reference)), 1);
}

static void node_never_goes_back_to_an_older_roster(void **state)
{
    struct net *net = *state;
    struct buf old;
    struct err_note note = {{0}};
    buf_init(&old);
    buf_add_slice(&old, buf_slice(&net->roster));
    net_new_roster(net);
    assert_error(node_bring_roster(net->nodes[FR].node, buf_slice(&old), net->now_us, &note), ERR_ROLLBACK);
    /* nor when the configured file is the older one at the next start */
    buf_clear(&net->roster);
    buf_add_slice(&net->roster, buf_slice(&old));
    net_crash(net, FR);
    assert_int_equal(roster_version(node_directory(net->nodes[FR].node)->roster), 2);
    buf_free(&old);
}

/* The first roster comes from the file alone: it is kept, or the next start would believe an older file. */
static void node_seed_roster_is_kept(void **state)
{
    struct net *net = *state;
    struct err_note note = {{0}};
    net_sign_roster(net); /* version 2, in the file only */
    net_lose_disk(net, IT);
    net_next_life(net->nodes[IT].path, net->folder, net_members[IT], &net->nodes[IT].life, true);
    net_kill_node(net, IT);
    assert_ok(net_try_open(net, IT, net_member_keys(IT), slice_of(NULL, 0), &note));
    assert_int_equal(roster_version(node_directory(net->nodes[IT].node)->roster), 2);
}

static void node_of_another_member_or_key_is_refused(void **state)
{
    struct net *net = *state;
    struct err_note note = {{0}};
    net_kill_node(net, NL);
    assert_error(net_try_open(net, NL, fixture_key(KEY_MEMBER, "nl-lamp", "NL", 0x77), buf_slice(&net->roster), &note),
                 ERR_CRYPTO);
    net_next_life(net->nodes[NL].path, net->folder, net_members[NL], &net->nodes[NL].life, false);
    assert_error(net_try_open(net, NL, fixture_key(KEY_MEMBER, "nl-lamp", "NL", 0x77), buf_slice(&net->roster), &note),
                 ERR_KEY);
    assert_error(net_try_open(net, NL, fixture_key(KEY_MEMBER, "pt-farol", "PT", 0x77), buf_slice(&net->roster), &note),
                 ERR_MEMBER);
}

static void node_change_of_the_roster_drops_cards_that_it_no_longer_signs(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX];
    assert_true(node_directory(net->nodes[BE].node)->members[FR].has_card);
    net->has_other_keys[FR] = true; /* somebody has the old ones, and what was signed with them is nobody's word */
    net_new_roster(net);
    assert_int_equal(roster_version(node_directory(net->nodes[BE].node)->roster), 2);
    assert_false(node_directory(net->nodes[BE].node)->members[FR].has_card);
    assert_true(node_directory(net->nodes[BE].node)->members[IT].has_card);
    publish_and_run(net, &to_france_and_italy, reference);
    assert_false(item_row(net_revision(net, BE, reference, 1), "fr-phare")->has_grant);
    assert_true(item_row(net_revision(net, BE, reference, 1), "it-lanterna")->has_grant);
}

/* ---- uplinks ---- */

static void node_finds_its_relay_again_when_it_was_silent(void **state)
{
    struct net *net = *state;
    struct net_relay *relay = &net->relays[0];
    relay->connection[BE] = 77; /* everything goes nowhere, and nobody says so */
    relay->connected[BE] = false;
    net_pass(net, 20 * CLOCK_SECOND_US);
    assert_int_equal(node_uplink(net->nodes[BE].node, net_slot(&net->nodes[BE], 0))->state, UPLINK_GREETING);
    relay->connected[BE] = true;
    net_pass(net, 5 * CLOCK_SECOND_US);
    assert_int_equal(node_uplink(net->nodes[BE].node, net_slot(&net->nodes[BE], 0))->state, UPLINK_READY);
}

static void node_restarted_relay_without_a_word_is_greeted_again(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX];
    struct net_relay *relay = &net->relays[0];
    bool connected[NET_NODES];
    memcpy(connected, relay->connected, sizeof connected);
    net_next_life(relay->path, net->folder, net_relay_ids[0], &relay->life, true);
    struct relay *old = relay->relay;
    relay->relay = NULL;
    relay_free(old);
    net_start_relay(net, 0);
    memcpy(relay->connected, connected, sizeof connected);
    net_pass(net, 6 * CLOCK_SECOND_US); /* the pulse is answered HELLO_FIRST */
    publish_and_run(net, &to_france, reference);
    assert_int_equal(item_accepted_by(net_revision(net, BE, reference, 1)), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        NET_TEST(node_publisher_crash_before_commit_leaves_nothing_behind),
        NET_TEST(node_publisher_crash_after_commit_sends_it_after_all),
        NET_TEST(node_recipient_crash_before_commit_gets_it_again),
        NET_TEST(node_recipient_crash_after_commit_shows_it_once_and_answers),
        NET_TEST(node_acknowledgement_survives_a_crash),
        NET_TEST(node_lossy_links_and_crashes_still_show_each_case_once),
        NET_TEST(node_relay_that_lost_its_disk_is_filled_again),
        NET_TEST(node_offers_only_when_the_relay_holds_something_else),
        NET_TEST(node_that_lost_its_disk_gets_its_own_cases_and_those_of_others_back),
        NET_TEST(node_recovered_restricted_case_is_nobodys_whom_a_relay_makes_up),
        NET_TEST(node_recovered_open_case_takes_a_relays_word),
        NET_TEST(node_recovered_case_takes_the_union_of_who_was_granted),
        NET_TEST(node_empty_store_takes_the_subscriptions_of_its_last_card),
        NET_TEST(node_wrong_clock_stamps_with_the_relays_time),
        NET_TEST(node_clock_off_by_years_is_refused_and_told),
        NET_TEST(node_case_that_arrives_after_its_time_is_late_not_dropped),
        NET_TEST(node_silence_is_alarmed_once_a_deadline),
        NET_TEST(node_key_rotation_keeps_old_keys_for_what_is_under_way),
        NET_TEST(node_that_slept_through_weeks_of_keys_reads_and_is_read),
        NET_TEST(node_key_is_not_rotated_while_no_relay_could_hear_of_it),
        NET_TEST(node_recipient_without_its_key_gets_a_new_grant),
        NET_TEST(node_relay_that_leaves_the_roster_is_owed_nothing),
        NET_TEST(node_never_goes_back_to_an_older_roster),
        NET_TEST(node_seed_roster_is_kept),
        NET_TEST(node_of_another_member_or_key_is_refused),
        NET_TEST(node_change_of_the_roster_drops_cards_that_it_no_longer_signs),
        NET_TEST(node_finds_its_relay_again_when_it_was_silent),
        NET_TEST(node_restarted_relay_without_a_word_is_greeted_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
