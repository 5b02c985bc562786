/*
 * node - the orchestrator: draft -> seal -> outbox -> uplinks; frame -> open -> inbox -> event. Read node.c first.
 *
 * Pure of sockets: bytes, a clock and commits come in, messages and events go out through struct node_io. Every
 * function takes now_us (wall clock, us); retries use steady_us. Memory decides; answers, events and sendings wait for
 * the commit. After each input (or once per turn of the loop) call node_flush.
 */
#ifndef NODE_NODE_H
#define NODE_NODE_H

#include "node/approval.h"
#include "node/cases.h"
#include "node/directory.h"
#include "node/dispatch.h"
#include "node/escalation.h"
#include "node/hooks.h"
#include "node/uplink.h"
#include "proto/jdoc.h"

struct node;

#define NODE_SOFTWARE "hotline-node 0.1.0"

/* What happened, told after its commit. Pointers are valid during the call. */
enum node_event_type {
    NODE_CASE_RECEIVED,
    NODE_CASE_UPDATED,
    NODE_CASE_CLOSED,
    NODE_CASE_RETRACTED,
    NODE_CASE_EXPIRING, /* of our own: a quarter of its validity is left, or six hours */
    NODE_CASE_EXPIRED,
    NODE_CASE_REVIEW,      /* of our own: its review time is there */
    NODE_CASE_ESCALATED,   /* received, IMMEDIATE, and nobody here answered in time: by another way than the console */
    NODE_CASE_BREAK_GLASS, /* of our own: opened without the second person that it needed */
    NODE_CASE_CONFLICT,    /* of our own: a revision that this node did not know stands over its own of that number */
    NODE_REPLY_RECEIVED,
    NODE_REFERRAL_RECEIVED,
    NODE_LADDER_CHANGED,
    NODE_RELAY_ACCEPTED,
    NODE_RELAY_REFUSED,
    NODE_RELAY_STATE,
    NODE_ROSTER_CHANGED,
    NODE_MEMBERS_CHANGED,
    NODE_POSTER_WITHDRAW, /* a case is over, or not public any more, and posters of it hang; state: how many */
    NODE_DRILL_SENT,      /* a scheduled drill: in time; entry: its case */
    NODE_DRILL_MISSED,
    NODE_DRILL_REFUSED,
    NODE_DRAFTS_CHANGED, /* an approval was given or taken back */
    NODE_NOTES_CHANGED,  /* handover notes: one more, or one less */
    NODE_ALARM
};
struct node_event {
    enum node_event_type type;
    int64_t at_us;
    const struct case_entry *entry; /* NULL when it is about no case */
    const struct item *item;        /* the revision or reply; NULL */
    const struct ladder_row *row;   /* LADDER_CHANGED, ALARM */
    const struct item_relay *relay; /* RELAY_ACCEPTED, RELAY_REFUSED */
    const struct uplink *uplink;    /* RELAY_STATE */
    int state;             /* LADDER_CHANGED: the new one; ALARM: the state that is missing; CASE_ESCALATED: step */
    int64_t after_us;      /* since the item was committed here */
    uint64_t id;           /* of the journal, when it is told */
    struct key_uuid draft; /* DRAFTS_CHANGED, with state 1 approved, 0 taken back; DRILL_...: the drill's id */
};

/* What was found out about a photo of another member's: OK and its sides; ERR_SYNTAX, ERR_INVALID, ERR_LIMIT: it must
 * not be shown, the note says why; any other: nothing, ask again. */
typedef void node_look_done(void *ctx, int error, const struct err_note *note, uint32_t width, uint32_t height);

