/* cli_view: renders cases, ladders and events. Whatever a colour says, a word says too. */
#include "cli_view.h"

#include <inttypes.h>

#include "cli_table.h"
#include "cli_text.h"
#include "proto/case.pb-c.h"
#include "proto/case_phrase.h"

#define RED "31;1"
#define GREEN "32"
#define YELLOW "33;1"
#define BOLD "1"
/* Fields of a case nest no deeper; a level more is our own mistake. */
#define DEPTH_MAX 8

void cli_view_list(const struct jdoc *array, char text[CLI_VIEW_LIST_MAX])
{
    size_t used = 0;
    for (size_t i = 0; i < jdoc_count(array) && used + 1 < CLI_VIEW_LIST_MAX; i++) {
        const char *one = jdoc_text(jdoc_at(array, i));
        used +=
            (size_t)snprintf(text + used, CLI_VIEW_LIST_MAX - used, "%s%s", i > 0 ? " " : "", one != NULL ? one : "?");
    }
    if (used == 0)
        snprintf(text, CLI_VIEW_LIST_MAX, "-");
}

static void add_field(struct buf *out, const char *label, const char *value)
{
    if (value == NULL)
        return;
    buf_printf(out, "  %-14s ", label);
    cli_text_clean_lines(out, value, 17);
    buf_add_u8(out, '\n');
}

static void add_time(struct buf *out, const char *label, const char *time, int64_t now_us)
{
    char text[CLI_TEXT_TIME_MAX];
    if (time == NULL)
        return;
    cli_text_time(time, now_us, text);
    add_field(out, label, text);
}

static const char *colour_of(const char *state)
{
    if (strcmp(state, "ACKNOWLEDGED") == 0 || strcmp(state, "SHOWN") == 0 || strcmp(state, "DELIVERED") == 0)
        return GREEN;
    return strcmp(state, "OPEN") == 0 ? BOLD : YELLOW;
}

static void add_not_erased(const struct jdoc *holder, int64_t now_us, struct buf *out)
{
    char when[CLI_TEXT_TIME_MAX], text[CLI_VIEW_LIST_MAX];
    const char *heard = jdoc_get_text(holder, "last_heard_at", NULL);
    cli_text_time(heard, now_us, when);
    snprintf(text, sizeof text, "%.2s %.40s%s%.60s%s", jdoc_get_text(holder, "country", "??"),
             jdoc_get_text(holder, "member", "?"), heard != NULL ? ", not heard of since " : ", has never answered",
             heard != NULL ? when : "",
             jdoc_get_bool(holder, "withdrawn", false) ? ": withdrawn, its copy cannot be proven erased" : "");
    add_field(out, "NOT ERASED", text);
}

/* Who has erased it, and says that a backup may still hold it. */
static void add_backups(const struct jdoc *ladder, int64_t now_us, struct buf *out)
{
    for (size_t i = 0; i < jdoc_count(ladder); i++) {
        const struct jdoc *row = jdoc_at(ladder, i);
        char when[CLI_TEXT_TIME_MAX], text[CLI_VIEW_LIST_MAX];
        const char *until = jdoc_get_text(row, "backup_until", NULL);
        if (until == NULL)
            continue;
        cli_text_time(until, now_us, when);
        snprintf(text, sizeof text, "%.2s %.40s, in a backup until %.60s", jdoc_get_text(row, "country", "??"),
                 jdoc_get_text(row, "member", "?"), when);
        add_field(out, "may be left", text);
    }
}

/* Who read a revision before it was sent, or why nobody did. */
static void add_second(const struct jdoc *second, int64_t now_us, struct buf *out)
{
    const char *reason = jdoc_get_text(second, "break_glass", NULL);
    char text[32];
    snprintf(text, sizeof text, "%" PRId64, jdoc_get_int(second, "revision", 1));
    if (jdoc_get_int(second, "revision", 1) > 1)
        add_field(out, "revision", text);
    add_field(out, "approved by", jdoc_get_text(second, "approved_by", NULL));
    add_time(out, "approved", jdoc_get_text(second, "approved_at", NULL), now_us);
    add_field(out, "GLASS BROKEN", reason);
    add_field(out, "by", jdoc_get_text(second, "break_glass_by", NULL));
    add_time(out, "at", jdoc_get_text(second, "break_glass_at", NULL), now_us);
}

