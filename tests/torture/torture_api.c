/* torture_api: requests of people and programs (those of fuzz_api's corpus) under failing allocations: each is answered
 * exactly once, with what was done or a refusal, and afterwards all of it can be asked again. */
#include "../unit/fixture.h"

#include <dirent.h>

#include "node/node.h"
#include "node/node_api.h"
#include "node/node_events.h"
#include "proto/card.h"
#include "proto/case.h"
#include "proto/closing.h"
#include "proto/log.h"
#include "proto/receipt.h"
#include "proto/reply.h"
#include "relay/relay.h"
#include "torture.h"

/* Only what a request does fails, not the tests' around it. */
static bool serves;
#define AMID(call) (serves ? torture_on() : (void)0, call, serves ? torture_off() : (void)0)
#define node_api_serve(...) AMID(node_api_serve(__VA_ARGS__))
#define node_api_changed(...) AMID(node_api_changed(__VA_ARGS__))
#define node_flush(...) AMID(node_flush(__VA_ARGS__))
#define NET_AWAY() (serves ? torture_off() : (void)0)
#define NET_BACK() (serves ? torture_on() : (void)0)
#define API_AWAY() (serves ? torture_off() : (void)0)
#define API_BACK() (serves ? torture_on() : (void)0)
#define API_CALM torture_is_calm()
#include "../fuzz/fuzz_api.c"

#define FOLDER "tests/fuzz/corpus/api"
#define INPUTS_MAX 64

static void run(void)
{
    struct buf text;
    struct err_note note = {""};
    char path[300];
    buf_init(&text);
    snprintf(path, sizeof path, FOLDER "/%s", torture_input());
    CHECK(keyfile_slurp(path, 1 << 20, &text, &note) == OK);
    serves = true;
    CHECK(LLVMFuzzerTestOneInput(text.data, text.len) == 0);
    serves = false;
    buf_free(&text);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct torture_scenario *)a)->name, ((const struct torture_scenario *)b)->name);
}

int main(int argc, char **argv)
{
    static struct torture_scenario scenarios[INPUTS_MAX];
    unsigned count = 0;
    DIR *folder = opendir(FOLDER);
    CHECK(folder != NULL);
    for (const struct dirent *one; (one = readdir(folder)) != NULL;) {
        if (one->d_name[0] == '.')
            continue;
        CHECK(count < INPUTS_MAX);
        char *name = strdup(one->d_name);
        CHECK(name != NULL);
        scenarios[count++] =
            (struct torture_scenario){.name = name, .run = run, .many = true, .every = 29, .input = name};
    }
    closedir(folder);
    qsort(scenarios, count, sizeof scenarios[0], by_name);
    fuzz_begin();
    first();
    log_setup("torture", LOG_ERROR, LOG_LOGFMT);
    return torture_main(argc, argv, scenarios, count);
}
