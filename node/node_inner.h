/*
 * node_inner - what the files of the orchestrator share; node.c says which does what.
 */
#ifndef NODE_NODE_INNER_H
#define NODE_NODE_INNER_H

#include "node/accounts.h"
#include "node/audit.h"
#include "node/drafts.h"
#include "node/drills.h"
#include "node/evidence.h"
#include "node/gaps.h"
#include "node/journal.h"
#include "node/node.h"
#include "node/node_blob.h"
#include "node/notes.h"
#include "node/outlet.h"
#include "node/posters.h"
#include "node/sessions.h"
#include "node/timekeeper.h"

/* A signed thing that relays must still take: a receipt batch or an Unreadable. */
struct owed {
    struct receipt_name name;        /* first: the key of the table */
    char sender[LIMIT_ID_CHARS + 1]; /* whose envelopes it is about */
    struct buf signed_bytes;
    bool unreadable;
    int64_t made_at_us;
    uint64_t ticket;
    struct key_hash *hashes; /* of the envelopes */
    size_t hash_count;
    char (*relays)[LIMIT_ID_CHARS + 1]; /* that have not taken it */
    size_t relay_count;
};

/* One relay. */
struct node_link {
    struct uplink uplink;
    struct outlet outlet;
    struct buf out;                        /* frames of this turn */
    struct route_set present;              /* whom it says to be connected */
    bool suspected;                        /* it took an alert for a connected recipient that never answered ... */
    char suspected_of[LIMIT_ID_CHARS + 1]; /* ... this one */
    uint64_t card_said;                    /* serial of the own card that was sent in this session; 0 none */
    struct node_giving giving;             /* chunks of our photos that it asked for */
};

/* A receipt decided in this turn, not yet signed. */
struct fresh_receipt {
    char sender[LIMIT_ID_CHARS + 1];
    struct key_hash hash;
    int state, decline;
    int64_t backup_until_us; /* ERASED */
    bool late;
    uint32_t photos; /* of the revision's, that are here whole */
    int64_t at_us;
    size_t only; /* slot, or SIZE_MAX: all relays */
};

/* What waits for a commit. */
enum held_kind { HELD_TAKEN, HELD_EVENT, HELD_CALL, HELD_REISSUE };
struct held {
    uint64_t ticket;
    enum held_kind kind;
    char relay[LIMIT_ID_CHARS + 1]; /* TAKEN; RELAY events */
    struct receipt_name name;       /* TAKEN */
    struct node_event event;        /* EVENT: row and relay are found again by member and relay */
    struct uplink *uplink;          /* EVENT: as it was, owned; NULL */
    char member[LIMIT_ID_CHARS + 1];
    void (*fn)(void *ctx); /* CALL */
    void *ctx;
    struct case_entry *reissue; /* REISSUE */
};

/* Sent again later because the relay asked for it. */
struct delayed {
    char relay[LIMIT_ID_CHARS + 1];
    struct item *item;
    int64_t due_us; /* steady */
};

struct seen {
    uint8_t key[LIMIT_ID_CHARS + KEY_UUID_BYTES]; /* sender, id; first */
    struct key_hash hash, disputed;
    bool is_disputed;
    int64_t until_us;
};

struct sequence {
    char member[LIMIT_ID_CHARS]; /* first, NUL-padded */
    uint64_t last, saved;        /* saved: in a record of its own; the rows that are here say the rest */
    int64_t asked_us;            /* when it last asked for missing numbers; 0 never */
    uint32_t asked_by;           /* the links that carried the question since then, a bit each */
};

