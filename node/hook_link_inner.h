/*
 * hook_link_inner - one try on its way, for hook_link*.c alone.
 */
#ifndef NODE_HOOK_LINK_INNER_H
#define NODE_HOOK_LINK_INNER_H

#include <curl/curl.h>
#include <sys/types.h>

#include "node/hook_link.h"

struct hook_flight {
    bool used;
    struct key_uuid id;
    enum dispatch_way way;
    /* WEB, MAIL */
    CURL *curl;
    struct curl_slist *list;    /* headers, or recipients */
    struct buf out;             /* the body, or the mail */
    size_t sent;                /* of out, for a mail */
    size_t answered;            /* bytes of the answer */
    struct hooks_policy policy; /* WEB: where it may go ... */
    bool clear;                 /* ... and in clear to this machine alone */
    bool refused;               /* it resolved to where it may not go */
    char error[CURL_ERROR_SIZE];
    /* COMMAND */
    pid_t pid;
    int in, from; /* its stdin, its stdout and stderr; -1 closed */
    size_t fed;
    int64_t until_us; /* steady */
};

/* Fills curl, list and out. ERR_NOMEM, ERR_CRYPTO, ERR_NOT_FOUND (the webhook was removed). */
int hook_link_web(struct hook_flight *flight, const struct node *node, const struct dispatch *dispatch,
                  const struct node_conf *conf) MUST_CHECK;
/* The same for a mail. ERR_CONFIG: none is configured; ERR_IO: the password file. */
int hook_link_mail(struct hook_flight *flight, const struct node *node, const struct dispatch *dispatch,
                   const struct node_conf *conf) MUST_CHECK;
/* Bounds, authorities, and what no transfer may do. */
void hook_link_bound(struct hook_flight *flight, const struct node_conf *conf);

/* Starts a command; then hook_link_run_step until it gives true, with *ret_result; hook_link_run_end breaks it off.
 * ERR_CONFIG: none is configured; ERR_IO: it cannot be started. */
int hook_link_run(struct hook_flight *flight, const struct dispatch *dispatch, const struct node_conf *conf) MUST_CHECK;
bool hook_link_run_step(struct hook_flight *flight, struct dispatch_result *ret_result);
void hook_link_run_end(struct hook_flight *flight);

#endif
