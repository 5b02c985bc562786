/*
 * node_api_inner - what the files of node_api share: one request on its way, and what an answer is made of.
 */
#ifndef NODE_NODE_API_INNER_H
#define NODE_NODE_API_INNER_H

#include "node/accounts.h"
#include "node/argon.h"
#include "node/audit.h"
#include "node/duty.h"
#include "node/known.h"
#include "node/lockout.h"
#include "node/node_api.h"
#include "node/sessions.h"

#define NODE_API_NAME_MAX 120 /* of a case, in a path */
#define NODE_API_KEY_LEAST 8
#define NODE_API_KEY_MAX 64
#define NODE_API_KEY_LIFE_US (24 * INT64_C(3600) * 1000000)
#define NODE_API_WAIT_MAX_MS 30000
#define NODE_API_PAGE_MAX 500
#define NODE_API_BYTES_TYPE "application/octet-stream"

struct node_api_call;
struct node_api_wait;

/* OK: it has answered, or keeps the request until it does. Anything else is answered as a problem, with call->note. */
typedef int node_api_handler(struct node_api_call *call);

enum node_api_needs {
    NODE_API_BODY = 1,     /* call->body */
    NODE_API_KEY = 2,      /* an Idempotency-Key; a replay never reaches the handler */
    NODE_API_DRY = 4,      /* a body with dry_run needs no key */
    NODE_API_BYTES = 8,    /* a body that is no JSON: Content-Type NODE_API_BYTES_TYPE */
    NODE_API_KEY_MAY = 16, /* an Idempotency-Key counts when it is there */
};

struct node_api_route {
    const char *method, *path; /* {case}: call->entry */
    unsigned needs;
    enum caller_permission permission;
    node_api_handler *handle;
};

struct node_api {
    struct node_api_conf conf;
    struct http *http;
    struct node_api_wait *waits;
    struct loop_timer *poll; /* runs while somebody waits for a step */
    struct node_api_slow *slow;
    struct argon *argon;
    struct lockout lockout;
    struct known_places places;
    struct duty duty;
    struct loop_timer *sweep;         /* of duty */
    struct loop_timer *drills;        /* that are due */
    struct node_api_drawing *drawing; /* the picture for one of them, at the helper; NULL: none */
    uint8_t drawn[16];                /* handed in under this id; node_photo_waits says whether it still is */
    struct node_api_numbers numbers;  /* those that are counted */
};

/* One request; lives on the stack while its handler runs. */
struct node_api_call {
    struct node_api *api;
    struct node *node;
    struct http_request *request;
    const struct node_api_route *route;
    const struct origin_names *names; /* of the console that it came to; NULL: the Unix socket */
    struct caller caller;
    char cookie[SESSIONS_TEXT_MAX];     /* of a user; wiped with the call */
    char name[NODE_API_NAME_MAX + 1];   /* of the case, as the path has it */
    char second[NODE_API_NAME_MAX + 1]; /* what a path names besides: a poster */
    struct jdoc *body;                  /* a root; NULL: the route needs none */
    struct case_entry *entry;
    struct draft *draft;  /* that this request sends: erased in the turn of its case; NULL */
    const char *key;      /* Idempotency-Key; NULL: not needed */
    const char *result;   /* as it stands in the audit log; NULL: "OK" */
    struct key_hash hash; /* of method, path and body */
    int64_t now_us;
    struct err_note note;    /* of a refusal; "path: ..." names a field */
    unsigned status;         /* of a refusal; 0: the error's */
    const char *code;        /* of a refusal; NULL: the error's */
    struct jdoc *candidates; /* AMBIGUOUS: a root */
};

/* What an act made, and an answer shows. */
enum node_api_subject_kind {
    NODE_API_CASE,
    NODE_API_REPLY, /* or a referral, or figures */
    NODE_API_SUBSCRIPTIONS,
    NODE_API_DRAFT,
    NODE_API_DRAFTS, /* all of them */
    NODE_API_NOTE,
    NODE_API_DRILL,
    NODE_API_NOTES, /* all of them */
    NODE_API_HOOK,
    NODE_API_DISPATCH,
    NODE_API_NOTHING /* it is gone: no body */
};
struct node_api_subject {
    enum node_api_subject_kind kind;
    struct envelope_case_key case_key;
    struct key_uuid reply; /* or the id of a draft, a note, a webhook, a delivery */
};
#define NODE_API_SUBJECT_MAX 128
struct node_api_subject node_api_subject_case(const struct case_entry *entry);
void node_api_subject_write(const struct node_api_subject *subject, char text[NODE_API_SUBJECT_MAX]);
/* ERR_CORRUPT: not written by node_api_subject_write. */
int node_api_subject_read(const char *text, struct node_api_subject *ret_subject) MUST_CHECK;

