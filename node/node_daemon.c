/* node_daemon: builds, runs, reloads and ends. Decides nothing about cases; what fails at a reload leaves all as it
 * was. */
#include "node/node_daemon.h"

#include <stdlib.h>
#include <string.h>

#include "node/hook_link.h"
#include "node/node_api.h"
#include "node/node_console.h"
#include "node/node_events.h"
#include "node/node_link.h"
#include "node/node_view.h"
#include "proto/clock.h"
#include "proto/keyfile.h"
#include "proto/seal.h"

#define PROGRAM "hotline-node"
#define TICK_MS 200
#define WATCHDOG_US (5 * CLOCK_SECOND_US)
/* For answers that wait for their commit at the end, and for what is in ZeroMQ's queues. Both within 2 s. */
#define DRAIN_MS 1000
#define FAREWELL_MS 200
/* A DEALER and its monitor's two ends for each relay, links on their way out too. */
#define SOCKETS (6 * LIMIT_RELAYS + 8)
#define PEM_MAX (256 * 1024)

struct daemon {
    const char *config;
    struct node_conf *conf;
    struct key_set *keys;     /* until the core has them */
    struct key_set *previous; /* until the core is open */
    struct loop *loop;
    struct loop_timer *flush, *tick;
    struct zlink_context *context;
    struct node_links *links;
    struct hook_link *hooks;
    struct node_events *events;
    struct node *node;
    struct node_api *api;
    struct helper *helper;
    struct node_console *console;
    struct buf certificate, private_key; /* of the console; empty: none */
    int64_t started_us;
    int64_t fed_us;     /* steady: the watchdog */
    uint64_t committed; /* when it was fed */
    int status;
};

/* ---- the core's turn ---- */

static void on_flush(void *ctx)
{
    struct daemon *daemon = ctx;
    if (daemon->node != NULL)
        node_flush(daemon->node, node_now(daemon->node, clock_wall_us(), clock_steady_us()), clock_steady_us());
}

/* Something came in: the turn ends when the loop has brought all that came with it. */
static void on_touched(void *ctx)
{
    struct daemon *daemon = ctx;
    loop_timer_once(daemon->flush, 0);
}

/* systemd hears from us only while commits get through, or there are none to make. */
static void feed_watchdog(struct daemon *daemon, int64_t steady_us)
{
    struct vault *vault = node_vault(daemon->node);
    uint64_t committed = vault_committed(vault);
    bool moves = committed != daemon->committed || store_counters(vault_store(vault)).waiting == 0;
    if (steady_us - daemon->fed_us < WATCHDOG_US || !moves)
        return;
    daemon->fed_us = steady_us;
    daemon->committed = committed;
    (void)!loop_notify("WATCHDOG=1");
}

static void on_tick(void *ctx)
{
    struct daemon *daemon = ctx;
    int64_t steady_us = clock_steady_us();
    node_link_tick(daemon->links, steady_us);
    node_tick(daemon->node, node_now(daemon->node, clock_wall_us(), steady_us), steady_us);
    on_flush(daemon);
    hook_link_step(daemon->hooks);
    feed_watchdog(daemon, steady_us);
}

/* ---- what the core tells ---- */

/* What is told nowhere else. A session that ended is told by its link. */
static void log_what_people_watch(const struct node_event *event)
{
    const struct uplink *uplink = event->uplink;
    if (event->type == NODE_ALARM && event->row != NULL)
        log_event(LOG_WARN, "a recipient is late", "member", event->row->member, "step",
                  receipt_state_name(event->state), NULL);
    if (event->type == NODE_CASE_ESCALATED)
        log_event(LOG_WARN, "an IMMEDIATE case waits and nobody here has answered", "reference",
                  event->entry->reference, "status", node_view_status_name(event->entry->exercise), NULL);
    if (uplink != NULL && uplink->state == UPLINK_READY)
        log_event(LOG_INFO, "relay session", "relay", uplink->relay, "state", uplink_state_label(uplink->state), NULL);
    if (uplink != NULL && (uplink->state == UPLINK_REFUSED || uplink->state == UPLINK_REPLACED))
        log_event(LOG_WARN, "relay session", "relay", uplink->relay, "state", uplink_state_label(uplink->state), "why",
                  uplink->reason, NULL);
}

static void on_event(void *ctx, const struct node_event *event)
{
    struct daemon *daemon = ctx;
    log_what_people_watch(event);
    if (daemon->node == NULL)
        return;
    node_events_told(daemon->events);
    if (daemon->api != NULL)
        node_api_changed(daemon->api);
}

static void on_failed(void *ctx, int error, const char *text)
{
    struct daemon *daemon = ctx;
    log_event(LOG_ERROR, "the store failed: stopping, for nothing more can be promised", "error", err_name(error),
              "why", text, NULL);
    daemon->status = 1;
    loop_stop(daemon->loop);
}

