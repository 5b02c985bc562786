/* cmd_key: key files and membership requests. Secrets stay in their guarded memory; none is ever printed. */
#include <inttypes.h>
#include <unistd.h>

#include "cli_prompt.h"
#include "cli_text.h"
#include "cli_words.h"
#include "cmd.h"
#include "proto/clock.h"
#include "proto/keyfile.h"
#include "proto/mapper.h"
#include "proto/roster.h"
#include "proto/seal.h"

#define REQUEST_BYTES_MAX 8192
/* What a fingerprint shows of the hash: as key_fingerprint. */
#define FINGERPRINT_BYTES 16

static int read_who(struct cli *cli, const struct cli_args *args, struct key_set *set)
{
    const char *member = cli_args_text(args, "member", NULL), *relay = cli_args_text(args, "relay", NULL);
    const char *country = cli_args_text(args, "country", NULL), *name = cli_args_text(args, "name", NULL);
    const char *id = member != NULL ? member : relay;
    if ((member == NULL) == (relay == NULL))
        return cli_fail(cli, ERR_USAGE, "say --member ID or --relay ID");
    if (!key_name_ok(id))
        return cli_fail(cli, ERR_INVALID, "\"%.60s\": an id has lower-case letters, digits and dashes, 40 at most", id);
    if ((relay != NULL) != cli_args_has(args, "endpoint"))
        return cli_fail(cli, ERR_USAGE,
                        relay != NULL ? "a relay needs --endpoint tcp://HOST:PORT" : "--endpoint is for relays");
    if (country == NULL || name == NULL || name[0] == '\0')
        return cli_fail(cli, ERR_USAGE, "%s is missing", country == NULL ? "--country CC" : "--name NAME");
    if (strlen(name) > LIMIT_NAME_BYTES)
        return cli_fail(cli, ERR_LIMIT, "--name: longer than %d bytes", LIMIT_NAME_BYTES);
    struct jdoc *checked = jdoc_array();
    int error = cli_add_countries(cli, "--country", country, checked);
    if (error == OK && jdoc_count(checked) != 1)
        error = cli_fail(cli, ERR_USAGE, "--country: one country");
    jdoc_free(checked);
    if (error != OK)
        return error;
    set->kind = relay != NULL ? KEY_RELAY : KEY_MEMBER;
    snprintf(set->id, sizeof set->id, "%s", id);
    snprintf(set->country, sizeof set->country, "%.2s", country);
    snprintf(set->name, sizeof set->name, "%s", name);
    return OK;
}

static int write_request(struct cli *cli, const struct cli_args *args, const struct key_set *set)
{
    struct buf request;
    buf_init(&request);
    int error = roster_request_make(set, cli_args_text(args, "endpoint", NULL), clock_wall_us(), &request);
    if (error == OK)
        error = keyfile_replace(cli_args_text(args, "request", ""), buf_slice(&request), 0644, &cli->note);
    buf_free(&request);
    return error == OK ? OK : cli_failed(cli, error);
}

static int write_key(struct cli *cli, const struct cli_args *args, const char *path, const struct key_set *set)
{
    char passphrase[LIMIT_PASSPHRASE_BYTES + 1];
    bool locked = false;
    int error = cli_prompt_new_passphrase(cli, args, passphrase, sizeof passphrase, &locked);
    if (error == OK)
        error = keyfile_write(path, set, locked ? passphrase : NULL, &cli->note);
    seal_wipe(passphrase, sizeof passphrase);
    if (error == OK && !locked)
        cli_warn("%s is not locked: whoever can read it speaks as %s", path, set->id);
    return error == OK ? OK : cli_failed(cli, error);
}

static void add_fingerprint(struct buf *out, const char *label, const uint8_t key[KEY_BYTES])
{
    char text[KEY_FINGERPRINT_MAX];
    key_fingerprint(key, text);
    buf_printf(out, "%-12s %s\n", label, text);
}

