/*
 * cmd - the table of commands: one array per group, each ending with a row whose name is NULL. A new command is a row
 * in its group's file and nothing else.
 */
#ifndef NODE_CMD_H
#define NODE_CMD_H

#include "cli.h"

extern const struct cli_command cmd_key[];        /* cmd_key.c: key ... */
extern const struct cli_command cmd_roster[];     /* cmd_roster.c: roster ..., the authority, offline */
extern const struct cli_command cmd_publish[];    /* cmd_publish.c: publish */
extern const struct cli_command cmd_draft[];      /* cmd_draft.c: draft ... */
extern const struct cli_command cmd_inbox[];      /* cmd_inbox.c: inbox, show */
extern const struct cli_command cmd_watch[];      /* cmd_watch.c: watch */
extern const struct cli_command cmd_case[];       /* cmd_case.c: ack, decline, reply, update, close, retract */
extern const struct cli_command cmd_drill[];      /* cmd_drill.c: drill ... */
extern const struct cli_command cmd_note[];       /* cmd_note.c: notes ... */
extern const struct cli_command cmd_poster[];     /* cmd_poster.c: poster ... */
extern const struct cli_command cmd_refer[];      /* cmd_refer.c: refer, referrals, referral */
extern const struct cli_command cmd_figures[];    /* cmd_figures.c: figures */
extern const struct cli_command cmd_node[];       /* cmd_node.c: status, members, subscribe */
extern const struct cli_command cmd_user[];       /* cmd_user.c: user ..., token ..., audit */
extern const struct cli_command cmd_cap[];        /* cmd_cap.c: cap ... */
extern const struct cli_command cmd_db[];         /* cmd_db.c: db ... */
extern const struct cli_command cmd_sealed[];     /* cmd_sealed.c: sealed ... */
extern const struct cli_command cmd_trace[];      /* cmd_trace.c: trace */
extern const struct cli_command cmd_doctor[];     /* cmd_doctor.c: doctor, check */
extern const struct cli_command cmd_webhook[];    /* cmd_webhook.c: webhook ... */
extern const struct cli_command cmd_completion[]; /* cmd_completion.c: completion */

/* The arrays above in the order of the help. */
size_t cmd_group_count(void);
const struct cli_command *cmd_group(size_t index);
/* By one or two words; *ret_words says how many it took. NULL when there is none. */
const struct cli_command *cmd_find(const char *first, const char *second, size_t *ret_words);
/* True when commands of two words begin with it: "key". */
bool cmd_is_group(const char *first);
/* The command whose first word is nearest to a mistyped one, or NULL. With `first`: the nearest of that group's second
 * words. */
const char *cmd_near(const char *first, const char *word);

#endif
