/* approval: the rule alone. Keeps nothing and asks nobody. */
#include "node/approval.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "proto/case.pb-c.h"

#define CATEGORY(name)                                                                                                 \
    {                                                                                                                  \
#name, 4u << HOTLINE__CATEGORY__CODE__##name                                                                   \
    }

static const struct word_row {
    const char *word;
    unsigned bit;
} words[] = {
    {"LIVE", APPROVAL_LIVE},      {"RESTRICTED", APPROVAL_RESTRICTED}, CATEGORY(RUNAWAY),
    CATEGORY(PARENTAL_ABDUCTION), CATEGORY(CRIMINAL_ABDUCTION),        CATEGORY(MISSING_IN_MIGRATION),
    CATEGORY(LOST_INJURED),       CATEGORY(OTHERWISE_MISSING),
};
#define WORD_COUNT (sizeof words / sizeof words[0])

int approval_word_of(const char *word, unsigned *ret_bit)
{
    for (size_t i = 0; i < WORD_COUNT; i++)
        if (strcmp(words[i].word, word) == 0) {
            *ret_bit = words[i].bit;
            return OK;
        }
    return ERR_UNKNOWN;
}

const char *approval_word(int i, unsigned *ret_bit)
{
    if (i < 0 || (size_t)i >= WORD_COUNT)
        return NULL;
    *ret_bit = words[i].bit;
    return words[i].word;
}

const char *approval_need_name(enum approval_need need)
{
    return need == APPROVAL_REQUIRED ? "REQUIRED" : need == APPROVAL_ADVISED ? "ADVISED" : "NONE";
}

static const char *first_word(unsigned set)
{
    for (size_t i = 0; i < WORD_COUNT; i++)
        if ((words[i].bit & set) != 0)
            return words[i].word;
    return NULL;
}

enum approval_need approval_need(const struct approval_policy *policy, const struct approval_facts *facts,
                                 const char **ret_why)
{
    unsigned is = APPROVAL_LIVE | (facts->restricted ? APPROVAL_RESTRICTED : 0);
    if (facts->category > 0 && facts->category < 16)
        is |= 4u << facts->category;
    if (facts->exercise)
        is = 0;
    unsigned required = policy->required & is, advised = policy->advised & is;
    if (ret_why != NULL)
        *ret_why = first_word(required != 0 ? required : advised);
    return required != 0 ? APPROVAL_REQUIRED : advised != 0 ? APPROVAL_ADVISED : APPROVAL_NONE;
}

unsigned approval_widens(const struct approval_change *change)
{
    bool audience = change->publicity_after > HOTLINE__PUBLICITY_LEVEL__CODE__NONE &&
        change->publicity_after > change->publicity_before;
    return (change->more_countries ? APPROVAL_RECIPIENTS : 0) | (audience ? APPROVAL_AUDIENCE : 0) |
        (change->more_photos ? APPROVAL_PHOTO : 0) |
        (change->category_after != change->category_before ? APPROVAL_CATEGORY : 0);
}

const char *approval_widening(int i, unsigned *ret_bit)
{
    static const char *const ways[] = {"RECIPIENTS", "AUDIENCE", "PHOTO", "CATEGORY"};
    if (i < 0 || (size_t)i >= sizeof ways / sizeof ways[0])
        return NULL;
    *ret_bit = 1u << i;
    return ways[i];
}

enum approval_refusal approval_may(const struct approval_policy *policy, const struct caller *caller,
                                   const char *changed_by, const char *author)
{
    if (caller->kind == CALLER_TOKEN)
        return APPROVAL_PROGRAM;
    if (caller->kind == CALLER_UNKNOWN || caller->name[0] == '\0' || strcmp(caller->name, "unknown") == 0)
        return APPROVAL_NOBODY;
    if (strcasecmp(caller->name, changed_by) == 0 || strcasecmp(caller->name, author) == 0)
        return APPROVAL_SAME;
    if (policy->by_supervisor && (caller->kind != CALLER_USER || caller->role != CALLER_SUPERVISOR))
        return APPROVAL_NO_SUPERVISOR;
    return APPROVAL_MAY;
}
