/*
 * conf - configuration files: an option table gives the keys, their types, bounds, defaults and documentation.
 *
 * A file is one YAML mapping, at most one level of sections deep: the option "limits.open_cases" is the key
 * open_cases under the section limits. Every scalar is a string until the table types it, so that NO stays
 * Norway. Unknown and repeated keys, anchors, aliases, tags and further documents are refused. All that is
 * wrong is collected, one "FILE:LINE:COLUMN: ..." line each, so that a person repairs a file in one go.
 * Relative paths are relative to the folder of the file. The sample file is written from the same table.
 */
#ifndef PROTO_CONF_H
#define PROTO_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "conf_problems.h"
#include "err.h"

#define CONF_FILE_MAX (256 * 1024)

enum conf_type {
    CONF_TEXT,         /* at most max bytes (0: 255), no control characters */
    CONF_ID,           /* a member's or relay's id: lowercase letters, digits, dashes; at most 40 */
    CONF_PATH,         /* a file's path; relative: to the folder of the configuration file */
    CONF_BOOL,         /* true or false */
    CONF_INT,          /* a whole number from min to max */
    CONF_SIZE,         /* bytes: 4096, 64KiB, 4MiB, 1GiB; from min to max */
    CONF_DURATION,     /* 500ms, 45s, 10m, 72h, 30d; from min to max microseconds */
    CONF_ENDPOINT,     /* tcp://HOST:PORT; HOST may be *, a name, an IPv4 or a [bracketed IPv6] address */
    CONF_HOSTPORT,     /* HOST:PORT, as above without * */
    CONF_LIST,         /* [a, b] or "a, b"; at most max items (0: 64) */
    CONF_COUNTRY_LIST, /* the same, of ISO 3166-1 alpha-2 codes, none twice */
    CONF_ENUM,         /* one of names */
    CONF_MODE,         /* octal file mode; only the bits of max may be set */
};

/* One row of an option table. Options of one section stand together. Everything is borrowed for ever. */
struct conf_option {
    const char *path; /* "listen" or "limits.open_cases" */
    enum conf_type type;
    int64_t min, max;         /* as the type says; bytes for CONF_SIZE, microseconds for CONF_DURATION */
    const char *standard;     /* the default as written in a file; "" = not set; NULL = the key is required */
    const char *example;      /* the sample's value of a required key */
    const char *const *names; /* CONF_ENUM: NULL-terminated; the value's number is the index */
    const char *unit;         /* what is counted, for the documentation: "messages"; NULL when the type says it */
    const char *doc;          /* one sentence */
};

struct conf; /* a loaded file: one value per option of its table */

/* Reads and types the file. ERR_CONFIG with at least one line added to problems when anything is wrong; ERR_NOMEM.
 * The table outlives the conf. The caller frees the conf. */
int conf_load(const char *file, const struct conf_option *options, size_t count, struct conf_problems *problems,
              struct conf **ret_conf) MUST_CHECK;
void conf_free(struct conf *conf);

/* The value of an option, by its path; a path that is not in the table is our own mistake (CHECK).
 * Text lives as long as the conf. NULL when not set; paths are resolved; an enum gives its name. */
const char *conf_text(const struct conf *conf, const char *path);
/* BOOL 0 or 1, INT, SIZE in bytes, DURATION in microseconds, ENUM's index, MODE's bits. */
int64_t conf_number(const struct conf *conf, const char *path);
/* The i-th item of a list, NULL behind the last. */
const char *conf_item(const struct conf *conf, const char *path, size_t i);
size_t conf_item_count(const struct conf *conf, const char *path);
/* True when the file itself gives the value, false for a default. */
bool conf_is_written(const struct conf *conf, const char *path);

/* Adds "FILE:LINE:COLUMN: path: ..." at the place of that option, or "FILE: path: ..." when it is a default. */
void conf_object(const struct conf *conf, struct conf_problems *problems, const char *path, const char *format, ...)
    PRINTF_LIKE(4, 5);

/* Checks without side effects (stat and access only); each adds a problem at the option's line. An option that is
 * not set passes. A readable regular file: */
void conf_check_file(const struct conf *conf, const char *path, struct conf_problems *problems);
/* The same, and nobody but its owner may do anything with it: */
void conf_check_secret(const struct conf *conf, const char *path, struct conf_problems *problems);
/* The folder that the file stands in (or would be created in) exists and can be written: */
void conf_check_folder(const struct conf *conf, const char *path, struct conf_problems *problems);

/* Writes the sample file of a table: heading (comment lines without #), then each option with documentation,
 * type, bounds, default. Required options carry their example. Written errors show in ferror(out). */
void conf_write_sample(const char *heading, const struct conf_option *options, size_t count, FILE *out);

#endif
