/*
 * node_view - the documents of docs/openapi.yaml, made from the core's memory. Reads; changes nothing.
 *
 * Every function gives a root (jdoc_free) and shows only what is on the disk. Field names, codes and which fields are
 * absent: docs/openapi.yaml, schema by schema. node_view.c holds the common parts and events, node_view_case.c what is
 * about cases, node_view_status.c what is about the node and the members.
 */
#ifndef NODE_NODE_VIEW_H
#define NODE_NODE_VIEW_H

#include "node/node.h"

/* --- schemas about cases. The entry must have a newest revision on the disk (cases_newest). --- */
struct jdoc *node_view_summary(const struct node *node, const struct case_entry *entry, int64_t now_us);
/* CaseView; `wait` is added by whoever waits. */
struct jdoc *node_view_case(const struct node *node, const struct case_entry *entry, int64_t now_us);
/* ThreadEntry of a reply's item. */
struct jdoc *node_view_thread_entry(const struct node *node, const struct item *item);
/* An array for the problem AMBIGUOUS. */
struct jdoc *node_view_candidates(const struct node *node, struct case_entry *const *entries, size_t count,
                                  int64_t now_us);
/* DryRun. */
struct jdoc *node_view_plan(const struct node *node, const struct node_draft *draft, const struct node_plan *plan,
                            int64_t now_us);

/* --- node_view_drill.c --- */

/* DrillReport of what was sent from here under this drill id ("": exercises that name none); NULL: nothing was. */
struct jdoc *node_view_drill_report(const struct node *node, const char *drill_id, int64_t now_us);
/* All of them without their rows, newest first; the last NODE_VIEW_DRILLS_MAX. */
#define NODE_VIEW_DRILLS_MAX 200
struct jdoc *node_view_drill_reports(const struct node *node, int64_t now_us);

/* --- node_view_draft.c --- */
/* The ways in which an update reaches further, as `widens`. */
void node_view_set_widens(struct jdoc *view, unsigned widens);
/* Draft; what the document's words are is the API's to have checked. */
struct draft;
struct jdoc *node_view_draft(const struct node *node, const struct draft *draft, int64_t now_us);
/* All of them, DraftSummary each, newest change first. */
struct jdoc *node_view_drafts(const struct node *node, int64_t now_us);

/* --- node_view_poster.c: Poster; those of a case, newest first, and how many must go --- */
struct poster;
struct jdoc *node_view_poster(const struct node *node, const struct poster *poster, int64_t now_us);
struct jdoc *node_view_posters(const struct node *node, const struct case_entry *entry, int64_t now_us);

/* --- node_view_note.c: Note; all of them, newest first --- */
struct note;
struct jdoc *node_view_note(const struct node *node, const struct note *note);
struct jdoc *node_view_notes(const struct node *node);

/* --- node_view_hook.c: Webhook, without its keys; Delivery --- */
struct jdoc *node_view_hook(const struct hook *hook);
struct jdoc *node_view_dispatch(const struct node *node, const struct dispatch *dispatch);

/* Settings: what the configuration in force says that people ask about. */
struct jdoc *node_view_settings(const struct node *node);
/* --- schemas about the node --- */
struct jdoc *node_view_status(const struct node *node, int64_t started_us, int64_t now_us);
struct jdoc *node_view_members(const struct node *node, int64_t now_us);
struct jdoc *node_view_subscriptions(const struct node *node);

/* What status and metrics count. */
struct node_tally {
    int64_t received, received_open, unacknowledged, sent_open;
    int64_t late; /* ladder rows of open cases of one's own whose deadline has passed */
};
struct node_tally node_view_tally(const struct node *node, int64_t now_us);

/* --- events --- */
/* "ladder.changed". */
const char *node_view_event_type(enum node_event_type type);
/* Event, under the id that it gets. */
struct jdoc *node_view_event(const struct node *node, const struct node_event *event, uint64_t id);

/* --- parts, for the files of this module --- */
void node_view_set_time(struct jdoc *object, const char *key, int64_t at_us);
/* The same, left out when at_us is 0. */
void node_view_set_time_if(struct jdoc *object, const char *key, int64_t at_us);
/* Left out when the text is NULL or empty. */
void node_view_set_text_if(struct jdoc *object, const char *key, const char *text);
void node_view_set_hex(struct jdoc *object, const char *key, struct slice bytes);
/* An array of texts under key. */
void node_view_set_texts(struct jdoc *object, const char *key, char *const *texts, size_t count);
/* The roster's entry of a member, and its index (ret_index may be NULL); NULL when the roster does not know it. */
const Hotline__Member *node_view_member(const struct node *node, const char *id, size_t *ret_index);
/* member, country and name, from the roster as far as it knows them. */
void node_view_set_member(const struct node *node, struct jdoc *object, const char *id);
const char *node_view_status_name(bool exercise);
const char *node_view_urgency_name(const struct item *item);
/* A deadline of this recipient has passed without its step. */
bool node_view_is_late(const struct ladder_row *row);
/* Everything about the item was committed. */
bool node_view_is_on_disk(const struct node *node, const struct item *item);

/* --- node_view_refer.c, node_view_figures.c --- */
/* Of the item of a request, ours or received. */
struct jdoc *node_view_referral(const struct node *node, const struct item *request, int64_t now_us);
/* What an act of ours made, other than a case: a ThreadEntry, a Referral, or who gets the figures. NULL: erased since.
 */
struct jdoc *node_view_sent(const struct node *node, const struct item *item, int64_t now_us);
struct node_view_year {
    unsigned year;
    bool in_house; /* nothing is suppressed: not for others' eyes */
    bool network;  /* of what the members sent to this observer, not of this store's cases */
};
/* Live and drills. ERR_NOMEM. */
int node_view_figures(const struct node *node, const struct node_view_year *query, int64_t now_us,
                      struct jdoc **ret_doc) MUST_CHECK;
/* This store's own of a year, not suppressed; figures_done in any case. ERR_NOMEM. */
struct figures;
int node_view_gather(const struct node *node, struct figures *figures) MUST_CHECK;

/* node_view_life.c */
/* Into a case's view: who has erased it and who is not known to have, and the cases that it continues as. */
void node_view_set_life(const struct node *node, struct jdoc *view, const struct case_entry *entry, int64_t now_us);

#endif
