/* node_view_status: this node, the members of the roster, subscriptions. What relays say unsigned is marked so by the
 * schema. */
#include <string.h>

#include "node/node_view.h"
#include "proto/clock.h"
#include "proto/country.h"
#include "proto/mapper.h"

static const char *standing_name(Hotline__Standing__Code standing)
{
    return mapper_code_name(&hotline__standing__code__descriptor, (int)standing);
}

/* ---- subscriptions ---- */

static void set_card_countries(struct jdoc *view, const char *key, const struct card *card)
{
    struct jdoc *countries = jdoc_set_doc(view, key, jdoc_array());
    for (int i = 0; card != NULL && i < COUNTRY_COUNT; i++)
        if (card_subscribes(card, i))
            jdoc_add_text(countries, country_code(i));
}

static const struct card *own_card(const struct node *node)
{
    const struct directory *directory = node_directory(node);
    return directory->has_own_card ? &directory->own_card : NULL;
}

struct jdoc *node_view_subscriptions(const struct node *node)
{
    const Hotline__Member *self = directory_self(node_directory(node));
    struct jdoc *view = jdoc_object();
    set_card_countries(view, "countries", own_card(node));
    node_view_set_texts(view, "may_subscribe", self != NULL ? self->may_subscribe : NULL,
                        self != NULL ? self->n_may_subscribe : 0);
    jdoc_set_text(view, "country", self != NULL ? self->country : node_directory(node)->keys->country);
    return view;
}

/* ---- members ---- */

static void set_card(struct jdoc *view, const struct card *card)
{
    set_card_countries(view, "subscriptions", card);
    node_view_set_time_if(view, "key_expires_at", card->not_after_us);
}

static struct jdoc *view_member(const struct node *node, size_t index, int64_t now_us)
{
    const struct directory *directory = node_directory(node);
    const struct directory_member *known = &directory->members[index];
    const Hotline__Member *member = roster_member(directory->roster, index);
    bool self = index == directory->self;
    struct jdoc *view = jdoc_object();
    jdoc_set_text(view, "id", member->id);
    jdoc_set_text(view, "country", member->country);
    jdoc_set_text(view, "name", member->name);
    jdoc_set_text(view, "role", mapper_code_name(&hotline__role__code__descriptor, (int)member->role));
    jdoc_set_text(view, "standing", standing_name(roster_standing(directory->roster, index, now_us)));
    jdoc_set_bool(view, "self", self);
    node_view_set_texts(view, "languages", member->languages, member->n_languages);
    node_view_set_text_if(view, "phone", member->emergency_phone);
    node_view_set_texts(view, "may_subscribe", member->may_subscribe, member->n_may_subscribe);
    if (self && directory->has_own_card)
        set_card(view, &directory->own_card);
    else if (!self && known->has_card)
        set_card(view, &known->card);
    if (member->has_accredited_until_us)
        node_view_set_time(view, "accredited_until", member->accredited_until_us);
    jdoc_set_bool(view, "connected", known->connected);
    jdoc_set_bool(view, "armed", known->armed_consoles > 0);
    jdoc_set_int(view, "armed_consoles", known->armed_consoles);
    struct jdoc *duty = jdoc_set_doc(view, "duty_languages", jdoc_array());
    for (size_t i = 0; i < known->duty_language_count; i++)
        jdoc_add_text(duty, known->duty_languages[i]);
    return view;
}

struct jdoc *node_view_members(const struct node *node, int64_t now_us)
{
    struct jdoc *view = jdoc_object();
    struct jdoc *items = jdoc_set_doc(view, "items", jdoc_array());
    for (size_t i = 0; i < roster_member_count(node_directory(node)->roster); i++)
        jdoc_add_doc(items, view_member(node, i, now_us));
    return view;
}

/* ---- status ---- */

static void set_self(const struct node *node, struct jdoc *view, int64_t now_us)
{
    const struct directory *directory = node_directory(node);
    const Hotline__Member *self = directory_self(directory);
    jdoc_set_text(view, "member", directory->keys->id);
    jdoc_set_text(view, "country", self != NULL ? self->country : directory->keys->country);
    jdoc_set_text(view, "name", self != NULL ? self->name : directory->keys->name);
    jdoc_set_text(view, "standing", standing_name(directory_standing(directory, now_us)));
    node_view_set_hex(view, "store_id", slice_of(vault_store_id(directory->vault)->bytes, KEY_UUID_BYTES));
    jdoc_set_text(view, "version", NODE_SOFTWARE);
}

static void set_roster(const struct node *node, struct jdoc *view)
{
    const struct roster *roster = node_directory(node)->roster;
    jdoc_set_int(view, "roster_version", (int64_t)roster_version(roster));
    node_view_set_hex(view, "roster_hash", slice_of(roster_hash(roster)->bytes, KEY_HASH_BYTES));
    node_view_set_time(view, "roster_expires_at", roster_expires_us(roster));
    const struct roster_signers *signers = roster_signers(roster);
    struct jdoc *ids = jdoc_set_doc(view, "roster_signers", jdoc_array());
    for (size_t i = 0; i < signers->count; i++) {
        char hex[2 * KEY_ID_BYTES + 1];
        buf_hex(slice_of(signers->ids[i].bytes, KEY_ID_BYTES), hex);
        jdoc_add_text(ids, hex);
    }
}