static void add_seconds(const struct jdoc *view, int64_t now_us, struct buf *out)
{
    const struct jdoc *list = jdoc_get(view, "approvals");
    for (size_t i = 0; i < jdoc_count(list); i++)
        add_second(jdoc_at(list, i), now_us, out);
}

/* What became of it after its end. */
static void add_life(const struct jdoc *view, int64_t now_us, struct buf *out)
{
    char text[CLI_VIEW_LIST_MAX];
    add_time(out, "erased here", jdoc_get_text(view, "erased_at", NULL), now_us);
    const struct jdoc *others = jdoc_get(view, "not_erased"), *continued = jdoc_get(view, "continued_as");
    if (others != NULL) {
        snprintf(text, sizeof text, "%" PRId64 " of %" PRId64 " recipients", jdoc_get_int(view, "erased_by", 0),
                 jdoc_get_int(view, "erased_of", 0));
        add_field(out, "erased by", text);
        add_backups(jdoc_get(view, "ladder"), now_us, out);
    }
    for (size_t i = 0; i < jdoc_count(others); i++)
        add_not_erased(jdoc_at(others, i), now_us, out);
    for (size_t i = 0; i < jdoc_count(continued); i++) {
        snprintf(text, sizeof text, "%.40s/%.40s", jdoc_get_text(jdoc_at(continued, i), "member", "?"),
                 jdoc_get_text(jdoc_at(continued, i), "reference", "?"));
        add_field(out, "continued as", text);
    }
}

static const char *phrase_of(const ProtobufCEnumDescriptor *codes, const char *language, const char *code)
{
    const ProtobufCEnumValue *value = protobuf_c_enum_descriptor_get_value_by_name(codes, code);
    return value != NULL ? case_phrase(language, codes, value->value) : code;
}

void cli_view_headline(const struct jdoc *view, const char *language, int64_t now_us, struct buf *out)
{
    const char *state = jdoc_get_text(view, "state", "?"), *urgency = jdoc_get_text(view, "urgency", "");
    bool drill = strcmp(jdoc_get_text(view, "status", ""), "EXERCISE") == 0;
    if (drill)
        cli_add_coloured(out, YELLOW, "*** EXERCISE *** EXERCISE *** this is a drill");
    else
        cli_add_coloured(out, RED, "LIVE");
    buf_add_u8(out, '\n');
    cli_add_coloured(out, BOLD, jdoc_get_text(view, "reference", "?"));
    buf_add_text(out, "  ");
    cli_text_clean(out, jdoc_get_text(view, "member", "?"));
    buf_add_text(out, "  ");
    cli_add_coloured(out, colour_of(state), state);
    buf_printf(out, "  revision %" PRId64 "  ", jdoc_get_int(view, "revision", 0));
    cli_add_coloured(out, strcmp(urgency, "IMMEDIATE") == 0 ? RED : BOLD,
                     phrase_of(&hotline__urgency__code__descriptor, language, urgency));
    buf_add_text(out, "  ");
    cli_text_clean(out, phrase_of(&hotline__category__code__descriptor, language, jdoc_get_text(view, "category", "")));
    buf_add_text(out, jdoc_get_bool(view, "restricted", false) ? "  RESTRICTED\n" : "\n");
    add_field(out, "case id", jdoc_get_text(view, "case_id", NULL));
    bool mine = jdoc_get_bool(view, "mine", false);
    add_field(out, "opened by", mine ? NULL : jdoc_get_text(view, "opener_name", NULL));
    if (jdoc_get_bool(view, "opener_withdrawn", false))
        add_field(out, "WITHDRAWN", "the authority has withdrawn its opener since: verify it with the police");
    add_field(out, "phone", mine ? NULL : jdoc_get_text(view, "phone", NULL));
    add_time(out, "sent", jdoc_get_text(view, "sent_at", NULL), now_us);
    add_time(out, "received", jdoc_get_text(view, "received_at", NULL), now_us);
    add_time(out, "valid until", jdoc_get_text(view, "expires_at", NULL), now_us);
    add_time(out, "review", jdoc_get_text(view, "review_at", NULL), now_us);
    add_field(out, "drill", jdoc_get_text(view, "drill_id", NULL));
    add_time(out, "acknowledged", jdoc_get_text(view, "acknowledged_at", NULL), now_us);
    add_time(out, "declined", jdoc_get_text(view, "declined_at", NULL), now_us);
    add_field(out, "declined as", jdoc_get_text(view, "decline_code", NULL));
    if (jdoc_get_bool(view, "late", false))
        add_field(out, "LATE", "it had expired when it arrived");
    for (size_t i = 0; i < jdoc_count(jdoc_get(view, "photos_refused")); i++) {
        int64_t number = 0;
        char text[96];
        (void)jdoc_int(jdoc_at(jdoc_get(view, "photos_refused"), i), &number);
        snprintf(text, sizeof text, "photo %" PRId64 " came and is refused: no picture, or more than one", number);
        add_field(out, "PHOTO", text);
    }
    add_seconds(view, now_us, out);
    add_life(view, now_us, out);
}

