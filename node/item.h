/*
 * item - one envelope that this node holds, sent or received, opened, with what has become of it.
 *
 * Owned by node's tables (cases, outbox, inbox refer to it). Nothing outside changes it but through those modules.
 */
#ifndef NODE_ITEM_H
#define NODE_ITEM_H

#include "node/vault.h"
#include "proto/case.pb-c.h"
#include "proto/due.h"
#include "proto/envelope.h"
#include "proto/receipt.h"

struct case_entry;
struct owed;

#define ITEM_REFERENCE_MAX 33 /* 32 characters, as the form of references allows */
#define ITEM_STATES 6         /* QUEUED, then enum ReceiptState */

/* One recipient of an item of our own. */
struct ladder_row {
    char member[LIMIT_ID_CHARS + 1];
    bool has_grant;
    struct envelope_grant grant;
    int state;                        /* 0 queued, else Hotline__ReceiptState__Code */
    int64_t state_at_us[ITEM_STATES]; /* 0: not reached */
    int decline;                      /* DeclineCode, 0 none */
    int64_t backup_until_us;
    int unreadable;    /* UnreadableCode of the last such answer, 0 none */
    int64_t heard_us;  /* the last receipt for revisions that are erased here; 0 none */
    unsigned alarmed;  /* bit per deadline: 1 delivered, 2 shown, 4 acknowledged */
    unsigned promised; /* bit per index of item->relays: it said that the recipient was connected */
    bool late_grant;   /* made after the publishing: relays that accepted before get it as Grants */
    uint32_t photos;   /* of the revision's, that the recipient holds whole: a column of its own */
    int64_t photos_at_us;
    struct buf proof; /* SignedReceipts that carried the newest state */
};

enum item_relay_state { ITEM_WAITING, ITEM_ACCEPTED, ITEM_REFUSED };

/* One relay's view of an item of our own. */
struct item_relay {
    char relay[LIMIT_ID_CHARS + 1];
    enum item_relay_state state;
    int64_t at_us; /* of the answer */
    int refused;   /* RefusedCode */
    char reason[LIMIT_SENTENCE_BYTES + 1];
};

struct item {
    struct key_hash hash; /* first: the key of tables */
    struct key_uuid id;
    bool mine, late, recovered;
    bool erased; /* a shell: header alone, no body, no key, no content */
    bool spared; /* outlives its case's key: a closing, or a shell */
    struct buf header_bytes, body;
    struct key_signature signature;
    struct key_content content_key;
    Hotline__EnvelopeHeader *header;
    Hotline__EnvelopeBody *opened;      /* of item_content() alone; NULL until it is asked for */
    bool has_key;                       /* content_key is the body's */
    char reference[ITEM_REFERENCE_MAX]; /* of a case's revision: what its body says; "" */
    int64_t review_at_us;               /* the same; 0: none */
    struct case_entry *case_entry;      /* CASE, REPLY; borrowed */
    int64_t at_us;                      /* committed (mine) or received here, wall clock */
    int64_t steady_us;                  /* mine, made in this run: the same on the steady clock; 0: loaded */
    uint64_t ticket;                    /* on the disk when vault_committed() >= ticket */
    uint64_t grants_ticket;             /* mine: of the last grant made */
    /* received */
    int receipt_state;
    int64_t receipt_at_us;
    const struct owed *owed; /* the newest signed batch with a receipt of it that relays have still to take */
    int decline;             /* DeclineCode that this member gave, 0 none */
    uint64_t sequence;
    /* mine */
    struct ladder_row *ladder;
    size_t ladder_count, ladder_capacity;
    struct item_relay *relays;
    size_t relay_count;
    char unreached[LIMIT_COUNTRIES][3];
    size_t unreached_count;
    char left_out[8][LIMIT_ID_CHARS + 1]; /* named by relays; further ones are only counted */
    size_t left_out_count;
    bool rows_apart;           /* its rows were read from a store before version 2: to be united */
    struct due alarm, promise; /* when silence may have to be told: node_alarms, node_watch_promises */
};

/* Takes the bytes apart, opens nothing: header parsed (malloc). ERR_* of envelope_parse. */
int item_new(struct slice header, struct slice signature, struct slice body, struct wire_arena *arena,
             struct err_note *note, struct item **ret_item) MUST_CHECK;
/* Of what was taken apart already; its bytes are copied. ERR_SIGNATURE (its length), ERR_NOMEM. */
int item_of(const struct envelope *envelope, struct err_note *note, struct item **ret_item) MUST_CHECK;
void item_free(struct item *item);
/* Opens the body with the content key: item_content() has it. ERR_CRYPTO, ERR_SYNTAX, ERR_INVALID (content not of the
 * header's kind). */
int item_open(struct item *item, const struct key_content *key, struct wire_arena *arena,
              struct err_note *note) MUST_CHECK;

/* What its body says; NULL: erased, or its key was never given. The item's, until it is erased or freed. After a start
 * it is opened when it is first asked for (the loop's thread alone asks): most of what is stored is never looked at. */
Hotline__EnvelopeBody *item_content(const struct item *item);

/* Wipes body, key and content: what is left says when and to whom, not about whom. Saved again by the caller. */
void item_erase(struct item *item);

/* A row, by recipient; NULL when there is none. item_row_add gives a fresh one (or the old); NULL out of memory. */
struct ladder_row *item_row(const struct item *item, const char *member);
struct ladder_row *item_row_add(struct item *item, const char *member);
struct item_relay *item_relay(const struct item *item, const char *relay);
struct item_relay *item_relay_add(struct item *item, const char *relay);
/* Relays that accepted it. */
size_t item_accepted_by(const struct item *item);
/* True when every recipient has answered (DELIVERED or beyond). */
bool item_is_answered(const struct item *item);
bool item_is_case(const struct item *item);
/* True of a revision that describes the child, while it is held: its content is an alert. Opens nothing. */
bool item_is_alert(const struct item *item);
bool item_is_exercise(const struct item *item);
/* What its body says that it replaces; NULL: nothing, or it is not open. */
const Hotline__Replaces *item_replaces(const struct item *item);
/* The owner of its records: its case's key, or NULL. *room is filled. */
const struct envelope_case_key *item_owner(const struct item *item, struct envelope_case_key *room);

/* At rest. Each save puts one record and returns its ticket. */
/* item_remove: its record, its rows' and its relays', of an item that no case owns. */
void item_remove(struct vault *vault, const struct item *item);
uint64_t item_save(struct vault *vault, struct item *item);
/* item_save_rows: all of them in one record, while none has a record of its own; item_save_row: one that changed since.
 */
uint64_t item_save_rows(struct vault *vault, const struct item *item);
/* The same for rows that a store before version 2 of the schema kept one by one: those records go. */
void item_unite_rows(struct vault *vault, const struct item *item);
uint64_t item_save_row(struct vault *vault, const struct item *item, const struct ladder_row *row);
uint64_t item_save_relay(struct vault *vault, const struct item *item, const struct item_relay *relay,
                         struct slice proof);
/* Of a record that the vault opened: this node checked it before it was sealed, and the seal says that it is the same,
 * so nothing in it is checked again but its shape. A case's body stays sealed. ERR_CORRUPT, ERR_NOMEM. */
int item_load(struct slice record, struct wire_arena *arena, struct item **ret_item) MUST_CHECK;

#endif
