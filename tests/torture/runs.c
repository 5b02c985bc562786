/* torture: the processes in which calls fail, one after the other, and what they have to show for it. */
#include "torture.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#ifdef COVER
#include <gcov.h>
#endif
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "inner.h"

static const char *const kind_names[] = {"allocation", "call to the disk"};

/* ---- processes ---- */

enum { ENDED_WELL = 0, NOT_REACHED = 10, LEAKED = 11 };

struct tally {
    long runs, aborted, bad;
};

/* Which calls fail: so many of them, evenly. */
struct step {
    long first, every;
};

static int remove_one(const char *path, const struct stat *about, int type, struct FTW *where)
{
    (void)about;
    (void)type;
    (void)where;
    return remove(path);
}

static void remove_folder(void)
{
    if (nftw(torture.folder, remove_one, 4, FTW_DEPTH | FTW_PHYS) != 0 && errno != ENOENT)
        abort();
}

/* What the child prints stays in a file, for a finding. */
static pid_t start(const char *talk)
{
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        int fd = (int)syscall(SYS_openat, AT_FDCWD, talk, O_WRONLY | O_CREAT | O_TRUNC, 0600);
        dup2(fd, STDOUT_FILENO);
        dup2(fd, STDERR_FILENO);
        close(fd);
        alarm(60);
    }
    return pid;
}

static void show(const char *talk)
{
    char line[400];
    FILE *file = fopen(talk, "r");
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        printf("     %s", line);
    if (file != NULL)
        fclose(file);
}

/* Ended by a CHECK of the code under test; one of the tests' own is a finding. */
static bool is_check(const char *talk)
{
    char text[4096];
    FILE *file = fopen(talk, "r");
    size_t len = file != NULL ? fread(text, 1, sizeof text - 1, file) : 0;
    if (file != NULL)
        fclose(file);
    text[len] = '\0';
    const char *check = strstr(text, "check failed"), *place = check != NULL ? strstr(check, "at=") : NULL;
    if (place != NULL && getenv("TORTURE_CHECKS") != NULL)
        printf("     %.90s\n", check);
    return place != NULL && strncmp(place, "at=tests/", 9) != 0;
}

static int wait_for(pid_t pid)
{
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    return status;
}

/* Ends a child. What it reached is written first when that is counted: _exit() writes nothing. */
static _Noreturn void end(int status)
{
    torture.depth = 0;
#ifdef COVER
    __gcov_dump();
#endif
    _exit(status);
}

/* A fresh folder for each run. */
static void begin_folder(void)
{
    remove_folder();
    if (syscall(SYS_mkdirat, AT_FDCWD, torture.folder, 0700) != 0)
        abort();
}

static void act_once(const struct torture_scenario *scenario, bool again)
{
    torture.count = 0;
    if (again && scenario->again != NULL)
        scenario->again();
    else
        scenario->run();
    torture.depth = 0;
}

static int run_failing(const struct torture_scenario *scenario, long kept, const char *talk, long *ret_count)
{
    int pipe_fds[2];
    long said[2] = {0, 0};
    if (pipe(pipe_fds) != 0)
        abort();
    pid_t pid = start(talk);
    if (pid == 0) {
        torture.count = 0;
        long before = torture.live;
        scenario->run();
        torture.depth = 0;
        said[0] = torture.count;
        said[1] = torture.live - before;
        (void)!syscall(SYS_write, pipe_fds[1], said, sizeof said);
        if (kept >= 0 && said[1] > kept) {
            printf("%ld blocks are kept, %ld in a run without a failure\n", said[1], kept);
            fflush(stdout);
            end(LEAKED);
        }
        end(torture.fails_at > said[0] ? NOT_REACHED : ENDED_WELL);
    }
    close(pipe_fds[1]);
    (void)!syscall(SYS_read, pipe_fds[0], said, sizeof said);
    close(pipe_fds[0]);
    ret_count[0] = said[0];
    ret_count[1] = said[1];
    return wait_for(pid);
}

static int run_again(const struct torture_scenario *scenario, const char *talk)
{
    pid_t pid = start(talk);
    if (pid == 0) {
        torture.fails_at = 0;
        act_once(scenario, true);
        end(ENDED_WELL);
    }
    return wait_for(pid);
}