static void ladder_time(struct cli_table *table, const struct jdoc *row, const char *key, int64_t now_us)
{
    char text[CLI_TEXT_TIME_MAX];
    cli_text_time(jdoc_get_text(row, key, NULL), now_us, text);
    cli_table_cell(table, text);
}

int cli_view_ladder(const struct jdoc *view, int64_t now_us, struct buf *out)
{
    static const char *const headers[] = {"COUNTRY",      "MEMBER", "STATE", "DELIVERED", "SHOWN",
                                          "ACKNOWLEDGED", "PHOTOS", "PHONE", ""};
    const struct jdoc *ladder = jdoc_get(view, "ladder");
    if (jdoc_count(ladder) == 0)
        return OK;
    struct cli_table *table = cli_table_new(headers, 9);
    if (table == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < jdoc_count(ladder); i++) {
        const struct jdoc *row = jdoc_at(ladder, i);
        char photos[48];
        snprintf(photos, sizeof photos, "%" PRId64 " of %" PRId64, jdoc_get_int(row, "photos", 0),
                 jdoc_get_int(view, "photos", 0));
        cli_table_cell(table, jdoc_get_text(row, "country", NULL));
        cli_table_cell(table, jdoc_get_text(row, "member", NULL));
        cli_table_cell(table, jdoc_get_text(row, "state", NULL));
        ladder_time(table, row, "delivered_at", now_us);
        ladder_time(table, row, "shown_at", now_us);
        ladder_time(table, row, "acknowledged_at", now_us);
        cli_table_cell(table, jdoc_get_int(view, "photos", 0) > 0 ? photos : NULL);
        cli_table_cell(table, jdoc_get_text(row, "phone", NULL));
        const char *note = jdoc_get_text(row, "decline_code", jdoc_get_text(row, "note", ""));
        cli_table_cell(table, jdoc_get_bool(row, "late", false) ? "LATE: call them" : note);
    }
    buf_add_text(out, "\n");
    int error = cli_table_write(table, out);
    cli_table_free(table);
    return error;
}

