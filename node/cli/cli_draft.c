/* cli_draft: edits and compares rosters as documents. Signs nothing and believes nothing. */
#include "cli_draft.h"

#include <inttypes.h>

#include "cli_text.h"
#include "proto/keyfile.h"
#include "proto/mapper.h"

static const struct mapper_rule rows[] = {
    {"Roster", "issued_at_us", MAPPER_TIME_US, false},        {"Roster", "expires_at_us", MAPPER_TIME_US, false},
    {"FormerKey", "until_us", MAPPER_TIME_US, false},         {"Member", "accredited_from_us", MAPPER_TIME_US, false},
    {"Member", "accredited_until_us", MAPPER_TIME_US, false},
};
static const struct mapper_rules rules = {rows, sizeof rows / sizeof rows[0]};

static const char *const lists[] = {"members", "relays"};

int cli_draft_path(struct cli *cli, const char *dir, const char *name, char path[CLI_DRAFT_PATH_MAX])
{
    if (snprintf(path, CLI_DRAFT_PATH_MAX, "%s/%s", dir, name) >= CLI_DRAFT_PATH_MAX)
        return cli_fail(cli, ERR_LIMIT, "the path %.60s... is too long", dir);
    return OK;
}

struct jdoc *cli_draft_new(void)
{
    struct jdoc *draft = jdoc_object();
    jdoc_set_doc(draft, "members", jdoc_array());
    jdoc_set_doc(draft, "relays", jdoc_array());
    return draft;
}

int cli_draft_load(struct cli *cli, const char *dir, struct jdoc **ret_draft)
{
    char path[CLI_DRAFT_PATH_MAX];
    struct buf text;
    buf_init(&text);
    int error = cli_draft_path(cli, dir, "draft.json", path);
    if (error == OK)
        error = keyfile_slurp(path, LIMIT_ROSTER_BYTES, &text, &cli->note);
    if (error == ERR_NOT_FOUND)
        cli_hint(cli, "`hotline roster init %s` makes an authority's folder.", dir);
    if (error == OK)
        error = jdoc_parse(buf_slice(&text), path, &cli->note, ret_draft);
    buf_free(&text);
    return error == OK ? OK : cli_failed(cli, error);
}

int cli_draft_save(struct cli *cli, const char *dir, const struct jdoc *draft)
{
    char path[CLI_DRAFT_PATH_MAX];
    struct buf text;
    buf_init(&text);
    int error = cli_draft_path(cli, dir, "draft.json", path);
    if (error == OK)
        error = jdoc_write(draft, true, &text);
    buf_add_u8(&text, '\n');
    if (error == OK)
        error = keyfile_replace(path, buf_slice(&text), 0644, &cli->note);
    buf_free(&text);
    return error == OK ? OK : cli_failed(cli, error);
}

const struct jdoc *cli_draft_find(const struct jdoc *draft, const char *list, const char *id)
{
    const struct jdoc *entries = jdoc_get(draft, list);
    for (size_t i = 0; i < jdoc_count(entries); i++)
        if (strcmp(jdoc_get_text(jdoc_at(entries, i), "id", ""), id) == 0)
            return jdoc_at(entries, i);
    return NULL;
}

void cli_draft_put(struct jdoc *draft, const char *list, const char *id, struct jdoc *entry)
{
    struct jdoc *after = jdoc_array();
    const struct jdoc *before = jdoc_get(draft, list);
    for (size_t i = 0; i < jdoc_count(before); i++) {
        const struct jdoc *old = jdoc_at(before, i);
        int order = strcmp(jdoc_get_text(old, "id", ""), id);
        if (order >= 0 && entry != NULL) {
            jdoc_add_doc(after, entry);
            entry = NULL;
        }
        if (order != 0)
            jdoc_add_doc(after, jdoc_copy(old));
    }
    if (entry != NULL)
        jdoc_add_doc(after, entry);
    jdoc_set_doc(draft, list, after);
}

int cli_draft_roster(struct cli *cli, const struct jdoc *draft, const struct roster_trust *trust,
                     Hotline__Roster **ret_roster)
{
    struct jdoc *whole = jdoc_copy(draft);
    if (whole == NULL)
        return cli_fail(cli, ERR_NOMEM, "out of memory");
    jdoc_set_int(whole, "threshold", trust->threshold);
    struct jdoc *keys = jdoc_set_doc(whole, "authority_keys", jdoc_array());
    for (size_t i = 0; i < trust->count; i++) {
        char text[2 * KEY_BYTES + 1];
        buf_hex(slice_of(trust->keys[i].bytes, KEY_BYTES), text);
        jdoc_add_text(keys, text);
    }
    struct mapper_reader reader = {.rules = &rules};
    ProtobufCMessage *message = NULL;
    int error = mapper_read(&reader, &hotline__roster__descriptor, whole, &cli->note, &message);
    jdoc_free(whole);
    if (error != OK)
        return cli_failed(cli, error);
    *ret_roster = (Hotline__Roster *)message;
    return OK;
}