struct node_io {
    void *ctx;
    /* Hands one ZeroMQ message to the relay in this slot. ERR_AGAIN, ERR_UNREACHABLE: it was not taken. */
    int (*send)(void *ctx, size_t slot, struct slice message);
    /* The roster's relays are others now: slots, endpoints and keys are to be read anew (node_uplink...). */
    void (*relays_changed)(void *ctx);
    void (*event)(void *ctx, const struct node_event *event);
    /* The disk failed: stop the process. */
    void (*failed)(void *ctx, int error, const char *text);
    /* Has somebody look at a photo who can do nothing else; done runs once, not during the call and maybe after
     * node_close. An error at once: ask again, done does not run. NULL: nobody looks, and JPEG's first bytes suffice.
     */
    int (*look)(void *ctx, struct slice photo, node_look_done *done, void *done_ctx);
};

struct node_settings {
    int64_t deadline_delivered_us, deadline_shown_us, deadline_acknowledged_us;
    int64_t closed_after_ack_us, closed_latest_us; /* retention after a closing or expiry */
    int64_t error_after_ack_us, error_latest_us;   /* after a retraction: sent in error */
    int64_t notes_us;                              /* of handover notes; 0: LIMIT_NOTES_LIFE_US */
    int64_t encryption_key_life_us;
    int64_t disk_reserve_bytes;
    struct escalation_rule escalation;    /* all 0: nothing is escalated */
    bool escalate_mail, escalate_command; /* by these ways, besides webhooks that asked for it */
    struct hooks_policy hooks;
    struct approval_policy approval;
    char poster_phone[LIMIT_POSTER_PHONE_BYTES + 1]; /* "": 116 000 */
    size_t open_cases;                               /* of our own at a time; 0: LIMIT_OPEN_CASES */
    const char *const *subscriptions;                /* for the first card only; borrowed during node_open */
    size_t subscription_count;
};

struct node_setup {
    struct key_set *keys;           /* taken, also on failure */
    const struct key_set *previous; /* of the key file before, whose store this is; NULL. Borrowed during node_open */
    struct db *db;                  /* opened with vault_schema(); taken, also on failure */
    struct roster_trust trust;
    struct slice roster_seed; /* SignedRoster bytes, may be empty */
    struct node_settings settings;
    struct node_io io;
    struct uv_loop_s *loop; /* NULL: inline store, see node_store_step */
    int64_t now_us;
};

/* Loads the store, checks the keys against the roster, starts. ERR_MEMBER, ERR_KEY, ERR_CRYPTO, ERR_CORRUPT, ERR_NOMEM;
 * the note says what to do. */
int node_open(struct node_setup *setup, struct err_note *note, struct node **ret_node) MUST_CHECK;
/* Says Goodbye, commits what waits, closes. The loop must turn once more afterwards (see store_close). */
void node_close(struct node *node);
/* Once io.failed was told: half of a decision is in the tables, so nothing may be read from them, and nothing done. */
bool node_has_failed(const struct node *node);

/* The time for every now_us: the machine's clock without its jumps (timekeeper.h). Shells ask it once per input. */
int64_t node_now(struct node *node, int64_t wall_us, int64_t steady_us);

/* --- inputs --- */
void node_receive(struct node *node, size_t slot, struct slice message, int64_t now_us, int64_t steady_us);
/* UPLINK_LINK_UP, UPLINK_LINK_DOWN, UPLINK_KEY_REFUSED. */
void node_link(struct node *node, size_t slot, enum uplink_event event, int64_t now_us);
/* A few times a second: retries, silence, deadlines, rotation, expiry. */
void node_tick(struct node *node, int64_t now_us, int64_t steady_us);
/* Ends a turn: commits begin, and what may leave leaves. */
void node_flush(struct node *node, int64_t now_us, int64_t steady_us);
/* A roster file that an operator brought (SIGHUP). ERR_EXISTS when it is known. */
int node_bring_roster(struct node *node, struct slice signed_roster, int64_t now_us, struct err_note *note) MUST_CHECK;
void node_change_settings(struct node *node, const struct node_settings *settings);
/* Those of now. */
const struct node_settings *node_settings(const struct node *node);

