/*
 * caller - who makes a call, and what he may do: operating-system accounts, users with a role, tokens with scopes.
 * Pure.
 *
 * A route names the one permission that it needs; here stands who has it. Nothing is granted that is not listed.
 */
#ifndef NODE_CALLER_H
#define NODE_CALLER_H

#include <stdbool.h>

#include "proto/err.h"
#include "proto/limits.h"

/* X(name, word for people) */
#define CALLER_PERMISSIONS(X)                                                                                          \
    X(STATUS, "to see the state of this node")                                                                         \
    X(READ, "to read cases")                                                                                           \
    X(DRAFT, "to work on drafts")                                                                                      \
    X(PUBLISH_EXERCISE, "to publish exercises")                                                                        \
    X(PUBLISH_LIVE, "to publish live cases")                                                                           \
    X(ANSWER, "to answer cases")                                                                                       \
    X(NOTES, "to work with handover notes")                                                                            \
    X(CONSOLE, "to arm a console")                                                                                     \
    X(ADMIN, "to administer this node")                                                                                \
    X(AUDIT, "to read the audit log")

/* CALLER_PUBLISH: either kind of publishing; which one it is shows the case, and is asked then. CALLER_ANYBODY: before
 * anybody is known; CALLER_SOMEBODY: whoever is known. */
#define CALLER_NAME(name, word) CALLER_##name,
enum caller_permission { CALLER_PERMISSIONS(CALLER_NAME) CALLER_PUBLISH, CALLER_SOMEBODY, CALLER_ANYBODY };
#undef CALLER_NAME

enum caller_role { CALLER_OPERATOR, CALLER_SUPERVISOR, CALLER_IT, CALLER_READ_ONLY, CALLER_ROLES };

/* Scopes of a token, as bits. */
enum caller_scope { CALLER_SCOPE_READ = 1, CALLER_SCOPE_DRAFT = 2, CALLER_SCOPE_EXERCISE = 4, CALLER_SCOPE_LIVE = 8 };

enum caller_kind { CALLER_UNKNOWN, CALLER_ACCOUNT, CALLER_USER, CALLER_TOKEN };

struct caller {
    enum caller_kind kind;
    char name[LIMIT_NAME_BYTES + 1]; /* of the account, the user, the token */
    enum caller_role role;           /* USER */
    unsigned scopes;                 /* TOKEN */
};

/* An account of the operating system may everything: who may open the socket is decided by its permissions. */
bool caller_may(const struct caller *caller, enum caller_permission permission);
/* The sentence of a refusal: what is missing. */
void caller_refusal(const struct caller *caller, enum caller_permission permission, struct err_note *note);
/* "anna", "token ccms": as it stands with what he made. */
void caller_label(const struct caller *caller, char label[LIMIT_NAME_BYTES + 1]);
/* "ACCOUNT", "USER", "TOKEN", "NOBODY". */
const char *caller_kind_name(enum caller_kind kind);

/* "operator", "supervisor", "it", "read-only". */
const char *caller_role_name(enum caller_role role);
/* ERR_UNKNOWN. */
int caller_role_of(const char *name, enum caller_role *ret_role) MUST_CHECK;
/* The i-th scope's name and bit; NULL beyond the last. */
const char *caller_scope_name(int i, unsigned *ret_bit);
/* ERR_UNKNOWN. */
int caller_scope_of(const char *name, unsigned *ret_bit) MUST_CHECK;

#endif
