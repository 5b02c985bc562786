/*
 * fuzz_api: requests of people and programs to a node that has cases, users and a token: over the Unix socket, or at
 * the console with its cookies, tokens, Host and Origin. The node and its API are real; HTTP itself is played (its own
 * parser is libmicrohttpd's), so is the slow hash of passwords. Every request is answered exactly once; an answer is
 * JSON in form; nothing that a caller writes ends in a status of 500.
 *
 * An input is a list of requests, "METHOD PATH[?QUERY]", lines "Name: value", an empty line, the body, "---". A line
 * "@console" brings it to the console; "@user", "@token" add who calls there; "@bare" leaves out what is else added. A
 * "@" in the path is the id that the answer before gave.
 */
#include "fuzz.h"

int fuzz_node_input(const uint8_t *data, size_t size);
#define LLVMFuzzerTestOneInput fuzz_node_input
#define LLVMFuzzerCustomMutator fuzz_steps_mutator
#include "fuzz_node.c"
#undef LLVMFuzzerTestOneInput
#undef LLVMFuzzerCustomMutator

#include <strings.h>

#include "node/argon.h"
#include "node/node_api.h"
#include "node/node_events.h"
#include "node/origin.h"
#include "proto/http.h"

#define REQUESTS_MAX 12
#define LINES_MAX 16

/* ---- time: the network's, in place of proto/clock (linked with --wrap: the fuzzer keeps the machine's) ---- */

int64_t __wrap_clock_wall_us(void);
int64_t __wrap_clock_steady_us(void);

int64_t __wrap_clock_wall_us(void)
{
    return net->now_us;
}

int64_t __wrap_clock_steady_us(void)
{
    return net->steady_us;
}

/* Around what is played here, and what the API is asked beside its requests: for tests in which its own calls fail
 * (tests/torture). */
#ifndef API_AWAY
#define API_AWAY() ((void)0)
#define API_BACK() ((void)0)
#define API_CALM true
#endif

/* ---- HTTP, played ---- */

struct http_request {
    const char *method;
    char *path, *query;
    const char *names[LINES_MAX], *values[LINES_MAX];
    size_t lines;
    struct slice body;
    bool console;
    loop_fn *on_gone;
    void *gone_ctx;
};

struct http {
    struct http_counters counters;
};

static struct http http;
static size_t answered, owed;
static struct buf last_answer;
static char last_cookie[200], last_id[80], last_etag[80];

int http_listen(struct loop *loop, const struct http_conf *conf, http_handler *handler, void *ctx,
                struct err_note *note, struct http **ret_http)
{
    (void)loop, (void)conf, (void)handler, (void)ctx, (void)note;
    *ret_http = &http;
    return OK;
}

uint16_t http_port(const struct http *self)
{
    (void)self;
    return 0;
}

const struct http_counters *http_counters(const struct http *self)
{
    return &self->counters;
}

void http_stop(struct http *self)
{
    (void)self;
}

void http_free(struct http *self)
{
    (void)self;
}

const char *http_method(const struct http_request *request)
{
    return request->method;
}

const char *http_path(const struct http_request *request)
{
    return request->path;
}

/* Of "a=1&b=2", in place: the text is the request's own. */
const char *http_query(const struct http_request *request, const char *name)
{
    size_t len = strlen(name);
    for (char *at = request->query; at != NULL; at = at[strlen(at) + 1] != '\0' ? at + strlen(at) + 1 : NULL)
        if (strncmp(at, name, len) == 0 && (at[len] == '=' || at[len] == '\0'))
            return at[len] == '=' ? at + len + 1 : at + len;
    return NULL;
}

const char *http_header(const struct http_request *request, const char *name)
{
    for (size_t i = 0; i < request->lines; i++)
        if (strcasecmp(request->names[i], name) == 0)
            return request->values[i];
    return NULL;
}

struct slice http_body(const struct http_request *request)
{
    return request->body;
}

int http_peer(const struct http_request *request, uid_t *ret_uid, pid_t *ret_pid)
{
    if (request->console)
        return ERR_STATE;
    *ret_uid = 4242;
    *ret_pid = 1;
    return OK;
}

void http_remote(const struct http_request *request, char text[HTTP_REMOTE_MAX])
{
    snprintf(text, HTTP_REMOTE_MAX, "%s", request->console ? "127.0.0.1" : "");
}

bool http_gone(const struct http_request *request)
{
    (void)request;
    return false;
}

void http_on_gone(struct http_request *request, loop_fn *on_gone, void *ctx)
{
    request->on_gone = on_gone;
    request->gone_ctx = ctx;
}