struct jdoc *cli_draft_doc(const Hotline__Roster *roster)
{
    return mapper_write(&rules, &roster->base);
}

struct jdoc *cli_draft_of(const Hotline__Roster *roster)
{
    struct jdoc *whole = cli_draft_doc(roster), *draft = cli_draft_new();
    for (size_t i = 0; i < 2; i++)
        if (jdoc_get(whole, lists[i]) != NULL)
            jdoc_set_doc(draft, lists[i], jdoc_copy(jdoc_get(whole, lists[i])));
    jdoc_free(whole);
    return draft;
}

/* A value on one line; "-" when absent. */
static void add_value(struct buf *out, const struct jdoc *value)
{
    struct buf text;
    int64_t number;
    bool truth;
    buf_init(&text);
    if (value == NULL)
        buf_add_u8(out, '-');
    else if (jdoc_text(value) != NULL)
        cli_text_clean(out, jdoc_text(value));
    else if (jdoc_int(value, &number))
        buf_printf(out, "%" PRId64, number);
    else if (jdoc_bool(value, &truth))
        buf_add_text(out, truth ? "yes" : "no");
    else if (jdoc_write(value, false, &text) == OK)
        cli_text_clean(out, buf_text(&text));
    buf_free(&text);
}

static bool same(const struct jdoc *a, const struct jdoc *b)
{
    struct buf one, two;
    buf_init(&one);
    buf_init(&two);
    bool equal = (a == NULL) == (b == NULL);
    if (a != NULL && b != NULL) {
        struct jdoc *left = jdoc_array(), *right = jdoc_array();
        jdoc_add_doc(left, jdoc_copy(a));
        jdoc_add_doc(right, jdoc_copy(b));
        equal = jdoc_write(left, false, &one) == OK && jdoc_write(right, false, &two) == OK &&
            slice_equal(buf_slice(&one), buf_slice(&two));
        jdoc_free(left);
        jdoc_free(right);
    }
    buf_free(&one);
    buf_free(&two);
    return equal;
}

static size_t diff_fields(const char *what, const struct jdoc *before, const struct jdoc *after, struct buf *out)
{
    /* All fields that either has: first those of the new one, then those that are gone. */
    const struct jdoc *const sides[2] = {after, before};
    size_t count = 0;
    for (size_t side = 0; side < 2; side++) {
        struct jdoc_iter at = {0};
        const char *key;
        const struct jdoc *value;
        while (jdoc_next(sides[side], &at, &key, &value)) {
            bool seen = side == 1 && jdoc_get(after, key) != NULL;
            if (seen || same(jdoc_get(before, key), jdoc_get(after, key)))
                continue;
            buf_printf(out, "~ %s %s %s: ", what, jdoc_get_text(after, "id", "?"), key);
            add_value(out, jdoc_get(before, key));
            buf_add_text(out, " -> ");
            add_value(out, jdoc_get(after, key));
            buf_add_u8(out, '\n');
            count++;
        }
    }
    return count;
}

static size_t diff_list(size_t list, const struct jdoc *before, const struct jdoc *after, struct buf *out)
{
    const char *what = list == 0 ? "member" : "relay";
    const struct jdoc *old = jdoc_get(before, lists[list]), *new = jdoc_get(after, lists[list]);
    size_t count = 0;
    for (size_t i = 0; i < jdoc_count(new); i++) {
        const struct jdoc *entry = jdoc_at(new, i),
                          *was = cli_draft_find(before, lists[list], jdoc_get_text(entry, "id", ""));
        if (was != NULL) {
            count += diff_fields(what, was, entry, out);
            continue;
        }
        buf_printf(out, "+ %s %s (%s) ", what, jdoc_get_text(entry, "id", "?"), jdoc_get_text(entry, "country", "?"));
        cli_text_clean(out, jdoc_get_text(entry, "name", ""));
        buf_add_u8(out, '\n');
        count++;
    }
    for (size_t i = 0; i < jdoc_count(old); i++) {
        const char *id = jdoc_get_text(jdoc_at(old, i), "id", "");
        if (cli_draft_find(after, lists[list], id) != NULL)
            continue;
        buf_printf(out, "- %s %s\n", what, id);
        count++;
    }
    return count;
}

size_t cli_draft_diff(const struct jdoc *before, const struct jdoc *after, struct buf *out)
{
    return diff_list(0, before, after, out) + diff_list(1, before, after, out);
}
