/* node_api_audit: the log of acts, read and verified. Reads from the disk, so that what stands there is what is judged.
 */
#include <inttypes.h>

#include "node/node_api_inner.h"
#include "node/node_view.h"
#include "proto/clock.h"

#define PAGE_DEFAULT 100

struct reading {
    struct node_api_slow slow;
    struct jdoc *page; /* of a page; NULL: a walk */
    struct jdoc *items;
    uint64_t upto; /* the last entry of the page */
    struct audit_walk walk;
};

static void end(struct reading *reading)
{
    jdoc_free(reading->page);
    node_api_slow_done(&reading->slow, sizeof *reading);
}

static void set_hash(struct jdoc *doc, const char *name, const struct key_hash *hash)
{
    char text[2 * KEY_HASH_BYTES + 1];
    buf_hex(slice_of(hash->bytes, KEY_HASH_BYTES), text);
    jdoc_set_text(doc, name, text);
}

static struct reading *new_reading(struct node_api_call *call)
{
    node_flush(call->node, call->now_us, clock_steady_us()); /* what is decided goes to the disk before it is read */
    return node_api_slow_new(call, sizeof(struct reading));
}

/* ---- a page ---- */

static void add_entry(void *ctx, const struct audit_entry *entry)
{
    struct reading *reading = ctx;
    struct jdoc *doc = jdoc_add_doc(reading->items, jdoc_object());
    jdoc_set_int(doc, "number", (int64_t)entry->number);
    node_view_set_time(doc, "at", entry->at_us);
    jdoc_set_text(doc, "kind", caller_kind_name(entry->kind));
    jdoc_set_text(doc, "who", entry->who);
    jdoc_set_text(doc, "act", entry->act);
    jdoc_set_text(doc, "subject", entry->subject);
    jdoc_set_text(doc, "result", entry->result);
    set_hash(doc, "previous", &entry->previous);
    set_hash(doc, "hash", &entry->hash);
}

static void answer_page(struct reading *reading, int result)
{
    struct http_request *request = reading->slow.request;
    reading->slow.request = NULL;
    if (request == NULL)
        return;
    if (result != OK) {
        node_api_refuse_late(request, result, err_text(result));
        return;
    }
    node_api_answer(request, 200, reading->page);
    reading->page = NULL;
}

/* An entry that does not open is left out here: the verifier names it. */
static void on_entry(void *ctx, uint64_t number, int result, struct slice record)
{
    struct reading *reading = ctx;
    if (number == 0) {
        answer_page(reading, result);
        end(reading);
    } else if (result == OK) {
        (void)!audit_open(record, add_entry, reading);
    }
}

/* `before`: so many entries that end with the one before it, for people who look at the newest first. */
static int read_range(struct node_api_call *call, uint64_t last, uint64_t *ret_first, size_t *ret_count)
{
    int64_t limit = PAGE_DEFAULT, after = -1;
    int error = node_api_read_number(call, "limit", 1, NODE_API_PAGE_MAX, &limit);
    if (error == OK)
        error = node_api_read_number(call, "after", 0, INT64_MAX / 2, &after);
    if (error != OK)
        return error;
    if (after < 0) /* the newest */
        after = last > (uint64_t)limit ? (int64_t)last - limit : 0;
    *ret_first = (uint64_t)after + 1;
    *ret_count = (uint64_t)after >= last         ? 0 :
        last - (uint64_t)after < (uint64_t)limit ? last - (uint64_t)after :
                                                   (size_t)limit;
    return OK;
}

int node_api_get_audit(struct node_api_call *call)
{
    const struct audit *audit = node_audit(call->node);
    uint64_t first = 1;
    size_t count = 0;
    int error = read_range(call, audit->number, &first, &count);
    struct reading *reading = error == OK ? new_reading(call) : NULL;
    if (reading == NULL)
        return error != OK ? error : ERR_NOMEM;
    reading->page = jdoc_object();
    reading->items = jdoc_set_doc(reading->page, "items", jdoc_array());
    jdoc_set_int(reading->page, "last", (int64_t)audit->number);
    error = vault_find_numbers(node_vault(call->node), VAULT_AUDIT, first, count, on_entry, reading);
    if (error != OK) {
        http_on_gone(call->request, NULL, NULL);
        end(reading);
    }
    return error;
}

/* ---- the whole chain ---- */

static void answer_walk(struct reading *reading)
{
    const struct audit_walk *walk = &reading->walk;
    struct http_request *request = reading->slow.request;
    reading->slow.request = NULL;
    if (request == NULL)
        return;
    struct jdoc *doc = jdoc_object();
    jdoc_set_bool(doc, "intact", walk->broken == 0);
    jdoc_set_int(doc, "entries", (int64_t)walk->last);
    set_hash(doc, "head", &walk->head);
    if (walk->broken != 0) {
        jdoc_set_int(doc, "broken_at", (int64_t)walk->broken);
        jdoc_set_text(doc, "why", walk->why);
    }
    node_api_answer(request, 200, doc);
}

static void on_link(void *ctx, uint64_t number, int result, struct slice record);

static int read_on(struct reading *reading)
{
    const struct audit_walk *walk = &reading->walk;
    uint64_t left = walk->last + 1 - walk->next;
    return vault_find_numbers(node_vault(reading->slow.api->conf.node), VAULT_AUDIT, walk->next,
                              left < VAULT_MANY ? (size_t)left : VAULT_MANY, on_link, reading);
}

static void on_link(void *ctx, uint64_t number, int result, struct slice record)
{
    struct reading *reading = ctx;
    const struct audit_walk *walk = &reading->walk;
    if (number != 0) {
        (void)audit_walk_step(&reading->walk, result, record);
        return;
    }
    bool more = result == OK && walk->broken == 0 && walk->next <= walk->last;
    if (more && reading->slow.api != NULL && reading->slow.request != NULL && (result = read_on(reading)) == OK)
        return;
    if (result == OK && !more)
        answer_walk(reading);
    else if (reading->slow.request != NULL) {
        node_api_refuse_late(reading->slow.request, result, err_text(result));
        reading->slow.request = NULL;
    }
    end(reading);
}

int node_api_get_audit_verify(struct node_api_call *call)
{
    struct reading *reading = new_reading(call);
    if (reading == NULL)
        return ERR_NOMEM;
    audit_walk_begin(node_audit(call->node), &reading->walk);
    int error = read_on(reading);
    if (error != OK) {
        http_on_gone(call->request, NULL, NULL);
        end(reading);
    }
    return error;
}
