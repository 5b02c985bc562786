/* node_api_draft: drafts kept, changed by whoever read them last, sent. A draft leaves by POST /v1/cases' own handler
 * and by no other way; what it says is never repaired here. */
#include <stdlib.h>
#include <string.h>

#include "node/drafts.h"
#include "node/node_api_inner.h"
#include "proto/country.h"
#include "proto/form.h"
#include "proto/seal.h"

#define ID_DIGITS_LEAST 6

/* ---- which draft, and is it the one that was read ---- */

int node_api_find_draft(struct node_api_call *call, struct draft **ret_draft)
{
    size_t count = 0;
    struct draft *draft = drafts_find(node_drafts(call->node), call->name, &count);
    if (strlen(call->name) < ID_DIGITS_LEAST || count == 0)
        return err_set(&call->note, ERR_NOT_FOUND, "no draft here goes by this id");
    if (count > 1)
        return err_set(&call->note, ERR_AMBIGUOUS, "%zu drafts begin so: say more digits", count);
    *ret_draft = draft;
    return OK;
}

int node_api_match_draft(struct node_api_call *call, const struct draft *draft, bool required)
{
    const char *wanted = http_header(call->request, "If-Match");
    char tag[2 * KEY_UUID_BYTES + 1], etag[sizeof tag + 2];
    if (wanted == NULL && !required)
        return OK;
    if (wanted == NULL) {
        call->status = 428;
        call->code = "PRECONDITION";
        return err_set(&call->note, ERR_MISSING, "the header If-Match is required here: the ETag of the draft as read");
    }
    buf_hex(slice_of(draft->tag.bytes, KEY_UUID_BYTES), tag);
    snprintf(etag, sizeof etag, "\"%s\"", tag);
    if (strcmp(wanted, etag) == 0)
        return OK;
    call->status = 412;
    call->code = "STALE";
    return err_set(&call->note, ERR_STATE, "%s has changed this draft since it was read: read it again",
                   draft->changed_by);
}

static struct node_api_subject subject_of(const struct draft *draft)
{
    return (struct node_api_subject){.kind = NODE_API_DRAFT, .reply = draft->id};
}

/* ---- what a draft may say ---- */

static const struct node_api_field draft_fields[] = {
    {"case", JDOC_OBJECT, true},      {"to", JDOC_ARRAY, false},     {"neighbours", JDOC_BOOL, false},
    {"restricted", JDOC_BOOL, false}, {"status", JDOC_TEXT, false},  {"drill", JDOC_TEXT, false},
    {"notes", JDOC_TEXT, false},      {"updates", JDOC_TEXT, false}, {"replaces", JDOC_INT, false},
    {NULL, JDOC_NULL, false},
};

static int check_drill(struct node_api_call *call)
{
    const char *drill = jdoc_get_text(call->body, "drill", NULL);
    if (drill != NULL && !form_is_reference(drill))
        return err_set(&call->note, ERR_INVALID, "drill: capitals, digits and dashes, 1 to 32, as SPRING-2026");
    if (drill != NULL && strcmp(jdoc_get_text(call->body, "status", ""), "ACTUAL") == 0)
        return err_set(&call->note, ERR_INVALID, "drill: a real case is part of no drill");
    return OK;
}

static int check_notes(struct node_api_call *call)
{
    const char *notes = jdoc_get_text(call->body, "notes", "");
    size_t chars = 0;
    if (form_text(notes, true, &chars) != FORM_CLEAN)
        return err_set(&call->note, ERR_INVALID, "notes: contains what is not text");
    if (chars > LIMIT_DRAFT_NOTES_CHARS)
        return err_set(&call->note, ERR_LIMIT, "notes: %zu characters; the limit is %d", chars,
                       LIMIT_DRAFT_NOTES_CHARS);
    return OK;
}

/* A case of our own, by its whole name: drafts outlive the lists in which a short one was clear. */
static int find_updated(const struct node_api_call *call, const char *name, struct err_note *note,
                        struct case_entry **ret_entry)
{
    int error = cases_own(node_cases(call->node), name, ret_entry);
    if (error == ERR_STATE)
        return err_set(note, error, "updates: %s is no case that is opened and kept here", (*ret_entry)->reference);
    if (error != OK)
        return err_set(note, error, "updates: no case here goes by this name alone: say MEMBER:REFERENCE");
    return OK;
}

