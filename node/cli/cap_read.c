/* cap_read: gives every element of a message its place in a draft, or a line that says it has none. Must drop nothing
 * in silence but what the export itself derived. */
#include "cap_read.h"

#include "cap_leaf.h"
#include "cap_write.h"
#include "proto/country.h"

struct reading {
    const char *file;
    struct err_note *note;
    struct cap_draft *draft;
    struct cap_leaves leaves;
    const char *value_name; /* of the pair at hand */
    unsigned infos, pictures;
    int error;
};
typedef void handler(struct reading *reading, const struct cap_item *item);

/* ---- the report ---- */

static void report(struct reading *reading, unsigned line, const char *what, const char *why)
{
    buf_printf(&reading->draft->report, "%s:%u: %s: %s\n", reading->file, line, what, why);
}

/* "parameter "Waveheight"" with the start of its value, so that a person need not look it up. */
static void report_text(struct reading *reading, const struct cap_item *item, const char *what, const char *text)
{
    buf_printf(&reading->draft->report, "%s:%u: %s: \"%.100s%s\" has no place in a case\n", reading->file, item->line,
               what, text, strlen(text) > 100 ? "..." : "");
}

static void unmapped(struct reading *reading, const struct cap_item *item)
{
    report_text(reading, item, item->row->name, item->text);
}

/* What our own export derives from fields that it gives besides. */
static void derived(struct reading *reading, const struct cap_item *item)
{
    if (!reading->draft->ours)
        unmapped(reading, item);
}

static void said_elsewhere(struct reading *reading, const struct cap_item *item)
{
    (void)reading, (void)item;
}

/* ---- into the case ---- */

/* Fields of one line get one line: messages of others are wrapped for the eye. */
static void join_lines(char *text)
{
    char *to = text;
    for (const char *from = text; *from != '\0';) {
        size_t blanks = strspn(from, " \t\r\n");
        if (blanks > 0 && strcspn(from, "\t\r\n") < blanks) {
            *to++ = ' ';
            from += blanks;
        } else {
            *to++ = *from++;
        }
    }
    *to = '\0';
}

/* "parameter hotline:child.sex", "headline": what a person looks for in the file. */
static const char *label(const struct reading *reading, const struct cap_item *item, char room[128])
{
    if (strcmp(item->row->name, "value") != 0)
        return item->row->name;
    snprintf(room, 128, "%s %.80s", item->row->in, reading->value_name);
    return room;
}

/* Puts a value at a path when the case can hold it, else says why not. True when it was put. */
static bool place(struct reading *reading, const struct cap_item *item, const char *path, const char *value)
{
    struct err_note note = {""};
    char room[128];
    int error = cap_leaf_add(&reading->leaves, path, value, item->line);
    if (error == ERR_NOMEM || (error == ERR_LIMIT && reading->leaves.count == CAP_LEAF_COUNT_MAX))
        reading->error =
            err_set(reading->note, error, "%s:%u: more values than a case can have", reading->file, item->line);
    if (error != OK) {
        report(reading, item->line, path,
               error == ERR_EXISTS ? "is there twice; the first one counts" : err_text(error));
        return false;
    }
    struct cap_leaf *leaf = &reading->leaves.list[reading->leaves.count - 1];
    if (!cap_leaf_is_long(path))
        join_lines(leaf->value);
    error = cap_leaf_check(leaf, &note);
    if (error == OK)
        return true;
    report(reading, item->line, label(reading, item, room), err_explain(&note, error));
    free(leaf->value);
    reading->leaves.count--;
    return false;
}

/* The same, for what another sender may have meant otherwise. */
static void guess(struct reading *reading, const struct cap_item *item, const char *path, const char *value)
{
    char why[160], room[128];
    snprintf(why, sizeof why, "taken as %s; check it", path);
    if (place(reading, item, path, value) && !reading->draft->ours)
        report(reading, item->line, label(reading, item, room), why);
}

/* "hotline:PATH" -> PATH, or NULL. */
static const char *own_path(const char *name)
{
    size_t len = sizeof CAP_WRITE_PREFIX - 1;
    return strncmp(name, CAP_WRITE_PREFIX, len) == 0 ? name + len : NULL;
}

/* ---- alert ---- */

static void take_sender(struct reading *reading, const struct cap_item *item)
{
    snprintf(reading->draft->sender, CAP_READ_NAME_MAX, "%s", item->text);
}