static const char *endpoint_of(const struct node *node, const char *relay)
{
    const struct roster *roster = node_directory(node)->roster;
    size_t index = roster_find_relay(roster, relay);
    if (index == ROSTER_NONE || roster_relay(roster, index)->n_endpoints == 0)
        return NULL;
    return roster_relay(roster, index)->endpoints[0];
}

static struct jdoc *view_uplink(const struct node *node, size_t slot)
{
    const struct uplink *uplink = node_uplink(node, slot);
    struct jdoc *view = jdoc_object();
    jdoc_set_text(view, "id", uplink->relay);
    jdoc_set_text(view, "state", uplink_state_label(uplink->state));
    node_view_set_time(view, "since", uplink->since_us);
    node_view_set_text_if(view, "endpoint", endpoint_of(node, uplink->relay));
    if (uplink->round_trip_us >= 0)
        jdoc_set_real(view, "round_trip_ms", (double)uplink->round_trip_us / 1000);
    else
        jdoc_set_null(view, "round_trip_ms");
    if (uplink->has_skew)
        jdoc_set_int(view, "clock_skew_ms", uplink->skew_us / CLOCK_MS_US);
    else
        jdoc_set_null(view, "clock_skew_ms");
    if (uplink->roster_version != 0)
        jdoc_set_int(view, "roster_version", (int64_t)uplink->roster_version);
    else
        jdoc_set_null(view, "roster_version");
    jdoc_set_int(view, "outbox", (int64_t)node_waiting_at(node, slot));
    node_view_set_text_if(view, "reason", uplink->reason);
    return view;
}

static bool is_acknowledged(const struct cases *cases, const struct case_entry *entry)
{
    return entry->acknowledged_at_us != 0 &&
        entry->acknowledged_revision >= cases_newest(cases, entry)->header->revision;
}

static struct jdoc *view_pending(const struct node *node)
{
    struct jdoc *array = jdoc_array();
    const struct node_pending *pending;
    for (size_t i = 0; (pending = node_pending(node, i)) != NULL; i++) {
        const Hotline__Member *sender = node_view_member(node, pending->sender, NULL);
        struct jdoc *one = jdoc_add_doc(array, jdoc_object());
        jdoc_set_text(one, "member", pending->sender);
        node_view_set_text_if(one, "urgency",
                              mapper_code_name(&hotline__urgency__code__descriptor, (int)pending->urgency));
        node_view_set_time(one, "since", pending->since_us);
        jdoc_set_int(one, "count", pending->count);
        jdoc_set_text(one, "relay", pending->relay);
        if (sender != NULL)
            node_view_set_text_if(one, "phone", sender->emergency_phone);
    }
    return array;
}

static void set_boxes(const struct node *node, struct jdoc *view, int64_t now_us)
{
    struct node_tally tally = node_view_tally(node, now_us);
    struct jdoc *inbox = jdoc_set_doc(view, "inbox", jdoc_object());
    jdoc_set_int(inbox, "open", tally.received_open);
    jdoc_set_int(inbox, "unacknowledged", tally.unacknowledged);
    jdoc_set_int(inbox, "total", tally.received);
    jdoc_set_doc(inbox, "pending", view_pending(node));
    jdoc_set_int(view, "sent_open", tally.sent_open);
    jdoc_set_int(view, "late", tally.late);
    jdoc_set_int(view, "outbox", (int64_t)node_outbox_size(node));
}

static void set_disk(const struct node *node, struct jdoc *view)
{
    struct vault *vault = node_directory(node)->vault;
    int64_t free_bytes = store_counters(vault_store(vault)).free_bytes;
    if (free_bytes > 0 && free_bytes < INT64_MAX)
        jdoc_set_int(view, "disk_free_bytes", free_bytes);
    else
        jdoc_set_null(view, "disk_free_bytes");
}

static void set_warnings(const struct node *node, struct jdoc *view, int64_t now_us)
{
    struct node_warning warnings[NODE_WARNINGS_MAX];
    size_t count = node_warnings(node, now_us, warnings, NODE_WARNINGS_MAX);
    struct jdoc *array = jdoc_set_doc(view, "warnings", jdoc_array());
    for (size_t i = 0; i < count && i < NODE_WARNINGS_MAX; i++) {
        struct jdoc *one = jdoc_add_doc(array, jdoc_object());
        jdoc_set_text(one, "code", warnings[i].code);
        jdoc_set_text(one, "text", warnings[i].text);
    }
}

static void set_words(struct jdoc *part, const char *key, unsigned set)
{
    struct jdoc *words = jdoc_set_doc(part, key, jdoc_array());
    unsigned bit;
    const char *word;
    for (int i = 0; (word = approval_word(i, &bit)) != NULL; i++)
        if ((set & bit) != 0)
            jdoc_add_text(words, word);
}

