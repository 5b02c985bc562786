/* cmd_roster_sign: puts signatures under a roster and checks them. Never signs what it did not just check by every
 * rule. */
#include "cmd_roster_sign.h"

#include <dirent.h>
#include <inttypes.h>

#include "cli_draft.h"
#include "cli_prompt.h"
#include "proto/clock.h"
#include "proto/keyfile.h"
#include "proto/mapper.h"
#include "proto/seal.h"

#define FEW_RELAYS 3

/* One signing: from what was signed last to what is signed now. */
struct signing {
    struct roster_trust trust;      /* whose signatures count for this roster */
    struct roster_trust next_trust; /* that it carries for the next one: the same, but after `roster rekey` */
    bool rekeys;
    struct buf last;              /* SignedRoster, empty when there is none */
    Hotline__Roster *last_roster; /* its content, or NULL */
    Hotline__Roster *next;        /* the draft as a roster */
    struct buf bytes;             /* the roster to sign */
    struct buf signatures;        /* a SignedRoster over bytes, or empty */
    size_t signed_with, skipped;
    bool fresh; /* a new version */
};

int cmd_roster_peek(struct cli *cli, const char *path, struct buf *ret_signed, Hotline__Roster **ret_roster)
{
    struct buf bytes;
    buf_init(&bytes);
    int error = keyfile_slurp(path, LIMIT_ROSTER_BYTES, &bytes, &cli->note);
    if (error == OK && (error = roster_peek(buf_slice(&bytes), &cli->note, ret_roster)) != OK)
        err_prefix(&cli->note, path);
    if (error == OK && ret_signed != NULL)
        buf_add_slice(ret_signed, buf_slice(&bytes));
    buf_free(&bytes);
    return error == OK ? OK : cli_failed(cli, error);
}

/* Takes the file's roster for `last` when it is newer, or as new and another signer's. */
static int consider(struct cli *cli, struct signing *signing, const char *path)
{
    Hotline__Roster *roster = NULL;
    struct buf bytes;
    buf_init(&bytes);
    int error = cmd_roster_peek(cli, path, &bytes, &roster);
    if (error == ERR_NOT_FOUND) {
        cli->note.text[0] = '\0';
        buf_free(&bytes);
        return OK;
    }
    if (error == OK && (signing->last_roster == NULL || roster->version >= signing->last_roster->version)) {
        mapper_free(signing->last_roster != NULL ? &signing->last_roster->base : NULL, NULL);
        buf_free(&signing->last);
        signing->last_roster = roster;
        signing->last = bytes;
        return OK;
    }
    mapper_free(roster != NULL ? &roster->base : NULL, NULL);
    buf_free(&bytes);
    return error;
}

/* The roster bytes inside a SignedRoster, appended. */
static int add_inner(struct cli *cli, struct slice signed_roster, struct buf *out)
{
    struct wire_arena arena;
    ProtobufCMessage *message = NULL;
    int error = wire_arena_init(&arena);
    if (error != OK)
        return cli_failed(cli, error);
    error = wire_unpack(&hotline__signed_roster__descriptor, signed_roster, &arena, &cli->note, &message);
    if (error == OK)
        buf_add_slice(out, wire_slice(((Hotline__SignedRoster *)message)->roster));
    wire_arena_done(&arena);
    return error == OK ? OK : cli_failed(cli, error);
}

static bool same_trust(const struct signing *signing)
{
    const Hotline__Roster *last = signing->last_roster;
    bool same = last->threshold == signing->next_trust.threshold && last->n_authority_keys == signing->next_trust.count;
    for (size_t i = 0; same && i < signing->next_trust.count; i++)
        same = slice_equal(wire_slice(last->authority_keys[i]), slice_of(signing->next_trust.keys[i].bytes, KEY_BYTES));
    return same;
}

/* Tells what is new; true when anything is. */
static bool content_changed(const struct signing *signing)
{
    struct jdoc *before = signing->last_roster != NULL ? cli_draft_of(signing->last_roster) : cli_draft_new();
    struct jdoc *after = cli_draft_of(signing->next);
    struct buf lines;
    buf_init(&lines);
    size_t changes = cli_draft_diff(before, after, &lines);
    if (changes > 0)
        cli_talk("%s", buf_text(&lines));
    buf_free(&lines);
    jdoc_free(before);
    jdoc_free(after);
    return changes > 0 || signing->last_roster == NULL || !same_trust(signing);
}

