/* cap_write: writes CAP's elements in the standard's order. Must never write a derefUri, a picture, or a hidden name.
 */
#include "cap_write.h"

#include <inttypes.h>

#include "cap_leaf.h"
#include "cap_schema.h"
#include "cli_text.h"
#include "proto/case.h"
#include "proto/case_phrase.h"
#include "proto/clock.h"
#include "proto/country.h"

/* ---- XML ---- */

/* Text of others: what XML cannot hold becomes U+FFFD, what could steer a terminal a character reference. */
static void add_escaped(struct buf *out, const char *text)
{
    while (*text != '\0') {
        const char *from = text;
        uint32_t c = cli_text_take(&text);
        if (c == '&')
            buf_add_text(out, "&amp;");
        else if (c == '<')
            buf_add_text(out, "&lt;");
        else if (c == '>')
            buf_add_text(out, "&gt;");
        else if (c == '\n' || c == '\t')
            buf_add_u8(out, (uint8_t)c);
        else if ((c < 0x20 && c != '\r') || c == 0xFFFE || c == 0xFFFF || c == 0xFFFD)
            buf_add_text(out, "\xEF\xBF\xBD");
        else if (cli_text_is_control(c))
            buf_printf(out, "&#x%X;", (unsigned)c);
        else
            buf_add(out, from, (size_t)(text - from));
    }
}

static void indent(struct buf *out, int depth)
{
    buf_printf(out, "%*s", 2 * depth, "");
}

/* Nothing for NULL or an empty text. */
static void element(struct buf *out, int depth, const char *name, const char *text)
{
    if (text == NULL || text[0] == '\0')
        return;
    indent(out, depth);
    buf_printf(out, "<%s>", name);
    add_escaped(out, text);
    buf_printf(out, "</%s>\n", name);
}

static void group(struct buf *out, int depth, const char *name, bool end)
{
    indent(out, depth);
    buf_printf(out, "<%s%s>\n", end ? "/" : "", name);
}

static void pair(struct buf *out, int depth, const char *name, const char *value_name, const char *value)
{
    if (value == NULL || value[0] == '\0')
        return;
    group(out, depth, name, false);
    element(out, depth + 1, "valueName", value_name);
    element(out, depth + 1, "value", value);
    group(out, depth, name, true);
}

/* "2026-11-21T09:40:00-00:00": CAP wants whole seconds and no Z; -00:00 is how RFC 3339 says UTC, place unknown. */
static void element_time(struct buf *out, int depth, const char *name, const char *rfc3339)
{
    char text[CLOCK_TEXT_MAX + 8];
    int64_t at_us;
    if (rfc3339 == NULL || clock_parse(rfc3339, &at_us) != OK)
        return;
    clock_format(at_us, text);
    snprintf(text + 19, sizeof text - 19, "-00:00");
    element(out, depth, name, text);
}

/* ---- words ---- */

/* "EXTREME" as "Extreme"; "Unknown" for nothing. */
static void capitalised(const char *code, char word[32])
{
    snprintf(word, 32, "%s", code != NULL ? code : "UNKNOWN");
    for (size_t i = 1; word[i] != '\0'; i++)
        word[i] = (char)(word[i] >= 'A' && word[i] <= 'Z' ? word[i] + 32 : word[i]);
}

static const char *phrase(const struct jdoc *alert, const char *category)
{
    const ProtobufCEnumDescriptor *type = &hotline__category__code__descriptor;
    const ProtobufCEnumValue *value =
        category != NULL ? protobuf_c_enum_descriptor_get_value_by_name(type, category) : NULL;
    return value != NULL ? case_phrase(jdoc_get_text(alert, "text_language", NULL), type, value->value) :
                           "Missing child";
}

static const struct jdoc *deep(const struct jdoc *doc, const char *first, const char *second)
{
    return jdoc_get(jdoc_get(doc, first), second);
}

/* ---- alert ---- */

struct message {
    const char *type, *identifier, *sender, *sent;
};

static void begin_alert(const struct jdoc *view, const struct message *message, struct buf *out)
{
    buf_add_text(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<alert xmlns=\"" CAP_SCHEMA_NAMESPACE "\">\n");
    element(out, 1, "identifier", message->identifier);
    element(out, 1, "sender", message->sender);
    element_time(out, 1, "sent", message->sent);
    element(out, 1, "status", strcmp(jdoc_get_text(view, "status", ""), "ACTUAL") == 0 ? "Actual" : "Exercise");
    element(out, 1, "msgType", message->type);
}

