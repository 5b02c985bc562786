/*
 * cli_view - the node's answers as text for people. Pure: documents in, lines out, the clock handed in.
 */
#ifndef NODE_CLI_VIEW_H
#define NODE_CLI_VIEW_H

#include "proto/case.pb-c.h"

#include "cli.h"

/* "*** EXERCISE ***" on a line of its own for a drill, then "GR-2026-00001  gr-faros  OPEN  revision 2  IMMEDIATE ...".
 */
void cli_view_headline(const struct jdoc *view, const char *language, int64_t now_us, struct buf *out);
/* Who has it, with the phone where it stalls; nothing for a received case. */
int cli_view_ladder(const struct jdoc *view, int64_t now_us, struct buf *out) MUST_CHECK;
/* "accepted by 2 of 2 relays", and what was refused and why; countries with nobody; members left out. */
void cli_view_relays(const struct jdoc *view, struct buf *out);
/* All fields of a case, one line each: "last seen, place    Patras, ferry terminal". Codes are the phrases of the
 * reader's language, by the message that the document is of; NULL: as they are. */
int cli_view_case(const struct jdoc *alert, const ProtobufCMessageDescriptor *type, const char *language,
                  struct buf *out) MUST_CHECK;
/* Replies, then revisions. */
void cli_view_thread(const struct jdoc *view, const char *language, int64_t now_us, struct buf *out);
void cli_view_revisions(const struct jdoc *view, int64_t now_us, struct buf *out);
/* The list of an inbox. */
int cli_view_inbox(const struct jdoc *items, int64_t now_us, struct buf *out) MUST_CHECK;
/* One event in one line. */
void cli_view_event(const struct jdoc *event, int64_t now_us, struct buf *out);

/* "IT FR" of an array of texts; "-" when it is empty. The caller frees nothing: it is written into text. */
#define CLI_VIEW_LIST_MAX 256
void cli_view_list(const struct jdoc *array, char text[CLI_VIEW_LIST_MAX]);

#endif
