/* node_api_poster: posters registered, listed, taken down. Draws nothing but the code to call. */
#include <string.h>

#include "node/node_api_inner.h"
#include "node/node_view.h"
#include "node/posters.h"
#include "node/qr.h"
#include "proto/form.h"

#define ID_DIGITS_LEAST 6

static int find_poster(struct node_api_call *call, struct poster **ret_poster)
{
    size_t count = 0;
    struct poster *poster = posters_find(node_posters(call->node), &call->entry->key, call->second, &count);
    if (strlen(call->second) < ID_DIGITS_LEAST || count == 0)
        return err_set(&call->note, ERR_NOT_FOUND, "no poster of this case goes by this id");
    if (count > 1)
        return err_set(&call->note, ERR_AMBIGUOUS, "%zu posters begin so: say more digits", count);
    *ret_poster = poster;
    return OK;
}

/* After its commit, as it was when it was asked for. */
static int answer_poster(struct node_api_call *call, const struct poster *poster, unsigned status)
{
    node_api_answer_doc(call->api, call->request, node_view_poster(call->node, poster, call->now_us), poster->ticket,
                        status);
    return OK;
}

static int read_wish(struct node_api_call *call, struct poster *wish)
{
    const char *language = jdoc_get_text(call->body, "language", ""), *form = jdoc_get_text(call->body, "form", "");
    if (!form_is_language(language))
        return err_set(&call->note, ERR_INVALID, "language: is no language, as fr or pt-BR");
    wish->square = strcmp(form, "square") == 0;
    if (!wish->square && strcmp(form, "a4") != 0)
        return err_set(&call->note, ERR_UNKNOWN, "form: is neither a4 nor square");
    snprintf(wish->language, sizeof wish->language, "%s", language);
    node_api_account(call, wish->by);
    return OK;
}

int node_api_post_poster(struct node_api_call *call)
{
    static const struct node_api_field fields[] = {
        {"language", JDOC_TEXT, true}, {"form", JDOC_TEXT, true}, {NULL, JDOC_NULL, false}};
    struct poster wish = {.at_us = 0}, *poster = NULL;
    int error = node_api_check_fields(call, fields);
    if (error == OK)
        error = read_wish(call, &wish);
    if (error == OK)
        error = node_poster_new(call->node, call->entry, &wish, call->now_us, &call->note, &poster);
    if (error != OK)
        return error;
    node_api_record(call, call->entry);
    return answer_poster(call, poster, 201);
}

int node_api_get_posters(struct node_api_call *call)
{
    node_api_answer_doc(call->api, call->request, node_view_posters(call->node, call->entry, call->now_us),
                        vault_last(node_vault(call->node)), 200);
    return OK;
}

int node_api_get_poster(struct node_api_call *call)
{
    struct poster *poster = NULL;
    int error = find_poster(call, &poster);
    return error == OK ? answer_poster(call, poster, 200) : error;
}

int node_api_post_poster_withdrawn(struct node_api_call *call)
{
    char account[LIMIT_NAME_BYTES + 1];
    struct poster *poster = NULL;
    int error = find_poster(call, &poster);
    if (error != OK)
        return error;
    if (poster->withdrawn_at_us == 0) {
        node_api_account(call, account);
        (void)node_poster_withdrawn(call->node, poster, account, call->now_us);
        node_api_record(call, call->entry);
    }
    return answer_poster(call, poster, 200);
}

/* What a passer-by shall do is call: no address that goes stale, is forged, or counts its readers. */
int node_api_get_poster_qr(struct node_api_call *call)
{
    char uri[64] = "tel:";
    struct poster *poster = NULL;
    struct buf svg;
    int error = find_poster(call, &poster);
    if (error != OK)
        return error;
    size_t len = strlen(uri);
    for (const char *c = node_poster_phone(call->node); *c != '\0' && len + 1 < sizeof uri; c++)
        if (*c != ' ')
            uri[len++] = *c;
    uri[len] = '\0';
    buf_init(&svg);
    error = qr_svg(uri, &svg);
    if (error == OK)
        http_reply(call->request, 200, "image/svg+xml", buf_slice(&svg));
    buf_free(&svg);
    return error;
}