/* --- what people do. Each returns once decided; its effect is on the disk when *ret_ticket is committed. --- */
struct node_draft {
    const Hotline__Case *content; /* passed case_check_sendable */
    bool exercise;
    const char *const *to; /* countries concerned */
    size_t to_count;
    bool restricted;
    const char *drill_id; /* EXERCISE only: the drill that it is part of; NULL: none */
    bool photos_given;    /* UPDATE: content's photos are all that it has; else it keeps those of before */
};
/* Who would get it. Names are borrowed from the roster. */
struct node_plan {
    struct route_set recipients; /* of the roster's indexes; route_set_done */
    uint16_t unreached[LIMIT_COUNTRIES];
    size_t unreached_count;
};
/* All of publishing's checks. ERR_POLICY, ERR_MEMBER, ERR_EXPIRED, ERR_LIMIT, ERR_DISK_FULL with a sentence. */
int node_plan(struct node *node, const struct node_draft *draft, int64_t now_us, struct err_note *note,
              struct node_plan *ret_plan) MUST_CHECK;
int node_publish(struct node *node, const struct node_draft *draft, int64_t now_us, struct err_note *note,
                 struct case_entry **ret_entry, uint64_t *ret_ticket) MUST_CHECK;
/* UPDATE: draft->to widens the route, draft->exercise and restricted are not looked at. */
int node_update(struct node *node, struct case_entry *entry, const struct node_draft *draft, int64_t now_us,
                struct err_note *note, uint64_t *ret_ticket) MUST_CHECK;
/* CLOSE (outcome of the closing) or RETRACT. The identity fields of closing are filled in here. */
int node_finish(struct node *node, struct case_entry *entry, Hotline__Act__Code act, Hotline__Closing *closing,
                int64_t now_us, struct err_note *note, uint64_t *ret_ticket) MUST_CHECK;
int node_acknowledge(struct node *node, struct case_entry *entry, const char *as, int64_t now_us, struct err_note *note,
                     uint64_t *ret_ticket) MUST_CHECK;
/* The newest revision of a case received stands on a screen before an armed console: said once, *ret_fresh then.
 * ERR_STATE: the revision is not the newest. */
int node_shown(struct node *node, struct case_entry *entry, int64_t revision, int64_t now_us, struct err_note *note,
               bool *ret_fresh) MUST_CHECK;
/* A person here will not deal with it: the publisher sees the code. ERR_STATE: it is declined or erased already. */
int node_decline(struct node *node, struct case_entry *entry, Hotline__DeclineCode__Code code, int64_t now_us,
                 struct err_note *note, uint64_t *ret_ticket) MUST_CHECK;
/* Passed reply_check. To the opener; an ANSWER, from the opener, to whoever wrote in_reply_to. ret_item (may be NULL):
 * the reply's item. */
int node_reply(struct node *node, struct case_entry *entry, Hotline__Reply *reply, int64_t now_us,
               struct err_note *note, const struct item **ret_item, uint64_t *ret_ticket) MUST_CHECK;
/* Appends a file (proto/sealed.h) with what is current of our own in a case: its newest revision, replies not answered
 * yet. to: with this member's grants alone; NULL: all. ERR_STATE, ERR_MEMBER (to holds no grant), ERR_LIMIT, ERR_NOMEM.
 */
int node_export(struct node *node, const struct case_entry *entry, const char *to, int64_t now_us,
                struct err_note *note, struct buf *out) MUST_CHECK;
/* Takes in such a file as if a relay had delivered it: all of it, or nothing; receipts are owed to every relay.
 * *ret_new: how many envelopes were not here yet. ERR_* of sealed_read; ERR_SIGNATURE, ERR_MEMBER, ERR_KEY,
 * ERR_DISPUTED, ERR_STATE. */
int node_import(struct node *node, struct slice file, int64_t now_us, struct err_note *note,
                struct case_entry **ret_entry, size_t *ret_new, uint64_t *ret_ticket) MUST_CHECK;