static int next_version(struct cli *cli, const struct cli_args *args, struct signing *signing)
{
    int64_t now_us = clock_wall_us(), life_us = 0;
    Hotline__Roster *next = signing->next;
    const char *life = cli_args_text(args, "expires", "90d");
    if (clock_parse_duration(life, &life_us) != OK || life_us <= 0)
        return cli_fail(cli, ERR_USAGE, "--expires %s: a duration is a number and a unit: 90d", life);
    WIRE_SET(next, version, signing->last_roster != NULL ? signing->last_roster->version + 1 : 1);
    WIRE_SET(next, issued_at_us, now_us);
    WIRE_SET(next, expires_at_us, now_us + life_us);
    if (signing->last_roster != NULL) {
        struct buf inner;
        buf_init(&inner);
        int error = add_inner(cli, buf_slice(&signing->last), &inner);
        struct key_hash hash = seal_hash(buf_slice(&inner));
        buf_free(&inner);
        uint8_t *copy = error == OK ? malloc(sizeof hash.bytes) : NULL;
        if (copy == NULL)
            return error != OK ? error : cli_fail(cli, ERR_NOMEM, "out of memory");
        memcpy(copy, hash.bytes, sizeof hash.bytes);
        WIRE_SET_BYTES(next, previous_hash, copy, sizeof hash.bytes);
    }
    int error = roster_check(next, &cli->note);
    if (error != OK)
        return cli_failed(cli, error);
    wire_pack(&next->base, &signing->bytes);
    signing->fresh = true;
    return OK;
}

/* authority.next, when `roster rekey` left one; else the keys stay. */
static int read_next_trust(struct cli *cli, const char *dir, struct signing *signing)
{
    char path[CLI_DRAFT_PATH_MAX];
    int error = cli_draft_path(cli, dir, CMD_ROSTER_NEXT, path);
    if (error != OK)
        return error;
    error = roster_trust_read(path, &cli->note, &signing->next_trust);
    signing->rekeys = error == OK;
    if (error == ERR_NOT_FOUND) {
        cli->note.text[0] = '\0';
        signing->next_trust = signing->trust;
        return OK;
    }
    return error == OK ? OK : cli_failed(cli, error);
}

static int prepare(struct cli *cli, const struct cli_args *args, const char *out_path, struct signing *signing)
{
    const char *dir = cli_args_at(args, 0);
    char path[CLI_DRAFT_PATH_MAX];
    struct jdoc *draft = NULL;
    int error = cli_draft_path(cli, dir, "authority.pub", path);
    if (error == OK) {
        error = roster_trust_read(path, &cli->note, &signing->trust);
        error = error == OK ? OK : cli_failed(cli, error);
    }
    if (error == OK)
        error = read_next_trust(cli, dir, signing);
    if (error == OK)
        error = cli_draft_load(cli, dir, &draft);
    if (error == OK)
        error = cli_draft_roster(cli, draft, &signing->next_trust, &signing->next);
    jdoc_free(draft);
    if (error == OK)
        error = cli_draft_path(cli, dir, CMD_ROSTER_LAST, path);
    if (error == OK)
        error = consider(cli, signing, path);
    if (error == OK)
        error = consider(cli, signing, out_path);
    if (error != OK)
        return error;
    if (content_changed(signing) || cli_args_has(args, "renew"))
        return next_version(cli, args, signing);
    buf_add_slice(&signing->signatures, buf_slice(&signing->last));
    return add_inner(cli, buf_slice(&signing->last), &signing->bytes);
}

static bool is_trusted(const struct roster_trust *trust, const struct key_identity *key)
{
    for (size_t i = 0; i < trust->count; i++)
        if (seal_equal(trust->keys[i].bytes, key->bytes, KEY_BYTES))
            return true;
    return false;
}

static int sign_with(struct cli *cli, const struct cli_args *args, const char *path, struct signing *signing)
{
    struct key_set *set = NULL;
    struct buf after;
    buf_init(&after);
    int error = cli_prompt_key(cli, args, path, &set);
    if (error == OK &&
        (set->kind != KEY_AUTHORITY ||
         !(is_trusted(&signing->trust, &set->identity) || is_trusted(&signing->next_trust, &set->identity))))
        error = cli_fail(cli, ERR_KEY, "%s is not a key of this authority", path);
    if (error == OK) {
        error = roster_sign(buf_slice(&signing->bytes), buf_slice(&signing->signatures), set, &after);
        error = error == OK ? OK : cli_failed(cli, error);
    }
    key_set_free(set);
    if (error != OK) {
        buf_free(&after);
        return error;
    }
    buf_free(&signing->signatures);
    signing->signatures = after;
    signing->signed_with++;
    return OK;
}