/* A draft of an update has the case's own status and restriction, and says what was read. Its case is named in full. */
static int check_updated(struct node_api_call *call)
{
    static const char *const own[] = {"neighbours", "restricted", "status", "drill"};
    const char *name = jdoc_get_text(call->body, "updates", NULL);
    char whole[LIMIT_ID_CHARS + CASES_REFERENCE_MAX + 2];
    struct case_entry *entry = NULL;
    bool replaces = jdoc_type(jdoc_get(call->body, "replaces")) == JDOC_INT;
    if (name == NULL)
        return replaces ? err_set(&call->note, ERR_INVALID, "replaces: only with updates") : OK;
    if (!replaces)
        return err_set(&call->note, ERR_MISSING, "replaces: is required with updates: the revision that was read");
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
        if (jdoc_type(jdoc_get(call->body, own[i])) != JDOC_NULL)
            return err_set(&call->note, ERR_INVALID, "%s: an update has that of its case", own[i]);
    int error = find_updated(call, name, &call->note, &entry);
    if (error != OK)
        return error;
    snprintf(whole, sizeof whole, "%s:%s", entry->opener, entry->reference);
    jdoc_set_text(call->body, "updates", whole);
    return OK;
}

static int check_words(struct node_api_call *call)
{
    struct node_api_countries to;
    bool exercise;
    int error = node_api_check_fields(call, draft_fields);
    if (error == OK && jdoc_get_text(call->body, "status", NULL) != NULL)
        error = node_api_read_status(call, &exercise);
    if (error == OK)
        error = node_api_read_countries(call, "to", &to);
    if (error == OK)
        error = check_drill(call);
    if (error == OK)
        error = check_notes(call);
    if (error == OK)
        error = check_updated(call);
    return error == OK ? node_api_check_draft_case(call) : error;
}

/* The same words are the same bytes, in whatever order they came. */
static int read_words(struct node_api_call *call, struct buf *document)
{
    int error = check_words(call);
    if (error != OK)
        return error;
    struct jdoc *doc = jdoc_object();
    for (const struct node_api_field *field = draft_fields; field->name != NULL; field++) {
        const struct jdoc *value = jdoc_get(call->body, field->name);
        if (jdoc_type(value) != JDOC_NULL)
            jdoc_set_doc(doc, field->name, jdoc_copy(value));
    }
    error = jdoc_write(doc, false, document);
    jdoc_free(doc);
    if (error == OK && document->len > LIMIT_DRAFT_BYTES)
        error = err_set(&call->note, ERR_LIMIT, "case: the draft has %zu bytes of JSON; the limit is %d", document->len,
                        LIMIT_DRAFT_BYTES);
    return error;
}

static void end_words(struct buf *document)
{
    if (document->data != NULL)
        seal_wipe(document->data, document->capacity);
    buf_free(document);
}

/* ---- reading ---- */

int node_api_get_drafts(struct node_api_call *call)
{
    const struct drafts *drafts = node_drafts(call->node);
    struct node_api_subject subject = {.kind = NODE_API_DRAFTS};
    uint64_t ticket = 0;
    for (size_t i = 0; i < drafts->count; i++)
        ticket = drafts->list[i]->ticket > ticket ? drafts->list[i]->ticket : ticket;
    return node_api_answer_after(call, &subject, ticket, 200);
}

int node_api_get_draft(struct node_api_call *call)
{
    struct draft *draft = NULL;
    int error = node_api_find_draft(call, &draft);
    if (error != OK)
        return error;
    struct node_api_subject subject = subject_of(draft);
    return node_api_answer_after(call, &subject, draft->ticket, 200);
}

/* ---- writing ---- */

