/*
 * metric - counters, gauges and latency histograms as Prometheus text (exposition format 0.0.4).
 *
 * A module declares its numbers once, beside the code that counts, as an X-macro list
 *     #define GATE_METRICS(X) X(refused, COUNTER, "hotline_gate_refused_total", "Connections refused.")
 * makes its struct from it: struct gate_counters { GATE_METRICS(METRIC_FIELD) }; and its table: static
 * const struct metric_desc table[] = {GATE_METRICS(METRIC_ROW)}; Such a struct holds nothing but
 * int64_t in the order of the list: that is all metric_write() relies on. Names and helps are constants
 * of ours; only label values are escaped.
 */
#ifndef PROTO_METRIC_H
#define PROTO_METRIC_H

#include <stddef.h>
#include <stdint.h>

#include "buf.h"

enum metric_kind { METRIC_COUNTER, METRIC_GAUGE };

struct metric_desc {
    const char *name;
    const char *help;
    enum metric_kind kind;
};

#define METRIC_FIELD(field, kind, name, help) int64_t field;
#define METRIC_ROW(field, kind, name, help) {name, help, METRIC_##kind},

/* "# HELP" and "# TYPE": once per name, before its lines. */
void metric_head(struct buf *out, const struct metric_desc *desc);
/* One line; without a label when label is NULL. label_value is any text and gets escaped. */
void metric_line(struct buf *out, const char *name, const char *label, const char *label_value, int64_t number);
/* Head and line of each row; values points to a struct made with METRIC_FIELD from the table's list. */
void metric_write(struct buf *out, const struct metric_desc *table, size_t count, const void *values);

/* The same numbers of several things, for instance of each uplink: {"relay", "relay-1", &counters}. */
struct metric_set {
    const char *label;
    const char *label_value;
    const void *values;
};
/* One head per row, then that row's line of each set. */
void metric_write_sets(struct buf *out, const struct metric_desc *table, size_t count, const struct metric_set *sets,
                       size_t set_count);

/* Latencies in fixed buckets from 0.5 ms to 30 s; {0} is an empty one. */
#define METRIC_BUCKETS 15
struct metric_histogram {
    uint64_t counts[METRIC_BUCKETS + 1]; /* each bucket's own, not cumulated; the last one is beyond 30 s */
    uint64_t sum_us;
};
/* Negative durations (a clock stepped) count as 0. */
void metric_observe(struct metric_histogram *histogram, int64_t duration_us);
/* name without suffix, in seconds: "hotline_spool_commit_seconds". */
void metric_histogram_write(struct buf *out, const char *name, const char *help,
                            const struct metric_histogram *histogram);

#endif