/* A key of the folder that cannot be opened is left out with a warning: its keeper signs elsewhere. */
static int sign_or_skip(struct cli *cli, const struct cli_args *args, const char *path, struct signing *signing)
{
    bool locked = true;
    int error = keyfile_is_locked(path, &cli->note, &locked);
    bool can_ask = cli_args_has(args, "passphrase-file") || cli_prompt_possible(cli);
    if (error == OK && locked && !can_ask)
        error = cli_fail(cli, ERR_PASSPHRASE, "it is locked and there is nobody to ask");
    else if (error == OK)
        error = sign_with(cli, args, path, signing);
    signing->skipped += error != OK;
    if (error != OK)
        cli_warn("not signed with %s: %s", path, err_explain(&cli->note, error));
    cli->note.text[0] = cli->hint[0] = '\0';
    return error == ERR_NOMEM ? error : OK;
}

static bool is_key_name(const char *name)
{
    size_t len = strlen(name);
    return strncmp(name, "authority", 9) == 0 && len > 4 && strcmp(name + len - 4, ".key") == 0;
}

static int sign_folder(struct cli *cli, const struct cli_args *args, struct signing *signing)
{
    const char *dir = cli_args_at(args, 0);
    struct dirent **names = NULL;
    int count = scandir(dir, &names, NULL, alphasort), error = OK;
    for (int i = 0; i < count; i++) {
        char path[CLI_DRAFT_PATH_MAX];
        if (error == OK && is_key_name(names[i]->d_name)) {
            error = cli_draft_path(cli, dir, names[i]->d_name, path);
            error = error == OK ? sign_or_skip(cli, args, path, signing) : error;
        }
        free(names[i]);
    }
    free(names);
    return error;
}

static int sign_all(struct cli *cli, const struct cli_args *args, struct signing *signing)
{
    int error = OK;
    const char *path;
    if (!cli_args_has(args, "with"))
        error = sign_folder(cli, args, signing);
    for (size_t index = 0; error == OK && (path = cli_args_next(args, "with", &index)) != NULL;)
        error = sign_with(cli, args, path, signing);
    if (error == OK && signing->signed_with == 0) {
        cli_hint(cli, "Name a key file with --with KEYFILE, or put authority*.key into the folder.");
        error =
            cli_fail(cli, signing->skipped > 0 ? ERR_PASSPHRASE : ERR_NOT_FOUND, "no authority key could be opened");
    }
    return error;
}

static int write_signed(struct cli *cli, const char *dir, const char *out_path, const struct signing *signing)
{
    char last[CLI_DRAFT_PATH_MAX];
    int error = cli_draft_path(cli, dir, CMD_ROSTER_LAST, last);
    if (error != OK)
        return error;
    error = keyfile_replace(out_path, buf_slice(&signing->signatures), 0644, &cli->note);
    if (error == OK)
        error = keyfile_replace(last, buf_slice(&signing->signatures), 0644, &cli->note);
    return error == OK ? OK : cli_failed(cli, error);
}

/* The new keys are in force: authority.pub is theirs, and the old file is kept beside it. */
static int finish_rekey(struct cli *cli, const char *dir)
{
    char now[CLI_DRAFT_PATH_MAX], next[CLI_DRAFT_PATH_MAX], old[CLI_DRAFT_PATH_MAX];
    int error = cli_draft_path(cli, dir, "authority.pub", now);
    if (error == OK)
        error = cli_draft_path(cli, dir, CMD_ROSTER_NEXT, next);
    if (error == OK)
        error = cli_draft_path(cli, dir, "authority.old", old);
    if (error == OK && (rename(now, old) != 0 || rename(next, now) != 0))
        error = cli_fail(cli, ERR_IO, "cannot put %s in the place of %s", next, now);
    if (error == OK)
        cli_talk("%s holds the new keys now; %s the old ones. The old key files sign nothing any more.", now, old);
    return error;
}

/* Says what was made, and whether it is enough. Too few signatures is not a failure of this signer. */
static int tell(struct cli *cli, const char *dir, const char *out_path, const struct signing *signing)
{
    struct roster *roster = NULL;
    struct err_note note = {""};
    uint64_t version = signing->fresh ? signing->next->version : signing->last_roster->version;
    int error = roster_verify(buf_slice(&signing->signatures), &signing->trust, &note, &roster);
    roster_free(roster);
    if (error != OK && error != ERR_THRESHOLD)
        return cli_fail(cli, error, "%s", err_explain(&note, error));
    cli_talk("%s: roster version %" PRIu64 "%s", out_path, version,
             signing->fresh ? "" : ", unchanged, signature added");
    if (error == ERR_THRESHOLD)
        cli_warn("%s: pass %s on to the next signer", err_explain(&note, error), out_path);
    if (signing->next->n_relays < FEW_RELAYS)
        cli_warn("%zu relay%s: a network runs three or more, so that losing one delays nothing",
                 signing->next->n_relays, signing->next->n_relays == 1 ? "" : "s");
    return error == OK && signing->rekeys ? finish_rekey(cli, dir) : OK;
}