static int generate(struct cli *cli, const struct cli_args *args, struct key_set *set)
{
    const char *path = cli_args_text(args, "output", NULL);
    int error = read_who(cli, args, set);
    if (error == OK && (path == NULL || !cli_args_has(args, "request")))
        error = cli_fail(cli, ERR_USAGE, "%s is missing", path == NULL ? "-o KEY" : "--request FILE");
    if (error == OK) {
        error = key_set_generate(set);
        error = error == OK ? OK : cli_failed(cli, error);
    }
    if (error == OK)
        error = write_key(cli, args, path, set);
    if (error == OK)
        error = write_request(cli, args, set);
    if (error != OK)
        return error;
    struct buf out;
    buf_init(&out);
    add_fingerprint(&out, "fingerprint", set->identity.bytes);
    error = cli_write(cli, &out);
    buf_free(&out);
    cli_talk("Keep %s secret and safe. Hand %s to the authority and compare the fingerprint by telephone.", path,
             cli_args_text(args, "request", ""));
    return error;
}

static int run_generate(struct cli *cli, const struct cli_args *args)
{
    struct key_set *set = key_set_new();
    if (set == NULL)
        return cli_fail(cli, ERR_NOMEM, "no guarded memory for a key");
    if (!seal_memory_is_locked())
        cli_warn("this system does not let secrets be locked into memory: swap could hold them");
    int error = generate(cli, args, set);
    key_set_free(set);
    return error;
}

static const char *kind_name(enum key_kind kind)
{
    return kind == KEY_RELAY ? "relay" : kind == KEY_AUTHORITY ? "authority" : "member";
}

static void set_hex(struct jdoc *doc, const char *key, const uint8_t bytes[KEY_BYTES])
{
    char text[2 * KEY_BYTES + 1];
    buf_hex(slice_of(bytes, KEY_BYTES), text);
    jdoc_set_text(doc, key, text);
}

static struct jdoc *doc_of(const struct key_set *set, bool locked)
{
    struct jdoc *doc = jdoc_object();
    char fingerprint[KEY_FINGERPRINT_MAX];
    key_fingerprint(set->identity.bytes, fingerprint);
    jdoc_set_text(doc, "kind", kind_name(set->kind));
    jdoc_set_text(doc, "id", set->id);
    jdoc_set_text(doc, "country", set->country);
    jdoc_set_text(doc, "name", set->name);
    jdoc_set_int(doc, "generation", set->generation);
    jdoc_set_bool(doc, "locked", locked);
    jdoc_set_text(doc, "fingerprint", fingerprint);
    set_hex(doc, "identity_key", set->identity.bytes);
    if (set->kind != KEY_AUTHORITY)
        set_hex(doc, "transport_key", set->transport.bytes);
    return doc;
}

static int write_facts(struct cli *cli, const struct jdoc *doc)
{
    struct buf out;
    struct jdoc_iter at = {0};
    const char *key;
    const struct jdoc *value;
    buf_init(&out);
    while (jdoc_next(doc, &at, &key, &value)) {
        int64_t number;
        bool truth;
        buf_printf(&out, "%-14s ", key);
        if (jdoc_text(value) != NULL)
            cli_text_clean(&out, jdoc_text(value));
        else if (jdoc_int(value, &number))
            buf_printf(&out, "%" PRId64, number);
        else if (jdoc_bool(value, &truth))
            buf_add_text(&out, truth ? "yes" : "no");
        buf_add_u8(&out, '\n');
    }
    int error = cli_write(cli, &out);
    buf_free(&out);
    return error;
}

