/*
 * web_assets - the console's files, embedded: a table that web/embed.py writes from a folder when the node is built.
 */
#ifndef NODE_WEB_ASSETS_H
#define NODE_WEB_ASSETS_H

#include <stdbool.h>

struct web_asset {
    const char *path; /* "/index.html" */
    const char *type, *etag;
    bool immutable; /* its name holds a hash of its content */
    const unsigned char *bytes;
    unsigned long len;
    const unsigned char *gzip; /* the same, compressed; 0: not worth it */
    unsigned long gzip_len;
};

extern const struct web_asset web_assets[];
extern const unsigned long web_asset_count;

#endif
