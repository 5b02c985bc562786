/* case_check: what must be there before sending, and the form of every field. Refuses by path; repairs nothing. */
#include <stdio.h>
#include <string.h>

#include "case.h"
#include "case_rules.h"
#include "clock.h"
#include "closing.h"
#include "country.h"
#include "form.h"
#include "mapper_internal.h"
#include "reply.h"

/* ---- form: one visit per present field ---- */

static int check_text(const struct case_form *form, const char *text, const char *path, struct err_note *note)
{
    size_t chars = 0;
    switch (form_text(text, form->kind == CASE_TEXT, &chars)) {
    case FORM_NOT_UTF8:
        return err_set(note, ERR_INVALID, "%s: is not valid UTF-8", path);
    case FORM_CONTROL:
        return err_set(note, ERR_INVALID, "%s: contains a control character", path);
    case FORM_BIDI:
        return err_set(note, ERR_INVALID, "%s: contains a character that reverses text", path);
    case FORM_CLEAN:
        break;
    }
    if (chars > (size_t)form->most)
        return err_set(note, ERR_LIMIT, "%s: %zu characters; the limit is %lld", path, chars, (long long)form->most);
    return OK;
}

/* What was typed is quoted only when it is short and cannot steer a terminal. */
static int bad_form(const char *path, const char *text, const char *wanted, struct err_note *note)
{
    size_t chars;
    bool plain = strlen(text) <= 40 && form_text(text, false, &chars) == FORM_CLEAN;
    return plain ? err_set(note, ERR_INVALID, "%s: \"%s\" is not %s", path, text, wanted) :
                   err_set(note, ERR_INVALID, "%s: is not %s", path, wanted);
}

static int check_country(const char *text, const char *path, struct err_note *note)
{
    if (country_index(text) >= 0)
        return OK;
    int meant = country_find(text);
    int error = bad_form(path, text, "an ISO 3166-1 alpha-2 country code", note);
    if (meant >= 0 && note != NULL) {
        size_t used = strlen(note->text);
        snprintf(note->text + used, sizeof note->text - used, "; did you mean %s (%s)?", country_code(meant),
                 country_name(meant));
    }
    return error;
}

static int check_string(const struct case_form *form, const char *text, const char *path, struct err_note *note)
{
    switch (form->kind) {
    case CASE_LINE:
    case CASE_TEXT:
        return check_text(form, text, path, note);
    case CASE_COUNTRY:
        return check_country(text, path, note);
    case CASE_LANGUAGE:
        return form_is_language(text) ? OK : bad_form(path, text, "a BCP 47 language, as el", note);
    case CASE_PHONE:
        return form_is_phone(text) ? OK : bad_form(path, text, "an E.164 number, as +302109999999", note);
    case CASE_DATE:
        return mapper_is_date(text) ? OK : bad_form(path, text, "a date, as 2026-11-21", note);
    case CASE_ZONE:
        return form_is_zone(text) ? OK : bad_form(path, text, "a time zone, as Europe/Athens or +02:00", note);
    case CASE_SCRIPT:
        return form_is_script(text) ? OK : bad_form(path, text, "an ISO 15924 script, as Grek", note);
    case CASE_MEMBER:
        return form_is_member(text) ? OK : bad_form(path, text, "a member's id", note);
    case CASE_REFERENCE:
        return form_is_reference(text) ? OK : bad_form(path, text, "a reference, as BE-2026-00123", note);
    case CASE_MIME:
        return strcmp(text, "image/jpeg") == 0 ? OK : bad_form(path, text, "image/jpeg", note);
    case CASE_NUMBER:
    case CASE_BYTES:
    case CASE_COUNT:
        break;
    }
    CHECK(!"a text with a rule for numbers");
    return ERR_INTERNAL;
}

static int check_number(const struct case_form *form, const struct mapper_spot *spot, struct err_note *note)
{
    int64_t value;
    switch (spot->field->type) {
    case PROTOBUF_C_TYPE_UINT32:
        value = *(const uint32_t *)spot->value;
        break;
    case PROTOBUF_C_TYPE_SINT32:
        value = *(const int32_t *)spot->value;
        break;
    case PROTOBUF_C_TYPE_INT64:
        value = *(const int64_t *)spot->value;
        break;
    default:
        return OK; /* any uint64 is a probe's number */
    }
    if (value >= form->least && value <= form->most)
        return OK;
    return err_set(note, ERR_INVALID, "%s: %lld is out of range (%lld to %lld)", spot->path, (long long)value,
                   (long long)form->least, (long long)form->most);
}