/* Whom it went to: the recipients when this node sent it, else the countries concerned. */
static void add_addresses(const struct jdoc *view, struct buf *list)
{
    const struct jdoc *ladder = jdoc_get(view, "ladder"), *countries = jdoc_get(view, "countries");
    for (size_t i = 0; i < jdoc_count(ladder); i++)
        buf_printf(list, "%s%s", i > 0 ? " " : "", jdoc_get_text(jdoc_at(ladder, i), "member", ""));
    for (size_t i = 0; jdoc_count(ladder) == 0 && i < jdoc_count(countries); i++)
        buf_printf(list, "%s%s", i > 0 ? " " : "", jdoc_text(jdoc_at(countries, i)));
    if (list->len == 0)
        buf_add_text(list, jdoc_get_text(view, "member", "hotlines"));
}

/* Never Public: what a public may see is the poster's to say. */
static void add_scope(const struct jdoc *view, struct buf *out)
{
    bool restricted = jdoc_get_bool(view, "restricted", false);
    struct buf list;
    buf_init(&list);
    add_addresses(view, &list);
    element(out, 1, "scope", restricted ? "Restricted" : "Private");
    if (restricted)
        element(out, 1, "restriction", "To the hotlines of the countries concerned and to no subscriber.");
    element(out, 1, "addresses", buf_text(&list));
    buf_free(&list);
}

static void add_codes(const struct jdoc *alert, struct buf *out)
{
    const char *level = jdoc_text(deep(alert, "publicity", "level"));
    char code[64];
    bool approach;
    element(out, 1, "code", CAP_WRITE_PROFILE);
    snprintf(code, sizeof code, CAP_WRITE_PREFIX "publicity.level=%s", level != NULL ? level : "");
    element(out, 1, "code", level != NULL ? code : NULL);
    if (jdoc_bool(jdoc_get(alert, "do_not_approach"), &approach))
        element(out, 1, "code",
                approach ? CAP_WRITE_PREFIX "do_not_approach=true" : CAP_WRITE_PREFIX "do_not_approach=false");
}

static void add_note(const struct jdoc *view, const struct jdoc *closing, struct buf *out)
{
    const char *drill = jdoc_text(deep(view, "case", "drill_id")), *reason = jdoc_get_text(closing, "reason", "");
    struct buf note;
    buf_init(&note);
    if (drill != NULL)
        buf_printf(&note, "Drill %s.%s", drill, reason[0] != '\0' ? " " : "");
    buf_add_text(&note, reason);
    element(out, 1, "note", buf_text(&note));
    buf_free(&note);
}

/* "sender,identifier,sent" of the revisions from `first` to before `end` (newest first in the view). */
static void add_references(const struct jdoc *view, size_t first, size_t end, struct buf *out)
{
    const struct jdoc *revisions = jdoc_get(view, "revisions");
    struct buf list;
    buf_init(&list);
    for (size_t i = first; i < end && i < jdoc_count(revisions); i++) {
        const struct jdoc *one = jdoc_at(revisions, i);
        char sent[CLOCK_TEXT_MAX + 8];
        int64_t at_us;
        if (clock_parse(jdoc_get_text(one, "sent_at", ""), &at_us) != OK)
            continue;
        clock_format(at_us, sent);
        snprintf(sent + 19, sizeof sent - 19, "-00:00");
        buf_printf(&list, "%s%s,%s,%s", list.len > 0 ? " " : "", jdoc_get_text(view, "member", ""),
                   jdoc_get_text(one, "envelope_id", ""), sent);
    }
    element(out, 1, "references", buf_text(&list));
    buf_free(&list);
}

/* ---- info ---- */

static void add_categories(const char *category, struct buf *out)
{
    element(out, 2, "category", "Rescue");
    if (category != NULL && strstr(category, "ABDUCTION") != NULL)
        element(out, 2, "category", "Security");
}

/* "Parental abduction: Eleni, 9, last seen Patras, ferry terminal (GR)". */
static void add_headline(const struct jdoc *alert, const char *category, struct buf *out)
{
    const struct jdoc *child = jdoc_get(alert, "child"), *seen = jdoc_get(alert, "last_seen");
    const char *alias = jdoc_text(jdoc_at(jdoc_get(child, "aliases"), 0));
    const char *place = jdoc_get_text(seen, "place", NULL), *country = jdoc_get_text(seen, "country", NULL);
    int64_t age = jdoc_get_int(child, "age_years", -1);
    struct buf line;
    buf_init(&line);
    buf_printf(&line, "%s: %s", phrase(alert, category),
               jdoc_get_text(child, "given_name", alias != NULL ? alias : "a child"));
    if (age >= 0)
        buf_printf(&line, ", %" PRId64, age);
    if (place != NULL)
        buf_printf(&line, ", last seen %s", place);
    if (country != NULL)
        buf_printf(&line, " (%s)", country);
    element(out, 2, "headline", buf_text(&line));
    buf_free(&line);
}