static void signing_done(struct signing *signing)
{
    mapper_free(signing->last_roster != NULL ? &signing->last_roster->base : NULL, NULL);
    mapper_free(signing->next != NULL ? &signing->next->base : NULL, NULL);
    buf_free(&signing->last);
    buf_free(&signing->bytes);
    buf_free(&signing->signatures);
}

int cmd_roster_sign_run(struct cli *cli, const struct cli_args *args)
{
    const char *out_path = cli_args_text(args, "output", NULL);
    struct signing signing = {0};
    if (out_path == NULL)
        return cli_fail(cli, ERR_USAGE, "-o FILE is missing: where the signed roster goes");
    buf_init(&signing.last);
    buf_init(&signing.bytes);
    buf_init(&signing.signatures);
    int error = prepare(cli, args, out_path, &signing);
    if (error == OK)
        error = sign_all(cli, args, &signing);
    if (error == OK)
        error = write_signed(cli, cli_args_at(args, 0), out_path, &signing);
    if (error == OK)
        error = tell(cli, cli_args_at(args, 0), out_path, &signing);
    signing_done(&signing);
    return error;
}

static int write_verified(struct cli *cli, const struct cli_args *args, const struct roster *roster)
{
    enum cli_form form;
    char issued[CLOCK_TEXT_MAX], expires[CLOCK_TEXT_MAX], hash[2 * KEY_HASH_BYTES + 1];
    int error = cli_form_of(cli, args, &form);
    if (error != OK)
        return error;
    clock_format(roster_issued_us(roster), issued);
    clock_format(roster_expires_us(roster), expires);
    buf_hex(slice_of(roster_hash(roster)->bytes, KEY_HASH_BYTES), hash);
    struct jdoc *doc = jdoc_object();
    jdoc_set_int(doc, "version", (int64_t)roster_version(roster));
    jdoc_set_text(doc, "hash", hash);
    jdoc_set_text(doc, "issued_at", issued);
    jdoc_set_text(doc, "expires_at", expires);
    jdoc_set_int(doc, "members", (int64_t)roster_member_count(roster));
    jdoc_set_int(doc, "relays", (int64_t)roster_relay_count(roster));
    struct buf out;
    buf_init(&out);
    buf_printf(&out, "version %" PRIu64 ", %zu members, %zu relays, expires %s\n", roster_version(roster),
               roster_member_count(roster), roster_relay_count(roster), expires);
    error = form == CLI_TABLE ? cli_write(cli, &out) : cli_write_doc(cli, form, doc);
    buf_free(&out);
    jdoc_free(doc);
    if (error == OK && roster_is_stale(roster, clock_wall_us()))
        return cli_fail(cli, ERR_EXPIRED, "signed by the authority, but it expired on %s", expires);
    return error;
}

int cmd_roster_verify_run(struct cli *cli, const struct cli_args *args)
{
    const char *path = cli_args_at(args, 0), *authority = cli_args_text(args, "authority", NULL);
    struct roster_trust trust;
    struct roster *roster = NULL;
    struct buf bytes;
    if (authority == NULL)
        return cli_fail(cli, ERR_USAGE, "--authority PUB is missing: the authority's public keys");
    int error = roster_trust_read(authority, &cli->note, &trust);
    if (error != OK)
        return cli_failed(cli, error);
    buf_init(&bytes);
    error = keyfile_slurp(path, LIMIT_ROSTER_BYTES, &bytes, &cli->note);
    if (error == OK) {
        /* Whatever is wrong with its content, it is not what the authority signed. */
        error = roster_verify(buf_slice(&bytes), &trust, &cli->note, &roster);
        error = error == OK || err_exit_status(error) != 2 ? error : ERR_SIGNATURE;
    }
    buf_free(&bytes);
    error = error == OK ? write_verified(cli, args, roster) : cli_failed(cli, error);
    roster_free(roster);
    return error;
}

const struct cli_args_option cmd_roster_sign_options[] = {
    {"output", 'o', CLI_ARGS_VALUE, "FILE", "the signed roster"},
    {"with", 0, CLI_ARGS_MANY, "KEYFILE", "sign with this key (instead of those in DIR)"},
    {"expires", 0, CLI_ARGS_VALUE, "DURATION", "how long a new version is valid (default 90d)"},
    {"renew", 0, CLI_ARGS_FLAG, NULL, "make a new version though nothing changed"},
    {"passphrase-file", 0, CLI_ARGS_VALUE, "FILE", "read the passphrase from the first line of FILE (0600)"},
    CLI_OPTION_END,
};
const struct cli_args_option cmd_roster_verify_options[] = {
    {"authority", 0, CLI_ARGS_VALUE, "PUB", "the authority's public keys: authority.pub"},
    CLI_OPTION_OUTPUT,
    CLI_OPTION_END,
};