int http_reply_header(struct http_request *request, const char *name, const char *value)
{
    (void)request;
    for (const char *at = value; *at != '\0'; at++)
        if ((unsigned char)*at < ' ' && *at != '\t')
            return ERR_INVALID;
    if (strcmp(name, "Set-Cookie") == 0)
        snprintf(last_cookie, sizeof last_cookie, "%.*s", (int)strcspn(value, ";"), value);
    return OK;
}

/* What was made, by whatever name it goes. */
static void keep_id(const struct jdoc *doc)
{
    static const char *const names[] = {"id", "draft_id", "referral_id", "webhook_id", "delivery_id", "note_id"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (jdoc_get_text(doc, names[i], NULL) != NULL)
            snprintf(last_id, sizeof last_id, "%s", jdoc_get_text(doc, names[i], ""));
    if (jdoc_get_text(doc, "etag", NULL) != NULL)
        snprintf(last_etag, sizeof last_etag, "%s", jdoc_get_text(doc, "etag", ""));
}

static void let_go(struct http_request *request)
{
    CHECK(owed > 0);
    owed--;
    answered++;
    free(request->path);
    free(request);
}

void http_reply(struct http_request *request, unsigned status, const char *type, struct slice body)
{
    struct err_note note = {""};
    struct jdoc *doc = NULL;
    API_AWAY();
    CHECK(status >= 200 && status < 600 && (status != 500 || !API_CALM));
    if (type != NULL && strstr(type, "json") != NULL) {
        if (jdoc_parse(body, "answer", &note, &doc) != OK)
            fprintf(stderr, "%s\n", note.text);
        CHECK(doc != NULL);
        CHECK(status < 400 || (jdoc_get_text(doc, "code", NULL) != NULL && jdoc_get_text(doc, "title", NULL) != NULL));
        keep_id(doc);
        jdoc_free(doc);
    }
    if (getenv("FUZZ_TELL") != NULL)
        fprintf(stderr, "%s %s: %u %.*s\n", request->method, request->path, status, (int)body.len,
                (const char *)body.data);
    buf_clear(&last_answer);
    buf_add_slice(&last_answer, body);
    let_go(request);
    API_BACK();
}

struct http_stream {
    loop_fn *on_closed;
    void *ctx;
    bool open;
};

static struct http_stream streams[REQUESTS_MAX];

struct http_stream *http_stream_start(struct http_request *request, const char *type, struct slice heartbeat,
                                      loop_fn *on_closed, void *ctx)
{
    (void)type, (void)heartbeat;
    let_go(request);
    for (size_t i = 0; i < REQUESTS_MAX; i++) {
        if (streams[i].open)
            continue;
        streams[i] = (struct http_stream){on_closed, ctx, true};
        return &streams[i];
    }
    return NULL;
}

int http_stream_write(struct http_stream *stream, struct slice data)
{
    CHECK(stream->open && data.len > 0);
    return OK;
}

size_t http_stream_queued(const struct http_stream *stream)
{
    (void)stream;
    return 0;
}

void http_stream_on_room(struct http_stream *stream, loop_fn *on_room)
{
    (void)stream, (void)on_room;
}

void http_stream_end(struct http_stream *stream)
{
    stream->open = false;
}

/* ---- passwords, hashed at once ---- */

int argon_new(struct loop *loop, struct argon **ret_argon)
{
    (void)loop;
    *ret_argon = (struct argon *)&http;
    return OK;
}

void argon_free(struct argon *argon)
{
    (void)argon;
}

/* Asked, answered at the end of the request: what waited for it is there by then. */
static struct {
    argon_done *done;
    void *ctx;
    struct key_hash key;
} asked;

int argon_ask(struct argon *argon, const struct argon_wish *wish)
{
    (void)argon;
    if (asked.done != NULL)
        return ERR_BUSY;
    asked.key = seal_hash2(slice_text(wish->password), slice_of(wish->cost->salt, sizeof wish->cost->salt));
    asked.done = wish->done;
    asked.ctx = wish->ctx;
    return OK;
}

static void answer_argon(void)
{
    while (asked.done != NULL) {
        argon_done *done = asked.done;
        asked.done = NULL;
        API_BACK();
        done(asked.ctx, OK, asked.key.bytes);
        API_AWAY();
    }
}

/* ---- the node, as an honest day left it ---- */

static struct loop *loop;
static struct node_events *events;
static struct node_api *api;
static struct buf honest;
static int64_t honest_now_us, honest_steady_us;
static char user_cookie[200], user_csrf[200], token[300];

static void touched(void *ctx)
{
    (void)ctx;
}

static void open_api(void)
{
    const struct node_api_conf conf = {.loop = loop,
                                       .path = "node.sock",
                                       .node = self()->node,
                                       .events = events,
                                       .started_us = FIXTURE_NOW,
                                       .touched = touched};
    struct err_note note = {""};
    node_events_attach(events, self()->node);
    CHECK(node_api_open(&conf, &note, &api) == OK);
}

static void close_api(void)
{
    node_api_close(api);
    node_events_attach(events, NULL);
    api = NULL;
}

static char *take_line(struct cursor *input)
{
    size_t len = 0;
    while (len < input->rest.len && input->rest.data[len] != '\n')
        len++;
    char *line = fuzz_text(input->rest.data, len);
    (void)cursor_take(input, len < input->rest.len ? len + 1 : len);
    return line;
}

/* Up to the line that ends it, or the input. */
static struct slice take_body(struct cursor *input)
{
    static const char mark[] = "\n---\n";
    const uint8_t *from = input->rest.data;
    for (size_t len = 0; len + sizeof mark - 1 <= input->rest.len; len++) {
        if (memcmp(from + len, mark, sizeof mark - 1) == 0) {
            (void)cursor_take(input, len + sizeof mark - 1);
            return slice_of(from, len);
        }
    }
    return cursor_take(input, input->rest.len);
}

static void add_header(struct http_request *request, const char *name, const char *value)
{
    if (request->lines < LINES_MAX) {
        request->names[request->lines] = name;
        request->values[request->lines++] = value;
    }
}

struct asking {
    struct http_request *request;
    char *lines[LINES_MAX], key[24];
    size_t count;
    bool bare, user, token;
};

static void read_lines(struct cursor *input, struct asking *asking)
{
    struct http_request *request = asking->request;
    while (!cursor_at_end(input)) {
        char *line = take_line(input), *colon = strchr(line, ':');
        if (line[0] == '\0' || asking->count == LINES_MAX) {
            free(line);
            return;
        }
        asking->lines[asking->count++] = line;
        request->console |= strcmp(line, "@console") == 0 || strcmp(line, "@user") == 0 || strcmp(line, "@token") == 0;
        asking->user |= strcmp(line, "@user") == 0;
        asking->token |= strcmp(line, "@token") == 0;
        asking->bare |= strcmp(line, "@bare") == 0;
        if (line[0] == '@' || colon == NULL)
            continue;
        *colon = '\0';
        add_header(request, line, colon + 1 + strspn(colon + 1, " "));
    }
}

/* What else every honest caller sends. */
static void add_usual(struct asking *asking, unsigned number)
{
    struct http_request *request = asking->request;
    if (asking->bare)
        return;
    snprintf(asking->key, sizeof asking->key, "fuzz-key-%u", number);
    add_header(request, "Content-Type", "application/json");
    add_header(request, "Idempotency-Key", asking->key);
    add_header(request, "Host", "localhost:7700");
    if (last_etag[0] != '\0')
        add_header(request, "If-Match", last_etag);
    if (asking->user) {
        add_header(request, "Cookie", user_cookie);
        add_header(request, "X-CSRF-Token", user_csrf);
    }
    if (asking->token)
        add_header(request, "Authorization", token);
}

/* The first line: its path as HTTP hands it on, and its query in pieces that end in NUL. */
static bool read_target(char *line, struct http_request *request)
{
    static const char *const methods[] = {"GET", "POST", "PUT", "DELETE", "PATCH"};
    char *space = strchr(line, ' ');
    if (space == NULL || space[1] != '/')
        return false;
    *space = '\0';
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++)
        if (strcmp(line, methods[i]) == 0)
            request->method = methods[i];
    const char *at = strchr(space + 1, '@');
    size_t head = at != NULL ? (size_t)(at - space - 1) : strlen(space + 1),
           size = strlen(space + 1) + sizeof last_id + 2;
    request->path = calloc(1, size); /* with an empty string behind its end */
    CHECK(request->path != NULL);
    snprintf(request->path, size - 1, "%.*s%s%s", (int)head, space + 1, at != NULL ? last_id : "",
             at != NULL ? at + 1 : "");
    char *query = strchr(request->path, '?');
    if (query != NULL) {
        *query = '\0';
        request->query = query[1] != '\0' ? query + 1 : NULL;
        for (char *and = query + 1; *and != '\0'; and++)
            if (*and == '&')
                *and = '\0';
    }
    /* A backup writes where the caller says: an operator's matter, and not this machine's. */
    return request->method != NULL && strcmp(request->path, "/v1/backup") != 0;
}

