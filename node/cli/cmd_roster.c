/* cmd_roster: the authority's desk, offline: who is on the roster. Signing is in cmd_roster_sign.c. */
#include <errno.h>
#include <inttypes.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli_draft.h"
#include "cli_prompt.h"
#include "cli_table.h"
#include "cli_view.h"
#include "cmd.h"
#include "cmd_roster_sign.h"
#include "proto/clock.h"
#include "proto/form.h"
#include "proto/keyfile.h"
#include "proto/mapper.h"

/* A former key counts for so long after its successor came. */
#define FORMER_US (30 * CLOCK_DAY_US)

static void set_hex(struct jdoc *entry, const char *key, ProtobufCBinaryData bytes)
{
    char text[2 * KEY_BYTES + 1] = "";
    if (bytes.len == KEY_BYTES)
        buf_hex(wire_slice(bytes), text);
    jdoc_set_text(entry, key, text);
}

static struct jdoc *entry_of(const Hotline__MembershipRequest *request)
{
    struct jdoc *entry = jdoc_object();
    jdoc_set_text(entry, "id", request->id);
    jdoc_set_text(entry, "country", request->country);
    jdoc_set_text(entry, "name", request->name);
    set_hex(entry, "identity_key", request->identity_key);
    set_hex(entry, "transport_key", request->transport_key);
    if (request->n_endpoints > 0) {
        struct jdoc *endpoints = jdoc_set_doc(entry, "endpoints", jdoc_array());
        for (size_t i = 0; i < request->n_endpoints; i++)
            jdoc_add_text(endpoints, request->endpoints[i]);
    }
    return entry;
}

static int set_role(struct cli *cli, const struct cli_args *args, struct jdoc *entry)
{
    static const char *const roles[] = {"HOTLINE", "MEDIATOR", "OBSERVER", "PROBE"};
    const char *role = cli_args_text(args, "role", "hotline");
    for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++) {
        if (strcasecmp(role, roles[i]) == 0) {
            jdoc_set_text(entry, "role", roles[i]);
            return OK;
        }
    }
    return cli_fail(cli, ERR_UNKNOWN, "--role %s: there is hotline, mediator, observer and probe", role);
}

/* "el,en" as an array, each checked. */
static int set_languages(struct cli *cli, const char *list, struct jdoc *entry)
{
    struct jdoc *languages = jdoc_set_doc(entry, "languages", jdoc_array());
    while (list != NULL) {
        char one[LIMIT_LANGUAGE_CHARS + 2];
        size_t len = strcspn(list, ",");
        snprintf(one, sizeof one, "%.*s", (int)(len < sizeof one ? len : sizeof one - 1), list);
        if (!form_is_language(one))
            return cli_fail(cli, ERR_INVALID, "--languages: \"%s\" is not a language tag (BCP 47): el, en, pt-PT", one);
        jdoc_add_text(languages, one);
        list = list[len] == ',' ? list + len + 1 : NULL;
    }
    return OK;
}

static int set_member_fields(struct cli *cli, const struct cli_args *args, struct jdoc *entry)
{
    const char *phone = cli_args_text(args, "phone", NULL), *until = cli_args_text(args, "until", NULL);
    int64_t until_us = 0;
    int error = set_role(cli, args, entry);
    jdoc_set_text(entry, "standing", "ACTIVE");
    if (error == OK && phone != NULL && !form_is_phone(phone))
        error = cli_fail(cli, ERR_INVALID, "--phone \"%s\": a telephone number is + and digits: +3225550000", phone);
    if (error == OK && phone != NULL)
        jdoc_set_text(entry, "emergency_phone", phone);
    if (error == OK && cli_args_has(args, "languages"))
        error = set_languages(cli, cli_args_text(args, "languages", ""), entry);
    if (error == OK && until != NULL && clock_parse(until, &until_us) != OK)
        error = cli_fail(cli, ERR_INVALID, "--until \"%s\": a time is written 2028-12-31T23:59:59Z", until);
    if (error == OK && until != NULL)
        jdoc_set_text(entry, "accredited_until_us", until);
    if (error == OK && cli_args_has(args, "may-subscribe"))
        error = cli_add_countries(cli, "--may-subscribe", cli_args_text(args, "may-subscribe", ""),
                                  jdoc_set_doc(entry, "may_subscribe", jdoc_array()));
    return error;
}