static void add_assessment(const struct jdoc *view, const struct jdoc *alert, struct buf *out)
{
    const char *urgency = jdoc_get_text(alert, "urgency", jdoc_get_text(view, "urgency", "EXPECTED"));
    char word[32];
    capitalised(strcmp(urgency, "ROUTINE") == 0 ? "FUTURE" : urgency, word);
    element(out, 2, "urgency", word);
    capitalised(jdoc_get_text(alert, "severity", NULL), word);
    element(out, 2, "severity", word);
    capitalised(jdoc_get_text(alert, "certainty", NULL), word);
    element(out, 2, "certainty", word);
}

/* Paths with a place of their own in CAP, or the node's; below one that ends with a dot or bracket, everything. */
static const char *const placed[] = {
    "case_id",         "reference",       "revision",           "status",
    "opened_at",       "valid_until",     "valid_for",          "drill_id",
    "replaces.",       "codes_version",   "category",           "text_language",
    "urgency",         "severity",        "certainty",          "photos[",
    "circumstances",   "last_seen.at",    "police.on_sighting", "contact.phone",
    "publicity.level", "do_not_approach",
};

bool cap_write_has_place(const char *path)
{
    for (size_t i = 0; i < sizeof placed / sizeof placed[0]; i++) {
        size_t len = strlen(placed[i]);
        bool prefix = placed[i][len - 1] == '.' || placed[i][len - 1] == '[';
        if (prefix ? strncmp(path, placed[i], len) == 0 : strcmp(path, placed[i]) == 0)
            return true;
    }
    return false;
}

struct parameters {
    struct buf *out;
    const char *below; /* "closing." or "" */
    const struct jdoc *alert;
    bool name_hidden;
};

/* The family name of a person whose family_name_hidden is set, in any script. */
static bool is_hidden(const struct jdoc *alert, const char *path)
{
    if (strstr(path, "family_name") == NULL || strstr(path, "family_name_hidden") != NULL)
        return false;
    const struct jdoc *person = jdoc_get(alert, "child");
    if (strncmp(path, "companions[", 11) == 0) {
        const struct jdoc *companion = jdoc_at(jdoc_get(alert, "companions"), (size_t)strtoul(path + 11, NULL, 10));
        person = jdoc_get(companion, strstr(path, "].public_safe.") != NULL ? "public_safe" : "description");
    }
    return jdoc_get_bool(person, "family_name_hidden", false);
}

static void add_parameter(void *ctx, const char *path, const char *value)
{
    struct parameters *parameters = ctx;
    char name[CAP_LEAF_PATH_MAX + 32];
    if (parameters->below[0] == '\0' && cap_write_has_place(path))
        return;
    if (is_hidden(parameters->alert, path)) {
        parameters->name_hidden = true;
        return;
    }
    snprintf(name, sizeof name, CAP_WRITE_PREFIX "%s%s", parameters->below, path);
    pair(parameters->out, 2, "parameter", name, value);
}

static void add_photo(const struct jdoc *photo, size_t number, const char *sha1, struct buf *out)
{
    char text[200], size[32];
    const char *taken = jdoc_get_text(photo, "taken_on", NULL);
    int64_t bytes = jdoc_get_int(photo, "size_bytes", -1);
    snprintf(text, sizeof text, "Photo %zu of the child%s%.10s%s. The file travels sealed and apart.", number,
             taken != NULL ? ", taken on " : "", taken != NULL ? taken : "",
             jdoc_get_bool(photo, "looks_different_now", false) ? ", looks different now" : "");
    snprintf(size, sizeof size, "%" PRId64, bytes);
    group(out, 2, "resource", false);
    element(out, 3, "resourceDesc", text);
    element(out, 3, "mimeType", jdoc_get_text(photo, "mime_type", "image/jpeg"));
    element(out, 3, "size", bytes >= 0 ? size : NULL);
    element(out, 3, "digest", sha1);
    group(out, 2, "resource", true);
}

