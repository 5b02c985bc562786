/*
 * hotline-sim: runs scenarios of the simulator. Each failing seed is one line on standard output that replays it.
 */
#include <getopt.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "proto/clock.h"
#include "proto/log.h"
#include "tests/sim/checker.h"
#include "tests/sim/pure.h"
#include "tests/sim/scenario.h"

static const char usage[] =
    "usage: hotline-sim [--scenario NAME | --all] [--seed N] [--seeds COUNT] [--hours H] [--relays N] [--nodes N]\n"
    "                   [--history FILE] [--twice] [--verbose]\n"
    "       hotline-sim --list          the scenarios, and when each passes\n"
    "       hotline-sim --check FILE    the checker on a history that something else wrote\n"
    "       hotline-sim --replay FILE   each line \"SCENARIO SEED HOURS\" of a list of seeds\n";

struct options {
    struct sim_shape shape;
    const char *scenario, *history, *check, *replay;
    double hours;
    unsigned long seeds;
    bool all, list, twice;
};

struct sums {
    double seconds, days;
    size_t runs, failed, alerts, views, owed;
    uint64_t ends;
};

static int check_file(const char *path)
{
    struct history history;
    struct err_note note = {{0}};
    FILE *in = fopen(path, "r");
    if (in == NULL) {
        fprintf(stderr, "%s: cannot be read\n", path);
        return 2;
    }
    history_init(&history);
    int error = history_read(&history, in, &note);
    fclose(in);
    if (error != OK) {
        fprintf(stderr, "%s: %s\n", path, err_explain(&note, error));
        return 2;
    }
    struct checker_report report = checker_run(&history, stdout, 100);
    printf("%zu alerts, %zu accepted, %zu views, %zu owed, %zu violations\n", report.alerts, report.accepted,
           report.views, report.owed, report.violations);
    history_done(&history);
    return report.violations > 0;
}

/* Nothing remembered: that is no part of what happens. */
static uint64_t run_again(const struct options *options, const struct scenario *scenario, const struct sim_shape *shape)
{
    pure_forget(true);
    uint64_t digest = scenario_run(scenario, shape, options->hours, NULL, NULL).digest;
    pure_forget(false);
    return digest;
}

static void run_one(const struct options *options, const struct scenario *scenario, uint64_t seed, struct sums *sums)
{
    struct sim_shape shape = options->shape;
    shape.seed = seed;
    double hours = scenario->hours ? scenario->hours : options->hours;
    FILE *history = options->history != NULL ? fopen(options->history, "w") : NULL;
    struct scenario_result result = scenario_run(scenario, &shape, options->hours, stdout, history);
    if (history != NULL)
        fclose(history);
    if (options->twice && run_again(options, scenario, &shape) != result.digest) {
        printf("two runs of one seed differ\n");
        result.passed = false;
    }
    sums->runs++;
    sums->seconds += result.seconds;
    sums->days += hours / 24;
    sums->alerts += result.alerts;
    sums->views += result.views;
    sums->owed += result.owed;
    sums->ends += result.stats.ends;
    if (!result.passed) {
        sums->failed++;
        printf("FAIL make sim SCENARIO=%s SEED=%llu HOURS=%g RELAYS=%u NODES=%u\n", scenario->name,
               (unsigned long long)seed, options->hours, options->shape.relays, options->shape.nodes);
    }
    if (options->shape.verbose || getenv("SIM_STATS") != NULL)
        fprintf(stderr,
                "%s seed %llu: %.2f s, %zu alerts, %zu accepted, %zu views, %zu owed, %zu receipts, %llu ends, %llu "
                "starts, %llu refused starts, %llu steps, %llu messages, %llu frames, %llu commits, %llu gaps, %llu "
                "sleeps of %.1f h, digest %016llx\n",
                scenario->name, (unsigned long long)seed, result.seconds, result.alerts, result.accepted, result.views,
                result.owed, result.receipts, (unsigned long long)result.stats.ends,
                (unsigned long long)result.stats.starts, (unsigned long long)result.stats.refused_starts,
                (unsigned long long)result.stats.steps, (unsigned long long)result.stats.messages,
                (unsigned long long)result.stats.frames, (unsigned long long)result.stats.commits,
                (unsigned long long)result.stats.gaps, (unsigned long long)result.stats.skips,
                (double)result.stats.skipped_us / (double)CLOCK_HOUR_US, (unsigned long long)result.digest);
    fflush(stdout);
}