static int run_show(struct cli *cli, const struct cli_args *args)
{
    enum cli_form form;
    bool locked = false;
    struct key_set *set = NULL;
    const char *path = cli_args_at(args, 0);
    int error = cli_form_of(cli, args, &form);
    if (error != OK)
        return error;
    error = keyfile_is_locked(path, &cli->note, &locked);
    if (error != OK)
        return cli_failed(cli, error);
    error = cli_prompt_key(cli, args, path, &set);
    if (error != OK)
        return error;
    struct jdoc *doc = doc_of(set, locked);
    error = form == CLI_TABLE ? write_facts(cli, doc) : cli_write_doc(cli, form, doc);
    jdoc_free(doc);
    key_set_free(set);
    return error;
}

/* The identity key of a membership request or a key file. */
static int identity_of(struct cli *cli, const struct cli_args *args, const char *path, struct key_identity *ret_key)
{
    struct buf content;
    buf_init(&content);
    int error = keyfile_slurp(path, REQUEST_BYTES_MAX, &content, &cli->note);
    bool key_file = error == OK && content.len > 11 && memcmp(content.data, "hotline-key", 11) == 0;
    Hotline__MembershipRequest *request = NULL;
    struct key_set *set = NULL;
    if (error == OK && key_file) {
        error = cli_prompt_key(cli, args, path, &set);
        if (error == OK)
            *ret_key = set->identity;
    } else if (error == OK) {
        error = roster_request_read(buf_slice(&content), &cli->note, &request);
        if (error == OK)
            error = key_identity_from(wire_slice(request->identity_key), ret_key);
    }
    key_set_free(set);
    mapper_free(request != NULL ? &request->base : NULL, NULL);
    seal_wipe(content.data, content.len);
    buf_free(&content);
    return error == OK ? OK : cli_failed(cli, error);
}

static void add_identity(struct buf *out, const struct key_identity *key, bool words)
{
    struct key_hash hash = seal_hash(slice_of(key->bytes, KEY_BYTES));
    char text[KEY_FINGERPRINT_MAX];
    key_fingerprint(key->bytes, text);
    if (words)
        cli_words_add(out, slice_of(hash.bytes, FINGERPRINT_BYTES));
    else
        buf_add_text(out, text);
    buf_add_u8(out, '\n');
}

/* True when the file begins as authority.pub does. */
static bool is_authority(const char *path)
{
    static const char first[] = "hotline-authority";
    struct buf content;
    buf_init(&content);
    bool is = keyfile_slurp(path, REQUEST_BYTES_MAX, &content, NULL) == OK && content.len >= sizeof first &&
        memcmp(content.data, first, sizeof first - 1) == 0;
    buf_free(&content);
    return is;
}

/* An authority may have more than one key: a line for each, in the order of its file. */
static int add_authority(struct cli *cli, const char *path, bool words, struct buf *out)
{
    struct roster_trust trust;
    int error = roster_trust_read(path, &cli->note, &trust);
    if (error != OK)
        return cli_failed(cli, error);
    for (size_t i = 0; i < trust.count; i++)
        add_identity(out, &trust.keys[i], words);
    return OK;
}

static int run_fingerprint(struct cli *cli, const struct cli_args *args)
{
    const char *path = cli_args_at(args, 0);
    bool words = cli_args_has(args, "words");
    struct key_identity identity;
    struct buf out;
    buf_init(&out);
    int error = OK;
    if (is_authority(path)) {
        error = add_authority(cli, path, words, &out);
    } else {
        error = identity_of(cli, args, path, &identity);
        if (error == OK)
            add_identity(&out, &identity, words);
    }
    if (error == OK)
        error = cli_write(cli, &out);
    buf_free(&out);
    return error;
}

static int run_passphrase(struct cli *cli, const struct cli_args *args)
{
    const char *path = cli_args_at(args, 0);
    struct cli_prompt_source source = {cli, cli_args_text(args, "old-passphrase-file", NULL)};
    struct key_set *set = NULL;
    char fresh[4096];
    if (snprintf(fresh, sizeof fresh, "%s.new", path) >= (int)sizeof fresh)
        return cli_fail(cli, ERR_LIMIT, "the path is too long");
    int error = keyfile_read(path, cli_prompt_ask, &source, &cli->note, &set);
    if (error != OK)
        return cli_failed(cli, error);
    error = write_key(cli, args, fresh, set);
    key_set_free(set);
    if (error == OK && rename(fresh, path) != 0) {
        unlink(fresh);
        error = cli_fail(cli, ERR_IO, "cannot replace %s", path);
    }
    if (error == OK)
        cli_talk("%s is locked anew. Destroy old copies: they open with the old passphrase.", path);
    return error;
}