static void serve_one(struct cursor *input, unsigned number)
{
    static const struct origin_names names = {.address = "127.0.0.1:7700", .name = "console.example"};
    struct asking asking = {.request = calloc(1, sizeof *asking.request)};
    CHECK(asking.request != NULL);
    char *line = take_line(input);
    bool good = read_target(line, asking.request);
    read_lines(input, &asking);
    asking.request->body = take_body(input);
    add_usual(&asking, number);
    owed++;
    if (good && asking.request->body.len <= LIMIT_INPUT_BYTES) {
        (void)node_api_knows(api, asking.request);
        node_api_serve(api, asking.request->console ? &names : NULL, asking.request);
    } else {
        let_go(asking.request);
    }
    answer_argon();
    settle();
    node_api_changed(api);
    for (size_t i = 0; i < asking.count; i++)
        free(asking.lines[i]);
    free(line);
}

static void serve_text(const char *text)
{
    struct cursor input = cursor_of(slice_text(text));
    for (unsigned number = 100; !cursor_at_end(&input); number++)
        serve_one(&input, number);
}

/* The answer's text member; "" when there is none. */
static void keep_text(const char *name, const char *before, char *out, size_t size)
{
    struct err_note note = {""};
    struct jdoc *doc = NULL;
    CHECK(jdoc_parse(buf_slice(&last_answer), "answer", &note, &doc) == OK);
    const char *text = jdoc_get_text(doc, name, NULL);
    CHECK(text != NULL);
    snprintf(out, size, "%s%s", before, text);
    jdoc_free(doc);
}