/* What was decided before and is not said anew stays: a suspended member is not let in again by new keys. */
static void inherit(const struct cli_args *args, const struct jdoc *old, struct jdoc *entry)
{
    static const struct {
        const char *field, *option;
    } kept[] = {{"standing", ""},
                {"role", "role"},
                {"emergency_phone", "phone"},
                {"languages", "languages"},
                {"accredited_until_us", "until"},
                {"may_subscribe", "may-subscribe"}};
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++)
        if (!cli_args_has(args, kept[i].option) && jdoc_get(old, kept[i].field) != NULL)
            jdoc_set_doc(entry, kept[i].field, jdoc_copy(jdoc_get(old, kept[i].field)));
}

/* The key before this one stays good for what it signed, for a while; unless it may be in wrong hands. */
static void keep_former(const struct jdoc *old, struct jdoc *entry)
{
    const char *key = jdoc_get_text(old, "identity_key", "");
    if (strcmp(key, jdoc_get_text(entry, "identity_key", "")) == 0)
        return;
    char until[CLOCK_TEXT_MAX];
    clock_format(clock_wall_us() + FORMER_US, until);
    struct jdoc *list = jdoc_set_doc(entry, "former_keys", jdoc_array());
    struct jdoc *former = jdoc_add_doc(list, jdoc_object());
    jdoc_set_text(former, "identity_key", key);
    jdoc_set_text(former, "until_us", until);
}

static int put_entry(struct cli *cli, const struct cli_args *args, struct jdoc *draft, struct jdoc *entry)
{
    const char *id = jdoc_get_text(entry, "id", "");
    bool relay = jdoc_get(entry, "endpoints") != NULL;
    const char *list = relay ? "relays" : "members";
    const struct jdoc *old = cli_draft_find(draft, list, id);
    int error = relay ? OK : set_member_fields(cli, args, entry);
    if (error == OK && old != NULL && !cli_args_has(args, "replace")) {
        cli_hint(cli, "--replace puts the new keys in the place of the old ones.");
        error = cli_fail(cli, ERR_EXISTS, "%s is on the roster already", id);
    }
    if (error != OK) {
        jdoc_free(entry);
        return error;
    }
    if (old != NULL && !relay)
        inherit(args, old, entry);
    if (old != NULL && !relay && !cli_args_has(args, "compromised"))
        keep_former(old, entry);
    cli_draft_put(draft, list, id, entry);
    return OK;
}

static int read_request(struct cli *cli, const char *path, Hotline__MembershipRequest **ret_request)
{
    struct buf bytes;
    buf_init(&bytes);
    int error = keyfile_slurp(path, LIMIT_KEYFILE_BYTES, &bytes, &cli->note);
    if (error == OK && (error = roster_request_read(buf_slice(&bytes), &cli->note, ret_request)) != OK)
        err_prefix(&cli->note, path);
    buf_free(&bytes);
    return error == OK ? OK : cli_failed(cli, error);
}

static int run_add(struct cli *cli, const struct cli_args *args)
{
    const char *dir = cli_args_at(args, 0);
    Hotline__MembershipRequest *request = NULL;
    struct jdoc *draft = NULL;
    int error = cli_draft_load(cli, dir, &draft);
    if (error == OK)
        error = read_request(cli, cli_args_at(args, 1), &request);
    if (error == OK)
        error = put_entry(cli, args, draft, entry_of(request));
    if (error == OK)
        error = cli_draft_save(cli, dir, draft);
    if (error == OK) {
        char fingerprint[KEY_FINGERPRINT_MAX];
        key_fingerprint(request->identity_key.data, fingerprint);
        cli_talk("%s (%s): compare its fingerprint by telephone before signing:\n%s", request->id, request->country,
                 fingerprint);
    }
    jdoc_free(draft);
    mapper_free(request != NULL ? &request->base : NULL, NULL);
    return error;
}

