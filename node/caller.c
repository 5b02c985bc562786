/* caller: the tables of roles and scopes. Asks nobody and keeps nothing. */
#include "node/caller.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define BIT(permission) (1u << CALLER_##permission)
#define DESK                                                                                                           \
    (BIT(STATUS) | BIT(READ) | BIT(DRAFT) | BIT(PUBLISH_EXERCISE) | BIT(PUBLISH_LIVE) | BIT(ANSWER) | BIT(NOTES) |     \
     BIT(CONSOLE))

static const struct role_row {
    const char *name;
    unsigned may;
} roles[CALLER_ROLES] = {
    [CALLER_OPERATOR] = {"operator", DESK},
    [CALLER_SUPERVISOR] = {"supervisor", DESK | BIT(AUDIT)},
    [CALLER_IT] = {"it", BIT(STATUS) | BIT(ADMIN)}, /* nothing of a child */
    [CALLER_READ_ONLY] = {"read-only", BIT(STATUS) | BIT(READ)},
};

static const struct scope_row {
    const char *name;
    unsigned bit, may;
} scopes[] = {
    {"read", CALLER_SCOPE_READ, BIT(STATUS) | BIT(READ)},
    {"draft", CALLER_SCOPE_DRAFT, BIT(STATUS) | BIT(DRAFT)},
    {"publish:exercise", CALLER_SCOPE_EXERCISE, BIT(STATUS) | BIT(PUBLISH_EXERCISE)},
    {"publish:live", CALLER_SCOPE_LIVE, BIT(STATUS) | BIT(PUBLISH_LIVE)},
};
#define SCOPE_COUNT (sizeof scopes / sizeof scopes[0])

static unsigned permissions_of(const struct caller *caller)
{
    unsigned may = 0;
    switch (caller->kind) {
    case CALLER_ACCOUNT:
        return ~0u;
    case CALLER_USER:
        return caller->role < CALLER_ROLES ? roles[caller->role].may : 0;
    case CALLER_TOKEN:
        for (size_t i = 0; i < SCOPE_COUNT; i++)
            may |= (caller->scopes & scopes[i].bit) != 0 ? scopes[i].may : 0;
        return may;
    case CALLER_UNKNOWN:
        break;
    }
    return 0;
}

bool caller_may(const struct caller *caller, enum caller_permission permission)
{
    if (permission == CALLER_ANYBODY)
        return true;
    if (permission == CALLER_SOMEBODY)
        return caller->kind != CALLER_UNKNOWN;
    unsigned may = permissions_of(caller);
    if (permission == CALLER_PUBLISH)
        return (may & (BIT(PUBLISH_EXERCISE) | BIT(PUBLISH_LIVE))) != 0;
    return (may & (1u << permission)) != 0;
}

#define CALLER_WORD(name, word) [CALLER_##name] = word,
static const char *const words[] = {CALLER_PERMISSIONS(CALLER_WORD)};
#undef CALLER_WORD

void caller_refusal(const struct caller *caller, enum caller_permission permission, struct err_note *note)
{
    const char *word = permission < sizeof words / sizeof words[0] ? words[permission] : "to publish";
    if (caller->kind == CALLER_TOKEN)
        snprintf(note->text, sizeof note->text, "the scopes of this token do not allow it %s", word);
    else
        snprintf(note->text, sizeof note->text, "the role %s does not allow %s %s", caller_role_name(caller->role),
                 caller->name, word);
}

void caller_label(const struct caller *caller, char label[LIMIT_NAME_BYTES + 1])
{
    snprintf(label, LIMIT_NAME_BYTES + 1, "%s%.100s", caller->kind == CALLER_TOKEN ? "token " : "", caller->name);
}

const char *caller_kind_name(enum caller_kind kind)
{
    static const char *const names[] = {
        [CALLER_UNKNOWN] = "NOBODY", [CALLER_ACCOUNT] = "ACCOUNT", [CALLER_USER] = "USER", [CALLER_TOKEN] = "TOKEN"};
    return (size_t)kind < sizeof names / sizeof names[0] ? names[kind] : "NOBODY";
}

const char *caller_role_name(enum caller_role role)
{
    return role < CALLER_ROLES ? roles[role].name : "none";
}

int caller_role_of(const char *name, enum caller_role *ret_role)
{
    for (int i = 0; i < CALLER_ROLES; i++)
        if (strcmp(roles[i].name, name) == 0) {
            *ret_role = (enum caller_role)i;
            return OK;
        }
    return ERR_UNKNOWN;
}

const char *caller_scope_name(int i, unsigned *ret_bit)
{
    if (i < 0 || (size_t)i >= SCOPE_COUNT)
        return NULL;
    *ret_bit = scopes[i].bit;
    return scopes[i].name;
}

int caller_scope_of(const char *name, unsigned *ret_bit)
{
    for (size_t i = 0; i < SCOPE_COUNT; i++)
        if (strcmp(scopes[i].name, name) == 0) {
            *ret_bit = scopes[i].bit;
            return OK;
        }
    return ERR_UNKNOWN;
}