struct node {
    struct key_set *keys;
    struct vault *vault;
    struct directory directory;
    struct cases cases;
    struct node_io io;
    struct node_settings settings;
    struct lookup items; /* by hash: all */
    struct lookup own;   /* by id: mine */
    struct item **sent;  /* mine, by age */
    size_t sent_count, sent_capacity;
    struct dues alarms, promises; /* of mine: by the steady clock, by the wall clock */
    int64_t alarm_lead_us;        /* of the wall clock, when alarms were last set by it */
    struct lookup seen, sequences, idempotency, owed;
    struct seen *disputed[64]; /* of seen: the first so many that came with two contents, for people */
    size_t disputed_count;
    uint32_t reference_year, reference_last;
    struct node_link *links;
    size_t link_count;
    struct fresh_receipt *receipts;
    size_t receipt_count, receipt_capacity;
    struct held *held; /* a ring, in order of ticket */
    size_t held_head, held_count, held_capacity;
    struct delayed *delayed;
    size_t delayed_count, delayed_capacity;
    struct timekeeper keeper;
    struct evidence evidence;
    struct gaps gaps;
    struct node_pending pending[64];
    size_t pending_count;
    struct node_blobs blobs;
    struct drafts drafts;
    struct notes notes;
    struct posters posters;
    struct drills drills;
    struct hooks hooks;
    struct dispatches dispatches;
    size_t armed; /* consoles */
    char duty_languages[LIMIT_LANGUAGES][LIMIT_LANGUAGE_CHARS + 1];
    size_t duty_language_count;
    struct accounts accounts;
    struct sessions sessions;
    struct audit audit;
    struct journal journal;
    struct wire_arena arena, scratch;
    int64_t now_us, steady_us; /* of the last input: what commits bring is dated by them */
    int64_t opened_us, welcomed_us, ticked_us, checked_us, forgot_us, erased_us;
    int64_t backup_us;   /* wall: the last backup; 0 never */
    int64_t replaced_us; /* steady: when another node last took our place; 0 never */
    uint8_t first_subscriptions[LIMIT_COUNTRIES / 8];
    bool failed, closing;
    bool truncates; /* something was erased in this turn: the write-ahead log is truncated after it */
    struct node_counters counters;
};

/* Memory is ahead of the disk and cannot go back: nothing of this turn is written, nothing more is said, the process
 * stops and starts again from what is on the disk. */
void node_fail(struct node *node, int error, const char *text);
/* After a failure on an item's way into the tables: frees an item that they do not have, else node_fail. Returns the
 * error. */
int node_half_kept(struct node *node, struct item *item, int error);

/* node_reissue.c */
/* A revision of our own that lost against one that we did not know is sent again under the next number, and people are
 * told; over a closing they are only told. Nothing when none did. */
void node_reissue(struct node *node, struct case_entry *entry, int64_t now_us);
/* The same for all cases, at the first flush: after a start. */
void node_hold_reissues(struct node *node);

/* node_hold.c */
/* Gives the event its number, in the open turn; told when the ticket and the event itself are on the disk. */
void node_hold_event(struct node *node, uint64_t ticket, const struct node_event *event);
/* Ends the vault's turn, with the events that were held in it. */
void node_commit(struct node *node);
/* The case is looked at for a revision that lost (node_reissue). */
void node_hold_reissue(struct node *node, uint64_t ticket, struct case_entry *entry);
void node_hold_taken(struct node *node, uint64_t ticket, const struct node_link *link, struct receipt_name name);
/* Tells what is on the disk by now. */
void node_release_held(struct node *node);

/* node_out.c */
/* An envelope as it travels: to one recipient (only), or with all grants (NULL). The list of grants is one block, freed
 * with node_free_envelope; everything else is borrowed from the item. ERR_NOMEM. */
int node_envelope(struct item *item, const char *only, Hotline__Envelope *ret_envelope) MUST_CHECK;
void node_free_envelope(Hotline__Envelope *envelope);
/* Adds a frame to what goes to this relay in this turn. */
void node_frame(struct node *node, struct node_link *link, enum wire_type type, const ProtobufCMessage *message);
/* Hands the gathered frames to the link. */
void node_send_out(struct node *node, struct node_link *link);
void node_say_hello(struct node *node, struct node_link *link, int64_t steady_us);
/* Frames for what waits in the outlet and is on the disk. */
void node_pump(struct node *node, struct node_link *link, int64_t now_us, int64_t steady_us);
/* Count and XOR of the hashes that a relay should hold of us. */
size_t node_should_hold(const struct node *node, int64_t now_us, struct key_hash *ret_xor);
void node_offer_all(struct node *node, struct node_link *link, int64_t now_us);
void node_lacking(struct node *node, struct node_link *link, const Hotline__Lacking *lacking);