static int send_message(void *ctx, size_t slot, struct slice message)
{
    struct daemon *daemon = ctx;
    return node_link_send(daemon->links, slot, message);
}

struct looking {
    node_look_done *done;
    void *ctx;
};

static void on_looked(void *ctx, int error, const struct err_note *note, const struct picture *picture)
{
    struct looking looking = *(struct looking *)ctx;
    free(ctx);
    looking.done(looking.ctx, error, note, error == OK ? picture->width : 0, error == OK ? picture->height : 0);
}

static int look(void *ctx, struct slice photo, node_look_done *done, void *done_ctx)
{
    struct daemon *daemon = ctx;
    struct err_note note = {""};
    struct looking *looking = malloc(sizeof *looking);
    if (looking == NULL)
        return ERR_NOMEM;
    *looking = (struct looking){done, done_ctx};
    int error = helper_check(daemon->helper, photo, &note, on_looked, looking);
    if (error != OK)
        free(looking);
    return error;
}

static void on_relays_changed(void *ctx)
{
    struct daemon *daemon = ctx;
    node_link_reconcile(daemon->links);
}

/* ---- settings and files ---- */

static struct node_settings settings_of(const struct node_conf *conf)
{
    struct node_settings settings = {
        .deadline_delivered_us = conf->deadlines.delivered_us,
        .deadline_shown_us = conf->deadlines.shown_us,
        .deadline_acknowledged_us = conf->deadlines.acknowledged_us,
        .closed_after_ack_us = conf->retention.closed_after_ack_us,
        .closed_latest_us = conf->retention.closed_latest_us,
        .error_after_ack_us = conf->retention.sent_in_error_after_ack_us,
        .error_latest_us = conf->retention.sent_in_error_latest_us,
        .notes_us = conf->retention.notes_us,
        .encryption_key_life_us = conf->encryption_key_life_us,
        .disk_reserve_bytes = conf->disk_reserve_bytes,
        .escalation = conf->escalation,
        .escalate_mail = conf->mail.server != NULL,
        .escalate_command = conf->command != NULL,
        .hooks = conf->hooks,
        .approval = conf->approval,
    };
    if (conf->poster_phone != NULL)
        snprintf(settings.poster_phone, sizeof settings.poster_phone, "%s", conf->poster_phone);
    return settings;
}

static size_t list_subscriptions(const struct node_conf *conf, const char *subscriptions[LIMIT_COUNTRIES])
{
    size_t count = node_conf_subscription_count(conf);
    CHECK(count <= LIMIT_COUNTRIES);
    for (size_t i = 0; i < count; i++)
        subscriptions[i] = node_conf_subscription(conf, i);
    return count;
}

/* A seed that is not there is no reason to stop: the store may hold a roster. */
static int read_seed(const struct node_conf *conf, struct buf *seed, struct err_note *note)
{
    int error = keyfile_slurp(conf->roster, LIMIT_ROSTER_BYTES, seed, note);
    if (error != ERR_NOT_FOUND)
        return error;
    log_event(LOG_WARN, "there is no roster file; the store's roster is used", "file", conf->roster, NULL);
    note->text[0] = '\0';
    return OK;
}

/* ---- reloading ---- */

