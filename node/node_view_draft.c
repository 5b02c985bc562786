/* node_view_draft: drafts as documents, and what still stands between each and its sending. */
#include <stdlib.h>
#include <string.h>

#include "node/approval.h"
#include "node/drafts.h"
#include "node/node_blob.h"
#include "node/node_view.h"
#include "proto/case.h"

/* ---- what is missing ---- */

static void add_missing(struct jdoc *missing, const char *path, const char *text)
{
    struct jdoc *one = jdoc_add_doc(missing, jdoc_object());
    jdoc_set_text(one, "path", path);
    jdoc_set_text(one, "text", text);
}

/* "path: sentence", from the case's own root. */
static void add_sentence(struct jdoc *missing, const char *sentence)
{
    char path[MAPPER_PATH_MAX];
    const char *colon = strstr(sentence, ": ");
    size_t len = colon != NULL ? (size_t)(colon - sentence) : 0;
    if (len == 0 || len + sizeof "case." > sizeof path) {
        add_missing(missing, "case", sentence);
        return;
    }
    snprintf(path, sizeof path, "case.%.*s", (int)len, sentence);
    add_missing(missing, path, colon + 2);
}

/* What publishing would refuse the case for: all that is required and absent, else the first that does not fit. */
static void add_refusals(struct jdoc *missing, const Hotline__Case *alert, int64_t now_us)
{
    struct err_note note = {""};
    int error = case_check_sendable(alert, now_us, &note);
    if (error == OK)
        return;
    if (note.text[0] == '\0')
        snprintf(note.text, sizeof note.text, "%s", err_text(error));
    for (char *rest = note.text; rest != NULL;) {
        char *next = error == ERR_MISSING ? strstr(rest, "; ") : NULL;
        if (next != NULL) {
            *next = '\0';
            next += 2;
        }
        add_sentence(missing, rest);
        rest = next;
    }
}

/* What a draft says, and the case that it updates: NULL when it updates none, or one that is not here any more. */
struct reading {
    const struct node *node;
    struct jdoc *words;
    Hotline__Case *alert;
    const struct case_entry *entry;
};

static bool photo_waits(const struct reading *draft, const Hotline__Attachment *photo)
{
    const struct node *node = draft->node;
    const struct item *before = draft->entry != NULL ? cases_shown(node_cases(node), draft->entry) : NULL;
    return photo->upload.len == 16 &&
        (node_photo_waits(node, photo->upload.data) || node_photo_was(before, photo->upload.data));
}

static void add_photos(const struct reading *draft, struct jdoc *missing)
{
    for (size_t i = 0; i < draft->alert->n_photos; i++) {
        char path[64];
        snprintf(path, sizeof path, "case.photos[%zu].upload", i);
        if (!photo_waits(draft, draft->alert->photos[i]))
            add_missing(missing, path, "the picture is not here any more: hand it in again");
    }
}

static void set_missing(const struct reading *draft, struct jdoc *view, int64_t now_us)
{
    const struct case_entry *entry = draft->entry;
    const struct jdoc *words = draft->words;
    const char *why;
    char text[LIMIT_SENTENCE_BYTES];
    struct jdoc *missing = jdoc_set_doc(view, "missing", jdoc_array());
    bool is_update = jdoc_get(words, "updates") != NULL;
    add_refusals(missing, draft->alert, now_us);
    add_photos(draft, missing);
    if (is_update && entry == NULL)
        add_missing(missing, "updates", "this case is not here any more");
    if (entry != NULL && cases_last(entry)->header->revision != jdoc_get_int(words, "replaces", 0))
        add_missing(missing, "replaces", "the case was revised since this was written: read it again");
    if (!is_update && jdoc_count(jdoc_get(words, "to")) == 0 && !jdoc_get_bool(words, "neighbours", false))
        add_missing(missing, "to", "is required: the countries concerned, or neighbours");
    if (!is_update && !jdoc_get_bool(words, "restricted", false) && case_needs_restriction(draft->alert, &why)) {
        snprintf(text, sizeof text, "must be true: %s", why);
        add_missing(missing, "restricted", text);
    }
}

