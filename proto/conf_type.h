/*
 * conf_type - what the types of configuration options mean: from text to value, and their bounds in words.
 *
 * Pure: text in, value or sentence out. conf.c is its only user.
 */
#ifndef PROTO_CONF_TYPE_H
#define PROTO_CONF_TYPE_H

#include "conf.h"

#define CONF_TYPE_WORDS_MAX 256
#define CONF_TYPE_PATH_MAX 65

/* Types one scalar that is not a list: INT, SIZE ... to *ret_number; for kinds of text 0. ERR_INVALID when the
 * text is not of the type, ERR_LIMIT when it is but out of bounds. */
int conf_type_scalar(const struct conf_option *option, const char *text, int64_t *ret_number) MUST_CHECK;
/* One item of a list: ERR_INVALID when it may not stand there. */
int conf_type_item(const struct conf_option *option, const char *text) MUST_CHECK;
/* True for LIST and COUNTRY_LIST. */
bool conf_type_is_list(enum conf_type type);
/* The largest number of items of a list. */
size_t conf_type_items_max(const struct conf_option *option);
/* What is expected, to follow "expected": "a whole number from 1 to 1000", "one of debug, info". */
void conf_type_words(const struct conf_option *option, char words[CONF_TYPE_WORDS_MAX]);
/* The path of the table, or the name of a section, that was probably meant by an unknown path; false when none is
 * near (proto/near). */
bool conf_type_suggest(const struct conf_option *options, size_t count, const char *path,
                       char ret_path[CONF_TYPE_PATH_MAX]);

#endif
