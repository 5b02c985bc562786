/*
 * relay_conf - the relay's configuration file as a struct. The option table in relay_conf.c is the one list of keys:
 * config/relay.yaml is written from it, and a test compares them.
 */
#ifndef RELAY_CONF_H
#define RELAY_CONF_H

#include <stdint.h>
#include <stdio.h>

#include "proto/conf.h"
#include "proto/err.h"
#include "proto/log.h"

/* What a relay grants a member; see "Limits" in docs/protocol.md. */
struct relay_limits {
    int64_t validity_max_us;
    uint32_t openings_per_minute;
    uint32_t updates_per_minute;
    uint32_t open_cases;
    uint32_t recipients;
    uint32_t credit_messages;
    uint32_t credit_bytes;
};

/* Texts are borrowed from source and live as long as the struct; paths are resolved against the file's folder. */
struct relay_conf {
    const char *relay;           /* this relay's id */
    const char *key;             /* key file */
    const char *passphrase_file; /* NULL: the key file is not locked */
    const char *authority;       /* the authority's public keys */
    const char *roster;          /* the seed */
    const char *store;           /* the database */
    const char *listen;          /* ZeroMQ endpoint */
    const char *admin;           /* HOST:PORT of health and metrics */
    enum log_level log_level;
    enum log_format log_format;
    struct relay_limits limits;
    int64_t disk_reserve_bytes; /* less free space than this: new alerts are refused */
    int64_t receipts_kept_us;   /* how long receipts are owed to their sender */
    struct conf *source;
};

/* Reads the file; ERR_CONFIG with every problem that fits in the note (NULL: not told), ERR_NOMEM. */
int relay_conf_load(const char *file, struct err_note *note, struct relay_conf **ret_conf) MUST_CHECK;
void relay_conf_free(struct relay_conf *conf);
/* --check-config: reads the file and looks, without side effects, at the files and folders that it names. Prints
 * "FILE: ok" to out or every problem to talk. Gives the exit status: 0, 1 (no memory) or 2. */
int relay_conf_check(const char *file, FILE *out, FILE *talk);
/* The sample file: each key with its documentation, unit, bounds and default. */
void relay_conf_write_sample(FILE *out);

#endif
