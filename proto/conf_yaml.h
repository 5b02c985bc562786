/*
 * conf_yaml - a configuration file as YAML events, one at a time, with places, and without what a configuration
 * must not use: anchors, aliases, tags. The only file that knows libyaml; conf.c is its only user.
 *
 * After the first syntax error, forbidden feature or failed allocation it is *stopped*: the problem has been added,
 * and every further event is CONF_YAML_NONE, so that loops end by themselves.
 */
#ifndef PROTO_CONF_YAML_H
#define PROTO_CONF_YAML_H

#include <stdbool.h>

#include "conf_problems.h"

enum conf_yaml_kind {
    CONF_YAML_NONE, /* stopped, or behind the end of the file */
    CONF_YAML_SCALAR,
    CONF_YAML_LIST,
    CONF_YAML_LIST_END,
    CONF_YAML_MAPPING,
    CONF_YAML_MAPPING_END,
    CONF_YAML_DOCUMENT,
    CONF_YAML_DOCUMENT_END,
    CONF_YAML_FILE_END,
};

struct conf_yaml; /* one file being read */

/* text and file are borrowed until the close; problems are added to. */
int conf_yaml_open(struct slice text, const char *file, struct conf_problems *problems,
                   struct conf_yaml **ret_yaml) MUST_CHECK;
void conf_yaml_close(struct conf_yaml *yaml);
/* Moves to the next event and gives its kind. */
enum conf_yaml_kind conf_yaml_next(struct conf_yaml *yaml);
/* The kind and the place of the current event. */
enum conf_yaml_kind conf_yaml_kind(const struct conf_yaml *yaml);
struct conf_place conf_yaml_place(const struct conf_yaml *yaml);
/* The current scalar, valid until the next event; NULL and a problem, which names `what`, when it holds control
 * characters or line breaks. */
const char *conf_yaml_text(struct conf_yaml *yaml, const char *what);
/* Passes over the value that the current event opens, whatever its depth. */
void conf_yaml_skip(struct conf_yaml *yaml);
/* Gives up on the rest of the file. */
void conf_yaml_stop(struct conf_yaml *yaml);
bool conf_yaml_stopped(const struct conf_yaml *yaml);
bool conf_yaml_out_of_memory(const struct conf_yaml *yaml);

#endif
