/* history: see the header. Must not know anything of the code under test. */
#include "tests/sim/history.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "proto/jdoc.h"

static const struct {
    const char *name, *keys;
} kinds[] = {
#define HISTORY_ROW(name, keys, meaning) {#name, keys},
    HISTORY_EVENTS(HISTORY_ROW)
#undef HISTORY_ROW
};

void history_init(struct history *history)
{
    *history = (struct history){.digest = UINT64_C(0xcbf29ce484222325)};
}

void history_done(struct history *history)
{
    for (size_t i = 0; i < history->text_count; i++)
        free(history->texts[i]);
    free(history->texts);
    free(history->events);
    history_init(history);
}

uint8_t history_name(struct history *history, const char *name)
{
    for (size_t i = 0; i < history->name_count; i++)
        if (strcmp(history->names[i], name) == 0)
            return (uint8_t)i;
    CHECK(history->name_count < HISTORY_NAMES);
    snprintf(history->names[history->name_count], sizeof history->names[0], "%s", name);
    return (uint8_t)history->name_count++;
}

struct history_event history_blank(enum history_kind kind, int64_t at_us)
{
    return (struct history_event){
        .at_us = at_us, .kind = kind, .node = HISTORY_NOBODY, .relay = HISTORY_NOBODY, .member = HISTORY_NOBODY};
}

const char *history_kind_name(enum history_kind kind)
{
    return kind < HISTORY_KINDS ? kinds[kind].name : "?";
}

static const char *keep_text(struct history *history, const char *text)
{
    char *kept = malloc(strlen(text) + 1);
    history->texts = realloc(history->texts, (history->text_count + 1) * sizeof *history->texts);
    CHECK(kept != NULL && history->texts != NULL);
    memcpy(kept, text, strlen(text) + 1);
    history->texts[history->text_count++] = kept;
    return kept;
}

static void mix(struct history *history, uint64_t word)
{
    history->digest = (history->digest ^ word) * UINT64_C(0x9e3779b97f4a7c15);
    history->digest ^= history->digest >> 29;
}

void history_add(struct history *history, struct history_event event)
{
    if (event.text != NULL)
        event.text = keep_text(history, event.text);
    if (history->count == history->capacity) {
        history->capacity = history->capacity ? 2 * history->capacity : 1024;
        history->events = realloc(history->events, history->capacity * sizeof *history->events);
        CHECK(history->events != NULL);
    }
    mix(history, (uint64_t)event.at_us);
    mix(history,
        (uint64_t)event.kind << 48 | (uint64_t)event.node << 40 | (uint64_t)event.relay << 32 |
            (uint64_t)event.member << 24 | (uint64_t)event.of << 16 | (uint64_t)event.act << 8 | event.state);
    mix(history, event.hash);
    mix(history, event.of_case);
    mix(history, event.digest);
    mix(history, event.names);
    mix(history, (uint64_t)event.revision << 1 | event.exercise);
    history->events[history->count++] = event;
}

/* --- as text --- */

static void print_name(const struct history *history, const char *key, uint8_t number, FILE *out)
{
    if (number != HISTORY_NOBODY)
        fprintf(out, ", \"%s\": \"%s\"", key, history->names[number]);
}

static void print_hex(const char *key, uint64_t value, FILE *out)
{
    if (value != 0)
        fprintf(out, ", \"%s\": \"%016" PRIx64 "\"", key, value);
}

static void print_number(const char *key, int64_t value, FILE *out)
{
    if (value != 0)
        fprintf(out, ", \"%s\": %" PRId64, key, value);
}

static void print_text(const char *text, FILE *out)
{
    fputs(", \"text\": \"", out);
    for (; *text != '\0'; text++) {
        if ((unsigned char)*text < ' ')
            fputc(' ', out);
        else if (*text == '"' || *text == '\\')
            fprintf(out, "\\%c", *text);
        else
            fputc(*text, out);
    }
    fputc('"', out);
}

