/* reply: replies and referrals, in and out. Never says who the person was that wrote one. */
#include "reply.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "form.h"

static int read_as(const ProtobufCMessageDescriptor *type, const struct jdoc *doc, struct err_note *note,
                   void *ret_message)
{
    const struct mapper_reader reader = {.rules = case_rules()};
    return mapper_read(&reader, type, doc, note, ret_message);
}

int reply_from_json(const struct jdoc *doc, struct err_note *note, Hotline__Reply **ret_reply)
{
    ProtobufCMessage *message = NULL;
    int error = read_as(&hotline__reply__descriptor, doc, note, &message);
    if (error == OK)
        *ret_reply = (Hotline__Reply *)(void *)message;
    return error;
}

int reply_from_sighting(const struct jdoc *doc, struct err_note *note, Hotline__Reply **ret_reply)
{
    ProtobufCMessage *message = NULL;
    int error = read_as(&hotline__sighting__descriptor, doc, note, &message);
    if (error != OK)
        return error;
    Hotline__Reply *reply = malloc(sizeof *reply);
    if (reply == NULL) {
        mapper_free(message, NULL);
        return err_set(note, ERR_NOMEM, "sighting: out of memory");
    }
    hotline__reply__init(reply);
    reply->has_kind = 1;
    reply->kind = HOTLINE__REPLY_KIND__CODE__SIGHTING;
    reply->sighting = (Hotline__Sighting *)(void *)message;
    *ret_reply = reply;
    return OK;
}

int reply_to_json(const Hotline__Reply *reply, struct jdoc **ret_doc)
{
    *ret_doc = mapper_write(case_rules(), &reply->base);
    return OK;
}

void reply_free(Hotline__Reply *reply)
{
    if (reply != NULL)
        mapper_free(&reply->base, NULL);
}

static int check_sighting(const Hotline__Sighting *sighting, struct err_note *note)
{
    if (sighting == NULL)
        return err_set(note, ERR_MISSING, "sighting: is required");
    if (form_is_blank(sighting->place) && sighting->country == NULL && !sighting->has_latitude)
        return err_set(note, ERR_MISSING, "sighting.place: is required (or sighting.country, or coordinates)");
    if (sighting->has_latitude != sighting->has_longitude)
        return err_set(note, ERR_INVALID, "sighting.%s: is needed with the other coordinate",
                       sighting->has_latitude ? "longitude" : "latitude");
    return OK;
}

int reply_check(const Hotline__Reply *reply, struct err_note *note)
{
    if (!reply->has_kind)
        return err_set(note, ERR_MISSING, "kind: is required");
    int error = case_check_form(&reply->base, note);
    if (error != OK)
        return error;
    switch (reply->kind) {
    case HOTLINE__REPLY_KIND__CODE__QUESTION:
    case HOTLINE__REPLY_KIND__CODE__ANSWER:
    case HOTLINE__REPLY_KIND__CODE__MESSAGE:
        return form_is_blank(reply->text) ? err_set(note, ERR_MISSING, "text: is required") : OK;
    case HOTLINE__REPLY_KIND__CODE__SIGHTING:
        return check_sighting(reply->sighting, note);
    default:
        return OK;
    }
}

int referral_from_json(const struct jdoc *doc, struct err_note *note, Hotline__Referral **ret_referral)
{
    ProtobufCMessage *message = NULL;
    int error = read_as(&hotline__referral__descriptor, doc, note, &message);
    if (error == OK)
        *ret_referral = (Hotline__Referral *)(void *)message;
    return error;
}

void referral_free(Hotline__Referral *referral)
{
    if (referral != NULL)
        mapper_free(&referral->base, NULL);
}

int referral_to_json(const Hotline__Referral *referral, struct jdoc **ret_doc)
{
    *ret_doc = mapper_write(case_rules(), &referral->base);
    return OK;
}

static int check_request(const Hotline__Referral *referral, struct err_note *note)
{
    if (referral->n_languages == 0)
        return err_set(note, ERR_MISSING, "languages: is required");
    if (referral->n_countries == 0)
        return err_set(note, ERR_MISSING, "countries: is required");
    return referral->has_answer_by ? OK : err_set(note, ERR_MISSING, "answer_by: is required");
}

#define PHONE_DIGITS 7
#define STREET_NEAR 24 /* characters between a street's word and its number */

static bool shows_phone(const char *text)
{
    size_t digits = 0;
    for (; *text != '\0' && digits < PHONE_DIGITS; text++) {
        if (*text >= '0' && *text <= '9')
            digits++;
        else if (strchr(" .-/()+", *text) == NULL)
            digits = 0;
    }
    return digits >= PHONE_DIGITS;
}

static bool is_of_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (unsigned char)c >= 0x80;
}

static bool shows_mail(const char *text)
{
    for (const char *at = text; (at = strchr(at, '@')) != NULL; at++) {
        if (at > text && is_of_word(at[-1]) && is_of_word(at[1]))
            return true;
    }
    return false;
}

static bool has_digit(const char *from, const char *to)
{
    for (; from < to && *from != '\0'; from++) {
        if (*from >= '0' && *from <= '9')
            return true;
    }
    return false;
}

static bool shows_street(const char *text)
{
    static const char *const words[] = {"street", "straat", "strasse", "straße", "rue ",  "avenue", "calle ", "avenida",
                                        "rua ",   "piazza", "via ",    "ulica",  "road ", "laan",   "gatan",  "utca"};
    for (const char *at = text; *at != '\0'; at++) {
        for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
            size_t len = strlen(words[i]);
            bool begins = at == text || !is_of_word(at[-1]) || words[i][len - 1] != ' ';
            const char *from = at - text > STREET_NEAR ? at - STREET_NEAR : text;
            if (begins && strncasecmp(at, words[i], len) == 0 &&
                (has_digit(from, at) || has_digit(at + len, at + len + strnlen(at + len, STREET_NEAR))))
                return true;
        }
    }
    return false;
}

const char *referral_text_shows(const char *text)
{
    if (text == NULL)
        return NULL;
    if (shows_mail(text))
        return "an e-mail address";
    if (shows_phone(text))
        return "a telephone number";
    return shows_street(text) ? "a street address" : NULL;
}

int referral_check(const Hotline__Referral *referral, struct err_note *note)
{
    int error = case_check_form(&referral->base, note);
    if (error != OK)
        return error;
    if (!referral->has_act)
        return err_set(note, ERR_MISSING, "act: is required");
    if (!referral->has_referral_id)
        return err_set(note, ERR_MISSING, "referral_id: is required");
    if (referral->act == HOTLINE__REFERRAL_ACT__CODE__REQUEST)
        return check_request(referral, note);
    if (referral->act == HOTLINE__REFERRAL_ACT__CODE__DECLINE && !referral->has_decline)
        return err_set(note, ERR_MISSING, "decline: is required");
    return OK;
}