/* The next generation of identity and transport keys, of the same master: one file, and the node follows the roster. */
static int rotate(struct cli *cli, const struct cli_args *args, const char *path, struct key_set *set)
{
    char fresh[4096], text[32];
    if (!cli_args_has(args, "request"))
        return cli_fail(cli, ERR_USAGE, "--request FILE is missing: what the authority gets");
    if ((set->kind == KEY_RELAY) != cli_args_has(args, "endpoint"))
        return cli_fail(cli, ERR_USAGE,
                        set->kind == KEY_RELAY ? "a relay needs --endpoint tcp://HOST:PORT" :
                                                 "--endpoint is for relays");
    if (snprintf(fresh, sizeof fresh, "%s.new", path) >= (int)sizeof fresh)
        return cli_fail(cli, ERR_LIMIT, "the path is too long");
    set->generation++;
    int error = key_set_derive(set);
    error = error == OK ? OK : cli_failed(cli, error);
    if (error == OK)
        error = write_key(cli, args, fresh, set);
    if (error == OK && rename(fresh, path) != 0) {
        unlink(fresh);
        error = cli_fail(cli, ERR_IO, "cannot replace %s", path);
    }
    if (error == OK)
        error = write_request(cli, args, set);
    if (error != OK)
        return error;
    struct buf out;
    buf_init(&out);
    add_fingerprint(&out, "fingerprint", set->identity.bytes);
    error = cli_write(cli, &out);
    buf_free(&out);
    snprintf(text, sizeof text, "%" PRIu32, set->generation);
    cli_talk("%s: generation %s. Nothing changes yet: the old keys hold until the authority signs the new ones\n"
             "(hotline roster add DIR %s --replace). A node follows by itself; a relay is started anew then.",
             path, text, cli_args_text(args, "request", ""));
    return error;
}

static int run_rotate(struct cli *cli, const struct cli_args *args)
{
    const char *path = cli_args_at(args, 0);
    struct cli_prompt_source source = {cli, cli_args_text(args, "old-passphrase-file", NULL)};
    struct key_set *set = NULL;
    int error = keyfile_read(path, cli_prompt_ask, &source, &cli->note, &set);
    if (error != OK)
        return cli_failed(cli, error);
    if (set->kind == KEY_AUTHORITY)
        error = cli_fail(cli, ERR_USAGE, "an authority's keys are changed with: hotline roster rekey DIR");
    else
        error = rotate(cli, args, path, set);
    key_set_free(set);
    return error;
}