/* A parental abduction of our own to the mediators of its countries. request: what a person filled in; act, id and
 * reference are filled in here. ERR_STATE, ERR_POLICY (another category, it names the child, nobody would get it),
 * ERR_MISSING, ERR_LIMIT. */
int node_refer(struct node *node, struct case_entry *entry, Hotline__Referral *request, int64_t now_us,
               struct err_note *note, const struct item **ret_item, uint64_t *ret_ticket) MUST_CHECK;
struct node_referral_answer {
    bool accept;
    Hotline__ReferralDecline__Code decline; /* when it is not accepted */
    char *text;                             /* NULL: none; borrowed */
};
/* A mediator's answer to a request that it received; once. ERR_STATE, ERR_EXPIRED: the deadline is over. */
int node_answer_referral(struct node *node, const struct item *request, const struct node_referral_answer *answer,
                         int64_t now_us, struct err_note *note, const struct item **ret_item,
                         uint64_t *ret_ticket) MUST_CHECK;
/* The next answer to a request from *inout_at (0) on, oldest first; NULL beyond the last. */
const struct item *node_referral_answer(const struct item *request, size_t *inout_at);
/* True when a revision says that it replaces what it cannot: something of another case, one that is not before it, or
 * a hash under another number. What is not held here is believed. */
bool node_replaces_wrongly(const struct node *node, const struct item *item);
/* What ended a request: the opener's withdrawal; NULL while its case is not closed. */
const struct item *node_referral_withdrawal(const struct item *request);
/* A year's figures to every observer of the roster. ERR_POLICY: there is none. */
int node_send_statistics(struct node *node, Hotline__Statistics *statistics, int64_t now_us, struct err_note *note,
                         const struct item **ret_item, uint64_t *ret_ticket) MUST_CHECK;
/* The next opened item of a kind, ours or received, that is on the disk, from *inout_at (0) on, in no order; NULL
 * beyond the last. */
const struct item *node_next_item(const struct node *node, size_t *inout_at, Hotline__Kind__Code kind);
/* Cases that nobody has sent yet; what of them was erased is not there any more. */
struct drafts;
struct draft;
struct drafts_words;
struct accounts;
struct sessions;
struct audit;
struct journal;
const struct drafts *node_drafts(const struct node *node);
/* A new draft, or new words for one: a document that was checked; at_us is not looked at. Its ticket is the draft's.
 * ERR_LIMIT (their number), ERR_DISK_FULL with a sentence; ERR_NOMEM. */
int node_draft_new(struct node *node, const struct drafts_words *words, int64_t now_us, struct err_note *note,
                   struct draft **ret_draft) MUST_CHECK;
/* Names: LIMIT_NAME_BYTES at most. */
int node_draft_change(struct node *node, struct draft *draft, const struct drafts_words *words, int64_t now_us,
                      struct err_note *note) MUST_CHECK;
/* The policy, and who has read the words of now beside who wrote them (by NULL: takes that back). Returns the ticket.
 */
const struct approval_policy *node_approval_policy(const struct node *node);
uint64_t node_draft_approve(struct node *node, struct draft *draft, const char *by, int64_t now_us);
/* In which ways an update of this case, which has its revisions, would reach further: a set of APPROVAL_RECIPIENTS and
 * its like. Of the draft only content and to are looked at. */
unsigned node_update_widens(const struct node *node, const struct case_entry *entry, const struct node_draft *draft);
/* A case whose newest revision was made in this turn keeps who approved that, or who sent it without: then everybody
 * is told. second->revision is not looked at. Returns the ticket. */
uint64_t node_case_second(struct node *node, struct case_entry *entry, const struct case_second *second,
                          int64_t now_us);