/* --- node_api_answer.c; each takes the request --- */

/* doc is a root and taken. */
void node_api_answer(struct http_request *request, unsigned status, struct jdoc *doc);
/* The state of now of what was made; location may be NULL. 404 when it has been erased. */
void node_api_answer_subject(struct node_api *api, struct http_request *request, unsigned status,
                             const struct node_api_subject *subject, const char *location);
/* The problem of a call that was refused with error. */
void node_api_refuse(struct node_api_call *call, int error);
/* The problem of a request whose call is over. */
void node_api_refuse_late(struct http_request *request, int error, const char *detail);
/* The same with a status and a code of its own. */
void node_api_refuse_as(struct http_request *request, unsigned status, const char *code, const char *detail);

/* --- node_api_body.c: all refuse with the path in call->note --- */

/* Members that a body may have; the table ends with a NULL name. */
struct node_api_field {
    const char *name;
    enum jdoc_type type;
    bool required;
};
/* Content-Type, size and JSON; fills call->body. */
int node_api_read_body(struct node_api_call *call) MUST_CHECK;
/* Unknown members, wrong types, missing ones. A null counts as absent. */
int node_api_check_fields(struct node_api_call *call, const struct node_api_field *fields) MUST_CHECK;
/* Country codes, none twice; absent counts as empty. */
struct node_api_countries {
    const char *codes[LIMIT_COUNTRIES]; /* borrowed from the table of countries */
    size_t count;
};
int node_api_read_countries(struct node_api_call *call, const char *field,
                            struct node_api_countries *ret_countries) MUST_CHECK;
/* A draft of a case below the member `case`, fit to be sent. *ret_alert: case_free. */
int node_api_read_case(struct node_api_call *call, Hotline__Case **ret_alert) MUST_CHECK;
/* The case of a draft, below `case` too: it may lack anything; what is there has its form. */
int node_api_check_draft_case(struct node_api_call *call) MUST_CHECK;
/* A whole number from a query, the fallback when absent. */
int node_api_read_number(struct node_api_call *call, const char *name, int64_t least, int64_t most,
                         int64_t *inout_value) MUST_CHECK;
/* One of the names (NULL-terminated) from a query: its index, or -1 when absent. */
int node_api_read_choice(struct node_api_call *call, const char *name, const char *const *names,
                         int *ret_index) MUST_CHECK;

/* ACTUAL or EXERCISE below `status`; there is no default. */
int node_api_read_status(struct node_api_call *call, bool *ret_exercise) MUST_CHECK;

/* ERR_SYNTAX with 415 when the body is not said to be bytes. */
int node_api_check_bytes(struct node_api_call *call) MUST_CHECK;

/* --- node_api_admit.c --- */

/* Who calls: over the Unix socket the account; at the console, after Host and Origin, a token or a user with his page's
 * word (X-CSRF-Token) for whatever changes something. Then whether he may use the route. */
int node_api_admit(struct node_api_call *call) MUST_CHECK;
/* ERR_PERMISSION, with what is missing. */
int node_api_check_may(struct node_api_call *call, enum caller_permission permission) MUST_CHECK;
/* The value of the session's cookie in a request; false: none. */
bool node_api_cookie(const struct http_request *request, char cookie[SESSIONS_TEXT_MAX]);
/* The value of any cookie, of exactly size - 1 characters. */
bool node_api_cookie_of(const struct http_request *request, const char *name, char *value, size_t size);

/* The caller as a reader of events. */
void node_api_guest(const struct node_api_call *call, struct node_events_guest *ret_guest);
/* Whether he may still read them: his session or token is there, and his role is what it was. ctx: the API. */
bool node_api_admits(void *ctx, const struct node_events_guest *guest);

/* --- node_api_record.c --- */

/* As the caller stands with what he made: an account, a user, "token NAME". */
void node_api_account(const struct node_api_call *call, char name[LIMIT_NAME_BYTES + 1]);
/* An act, in the log and, in the open turn, in the audit log; entry: the case that it is about, or NULL.
 * node_api_answer_committed does it for its own. */