static void play_seed(const char *path)
{
    struct buf seed;
    struct err_note note = {{0}};
    buf_init(&seed);
    CHECK(keyfile_slurp(path, 1 << 20, &seed, &note) == OK);
    struct cursor input = cursor_of(buf_slice(&seed));
    struct fuzz_step step;
    while (!cursor_at_end(&input) && fuzz_next_step(&input, &step))
        take_step(&step);
    buf_free(&seed);
}

/* Cases of its own and of another member's, a user, a token: once, and kept as a file. */
static void make_store(void)
{
    static const struct fuzz_step publish = {.what = FUZZ_DO_ACT};
    struct err_note note = {""};
    fuzz_dresser_start(&dresser);
    dresser.roster = roster;
    dresser.has_recipient = true;
    snprintf(dresser.recipient_id, sizeof dresser.recipient_id, "%s", net_members[BE]);
    start_over();
    take_step(&publish);
    play_seed("tests/fuzz/corpus/node/seed-alerts");
    open_api();
    serve_text(
        "POST /v1/users\n\n{\"user\":\"anna\",\"role\":\"supervisor\",\"password\":\"a lantern in the window\"}\n---\n"
        "POST /v1/session\n@console\n\n{\"user\":\"anna\",\"password\":\"a lantern in the window\"}\n---\n");
    snprintf(user_cookie, sizeof user_cookie, "%s", last_cookie);
    keep_text("csrf", "", user_csrf, sizeof user_csrf);
    serve_text("POST /v1/tokens\n\n{\"name\":\"case-system\",\"scopes\":[\"read\",\"draft\",\"publish:live\"]}\n---\n");
    keep_text("token", "Bearer ", token, sizeof token);
    close_api();
    honest_now_us = net->now_us;
    honest_steady_us = net->steady_us;
    stop_node();
    buf_init(&honest);
    CHECK(keyfile_slurp(self()->path, 64 * 1024 * 1024, &honest, &note) == OK);
}

static void open_honest(void)
{
    struct err_note note = {""};
    remove_store();
    int fd = open(self()->path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    CHECK(fd >= 0 && write(fd, honest.data, honest.len) == (ssize_t)honest.len && close(fd) == 0);
    net->now_us = honest_now_us;
    net->steady_us = honest_steady_us;
    self()->failed = OK;
    last_id[0] = last_etag[0] = '\0';
    CHECK(net_try_open(net, BE, net_member_keys(BE), buf_slice(&net->roster), &note) == OK);
    pass(1);
    open_api();
}

static void first(void)
{
    struct err_note note = {""};
    start_world();
    net->role[IT] = HOTLINE__ROLE__CODE__OBSERVER;
    net->role[NL] = HOTLINE__ROLE__CODE__MEDIATOR;
    net_sign_roster(net);
    roster_free(roster);
    CHECK(roster_verify(buf_slice(&net->roster), &net->trust, &note, &roster) == OK);
    CHECK(loop_new(&loop) == OK);
    CHECK(node_events_new(loop, &events) == OK);
    buf_init(&last_answer);
    make_store();
}

static void end_streams(void)
{
    for (size_t i = 0; i < REQUESTS_MAX; i++) {
        if (streams[i].open)
            streams[i].on_closed(streams[i].ctx);
        streams[i].open = false;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cursor input = cursor_of(slice_of(data, size));
    fuzz_begin();
    if (net == NULL)
        first();
    fuzz_begin();
    open_honest();
    for (unsigned number = 0; number < REQUESTS_MAX && !cursor_at_end(&input); number++)
        serve_one(&input, number);
    CHECK(self()->failed == OK || !API_CALM);
    pass(CLOCK_SECOND_US);
    if (self()->failed == OK)
        look();
    end_streams();
    close_api();
    stop_node();
    loop_turn(loop);
    CHECK(owed == 0);
    return 0;
}
