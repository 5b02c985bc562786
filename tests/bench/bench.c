/* bench: shared memory, percentiles, /proc. Never decides what is measured. */
#include "tests/bench/bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "proto/clock.h"

/* MAP_ANONYMOUS is beyond POSIX.1-2008: an unlinked file's pages do as well. */
static void *shared_memory(size_t size)
{
    FILE *file = tmpfile();
    if (file == NULL)
        return NULL;
    void *memory = MAP_FAILED;
    if (ftruncate(fileno(file), (off_t)size) == 0)
        memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fileno(file), 0);
    fclose(file);
    return memory == MAP_FAILED ? NULL : memory;
}

struct bench_board *bench_board_new(uint32_t subs, uint32_t total)
{
    size_t cells = (size_t)subs * total;
    size_t head = (sizeof(struct bench_board) + 63) & ~(size_t)63;
    uint8_t *memory = shared_memory(head + total * (sizeof(int64_t) + sizeof(uint32_t)) + 2 * cells * sizeof(uint32_t));
    if (memory == NULL)
        return NULL;
    struct bench_board *board = (struct bench_board *)(void *)memory;
    board->subs = subs;
    board->total = total;
    board->published_us = (int64_t *)(void *)(memory + head);
    board->accepted_us = (uint32_t *)(void *)(board->published_us + total);
    board->delivered_us = board->accepted_us + total;
    board->receipt_us = board->delivered_us + cells;
    return board;
}

uint32_t bench_board_age_us(const struct bench_board *board, uint32_t index)
{
    int64_t age_us = clock_steady_us() - board->published_us[index];
    return age_us < 1 ? 1 : age_us > UINT32_MAX ? UINT32_MAX : (uint32_t)age_us;
}

static int by_size(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

int bench_spread_of(const uint32_t *cells, size_t count, struct bench_spread *ret_spread)
{
    uint32_t *sorted = malloc((count + 1) * sizeof *sorted);
    size_t n = 0;
    if (sorted == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < count; i++) {
        if (cells[i] != 0)
            sorted[n++] = cells[i];
    }
    qsort(sorted, n, sizeof *sorted, by_size);
    *ret_spread = (struct bench_spread){.count = n};
    if (n > 0) {
        ret_spread->p50 = sorted[(n - 1) / 2];
        ret_spread->p99 = sorted[(n - 1) * 99 / 100];
        ret_spread->max = sorted[n - 1];
    }
    free(sorted);
    return OK;
}

void bench_print_spread(const char *name, const uint32_t *cells, size_t count)
{
    struct bench_spread spread = {0};
    if (bench_spread_of(cells, count, &spread) == OK)
        printf(",\"%s\":{\"count\":%zu,\"p50\":%u,\"p99\":%u,\"max\":%u}", name, spread.count, spread.p50, spread.p99,
               spread.max);
}

/* ---- /proc ---- */

int64_t bench_cpu_us(pid_t pid)
{
    char path[64], text[1024];
    snprintf(path, sizeof path, "/proc/%ld/stat", (long)pid);
    FILE *file = fopen(path, "r");
    if (file == NULL)
        return 0;
    size_t len = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[len] = '\0';
    const char *behind = strrchr(text, ')'); /* the name may hold anything */
    unsigned long user = 0, system = 0;
    if (behind == NULL ||
        sscanf(behind + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system) != 2)
        return 0;
    return (int64_t)(user + system) * (CLOCK_SECOND_US / sysconf(_SC_CLK_TCK));
}

static long status_kib(pid_t pid, const char *name)
{
    char path[64], line[256];
    long kib = 0;
    snprintf(path, sizeof path, "/proc/%ld/status", (long)pid);
    FILE *file = fopen(path, "r");
    while (file != NULL && kib == 0 && fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, name, strlen(name)) == 0)
            kib = strtol(line + strlen(name), NULL, 10);
    }
    if (file != NULL)
        fclose(file);
    return kib;
}

long bench_rss_kib(pid_t pid)
{
    return status_kib(pid, "VmRSS:");
}

long bench_rss_most_kib(pid_t pid)
{
    return status_kib(pid, "VmHWM:");
}