/* node_relays.c */
/* A step of the uplink's state, told to people when it changed something. */
void node_link_event(struct node *node, struct node_link *link, enum uplink_event event, const char *reason,
                     int64_t now_us);
/* One link per relay of the roster; those that stay keep their state. */
int node_build_links(struct node *node, int64_t now_us) MUST_CHECK;
void node_free_link(struct node_link *link);
/* Roster in force changed: links, events. */
void node_roster_changed(struct node *node, int64_t now_us);
/* Signs a card when one is due; it is spread when it is on the disk. */
void node_renew_card(struct node *node, int64_t now_us);
/* Sends the own card to a relay that was not sent it in this session. */
void node_say_card(struct node *node, struct node_link *link);
/* The own card is there and on the disk, and so is its key. */
bool node_card_stands(const struct node *node);

/* node_life.c */
struct node_link *node_link_named(struct node *node, const char *relay);
/* The time that travels: ours, corrected by the relays' median when that is under ten minutes. */
int64_t node_stamp(const struct node *node, int64_t now_us);
/* What a validity is compared with: the corrected time; where the relays are ten minutes off or more, the earlier of
 * both. Wrong clocks end nothing. */
int64_t node_surely_us(const struct node *node, int64_t now_us);
/* What a deadline is compared with that began in an earlier run: the later of both. Wrong clocks silence nothing. */
int64_t node_maybe_us(const struct node *node, int64_t now_us);
/* The relays' median less now_us as node_now gives it. False: no relay's word. */
bool node_relays_offset(const struct node *node, int64_t *ret_us);
/* The time by which what is final happens, erasure: our own clock reached it, and so did the relays', but for the
 * slowest of all (of two clocks: both did). So no relay delays anything for ever, all of them together hasten no end,
 * and neither does our own clock without them. False: no relay said a word since the start, which is not a day ago:
 * wait. */
bool node_final_us(const struct node *node, int64_t now_us, int64_t *ret_us);
/* Of an item, for its outlet. */
int node_rank(const struct item *item);
/* Queues an item of our own for a relay, or for all (NULL). */
void node_queue(struct node *node, struct node_link *link, enum outlet_kind kind, struct item *item);
/* Keeps an item in the tables. ERR_NOMEM. */
int node_keep(struct node *node, struct item *item, bool *ret_newest) MUST_CHECK;
/* True while relays should hold it: newest revision, not expired (closings: their afterlife), or unanswered. */
bool node_is_current(const struct node *node, const struct item *item, int64_t now_us);
/* True when it will never be current again, whatever the clock says: erased, superseded, or answered by all. */
bool node_is_settled(const struct item *item);
/* After a lost disk: may this member have been granted the item? Relays say so unsigned, and each later revision goes
 * to all who were; so for a restricted case only those count whom its own route means. */
bool node_may_have_had(const struct node *node, const struct item *item, const char *member);
/* True while a routed member may still be given a grant: also of what it answered before it lost its disk. */
bool node_may_grant(const struct node *node, const struct item *item, int64_t now_us);

/* node_grant.c */
/* The rule of routing for an item of our own; set is initialised. */
void node_route(const struct node *node, const struct item *item, struct route_set *set, uint16_t *ret_unreached,
                size_t *ret_unreached_count);
/* The grant for a member of the roster, made when there is none for its key; saved with its row when it is late, with
 * all rows by the caller (item_save_rows) when it is not. ERR_NOT_FOUND: no card. ERR_MEMBER: it was withdrawn. */
int node_grant(struct node *node, struct item *item, size_t member, bool late) MUST_CHECK;
int node_self_grant(struct node *node, const struct item *item, struct envelope_grant *ret_grant) MUST_CHECK;