static int replay(struct options *options, struct sums *sums)
{
    char line[200], name[80];
    unsigned long long seed;
    double hours;
    FILE *in = fopen(options->replay, "r");
    if (in == NULL) {
        fprintf(stderr, "%s: cannot be read\n", options->replay);
        return 2;
    }
    while (fgets(line, sizeof line, in) != NULL) {
        if (line[0] == '#' ||
            sscanf(line, "%79s %llu %lf %u %u", name, &seed, &hours, &options->shape.relays, &options->shape.nodes) < 3)
            continue;
        const struct scenario *scenario = scenario_named(name);
        options->hours = hours;
        if (scenario == NULL) {
            printf("FAIL %s: there is no scenario %s\n", options->replay, name);
            sums->failed++;
            continue;
        }
        run_one(options, scenario, seed, sums);
    }
    fclose(in);
    return 0;
}

static int read_options(int argc, char **argv, struct options *options)
{
    static const struct option names[] = {{"scenario", 1, 0, 's'}, {"seed", 1, 0, 'n'},   {"seeds", 1, 0, 'c'},
                                          {"hours", 1, 0, 'h'},    {"relays", 1, 0, 'r'}, {"nodes", 1, 0, 'm'},
                                          {"history", 1, 0, 'o'},  {"check", 1, 0, 'k'},  {"replay", 1, 0, 'p'},
                                          {"list", 0, 0, 'l'},     {"all", 0, 0, 'a'},    {"twice", 0, 0, 't'},
                                          {"verbose", 0, 0, 'v'},  {NULL, 0, NULL, 0}};
    for (int c; (c = getopt_long(argc, argv, "", names, NULL)) != -1;) {
        switch (c) {
        case 's':
            options->scenario = optarg;
            break;
        case 'n':
            options->shape.seed = strtoull(optarg, NULL, 10);
            break;
        case 'c':
            options->seeds = strtoul(optarg, NULL, 10);
            break;
        case 'h':
            options->hours = strtod(optarg, NULL);
            break;
        case 'r':
            options->shape.relays = (unsigned)strtoul(optarg, NULL, 10);
            break;
        case 'm':
            options->shape.nodes = (unsigned)strtoul(optarg, NULL, 10);
            break;
        case 'o':
            options->history = optarg;
            break;
        case 'k':
            options->check = optarg;
            break;
        case 'p':
            options->replay = optarg;
            break;
        case 'l':
            options->list = true;
            break;
        case 'a':
            options->all = true;
            break;
        case 't':
            options->twice = true;
            break;
        case 'v':
            options->shape.verbose = true;
            break;
        default:
            return 2;
        }
    }
    return optind == argc ? 0 : 2;
}

static int run(struct options *options, struct sums *sums)
{
    const struct scenario *one;
    if (options->replay != NULL)
        return replay(options, sums);
    for (size_t i = 0; (one = scenario_at(i)) != NULL; i++)
        for (unsigned long n = 0; n < options->seeds; n++)
            if (options->all || strcmp(one->name, options->scenario) == 0)
                run_one(options, one, options->shape.seed + n, sums);
    return 0;
}

int main(int argc, char **argv)
{
    struct options options = {
        .shape = {.relays = 3, .nodes = 12, .seed = 1}, .scenario = "random", .hours = 24, .seeds = 1};
    struct sums sums = {0};
    const struct scenario *one;
    if (read_options(argc, argv, &options) != 0) {
        fputs(usage, stderr);
        return 2;
    }
    /* A run frees all that it had: the next one must not fetch each page from the kernel again. */
    mallopt(M_MMAP_THRESHOLD, 64 << 20);
    mallopt(M_TRIM_THRESHOLD, 256 << 20);
    log_setup("sim", getenv("SIM_LOG") != NULL ? LOG_DEBUG : (enum log_level)(LOG_ERROR + 1), LOG_LOGFMT);
    for (size_t i = 0; options.list && (one = scenario_at(i)) != NULL; i++)
        printf("%-28s %s\n", one->name, one->passes);
    if (options.list)
        return 0;
    if (options.check != NULL)
        return check_file(options.check);
    if (!options.all && options.replay == NULL && scenario_named(options.scenario) == NULL) {
        fprintf(stderr, "there is no scenario %s; --list names them\n", options.scenario);
        return 2;
    }
    int status = run(&options, &sums);
    pure_done();
    printf("%zu runs, %.1f simulated days in %.1f s, %zu alerts, %zu shown, %zu owed, %llu ends: %zu failed\n",
           sums.runs, sums.days, sums.seconds, sums.alerts, sums.views, sums.owed, (unsigned long long)sums.ends,
           sums.failed);
    return status != 0 ? status : sums.failed > 0 || sums.runs == 0;
}
