/*
 * node_conf - the node's configuration file as a struct. The option table in node_conf.c is the one list of keys:
 * config/node.yaml is written from it, and a test compares them.
 */
#ifndef NODE_CONF_H
#define NODE_CONF_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "node/approval.h"
#include "node/escalation.h"
#include "node/hooks.h"
#include "proto/conf.h"
#include "proto/err.h"
#include "proto/log.h"

/* How late a step of an IMMEDIATE case may be before the publisher is alarmed. */
struct node_deadlines {
    int64_t delivered_us;
    int64_t shown_us;
    int64_t acknowledged_us;
};

/* When the personal data of a finished case is erased: the earlier of "after the acknowledgement" and "latest". */
struct node_retention {
    int64_t closed_after_ack_us;
    int64_t closed_latest_us;
    int64_t sent_in_error_after_ack_us;
    int64_t sent_in_error_latest_us;
    int64_t notes_us; /* of handover notes */
};

/* Where mail of escalation goes; server NULL: none is sent. */
struct node_mail {
    const char *server, *from;
    const char *user, *password_file; /* NULL: no account */
};

/* Texts are borrowed from source and live as long as the struct; paths are resolved against the file's folder. */
struct node_conf {
    const char *member;          /* this hotline's id */
    const char *key;             /* key file */
    const char *passphrase_file; /* NULL: the key file is not locked */
    const char *previous_key;    /* NULL: the store was never another key file's */
    const char *authority;       /* the authority's public keys */
    const char *roster;          /* the seed */
    const char *store;           /* the database */
    const char *socket;          /* the API's Unix socket */
    const char *socket_group;    /* NULL: the group of the process */
    unsigned socket_mode;
    const char *console;                           /* HOST:PORT of health and console; NULL: none */
    const char *console_name;                      /* of the console, for browsers; NULL: its address */
    const char *console_proxy;                     /* "https://NAME" of a reverse proxy before it; NULL: none */
    const char *console_certificate, *console_key; /* PEM files; NULL: no TLS */
    enum log_level log_level;
    enum log_format log_format;
    struct node_deadlines deadlines;
    struct node_retention retention;
    int64_t encryption_key_life_us;
    struct escalation_rule escalation;
    const char *command; /* of escalation; NULL: none */
    struct node_mail mail;
    struct hooks_policy hooks;
    struct approval_policy approval;
    const char *poster_phone;   /* NULL: 116 000 */
    const char *ca_file;        /* NULL: the system's authorities */
    int64_t disk_reserve_bytes; /* less free space than this: new cases are refused */
    struct conf *source;
};

/* Reads the file; ERR_CONFIG with every problem that fits in the note (NULL: not told), ERR_NOMEM. */
int node_conf_load(const char *file, struct err_note *note, struct node_conf **ret_conf) MUST_CHECK;
void node_conf_free(struct node_conf *conf);
/* The countries that the first start subscribes to: how many, and the i-th code (NULL behind the last). */
size_t node_conf_subscription_count(const struct node_conf *conf);
const char *node_conf_subscription(const struct node_conf *conf, size_t i);
/* The same of the addresses that mail goes to. */
size_t node_conf_mail_count(const struct node_conf *conf);
const char *node_conf_mail_to(const struct node_conf *conf, size_t i);
/* --check-config: reads the file and looks, without side effects, at the files and folders that it names. Prints
 * "FILE: ok" to out or every problem to talk. Gives the exit status: 0, 1 (no memory) or 2. */
int node_conf_check(const char *file, FILE *out, FILE *talk);
/* The sample file: each key with its documentation, unit, bounds and default. */
void node_conf_write_sample(FILE *out);

#endif
