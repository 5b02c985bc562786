/*
 * cap_digest - the digest that CAP 1.2 wants of a resource: SHA-1 of the file, in hex. It says whether two files are
 * the same, to whoever has one of them; nothing here trusts it for more. The only file that knows nettle.
 */
#ifndef NODE_CLI_CAP_DIGEST_H
#define NODE_CLI_CAP_DIGEST_H

#include "proto/buf.h"

/* 40 digits and the end of the text. */
#define CAP_DIGEST_TEXT 41

/* Lower-case hexadecimal (FIPS 180-4, 6.1). */
void cap_digest(struct slice file, char ret_text[CAP_DIGEST_TEXT]);

#endif