static void add_countries(const struct jdoc *countries, struct buf *out)
{
    struct buf names;
    buf_init(&names);
    for (size_t i = 0; i < jdoc_count(countries); i++) {
        int index = country_index(jdoc_text(jdoc_at(countries, i)));
        buf_printf(&names, "%s%s", i > 0 ? ", " : "", index >= 0 ? country_name(index) : "?");
    }
    if (names.len > 0) {
        group(out, 2, "area", false);
        element(out, 3, "areaDesc", buf_text(&names));
        for (size_t i = 0; i < jdoc_count(countries); i++)
            pair(out, 3, "geocode", "ISO3166-1", jdoc_text(jdoc_at(countries, i)));
        group(out, 2, "area", true);
    }
    buf_free(&names);
}

/* Without a geocode: the countries of the other area are those concerned, and only those. */
static void add_last_seen(const struct jdoc *seen, struct buf *out)
{
    double latitude, longitude;
    const char *place = jdoc_get_text(seen, "place", jdoc_get_text(seen, "region", NULL));
    bool known = jdoc_real(jdoc_get(seen, "latitude"), &latitude) && jdoc_real(jdoc_get(seen, "longitude"), &longitude);
    char circle[96];
    if (place == NULL && !known)
        return;
    group(out, 2, "area", false);
    element(out, 3, "areaDesc", place != NULL ? place : "Last seen");
    if (known) {
        snprintf(circle, sizeof circle, "%.6f,%.6f %.3f", latitude, longitude,
                 (double)jdoc_get_int(seen, "radius_m", 0) / 1000);
        element(out, 3, "circle", circle);
    }
    group(out, 2, "area", true);
}

static bool add_info(const struct jdoc *view, const struct jdoc *alert, const struct cap_photos *known, struct buf *out)
{
    const char *category = jdoc_get_text(alert, "category", NULL);
    const struct jdoc *photos = jdoc_get(alert, "photos");
    struct parameters parameters = {.out = out, .below = "", .alert = alert};
    group(out, 1, "info", false);
    element(out, 2, "language", jdoc_get_text(alert, "text_language", NULL));
    add_categories(category, out);
    element(out, 2, "event", phrase(alert, category));
    add_assessment(view, alert, out);
    pair(out, 2, "eventCode", CAP_WRITE_PREFIX "category", category);
    element_time(out, 2, "onset", jdoc_text(deep(alert, "last_seen", "at")));
    element_time(out, 2, "expires", jdoc_get_text(alert, "valid_until", jdoc_get_text(view, "expires_at", NULL)));
    element(out, 2, "senderName", jdoc_get_text(view, "opener_name", NULL));
    add_headline(alert, category, out);
    element(out, 2, "description", jdoc_get_text(alert, "circumstances", NULL));
    element(out, 2, "instruction", jdoc_text(deep(alert, "police", "on_sighting")));
    element(out, 2, "contact", jdoc_text(deep(alert, "contact", "phone")));
    pair(out, 2, "parameter", CAP_WRITE_PREFIX "reference", jdoc_get_text(view, "reference", NULL));
    cap_leaf_walk(alert, add_parameter, &parameters);
    for (size_t i = 0; i < jdoc_count(photos); i++)
        add_photo(jdoc_at(photos, i), i + 1, i < CASE_PHOTOS_MAX ? known->sha1[i] : NULL, out);
    add_countries(jdoc_get(view, "countries"), out);
    add_last_seen(jdoc_get(alert, "last_seen"), out);
    group(out, 1, "info", true);
    return parameters.name_hidden;
}

/* What became of it, and nothing about the child: the same as the closing itself. */
static void add_closing_info(const struct jdoc *view, const struct jdoc *closing, struct buf *out)
{
    static const char *const keys[] = {"outcome", "found_country", "days_missing", "taken_over_by", "closed_at"};
    const char *category = jdoc_get_text(view, "category", NULL);
    struct parameters parameters = {.out = out, .below = "closing."};
    struct jdoc *told = jdoc_object();
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        if (jdoc_get(closing, keys[i]) != NULL)
            jdoc_set_doc(told, keys[i], jdoc_copy(jdoc_get(closing, keys[i])));
    group(out, 1, "info", false);
    element(out, 2, "language", jdoc_get_text(closing, "text_language", NULL));
    add_categories(category, out);
    element(out, 2, "event", phrase(NULL, category));
    element(out, 2, "urgency", "Past");
    element(out, 2, "severity", "Unknown");
    element(out, 2, "certainty", "Unknown");
    pair(out, 2, "eventCode", CAP_WRITE_PREFIX "category", category);
    element(out, 2, "senderName", jdoc_get_text(view, "opener_name", NULL));
    pair(out, 2, "parameter", CAP_WRITE_PREFIX "reference", jdoc_get_text(view, "reference", NULL));
    cap_leaf_walk(told, add_parameter, &parameters);
    add_countries(jdoc_get(view, "countries"), out);
    group(out, 1, "info", true);
    jdoc_free(told);
}