static void take_identifier(struct reading *reading, const struct cap_item *item)
{
    snprintf(reading->draft->identifier, CAP_READ_NAME_MAX, "%s", item->text);
}

static void take_sent(struct reading *reading, const struct cap_item *item)
{
    snprintf(reading->draft->sent, sizeof reading->draft->sent, "%s", item->text);
}

static void take_status(struct reading *reading, const struct cap_item *item)
{
    snprintf(reading->draft->status, sizeof reading->draft->status, "%s", item->text);
    if (strcmp(item->text, "Actual") != 0 && strcmp(item->text, "Exercise") != 0)
        report_text(reading, item, "status", item->text);
}

static void take_type(struct reading *reading, const struct cap_item *item)
{
    snprintf(reading->draft->type, sizeof reading->draft->type, "%s", item->text);
    if (strcmp(item->text, "Alert") != 0 && strcmp(item->text, "Update") != 0)
        reading->error = err_set(reading->note, ERR_STATE, "%s:%u: msgType %s: only an Alert or an Update tells a case",
                                 reading->file, item->line, item->text);
}

static void take_scope(struct reading *reading, const struct cap_item *item)
{
    reading->draft->restricted = strcmp(item->text, "Restricted") == 0;
}

static void take_code(struct reading *reading, const struct cap_item *item)
{
    char path[CAP_LEAF_PATH_MAX];
    const char *own = own_path(item->text), *equals = own != NULL ? strchr(own, '=') : NULL;
    if (strcmp(item->text, CAP_WRITE_PROFILE) == 0)
        return; /* is_ours has seen it */
    if (equals == NULL || (size_t)(equals - own) >= sizeof path) {
        unmapped(reading, item);
    } else {
        snprintf(path, sizeof path, "%.*s", (int)(equals - own), own);
        place(reading, item, path, equals + 1);
    }
}

static void take_note(struct reading *reading, const struct cap_item *item)
{
    report(reading, item->line, "note", "is not taken; a drill gets its id from the node");
}

/* ---- info ---- */

static void take_category(struct reading *reading, const struct cap_item *item)
{
    if (strcmp(item->text, "Rescue") != 0 && strcmp(item->text, "Security") != 0)
        unmapped(reading, item);
}

static void upper(const char *word, char code[32])
{
    snprintf(code, 32, "%s", word);
    for (size_t i = 0; code[i] != '\0'; i++)
        code[i] = (char)(code[i] >= 'a' && code[i] <= 'z' ? code[i] - 32 : code[i]);
}

static void take_urgency(struct reading *reading, const struct cap_item *item)
{
    char code[32];
    upper(strcmp(item->text, "Future") == 0 ? "Routine" : item->text, code);
    if (strcmp(code, "PAST") == 0 || strcmp(code, "UNKNOWN") == 0)
        unmapped(reading, item);
    else
        place(reading, item, "urgency", code);
}

static void take_assessment(struct reading *reading, const struct cap_item *item)
{
    char code[32];
    upper(item->text, code);
    place(reading, item, item->row->name, code); /* severity and certainty are called the same in both */
}

static void take_language(struct reading *reading, const struct cap_item *item)
{
    place(reading, item, "text_language", item->text);
}

static void take_onset(struct reading *reading, const struct cap_item *item)
{
    guess(reading, item, "last_seen.at", item->text);
}

static void take_expires(struct reading *reading, const struct cap_item *item)
{
    place(reading, item, "valid_until", item->text);
}

static void take_headline(struct reading *reading, const struct cap_item *item)
{
    if (!reading->draft->ours)
        guess(reading, item, "why_urgent", item->text);
}

static void take_description(struct reading *reading, const struct cap_item *item)
{
    guess(reading, item, "circumstances", item->text);
}

static void take_instruction(struct reading *reading, const struct cap_item *item)
{
    guess(reading, item, "police.on_sighting", item->text);
}

static void take_contact(struct reading *reading, const struct cap_item *item)
{
    place(reading, item, "contact.phone", item->text);
}

static void take_value_name(struct reading *reading, const struct cap_item *item)
{
    reading->value_name = item->text; /* the table makes it come before its value */
}

