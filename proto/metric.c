/* metric: formats numbers. It keeps none of its own and knows no module. */
#include "metric.h"

#include <inttypes.h>
#include <string.h>

static const char *const kind_names[] = {[METRIC_COUNTER] = "counter", [METRIC_GAUGE] = "gauge"};

static const int64_t bucket_us[METRIC_BUCKETS] = {500,    1000,   2500,    5000,    10000,   25000,    50000,   100000,
                                                  250000, 500000, 1000000, 2500000, 5000000, 10000000, 30000000};

static void write_head(struct buf *out, const char *name, const char *help, const char *type)
{
    buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

void metric_head(struct buf *out, const struct metric_desc *desc)
{
    write_head(out, desc->name, desc->help, kind_names[desc->kind]);
}

/* The three escapes of the format; other control characters become '?', so that no scraper stumbles. */
static void add_label_value(struct buf *out, const char *text)
{
    for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
        if (*c == '\n')
            buf_add_text(out, "\\n");
        else if (*c == '"' || *c == '\\')
            buf_printf(out, "\\%c", *c);
        else
            buf_add_u8(out, *c < 0x20 || *c == 0x7f ? '?' : *c);
    }
}

void metric_line(struct buf *out, const char *name, const char *label, const char *label_value, int64_t number)
{
    buf_add_text(out, name);
    if (label) {
        buf_printf(out, "{%s=\"", label);
        add_label_value(out, label_value);
        buf_add_text(out, "\"}");
    }
    buf_printf(out, " %" PRId64 "\n", number);
}

void metric_write_sets(struct buf *out, const struct metric_desc *table, size_t count, const struct metric_set *sets,
                       size_t set_count)
{
    for (size_t row = 0; row < count; row++) {
        metric_head(out, &table[row]);
        for (size_t i = 0; i < set_count; i++) {
            int64_t number;
            memcpy(&number, (const char *)sets[i].values + row * sizeof number, sizeof number);
            metric_line(out, table[row].name, sets[i].label, sets[i].label_value, number);
        }
    }
}

void metric_write(struct buf *out, const struct metric_desc *table, size_t count, const void *values)
{
    struct metric_set only = {NULL, NULL, values};
    metric_write_sets(out, table, count, &only, 1);
}

void metric_observe(struct metric_histogram *histogram, int64_t duration_us)
{
    int64_t duration = duration_us > 0 ? duration_us : 0;
    size_t bucket = 0;
    while (bucket < METRIC_BUCKETS && duration > bucket_us[bucket])
        bucket++;
    histogram->counts[bucket]++;
    histogram->sum_us += (uint64_t)duration;
}

void metric_histogram_write(struct buf *out, const char *name, const char *help,
                            const struct metric_histogram *histogram)
{
    uint64_t total = 0;
    write_head(out, name, help, "histogram");
    for (size_t i = 0; i < METRIC_BUCKETS; i++) {
        total += histogram->counts[i];
        buf_printf(out, "%s_bucket{le=\"%g\"} %" PRIu64 "\n", name, (double)bucket_us[i] / 1e6, total);
    }
    total += histogram->counts[METRIC_BUCKETS];
    buf_printf(out, "%s_bucket{le=\"+Inf\"} %" PRIu64 "\n", name, total);
    buf_printf(out, "%s_sum %" PRIu64 ".%06" PRIu64 "\n", name, histogram->sum_us / 1000000,
               histogram->sum_us % 1000000);
    buf_printf(out, "%s_count %" PRIu64 "\n", name, total);
}
