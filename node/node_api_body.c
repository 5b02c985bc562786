/* node_api_body: what callers write, read strictly and refused by its path. Repairs nothing, guesses nothing. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "node/node_api_inner.h"
#include "proto/case.h"
#include "proto/country.h"

#define JSON_TYPE "application/json"

/* ---- the body as a whole ---- */

static bool is_type(const char *type, const char *wanted)
{
    size_t len = strlen(wanted);
    return type != NULL && strncasecmp(type, wanted, len) == 0 &&
        (type[len] == '\0' || type[len] == ';' || type[len] == ' ');
}

int node_api_check_bytes(struct node_api_call *call)
{
    if (is_type(http_header(call->request, "Content-Type"), NODE_API_BYTES_TYPE))
        return OK;
    call->status = 415;
    return err_set(&call->note, ERR_SYNTAX, "a body with Content-Type: " NODE_API_BYTES_TYPE " is required here");
}

int node_api_read_body(struct node_api_call *call)
{
    if (!is_type(http_header(call->request, "Content-Type"), JSON_TYPE)) {
        call->status = 415;
        return err_set(&call->note, ERR_SYNTAX, "a body with Content-Type: " JSON_TYPE " is required here");
    }
    int error = jdoc_parse(http_body(call->request), "body", &call->note, &call->body);
    if (error == OK && jdoc_type(call->body) != JDOC_OBJECT)
        error = err_set(&call->note, ERR_SYNTAX, "the body is not a JSON object");
    return error;
}

static const struct node_api_field *field_of(const struct node_api_field *fields, const char *name)
{
    for (; fields->name != NULL; fields++)
        if (strcmp(fields->name, name) == 0)
            return fields;
    return NULL;
}

int node_api_check_fields(struct node_api_call *call, const struct node_api_field *fields)
{
    struct jdoc_iter at = {0};
    const char *name;
    const struct jdoc *value;
    while (jdoc_next(call->body, &at, &name, &value)) {
        const struct node_api_field *field = field_of(fields, name);
        enum jdoc_type type = jdoc_type(value);
        if (field == NULL)
            return err_set(&call->note, ERR_UNKNOWN, "%.64s: is not a field of this request", name);
        if (type != JDOC_NULL && type != field->type)
            return err_set(&call->note, ERR_INVALID, "%s: must be %s, not %s", name, jdoc_type_name(field->type),
                           jdoc_type_name(type));
    }
    for (; fields->name != NULL; fields++)
        if (fields->required && jdoc_type(jdoc_get(call->body, fields->name)) == JDOC_NULL)
            return err_set(&call->note, ERR_MISSING, "%s: is required", fields->name);
    return OK;
}

/* ---- countries ---- */

static int refuse_country(struct node_api_call *call, const char *field, size_t i, const char *text)
{
    int meant = text != NULL ? country_find(text) : -1;
    if (meant < 0)
        return err_set(&call->note, ERR_UNKNOWN, "%s[%zu]: is not an ISO 3166-1 alpha-2 country code", field, i);
    return err_set(&call->note, ERR_UNKNOWN,
                   "%s[%zu]: is not an ISO 3166-1 alpha-2 country code; did you mean %s (%s)?", field, i,
                   country_code(meant), country_name(meant));
}

int node_api_read_countries(struct node_api_call *call, const char *field, struct node_api_countries *ret_countries)
{
    const struct jdoc *array = jdoc_get(call->body, field);
    struct node_api_countries countries = {.count = 0};
    bool seen[COUNTRY_COUNT] = {false};
    for (size_t i = 0; i < jdoc_count(array); i++) {
        const char *text = jdoc_text(jdoc_at(array, i));
        int country = country_index(text);
        if (country < 0)
            return refuse_country(call, field, i, text);
        if (seen[country])
            return err_set(&call->note, ERR_INVALID, "%s[%zu]: %s stands there twice", field, i, text);
        seen[country] = true;
        countries.codes[countries.count++] = country_code(country);
    }
    *ret_countries = countries;
    return OK;
}

/* ---- the case ---- */

/* The reader of cases names paths from the case's own root: puts "case." before each. Missing fields come as a list. */
static int under_case(struct err_note *note, int error)
{
    struct err_note whole = {""};
    size_t used = 0;
    for (const char *rest = note->text; *rest != '\0' && used < sizeof whole.text - 1;) {
        const char *next = error == ERR_MISSING ? strstr(rest, "; ") : NULL;
        size_t len = next != NULL ? (size_t)(next - rest) + 2 : strlen(rest);
        int wrote = snprintf(whole.text + used, sizeof whole.text - used, "case.%.*s", (int)len, rest);
        used += (size_t)wrote;
        rest += len;
    }
    *note = whole;
    return error;
}

int node_api_read_case(struct node_api_call *call, Hotline__Case **ret_alert)
{
    Hotline__Case *alert = NULL;
    int error = case_from_json(jdoc_get(call->body, "case"), &call->note, &alert);
    if (error == OK)
        error = case_check_sendable(alert, call->now_us, &call->note);
    if (error != OK) {
        case_free(alert);
        return call->note.text[0] != '\0' ? under_case(&call->note, error) : error;
    }
    *ret_alert = alert;
    return OK;
}

int node_api_check_draft_case(struct node_api_call *call)
{
    Hotline__Case *alert = NULL;
    int error = case_from_json(jdoc_get(call->body, "case"), &call->note, &alert);
    if (error == OK)
        error = case_check_form(&alert->base, &call->note);
    case_free(alert);
    return error != OK && call->note.text[0] != '\0' ? under_case(&call->note, error) : error;
}

/* ---- queries ---- */

int node_api_read_number(struct node_api_call *call, const char *name, int64_t least, int64_t most,
                         int64_t *inout_value)
{
    const char *text = http_query(call->request, name);
    if (text == NULL)
        return OK;
    size_t len = strlen(text);
    int64_t value = len > 0 && len <= 18 && strspn(text, "0123456789") == len ? strtoll(text, NULL, 10) : -1;
    if (value < least || value > most)
        return err_set(&call->note, ERR_INVALID, "%s: must be a whole number from %" PRId64 " to %" PRId64, name, least,
                       most);
    *inout_value = value;
    return OK;
}

static int refuse_choice(struct node_api_call *call, const char *name, const char *const *names)
{
    char list[160] = "";
    for (size_t used = 0; *names != NULL && used < sizeof list; names++)
        used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", used > 0 ? ", " : "", *names);
    return err_set(&call->note, ERR_UNKNOWN, "%s: is none of %s", name, list);
}

int node_api_read_choice(struct node_api_call *call, const char *name, const char *const *names, int *ret_index)
{
    const char *text = http_query(call->request, name);
    int index = -1;
    for (int i = 0; text != NULL && names[i] != NULL; i++)
        if (strcmp(names[i], text) == 0)
            index = i;
    if (text != NULL && index < 0)
        return refuse_choice(call, name, names);
    *ret_index = index;
    return OK;
}