static void take_event_code(struct reading *reading, const struct cap_item *item)
{
    const char *own = own_path(reading->value_name);
    char what[128];
    snprintf(what, sizeof what, "eventCode %.60s", reading->value_name);
    if (own != NULL && strcmp(own, "category") == 0)
        place(reading, item, "category", item->text);
    else
        report_text(reading, item, what, item->text);
}

/* The node's own facts are told for people; the draft's next node gives its own. */
static void take_parameter(struct reading *reading, const struct cap_item *item)
{
    const char *own = own_path(reading->value_name);
    char what[128];
    snprintf(what, sizeof what, "parameter %.60s", reading->value_name);
    if (own != NULL && strcmp(own, "reference") == 0)
        return;
    if (own == NULL)
        report_text(reading, item, what, item->text);
    else if (cap_write_has_place(own))
        report(reading, item->line, what, "is not a parameter's to say");
    else
        place(reading, item, own, item->text);
}

/* ---- resource ---- */

static void take_resource(struct reading *reading, const struct cap_item *item)
{
    reading->pictures++;
    report_text(reading, item, "resource", item->text);
    report(reading, item->line, "resource",
           "the file itself is not read; add a photo with `hotline publish --photo FILE`");
}

static void take_embedded(struct reading *reading, const struct cap_item *item)
{
    report(reading, item->line, "derefUri", "what is embedded is never read");
}

/* ---- area ---- */

static void take_area(struct reading *reading, const struct cap_item *item)
{
    if (!reading->draft->ours && !cap_leaf_has(&reading->leaves, "last_seen.place"))
        guess(reading, item, "last_seen.place", item->text);
    else
        derived(reading, item);
}

/* "38.2466,21.73 0.150": degrees, and kilometres. */
static void take_circle(struct reading *reading, const struct cap_item *item)
{
    char latitude[32] = "", longitude[32] = "", metres[32];
    if (reading->draft->ours || cap_leaf_has(&reading->leaves, "last_seen.latitude")) {
        derived(reading, item);
        return;
    }
    const char *comma = strchr(item->text, ','), *blank = comma != NULL ? strpbrk(comma, " \t\r\n") : NULL;
    if (comma == NULL || blank == NULL) {
        report(reading, item->line, "circle", "is not LATITUDE,LONGITUDE RADIUS");
        return;
    }
    snprintf(latitude, sizeof latitude, "%.*s", (int)(comma - item->text < 31 ? comma - item->text : 31), item->text);
    snprintf(longitude, sizeof longitude, "%.*s", (int)(blank - comma - 1 < 31 ? blank - comma - 1 : 31), comma + 1);
    snprintf(metres, sizeof metres, "%.0f", strtod(blank, NULL) * 1000);
    guess(reading, item, "last_seen.latitude", latitude);
    guess(reading, item, "last_seen.longitude", longitude);
    if (strcmp(metres, "0") != 0)
        guess(reading, item, "last_seen.radius_m", metres);
}

static bool names_country(const struct buf *list, const char *code)
{
    for (size_t at = 0; at + 2 <= list->len; at += 3)
        if (memcmp(list->data + at, code, 2) == 0)
            return true;
    return false;
}

static void take_geocode(struct reading *reading, const struct cap_item *item)
{
    char what[128], path[48];
    struct buf *to = &reading->draft->to;
    snprintf(what, sizeof what, "geocode %.60s", reading->value_name);
    if (strcmp(reading->value_name, "ISO3166-1") != 0 || country_index(item->text) < 0) {
        report_text(reading, item, what, item->text);
        return;
    }
    if (names_country(to, item->text))
        return;
    snprintf(path, sizeof path, "likely_countries[%zu]", (to->len + 1) / 3);
    buf_printf(to, "%s%s", to->len > 0 ? "," : "", item->text);
    if (!reading->draft->ours)
        guess(reading, item, path, item->text);
}

/* ---- the table ---- */