void cli_view_relays(const struct jdoc *view, struct buf *out)
{
    const struct jdoc *relays = jdoc_get(view, "relays");
    char list[CLI_VIEW_LIST_MAX];
    if (jdoc_count(relays) == 0)
        return;
    buf_printf(out, "\nAccepted by %" PRId64 " of %zu relays\n", jdoc_get_int(view, "accepted_by", 0),
               jdoc_count(relays));
    for (size_t i = 0; i < jdoc_count(relays); i++) {
        const struct jdoc *relay = jdoc_at(relays, i);
        if (strcmp(jdoc_get_text(relay, "state", ""), "REFUSED") != 0)
            continue;
        buf_add_text(out, "  REFUSED by ");
        cli_text_clean(out, jdoc_get_text(relay, "relay", "?"));
        buf_add_text(out, ": ");
        cli_text_clean(out, jdoc_get_text(relay, "code", ""));
        buf_add_u8(out, ' ');
        cli_text_clean(out, jdoc_get_text(relay, "detail", ""));
        buf_add_u8(out, '\n');
    }
    cli_view_list(jdoc_get(view, "unreached"), list);
    if (jdoc_count(jdoc_get(view, "unreached")) > 0)
        buf_printf(out, "NOBODY REACHED IN: %s\n", list);
    cli_view_list(jdoc_get(view, "left_out"), list);
    if (jdoc_count(jdoc_get(view, "left_out")) > 0)
        buf_printf(out, "Left out by a relay (withdrawn or unknown): %s\n", list);
}

static void scalar_text(const struct jdoc *value, char *text, size_t size)
{
    int64_t whole = 0;
    double real = 0;
    bool truth = false;
    if (jdoc_bool(value, &truth))
        snprintf(text, size, "%s", truth ? "yes" : "no");
    else if (jdoc_int(value, &whole))
        snprintf(text, size, "%" PRId64, whole);
    else if (jdoc_real(value, &real))
        snprintf(text, size, "%.6f", real);
    else
        snprintf(text, size, "-");
}

/* A code's phrase, a text as it is. */
static const char *text_of(const struct jdoc *value, const ProtobufCFieldDescriptor *field, const char *language)
{
    const char *text = jdoc_text(value);
    return field != NULL && field->type == PROTOBUF_C_TYPE_ENUM ? phrase_of(field->descriptor, language, text) : text;
}

static void case_cell(struct cli_table *table, const char *path, const struct jdoc *value,
                      const ProtobufCFieldDescriptor *field, const char *language)
{
    char label[160] = "  ", text[32];
    size_t i = 0;
    for (; path[i] != '\0' && i + 3 < sizeof label; i++)
        label[i + 2] = path[i] == '_' ? ' ' : path[i];
    label[i + 2] = '\0';
    cli_table_cell(table, label);
    if (jdoc_type(value) != JDOC_TEXT)
        scalar_text(value, text, sizeof text);
    cli_table_cell(table, jdoc_type(value) == JDOC_TEXT ? text_of(value, field, language) : text);
}

struct level {
    const struct jdoc *doc;
    struct jdoc_iter iter;
    size_t index, path_len;
    const ProtobufCMessageDescriptor *type; /* of an object; NULL: not known */
    const ProtobufCFieldDescriptor *field;  /* of the child; of an array: its own */
};

/* The next child of a level and its step of the path; false at its end. */
static bool next_child(struct level *level, char *path, size_t size, const struct jdoc **ret_child)
{
    const char *key = NULL;
    path[level->path_len] = '\0';
    if (jdoc_type(level->doc) == JDOC_ARRAY) {
        *ret_child = jdoc_at(level->doc, level->index++);
        if (*ret_child != NULL && jdoc_count(level->doc) > 1)
            snprintf(path + level->path_len, size - level->path_len, " %zu", level->index);
        return *ret_child != NULL;
    }
    if (!jdoc_next(level->doc, &level->iter, &key, ret_child))
        return false;
    snprintf(path + level->path_len, size - level->path_len, "%s%s", level->path_len > 0 ? ", " : "", key);
    level->field = level->type != NULL ? protobuf_c_message_descriptor_get_field_by_name(level->type, key) : NULL;
    return true;
}

