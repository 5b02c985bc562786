/*
 * approval - when a second person must have read a case before it is sent, who that may be, and for which words it
 * counts. Pure.
 *
 * The opening of a real case needs it, and an update that reaches further than what was sent before: else whoever may
 * not open a case alone would open a small one and widen it. Drills, other updates, closings and retractions never do:
 * what ends an alarm or makes it right must wait for nobody. When nobody is there, whoever sends breaks the glass: it
 * goes out, and everybody is told.
 */
#ifndef NODE_APPROVAL_H
#define NODE_APPROVAL_H

#include "node/caller.h"

/* What an opening can be: a policy is a set of these. */
#define APPROVAL_LIVE 1u       /* any real case */
#define APPROVAL_RESTRICTED 2u /* a restricted one */

struct approval_policy {
    unsigned required, advised; /* sets */
    bool by_supervisor;         /* false: by anybody who may publish real cases */
};

enum approval_need { APPROVAL_NONE, APPROVAL_ADVISED, APPROVAL_REQUIRED };

/* How an update reaches further. */
#define APPROVAL_RECIPIENTS 1u /* a country more */
#define APPROVAL_AUDIENCE 2u   /* publicity rises */
#define APPROVAL_PHOTO 4u      /* a photo that the case had not */
#define APPROVAL_CATEGORY 8u   /* another category, for which there may be another rule */

/* What is to be sent: an opening, or an update that reaches further. */
struct approval_facts {
    bool exercise, restricted;
    int category; /* Hotline__Category__Code; 0: not known yet */
};

/* What an update changes. Codes are those of the case; 0: none, or not known any more. */
struct approval_change {
    bool more_countries, more_photos;
    int publicity_before, publicity_after; /* Hotline__PublicityLevel__Code, which grow */
    int category_before, category_after;
};

/* "LIVE", "RESTRICTED", or the name of a category. ERR_UNKNOWN. */
int approval_word_of(const char *word, unsigned *ret_bit) MUST_CHECK;
/* The i-th word and its bit; NULL behind the last. */
const char *approval_word(int i, unsigned *ret_bit);
/* "NONE", "ADVISED", "REQUIRED". */
const char *approval_need_name(enum approval_need need);
/* What this opening needs; *ret_why (NULL: not told) is the word that says so, NULL when nothing does. */
enum approval_need approval_need(const struct approval_policy *policy, const struct approval_facts *facts,
                                 const char **ret_why);

/* The ways in which an update reaches further; 0: in none, and nobody need approve it. */
unsigned approval_widens(const struct approval_change *change);
/* The i-th way's word, "RECIPIENTS", and its bit; NULL behind the last. */
const char *approval_widening(int i, unsigned *ret_bit);

/* Why a caller cannot be the second person. */
enum approval_refusal { APPROVAL_MAY, APPROVAL_PROGRAM, APPROVAL_NOBODY, APPROVAL_SAME, APPROVAL_NO_SUPERVISOR };
/* changed_by: as it stands with the words; author: the person behind it, who is another than changed_by when that is a
 * program. Names are compared without regard to their kind: the user anna and the account anna are one person. */
enum approval_refusal approval_may(const struct approval_policy *policy, const struct caller *caller,
                                   const char *changed_by, const char *author);

#endif