static void finding(const struct torture_scenario *scenario, const char *what, int status, const char *talk)
{
    printf("FAIL %s: %s %ld%s: %s, status %d signal %d\n", scenario->name, kind_names[torture.kind], torture.fails_at,
           torture.for_good ? " and all later ones" : "", what, WIFEXITED(status) ? WEXITSTATUS(status) : -1,
           WIFSIGNALED(status) ? WTERMSIG(status) : 0);
    show(talk);
}

/* ---- many runs in a process ---- */

/* What the parent sees of a child that is gone. */
struct progress {
    long at, runs;
    bool calm; /* in the run after the failing one */
};

static struct progress *progress;

static void fresh_talk(void)
{
    fflush(NULL);
    if (ftruncate(STDOUT_FILENO, 0) != 0 || lseek(STDOUT_FILENO, 0, SEEK_SET) != 0)
        abort();
}

/* In the child: each call from `first` on, and the calm run after it. */
static _Noreturn void run_many(const struct torture_scenario *scenario, const struct step *step, const long measured[2])
{
    for (long n = step->first; n <= measured[0]; n += step->every) {
        *progress = (struct progress){n, progress->runs + 1, false};
        fresh_talk();
        begin_folder();
        alarm(60);
        long before = torture.live;
        torture.fails_at = n;
        act_once(scenario, false);
        bool reached = torture.count >= n;
        if (torture.live - before > (measured[1] > 0 ? measured[1] : 0)) {
            printf("%ld blocks are kept, %ld in a run without a failure\n", torture.live - before, measured[1]);
            fflush(stdout);
            end(LEAKED);
        }
        progress->calm = true;
        torture.fails_at = 0;
        act_once(scenario, true);
        if (!reached)
            break;
    }
    end(ENDED_WELL);
}

/* A child at a time, from the call after the one that ended the one before. */
static void run_children(const struct torture_scenario *scenario, struct step *step, const long measured[2],
                         struct tally *tally)
{
    char talk[128];
    snprintf(talk, sizeof talk, "%s.talk", torture.folder);
    for (int status = 1; status != 0 && step->first <= measured[0] && tally->bad < 5;) {
        *progress = (struct progress){0, 0, false};
        pid_t pid = start(talk);
        if (pid == 0)
            run_many(scenario, step, measured);
        status = wait_for(pid);
        torture.fails_at = progress->at;
        tally->runs += progress->runs;
        step->first = progress->at + step->every;
        bool aborted = WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT && !progress->calm && is_check(talk);
        tally->aborted += aborted;
        if (status != 0 && !aborted) {
            tally->bad++;
            finding(scenario, progress->calm ? "afterwards" : "the run", status, talk);
        } else if (aborted && (status = run_again(scenario, talk)) != 0) {
            tally->bad++;
            finding(scenario, "afterwards (it had aborted)", status, talk);
        } else if (aborted) {
            status = 1;
        }
    }
}

/* One failing run and the calm one after it; false when there are not so many calls. */
static bool run_one(const struct torture_scenario *scenario, long kept, struct tally *tally)
{
    char talk[128];
    long count[2];
    snprintf(talk, sizeof talk, "%s.talk", torture.folder);
    int status = run_failing(scenario, kept, talk, count);
    if (WIFEXITED(status) && WEXITSTATUS(status) == NOT_REACHED)
        return false;
    tally->runs++;
    bool aborted = WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT && is_check(talk);
    tally->aborted += aborted;
    if (torture.tells)
        show(talk);
    if (!aborted && status != 0) {
        tally->bad++;
        finding(scenario, "the run", status, talk);
    } else {
        long fails_at = torture.fails_at;
        status = run_again(scenario, talk);
        torture.fails_at = fails_at;
        if (status != 0) {
            tally->bad++;
            finding(scenario, aborted ? "afterwards (it had aborted)" : "afterwards", status, talk);
        }
    }
    return true;
}

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* How many calls there are, and how many blocks stay when nothing fails. */
static bool measure(const struct torture_scenario *scenario, long ret_count[2])
{
    char talk[128];
    snprintf(talk, sizeof talk, "%s.talk", torture.folder);
    torture.fails_at = 0;
    begin_folder();
    int status = run_failing(scenario, -1, talk, ret_count);
    if (status == 0)
        return true;
    finding(scenario, "without a failure", status, talk);
    return false;
}