static bool is_list_of_texts(const struct jdoc *value)
{
    return jdoc_type(value) == JDOC_ARRAY && jdoc_type(jdoc_at(value, 0)) == JDOC_TEXT;
}

/* "Trafficking; Grooming": phrases of several words each; other lists with spaces, as everywhere. */
static void list_text(const struct jdoc *list, const ProtobufCFieldDescriptor *field, const char *language,
                      char text[CLI_VIEW_LIST_MAX])
{
    size_t len = 0;
    if (field == NULL || field->type != PROTOBUF_C_TYPE_ENUM) {
        cli_view_list(list, text);
        return;
    }
    for (size_t i = 0; i < jdoc_count(list) && len < CLI_VIEW_LIST_MAX; i++)
        len += (size_t)snprintf(text + len, CLI_VIEW_LIST_MAX - len, "%s%s", i > 0 ? "; " : "",
                                text_of(jdoc_at(list, i), field, language));
}

static const ProtobufCMessageDescriptor *inner_type(const struct level *level)
{
    return level->field != NULL && level->field->type == PROTOBUF_C_TYPE_MESSAGE ? level->field->descriptor : NULL;
}

static void case_rows(const struct jdoc *alert, const ProtobufCMessageDescriptor *type, const char *language,
                      struct cli_table *table)
{
    struct level levels[DEPTH_MAX] = {{.doc = alert, .type = type}};
    size_t depth = 1;
    char path[160] = "";
    while (depth > 0) {
        const struct jdoc *child;
        if (!next_child(&levels[depth - 1], path, sizeof path, &child)) {
            depth--;
        } else if (is_list_of_texts(child)) {
            char list[CLI_VIEW_LIST_MAX];
            list_text(child, levels[depth - 1].field, language, list);
            struct jdoc *holder = jdoc_object();
            jdoc_set_text(holder, "list", list);
            case_cell(table, path, jdoc_get(holder, "list"), NULL, language);
            jdoc_free(holder);
        } else if ((jdoc_type(child) == JDOC_OBJECT || jdoc_type(child) == JDOC_ARRAY) && depth < DEPTH_MAX) {
            levels[depth] = (struct level){.doc = child,
                                           .path_len = strlen(path),
                                           .type = inner_type(&levels[depth - 1]),
                                           .field = levels[depth - 1].field};
            depth++;
        } else {
            case_cell(table, path, child, levels[depth - 1].field, language);
        }
    }
}

int cli_view_case(const struct jdoc *alert, const ProtobufCMessageDescriptor *type, const char *language,
                  struct buf *out)
{
    if (alert == NULL)
        return OK;
    buf_add_u8(out, '\n');
    if (jdoc_get_bool(alert, "do_not_approach", false)) {
        cli_add_coloured(out, RED, "DO NOT APPROACH");
        buf_add_u8(out, '\n');
    }
    if (jdoc_get_text(alert, "why_urgent", NULL) != NULL)
        add_field(out, "WHY URGENT", jdoc_get_text(alert, "why_urgent", ""));
    struct cli_table *table = cli_table_new(NULL, 2);
    if (table == NULL)
        return ERR_NOMEM;
    case_rows(alert, type, language, table);
    int error = cli_table_write(table, out);
    cli_table_free(table);
    return error;
}

static void add_stamp(struct buf *out, const char *time, int64_t now_us)
{
    char text[CLI_TEXT_TIME_MAX];
    cli_text_time(time, now_us, text);
    buf_printf(out, "  %s  ", text);
}

