/* node_view_poster: registered posters as documents. */
#include <string.h>

#include "node/node_view.h"
#include "node/posters.h"

static void set_qr(struct jdoc *doc, const struct case_entry *entry, const char *id)
{
    char path[LIMIT_SENTENCE_BYTES];
    snprintf(path, sizeof path, "/v1/cases/%s:%s/posters/%s/qr", entry->opener, entry->reference, id);
    jdoc_set_text(doc, "qr", path);
}

struct jdoc *node_view_poster(const struct node *node, const struct poster *poster, int64_t now_us)
{
    const struct case_entry *entry = cases_find(node_cases(node), &poster->case_key);
    const struct item *newest = entry != NULL ? cases_newest(node_cases(node), entry) : NULL;
    char id[2 * KEY_UUID_BYTES + 1];
    struct jdoc *doc = jdoc_object();
    buf_hex(slice_of(poster->id.bytes, KEY_UUID_BYTES), id);
    jdoc_set_text(doc, "id", id);
    jdoc_set_text(doc, "language", poster->language);
    jdoc_set_text(doc, "form", poster->square ? "square" : "a4");
    node_view_set_time(doc, "at", poster->at_us);
    jdoc_set_text(doc, "by", poster->by);
    jdoc_set_text(doc, "phone", node_poster_phone(node));
    if (newest != NULL)
        node_view_set_time(doc, "valid_until", newest->header->expires_at_us);
    if (entry != NULL)
        set_qr(doc, entry, id);
    jdoc_set_bool(doc, "withdraw", node_poster_must_go(node, poster, now_us));
    node_view_set_time_if(doc, "withdrawn_at", poster->withdrawn_at_us);
    node_view_set_text_if(doc, "withdrawn_by", poster->withdrawn_by);
    return doc;
}

struct jdoc *node_view_posters(const struct node *node, const struct case_entry *entry, int64_t now_us)
{
    const struct posters *posters = node_posters(node);
    struct jdoc *page = jdoc_object();
    struct jdoc *items = jdoc_set_doc(page, "items", jdoc_array());
    for (size_t i = posters->count; i-- > 0;)
        if (memcmp(posters->list[i]->case_key.bytes, entry->key.bytes, sizeof entry->key.bytes) == 0)
            jdoc_add_doc(items, node_view_poster(node, posters->list[i], now_us));
    jdoc_set_int(page, "withdraw", (int64_t)node_poster_count(node, entry, now_us).withdraw);
    return page;
}