static const struct cli_args_option rotate_options[] = {
    {"request", 0, CLI_ARGS_VALUE, "FILE", "the request to make, for the authority"},
    {"endpoint", 0, CLI_ARGS_VALUE, "ENDPOINT", "a relay's, as before: tcp://relay.example.org:4460"},
    {"old-passphrase-file", 0, CLI_ARGS_VALUE, "FILE", "read the old passphrase from the first line of FILE (0600)"},
    CLI_PROMPT_OPTIONS,
    CLI_OPTION_END,
};
static const struct cli_args_option generate_options[] = {
    {"member", 0, CLI_ARGS_VALUE, "ID", "a hotline's key: be-baken"},
    {"relay", 0, CLI_ARGS_VALUE, "ID", "a relay's key: relay-1"},
    {"endpoint", 0, CLI_ARGS_VALUE, "ENDPOINT", "where the relay listens for the world: tcp://relay.example.org:4460"},
    {"country", 0, CLI_ARGS_VALUE, "CC", "ISO 3166-1 alpha-2"},
    {"name", 0, CLI_ARGS_VALUE, "NAME", "as people know it"},
    {"output", 'o', CLI_ARGS_VALUE, "KEY", "the key file to make (0600)"},
    {"request", 0, CLI_ARGS_VALUE, "FILE", "the membership request to make, for the authority"},
    CLI_PROMPT_OPTIONS,
    CLI_OPTION_END,
};
static const struct cli_args_option show_options[] = {
    {"passphrase-file", 0, CLI_ARGS_VALUE, "FILE", "read the passphrase from the first line of FILE (0600)"},
    CLI_OPTION_OUTPUT,
    CLI_OPTION_END,
};
static const struct cli_args_option fingerprint_options[] = {
    {"words", 0, CLI_ARGS_FLAG, NULL, "as sixteen words, for the telephone"},
    {"passphrase-file", 0, CLI_ARGS_VALUE, "FILE", "read the passphrase from the first line of FILE (0600)"},
    CLI_OPTION_END,
};
static const struct cli_args_option passphrase_options[] = {
    {"old-passphrase-file", 0, CLI_ARGS_VALUE, "FILE", "read the old passphrase from the first line of FILE (0600)"},
    CLI_PROMPT_OPTIONS,
    CLI_OPTION_END,
};

const struct cli_command cmd_key[] = {
    {.name = "key generate",
     .synopsis = "(--member ID | --relay ID --endpoint ENDPOINT) --country CC --name NAME -o KEY --request FILE",
     .summary = "make a key file and the request to be let in",
     .examples = "  hotline key generate --member be-baken --country BE --name \"Baken\" \\\n"
                 "      -o be-baken.key --request be-baken.request\n"
                 "  hotline key generate --relay relay-1 --endpoint tcp://relay.example.org:4460 \\\n"
                 "      --country BE --name \"Relay 1\" -o relay-1.key --request relay-1.request --no-passphrase\n",
     .notes = "The passphrase is read from the terminal, without echo. It never overwrites a key file.\n",
     .options = generate_options,
     .run = run_generate},
    {.name = "key show",
     .synopsis = "KEY [-o FORMAT]",
     .summary = "what a key file holds, without its secret",
     .examples = "  hotline key show be-baken.key\n  hotline key show be-baken.key -o json\n",
     .options = show_options,
     .least = 1,
     .most = 1,
     .run = run_show},
    {.name = "key fingerprint",
     .synopsis = "KEY|REQUEST|AUTHORITY.PUB [--words]",
     .summary = "what two people compare by telephone",
     .examples = "  hotline key fingerprint be-baken.request --words\n  hotline key fingerprint be-baken.key\n"
                 "  hotline key fingerprint net/authority.pub --words\n",
     .options = fingerprint_options,
     .least = 1,
     .most = 1,
     .run = run_fingerprint},
    {.name = "key rotate",
     .synopsis = "KEY --request FILE",
     .summary = "the next identity and transport keys, and the request for them",
     .examples = "  hotline key rotate be-baken.key --request be-baken-2.request\n"
                 "  hotline roster add net be-baken-2.request --replace      (the authority)\n",
     .notes =
         "The old keys hold until the roster names the new ones. After a theft of the file this is not enough:\n"
         "generate a new key file, have it added with --replace --compromised, and name the old one as previous_key.\n",
     .options = rotate_options,
     .least = 1,
     .most = 1,
     .run = run_rotate},
    {.name = "key passphrase",
     .synopsis = "KEY",
     .summary = "lock a key file with another passphrase",
     .examples =
         "  hotline key passphrase be-baken.key\n  hotline key passphrase be-baken.key --passphrase-file new.txt\n",
     .options = passphrase_options,
     .least = 1,
     .most = 1,
     .run = run_passphrase},
    {0},
};
