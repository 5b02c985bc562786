/* hotline-bench: options. What is measured is said in docs/performance.md. */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proto/log.h"
#include "proto/seal.h"
#include "tests/bench/bench_fanout.h"
#include "tests/bench/bench_idle.h"
#include "tests/bench/bench_mesh.h"
#include "tests/bench/bench_net.h"

static const char help[] =
    "usage: hotline-bench fanout|mesh|idle [options]\n"
    "\n"
    "One publisher, N recipients that store and acknowledge, one real hotline-relay: sealing, signatures, "
    "CURVE and full sync.\n"
    "mesh: N hotlines (--subs, at most 40) of as many countries, each subscribed to its neighbours; all "
    "publish, at --rate (20).\n"
    "idle: --subs members connected to the relay, by --workers processes, each with its pulse and nothing else; "
    "thirty seconds of it.\n"
    "Prints one line of JSON. Needs hotline-relay beside this program, and a folder on a real disk.\n"
    "\n"
    "  --subs N        recipients (32)\n"
    "  --count C       alerts measured (1000)\n"
    "  --prior P       alerts published before and left open, not measured (0)\n"
    "  --size B        bytes of an alert's case, packed, before sealing (2048)\n"
    "  --rate R        alerts a second; 0: as fast as the window allows (0)\n"
    "  --window W      alerts unfinished at a time (64)\n"
    "  --until WHAT    finished when: accepted, or delivered: every receipt on the publisher's disk "
    "(delivered)\n"
    "  --workers K     processes that share the recipients (2)\n"
    "  --step S        also what each S alerts cost, to see how it grows\n"
    "  --restart       also how long relay and publisher take to start again with what is stored then\n"
    "  --folder DIR    where the stores go (the current folder)\n"
    "  --patience S    seconds without progress until it counts as failed (60)\n"
    "\n"
    "Exit status: 0 when all was accepted and arrived exactly once, 1 when not, 2 usage.\n"
    "\n"
    "Examples:\n"
    "  hotline-bench fanout --subs 32 --count 5000 --size 2048 --window 64\n"
    "  hotline-bench fanout --subs 32 --count 500 --size 2048 --window 1\n"
    "  hotline-bench fanout --subs 1 --count 50000 --step 10000 --restart\n"
    "  hotline-bench mesh --subs 40 --count 1000 --rate 20\n"
    "  hotline-bench idle --subs 10000 --workers 4\n";

#define SUBS_MAX 16000       /* of idle; the roster's limit is 16,384 */
#define SUBS_FANOUT_MAX 1000 /* each is a whole node */

enum option_code { SUBS = 1, COUNT, PRIOR, SIZE, RATE, WINDOW, UNTIL, WORKERS, STEP, RESTART, FOLDER, PATIENCE, HELP };

static const struct option names[] = {
    {"subs", required_argument, NULL, SUBS},     {"count", required_argument, NULL, COUNT},
    {"prior", required_argument, NULL, PRIOR},   {"size", required_argument, NULL, SIZE},
    {"rate", required_argument, NULL, RATE},     {"window", required_argument, NULL, WINDOW},
    {"until", required_argument, NULL, UNTIL},   {"workers", required_argument, NULL, WORKERS},
    {"step", required_argument, NULL, STEP},     {"restart", no_argument, NULL, RESTART},
    {"folder", required_argument, NULL, FOLDER}, {"patience", required_argument, NULL, PATIENCE},
    {"help", no_argument, NULL, HELP},           {NULL, 0, NULL, 0},
};

static bool number(const char *name, uint32_t least, uint32_t most, uint32_t *ret_value)
{
    char *end;
    unsigned long long value = strtoull(optarg, &end, 10);
    if (optarg[0] >= '0' && optarg[0] <= '9' && *end == '\0' && value >= least && value <= most) {
        *ret_value = (uint32_t)value;
        return true;
    }
    fprintf(stderr, "hotline-bench: --%s: a whole number from %u to %u\n", name, least, most);
    return false;
}

static bool until(struct bench_options *options)
{
    options->until_accepted = strcmp(optarg, "accepted") == 0;
    if (options->until_accepted || strcmp(optarg, "delivered") == 0)
        return true;
    fprintf(stderr, "hotline-bench: --until: accepted or delivered\n");
    return false;
}

static bool take(int code, struct bench_options *options)
{
    switch (code) {
    case SUBS:
        return number("subs", 1, SUBS_MAX, &options->subs);
    case COUNT:
        return number("count", 1, 10000000, &options->count);
    case PRIOR:
        return number("prior", 0, 10000000, &options->prior);
    case SIZE:
        return number("size", 200, 8192, &options->size_bytes);
    case RATE:
        return number("rate", 0, 1000000, &options->rate);
    case WINDOW:
        return number("window", 1, 100000, &options->window);
    case UNTIL:
        return until(options);
    case WORKERS:
        return number("workers", 1, BENCH_WORKERS_MAX, &options->workers);
    case STEP:
        return number("step", 1, 10000000, &options->step);
    case RESTART:
        return options->restart = true;
    case FOLDER:
        options->folder = optarg;
        return true;
    case PATIENCE:
        return number("patience", 1, 3600, &options->patience_s);
    default:
        return false;
    }
}

/* The relay of the same build. */
static bool find_relay(char *room, size_t size)
{
    ssize_t len = readlink("/proc/self/exe", room, size - 1);
    if (len <= 0)
        return false;
    room[len] = '\0';
    char *slash = strrchr(room, '/');
    size_t left = size - (size_t)(slash + 1 - room);
    snprintf(slash + 1, left, "hotline-relay");
    return access(room, X_OK) == 0;
}

int main(int argc, char **argv)
{
    struct bench_options options = {
        .subs = 32, .count = 1000, .size_bytes = 2048, .window = 64, .workers = 2, .folder = ".", .patience_s = 60};
    char relay[1024];
    int code;
    while ((code = getopt_long(argc, argv, "", names, NULL)) != -1) {
        if (code == HELP)
            return fputs(help, stdout) < 0;
        if (!take(code, &options))
            return 2;
    }
    const char *what = optind + 1 == argc ? argv[optind] : "";
    bool idle = strcmp(what, "idle") == 0;
    options.mesh = strcmp(what, "mesh") == 0;
    bool known = idle || options.mesh || strcmp(what, "fanout") == 0;
    if (!known || (options.mesh && (options.subs < 2 || options.subs > BENCH_MESH_MAX)) ||
        (!idle && options.subs > SUBS_FANOUT_MAX)) {
        fputs(help, stderr);
        return 2;
    }
    if (options.mesh && options.rate == 0)
        options.rate = 20;
    if (options.workers > options.subs)
        options.workers = options.subs;
    if (!find_relay(relay, sizeof relay)) {
        fprintf(stderr, "hotline-bench: there is no hotline-relay beside this program\n");
        return 2;
    }
    options.relay = relay;
    log_setup("hotline-bench", LOG_WARN, LOG_LOGFMT);
    if (seal_start() != OK)
        return 1;
    if (idle)
        return bench_idle(&options);
    return options.mesh ? bench_mesh(&options) : bench_fanout(&options);
}
