/*
 * cli_draft - the roster that an authority is working on: a JSON file in its folder, with what people decide and
 * nothing that signing adds. Also the same view of a signed roster, and how two of them differ.
 *
 * A draft is {"members": [...], "relays": [...]}, each entry as the message of roster.proto in JSON, ordered by id.
 */
#ifndef NODE_CLI_DRAFT_H
#define NODE_CLI_DRAFT_H

#include "cli.h"
#include "proto/roster.h"

/* "DIR/name" into path. ERR_LIMIT. */
#define CLI_DRAFT_PATH_MAX 4096
int cli_draft_path(struct cli *cli, const char *dir, const char *name, char path[CLI_DRAFT_PATH_MAX]) MUST_CHECK;

/* The draft of a folder; ERR_NOT_FOUND with the hint to `roster init`. *ret_draft is a root. */
int cli_draft_load(struct cli *cli, const char *dir, struct jdoc **ret_draft) MUST_CHECK;
int cli_draft_save(struct cli *cli, const char *dir, const struct jdoc *draft) MUST_CHECK;
/* An empty one. */
struct jdoc *cli_draft_new(void);
/* The entry of list "members" or "relays" by id, or NULL. */
const struct jdoc *cli_draft_find(const struct jdoc *draft, const char *list, const char *id);
/* Puts an entry (taken) in the place of the one with its id, in order; entry NULL removes. */
void cli_draft_put(struct jdoc *draft, const char *list, const char *id, struct jdoc *entry);

/* As a Roster with the authority's keys, version and times left out. Freed by mapper_free. ERR_INVALID, ERR_UNKNOWN by
 * path. */
int cli_draft_roster(struct cli *cli, const struct jdoc *draft, const struct roster_trust *trust,
                     Hotline__Roster **ret_roster) MUST_CHECK;
/* A signed roster's whole content, times and version included; a root. Never changed by anybody. */
struct jdoc *cli_draft_doc(const Hotline__Roster *roster);
/* The draft that a signed roster would come from; a root. */
struct jdoc *cli_draft_of(const Hotline__Roster *roster);

/* One line per difference, appended: "+ member be-baken", "- relay relay-2", "~ member pl-kompas standing: ACTIVE ->
 * SUSPENDED". Returns how many. */
size_t cli_draft_diff(const struct jdoc *before, const struct jdoc *after, struct buf *out);

#endif