static int check_bytes(const struct case_form *form, const struct mapper_spot *spot, struct err_note *note)
{
    size_t len = ((const ProtobufCBinaryData *)spot->value)->len;
    if (len >= (size_t)form->least && len <= (size_t)form->most)
        return OK;
    return err_set(note, ERR_LIMIT, "%s: %zu bytes; allowed are %lld to %lld", spot->path, len, (long long)form->least,
                   (long long)form->most);
}

static int check_count(const struct case_form *form, const struct mapper_spot *spot, struct err_note *note)
{
    if (spot->field->label != PROTOBUF_C_LABEL_REPEATED || spot->index > 0 || spot->count <= form->max_count)
        return OK;
    const char *bracket = strrchr(spot->path, '[');
    int name_len = bracket != NULL ? (int)(bracket - spot->path) : (int)strlen(spot->path);
    return err_set(note, ERR_LIMIT, "%.*s: %zu entries; the limit is %u", name_len, spot->path, spot->count,
                   form->max_count);
}

static int visit_form(void *context, const struct mapper_spot *spot)
{
    struct err_note *note = context;
    const struct case_form *form = case_form_of(spot->message->descriptor, spot->field);
    if (form != NULL && check_count(form, spot, note) != OK)
        return ERR_LIMIT;
    if (spot->field->type == PROTOBUF_C_TYPE_ENUM) {
        int value = *(const int *)spot->value;
        return mapper_code_name(spot->field->descriptor, value) != NULL ?
            OK :
            err_set(note, ERR_UNKNOWN, "%s: %d is not a code", spot->path, value);
    }
    if (form == NULL || form->kind == CASE_COUNT)
        return OK;
    if (spot->field->type == PROTOBUF_C_TYPE_STRING)
        return check_string(form, *(const char *const *)spot->value, spot->path, note);
    if (spot->field->type == PROTOBUF_C_TYPE_BYTES)
        return check_bytes(form, spot, note);
    return check_number(form, spot, note);
}

int case_check_form(const ProtobufCMessage *message, struct err_note *note)
{
    return mapper_walk(message, visit_form, note);
}

/* ---- what belongs together ---- */

static int check_age(const Hotline__Description *person, uint32_t most, const char *path, struct err_note *note)
{
    const struct {
        const char *name;
        bool given;
        uint32_t value;
    } ages[] = {{"age_years", person->has_age_years, person->age_years},
                {"age_min_years", person->has_age_min_years, person->age_min_years},
                {"age_max_years", person->has_age_max_years, person->age_max_years}};
    for (size_t i = 0; i < sizeof ages / sizeof ages[0]; i++)
        if (ages[i].given && ages[i].value > most)
            return err_set(note, ERR_INVALID, "%s.%s: %u is out of range (0 to %u)", path, ages[i].name, ages[i].value,
                           most);
    if (ages[1].given && ages[2].given && ages[1].value > ages[2].value)
        return err_set(note, ERR_INVALID, "%s.age_min_years: %u is more than age_max_years", path, ages[1].value);
    if (ages[0].given &&
        ((ages[1].given && ages[0].value < ages[1].value) || (ages[2].given && ages[0].value > ages[2].value)))
        return err_set(note, ERR_INVALID, "%s.age_years: %u is outside of age_min_years and age_max_years", path,
                       ages[0].value);
    return OK;
}

static int check_point(bool has_latitude, bool has_longitude, const char *path, struct err_note *note)
{
    if (has_latitude == has_longitude)
        return OK;
    return err_set(note, ERR_INVALID, "%s.%s: is needed with the other coordinate", path,
                   has_latitude ? "longitude" : "latitude");
}

static int check_together(const Hotline__Case *alert, struct err_note *note)
{
    const Hotline__LastSeen *seen = alert->last_seen;
    int error = alert->child != NULL ? check_age(alert->child, CASE_CHILD_AGE_MAX, "child", note) : OK;
    if (error == OK && seen != NULL)
        error = check_point(seen->has_latitude, seen->has_longitude, "last_seen", note);
    for (size_t i = 0; error == OK && i < alert->n_companions; i++) {
        char path[48];
        snprintf(path, sizeof path, "companions[%zu].description", i);
        const Hotline__Companion *companion = alert->companions[i];
        if (companion->description != NULL)
            error = check_age(companion->description, 120, path, note);
        if (error == OK && companion->public_safe != NULL && companion->public_safe->n_medical_needs > 0)
            error = err_set(note, ERR_INVALID, "companions[%zu].public_safe.medical_needs: never in public", i);
    }
    size_t packed = hotline__case__get_packed_size(alert);
    if (error == OK && packed > CASE_BYTES_MAX)
        error = err_set(note, ERR_LIMIT, "case: %zu bytes in all; the limit is %d", packed, CASE_BYTES_MAX);
    return error;
}

/* ---- sending ---- */

