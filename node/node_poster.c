/* node_poster: posters of cases that the public may see, and the duty to take them down. What may hang is decided by
 * the case of now, whoever opened it. */
#include <string.h>

#include "node/node_inner.h"
#include "node/node_make.h"

const struct posters *node_posters(const struct node *node)
{
    return &node->posters;
}

const char *node_poster_phone(const struct node *node)
{
    return node->settings.poster_phone[0] != '\0' ? node->settings.poster_phone : "116 000";
}

static bool is_public(const struct node *node, const struct case_entry *entry)
{
    const struct item *shown = entry->erased ? NULL : cases_shown(&node->cases, entry);
    const Hotline__EnvelopeBody *body = shown != NULL ? item_content(shown) : NULL;
    return body != NULL && body->content_case == HOTLINE__ENVELOPE_BODY__CONTENT_ALERT &&
        body->alert->publicity != NULL && body->alert->publicity->level == HOTLINE__PUBLICITY_LEVEL__CODE__PUBLIC;
}

static int check_may_hang(const struct node *node, const struct case_entry *entry, int64_t now_us,
                          struct err_note *note)
{
    enum case_state state = node_state(node, entry, now_us);
    if (state != CASE_OPEN)
        return err_set(note, ERR_STATE, "%s is %s: there is no poster of it any more", entry->reference,
                       cases_state_name(state));
    if (!is_public(node, entry))
        return err_set(note, ERR_POLICY, "case.publicity.level: %s may not be shown to the public: it is not PUBLIC",
                       entry->reference);
    return OK;
}

bool node_poster_must_go(const struct node *node, const struct poster *poster, int64_t now_us)
{
    const struct case_entry *entry = cases_find(&node->cases, &poster->case_key);
    return poster->withdrawn_at_us == 0 && (entry == NULL || check_may_hang(node, entry, now_us, NULL) != OK);
}

int node_poster_new(struct node *node, const struct case_entry *entry, struct poster *wish, int64_t now_us,
                    struct err_note *note, struct poster **ret_poster)
{
    int result = check_may_hang(node, entry, now_us, note);
    if (result == OK)
        result = node_check_disk(node, note);
    wish->case_key = entry->key;
    wish->at_us = now_us;
    return result == OK ? posters_add(&node->posters, node->vault, wish, note, ret_poster) : result;
}

uint64_t node_poster_withdrawn(struct node *node, struct poster *poster, const char *by, int64_t now_us)
{
    if (poster->withdrawn_at_us != 0)
        return poster->ticket;
    poster->withdrawn_at_us = now_us;
    snprintf(poster->withdrawn_by, sizeof poster->withdrawn_by, "%s", by);
    return posters_save(node->vault, poster);
}

struct node_poster_count node_poster_count(const struct node *node, const struct case_entry *entry, int64_t now_us)
{
    struct node_poster_count count = {0};
    const struct posters *posters = &node->posters;
    for (size_t i = 0; i < posters->count; i++) {
        if (memcmp(posters->list[i]->case_key.bytes, entry->key.bytes, sizeof entry->key.bytes) != 0)
            continue;
        count.registered++;
        count.withdraw += node_poster_must_go(node, posters->list[i], now_us);
    }
    return count;
}

/* All of a case at once, so that it is told once. */
static void tell_case(struct node *node, const struct case_entry *entry, int64_t now_us)
{
    struct node_event event = {.type = NODE_POSTER_WITHDRAW, .at_us = now_us, .entry = entry};
    struct posters *posters = &node->posters;
    uint64_t ticket = 0;
    for (size_t i = 0; i < posters->count; i++) {
        struct poster *poster = posters->list[i];
        if (poster->withdrawn_at_us != 0 ||
            memcmp(poster->case_key.bytes, entry->key.bytes, sizeof entry->key.bytes) != 0)
            continue;
        poster->told = true;
        ticket = posters_save(node->vault, poster);
        event.state++;
    }
    node_hold_event(node, ticket, &event);
}

void node_watch_posters(struct node *node, int64_t now_us)
{
    struct posters *posters = &node->posters;
    for (size_t i = 0; i < posters->count; i++) {
        struct poster *poster = posters->list[i];
        const struct case_entry *entry = cases_find(&node->cases, &poster->case_key);
        if (poster->withdrawn_at_us != 0 || entry == NULL || cases_newest(&node->cases, entry) == NULL)
            continue;
        bool goes = node_poster_must_go(node, poster, now_us);
        if (goes && !poster->told) {
            tell_case(node, entry, now_us);
        } else if (!goes && poster->told) { /* it was closed by mistake: its end will be told again */
            poster->told = false;
            posters_save(node->vault, poster);
        }
    }
}