void cli_view_thread(const struct jdoc *view, const char *language, int64_t now_us, struct buf *out)
{
    const struct jdoc *thread = jdoc_get(view, "thread");
    if (jdoc_count(thread) > 0)
        buf_add_text(out, "\nReplies\n");
    for (size_t i = 0; i < jdoc_count(thread); i++) {
        const struct jdoc *entry = jdoc_at(thread, i);
        add_stamp(out, jdoc_get_text(entry, "at", NULL), now_us);
        cli_text_clean(out, jdoc_get_text(entry, "from", "?"));
        buf_add_text(out, "  ");
        cli_text_clean(out,
                       phrase_of(&hotline__reply_kind__code__descriptor, language, jdoc_get_text(entry, "kind", "?")));
        if (jdoc_get_text(entry, "to", NULL) != NULL) {
            buf_add_text(out, " to ");
            cli_text_clean(out, jdoc_get_text(entry, "to", ""));
        }
        if (jdoc_get_text(entry, "state", NULL) != NULL) {
            buf_add_text(out, "  ");
            cli_text_clean(out, jdoc_get_text(entry, "state", ""));
        }
        buf_add_text(out, "  id ");
        cli_text_clean(out, jdoc_get_text(entry, "id", "-"));
        buf_add_text(out, "\n");
        if (jdoc_get_text(entry, "text", NULL) != NULL) {
            buf_add_text(out, "    ");
            cli_text_clean_lines(out, jdoc_get_text(entry, "text", ""), 4);
            buf_add_u8(out, '\n');
        }
        if (jdoc_get(entry, "sighting") != NULL &&
            cli_view_case(jdoc_get(entry, "sighting"), &hotline__sighting__descriptor, language, out) != OK)
            buf_add_text(out, "    (sighting: see -o json)\n");
    }
}

void cli_view_revisions(const struct jdoc *view, int64_t now_us, struct buf *out)
{
    const struct jdoc *revisions = jdoc_get(view, "revisions");
    if (jdoc_count(revisions) > 0)
        buf_add_text(out, "\nRevisions\n");
    for (size_t i = 0; i < jdoc_count(revisions); i++) {
        const struct jdoc *revision = jdoc_at(revisions, i);
        add_stamp(out, jdoc_get_text(revision, "sent_at", NULL), now_us);
        buf_printf(out, "%" PRId64 "  ", jdoc_get_int(revision, "revision", 0));
        cli_text_clean(out, jdoc_get_text(revision, "act", "?"));
        const struct jdoc *before = jdoc_get(revision, "replaces");
        if (before != NULL)
            buf_printf(out, "  replaces %" PRId64 "%s", jdoc_get_int(before, "revision", 0),
                       jdoc_get_bool(before, "wrong", false) ? ", WHICH IT CANNOT: ask its sender" : "");
        buf_add_text(out, jdoc_get_bool(revision, "late", false) ? "  LATE\n" : "\n");
    }
}

static void child_cell(struct cli_table *table, const struct jdoc *child)
{
    char text[192];
    int64_t age = jdoc_get_int(child, "age_years", -1);
    const char *name = jdoc_get_text(child, "given_name", "");
    if (age >= 0)
        snprintf(text, sizeof text, "%.140s, %" PRId64, name, age);
    else
        snprintf(text, sizeof text, "%.150s", name);
    cli_table_cell(table, text);
}