/* only_at: that call alone, once and from then on; 0: all. */
static void run_kind(const struct torture_scenario *scenario, double seconds, long only_at, struct tally *sum)
{
    long count[2];
    struct tally tally = {0, 0, 0};
    double began = now_s();
    torture.input = scenario->input;
    if (!measure(scenario, count)) {
        sum->bad++;
        return;
    }
    torture.seen[torture.kind] += count[0];
#ifdef COVER
    /* Lines are written when a process ends, and that takes longer than a run: few processes, and not each call. */
    const bool share = true;
    const long least = count[0] > 1000 ? 7 : 1;
#else
    const bool share = scenario->many;
    const long least = 1;
#endif
    double one_s = 0.004 + 2 * (now_s() - began);
    long every = seconds > 0 ? 1 + (long)((double)count[0] * 2 * one_s / seconds) : 1;
    if (scenario->every > every)
        every = scenario->every;
    if (least > every)
        every = least;
    for (int for_good = 0; for_good < 2; for_good++) {
        struct step step = {only_at > 0 ? only_at : 1 + (for_good ? every / 2 : 0), every};
        torture.for_good = for_good;
        if (share && only_at == 0) {
            run_children(scenario, &step, count, &tally);
            continue;
        }
        for (; step.first <= count[0] && tally.bad < 5; step.first += every) {
            torture.fails_at = step.first;
            begin_folder();
            if (!run_one(scenario, count[1], &tally) || only_at > 0)
                break;
        }
    }
    torture.for_good = false;
    long asked = 2 * (count[0] / every);
    if (only_at == 0 && tally.bad < 5 && tally.runs < asked - asked / 20 - 2) {
        printf("FAIL %s: %ld of %ld runs came to their %s\n", scenario->name, tally.runs, asked,
               kind_names[torture.kind]);
        tally.bad++;
    }
    printf("%-10s %6ld %-18s %6ld runs, %ld ended by CHECK, %ld findings (%.0f s)\n", scenario->name, count[0],
           torture.kind == MEMORY ? "allocations:" : "calls to the disk:", tally.runs, tally.aborted, tally.bad,
           now_s() - began);
    fflush(stdout);
    sum->runs += tally.runs;
    sum->aborted += tally.aborted;
    sum->bad += tally.bad;
}

int torture_main(int argc, char **argv, const struct torture_scenario *scenarios, unsigned count)
{
    double seconds = argc > 1 ? strtod(argv[1], NULL) : 0;
    const char *only = argc > 2 ? argv[2] : NULL;
    torture.tells = argc > 3 && getenv("TORTURE_TELL") != NULL;
    struct tally sum = {0, 0, 0};
    unsigned parts = 0;
    char talk[128];
    progress = (struct progress *)syscall(SYS_mmap, NULL, sizeof *progress, PROT_READ | PROT_WRITE,
                                          MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (progress == MAP_FAILED)
        abort();
    snprintf(torture.folder, sizeof torture.folder, "/dev/shm/hotline-torture-%ld", (long)getpid());
    for (unsigned i = 0; i < count; i++)
        parts += 1 + scenarios[i].files;
    for (unsigned i = 0; i < count; i++) {
        for (torture.kind = MEMORY; torture.kind < KINDS; torture.kind++)
            if ((torture.kind == MEMORY || scenarios[i].files) &&
                (only == NULL || strcmp(only, scenarios[i].name) == 0))
                run_kind(&scenarios[i], seconds / parts, argc > 3 ? strtol(argv[3], NULL, 10) : 0, &sum);
    }
    bool files = false;
    for (unsigned i = 0; i < count; i++)
        files |= scenarios[i].files;
    for (unsigned kind = 0; kind < KINDS; kind++) /* they do not come through here any more: everything would pass */
        if (torture.seen[kind] == 0 && only == NULL && (kind == MEMORY || files)) {
            printf("FAIL no %s was seen\n", kind_names[kind]);
            sum.bad++;
        }
    remove_folder();
    snprintf(talk, sizeof talk, "%s.talk", torture.folder);
    unlink(talk);
    printf("torture: %ld runs, %ld ended by CHECK, %ld findings\n", sum.runs, sum.aborted, sum.bad);
    return sum.bad == 0 && sum.runs > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
