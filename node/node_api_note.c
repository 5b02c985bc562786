/* node_api_note: handover notes over the API. What they say is in no log. */
#include <string.h>

#include "node/node_api_inner.h"
#include "node/notes.h"
#include "proto/form.h"
#include "proto/seal.h"

#define ID_DIGITS_LEAST 6

static struct node_api_subject subject_of(const struct note *note)
{
    return (struct node_api_subject){.kind = NODE_API_NOTE, .reply = note->id};
}

int node_api_get_notes(struct node_api_call *call)
{
    const struct notes *notes = node_notes(call->node);
    struct node_api_subject subject = {.kind = NODE_API_NOTES};
    uint64_t ticket = 0;
    for (size_t i = 0; i < notes->count; i++)
        ticket = notes->list[i]->ticket > ticket ? notes->list[i]->ticket : ticket;
    return node_api_answer_after(call, &subject, ticket, 200);
}

static int check_text(struct node_api_call *call, const char *text)
{
    size_t chars = 0;
    if (form_is_blank(text))
        return err_set(&call->note, ERR_MISSING, "text: is required");
    if (form_text(text, true, &chars) != FORM_CLEAN)
        return err_set(&call->note, ERR_INVALID, "text: contains what is not text");
    if (chars > LIMIT_NOTE_CHARS)
        return err_set(&call->note, ERR_LIMIT, "text: %zu characters; the limit is %d", chars, LIMIT_NOTE_CHARS);
    return OK;
}

int node_api_post_note(struct node_api_call *call)
{
    static const struct node_api_field fields[] = {{"text", JDOC_TEXT, true}, {NULL, JDOC_NULL, false}};
    struct note wish = {.at_us = call->now_us};
    struct note *note = NULL;
    int error = node_api_check_fields(call, fields);
    const char *text = jdoc_get_text(call->body, "text", "");
    if (error == OK)
        error = check_text(call, text);
    if (error != OK)
        return error;
    node_api_account(call, wish.by);
    buf_init(&wish.text);
    buf_add_text(&wish.text, text);
    error = buf_broken(&wish.text) ? ERR_NOMEM : node_note_new(call->node, &wish, &call->note, &note);
    if (wish.text.data != NULL)
        seal_wipe(wish.text.data, wish.text.capacity);
    buf_free(&wish.text);
    if (error != OK)
        return error;
    struct node_api_subject subject = subject_of(note);
    if (call->key != NULL)
        return node_api_answer_committed(call, &subject, note->ticket);
    node_api_record(call, NULL);
    return node_api_answer_after(call, &subject, note->ticket, 201);
}

int node_api_delete_note(struct node_api_call *call)
{
    struct node_api_subject subject = {.kind = NODE_API_NOTHING};
    size_t count = 0;
    struct note *note = notes_find(node_notes(call->node), call->name, &count);
    if (strlen(call->name) < ID_DIGITS_LEAST || count == 0)
        return err_set(&call->note, ERR_NOT_FOUND, "no note here goes by this id: it may have been deleted or erased");
    if (count > 1)
        return err_set(&call->note, ERR_AMBIGUOUS, "%zu notes begin so: say more digits", count);
    node_api_record(call, NULL);
    return node_api_answer_after(call, &subject, node_note_erase(call->node, note), 204);
}
