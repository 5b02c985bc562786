/*
 * cli_api - the node's REST API as the commands use it: JSON in, JSON out, problems turned into errors with their next
 * step.
 */
#ifndef NODE_CLI_API_H
#define NODE_CLI_API_H

#include "cli.h"

/* GET. *ret_doc is a root. Fails with cli->note and cli->hint filled in. */
int cli_api_get(struct cli *cli, const char *path, struct jdoc **ret_doc) MUST_CHECK;
/* The same with a longer patience, for long polls. */
int cli_api_get_within(struct cli *cli, const char *path, int timeout_ms, struct jdoc **ret_doc) MUST_CHECK;
/* POST or PUT with a body (borrowed). A POST carries a fresh idempotency key and is sent again with the same one when
 * the connection breaks or the node is busy: the thing is done once. *ret_doc is a root. */
int cli_api_send(struct cli *cli, const char *method, const char *path, const struct jdoc *body,
                 struct jdoc **ret_doc) MUST_CHECK;
/* The same for what was read under this ETag (NULL: any). ERR_STATE: it has changed since. */
int cli_api_send_if(struct cli *cli, const char *method, const char *path, const char *etag, const struct jdoc *body,
                    struct jdoc **ret_doc) MUST_CHECK;
int cli_api_delete_if(struct cli *cli, const char *path, const char *etag) MUST_CHECK;
/* GET of what is no JSON: appended to ret_bytes. */
int cli_api_get_bytes(struct cli *cli, const char *path, struct buf *ret_bytes) MUST_CHECK;
/* POST of such a body, to an address that may be sent the same twice. *ret_doc is a root; *ret_status 200 or 201. */
int cli_api_send_bytes(struct cli *cli, const char *path, struct slice bytes, int *ret_status,
                       struct jdoc **ret_doc) MUST_CHECK;
/* All pages of a list as one array, a root. `path` has its query already ("/v1/cases?box=received"). */
int cli_api_list(struct cli *cli, const char *path, struct jdoc **ret_array) MUST_CHECK;

/* "/v1/cases/" and what a person called a case, MEMBER/REFERENCE too, percent-encoded; then `rest`. ERR_USAGE: too
 * long. */
#define CLI_API_PATH_MAX 768
int cli_api_case_path(struct cli *cli, const char *id, const char *rest, char path[CLI_API_PATH_MAX]) MUST_CHECK;
/* Turns a problem document into an error, its note and its hint. */
int cli_api_problem(struct cli *cli, int status, struct slice body) MUST_CHECK;
/* Adds "start it, or name its socket" to an error of the transport. */
int cli_api_unreached(struct cli *cli, int error) MUST_CHECK;

#endif
