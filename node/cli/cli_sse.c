/* cli_sse: splits a stream into lines and lines into events. An event counts only when its blank line has come. */
#include "cli_sse.h"

void cli_sse_init(struct cli_sse *sse, cli_sse_event *on_event, void *ctx)
{
    *sse = (struct cli_sse){.on_event = on_event, .ctx = ctx};
    buf_init(&sse->line);
    buf_init(&sse->data);
}

void cli_sse_done(struct cli_sse *sse)
{
    buf_free(&sse->line);
    buf_free(&sse->data);
}

void cli_sse_reset(struct cli_sse *sse)
{
    buf_clear(&sse->line);
    buf_clear(&sse->data);
    sse->id[0] = sse->type[0] = '\0';
    sse->after_return = false;
}

static void take_field(struct cli_sse *sse, const char *name, const char *value)
{
    if (strcmp(name, "data") == 0) {
        if (sse->data.len > 0)
            buf_add_u8(&sse->data, '\n');
        buf_add_text(&sse->data, value);
    } else if (strcmp(name, "event") == 0) {
        snprintf(sse->type, sizeof sse->type, "%s", value);
    } else if (strcmp(name, "id") == 0) {
        snprintf(sse->id, sizeof sse->id, "%s", value);
    }
}

static bool end_event(struct cli_sse *sse)
{
    bool go_on = true;
    if (sse->data.len > 0)
        go_on = sse->on_event(sse->ctx, sse->id, sse->type[0] != '\0' ? sse->type : "message", buf_text(&sse->data));
    buf_clear(&sse->data);
    sse->id[0] = sse->type[0] = '\0';
    return go_on;
}

static bool end_line(struct cli_sse *sse)
{
    char name[8];
    const char *line = buf_text(&sse->line);
    size_t len = strcspn(line, ":");
    bool go_on = true;
    if (line[0] == '\0') {
        go_on = end_event(sse);
    } else if (len > 0 && len < sizeof name) {
        snprintf(name, sizeof name, "%.*s", (int)len, line);
        const char *value = line[len] == ':' ? line + len + 1 : line + len;
        take_field(sse, name, value[0] == ' ' ? value + 1 : value);
    }
    buf_clear(&sse->line);
    return go_on;
}

bool cli_sse_feed(struct cli_sse *sse, struct slice piece)
{
    for (size_t i = 0; i < piece.len; i++) {
        uint8_t byte = piece.data[i];
        bool joined = byte == '\n' && sse->after_return;
        sse->after_return = byte == '\r';
        if (joined)
            continue;
        if (byte != '\n' && byte != '\r')
            buf_add_u8(&sse->line, byte);
        else if (!end_line(sse))
            return false;
        if (buf_broken(&sse->line) || buf_broken(&sse->data) || sse->line.len > CLI_SSE_BYTES_MAX ||
            sse->data.len > CLI_SSE_BYTES_MAX) {
            sse->failed = true;
            return false;
        }
    }
    return true;
}
