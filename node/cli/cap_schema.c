/* cap_schema: the table of CAP 1.2. Knows nothing of cases. */
#include "cap_schema.h"

#include <stdio.h>
#include <string.h>

#include "proto/clock.h"
#include "proto/form.h"

static const char *const status_words[] = {"Actual", "Exercise", "System", "Test", "Draft", NULL};
static const char *const type_words[] = {"Alert", "Update", "Cancel", "Ack", "Error", NULL};
static const char *const scope_words[] = {"Public", "Restricted", "Private", NULL};
static const char *const category_words[] = {"Geo", "Met",       "Safety", "Security", "Rescue", "Fire", "Health",
                                             "Env", "Transport", "Infra",  "CBRNE",    "Other",  NULL};
static const char *const response_words[] = {"Shelter", "Evacuate", "Prepare",  "Execute", "Avoid",
                                             "Monitor", "Assess",   "AllClear", "None",    NULL};
static const char *const urgency_words[] = {"Immediate", "Expected", "Future", "Past", "Unknown", NULL};
static const char *const severity_words[] = {"Extreme", "Severe", "Moderate", "Minor", "Unknown", NULL};
static const char *const certainty_words[] = {"Observed", "Likely", "Possible", "Unlikely", "Unknown", NULL};

#define ONE true, false
#define MAYBE false, false
#define SOME true, true
#define ANY false, true

const struct cap_schema_row cap_schema_rows[] = {
    {"", "alert", CAP_SCHEMA_GROUP, ONE, NULL},
    {"alert", "identifier", CAP_SCHEMA_TEXT, ONE, NULL},
    {"alert", "sender", CAP_SCHEMA_TEXT, ONE, NULL},
    {"alert", "sent", CAP_SCHEMA_TIME, ONE, NULL},
    {"alert", "status", CAP_SCHEMA_WORD, ONE, status_words},
    {"alert", "msgType", CAP_SCHEMA_WORD, ONE, type_words},
    {"alert", "source", CAP_SCHEMA_TEXT, MAYBE, NULL},
    {"alert", "scope", CAP_SCHEMA_WORD, ONE, scope_words},
    {"alert", "restriction", CAP_SCHEMA_TEXT, MAYBE, NULL},
    {"alert", "addresses", CAP_SCHEMA_TEXT, MAYBE, NULL},
    {"alert", "code", CAP_SCHEMA_TEXT, ANY, NULL},
    {"alert", "note", CAP_SCHEMA_TEXT, MAYBE, NULL},
    {"alert", "references", CAP_SCHEMA_TEXT, MAYBE, NULL},
    {"alert", "incidents", CAP_SCHEMA_TEXT, MAYBE, NULL},
    {"alert", "info", CAP_SCHEMA_GROUP, ANY, NULL},
    {"info", "language", CAP_SCHEMA_LANGUAGE, MAYBE, NULL},
    {"info", "category", CAP_SCHEMA_WORD, SOME, category_words},
    {"info", "event", CAP_SCHEMA_TEXT, ONE, NULL},
    {"info", "responseType", CAP_SCHEMA_WORD, ANY, response_words},
    {"info", "urgency", CAP_SCHEMA_WORD, ONE, urgency_words},
    {"info", "severity", CAP_SCHEMA_WORD, ONE, severity_words},
    {"info", "certainty", CAP_SCHEMA_WORD, ONE, certainty_words},
    {"info", "audience", CAP_SCHEMA_TEXT, MAYBE, NULL},
    {"info", "eventCode", CAP_SCHEMA_GROUP, ANY, NULL},
    {"info", "effective", CAP_SCHEMA_TIME, MAYBE, NULL},
    {"info", "onset", CAP_SCHEMA_TIME, MAYBE, NULL},
    {"info", "expires", CAP_SCHEMA_TIME, MAYBE, NULL},
    {"info", "senderName", CAP_SCHEMA_TEXT, MAYBE, NULL},
    {"info", "headline", CAP_SCHEMA_TEXT, MAYBE, NULL},
    {"info", "description", CAP_SCHEMA_TEXT, MAYBE, NULL},
    {"info", "instruction", CAP_SCHEMA_TEXT, MAYBE, NULL},
    {"info", "web", CAP_SCHEMA_TEXT, MAYBE, NULL},
    {"info", "contact", CAP_SCHEMA_TEXT, MAYBE, NULL},
    {"info", "parameter", CAP_SCHEMA_GROUP, ANY, NULL},
    {"info", "resource", CAP_SCHEMA_GROUP, ANY, NULL},
    {"info", "area", CAP_SCHEMA_GROUP, ANY, NULL},
    {"eventCode", "valueName", CAP_SCHEMA_TEXT, ONE, NULL},
    {"eventCode", "value", CAP_SCHEMA_TEXT, ONE, NULL},
    {"parameter", "valueName", CAP_SCHEMA_TEXT, ONE, NULL},
    {"parameter", "value", CAP_SCHEMA_TEXT, ONE, NULL},
    {"resource", "resourceDesc", CAP_SCHEMA_TEXT, ONE, NULL},
    {"resource", "mimeType", CAP_SCHEMA_TEXT, ONE, NULL},
    {"resource", "size", CAP_SCHEMA_WHOLE, MAYBE, NULL},
    {"resource", "uri", CAP_SCHEMA_TEXT, MAYBE, NULL},
    {"resource", "derefUri", CAP_SCHEMA_TEXT, MAYBE, NULL},
    {"resource", "digest", CAP_SCHEMA_TEXT, MAYBE, NULL},
    {"area", "areaDesc", CAP_SCHEMA_TEXT, ONE, NULL},
    {"area", "polygon", CAP_SCHEMA_TEXT, ANY, NULL},
    {"area", "circle", CAP_SCHEMA_TEXT, ANY, NULL},
    {"area", "geocode", CAP_SCHEMA_GROUP, ANY, NULL},
    {"area", "altitude", CAP_SCHEMA_DECIMAL, MAYBE, NULL},
    {"area", "ceiling", CAP_SCHEMA_DECIMAL, MAYBE, NULL},
    {"geocode", "valueName", CAP_SCHEMA_TEXT, ONE, NULL},
    {"geocode", "value", CAP_SCHEMA_TEXT, ONE, NULL},
};
const size_t cap_schema_count = sizeof cap_schema_rows / sizeof cap_schema_rows[0];
_Static_assert(sizeof cap_schema_rows / sizeof cap_schema_rows[0] <= CAP_SCHEMA_ROWS_MAX, "a set of rows has 64 bits");

