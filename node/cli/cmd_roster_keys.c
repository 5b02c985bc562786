/* cmd_roster_keys: the authority's own keys: the first set (`roster init`) and a later one (`roster rekey`). */
#include <errno.h>
#include <sys/stat.h>

#include "cli_draft.h"
#include "cli_prompt.h"
#include "cmd.h"
#include "cmd_roster_sign.h"
#include "proto/keyfile.h"
#include "proto/roster.h"
#include "proto/seal.h"

static int read_number(struct cli *cli, const struct cli_args *args, const char *name, size_t fallback,
                       size_t *ret_value)
{
    const char *text = cli_args_text(args, name, NULL);
    char *end = NULL;
    unsigned long value = text != NULL ? strtoul(text, &end, 10) : fallback;
    if (text != NULL && (end == text || *end != '\0' || value < 1 || value > LIMIT_AUTHORITY_KEYS))
        return cli_fail(cli, ERR_USAGE, "--%s %s: a whole number from 1 to %d", name, text, LIMIT_AUTHORITY_KEYS);
    *ret_value = value;
    return OK;
}

static int make_authority_key(struct cli *cli, const struct cli_args *args, const char *path, const char *label,
                              struct key_identity *ret_key)
{
    char passphrase[LIMIT_PASSPHRASE_BYTES + 1];
    bool locked = false;
    struct key_set *set = key_set_new();
    if (set == NULL)
        return cli_fail(cli, ERR_NOMEM, "no guarded memory for a key");
    set->kind = KEY_AUTHORITY;
    snprintf(set->id, sizeof set->id, "%s", label);
    snprintf(set->name, sizeof set->name, "%s", label);
    int error = key_set_generate(set);
    error = error == OK ? OK : cli_failed(cli, error);
    if (error == OK && !cli->no_input && cli_prompt_possible(cli))
        cli_talk("%s:", path);
    if (error == OK)
        error = cli_prompt_new_passphrase(cli, args, passphrase, sizeof passphrase, &locked);
    if (error == OK) {
        error = keyfile_write(path, set, locked ? passphrase : NULL, &cli->note);
        error = error == OK ? OK : cli_failed(cli, error);
    }
    seal_wipe(passphrase, sizeof passphrase);
    if (error == OK && !locked)
        cli_warn("%s is not locked: whoever can read it may sign rosters", path);
    if (error == OK)
        *ret_key = set->identity;
    key_set_free(set);
    return error;
}

/* series 1 is the first set of keys: authority.key, or authority-1.key ...; later ones are authority-2-1.key ... */
static int make_keys(struct cli *cli, const struct cli_args *args, const char *dir, unsigned series,
                     struct roster_trust *trust)
{
    int error = OK;
    for (size_t i = 0; i < trust->count && error == OK; i++) {
        char label[LIMIT_ID_CHARS + 1], name[48], path[CLI_DRAFT_PATH_MAX];
        if (series > 1)
            snprintf(label, sizeof label, "authority-%u-%u", series, (unsigned)(i + 1));
        else
            snprintf(label, sizeof label, trust->count > 1 ? "authority-%u" : "authority", (unsigned)(i + 1));
        snprintf(name, sizeof name, "%s.key", label);
        error = cli_draft_path(cli, dir, name, path);
        if (error == OK)
            error = make_authority_key(cli, args, path, label, &trust->keys[i]);
    }
    return error;
}

static int write_trust(struct cli *cli, const char *dir, const char *name, const struct roster_trust *trust)
{
    char path[CLI_DRAFT_PATH_MAX];
    struct buf text;
    buf_init(&text);
    int error = cli_draft_path(cli, dir, name, path);
    roster_trust_write(trust, &text);
    if (error == OK) {
        error = buf_broken(&text) ? ERR_NOMEM : keyfile_replace(path, buf_slice(&text), 0644, &cli->note);
        error = error == OK ? OK : cli_failed(cli, error);
    }
    buf_free(&text);
    return error;
}

static int make_folder(struct cli *cli, const char *dir)
{
    char path[CLI_DRAFT_PATH_MAX];
    struct stat facts;
    if (mkdir(dir, 0700) != 0 && errno != EEXIST)
        return cli_fail(cli, ERR_IO, "cannot make %s: %s", dir, strerror(errno));
    int error = cli_draft_path(cli, dir, "authority.pub", path);
    if (error == OK && stat(path, &facts) == 0)
        error = cli_fail(cli, ERR_EXISTS, "%s exists: this folder is an authority already", path);
    return error;
}

