/* case: the case in JSON and small questions about it. Never fills in what a person has to say. */
#include "case.h"

#include <string.h>
#include <strings.h>

static const struct mapper_rule rule_rows[] = {
    {"Case", "case_id", MAPPER_HEX, true},
    {"Case", "reference", MAPPER_PLAIN, true},
    {"Case", "revision", MAPPER_PLAIN, true},
    {"Case", "status", MAPPER_PLAIN, true},
    {"Case", "opened_at", MAPPER_TIME_US, true},
    {"Case", "valid_until", MAPPER_TIME_US, false},
    {"Case", "valid_for", MAPPER_DURATION_US, false},
    {"Case", "review_at", MAPPER_TIME_US, false},
    {"Case", "drill_id", MAPPER_PLAIN, true},
    {"Case", "replaces", MAPPER_PLAIN, true},
    {"Case", "codes_version", MAPPER_PLAIN, true},
    {"Replaces", "envelope_hash", MAPPER_HEX, true},
    {"Handover", "case_id", MAPPER_HEX, false},
    {"Description", "birth_date", MAPPER_DATE, false},
    {"Attachment", "name", MAPPER_HEX, true},
    {"Attachment", "key", MAPPER_SECRET, true},
    {"Attachment", "size_bytes", MAPPER_PLAIN, true},
    {"Attachment", "mime_type", MAPPER_PLAIN, true},
    {"Attachment", "thumbnail", MAPPER_BASE64, true},
    {"Attachment", "width_px", MAPPER_PLAIN, true},
    {"Attachment", "height_px", MAPPER_PLAIN, true},
    {"Attachment", "taken_on", MAPPER_DATE, false},
    {"Attachment", "upload", MAPPER_HEX, false},
    {"LastSeen", "at", MAPPER_TIME_US, false},
    {"LastSeen", "latitude", MAPPER_MICRODEGREES, false},
    {"LastSeen", "longitude", MAPPER_MICRODEGREES, false},
    {"Publicity", "consent_on", MAPPER_DATE, false},
    {"Legal", "removed_on", MAPPER_DATE, false},
    {"Legal", "custody_order_on", MAPPER_DATE, false},
    {"Legal", "hague_application_on", MAPPER_DATE, false},
    {"Legal", "return_order_on", MAPPER_DATE, false},
    {"Legal", "brussels_certificate_on", MAPPER_DATE, false},
    {"Legal", "hearing_on", MAPPER_DATE, false},
    {"Legal", "travel_ban_until", MAPPER_DATE, false},
    {"Closing", "case_id", MAPPER_HEX, true},
    {"Closing", "reference", MAPPER_PLAIN, true},
    {"Closing", "revision", MAPPER_PLAIN, true},
    {"Closing", "replaces", MAPPER_PLAIN, true},
    {"Closing", "closed_at", MAPPER_TIME_US, true},
    {"Sighting", "at", MAPPER_TIME_US, false},
    {"Sighting", "latitude", MAPPER_MICRODEGREES, false},
    {"Sighting", "longitude", MAPPER_MICRODEGREES, false},
    {"Reply", "in_reply_to", MAPPER_HEX, false},
    {"Reply", "reference", MAPPER_PLAIN, true},
    {"Reply", "revision", MAPPER_PLAIN, true},
    {"Reply", "written_at", MAPPER_TIME_US, true},
    {"Referral", "referral_id", MAPPER_HEX, true},
    {"Referral", "reference", MAPPER_PLAIN, true},
    {"Referral", "answer_by", MAPPER_TIME_US, false},
    {"Statistics", "made_at", MAPPER_TIME_US, true},
    {"Probe", "sent_at", MAPPER_TIME_US, true},
};
static const struct mapper_rules rules = {rule_rows, sizeof rule_rows / sizeof rule_rows[0]};

const struct mapper_rules *case_rules(void)
{
    return &rules;
}

/* "+02:00" of an RFC 3339 text, or NULL when it is written in UTC. */
static const char *offset_of(const char *instant)
{
    size_t len = instant != NULL ? strlen(instant) : 0;
    if (len < 6 || (instant[len - 6] != '+' && instant[len - 6] != '-') || strcmp(instant + len - 5, "00:00") == 0)
        return NULL;
    return instant + len - 6;
}

/* The instant alone would forget what the clock on the wall said. */
static int keep_offset(const struct jdoc *doc, Hotline__Case *alert)
{
    const char *offset = offset_of(jdoc_text(jdoc_get(jdoc_get(doc, "last_seen"), "at")));
    if (offset == NULL || alert->last_seen == NULL || alert->last_seen->zone != NULL)
        return OK;
    alert->last_seen->zone = strdup(offset);
    return alert->last_seen->zone != NULL ? OK : ERR_NOMEM;
}

int case_from_json(const struct jdoc *doc, struct err_note *note, Hotline__Case **ret_case)
{
    const struct mapper_reader reader = {.rules = &rules};
    ProtobufCMessage *message = NULL;
    int error = mapper_read(&reader, &hotline__case__descriptor, doc, note, &message);
    if (error != OK)
        return error;
    Hotline__Case *alert = (Hotline__Case *)(void *)message;
    if (keep_offset(doc, alert) != OK) {
        case_free(alert);
        return err_set(note, ERR_NOMEM, "last_seen.zone: out of memory");
    }
    *ret_case = alert;
    return OK;
}

int case_to_json(const Hotline__Case *alert, struct jdoc **ret_doc)
{
    *ret_doc = mapper_write(&rules, &alert->base);
    return OK;
}

void case_free(Hotline__Case *alert)
{
    if (alert != NULL)
        mapper_free(&alert->base, NULL);
}

Hotline__Urgency__Code case_urgency(const Hotline__Case *alert)
{
    return alert->has_urgency ? alert->urgency : HOTLINE__URGENCY__CODE__EXPECTED;
}

static bool has_medical(const Hotline__Description *person)
{
    return person != NULL && person->n_medical_needs > 0;
}

bool case_needs_restriction(const Hotline__Case *alert, const char **ret_why)
{
    bool medical = has_medical(alert->child);
    for (size_t i = 0; i < alert->n_companions; i++)
        medical =
            medical || has_medical(alert->companions[i]->description) || has_medical(alert->companions[i]->public_safe);
    if (alert->legal == NULL && !medical)
        return false;
    if (ret_why != NULL)
        *ret_why = alert->legal != NULL ? "the case has a legal group" : "the case names a medical need";
    return true;
}

static struct slice trimmed(const char *text)
{
    size_t len = strlen(text);
    while (len > 0 && strchr(" \t\r\n", text[len - 1]) != NULL)
        len--;
    while (len > 0 && strchr(" \t\r\n", *text) != NULL)
        text++, len--;
    return slice_of(text, len);
}

/* POSIX strncasecmp in the C locale folds ASCII only, which is what is promised. */
static bool same_name(const char *one, const char *other)
{
    if (one == NULL)
        return false;
    struct slice a = trimmed(one), b = trimmed(other);
    return a.len > 0 && a.len == b.len && strncasecmp((const char *)a.data, (const char *)b.data, a.len) == 0;
}

bool case_confirms(const Hotline__Case *alert, const char *name)
{
    const Hotline__Description *child = alert->child;
    if (child == NULL || name == NULL)
        return false;
    bool same = same_name(child->given_name, name);
    for (size_t i = 0; i < child->n_aliases; i++)
        same = same || same_name(child->aliases[i], name);
    for (size_t i = 0; i < child->n_transliterations; i++)
        same = same || same_name(child->transliterations[i]->given_name, name);
    return same;
}
