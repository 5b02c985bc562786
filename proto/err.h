/*
 * err - every way a library call can fail, in one list.
 *
 * Functions that can fail return int: 0 (OK) or one negative value of enum err. Outputs come last, are
 * named ret_..., and are untouched on failure. Whoever needs to tell a person *where* the input is wrong
 * takes a struct err_note: one line that names field, line or limit. Library code returns; programs log.
 */
#ifndef PROTO_ERR_H
#define PROTO_ERR_H

#include <stdarg.h>

/* X(name, exit status of a program that ends by it, sentence for people). Exit statuses: 1 failed, 2 usage or
 * configuration, 3 not found, 4 unreachable, 5 refused (signature, policy, roster), 6 wait timed out, 7 partly. */
#define ERR_LIST(X)                                                                                                    \
    X(NOMEM, 1, "out of memory")                                                                                       \
    X(IO, 1, "input or output failed")                                                                                 \
    X(DISK_FULL, 1, "the disk is full")                                                                                \
    X(INTERNAL, 1, "internal error")                                                                                   \
    X(BUSY, 1, "already in use")                                                                                       \
    X(CORRUPT, 1, "stored data is damaged")                                                                            \
    X(NEWER, 2, "written by a newer version of this software")                                                         \
    X(USAGE, 2, "wrong usage")                                                                                         \
    X(CONFIG, 2, "wrong configuration")                                                                                \
    X(SYNTAX, 2, "malformed input")                                                                                    \
    X(INVALID, 2, "invalid value")                                                                                     \
    X(MISSING, 2, "a required field is missing")                                                                       \
    X(UNKNOWN, 2, "unknown name or code")                                                                              \
    X(LIMIT, 2, "over a limit")                                                                                        \
    X(AMBIGUOUS, 2, "more than one matches")                                                                           \
    X(EXISTS, 2, "exists already")                                                                                     \
    X(PERMISSION, 2, "permissions are too open or do not allow this")                                                  \
    X(PASSPHRASE, 5, "wrong passphrase")                                                                               \
    X(NOT_FOUND, 3, "not found")                                                                                       \
    X(UNREACHABLE, 4, "not reachable")                                                                                 \
    X(SIGNATURE, 5, "the signature does not verify")                                                                   \
    X(THRESHOLD, 5, "too few signatures of the authority")                                                             \
    X(EXPIRED, 5, "expired")                                                                                           \
    X(ROLLBACK, 5, "older than what is known already")                                                                 \
    X(KEY, 5, "not a usable key")                                                                                      \
    X(MEMBER, 5, "not a member, or not allowed to do this")                                                            \
    X(POLICY, 5, "refused by policy")                                                                                  \
    X(DISPUTED, 5, "the same id was used for other content")                                                           \
    X(CRYPTO, 5, "cannot be opened with this key")                                                                     \
    X(STATE, 5, "not possible in this state")                                                                          \
    X(AGAIN, 1, "not now; try again")                                                                                  \
    X(TIMEOUT, 6, "timed out")                                                                                         \
    X(PARTLY, 7, "done in part")

#define ERR_ORDINAL(name, status, text) ERR_ORD_##name,
enum err_ordinal { ERR_ORD_OK, ERR_LIST(ERR_ORDINAL) ERR_ORD_COUNT };
#undef ERR_ORDINAL

#define ERR_VALUE(name, status, text) ERR_##name = -(int)ERR_ORD_##name,
enum err { OK = 0, ERR_LIST(ERR_VALUE) };
#undef ERR_VALUE

#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))
#define NO_RETURN __attribute__((noreturn))

/* One line for a person: "child.hair.colour: PURPLISH is not a code". Never key material. */
#define ERR_NOTE_MAX 512
struct err_note {
    char text[ERR_NOTE_MAX];
};

/* "NOT_FOUND" for ERR_NOT_FOUND, "OK" for 0, "UNLISTED" for anything else. */
const char *err_name(int error);
/* The sentence of the list. */
const char *err_text(int error);
/* The exit status of a program that ends by this error; 0 for OK. */
int err_exit_status(int error);

/* Writes the note (when not NULL; control characters in it become "?") and returns error, so that a refusal is one
 * line: return err_set(note, ERR_LIMIT, ...). */
int err_set(struct err_note *note, int error, const char *format, ...) PRINTF_LIKE(3, 4);
/* Puts "prefix: " before the note's text. */
void err_prefix(struct err_note *note, const char *prefix);
/* The note's text, or the error's sentence when the note is NULL or empty. */
const char *err_explain(const struct err_note *note, int error);

/* Our own mistakes only, in every build: prints and aborts. Never on anything a peer, file or operator chose. */
#define CHECK(condition) ((condition) ? (void)0 : err_check_failed(#condition, __FILE__, __LINE__))
NO_RETURN void err_check_failed(const char *condition, const char *file, int line);

#endif