void node_api_record(const struct node_api_call *call, const struct case_entry *entry);
/* The same of an act about a draft. */
void node_api_record_draft(const struct node_api_call *call, const struct key_uuid *id);
/* An entry of the audit log and a line of the log, about a user or a token; result: "OK" or the code of a refusal.
 * Returns its ticket. */
uint64_t node_api_audit(struct node_api *api, const struct caller *caller, const struct node_api_route *route,
                        const char *subject, const char *result);

/* --- node_api_draft.c --- */

/* By its id in the path, or the first six or more digits of it. ERR_NOT_FOUND, ERR_AMBIGUOUS. */
int node_api_find_draft(struct node_api_call *call, struct draft **ret_draft) MUST_CHECK;
/* If-Match, when it is there or required, is the ETag of now. */
int node_api_match_draft(struct node_api_call *call, const struct draft *draft, bool required) MUST_CHECK;

/* The body of POST /v1/cases that a draft's words and the call's body make together; a root. */
struct jdoc *node_api_compose(const struct node_api_call *call, const struct jdoc *words);

/* --- node_api_act.c --- */

/* What a body of POST /v1/cases opens. Not to be copied. */
struct node_api_opening {
    struct node_draft draft; /* points into the others, and into the body */
    struct node_api_countries to;
    Hotline__Case *alert; /* case_free */
};
/* Reads it; the fields were checked. */
int node_api_read_opening(struct node_api_call *call, struct node_api_opening *ret_opening) MUST_CHECK;

/* --- node_api_drill.c --- */

/* Sends the first drill that is due, or says that it was missed; every few seconds. */
void node_api_drill_sweep(struct node_api *api);
/* The API ends: nobody waits for a picture any more. */
void node_api_drill_end(struct node_api *api);
/* Drill; NULL: it is not there. */
struct jdoc *node_api_view_drill(const struct node *node, const struct key_uuid *id);

/* --- node_api_approval.c --- */

/* The person who answers for what the caller does: himself, or whoever made the token. */
void node_api_person(const struct node_api_call *call, char name[LIMIT_NAME_BYTES + 1]);
/* Before an opening is sent: the second person that it has, or a reason to send without; *ret_needed false: nothing is
 * to be kept. ERR_POLICY: one is missing, the note says who may be it. */
int node_api_second(struct node_api_call *call, const struct node_draft *draft, struct case_second *ret_second,
                    bool *ret_needed) MUST_CHECK;
/* The same, told in the answer to a dry run. */
void node_api_tell_second(const struct node_api_call *call, const struct node_draft *draft, struct jdoc *plan);

/* --- node_api_duty.c --- */

/* A timer's: forgets consoles that are silent. ctx: the API. */
void node_api_duty_sweep(void *ctx);

/* --- node_api_slow.c: requests that wait for a thread or for the disk --- */

/* A request that is kept; api NULL: the API has ended, nobody is answered. Freed by node_api_slow_done. */
struct node_api_slow {
    struct node_api *api;
    struct node_api_slow *next;
    struct http_request *request; /* NULL: its client has left */
    const struct node_api_route *route;
    const struct origin_names *names;
    struct caller caller;
};
/* size: of the struct that begins with it. NULL: no memory. */
void *node_api_slow_new(struct node_api_call *call, size_t size);
/* Wipes and frees; the request is answered or gone. */
void node_api_slow_done(struct node_api_slow *slow, size_t size);
/* Answers all with 503; what is under way finds no API. */
void node_api_slow_end(struct node_api *api);

/* --- node_api_session.c: wrong tries of a password --- */

/* Against whom a try counts, and in which queue it waits. Who is known, by his device or by user and address, does not
 * wait for what others try against his name. */
#define NODE_API_TRIES_MAX 160
struct node_api_tries {
    char by_user[NODE_API_TRIES_MAX];    /* or by his device, or the place */
    char by_address[NODE_API_TRIES_MAX]; /* "": by none */
    char owner[NODE_API_TRIES_MAX];      /* "user anna": by_user is one of his */
    enum argon_queue queue;
};
/* Of somebody who wants to log in as this user (NULL: there is none by that name). *ret_device: of the device, a new
 * one when it is not known. */
void node_api_tries_of(const struct node_api_call *call, const char *name, const struct user *user,
                       struct node_api_tries *ret_tries, uint8_t ret_device[KNOWN_ID_BYTES]);
