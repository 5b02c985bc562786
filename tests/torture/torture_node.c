/* torture_node: a real node core that publishes, receives and answers (the steps of fuzz_node's seeds), under failing
 * calls. */
#include "../unit/fixture.h"

#include "node/node.h"
#include "node/node_view.h"
#include "proto/card.h"
#include "proto/case.h"
#include "proto/closing.h"
#include "proto/log.h"
#include "proto/receipt.h"
#include "proto/reply.h"
#include "relay/relay.h"
#include "torture.h"

/* Only the node's own calls fail, not the tests' around them. */
#define db_open(...) TORTURE_INT(db_open(__VA_ARGS__))
#define node_open(...) TORTURE_INT(node_open(__VA_ARGS__))
#define node_close(...) TORTURE_VOID(node_close(__VA_ARGS__))
#define node_receive(...) TORTURE_VOID(node_receive(__VA_ARGS__))
#define node_tick(...) TORTURE_VOID(node_tick(__VA_ARGS__))
#define node_flush(...) TORTURE_VOID(node_flush(__VA_ARGS__))
#define node_link(...) TORTURE_VOID(node_link(__VA_ARGS__))
#define node_publish(...) TORTURE_INT(node_publish(__VA_ARGS__))
#define node_update(...) TORTURE_INT(node_update(__VA_ARGS__))
#define node_acknowledge(...) TORTURE_INT(node_acknowledge(__VA_ARGS__))
#define node_reply(...) TORTURE_INT(node_reply(__VA_ARGS__))
#define store_step(...) ((size_t)TORTURE_INT((int)store_step(__VA_ARGS__)))
#define NET_AWAY() torture_off()
#define NET_BACK() torture_on()
#include "../fuzz/fuzz_node.c"

static struct buf seed;

static void set_store(void)
{
    snprintf(self()->path, sizeof self()->path, "%s/node.db", torture_folder());
    self()->failed = OK;
    net->now_us = FIXTURE_NOW;
    net->steady_us = CLOCK_HOUR_US;
    fuzz_dresser_start(&dresser);
    dresser.roster = roster;
    dresser.has_recipient = true;
    snprintf(dresser.recipient_id, sizeof dresser.recipient_id, "%s", net_members[BE]);
}

static int try_start(void)
{
    struct err_note note = {{0}};
    int error = net_try_open(net, BE, net_member_keys(BE), buf_slice(&net->roster), &note);
    if (error != OK) {
        fprintf(stderr, "%s: %s\n", err_name(error), note.text);
        self()->node = NULL;
    }
    return error;
}

static bool goes_on(void)
{
    return self()->failed == OK;
}

static size_t shown(void)
{
    return net_cases(net, BE);
}

/* A session, a case of our own, one of another member, answers; what is kept is noted once it is on the disk. */
static void play(void)
{
    static const struct fuzz_step publish = {.what = FUZZ_DO_ACT}, acknowledge = {.what = FUZZ_DO_ACT, .refer = 1};
    struct cursor input = cursor_of(buf_slice(&seed));
    struct fuzz_step step;
    pass(1);
    if (goes_on())
        welcome();
    pass(12 * CLOCK_SECOND_US);
    if (goes_on())
        give_cards();
    pass(CLOCK_SECOND_US);
    if (goes_on())
        take_step(&publish);
    while (goes_on() && !cursor_at_end(&input) && fuzz_next_step(&input, &step))
        take_step(&step);
    if (goes_on())
        take_step(&acknowledge);
    pass(CLOCK_SECOND_US);
    if (goes_on())
        torture_note("kept", (long)shown());
}

static void run(void)
{
    set_store();
    if (try_start() != OK)
        return;
    play();
    CHECK(goes_on() || !torture_is_calm());
    stop_node();
}

/* What was shown is there again, and all of it can be done once more. */
static void again(void)
{
    set_store();
    CHECK(try_start() == OK);
    fprintf(stderr, "kept %ld, shown %zu\n", torture_noted("kept"), shown());
    CHECK((long)shown() >= torture_noted("kept"));
    size_t before = shown();
    play();
    CHECK(goes_on());
    CHECK(shown() >= 2 && shown() > before);
    stop_node();
}

int main(int argc, char **argv)
{
    static const struct torture_scenario scenarios[] = {{.name = "node", .run = run, .again = again, .files = true}};
    struct err_note note = {""};
    fuzz_begin();
    start_world();
    log_setup("torture", LOG_ERROR, LOG_LOGFMT);
    buf_init(&seed);
    CHECK(keyfile_slurp("tests/fuzz/corpus/node/seed-alerts", 1 << 20, &seed, &note) == OK);
    return torture_main(argc, argv, scenarios, 1);
}