static void set_approval(struct jdoc *view, const struct approval_policy *policy)
{
    struct jdoc *part = jdoc_set_doc(view, "approval", jdoc_object());
    set_words(part, "required", policy->required);
    set_words(part, "advised", policy->advised);
    jdoc_set_text(part, "by", policy->by_supervisor ? "SUPERVISOR" : "ANYBODY");
}

struct jdoc *node_view_status(const struct node *node, int64_t started_us, int64_t now_us)
{
    struct jdoc *view = jdoc_object();
    set_self(node, view, now_us);
    node_view_set_time(view, "started_at", started_us);
    set_roster(node, view);
    struct jdoc *relays = jdoc_set_doc(view, "relays", jdoc_array());
    for (size_t slot = 0; slot < node_uplink_count(node); slot++)
        jdoc_add_doc(relays, view_uplink(node, slot));
    set_card_countries(view, "subscriptions", own_card(node));
    set_boxes(node, view, now_us);
    jdoc_set_int(view, "clock_offset_ms", node_clock_offset_us(node) / CLOCK_MS_US);
    set_disk(node, view);
    set_approval(view, node_approval_policy(node));
    set_warnings(node, view, now_us);
    return view;
}

/* ---- what the configuration says ---- */

static void set_seconds(struct jdoc *part, const char *name, int64_t us)
{
    jdoc_set_int(part, name, us / CLOCK_SECOND_US);
}

static void set_retention(struct jdoc *view, const struct node_settings *settings)
{
    struct jdoc *part = jdoc_set_doc(view, "retention", jdoc_object());
    set_seconds(part, "closed_after_ack", settings->closed_after_ack_us);
    set_seconds(part, "closed_latest", settings->closed_latest_us);
    set_seconds(part, "sent_in_error_after_ack", settings->error_after_ack_us);
    set_seconds(part, "sent_in_error_latest", settings->error_latest_us);
    set_seconds(part, "notes", settings->notes_us != 0 ? settings->notes_us : LIMIT_NOTES_LIFE_US);
    set_seconds(part, "drafts", LIMIT_DRAFT_LIFE_US);
}

static void set_waking(struct jdoc *view, const struct node_settings *settings)
{
    static const char *const names[ESCALATION_STEPS] = {"first", "second", "third"};
    struct jdoc *deadlines = jdoc_set_doc(view, "deadlines", jdoc_object());
    set_seconds(deadlines, "delivered", settings->deadline_delivered_us);
    set_seconds(deadlines, "shown", settings->deadline_shown_us);
    set_seconds(deadlines, "acknowledged", settings->deadline_acknowledged_us);
    struct jdoc *part = jdoc_set_doc(view, "escalation", jdoc_object());
    for (int i = 0; i < ESCALATION_STEPS; i++)
        set_seconds(part, names[i], settings->escalation.after_us[i]);
    jdoc_set_bool(part, "drills", settings->escalation.drills);
    jdoc_set_bool(part, "mail", settings->escalate_mail);
    jdoc_set_bool(part, "command", settings->escalate_command);
}

struct jdoc *node_view_settings(const struct node *node)
{
    const struct node_settings *settings = node_settings(node);
    struct jdoc *view = jdoc_object();
    set_retention(view, settings);
    set_seconds(view, "retention_most", 30 * CLOCK_DAY_US);
    set_waking(view, settings);
    set_approval(view, &settings->approval);
    struct jdoc *sessions = jdoc_set_doc(view, "sessions", jdoc_object());
    set_seconds(sessions, "idle", LIMIT_SESSION_IDLE_US);
    set_seconds(sessions, "life", LIMIT_SESSION_LIFE_US);
    struct jdoc *poster = jdoc_set_doc(view, "poster", jdoc_object());
    jdoc_set_text(poster, "phone", node_poster_phone(node));
    return view;
}

/* ---- the tally ---- */

static void count_received(const struct node *node, const struct case_entry *entry, int64_t now_us,
                           struct node_tally *tally)
{
    bool open = node_state(node, entry, now_us) == CASE_OPEN;
    tally->received++;
    tally->received_open += open;
    tally->unacknowledged += open && !is_acknowledged(node_cases(node), entry);
}

static void count_sent(const struct node *node, const struct case_entry *entry, int64_t now_us,
                       struct node_tally *tally)
{
    const struct item *newest = cases_newest(node_cases(node), entry);
    if (node_state(node, entry, now_us) != CASE_OPEN)
        return;
    tally->sent_open++;
    for (size_t i = 0; i < newest->ladder_count; i++)
        tally->late += node_view_is_late(&newest->ladder[i]);
}

struct node_tally node_view_tally(const struct node *node, int64_t now_us)
{
    const struct cases *cases = node_cases(node);
    struct node_tally tally = {0};
    for (size_t i = 0; i < cases->count; i++) {
        const struct case_entry *entry = cases->order[i];
        if (cases_newest(cases, entry) == NULL)
            continue;
        (entry->mine ? count_sent : count_received)(node, entry, now_us, &tally);
    }
    return tally;
}
