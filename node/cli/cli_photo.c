/* cli_photo: hands pictures over as they are and saves photos as they come. Never decodes one. */
#include "cli_photo.h"

#include <inttypes.h>
#include <unistd.h>

#include "cli_api.h"
#include "proto/case.h"
#include "proto/keyfile.h"
#include "proto/limits.h"

/* The list, mutable: what is there already, copied. */
static struct jdoc *list_of(struct jdoc *doc)
{
    const struct jdoc *old = jdoc_get(doc, "photos");
    struct jdoc *copy = jdoc_type(old) == JDOC_ARRAY ? jdoc_copy(old) : jdoc_array();
    return jdoc_set_doc(doc, "photos", copy);
}

static int hand_over(struct cli *cli, const char *path, struct jdoc *photos)
{
    struct buf bytes;
    struct jdoc *answer = NULL;
    int status;
    buf_init(&bytes);
    int error = keyfile_slurp(path, LIMIT_PICTURE_BYTES, &bytes, &cli->note);
    if (error != OK)
        error = cli_failed(cli, error);
    else
        error = cli_api_send_bytes(cli, "/v1/photos", buf_slice(&bytes), &status, &answer);
    buf_free(&bytes);
    if (error != OK) {
        err_prefix(&cli->note, path);
        return error;
    }
    struct jdoc *one = jdoc_add_doc(photos, jdoc_object());
    jdoc_set_text(one, "upload", jdoc_get_text(answer, "photo", ""));
    cli_talk("%s: %" PRId64 " x %" PRId64 " pixels, %" PRId64 " kB, without metadata", path,
             jdoc_get_int(answer, "width_px", 0), jdoc_get_int(answer, "height_px", 0),
             jdoc_get_int(answer, "size_bytes", 0) / 1000);
    jdoc_free(answer);
    return OK;
}

int cli_photo_add(struct cli *cli, const struct cli_args *args, struct jdoc *doc)
{
    const char *path;
    int error = OK;
    if (!cli_args_has(args, "photo"))
        return OK;
    struct jdoc *photos = list_of(doc);
    for (size_t index = 0; error == OK && (path = cli_args_next(args, "photo", &index)) != NULL;) {
        if (jdoc_count(photos) == CASE_PHOTOS_MAX)
            error = cli_fail(cli, ERR_LIMIT, "--photo %s: a case has at most %d photos", path, CASE_PHOTOS_MAX);
        else
            error = hand_over(cli, path, photos);
    }
    return error;
}

void cli_photo_keep(const struct jdoc *view, struct jdoc *doc)
{
    const struct jdoc *had = jdoc_get(jdoc_get(view, "case"), "photos");
    if (jdoc_get(doc, "photos") != NULL || jdoc_count(had) == 0)
        return;
    struct jdoc *photos = list_of(doc);
    for (size_t i = 0; i < jdoc_count(had); i++) {
        char id[33];
        snprintf(id, sizeof id, "%.32s", jdoc_get_text(jdoc_at(had, i), "name", ""));
        jdoc_set_text(jdoc_add_doc(photos, jdoc_object()), "upload", id);
    }
}

static int save(struct cli *cli, const char *path, const struct buf *photo)
{
    if (strcmp(path, "-") == 0) {
        bool wrote = fwrite(photo->data, 1, photo->len, stdout) == photo->len && fflush(stdout) == 0;
        return wrote ? OK : cli_fail(cli, ERR_IO, "cannot write to standard output");
    }
    int error = keyfile_replace(path, buf_slice(photo), 0600, &cli->note);
    return error == OK ? OK : cli_failed(cli, error);
}

int cli_photo_save(struct cli *cli, const struct cli_args *args)
{
    const char *number = cli_args_text(args, "photo", ""), *out = cli_args_text(args, "output", NULL);
    char rest[32], path[CLI_API_PATH_MAX];
    struct buf photo;
    if (strlen(number) != 1 || number[0] < '1' || number[0] > '9')
        return cli_fail(cli, ERR_USAGE, "--photo %s: the number of a photo, from 1", number);
    if (out == NULL || (strcmp(out, "-") == 0 && isatty(STDOUT_FILENO))) {
        cli_hint(cli, "For example: hotline show %s --photo %s -o photo.jpg", cli_args_at(args, 0), number);
        return cli_fail(cli, ERR_USAGE, "-o FILE is missing: where to save the photo");
    }
    snprintf(rest, sizeof rest, "/photo?number=%s", number);
    int error = cli_api_case_path(cli, cli_args_at(args, 0), rest, path);
    if (error != OK)
        return error;
    buf_init(&photo);
    error = cli_api_get_bytes(cli, path, &photo);
    if (error == OK)
        error = save(cli, out, &photo);
    if (error == OK)
        cli_talk("%s: %zu bytes", out, photo.len);
    buf_free(&photo);
    return error;
}
