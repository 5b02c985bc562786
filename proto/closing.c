/* closing: how a case ends. Carries nothing about the child but what became of it. */
#include "closing.h"

#include <stdio.h>
#include <string.h>

#include "form.h"

int closing_from_json(const struct jdoc *doc, struct err_note *note, Hotline__Closing **ret_closing)
{
    const struct mapper_reader reader = {.rules = case_rules()};
    ProtobufCMessage *message = NULL;
    int error = mapper_read(&reader, &hotline__closing__descriptor, doc, note, &message);
    if (error == OK)
        *ret_closing = (Hotline__Closing *)(void *)message;
    return error;
}

int closing_to_json(const Hotline__Closing *closing, struct jdoc **ret_doc)
{
    *ret_doc = mapper_write(case_rules(), &closing->base);
    return OK;
}

void closing_free(Hotline__Closing *closing)
{
    if (closing != NULL)
        mapper_free(&closing->base, NULL);
}

int closing_check_sendable(const Hotline__Closing *closing, struct err_note *note)
{
    if (!closing->has_outcome)
        return err_set(note, ERR_MISSING, "outcome: is required");
    int error = case_check_form(&closing->base, note);
    if (error != OK)
        return error;
    bool taken_over = closing->outcome == HOTLINE__OUTCOME__CODE__TAKEN_OVER;
    if (closing->outcome == HOTLINE__OUTCOME__CODE__SENT_IN_ERROR && form_is_blank(closing->reason))
        return err_set(note, ERR_MISSING, "reason: is required with SENT_IN_ERROR");
    if (taken_over && closing->taken_over_by == NULL)
        return err_set(note, ERR_MISSING, "taken_over_by: is required with TAKEN_OVER");
    if (!taken_over && closing->taken_over_by != NULL)
        return err_set(note, ERR_INVALID, "taken_over_by: only with TAKEN_OVER");
    return OK;
}

int closing_check(const Hotline__Closing *closing, struct err_note *note)
{
    if (!closing->has_outcome)
        return err_set(note, ERR_MISSING, "outcome: is required");
    if (!closing->has_case_id)
        return err_set(note, ERR_MISSING, "case_id: is required");
    if (closing->reference == NULL)
        return err_set(note, ERR_MISSING, "reference: is required");
    return case_check_form(&closing->base, note);
}

/* The command line's spelling of a code: FOUND_SAFE as found-safe. */
static void spell(const char *code, char text[48])
{
    size_t i = 0;
    for (; code[i] != '\0' && i < 47; i++)
        text[i] = code[i] == '_' ? '-' : (char)(code[i] >= 'A' && code[i] <= 'Z' ? code[i] + ('a' - 'A') : code[i]);
    text[i] = '\0';
}

int case_outcome_from_text(const char *text, struct err_note *note, Hotline__Outcome__Code *ret_outcome)
{
    const ProtobufCEnumDescriptor *codes = &hotline__outcome__code__descriptor;
    char spelled[48], list[256] = "";
    size_t used = 0;
    for (unsigned i = 0; i < codes->n_values; i++) {
        spell(codes->values[i].name, spelled);
        if (strcmp(text, spelled) == 0 || strcmp(text, codes->values[i].name) == 0) {
            *ret_outcome = (Hotline__Outcome__Code)codes->values[i].value;
            return OK;
        }
        int added = snprintf(list + used, sizeof list - used, "%s%s", i ? ", " : "", spelled);
        used += added > 0 && (size_t)added < sizeof list - used ? (size_t)added : 0;
    }
    return err_set(note, ERR_UNKNOWN, "not an outcome; allowed: %s", list);
}