/* Of a user who is logged in and says his password again. */
void node_api_tries_again(const struct node_api_call *call, struct node_api_tries *ret_tries);
/* True: there must be a wait before the next try; it was answered (429). */
bool node_api_tries_wait(struct node_api_call *call, const struct node_api_tries *tries);
/* A try counts as wrong from its beginning: many at once are no way around the wait. */
void node_api_tries_begin(struct node_api_call *call, const struct node_api_tries *tries);
/* It was right after all. */
void node_api_tries_right(struct node_api *api, const struct node_api_tries *tries);

/* --- node_api_user.c --- */

/* A password that a user may have, in this member of the body; it says what it lacks. */
int node_api_check_password(struct node_api_call *call, const char *field, const char *user,
                            const char **ret_password) MUST_CHECK;

/* --- node_api_wait.c --- */

/* Keeps the Idempotency-Key in the act's own turn, and answers 201 (subscriptions: 200) once the ticket is committed.
 */
int node_api_answer_committed(struct node_api_call *call, const struct node_api_subject *subject,
                              uint64_t ticket) MUST_CHECK;
/* The same for an act without a key that needs none: answers with this status once the ticket is committed. */
int node_api_answer_after(struct node_api_call *call, const struct node_api_subject *subject, uint64_t ticket,
                          unsigned status) MUST_CHECK;
/* A document, or none (204), once the ticket is committed; takes doc and the request. */
void node_api_answer_doc(struct node_api *api, struct http_request *request, struct jdoc *doc, uint64_t ticket,
                         unsigned status);
/* Answers from the record of an earlier request with the same key, or refuses; *ret_replayed false: there is none. */
int node_api_replay(struct node_api_call *call, bool *ret_replayed) MUST_CHECK;
/* GET of a case with `wait`: answers when the case has come so far, cannot any more, or the time is over. */
int node_api_wait_step(struct node_api_call *call) MUST_CHECK;
/* Answers all that wait with 503. */
void node_api_wait_end(struct node_api *api);

/* --- handlers --- */
node_api_handler node_api_get_status, node_api_get_settings, node_api_get_members, node_api_get_subscriptions,
    node_api_get_cases, node_api_get_case, node_api_get_events, node_api_get_sealed, node_api_post_sealed;
node_api_handler node_api_post_photo, node_api_get_photo;
node_api_handler node_api_put_subscriptions, node_api_post_backup, node_api_post_case, node_api_post_revision,
    node_api_post_close, node_api_post_retract, node_api_post_acknowledge, node_api_post_decline, node_api_post_reply;
node_api_handler node_api_post_referral, node_api_get_referrals, node_api_get_referral, node_api_post_referral_answer,
    node_api_get_figures, node_api_post_figures; /* node_api_refer.c */

node_api_handler node_api_post_console_arm, node_api_post_console_alive, node_api_post_console_disarm,
    node_api_post_shown;                                                               /* node_api_duty.c */
node_api_handler node_api_post_session, node_api_get_session, node_api_delete_session; /* node_api_session.c */
node_api_handler node_api_put_session_password;                                        /* node_api_password.c */
node_api_handler node_api_get_users, node_api_post_user, node_api_delete_user, node_api_put_user_role,
    node_api_put_user_password, node_api_post_user_totp, node_api_delete_user_totp,
    node_api_post_user_unlock;                                                    /* node_api_user.c */
node_api_handler node_api_get_tokens, node_api_post_token, node_api_delete_token; /* node_api_token.c */
node_api_handler node_api_get_audit, node_api_get_audit_verify;                   /* node_api_audit.c */

node_api_handler node_api_get_drafts, node_api_post_draft, node_api_get_draft, node_api_put_draft,
    node_api_delete_draft, node_api_post_draft_publish; /* node_api_draft.c */

node_api_handler node_api_post_draft_approval, node_api_delete_draft_approval; /* node_api_approval.c */

node_api_handler node_api_get_posters, node_api_post_poster, node_api_get_poster, node_api_get_poster_qr,
    node_api_post_poster_withdrawn; /* node_api_poster.c */

node_api_handler node_api_get_drills, node_api_post_drill, node_api_delete_drill,
    node_api_get_drill_report; /* node_api_drill.c */

node_api_handler node_api_get_notes, node_api_post_note, node_api_delete_note; /* node_api_note.c */

node_api_handler node_api_get_webhooks, node_api_post_webhook, node_api_get_webhook, node_api_delete_webhook,
    node_api_get_webhook_secret, node_api_post_webhook_test, node_api_get_deliveries,
    node_api_post_delivery_replay; /* node_api_hook.c */

#endif