/* ---- the document ---- */

static void set_child(struct jdoc *view, const Hotline__Case *alert)
{
    const Hotline__Description *child = alert->child;
    if (alert->has_category)
        node_view_set_text_if(view, "category",
                              mapper_code_name(&hotline__category__code__descriptor, (int)alert->category));
    if (child == NULL)
        return;
    struct jdoc *part = jdoc_set_doc(view, "child", jdoc_object());
    node_view_set_text_if(part, "given_name",
                          child->given_name != NULL ? child->given_name :
                              child->n_aliases > 0  ? child->aliases[0] :
                                                      NULL);
    if (child->has_age_years)
        jdoc_set_int(part, "age_years", child->age_years);
}

static void set_head(struct jdoc *view, const struct draft *draft)
{
    char tag[2 * KEY_UUID_BYTES + 1], etag[sizeof tag + 2];
    buf_hex(slice_of(draft->tag.bytes, KEY_UUID_BYTES), tag);
    snprintf(etag, sizeof etag, "\"%s\"", tag);
    node_view_set_hex(view, "id", slice_of(draft->id.bytes, KEY_UUID_BYTES));
    jdoc_set_text(view, "etag", etag);
    node_view_set_time(view, "created_at", draft->created_at_us);
    jdoc_set_text(view, "created_by", draft->created_by);
    node_view_set_time(view, "changed_at", draft->changed_at_us);
    jdoc_set_text(view, "changed_by", draft->changed_by);
    node_view_set_time(view, "erased_at", drafts_erased_at(draft));
}

static bool is_restricted(const struct reading *draft)
{
    return draft->entry != NULL ? cases_last(draft->entry)->header->route->restricted :
                                  jdoc_get_bool(draft->words, "restricted", false);
}

static bool is_exercise(const struct reading *draft)
{
    return draft->entry != NULL ? draft->entry->exercise :
                                  strcmp(jdoc_get_text(draft->words, "status", ""), "EXERCISE") == 0;
}

static void set_words(const struct reading *draft, struct jdoc *view)
{
    const struct case_entry *entry = draft->entry;
    const struct jdoc *words = draft->words;
    const struct jdoc *to = jdoc_get(words, "to");
    const char *status = jdoc_get_text(words, "status", NULL);
    node_view_set_text_if(view, "status", entry != NULL ? node_view_status_name(entry->exercise) : status);
    jdoc_set_doc(view, "to", to != NULL ? jdoc_copy(to) : jdoc_array());
    jdoc_set_bool(view, "neighbours", jdoc_get_bool(words, "neighbours", false));
    jdoc_set_bool(view, "restricted", is_restricted(draft));
    node_view_set_text_if(view, "drill", jdoc_get_text(words, "drill", NULL));
    node_view_set_text_if(view, "updates", jdoc_get_text(words, "updates", NULL));
    if (jdoc_get(words, "replaces") != NULL)
        jdoc_set_int(view, "replaces", jdoc_get_int(words, "replaces", 0));
}

static void set_photos(const struct reading *draft, struct jdoc *view)
{
    const Hotline__Case *alert = draft->alert;
    struct jdoc *photos = jdoc_set_doc(view, "photos", jdoc_array());
    for (size_t i = 0; i < alert->n_photos; i++) {
        struct jdoc *one = jdoc_add_doc(photos, jdoc_object());
        if (alert->photos[i]->upload.len <= KEY_HASH_BYTES)
            node_view_set_hex(one, "upload", wire_slice(alert->photos[i]->upload));
        jdoc_set_bool(one, "here", photo_waits(draft, alert->photos[i]));
    }
}

void node_view_set_widens(struct jdoc *view, unsigned widens)
{
    struct jdoc *ways = jdoc_set_doc(view, "widens", jdoc_array());
    const char *word;
    unsigned bit;
    for (int i = 0; (word = approval_widening(i, &bit)) != NULL; i++)
        if ((widens & bit) != 0)
            jdoc_add_text(ways, word);
}