static bool same_text(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool needs_restart(const struct node_conf *old, const struct node_conf *new)
{
    return !same_text(old->member, new->member) || !same_text(old->key, new->key) ||
        !same_text(old->authority, new->authority) || !same_text(old->store, new->store) ||
        !same_text(old->socket, new->socket) || !same_text(old->socket_group, new->socket_group) ||
        old->socket_mode != new->socket_mode || !same_text(old->console, new->console) ||
        !same_text(old->console_name, new->console_name) || !same_text(old->console_proxy, new->console_proxy) ||
        !same_text(old->console_certificate, new->console_certificate) ||
        !same_text(old->console_key, new->console_key);
}

static void reload_settings(struct daemon *daemon)
{
    struct err_note note = {""};
    struct node_conf *conf = NULL;
    int error = node_conf_load(daemon->config, &note, &conf);
    if (error != OK) {
        log_event(LOG_ERROR, "configuration not taken, the old one stays", "why", err_explain(&note, error), NULL);
        return;
    }
    if (needs_restart(daemon->conf, conf))
        log_event(LOG_WARN, "member, key, authority, store, socket and console change at the next start only", NULL);
    struct node_settings settings = settings_of(conf);
    log_setup(PROGRAM, conf->log_level, conf->log_format);
    node_change_settings(daemon->node, &settings);
    hook_link_conf(daemon->hooks, conf);
    node_conf_free(daemon->conf);
    daemon->conf = conf;
}

static void reload_roster(struct daemon *daemon)
{
    struct err_note note = {""};
    struct buf seed;
    buf_init(&seed);
    int error = keyfile_slurp(daemon->conf->roster, LIMIT_ROSTER_BYTES, &seed, &note);
    if (error == OK)
        error = node_bring_roster(daemon->node, buf_slice(&seed),
                                  node_now(daemon->node, clock_wall_us(), clock_steady_us()), &note);
    buf_free(&seed);
    if (error == ERR_EXISTS || error == ERR_ROLLBACK)
        log_event(LOG_INFO, "the roster file is not newer than the roster in force", NULL);
    else if (error != OK)
        log_event(LOG_ERROR, "roster not taken, the old one stays", "why", err_explain(&note, error), NULL);
}

static void on_reload(void *ctx)
{
    struct daemon *daemon = ctx;
    (void)!loop_notify("RELOADING=1");
    reload_settings(daemon);
    reload_roster(daemon);
    on_touched(daemon);
    (void)!loop_notify("READY=1");
}

static void on_stop(void *ctx)
{
    struct daemon *daemon = ctx;
    log_event(LOG_INFO, "stopping", NULL);
    loop_stop(daemon->loop);
}

/* ---- building ---- */

static int build_loop(struct daemon *daemon)
{
    int error = loop_new(&daemon->loop);
    if (error == OK)
        error = loop_signals(daemon->loop, on_stop, on_reload, daemon);
    if (error == OK)
        error = loop_timer_new(daemon->loop, on_flush, daemon, &daemon->flush);
    if (error == OK)
        error = loop_timer_new(daemon->loop, on_tick, daemon, &daemon->tick);
    if (error == OK)
        error = zlink_context_new(daemon->loop, SOCKETS, &daemon->context);
    if (error == OK)
        error = node_link_new(daemon->context, on_touched, daemon, &daemon->links);
    if (error == OK)
        error = hook_link_new(daemon->loop, on_touched, daemon, &daemon->hooks);
    if (error == OK && daemon->helper != NULL)
        error = helper_attach(daemon->helper, daemon->loop);
    return error == OK ? node_events_new(daemon->loop, &daemon->events) : error;
}

/* Keys and database are the core's from the call of node_open, whatever becomes of it. */
static int open_core(struct daemon *daemon, struct node_setup *setup, struct err_note *note)
{
    const char *subscriptions[LIMIT_COUNTRIES];
    setup->settings = settings_of(daemon->conf);
    setup->settings.subscriptions = subscriptions;
    setup->settings.subscription_count = list_subscriptions(daemon->conf, subscriptions);
    setup->io = (struct node_io){daemon, send_message, on_relays_changed, on_event, on_failed, look};
    setup->loop = loop_uv(daemon->loop);
    setup->now_us = daemon->started_us;
    int error = db_open(daemon->conf->store, vault_schema(), daemon->conf->member, note, &setup->db);
    if (error != OK)
        return error;
    setup->keys = daemon->keys;
    setup->previous = daemon->previous;
    daemon->keys = NULL;
    error = node_open(setup, note, &daemon->node);
    if (error == OK)
        node_events_attach(daemon->events, daemon->node);
    key_set_free(daemon->previous);
    daemon->previous = NULL;
    return error;
}

static int build_core(struct daemon *daemon, struct err_note *note)
{
    struct node_setup setup = {.keys = NULL};
    struct buf seed;
    buf_init(&seed);
    int error = roster_trust_read(daemon->conf->authority, note, &setup.trust);
    if (error == OK)
        error = read_seed(daemon->conf, &seed, note);
    if (error == OK) {
        setup.roster_seed = buf_slice(&seed);
        error = open_core(daemon, &setup, note);
    }
    buf_free(&seed);
    return error;
}

static const char *text_if_any(struct buf *text)
{
    return text->len > 0 ? buf_text(text) : NULL;
}

static int read_tls(struct daemon *daemon, struct err_note *note)
{
    const struct node_conf *conf = daemon->conf;
    int error = OK;
    if (conf->console_certificate != NULL)
        error = keyfile_slurp(conf->console_certificate, PEM_MAX, &daemon->certificate, note);
    if (error == OK && conf->console_key != NULL)
        error = keyfile_slurp(conf->console_key, PEM_MAX, &daemon->private_key, note);
    return error;
}

static int open_console(struct daemon *daemon, struct err_note *note)
{
    const struct node_console_sources sources = {
        .node = daemon->node, .links = daemon->links, .api = daemon->api, .events = daemon->events};
    int error = read_tls(daemon, note);
    const struct node_console_conf conf = {
        .names = {.address = daemon->conf->console,
                  .name = daemon->conf->console_name,
                  .proxy = daemon->conf->console_proxy,
                  .tls = daemon->certificate.len > 0},
        .certificate = text_if_any(&daemon->certificate),
        .private_key = text_if_any(&daemon->private_key),
    };
    return error == OK ? node_console_open(daemon->loop, &conf, &sources, note, &daemon->console) : error;
}

static int build_listeners(struct daemon *daemon, struct err_note *note)
{
    const struct node_conf *conf = daemon->conf;
    const struct node_api_conf api = {
        .loop = daemon->loop,
        .path = conf->socket,
        .mode = conf->socket_mode,
        .group = conf->socket_group,
        .node = daemon->node,
        .events = daemon->events,
        .helper = daemon->helper,
        .started_us = daemon->started_us,
        .touched = on_touched,
        .ctx = daemon,
    };
    int error = node_api_open(&api, note, &daemon->api);
    return error != OK || conf->console == NULL ? error : open_console(daemon, note);
}

static int build(struct daemon *daemon, struct err_note *note)
{
    if (strcmp(daemon->conf->member, daemon->keys->id) != 0)
        return err_set(note, ERR_CONFIG, "%s: is the key of %s, and the configuration is for %s", daemon->conf->key,
                       daemon->keys->id, daemon->conf->member);
    int error = build_loop(daemon);
    if (error == OK)
        error = build_core(daemon, note);
    if (error == OK)
        error = build_listeners(daemon, note);
    if (error != OK)
        return error;
    node_link_attach(daemon->links, daemon->node);
    hook_link_conf(daemon->hooks, daemon->conf);
    hook_link_attach(daemon->hooks, daemon->node);
    loop_timer_every(daemon->tick, TICK_MS);
    return OK;
}

/* ---- the end ---- */

static bool is_idle(void *ctx)
{
    const struct daemon *daemon = ctx;
    return daemon->status != 0 || node_api_is_idle(daemon->api);
}

static bool never(void *ctx)
{
    (void)ctx;
    return false;
}

/* What people were doing gets its commit and its answer. */
static void drain(struct daemon *daemon)
{
    node_api_stop(daemon->api);
    if (daemon->console != NULL)
        node_console_stop(daemon->console);
    on_flush(daemon);
    (void)!loop_run_until(daemon->loop, is_idle, daemon, DRAIN_MS);
}

/* From here on events and messages that still come find no core. */
static void close_core(struct daemon *daemon)
{
    struct node *node = daemon->node;
    loop_timer_stop(daemon->tick);
    loop_timer_stop(daemon->flush);
    node_api_close(daemon->api);
    node_console_close(daemon->console);
    node_events_free(daemon->events);
    daemon->api = NULL;
    daemon->events = NULL;
    daemon->node = NULL;
    node_link_detach(daemon->links);
    hook_link_free(daemon->hooks);
    daemon->hooks = NULL;
    node_close(node);
    (void)!loop_run_until(daemon->loop, never, NULL, FAREWELL_MS);
}

static void end(struct daemon *daemon)
{
    if (daemon->node != NULL && daemon->api != NULL)
        drain(daemon);
    if (daemon->node != NULL)
        close_core(daemon);
    node_events_free(daemon->events);
    hook_link_free(daemon->hooks);
    node_link_free(daemon->links);
    if (daemon->context != NULL)
        zlink_context_free(daemon->context);
    helper_free(daemon->helper);
    if (daemon->loop != NULL) {
        loop_timer_free(daemon->tick);
        loop_timer_free(daemon->flush);
        loop_turn(daemon->loop);
        loop_free(daemon->loop);
    }
    if (daemon->private_key.data != NULL)
        seal_wipe(daemon->private_key.data, daemon->private_key.capacity);
    buf_free(&daemon->private_key);
    buf_free(&daemon->certificate);
    key_set_free(daemon->keys);
    key_set_free(daemon->previous);
    node_conf_free(daemon->conf);
}

int node_daemon_run(const struct node_daemon_setup *setup)
{
    struct daemon daemon = {.config = setup->config,
                            .conf = setup->conf,
                            .keys = setup->keys,
                            .previous = setup->previous,
                            .helper = setup->helper,
                            .started_us = clock_wall_us()};
    struct err_note note = {""};
    buf_init(&daemon.certificate);
    buf_init(&daemon.private_key);
    int error = build(&daemon, &note);
    if (error != OK) {
        log_event(LOG_ERROR, "cannot start", "error", err_name(error), "why", err_explain(&note, error), NULL);
        end(&daemon);
        return err_exit_status(error);
    }
    log_event(LOG_INFO, "serving", "member", daemon.conf->member, "socket", daemon.conf->socket, "console",
              daemon.conf->console != NULL ? daemon.conf->console : "none", NULL);
    (void)!loop_notify("READY=1");
    loop_run(daemon.loop);
    (void)!loop_notify("STOPPING=1");
    end(&daemon);
    log_event(LOG_INFO, "stopped", NULL);
    return daemon.status;
}