/* ---- messages ---- */

/* The place in the view's revisions of what is written: the closing is the newest, a case says its own number. */
static size_t revision_index(const struct jdoc *view, const struct jdoc *closing)
{
    const struct jdoc *revisions = jdoc_get(view, "revisions");
    int64_t shown = jdoc_get_int(jdoc_get(view, "case"), "revision", -1);
    for (size_t i = 0; closing == NULL && i < jdoc_count(revisions); i++)
        if (jdoc_get_int(jdoc_at(revisions, i), "revision", 0) == shown)
            return i;
    return 0;
}

static int check_view(const struct jdoc *view, const struct jdoc *revision, struct err_note *note)
{
    if (jdoc_get(view, "closing") == NULL && jdoc_get(view, "case") == NULL)
        return err_set(note, ERR_NOT_FOUND, "the content of %s is not here: erased, or never readable",
                       jdoc_get_text(view, "reference", "this case"));
    if (jdoc_get_text(revision, "envelope_id", NULL) == NULL || jdoc_get_text(revision, "sent_at", NULL) == NULL)
        return err_set(note, ERR_INTERNAL, "the node's answer has no revision");
    return OK;
}

int cap_write_case(const struct jdoc *view, const struct cap_photos *photos, struct buf *out, struct err_note *note,
                   struct cap_written *ret_written)
{
    const struct jdoc *closing = jdoc_get(view, "closing"), *alert = jdoc_get(view, "case");
    size_t index = revision_index(view, closing);
    const struct jdoc *revision = jdoc_at(jdoc_get(view, "revisions"), index);
    int error = check_view(view, revision, note);
    if (error != OK)
        return error;
    bool update = strcmp(jdoc_get_text(revision, "act", ""), "UPDATE") == 0;
    struct cap_written written = {.type = closing != NULL ? "Cancel" : update ? "Update" : "Alert"};
    const struct message message = {written.type, jdoc_get_text(revision, "envelope_id", ""),
                                    jdoc_get_text(view, "member", ""), jdoc_get_text(revision, "sent_at", "")};
    begin_alert(view, &message, out);
    add_scope(view, out);
    add_codes(closing != NULL ? NULL : alert, out);
    add_note(view, closing, out);
    add_references(view, index + 1, SIZE_MAX, out);
    element(out, 1, "incidents", jdoc_get_text(view, "case_id", NULL));
    if (closing != NULL) {
        add_closing_info(view, closing, out);
    } else {
        written.name_hidden = add_info(view, alert, photos, out);
        written.photos = jdoc_count(jdoc_get(alert, "photos"));
    }
    buf_add_text(out, "</alert>\n");
    if (buf_broken(out))
        return ERR_NOMEM;
    *ret_written = written;
    return OK;
}

int cap_write_ack(const struct jdoc *view, const char *member, struct buf *out, struct err_note *note)
{
    const struct jdoc *own = jdoc_get(view, "acknowledgement"), *revisions = jdoc_get(view, "revisions");
    size_t index = 0;
    if (own == NULL)
        return err_set(note, ERR_STATE, "%s was not acknowledged here", jdoc_get_text(view, "reference", "this case"));
    while (index < jdoc_count(revisions) &&
           jdoc_get_int(jdoc_at(revisions, index), "revision", 0) != jdoc_get_int(own, "revision", -1))
        index++;
    const char *answered = jdoc_get_text(jdoc_at(revisions, index), "envelope_id", NULL);
    if (answered == NULL)
        return err_set(note, ERR_NOT_FOUND, "the revision that was acknowledged is not here any more");
    char identifier[160];
    snprintf(identifier, sizeof identifier, "%.64s-ack-%.60s", answered, member);
    const struct message message = {"Ack", identifier, member, jdoc_get_text(own, "at", "")};
    begin_alert(view, &message, out);
    element(out, 1, "scope", "Private");
    element(out, 1, "addresses", jdoc_get_text(view, "member", ""));
    element(out, 1, "code", CAP_WRITE_PROFILE);
    add_references(view, index, index + 1, out);
    element(out, 1, "incidents", jdoc_get_text(view, "case_id", NULL));
    buf_add_text(out, "</alert>\n");
    return buf_broken(out) ? ERR_NOMEM : OK;
}