static const struct {
    const char *in, *name;
    handler *take;
} handlers[] = {
    {"alert", "identifier", take_identifier},
    {"alert", "sender", take_sender},
    {"alert", "sent", take_sent},
    {"alert", "status", take_status},
    {"alert", "msgType", take_type},
    {"alert", "source", unmapped},
    {"alert", "scope", take_scope},
    {"alert", "restriction", derived}, /* scope says what a case can say */
    {"alert", "addresses", derived},   /* whom to send to is a person's to say */
    {"alert", "code", take_code},
    {"alert", "note", take_note},
    {"alert", "references", derived}, /* the case that is opened here has a life of its own */
    {"alert", "incidents", derived},
    {"info", "language", take_language},
    {"info", "category", take_category},
    {"info", "event", derived},
    {"info", "responseType", unmapped},
    {"info", "urgency", take_urgency},
    {"info", "severity", take_assessment},
    {"info", "certainty", take_assessment},
    {"info", "audience", unmapped},
    {"info", "effective", unmapped},
    {"info", "onset", take_onset},
    {"info", "expires", take_expires},
    {"info", "senderName", derived},
    {"info", "headline", take_headline},
    {"info", "description", take_description},
    {"info", "instruction", take_instruction},
    {"info", "web", unmapped},
    {"info", "contact", take_contact},
    {"eventCode", "valueName", take_value_name},
    {"eventCode", "value", take_event_code},
    {"parameter", "valueName", take_value_name},
    {"parameter", "value", take_parameter},
    {"resource", "resourceDesc", take_resource},
    {"resource", "mimeType", said_elsewhere}, /* said once, with resourceDesc */
    {"resource", "size", said_elsewhere},
    {"resource", "uri", unmapped},
    {"resource", "derefUri", take_embedded},
    {"resource", "digest", said_elsewhere},
    {"area", "areaDesc", take_area},
    {"area", "polygon", unmapped},
    {"area", "circle", take_circle},
    {"area", "altitude", unmapped},
    {"area", "ceiling", unmapped},
    {"geocode", "valueName", take_value_name},
    {"geocode", "value", take_geocode},
};

static handler *handler_of(const struct cap_schema_row *row)
{
    for (size_t i = 0; i < sizeof handlers / sizeof handlers[0]; i++)
        if (strcmp(handlers[i].name, row->name) == 0 && strcmp(handlers[i].in, row->in) == 0)
            return handlers[i].take;
    return unmapped;
}

/* The code stands behind elements that depend on it. */
static bool is_ours(const struct cap_doc *doc)
{
    for (size_t i = 0; i < doc->count; i++)
        if (doc->items[i].row != NULL && strcmp(doc->items[i].row->name, "code") == 0 &&
            strcmp(doc->items[i].text, CAP_WRITE_PROFILE) == 0)
            return true;
    return false;
}

static void take_item(struct reading *reading, const struct cap_item *item)
{
    if (item->row == NULL) {
        report(reading, item->line, item->text, "of another standard (a signature?) is not read and not checked");
    } else if (item->text == NULL) {
        bool info = strcmp(item->row->name, "info") == 0;
        if (info && ++reading->infos == 2)
            report(reading, item->line, "info", "only the first one is taken (another language?)");
    } else if (strcmp(item->row->in, "alert") == 0 || reading->infos == 1) {
        handler_of(item->row)(reading, item);
    }
}

void cap_read_done(struct cap_draft *draft)
{
    jdoc_free(draft->alert);
    buf_free(&draft->report);
    buf_free(&draft->to);
    *draft = (struct cap_draft){0};
}

int cap_read(const struct cap_doc *doc, const char *file, struct err_note *note, struct cap_draft *ret_draft)
{
    struct cap_draft draft = {.ours = is_ours(doc)};
    struct reading reading = {.file = file, .note = note, .draft = &draft};
    buf_init(&draft.report);
    buf_init(&draft.to);
    for (size_t i = 0; i < doc->count && reading.error == OK; i++)
        take_item(&reading, &doc->items[i]);
    if (reading.error == OK && reading.infos == 0)
        reading.error = err_set(note, ERR_MISSING, "%s: has no <info>: it tells no case", file);
    if (reading.error == OK && (buf_broken(&draft.report) || buf_broken(&draft.to)))
        reading.error = err_set(note, ERR_NOMEM, "out of memory");
    if (reading.error == OK) {
        draft.alert = cap_leaf_build(&reading.leaves);
        for (size_t i = 0; i < reading.leaves.count; i++)
            if (!reading.leaves.list[i].used)
                report(&reading, reading.leaves.list[i].line, reading.leaves.list[i].path,
                       "stands too far down its list");
    }
    cap_leaf_done(&reading.leaves);
    if (reading.error != OK) {
        cap_read_done(&draft);
        return reading.error;
    }
    *ret_draft = draft;
    return OK;
}