int node_api_post_draft(struct node_api_call *call)
{
    char account[LIMIT_NAME_BYTES + 1], author[LIMIT_NAME_BYTES + 1];
    struct draft *draft = NULL;
    struct buf document;
    buf_init(&document);
    node_api_account(call, account);
    node_api_person(call, author);
    int error = read_words(call, &document);
    if (error == OK)
        error = node_draft_new(call->node, &(struct drafts_words){buf_slice(&document), account, author, 0},
                               call->now_us, &call->note, &draft);
    end_words(&document);
    if (error != OK)
        return error;
    struct node_api_subject subject = subject_of(draft);
    return node_api_answer_committed(call, &subject, draft->ticket);
}

/* The ETag of now; or the words are there already: a try that is repeated because its answer was lost finds its own. */
static int check_change(struct node_api_call *call, const struct draft *draft, const struct buf *document)
{
    bool given = http_header(call->request, "If-Match") != NULL;
    return given && slice_equal(buf_slice(document), buf_slice(&draft->document)) ?
        OK :
        node_api_match_draft(call, draft, true);
}

int node_api_put_draft(struct node_api_call *call)
{
    char account[LIMIT_NAME_BYTES + 1], author[LIMIT_NAME_BYTES + 1];
    struct draft *draft = NULL;
    struct buf document;
    buf_init(&document);
    node_api_account(call, account);
    node_api_person(call, author);
    int error = node_api_find_draft(call, &draft);
    if (error == OK)
        error = read_words(call, &document);
    if (error == OK)
        error = check_change(call, draft, &document);
    bool same = error == OK && slice_equal(buf_slice(&document), buf_slice(&draft->document));
    if (error == OK)
        error = node_draft_change(call->node, draft, &(struct drafts_words){buf_slice(&document), account, author, 0},
                                  call->now_us, &call->note);
    end_words(&document);
    if (error != OK)
        return error;
    if (!same && !drafts_is_noted(draft, account, call->now_us))
        node_api_record_draft(call, &draft->id);
    struct node_api_subject subject = subject_of(draft);
    return node_api_answer_after(call, &subject, draft->ticket, 200);
}

int node_api_delete_draft(struct node_api_call *call)
{
    struct node_api_subject subject = {.kind = NODE_API_NOTHING};
    struct draft *draft = NULL;
    int error = node_api_find_draft(call, &draft);
    if (error == OK)
        error = node_api_match_draft(call, draft, true);
    if (error != OK)
        return error;
    node_api_record_draft(call, &draft->id);
    return node_api_answer_after(call, &subject, node_draft_erase(call->node, draft), 204);
}

/* ---- sending ---- */

static void add_country(struct jdoc *to, const char *code)
{
    for (size_t i = 0; i < jdoc_count(to); i++)
        if (strcmp(jdoc_text(jdoc_at(to, i)), code) == 0)
            return;
    jdoc_add_text(to, code);
}

static struct jdoc *countries_of(const struct node_api_call *call, const struct jdoc *words)
{
    uint16_t beside[COUNTRY_COUNT];
    const struct jdoc *list = jdoc_get(words, "to");
    struct jdoc *to = jdoc_array();
    for (size_t i = 0; i < jdoc_count(list); i++)
        add_country(to, jdoc_text(jdoc_at(list, i)));
    int own = country_index(node_directory(call->node)->keys->country);
    if (jdoc_get_bool(words, "neighbours", false) && own >= 0) {
        size_t count = country_neighbours(own, beside, COUNTRY_COUNT);
        for (size_t i = 0; i < count; i++)
            add_country(to, country_code(beside[i]));
    }
    return to;
}

/* What the draft was meant as is not overruled in passing: that takes a change of the draft. */
static int check_meant(struct node_api_call *call, const struct jdoc *words)
{
    const char *meant = jdoc_get_text(words, "status", NULL), *said = jdoc_get_text(call->body, "status", "");
    const char *drill = jdoc_get_text(words, "drill", NULL), *other = jdoc_get_text(call->body, "drill", drill);
    bool exercise;
    int error = node_api_read_status(call, &exercise);
    if (error == OK && meant != NULL && strcmp(meant, said) != 0)
        error = err_set(&call->note, ERR_INVALID, "status: this draft is meant as %s: send it as that, or change it",
                        meant);
    if (error == OK && drill != NULL && strcmp(drill, other) != 0)
        error = err_set(&call->note, ERR_INVALID, "drill: this draft is part of %s: send it so, or change it", drill);
    return error;
}