/* Ends it: with what else is in this turn, as its case when it was sent. Frees it and returns the ticket. */
uint64_t node_draft_erase(struct node *node, struct draft *draft);
/* --- drills that are scheduled; the API sends what is due --- */
struct drill;
struct drills *node_drills(struct node *node);
/* Its state has changed: kept, and told, in the open turn; entry: the case that it became, or NULL. */
void node_drill_told(struct node *node, struct drill *drill, const struct case_entry *entry, int64_t now_us);

/* --- posters --- */
struct poster;
struct posters;
const struct posters *node_posters(const struct node *node);
/* The number that the public is to call. */
const char *node_poster_phone(const struct node *node);
/* Registers one; language, form and who of the wish count. ERR_STATE: the case is over; ERR_POLICY: it is not PUBLIC;
 * ERR_LIMIT, ERR_DISK_FULL with a sentence; ERR_NOMEM. */
int node_poster_new(struct node *node, const struct case_entry *entry, struct poster *wish, int64_t now_us,
                    struct err_note *note, struct poster **ret_poster) MUST_CHECK;
/* Its case is over or not public any more, and nobody has marked it as taken down. */
bool node_poster_must_go(const struct node *node, const struct poster *poster, int64_t now_us);
/* It was taken down; again is no error. Returns the ticket. */
uint64_t node_poster_withdrawn(struct node *node, struct poster *poster, const char *by, int64_t now_us);
struct node_poster_count {
    size_t registered, withdraw; /* withdraw: that must go */
};
struct node_poster_count node_poster_count(const struct node *node, const struct case_entry *entry, int64_t now_us);

/* --- handover notes --- */
struct note;
struct notes;
const struct notes *node_notes(const struct node *node);
/* A new note: a text that was checked, written by this account. Its ticket is the note's. ERR_LIMIT, ERR_DISK_FULL with
 * a sentence; ERR_NOMEM. */
int node_note_new(struct node *node, const struct note *wish, struct err_note *note, struct note **ret_note) MUST_CHECK;
/* Ends it and frees it. Returns the ticket. */
uint64_t node_note_erase(struct node *node, struct note *note);
/* How long notes are kept. */
int64_t node_notes_life(const struct node *node);

/* --- waking people: node_hook.c --- */
const struct hooks *node_hooks(const struct node *node);
const struct dispatches *node_dispatches(const struct node *node);
/* A receiver of webhooks; the one that is there when address and events are the same. Its ticket is the hook's.
 * ERR_EXISTS (the address, with other events), ERR_LIMIT, ERR_DISK_FULL with a sentence; those of hooks_check_url;
 * ERR_NOMEM. */
int node_hook_new(struct node *node, const struct hooks_wish *wish, struct err_note *note,
                  struct hook **ret_hook) MUST_CHECK;
/* Frees it; what waits for it fails. Returns the ticket. */
uint64_t node_hook_remove(struct node *node, struct hook *hook, int64_t now_us);
/* Something to send that says no more than that it is a test. ERR_NOMEM, ERR_LIMIT. */
int node_hook_test(struct node *node, const struct hook *hook, int64_t now_us,
                   struct dispatch **ret_dispatch) MUST_CHECK;
/* Sent once more, under its id. ERR_STATE: its webhook was removed, or it is under way. Its ticket is the dispatch's.
 */
int node_dispatch_again(struct node *node, struct dispatch *dispatch, int64_t now_us, struct err_note *note) MUST_CHECK;
/* For whoever sends: what is due, marked as under way; NULL. */
const struct dispatch *node_dispatch_take(struct node *node, int64_t now_us);
/* A try is over. Unknown ids are none of ours any more. */
void node_dispatch_done(struct node *node, const struct key_uuid *id, const struct dispatch_result *result,
                        int64_t now_us);