static int set_standing(struct cli *cli, const struct cli_args *args, const char *standing)
{
    const char *dir = cli_args_at(args, 0), *id = cli_args_at(args, 1);
    struct jdoc *draft = NULL;
    int error = cli_draft_load(cli, dir, &draft);
    if (error != OK)
        return error;
    const struct jdoc *member = cli_draft_find(draft, "members", id), *relay = cli_draft_find(draft, "relays", id);
    if (member != NULL) {
        struct jdoc *entry = jdoc_copy(member);
        jdoc_set_text(entry, "standing", standing);
        cli_draft_put(draft, "members", id, entry);
    } else if (relay != NULL && strcmp(standing, "WITHDRAWN") == 0) {
        cli_draft_put(draft, "relays", id, NULL);
    } else if (relay != NULL) {
        error = cli_fail(cli, ERR_USAGE, "%s is a relay: it can only be withdrawn", id);
    } else {
        cli_hint(cli, "`hotline roster show %s` lists who is on it.", dir);
        error = cli_fail(cli, ERR_NOT_FOUND, "there is no \"%s\" on this roster", id);
    }
    if (error == OK)
        error = cli_draft_save(cli, dir, draft);
    if (error == OK)
        cli_talk("%s: %s, once the roster is signed: hotline roster sign %s -o FILE", id, standing, dir);
    jdoc_free(draft);
    return error;
}

static int run_suspend(struct cli *cli, const struct cli_args *args)
{
    return set_standing(cli, args, "SUSPENDED");
}

static int run_withdraw(struct cli *cli, const struct cli_args *args)
{
    return set_standing(cli, args, "WITHDRAWN");
}

static int run_reinstate(struct cli *cli, const struct cli_args *args)
{
    return set_standing(cli, args, "ACTIVE");
}

/* A folder's draft, or a signed roster's content with version and times. */
static int load_any(struct cli *cli, const char *path, struct jdoc **ret_doc)
{
    struct stat facts;
    if (stat(path, &facts) == 0 && S_ISDIR(facts.st_mode))
        return cli_draft_load(cli, path, ret_doc);
    Hotline__Roster *roster = NULL;
    int error = cmd_roster_peek(cli, path, NULL, &roster);
    if (error != OK)
        return error;
    *ret_doc = cli_draft_doc(roster);
    mapper_free(&roster->base, NULL);
    return OK;
}

static int add_members(const struct jdoc *members, struct buf *out)
{
    static const char *const headers[] = {"MEMBER", "COUNTRY", "NAME", "ROLE", "STANDING", "PHONE", "MAY SUBSCRIBE TO"};
    struct cli_table *table = cli_table_new(headers, 7);
    if (table == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < jdoc_count(members); i++) {
        const struct jdoc *one = jdoc_at(members, i);
        char may[CLI_VIEW_LIST_MAX];
        cli_view_list(jdoc_get(one, "may_subscribe"), may);
        cli_table_cell(table, jdoc_get_text(one, "id", NULL));
        cli_table_cell(table, jdoc_get_text(one, "country", NULL));
        cli_table_cell(table, jdoc_get_text(one, "name", NULL));
        cli_table_cell(table, jdoc_get_text(one, "role", NULL));
        cli_table_cell(table, jdoc_get_text(one, "standing", NULL));
        cli_table_cell(table, jdoc_get_text(one, "emergency_phone", NULL));
        cli_table_cell(table, jdoc_count(jdoc_get(one, "may_subscribe")) == 0 ? "all" : may);
    }
    int error = cli_table_write(table, out);
    cli_table_free(table);
    return error;
}

static int add_relays(const struct jdoc *relays, struct buf *out)
{
    static const char *const headers[] = {"RELAY", "COUNTRY", "NAME", "ENDPOINTS"};
    struct cli_table *table = cli_table_new(headers, 4);
    if (table == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < jdoc_count(relays); i++) {
        const struct jdoc *one = jdoc_at(relays, i);
        char endpoints[CLI_VIEW_LIST_MAX];
        cli_view_list(jdoc_get(one, "endpoints"), endpoints);
        cli_table_cell(table, jdoc_get_text(one, "id", NULL));
        cli_table_cell(table, jdoc_get_text(one, "country", NULL));
        cli_table_cell(table, jdoc_get_text(one, "name", NULL));
        cli_table_cell(table, endpoints);
    }
    buf_add_u8(out, '\n');
    int error = cli_table_write(table, out);
    cli_table_free(table);
    return error;
}