static int write_fingerprints(struct cli *cli, const struct roster_trust *trust)
{
    struct buf out;
    buf_init(&out);
    for (size_t i = 0; i < trust->count; i++) {
        char text[KEY_FINGERPRINT_MAX];
        key_fingerprint(trust->keys[i].bytes, text);
        buf_printf(&out, "%s\n", text);
    }
    int error = cli_write(cli, &out);
    buf_free(&out);
    return error;
}

/* --keys N --threshold K. */
static int read_trust_size(struct cli *cli, const struct cli_args *args, struct roster_trust *trust)
{
    size_t threshold = 0;
    int error = read_number(cli, args, "keys", 1, &trust->count);
    if (error == OK)
        error = read_number(cli, args, "threshold", trust->count / 2 + 1, &threshold);
    if (error == OK && threshold > trust->count)
        error = cli_fail(cli, ERR_USAGE, "--threshold %zu: there are only %zu keys", threshold, trust->count);
    trust->threshold = (uint32_t)threshold;
    return error;
}

/* The first series whose name is free. */
static int next_series(struct cli *cli, const char *dir, unsigned *ret_series)
{
    char path[CLI_DRAFT_PATH_MAX], name[48];
    struct stat facts;
    for (unsigned series = 2; series < 10000; series++) {
        snprintf(name, sizeof name, "authority-%u-1.key", series);
        int error = cli_draft_path(cli, dir, name, path);
        if (error != OK)
            return error;
        if (stat(path, &facts) != 0) {
            *ret_series = series;
            return OK;
        }
    }
    return cli_fail(cli, ERR_LIMIT, "%s: too many series of keys", dir);
}

int cmd_roster_rekey_run(struct cli *cli, const struct cli_args *args)
{
    const char *dir = cli_args_at(args, 0);
    char path[CLI_DRAFT_PATH_MAX];
    struct roster_trust now, next = {0};
    unsigned series = 2;
    struct stat facts;
    int error = read_trust_size(cli, args, &next);
    if (error == OK)
        error = cli_draft_path(cli, dir, "authority.pub", path);
    if (error == OK) {
        error = roster_trust_read(path, &cli->note, &now);
        error = error == OK ? OK : cli_failed(cli, error);
    }
    if (error == OK)
        error = cli_draft_path(cli, dir, CMD_ROSTER_NEXT, path);
    if (error == OK && stat(path, &facts) == 0)
        error = cli_fail(cli, ERR_EXISTS,
                         "%s exists: a change of keys is under way; sign it first, or delete that file to give it up",
                         path);
    if (error == OK)
        error = next_series(cli, dir, &series);
    if (error == OK)
        error = make_keys(cli, args, dir, series, &next);
    if (error == OK)
        error = write_trust(cli, dir, CMD_ROSTER_NEXT, &next);
    if (error != OK)
        return error;
    cli_talk(
        "The next roster must be signed by %u of the old keys and %u of the new ones: hotline roster sign %s -o FILE.\n"
        "When it is, authority.pub holds the new keys. Relays and hotlines follow the roster;\n"
        "only new ones need the new file.",
        now.threshold, next.threshold, dir);
    return write_fingerprints(cli, &next);
}

int cmd_roster_init_run(struct cli *cli, const struct cli_args *args)
{
    const char *dir = cli_args_at(args, 0);
    struct roster_trust trust = {0};
    int error = read_trust_size(cli, args, &trust);
    if (error == OK)
        error = make_folder(cli, dir);
    if (error == OK)
        error = make_keys(cli, args, dir, 1, &trust);
    struct jdoc *draft = cli_draft_new();
    if (error == OK)
        error = cli_draft_save(cli, dir, draft);
    jdoc_free(draft);
    if (error == OK)
        error = write_trust(cli, dir, "authority.pub", &trust);
    if (error != OK)
        return error;
    cli_talk("%s/authority.pub goes to every relay and hotline. The keys stay offline, each with its keeper.", dir);
    return write_fingerprints(cli, &trust);
}