/* In which ways it reaches further; of an opening all. */
static unsigned widens_of(const struct reading *draft)
{
    const struct jdoc *list = jdoc_get(draft->words, "to");
    const char *to[LIMIT_COUNTRIES];
    struct node_draft update = {.content = draft->alert, .to = to};
    if (draft->entry == NULL)
        return ~0u;
    for (size_t i = 0; i < jdoc_count(list) && i < LIMIT_COUNTRIES; i++)
        to[update.to_count++] = jdoc_text(jdoc_at(list, i));
    return node_update_widens(draft->node, draft->entry, &update);
}

static void set_approval(const struct reading *draft, struct jdoc *view, const struct draft *kept)
{
    const struct approval_policy *policy = node_approval_policy(draft->node);
    const Hotline__Case *alert = draft->alert;
    const struct approval_facts facts = {.exercise = is_exercise(draft),
                                         .restricted = is_restricted(draft),
                                         .category = alert->has_category ? (int)alert->category : 0};
    unsigned widens = widens_of(draft);
    const char *why = NULL;
    struct jdoc *part = jdoc_set_doc(view, "approval", jdoc_object());
    enum approval_need need = widens != 0 ? approval_need(policy, &facts, &why) : APPROVAL_NONE;
    jdoc_set_text(part, "need", approval_need_name(need));
    node_view_set_text_if(part, "why", why);
    jdoc_set_text(part, "by", policy->by_supervisor ? "SUPERVISOR" : "ANYBODY");
    jdoc_set_text(part, "author", kept->author);
    node_view_set_text_if(part, "approved_by", kept->approved_by);
    node_view_set_time_if(part, "approved_at", kept->approved_at_us);
    if (draft->entry != NULL)
        node_view_set_widens(view, widens);
}

static struct jdoc *view(const struct node *node, const struct draft *draft, bool whole, int64_t now_us)
{
    struct reading reading = {.node = node};
    struct case_entry *entry = NULL;
    struct jdoc *out = jdoc_object();
    set_head(out, draft);
    /* It was written here and checked before: it does not parse only when memory is short. */
    if (jdoc_parse(buf_slice(&draft->document), "draft", NULL, &reading.words) != OK ||
        case_from_json(jdoc_get(reading.words, "case"), NULL, &reading.alert) != OK) {
        jdoc_free(reading.words);
        jdoc_free(out);
        return NULL;
    }
    const char *updates = jdoc_get_text(reading.words, "updates", NULL);
    if (updates != NULL && cases_own(node_cases(node), updates, &entry) == OK)
        reading.entry = entry;
    set_words(&reading, out);
    set_child(out, reading.alert);
    set_missing(&reading, out, now_us);
    set_approval(&reading, out, draft);
    if (whole) {
        jdoc_set_doc(out, "case", jdoc_copy(jdoc_get(reading.words, "case")));
        node_view_set_text_if(out, "notes", jdoc_get_text(reading.words, "notes", NULL));
        set_photos(&reading, out);
    }
    case_free(reading.alert);
    jdoc_free(reading.words);
    return out;
}

struct jdoc *node_view_draft(const struct node *node, const struct draft *draft, int64_t now_us)
{
    return view(node, draft, true, now_us);
}

static int newest_change_first(const void *a, const void *b)
{
    const struct draft *const *x = a, *const *y = b;
    return (*x)->changed_at_us < (*y)->changed_at_us ? 1 : (*x)->changed_at_us > (*y)->changed_at_us ? -1 : 0;
}

struct jdoc *node_view_drafts(const struct node *node, int64_t now_us)
{
    const struct drafts *drafts = node_drafts(node);
    const struct draft *sorted[LIMIT_DRAFTS];
    struct jdoc *page = jdoc_object();
    struct jdoc *items = jdoc_set_doc(page, "items", jdoc_array());
    for (size_t i = 0; i < drafts->count; i++)
        sorted[i] = drafts->list[i];
    if (drafts->count > 1)
        qsort(sorted, drafts->count, sizeof sorted[0], newest_change_first);
    for (size_t i = 0; i < drafts->count; i++) {
        struct jdoc *one = view(node, sorted[i], false, now_us);
        if (one != NULL)
            jdoc_add_doc(items, one);
    }
    return page;
}