/* Consoles that are armed here; 0 at a start. */
void node_set_armed(struct node *node, size_t consoles);
/* The same, with the languages on duty (LIMIT_LANGUAGES at most, copied): relays hear it with the next tick. */
void node_set_duty(struct node *node, size_t consoles, const char *const *languages, size_t count);
/* Who may log in, who is, and the log of what they did: for the API, which puts changes into the open turn. */
struct accounts *node_accounts(struct node *node);
struct sessions *node_sessions(struct node *node);
struct audit *node_audit(struct node *node);
/* What happened here, for whoever missed it. */
const struct journal *node_journal(const struct node *node);
/* The whole new set. ERR_POLICY: the roster does not allow a country. */
int node_subscribe(struct node *node, const uint8_t subscriptions[LIMIT_COUNTRIES / 8], int64_t now_us,
                   struct err_note *note, uint64_t *ret_ticket) MUST_CHECK;
/* A verified copy of the store; done(ctx, error, text) on the loop. */
void node_backup(struct node *node, const char *path, void (*done)(void *ctx, int error, const char *text), void *ctx);

/* Runs fn(ctx) once ticket is committed: from a later node_flush, never inside this call, also when it is committed
 * already. So callers may finish what they are at first; shells end each turn with node_flush. */
void node_when(struct node *node, uint64_t ticket, void (*fn)(void *ctx), void *ctx);

/* --- for views --- */
const struct cases *node_cases(const struct node *node);
const struct directory *node_directory(const struct node *node);
size_t node_uplink_count(const struct node *node);
const struct uplink *node_uplink(const struct node *node, size_t slot);
/* Envelopes of our own that this relay has not answered. */
size_t node_waiting_at(const struct node *node, size_t slot);
/* Envelopes of our own that fewer than min(2, relays) relays accepted. */
size_t node_outbox_size(const struct node *node);
size_t node_accepted_needed(const struct node *node);
struct vault *node_vault(struct node *node);
/* The relays' median less the machine's clock; 0: no relay's word, and no jump. */
int64_t node_clock_offset_us(const struct node *node);
/* As cases_state, by the relays' time too: a case is over when both clocks say so. */
enum case_state node_state(const struct node *node, const struct case_entry *entry, int64_t now_us);
/* Relays that have taken this node's receipt ACKNOWLEDGED for the entry's newest revision. */
size_t node_acknowledgement_taken(const struct node *node, const struct case_entry *entry);
const struct item *node_item(const struct node *node, const struct key_uuid *id); /* of our own, by id; NULL */
/* Some sender's grant is awaited: the i-th such sender, NULL beyond the last. */
struct node_pending {
    char sender[LIMIT_ID_CHARS + 1];
    Hotline__Urgency__Code urgency;
    int64_t since_us;
    uint32_t count;
    char relay[LIMIT_ID_CHARS + 1];
};
const struct node_pending *node_pending(const struct node *node, size_t i);
/* Warnings for people, worst first: code and one sentence each. */
#define NODE_WARNINGS_MAX 32
struct node_warning {
    const char *code;
    char text[LIMIT_SENTENCE_BYTES + 1];
};
size_t node_warnings(const struct node *node, int64_t now_us, struct node_warning *out, size_t cap);
/* What an Idempotency-Key made; kept 24 h. */
struct node_idempotency {
    char key[129];
    struct key_hash request_hash;
    unsigned status;
    char location[192]; /* /v1/cases/MEMBER:REFERENCE */
    char of[128];       /* what the request made, in the API's words */
    int64_t until_us;
    uint64_t ticket; /* set by _put; 0 after a restart */
};
/* NULL: unknown, or past until_us. */
const struct node_idempotency *node_idempotency_find(const struct node *node, const char *key, int64_t now_us);
/* In the turn of the act, so that both commit together. Copies; ERR_NOMEM. */
int node_idempotency_put(struct node *node, const struct node_idempotency *record) MUST_CHECK;

struct node_counters {
    uint64_t received, duplicates, refused_in, unreadable, disputed, published, receipts_in, receipts_out, alarms,
        wrong_replaces;
};
/* Since the start. */
const struct node_counters *node_counters(const struct node *node);

#endif
