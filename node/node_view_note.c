/* node_view_note: handover notes as documents. */
#include "node/node_view.h"
#include "node/notes.h"

struct jdoc *node_view_note(const struct node *node, const struct note *note)
{
    struct jdoc *doc = jdoc_object();
    struct buf text;
    buf_init(&text);
    buf_add_slice(&text, buf_slice(&note->text));
    node_view_set_hex(doc, "id", slice_of(note->id.bytes, KEY_UUID_BYTES));
    node_view_set_time(doc, "at", note->at_us);
    jdoc_set_text(doc, "by", note->by);
    jdoc_set_text(doc, "text", buf_text(&text));
    node_view_set_time(doc, "erased_at", note->at_us + node_notes_life(node));
    buf_free(&text);
    return doc;
}

struct jdoc *node_view_notes(const struct node *node)
{
    const struct notes *notes = node_notes(node);
    struct jdoc *page = jdoc_object();
    struct jdoc *items = jdoc_set_doc(page, "items", jdoc_array());
    for (size_t i = notes->count; i-- > 0;)
        jdoc_add_doc(items, node_view_note(node, notes->list[i]));
    return page;
}
