/* hook_link: tries on their way, on the loop. A timer looks at them while there are any: transfers by curl's own poll,
 * a command by its pipes. Keeps nothing of an answer, logs no address and no body. */
#include "node/hook_link.h"

#include <stdlib.h>
#include <string.h>

#include "node/hook_link_inner.h"
#include "proto/clock.h"
#include "proto/log.h"

#define LOOK_MS 10

struct hook_link {
    struct loop_timer *timer;
    struct node *node; /* NULL: not attached */
    const struct node_conf *conf;
    CURLM *multi;
    struct hook_flight flights[LIMIT_DISPATCH_FLIGHTS];
    size_t flying;
    loop_fn *touched;
    void *ctx;
};

static void free_flight(struct hook_link *link, struct hook_flight *flight)
{
    if (flight->curl != NULL) {
        curl_multi_remove_handle(link->multi, flight->curl);
        curl_easy_cleanup(flight->curl);
    }
    curl_slist_free_all(flight->list);
    buf_free(&flight->out);
    if (flight->pid > 0)
        hook_link_run_end(flight);
    *flight = (struct hook_flight){.in = -1, .from = -1};
    link->flying--;
}

static void land(struct hook_link *link, struct hook_flight *flight, const struct dispatch_result *result)
{
    int64_t now_us = node_now(link->node, clock_wall_us(), clock_steady_us());
    if (!result->taken)
        log_event(LOG_WARN, "a message to wake somebody was not taken", "way", dispatch_way_name(flight->way), "why",
                  result->why, NULL);
    else
        log_event(LOG_INFO, "a message to wake somebody was taken", "way", dispatch_way_name(flight->way), NULL);
    node_dispatch_done(link->node, &flight->id, result, now_us);
    free_flight(link, flight);
    link->touched(link->ctx);
}

/* ---- transfers ---- */

static struct dispatch_result result_of_web(const struct hook_flight *flight, CURLcode code, long status)
{
    if (flight->refused)
        return (struct dispatch_result){.why = "it resolves to an address that webhooks may not go to"};
    if (code != CURLE_OK)
        return (struct dispatch_result){.why = curl_easy_strerror(code)};
    struct dispatch_result result = {.taken = status >= 200 && status < 300, .answer = (int)status};
    result.why = status >= 300 && status < 400 ? "it answered with a redirect, and none is followed" :
        status == 410                          ? "it answered that it is gone for good" :
                                                 "it answered with an error";
    result.final = status == 410;
    return result;
}

static struct dispatch_result result_of_mail(CURLcode code, long status)
{
    return (struct dispatch_result){.taken = code == CURLE_OK, .answer = (int)status, .why = curl_easy_strerror(code)};
}

static void finish_transfers(struct hook_link *link)
{
    int left;
    for (CURLMsg *message; (message = curl_multi_info_read(link->multi, &left)) != NULL;) {
        struct hook_flight *flight = NULL;
        long status = 0;
        if (message->msg != CURLMSG_DONE)
            continue;
        CURLcode code = message->data.result;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&flight);
        curl_easy_getinfo(message->easy_handle, CURLINFO_RESPONSE_CODE, &status);
        struct dispatch_result result =
            flight->way == DISPATCH_WEB ? result_of_web(flight, code, status) : result_of_mail(code, status);
        land(link, flight, &result);
    }
}

static void on_look(void *ctx)
{
    struct hook_link *link = ctx;
    int running;
    (void)curl_multi_perform(link->multi, &running);
    finish_transfers(link);
    for (size_t i = 0; i < LIMIT_DISPATCH_FLIGHTS; i++) {
        struct hook_flight *flight = &link->flights[i];
        struct dispatch_result result;
        if (flight->used && flight->way == DISPATCH_COMMAND && hook_link_run_step(flight, &result))
            land(link, flight, &result);
    }
    if (link->flying == 0)
        loop_timer_stop(link->timer);
}