const struct cap_schema_row *cap_schema_find(const char *in, const char *name)
{
    for (size_t i = 0; i < cap_schema_count; i++)
        if (strcmp(cap_schema_rows[i].name, name) == 0 && strcmp(cap_schema_rows[i].in, in) == 0)
            return &cap_schema_rows[i];
    return NULL;
}

/* "dddd-dd-ddTdd:dd:dd" and an offset: the standard's pattern, then a real instant. */
static bool is_time(const char *text)
{
    static const char form[] = "dddd-dd-ddTdd:dd:ddsdd:dd";
    int64_t at_us;
    for (size_t i = 0; i < sizeof form; i++) {
        bool digit = text[i] >= '0' && text[i] <= '9', sign = text[i] == '+' || text[i] == '-';
        if (form[i] == 'd' ? !digit : form[i] == 's' ? !sign : text[i] != form[i])
            return false;
    }
    return clock_parse(text, &at_us) == OK;
}

static bool is_number(const char *text, bool decimal)
{
    text += *text == '-' || *text == '+' ? 1 : 0;
    size_t digits = strspn(text, "0123456789");
    text += digits;
    if (decimal && *text == '.') {
        size_t more = strspn(++text, "0123456789");
        text += more;
        digits += more;
    }
    return digits > 0 && *text == '\0';
}

static bool is_word(const struct cap_schema_row *row, const char *text, char wanted[CAP_SCHEMA_WANTED_MAX])
{
    size_t used = (size_t)snprintf(wanted, CAP_SCHEMA_WANTED_MAX, "one of");
    for (const char *const *word = row->words; *word != NULL; word++) {
        if (strcmp(*word, text) == 0)
            return true;
        used += (size_t)snprintf(wanted + used, CAP_SCHEMA_WANTED_MAX - used, " %s", *word);
    }
    return false;
}

bool cap_schema_fits(const struct cap_schema_row *row, const char *text, char wanted[CAP_SCHEMA_WANTED_MAX])
{
    const char *what = "";
    bool fits = true;
    switch (row->type) {
    case CAP_SCHEMA_GROUP:
    case CAP_SCHEMA_TEXT:
        break;
    case CAP_SCHEMA_TIME:
        fits = is_time(text);
        what = "a time as 2026-11-21T09:40:00-00:00 (never with Z)";
        break;
    case CAP_SCHEMA_WHOLE:
        fits = is_number(text, false);
        what = "a whole number";
        break;
    case CAP_SCHEMA_DECIMAL:
        fits = is_number(text, true);
        what = "a decimal number";
        break;
    case CAP_SCHEMA_LANGUAGE:
        fits = form_is_language(text);
        what = "a BCP 47 language, as en-GB";
        break;
    case CAP_SCHEMA_WORD:
        return is_word(row, text, wanted);
    }
    snprintf(wanted, CAP_SCHEMA_WANTED_MAX, "%s", what);
    return fits;
}