static void copy_member(struct jdoc *to, const struct jdoc *from, const char *name)
{
    if (jdoc_type(jdoc_get(from, name)) != JDOC_NULL)
        jdoc_set_doc(to, name, jdoc_copy(jdoc_get(from, name)));
}

struct jdoc *node_api_compose(const struct node_api_call *call, const struct jdoc *words)
{
    static const char *const of_draft[] = {"case", "restricted", "drill"};
    static const char *const of_request[] = {"status", "drill", "confirm", "dry_run", "break_glass"};
    struct jdoc *body = jdoc_object();
    for (size_t i = 0; i < sizeof of_draft / sizeof of_draft[0]; i++)
        copy_member(body, words, of_draft[i]);
    for (size_t i = 0; i < sizeof of_request / sizeof of_request[0]; i++)
        copy_member(body, call->body, of_request[i]);
    jdoc_set_doc(body, "to", countries_of(call, words));
    return body;
}

/* The body of POST /v1/cases/{case}/revisions that a draft of an update and the call's body make together. */
static struct jdoc *compose_update(const struct node_api_call *call, const struct jdoc *words)
{
    static const char *const of_draft[] = {"case", "to", "replaces"};
    static const char *const of_request[] = {"confirm", "dry_run", "break_glass"};
    struct jdoc *body = jdoc_object();
    for (size_t i = 0; i < sizeof of_draft / sizeof of_draft[0]; i++)
        copy_member(body, words, of_draft[i]);
    for (size_t i = 0; i < sizeof of_request / sizeof of_request[0]; i++)
        copy_member(body, call->body, of_request[i]);
    return body;
}

/* Who may publish exercises alone must not reach a real case by calling it one. */
static int take_update(struct node_api_call *call, const struct jdoc *words)
{
    struct case_entry *entry = NULL;
    bool exercise;
    int error = find_updated(call, jdoc_get_text(words, "updates", ""), &call->note, &entry);
    if (error == OK)
        error = node_api_read_status(call, &exercise);
    if (error == OK && exercise != entry->exercise)
        error = err_set(&call->note, ERR_INVALID, "status: %s is %s: send its update as that", entry->reference,
                        entry->exercise ? "an EXERCISE" : "ACTUAL");
    if (error == OK && jdoc_type(jdoc_get(call->body, "drill")) != JDOC_NULL)
        error = err_set(&call->note, ERR_INVALID, "drill: an update has that of its case");
    if (error == OK)
        call->entry = entry;
    return error;
}

int node_api_post_draft_publish(struct node_api_call *call)
{
    static const struct node_api_field fields[] = {{"status", JDOC_TEXT, true},       {"confirm", JDOC_TEXT, false},
                                                   {"drill", JDOC_TEXT, false},       {"dry_run", JDOC_BOOL, false},
                                                   {"break_glass", JDOC_TEXT, false}, {NULL, JDOC_NULL, false}};
    struct draft *draft = NULL;
    struct jdoc *words = NULL;
    int error = node_api_find_draft(call, &draft);
    if (error == OK)
        error = node_api_check_fields(call, fields);
    bool dry = jdoc_get_bool(call->body, "dry_run", false);
    if (error == OK)
        error = node_api_match_draft(call, draft, !dry);
    if (error == OK)
        error = jdoc_parse(buf_slice(&draft->document), "draft", &call->note, &words);
    bool updates = error == OK && jdoc_get(words, "updates") != NULL;
    if (error == OK)
        error = updates ? take_update(call, words) : check_meant(call, words);
    if (error == OK) {
        struct jdoc *body = updates ? compose_update(call, words) : node_api_compose(call, words);
        jdoc_free(call->body);
        call->body = body;
        call->draft = draft;
    }
    jdoc_free(words);
    if (error != OK)
        return error;
    return updates ? node_api_post_revision(call) : node_api_post_case(call);
}