void hook_link_bound(struct hook_flight *flight, const struct node_conf *conf)
{
    CURL *curl = flight->curl;
    curl_easy_setopt(curl, CURLOPT_PRIVATE, (void *)flight);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, flight->error);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    /* A name server that does not answer must not hold up the loop when a try is given up. */
    curl_easy_setopt(curl, CURLOPT_QUICK_EXIT, 1L);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)LIMIT_DISPATCH_TRY_MS);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)LIMIT_DISPATCH_TRY_MS / 2);
    curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (conf->ca_file != NULL)
        curl_easy_setopt(curl, CURLOPT_CAINFO, conf->ca_file);
}

/* ---- beginning ---- */

static int begin(struct hook_link *link, struct hook_flight *flight, const struct dispatch *dispatch)
{
    int error = OK;
    if (dispatch->way == DISPATCH_COMMAND)
        return hook_link_run(flight, dispatch, link->conf);
    flight->curl = curl_easy_init();
    if (flight->curl == NULL)
        return ERR_NOMEM;
    hook_link_bound(flight, link->conf);
    error = dispatch->way == DISPATCH_WEB ? hook_link_web(flight, link->node, dispatch, link->conf) :
                                            hook_link_mail(flight, link->node, dispatch, link->conf);
    if (error == OK && curl_multi_add_handle(link->multi, flight->curl) != CURLM_OK)
        error = ERR_NOMEM;
    return error;
}

static struct hook_flight *free_slot(struct hook_link *link)
{
    for (size_t i = 0; i < LIMIT_DISPATCH_FLIGHTS; i++)
        if (!link->flights[i].used)
            return &link->flights[i];
    return NULL;
}

static bool begin_one(struct hook_link *link, int64_t now_us)
{
    struct hook_flight *flight = free_slot(link);
    const struct dispatch *dispatch = flight != NULL ? node_dispatch_take(link->node, now_us) : NULL;
    if (dispatch == NULL)
        return false;
    *flight = (struct hook_flight){.used = true, .id = dispatch->id, .way = dispatch->way, .in = -1, .from = -1};
    buf_init(&flight->out);
    link->flying++;
    int error = begin(link, flight, dispatch);
    if (error != OK) {
        struct dispatch_result result = {.why = err_text(error), .final = error == ERR_NOT_FOUND};
        land(link, flight, &result);
    }
    return true;
}

void hook_link_step(struct hook_link *link)
{
    if (link == NULL || link->node == NULL)
        return;
    int64_t now_us = node_now(link->node, clock_wall_us(), clock_steady_us());
    bool idle = link->flying == 0;
    for (size_t i = 0; i < LIMIT_DISPATCH_FLIGHTS && begin_one(link, now_us);)
        i++;
    if (idle && link->flying > 0)
        loop_timer_every(link->timer, LOOK_MS);
}

/* ---- life ---- */

int hook_link_new(struct loop *loop, loop_fn *touched, void *ctx, struct hook_link **ret_link)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return ERR_IO;
    struct hook_link *link = calloc(1, sizeof *link);
    if (link == NULL)
        return ERR_NOMEM;
    link->touched = touched;
    link->ctx = ctx;
    link->multi = curl_multi_init();
    int error = link->multi != NULL ? loop_timer_new(loop, on_look, link, &link->timer) : ERR_NOMEM;
    if (error != OK) {
        hook_link_free(link);
        return error;
    }
    *ret_link = link;
    return OK;
}

void hook_link_conf(struct hook_link *link, const struct node_conf *conf)
{
    link->conf = conf;
}

void hook_link_attach(struct hook_link *link, struct node *node)
{
    link->node = node;
}

void hook_link_free(struct hook_link *link)
{
    if (link == NULL)
        return;
    for (size_t i = 0; i < LIMIT_DISPATCH_FLIGHTS; i++)
        if (link->flights[i].used)
            free_flight(link, &link->flights[i]);
    if (link->multi != NULL)
        curl_multi_cleanup(link->multi);
    if (link->timer != NULL)
        loop_timer_free(link->timer);
    curl_global_cleanup();
    free(link);
}