void history_print(const struct history *history, const struct history_event *event, FILE *out)
{
    fprintf(out, "{\"t\": %" PRId64 ", \"e\": \"%s\"", event->at_us, history_kind_name(event->kind));
    print_name(history, "node", event->node, out);
    print_name(history, "relay", event->relay, out);
    print_name(history, "member", event->member, out);
    print_hex("hash", event->hash, out);
    print_hex("case", event->of_case, out);
    print_hex("digest", event->digest, out);
    print_number("kind", event->of, out);
    print_number("act", event->act, out);
    print_number("revision", event->revision, out);
    print_number("exercise", event->exercise, out);
    print_number("state", event->state, out);
    print_number("until", event->until_us, out);
    if (event->names != 0) {
        const char *comma = "";
        fputs(", \"names\": [", out);
        for (size_t i = 0; i < HISTORY_NAMES; i++)
            if (event->names >> i & 1) {
                fprintf(out, "%s\"%s\"", comma, history->names[i]);
                comma = ", ";
            }
        fputc(']', out);
    }
    if (event->text != NULL)
        print_text(event->text, out);
    fputs("}\n", out);
}

void history_write(const struct history *history, FILE *out)
{
    for (size_t i = 0; i < history->count; i++)
        history_print(history, &history->events[i], out);
}

/* --- from text --- */

static uint64_t hex_of(const struct jdoc *doc, const char *key)
{
    return strtoull(jdoc_get_text(doc, key, "0"), NULL, 16);
}

static uint8_t name_of(struct history *history, const struct jdoc *doc, const char *key)
{
    const char *name = jdoc_get_text(doc, key, NULL);
    return name != NULL ? history_name(history, name) : HISTORY_NOBODY;
}

static int event_of(struct history *history, const struct jdoc *doc, struct err_note *note)
{
    const char *kind = jdoc_get_text(doc, "e", "");
    size_t k = 0;
    while (k < HISTORY_KINDS && strcmp(kinds[k].name, kind) != 0)
        k++;
    if (k == HISTORY_KINDS)
        return err_set(note, ERR_SYNTAX, "e: \"%s\" is no event", kind);
    struct history_event event = history_blank((enum history_kind)k, jdoc_get_int(doc, "t", 0));
    event.node = name_of(history, doc, "node");
    event.relay = name_of(history, doc, "relay");
    event.member = name_of(history, doc, "member");
    event.hash = hex_of(doc, "hash");
    event.of_case = hex_of(doc, "case");
    event.digest = hex_of(doc, "digest");
    event.of = (uint8_t)jdoc_get_int(doc, "kind", 0);
    event.act = (uint8_t)jdoc_get_int(doc, "act", 0);
    event.state = (uint8_t)jdoc_get_int(doc, "state", 0);
    event.exercise = jdoc_get_int(doc, "exercise", 0) != 0;
    event.revision = (uint32_t)jdoc_get_int(doc, "revision", 0);
    event.until_us = jdoc_get_int(doc, "until", 0);
    event.text = jdoc_get_text(doc, "text", NULL);
    const struct jdoc *names = jdoc_get(doc, "names");
    for (size_t i = 0; names != NULL && i < jdoc_count(names); i++)
        event.names |= UINT64_C(1) << history_name(history, jdoc_text(jdoc_at(names, i)));
    history_add(history, event);
    return OK;
}

int history_read(struct history *history, FILE *in, struct err_note *note)
{
    char line[8192], where[32];
    for (unsigned number = 1; fgets(line, sizeof line, in) != NULL; number++) {
        struct jdoc *doc = NULL;
        snprintf(where, sizeof where, "line %u", number);
        int error = jdoc_parse(slice_text(line), where, note, &doc);
        if (error == OK && (error = event_of(history, doc, note)) != OK)
            err_prefix(note, where);
        jdoc_free(doc);
        if (error != OK)
            return error;
    }
    return OK;
}