/* The item's header names this store, not one that was lost or put back: its numbers are this store's. */
bool node_is_of_store(const struct node *node, const struct item *item);
/* A number that a row holds was given to this member: the next one is higher. ERR_NOMEM. */
int node_number_given(struct node *node, const char *member, uint64_t number) MUST_CHECK;
/* What is known of the member's numbers; NULL: it was given none. */
struct sequence *node_sequence(const struct node *node, const char *member);
/* The highest number that this member was given; 0: none. */
uint64_t node_number_last(const struct node *node, const char *member);
/* The item's rows are about to go: that their numbers were given is kept without them. */
void node_keep_numbers(struct node *node, const struct item *item);

/* node_deliver.c */
/* What an envelope that came in is. KNOWN: it was seen, or its case was erased at its revision or a higher one. */
enum node_verdict { NODE_NO_ENVELOPE, NODE_UNREADABLE, NODE_OWN, NODE_KNOWN, NODE_DISPUTED, NODE_NEW };
struct node_judged {
    enum node_verdict verdict;
    struct envelope envelope; /* until the scratch arena is cleared; not of NO_ENVELOPE */
    int unreadable;           /* UNREADABLE: Hotline__UnreadableCode__Code */
    struct seen *seen;        /* under the same id; NULL */
    struct item *item;        /* NEW: opened, the caller's to take in or free; NULL: out of memory */
    struct err_note note;     /* NO_ENVELOPE */
};
/* Verifies and opens; keeps nothing but what the signed words say of the sender's roster. */
void node_judge(struct node *node, const Hotline__Envelope *wire, int64_t now_us, struct node_judged *ret_judged);
/* Takes a NEW item: seen, view and receipt in this turn; the event and the receipt's sending wait for the commit.
 * ERR_NOMEM: the item is freed, or the node has failed (node_half_kept). */
int node_take_in(struct node *node, struct item *item, int64_t now_us) MUST_CHECK;
void node_deliver(struct node *node, struct node_link *link, const Hotline__Deliver *deliver, int64_t now_us);
struct seen *node_seen(const struct node *node, const char *sender, const struct key_uuid *id);
int node_see(struct node *node, const struct item *item, int64_t now_us) MUST_CHECK;
int node_load_seen(struct node *node, struct slice record) MUST_CHECK;
/* A seen name that goes is not shown as disputed any more. */
void node_undispute(struct node *node, const struct seen *seen);

/* node_answer.c */
void node_accepted(struct node *node, struct node_link *link, const Hotline__Accepted *accepted, int64_t now_us);
void node_refused(struct node *node, struct node_link *link, const Hotline__Refused *refused, int64_t now_us,
                  int64_t steady_us);
void node_receipts(struct node *node, struct node_link *link, const Hotline__Receipts *receipts, int64_t now_us);
void node_unreadables(struct node *node, struct node_link *link, const Hotline__Unreadables *unreadables,
                      int64_t now_us);
void node_grant_wanted(struct node *node, struct node_link *link, const Hotline__GrantWanted *wanted, int64_t now_us);
void node_alarms(struct node *node, int64_t now_us);
/* Something that a deadline depends on changed: the next second looks at the item. */
void node_expect(struct node *node, struct item *item);

/* node_owed.c */
/* A receipt for an item, decided now; signed at the end of the turn. only: a slot, or SIZE_MAX for all relays. */
void node_receipt(struct node *node, const struct item *item, int state, size_t only, int64_t now_us);
/* The same for an envelope that is not held any more. */
void node_receipt_for(struct node *node, const char *sender, const struct key_hash *hash, int state, size_t only,
                      int64_t now_us);
void node_unreadable(struct node *node, const char *sender, const struct key_hash *hash,
                     Hotline__UnreadableCode__Code code, struct node_link *link, int64_t now_us);