struct missing {
    struct err_note *note;
    size_t used;
    bool any;
};

static void need(struct missing *missing, bool there, const char *sentence)
{
    if (there)
        return;
    if (missing->note != NULL && missing->used < sizeof missing->note->text) {
        size_t room = sizeof missing->note->text - missing->used;
        int added = snprintf(missing->note->text + missing->used, room, "%s%s", missing->any ? "; " : "", sentence);
        missing->used += added > 0 ? (size_t)added : 0;
    }
    missing->any = true;
}

static bool has_name(const Hotline__Description *child)
{
    bool named = !form_is_blank(child->given_name);
    for (size_t i = 0; i < child->n_aliases; i++)
        named = named || !form_is_blank(child->aliases[i]);
    return named;
}

/* The starred fields of the design, in the order in which a person fills them in. */
static int check_starred(const Hotline__Case *alert, struct err_note *note)
{
    static const Hotline__Description nobody = HOTLINE__DESCRIPTION__INIT;
    const Hotline__Description *child = alert->child != NULL ? alert->child : &nobody;
    const Hotline__LastSeen *seen = alert->last_seen;
    const Hotline__Contact *contact = alert->contact;
    bool aged = child->has_age_years || (child->has_age_min_years && child->has_age_max_years);
    struct missing missing = {.note = note};
    need(&missing, alert->has_category, "category: is required");
    need(&missing, has_name(child), "child.given_name: is required (or child.aliases)");
    need(&missing, aged, "child.age_years: is required (or age_min_years and age_max_years)");
    need(&missing, child->n_languages > 0, "child.languages: is required");
    need(&missing, seen != NULL && seen->country != NULL, "last_seen.country: is required");
    need(&missing, alert->police != NULL && alert->police->has_informed, "police.informed: is required");
    need(&missing, alert->publicity != NULL && alert->publicity->has_level, "publicity.level: is required");
    need(&missing, contact != NULL && !form_is_blank(contact->phone), "contact.phone: is required");
    return missing.any ? ERR_MISSING : OK;
}

static int check_validity(const Hotline__Case *alert, int64_t now_us, struct err_note *note)
{
    if (alert->has_valid_for && alert->has_valid_until)
        return err_set(note, ERR_INVALID, "valid_for: give either this or valid_until");
    if (alert->has_valid_for && (alert->valid_for < CLOCK_MINUTE_US || alert->valid_for > LIMIT_VALIDITY_MAX_US))
        return err_set(note, ERR_LIMIT, "valid_for: must be from 1 minute to 30 days");
    if (alert->has_valid_until && alert->valid_until <= now_us)
        return err_set(note, ERR_INVALID, "valid_until: is in the past");
    if (alert->has_valid_until && alert->valid_until - now_us > LIMIT_VALIDITY_MAX_US)
        return err_set(note, ERR_LIMIT, "valid_until: is more than 30 days away");
    return OK;
}

int case_check_sendable(const Hotline__Case *alert, int64_t now_us, struct err_note *note)
{
    int error = check_starred(alert, note);
    if (error == OK)
        error = case_check_form(&alert->base, note);
    if (error == OK)
        error = check_together(alert, note);
    if (error == OK)
        error = check_validity(alert, now_us, note);
    return error;
}

/* ---- receiving ---- */

static int check_identity(const Hotline__Case *alert, struct err_note *note)
{
    if (!alert->has_case_id)
        return err_set(note, ERR_MISSING, "case_id: is required");
    if (alert->reference == NULL)
        return err_set(note, ERR_MISSING, "reference: is required");
    if (!alert->has_revision)
        return err_set(note, ERR_MISSING, "revision: is required");
    if (!alert->has_status)
        return err_set(note, ERR_MISSING, "status: is required");
    return check_together(alert, note);
}

int case_check_body(const Hotline__EnvelopeBody *body, struct err_note *note)
{
    int error = case_check_form(&body->base, note);
    if (error != OK)
        return error;
    switch (body->content_case) {
    case HOTLINE__ENVELOPE_BODY__CONTENT_ALERT:
        return check_identity(body->alert, note);
    case HOTLINE__ENVELOPE_BODY__CONTENT_REPLY:
        return reply_check(body->reply, note);
    case HOTLINE__ENVELOPE_BODY__CONTENT_CLOSING:
        return closing_check(body->closing, note);
    case HOTLINE__ENVELOPE_BODY__CONTENT_REFERRAL:
        return referral_check(body->referral, note);
    case HOTLINE__ENVELOPE_BODY__CONTENT_STATISTICS:
    case HOTLINE__ENVELOPE_BODY__CONTENT_PROBE:
        return OK;
    default:
        return err_set(note, ERR_MISSING, "(body): holds nothing");
    }
}
