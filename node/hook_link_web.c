/* hook_link_web: one webhook as a transfer. What its name resolves to is looked at at the moment of connecting, so that
 * a name that changes its mind meanwhile gains nothing. */
#include <inttypes.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "node/address.h"
#include "node/hook_link_inner.h"
#include "proto/clock.h"

static bool may_go(const struct hook_flight *flight, enum address_kind kind)
{
    if (flight->clear || kind == ADDRESS_LOOPBACK)
        return kind == ADDRESS_LOOPBACK && flight->policy.loopback;
    return kind == ADDRESS_PUBLIC || (kind == ADDRESS_PRIVATE && flight->policy.private_networks);
}

static curl_socket_t on_open(void *ctx, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct hook_flight *flight = ctx;
    (void)purpose;
    if (!may_go(flight, address_kind(&address->addr))) {
        flight->refused = true;
        return CURL_SOCKET_BAD;
    }
    flight->refused = false;
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/* Nothing of an answer is kept; too much of one ends the transfer. */
static size_t on_answer(char *data, size_t size, size_t count, void *ctx)
{
    struct hook_flight *flight = ctx;
    (void)data;
    flight->answered += size * count;
    return flight->answered <= LIMIT_DISPATCH_ANSWER_BYTES ? size * count : 0;
}

static int add_header(struct hook_flight *flight, const char *text)
{
    struct curl_slist *list = curl_slist_append(flight->list, text);
    if (list == NULL)
        return ERR_NOMEM;
    flight->list = list;
    return OK;
}

static int add_signature(struct hook_flight *flight, const struct hook *hook, const char *id, int64_t at_s)
{
    struct seal_hook_message message = {id, at_s, buf_slice(&flight->out)};
    char line[96];
    struct buf signature;
    buf_init(&signature);
    buf_add_text(&signature, "webhook-signature: ");
    int error = seal_hook_header(&hook->keys, &message, &signature);
    if (error == OK)
        error = add_header(flight, buf_text(&signature));
    buf_free(&signature);
    snprintf(line, sizeof line, "webhook-id: %s", id);
    if (error == OK)
        error = add_header(flight, line);
    snprintf(line, sizeof line, "webhook-timestamp: %" PRId64, at_s);
    return error == OK ? add_header(flight, line) : error;
}

static void set_up(struct hook_flight *flight, const struct hook *hook)
{
    CURL *curl = flight->curl;
    curl_easy_setopt(curl, CURLOPT_URL, hook->url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, flight->policy.loopback ? "http,https" : "https");
    curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, on_open);
    curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, (void *)flight);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_answer);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, (void *)flight);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, NODE_SOFTWARE);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, flight->list);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)flight->out.len);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, (const char *)flight->out.data);
    /* A connection that stays open was looked at under the policy of then. */
    curl_easy_setopt(curl, CURLOPT_FORBID_REUSE, 1L);
    curl_easy_setopt(curl, CURLOPT_FRESH_CONNECT, 1L);
}

int hook_link_web(struct hook_flight *flight, const struct node *node, const struct dispatch *dispatch,
                  const struct node_conf *conf)
{
    const struct hook *hook = hooks_by_id(node_hooks(node), &dispatch->hook);
    char hex[2 * KEY_UUID_BYTES + 1], id[sizeof hex + 4];
    if (hook == NULL)
        return ERR_NOT_FOUND;
    flight->policy = conf->hooks;
    flight->clear = strncasecmp(hook->url, "https:", 6) != 0;
    buf_hex(slice_of(dispatch->id.bytes, KEY_UUID_BYTES), hex);
    snprintf(id, sizeof id, "msg_%s", hex);
    buf_add_text(&flight->out, dispatch->body);
    if (buf_broken(&flight->out))
        return ERR_NOMEM;
    int error = add_header(flight, "Content-Type: application/json");
    if (error == OK)
        error = add_header(flight, "Expect:");
    if (error == OK)
        error = add_signature(flight, hook, id, clock_wall_us() / CLOCK_SECOND_US);
    if (error == OK)
        set_up(flight, hook);
    return error;
}