static int run_show(struct cli *cli, const struct cli_args *args)
{
    enum cli_form form;
    struct jdoc *doc = NULL;
    int error = cli_form_of(cli, args, &form);
    if (error == OK)
        error = load_any(cli, cli_args_at(args, 0), &doc);
    if (error != OK)
        return error;
    if (form != CLI_TABLE) {
        error = cli_write_doc(cli, form, doc);
        jdoc_free(doc);
        return error;
    }
    struct buf out;
    buf_init(&out);
    if (jdoc_get(doc, "version") != NULL)
        buf_printf(&out, "version %" PRId64 ", issued %s, expires %s (signatures not checked: roster verify)\n\n",
                   jdoc_get_int(doc, "version", 0), jdoc_get_text(doc, "issued_at_us", "?"),
                   jdoc_get_text(doc, "expires_at_us", "?"));
    error = add_members(jdoc_get(doc, "members"), &out);
    if (error == OK)
        error = add_relays(jdoc_get(doc, "relays"), &out);
    error = error == OK ? cli_write(cli, &out) : cli_failed(cli, error);
    buf_free(&out);
    jdoc_free(doc);
    return error;
}

static int run_diff(struct cli *cli, const struct cli_args *args)
{
    const char *first = cli_args_at(args, 0), *second = cli_args_at(args, 1);
    char last[CLI_DRAFT_PATH_MAX];
    struct jdoc *before = NULL, *after = NULL;
    int error = OK;
    if (second == NULL) {
        error = cli_draft_path(cli, first, CMD_ROSTER_LAST, last);
        second = first;
        first = last;
    }
    /* Before the first signing everything is new. */
    bool unsigned_yet = error == OK && first == last && access(last, F_OK) != 0 && errno == ENOENT;
    if (unsigned_yet)
        before = cli_draft_new();
    else if (error == OK)
        error = load_any(cli, first, &before);
    if (error == OK)
        error = load_any(cli, second, &after);
    struct buf out;
    buf_init(&out);
    if (error == OK && cli_draft_diff(before, after, &out) == 0)
        cli_talk("No difference.");
    else if (error == OK)
        error = cli_write(cli, &out);
    buf_free(&out);
    jdoc_free(before);
    jdoc_free(after);
    return error;
}

static const struct cli_args_option init_options[] = {
    {"keys", 0, CLI_ARGS_VALUE, "N", "how many authority keys (default 1)"},
    {"threshold", 0, CLI_ARGS_VALUE, "K", "how many must sign (default: more than half)"},
    CLI_PROMPT_OPTIONS,
    CLI_OPTION_END,
};
static const struct cli_args_option add_options[] = {
    {"role", 0, CLI_ARGS_VALUE, "ROLE", "hotline (default), mediator, observer, probe"},
    {"phone", 0, CLI_ARGS_VALUE, "PHONE", "emergency phone: +3225550000"},
    {"languages", 0, CLI_ARGS_VALUE, "TAGS", "el,en"},
    {"may-subscribe", 0, CLI_ARGS_VALUE, "COUNTRIES", "whose cases it may subscribe to (default: all)"},
    {"until", 0, CLI_ARGS_VALUE, "TIME", "accredited until: 2028-12-31T23:59:59Z"},
    {"replace", 0, CLI_ARGS_FLAG, NULL, "it is on the roster: take its new keys, the old identity for 30 days more"},
    {"compromised", 0, CLI_ARGS_FLAG, NULL, "with --replace: the old key counts no more at all"},
    CLI_OPTION_END,
};
static const struct cli_args_option no_options[] = {CLI_OPTION_END};
static const struct cli_args_option show_options[] = {CLI_OPTION_OUTPUT, CLI_OPTION_END};

