/*
 * cli_photo - pictures handed to the node, and photos fetched from it. The node decodes, strips and seals; nothing is
 * looked at here.
 */
#ifndef NODE_CLI_PHOTO_H
#define NODE_CLI_PHOTO_H

#include "cli.h"

/* Row for option tables. */
#define CLI_OPTION_PHOTO                                                                                               \
    {                                                                                                                  \
        "photo", 0, CLI_ARGS_MANY, "FILE", "a JPEG or PNG; at most three; leaves small and without metadata"           \
    }

/* Hands over each --photo in turn and appends it to `photos` of the document, which is made when it is not there.
 * ERR_LIMIT: more than a case may have; ERR_* of reading, and of the node's refusal, which names the file. */
int cli_photo_add(struct cli *cli, const struct cli_args *args, struct jdoc *doc) MUST_CHECK;
/* Puts the photos that a case has (its view) into the document as kept, before others are added. */
void cli_photo_keep(const struct jdoc *view, struct jdoc *doc);
/* `show ID --photo N -o FILE`: saves the photo. A terminal gets no picture. */
int cli_photo_save(struct cli *cli, const struct cli_args *args) MUST_CHECK;

#endif
