/* node_console_file: the console's own files, from the table that is built in. Opens no file, so that no path leads
 * anywhere. */
#include <string.h>

#include "node/node_console.h"
#include "node/web_assets.h"

static const struct web_asset *find_asset(const char *path)
{
    if (strcmp(path, "/") == 0)
        path = "/index.html";
    for (unsigned long i = 0; i < web_asset_count; i++)
        if (strcmp(web_assets[i].path, path) == 0)
            return &web_assets[i];
    return NULL;
}

/* "gzip" in a list of codings; with a weight of zero it is refused. */
static bool takes_gzip(const struct http_request *request)
{
    const char *list = http_header(request, "Accept-Encoding");
    const char *at = list != NULL ? strstr(list, "gzip") : NULL;
    return at != NULL && strncmp(at + strlen("gzip"), ";q=0", 4) != 0;
}

bool node_console_file(struct http_request *request)
{
    const struct web_asset *asset = find_asset(http_path(request));
    const char *known = http_header(request, "If-None-Match");
    if (asset == NULL)
        return false;
    bool same = known != NULL && strstr(known, asset->etag) != NULL;
    bool packed = asset->gzip_len > 0 && takes_gzip(request);
    int error = http_reply_header(request, "ETag", asset->etag);
    if (error == OK)
        error = http_reply_header(request, "Vary", "Accept-Encoding");
    if (error == OK)
        error = http_reply_header(request, "Cache-Control",
                                  asset->immutable ? "public, max-age=31536000, immutable" : "no-cache");
    if (error == OK && packed && !same)
        error = http_reply_header(request, "Content-Encoding", "gzip");
    if (error != OK)
        http_reply(request, 500, NULL, slice_of(NULL, 0));
    else if (same)
        http_reply(request, 304, NULL, slice_of(NULL, 0));
    else
        http_reply(request, 200, asset->type,
                   packed ? slice_of(asset->gzip, asset->gzip_len) : slice_of(asset->bytes, asset->len));
    return true;
}