const struct cli_command cmd_roster[] = {
    {.name = "roster init",
     .synopsis = "DIR [--keys N] [--threshold K]",
     .summary = "make an authority: its keys and an empty roster",
     .examples = "  hotline roster init net\n  hotline roster init net --keys 3 --threshold 2\n",
     .notes = "DIR gets authority.pub, authority.key (or authority-1.key ...) and draft.json.\n",
     .options = init_options,
     .least = 1,
     .most = 1,
     .run = cmd_roster_init_run},
    {.name = "roster rekey",
     .synopsis = "DIR [--keys N] [--threshold K]",
     .summary = "new authority keys, for the next roster and those after it",
     .examples = "  hotline roster rekey net --keys 3 --threshold 2\n  hotline roster sign net -o roster.signed\n",
     .notes = "The roster that brings the new keys is signed by the old threshold and by the new one.\n",
     .options = init_options,
     .least = 1,
     .most = 1,
     .run = cmd_roster_rekey_run},
    {.name = "roster add",
     .synopsis = "DIR REQUEST [--role ROLE] [--phone PHONE] [OPTION]...",
     .summary = "take a hotline or a relay onto the roster",
     .examples = "  hotline roster add net be-baken.request --role hotline --phone +3225550000 --languages fr,nl,de\n"
                 "  hotline roster add net relay-1.request\n",
     .options = add_options,
     .least = 2,
     .most = 2,
     .run = run_add},
    {.name = "roster suspend",
     .synopsis = "DIR ID",
     .summary = "a member that may finish, and open nothing",
     .examples = "  hotline roster suspend net pl-kompas\n",
     .options = no_options,
     .least = 2,
     .most = 2,
     .run = run_suspend},
    {.name = "roster withdraw",
     .synopsis = "DIR ID",
     .summary = "cut off a member, or take a relay out",
     .examples = "  hotline roster withdraw net be-baken && hotline roster sign net -o roster.signed\n",
     .options = no_options,
     .least = 2,
     .most = 2,
     .run = run_withdraw},
    {.name = "roster reinstate",
     .synopsis = "DIR ID",
     .summary = "a suspended or withdrawn member is active again",
     .examples = "  hotline roster reinstate net pl-kompas\n",
     .options = no_options,
     .least = 2,
     .most = 2,
     .run = run_reinstate},
    {.name = "roster sign",
     .synopsis = "DIR -o FILE [--with KEYFILE]... [--expires 90d] [--renew]",
     .summary = "sign the roster, or add a signature",
     .examples = "  hotline roster sign net -o roster.signed\n"
                 "  hotline roster sign net --with /media/stick/authority-2.key -o roster.signed\n",
     .notes = "When the content has changed since the last signing it makes the next version, else it adds its\n"
              "signatures to FILE. It signs with each of DIR/authority*.key that it can open,\n"
              "or with those named by --with.\n",
     .options = cmd_roster_sign_options,
     .least = 1,
     .most = 1,
     .run = cmd_roster_sign_run},
    {.name = "roster verify",
     .synopsis = "FILE --authority PUB",
     .summary = "is this roster signed by the authority, and in force?",
     .examples = "  hotline roster verify roster.signed --authority authority.pub\n",
     .options = cmd_roster_verify_options,
     .least = 1,
     .most = 1,
     .run = cmd_roster_verify_run},
    {.name = "roster diff",
     .synopsis = "DIR | BEFORE AFTER",
     .summary = "what changed",
     .examples = "  hotline roster diff net\n  hotline roster diff old.signed roster.signed\n",
     .notes = "DIR alone compares what was signed last with the draft; before the first signing all of it is new.\n",
     .options = no_options,
     .least = 1,
     .most = 2,
     .run = run_diff},
    {.name = "roster show",
     .synopsis = "DIR|FILE [-o FORMAT]",
     .summary = "who is on it",
     .examples = "  hotline roster show net\n  hotline roster show roster.signed -o json | jq '.members[].id'\n",
     .options = show_options,
     .least = 1,
     .most = 1,
     .run = run_show},
    {0},
};