/* Signs what was decided in this turn. */
void node_sign_receipts(struct node *node, int64_t now_us);
void node_taken(struct node *node, struct node_link *link, const Hotline__Taken *taken);
bool node_owes(const struct node *node, const struct key_hash *hash, const char *relay);
int node_load_owed(struct node *node, struct slice record) MUST_CHECK;
/* Forgets what only relays that left the roster have not taken. */
void node_drop_owed(struct node *node);
void node_free_owed(struct owed *owed);

/* node_watch.c */
/* What a peer's word says of its roster. */
void node_hear(struct node *node, const struct evidence_word *word, int64_t now_us);
/* The same with a signed message as its proof: packed only when the names differ. */
void node_hear_signed(struct node *node, const struct evidence_word *word, const ProtobufCMessage *words,
                      int64_t now_us);
/* Signed proof of an envelope, without its body. */
void node_prove(const struct envelope *envelope, struct buf *out);
void node_hear_envelope(struct node *node, const struct envelope *envelope, int64_t now_us);
/* directory_follow, with an eye on the chain and on forks. who brought it: a relay, or NODE_ROSTER_FILE. */
#define NODE_ROSTER_FILE "the roster file"
int node_follow(struct node *node, const char *who, struct slice signed_roster, int64_t now_us,
                struct err_note *note) MUST_CHECK;
/* The number of a received item was met. */
void node_meet(struct node *node, const struct item *item, int64_t now_us);
/* The same of one that was loaded: nothing is saved. A record that stayed behind, as when memory ran out where it was
 * due, catches up with the next number of its sender. */
void node_meet_loaded(struct node *node, const struct item *item, int64_t now_us);
int node_load_gap(struct node *node, struct slice record) MUST_CHECK;
void node_watch_gaps(struct node *node, int64_t now_us);
void node_gap(struct node *node, struct node_link *link, const Hotline__Gap *gap, int64_t now_us);
void node_gap_answer(struct node *node, const struct node_link *link, const Hotline__GapAnswer *answer, int64_t now_us);
/* Whom a relay called connected in its Accepted. */
void node_note_present(struct item *item, const struct item_relay *relay, char *const *present, size_t count);
void node_watch_promises(struct node *node, int64_t now_us);

/* node_expiry.c */
/* Tells of cases that end soon, have ended, or are to be looked at again. */
void node_watch_expiry(struct node *node, int64_t now_us);

/* node_hook.c */
/* What somebody may have to be told of this event outside, in the open turn: with what made it, or not at all. */
void node_hook_event(struct node *node, const struct node_event *event);
/* Escalates what nobody answered. */
void node_escalate(struct node *node, int64_t now_us);

/* node_erase.c */
/* Erases what is due: a few cases per call. */
void node_erase_due(struct node *node, int64_t now_us);

/* node_poster.c */
/* Tells of cases that are over while posters of them hang; once each. */
void node_watch_posters(struct node *node, int64_t now_us);

/* node_notes.c */
/* Tells who listens, after what is in this turn. */
void node_notes_changed(struct node *node, int64_t now_us);
/* Tells an item's sender, wipes it, and takes it out of every outlet: a shell stays in the tables. Its records are the
 * caller's to remove. */
void node_erase_item(struct node *node, struct item *item, int64_t now_us);
/* True when the item comes too late: its case was erased at this revision or a higher one. */
bool node_is_erased(const struct node *node, const struct envelope *envelope);
/* The write-ahead log no longer holds what this turn and those before it erased. */
void node_truncate_log(struct node *node);
void node_save_backup(struct node *node);

/* node_statistics.c */
/* Erases figures that newer ones of the same year took the place of, our own after their validity, and what is too old
 * for a trend. Walks over all items: once an hour. */
void node_end_statistics(struct node *node, int64_t now_us);

/* node_load.c */
int node_load(struct node *node, struct err_note *note) MUST_CHECK;
/* Writes what a store of an earlier version kept otherwise as it is kept now. After vault_start. */
void node_unite_rows(struct node *node);
void node_save_sequence(struct node *node, const struct sequence *sequence);
void node_save_reference(struct node *node);

#endif