int cli_view_inbox(const struct jdoc *items, int64_t now_us, struct buf *out)
{
    static const char *const headers[] = {"REFERENCE", "FROM",     "STATUS",    "STATE", "REV",   "URGENCY",
                                          "CHILD",     "CATEGORY", "COUNTRIES", "SENT",  "ANSWER"};
    struct cli_table *table = cli_table_new(headers, 11);
    if (table == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < jdoc_count(items); i++) {
        const struct jdoc *item = jdoc_at(items, i);
        char countries[CLI_VIEW_LIST_MAX];
        cli_view_list(jdoc_get(item, "countries"), countries);
        cli_table_cell(table, jdoc_get_text(item, "reference", NULL));
        char from[64];
        snprintf(from, sizeof from, "%.40s%s", jdoc_get_text(item, "member", "-"),
                 jdoc_get_bool(item, "opener_withdrawn", false) ? " WITHDRAWN" : "");
        cli_table_cell(table, from);
        char status[64];
        snprintf(status, sizeof status, "%.20s%s%.32s", jdoc_get_text(item, "status", "?"),
                 jdoc_get(item, "drill_id") != NULL ? " " : "", jdoc_get_text(item, "drill_id", ""));
        cli_table_cell(table, status);
        cli_table_cell(table, jdoc_get_text(item, "state", NULL));
        cli_table_cell_int(table, jdoc_get_int(item, "revision", 0));
        cli_table_cell(table, jdoc_get_text(item, "urgency", NULL));
        child_cell(table, jdoc_get(item, "child"));
        cli_table_cell(table, jdoc_get_text(item, "category", NULL));
        cli_table_cell(table, countries);
        char sent[CLI_TEXT_TIME_MAX + 8];
        cli_text_time(jdoc_get_text(item, "sent_at", NULL), now_us, sent);
        if (jdoc_get_bool(item, "late", false))
            snprintf(sent + strlen(sent), sizeof sent - strlen(sent), " LATE");
        cli_table_cell(table, sent);
        bool wants = strcmp(jdoc_get_text(item, "state", ""), "OPEN") == 0 && !jdoc_get_bool(item, "mine", false);
        bool done = jdoc_get_bool(item, "acknowledged", false);
        const char *declined = jdoc_get_text(item, "decline_code", NULL);
        cli_table_cell(table, declined != NULL ? "declined" : done ? "acknowledged" : wants ? "NEEDS ANSWER" : "-");
    }
    int error = cli_table_write(table, out);
    cli_table_free(table);
    return error;
}

static void add_word(struct buf *out, const struct jdoc *event, const char *key)
{
    const char *text = jdoc_get_text(event, key, NULL);
    if (text == NULL)
        return;
    buf_add_text(out, "  ");
    cli_text_clean(out, text);
}

void cli_view_event(const struct jdoc *event, int64_t now_us, struct buf *out)
{
    static const char *const keys[] = {"reference", "opener", "member",  "relay", "drill_id", "urgency", "state",
                                       "step",      "kind",   "outcome", "code",  "detail",   "reason",  "phone"};
    char when[CLI_TEXT_TIME_MAX];
    cli_text_time(jdoc_get_text(event, "at", NULL), now_us, when);
    when[strcspn(when, "(")] = '\0';
    buf_printf(out, "%s ", when);
    const char *type = jdoc_get_text(event, "type", "?");
    cli_text_clean(out, type);
    for (size_t width = cli_text_width(type); width < 15; width++)
        buf_add_u8(out, ' ');
    if (strcmp(jdoc_get_text(event, "status", ""), "EXERCISE") == 0)
        buf_add_text(out, "  EXERCISE");
    const char *opener = jdoc_get_text(event, "opener", ""), *member = jdoc_get_text(event, "member", "");
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        if (strcmp(keys[i], "member") != 0 || strcmp(opener, member) != 0)
            add_word(out, event, keys[i]);
    for (size_t i = 0; i < 2; i++) {
        static const char *const names[] = {"expires", "review"}, *const times[] = {"expires_at", "review_at"};
        if (jdoc_get_text(event, times[i], NULL) == NULL)
            continue;
        cli_text_time(jdoc_get_text(event, times[i], NULL), now_us, when);
        buf_printf(out, "  %s %s", names[i], when);
    }
    int64_t revision = jdoc_get_int(event, "revision", 0), after_ms = jdoc_get_int(event, "after_ms", -1);
    if (revision > 0)
        buf_printf(out, "  revision %" PRId64, revision);
    if (jdoc_get_int(event, "escalation", 0) > 0)
        buf_printf(out, "  nobody here has answered, step %" PRId64, jdoc_get_int(event, "escalation", 0));
    if (after_ms >= 0)
        buf_printf(out, "  after %" PRId64 " ms", after_ms);
    buf_add_u8(out, '\n');
}
