/*
 * history - what was seen of a network from outside: the one thing that the checker reads. Written by the simulator, or
 * by a script that watches real processes.
 *
 * As a file: JSON lines, in the order of what happened, each {"t": microseconds, "e": EVENT, ...}. Keys, all optional
 * but t and e; which an event uses stands in its row:
 *   node, relay, member  names; first seen, first numbered. node: whose view, disk or word it is
 *   hash                 16 hexadecimal digits: the first 8 bytes of the envelope's hash
 *   case                 the same of BLAKE2b-256 over (opener, 0x00, 1 live or 2 exercise, case id)
 *   digest               the same of what was opened: equal content has an equal digest
 *   kind                 EnvelopeKind: 1 CASE, ...          act  CaseAct: 1 OPEN 2 UPDATE 3 CLOSE 4 RETRACT
 *   revision, exercise (0, 1), state (ReceiptState 1 to 5; elsewhere as the row says), until (microseconds)
 *   names                list of members                    text  words for people
 */
#ifndef TESTS_SIM_HISTORY_H
#define TESTS_SIM_HISTORY_H

#include <stdio.h>

#include "proto/buf.h"
#include "proto/err.h"

#define HISTORY_NAMES 64

/* X(name, keys that it uses, meaning) */
#define HISTORY_EVENTS(X)                                                                                              \
    X(NETWORK, "state", "state: how many relays there are")                                                            \
    X(MEMBER, "node state act revision text",                                                                          \
      "the roster of version revision says so: state 1 active, 2 suspended, 3 withdrawn, 4 hostile; act: its role; "   \
      "text: its country")                                                                                             \
    X(SUBSCRIBES, "node text", "a card left the node: the countries that it subscribes to, with commas")               \
    X(CLONE, "node member state",                                                                                      \
      "node is another store of this member's key; state 0: a copy of it as it is now, 1: empty")                      \
    X(RELAY, "relay state", "state 1: honest, 0: hostile")                                                             \
    X(START, "node state", "a node runs: state 0 its store as it was left, 1 empty, 2 an old copy of it")              \
    X(HOLDS, "node hash case kind act revision exercise digest state", "it is in the node's view; state 1: erased")    \
    X(OWNS, "node hash case revision", "the node knows this one as its own")                                           \
    X(LOADED, "node", "all that the node holds after its start was said")                                              \
    X(STOP, "node", "the node's process ended")                                                                        \
    X(RELAY_START, "relay state", "as START")                                                                          \
    X(RELAY_HOLDS, "relay hash", "the relay holds it after its start")                                                 \
    X(RELAY_LOADED, "relay", "all that the relay holds after its start was said")                                      \
    X(RELAY_STOP, "relay", "the relay's process ended")                                                                \
    X(LINK, "node relay state", "state 1: connected, and nothing is lost, late or changed on it; 0: not so")           \
    X(INTENT, "node hash case kind act revision exercise digest until names", "a person said publish; names: granted") \
    X(COMMITTED, "node hash", "the publisher's own disk has it, as the publisher says")                                \
    X(ROUTE, "node hash names state act revision text",                                                                \
      "of an intent just said: names and countries (text) concerned, act: bits of the roles, state 1: restricted; "    \
      "revision: the roster's version that its publisher has")                                                         \
    X(GRANTED, "hash names revision", "its publisher, with this version of the roster, sent these a grant")            \
    X(NOT_ROUTED, "hash names", "its publisher says that these are not to have it any more")                           \
    X(ACCEPTED, "node relay hash names", "a signed Accepted came to the publisher; names: whom a grant is stored for") \
    X(TOLD, "node relay hash", "the publisher's people were told that this relay accepted")                            \
    X(PROMISED, "node relay hash", "the relay sent its Accepted")                                                      \
    X(VIEW, "node hash case kind act revision exercise digest member", "shown to people; member: its sender")          \
    X(RECEIPT, "node hash state", "a signed receipt left the node")                                                    \
    X(LADDER, "node hash member state", "the publisher's view of a recipient")                                         \
    X(VOIDED, "node member hash revision",                                                                             \
      "the node signed for member that its number revision carries nothing any more; hash: the newest with that "      \
      "number for it on the node's disk")                                                                              \
    X(ERASED, "node case", "the node says that it erased this case")                                                   \
    X(HOSTILE, "node hash case", "an envelope that a hostile member signed; case: its id")                             \
    X(CANARY, "text", "a canary was found where none may be")                                                          \
    X(SIZE, "text state until", "bytes of a disk or memory (until), and what is allowed (state, MiB)")                 \
    X(BROKEN, "text", "a program ended or refused to start by itself, without a fault")                                \
    X(HEALED, "", "no faults from here on")                                                                            \
    X(LOOK, "", "a look at all: HOLDS, OWNS and LADDER of every node follow")                                          \
    X(END, "", "the last look: HOLDS and LADDER of all were said; all must agree")

enum history_kind {
#define HISTORY_ENUM(name, keys, meaning) HISTORY_##name,
    HISTORY_EVENTS(HISTORY_ENUM)
#undef HISTORY_ENUM
        HISTORY_KINDS
};

#define HISTORY_NOBODY 255

struct history_event {
    int64_t at_us;
    enum history_kind kind;
    uint8_t node, relay, member; /* numbers of names; HISTORY_NOBODY */
    uint8_t of, act, state;      /* of: the envelope's kind */
    bool exercise;
    uint32_t revision;
    uint64_t hash, of_case, digest;
    int64_t until_us;
    uint64_t names; /* bits */
    const char *text;
};

struct history {
    struct history_event *events;
    size_t count, capacity;
    char names[HISTORY_NAMES][48];
    size_t name_count;
    char **texts;
    size_t text_count;
    uint64_t digest; /* of all events: two runs of one seed have the same */
};

void history_init(struct history *history);
void history_done(struct history *history);
/* A name's number; CHECKs that there are at most HISTORY_NAMES. */
uint8_t history_name(struct history *history, const char *name);
/* Adds one; text is copied. The zero of node, relay and member is a name: set HISTORY_NOBODY where there is none. */
void history_add(struct history *history, struct history_event event);
/* A blank event of a kind: nobody anywhere. */
struct history_event history_blank(enum history_kind kind, int64_t at_us);
const char *history_kind_name(enum history_kind kind);

/* One event as a line, with its newline. */
void history_print(const struct history *history, const struct history_event *event, FILE *out);
void history_write(const struct history *history, FILE *out);
/* Appends a file's events. ERR_SYNTAX with the line's number and the key. */
int history_read(struct history *history, FILE *in, struct err_note *note) MUST_CHECK;

#endif
