/* cmd_db: backup of a running node, restore and check of a stopped one. Never writes over a file. */
#include <errno.h>
#include <inttypes.h>
#include <unistd.h>

#include "cli_api.h"
#include "cmd.h"
#include "proto/clock.h"
#include "proto/db.h"

#define PATH_BYTES 4096

/* The node has a working folder of its own: it is handed an absolute path. */
static int absolute(struct cli *cli, const char *path, char room[PATH_BYTES])
{
    char here[PATH_BYTES];
    if (path[0] != '/' && getcwd(here, sizeof here) == NULL)
        return cli_fail(cli, ERR_IO, "cannot tell the current folder: %s", strerror(errno));
    const char *base = path[0] == '/' ? "" : here;
    if (snprintf(room, PATH_BYTES, "%s%s%s", base, path[0] == '/' ? "" : "/", path) >= PATH_BYTES)
        return cli_fail(cli, ERR_LIMIT, "the path is too long");
    return OK;
}

static int run_backup(struct cli *cli, const struct cli_args *args)
{
    enum cli_form form;
    char path[PATH_BYTES];
    struct jdoc *body = jdoc_object(), *answer = NULL;
    int error = cli_form_of(cli, args, &form);
    if (error == OK)
        error = absolute(cli, cli_args_at(args, 0), path);
    if (error == OK) {
        jdoc_set_text(body, "path", path);
        error = cli_api_send(cli, "POST", "/v1/backup", body, &answer);
    }
    jdoc_free(body);
    if (error != OK)
        return error;
    if (form == CLI_TABLE)
        cli_talk("%s: %" PRId64
                 " bytes, verified. It holds personal data, encrypted; it opens with this member's key.\n"
                 "Delete it by %.10s: until then others are told that what is erased may still be in it.",
                 path, jdoc_get_int(answer, "size_bytes", 0), jdoc_get_text(answer, "delete_by", "-"));
    else
        error = cli_write_doc(cli, form, answer);
    jdoc_free(answer);
    return error;
}

static int run_restore(struct cli *cli, const struct cli_args *args)
{
    const char *backup = cli_args_at(args, 0), *store = cli_args_at(args, 1);
    char date[CLOCK_TEXT_MAX];
    struct db_facts facts;
    int error = db_restore(backup, store, &cli->note, &facts);
    if (error == ERR_EXISTS)
        cli_hint(cli, "Stop the node and move %s away first (and %s-wal, %s-shm).", store, store, store);
    if (error != OK)
        return cli_failed(cli, error);
    cli_talk("%s is restored. Start the daemon: it takes a new store id and fetches what it lacks from the relays.",
             store);
    clock_format(facts.backup_until_us, date);
    if (facts.backup_until_us != 0 && facts.backup_until_us < clock_wall_us())
        cli_talk("%s should have been deleted by %.10s: cases that were erased since are back until the daemon has "
                 "looked at their time. Delete it now.",
                 backup, date);
    return OK;
}

static int run_check(struct cli *cli, const struct cli_args *args)
{
    enum cli_form form;
    char date[CLOCK_TEXT_MAX];
    struct db_facts facts;
    int error = cli_form_of(cli, args, &form);
    if (error != OK)
        return error;
    error = db_inspect(cli_args_at(args, 0), &cli->note, &facts);
    if (error == ERR_BUSY)
        cli_hint(cli,
                 "A running node checks itself: hotline status. For the whole file, stop it first, or check a backup.");
    if (error != OK)
        return cli_failed(cli, error);
    struct jdoc *doc = jdoc_object();
    jdoc_set_text(doc, "kind", facts.kind);
    jdoc_set_text(doc, "owner", facts.owner);
    jdoc_set_int(doc, "schema", facts.schema);
    jdoc_set_int(doc, "size_bytes", facts.size_bytes);
    struct buf out;
    buf_init(&out);
    buf_printf(&out, "ok: a %s's store of %s, schema %d, %" PRId64 " bytes\n", facts.kind, facts.owner, facts.schema,
               facts.size_bytes);
    if (facts.backup_until_us != 0) {
        clock_format(facts.backup_until_us, date);
        jdoc_set_text(doc, "delete_by", date);
        buf_printf(&out, "%s %.10s: it is a backup, and holds personal data\n",
                   facts.backup_until_us < clock_wall_us() ? "it should have been deleted by" : "delete it by", date);
    }
    error = form == CLI_TABLE ? cli_write(cli, &out) : cli_write_doc(cli, form, doc);
    buf_free(&out);
    jdoc_free(doc);
    return error;
}

static const struct cli_args_option output_options[] = {CLI_OPTION_OUTPUT, CLI_OPTION_END};
static const struct cli_args_option no_options[] = {CLI_OPTION_END};

const struct cli_command cmd_db[] = {
    {.name = "db backup",
     .synopsis = "FILE [-o FORMAT]",
     .summary = "a verified copy of the running node's store",
     .examples = "  hotline db backup /var/lib/hotline-node/backup-2026-11-21.db\n",
     .notes = "The node writes the file itself, where its unit lets it: below /var/lib/hotline-node,\n"
              "unless ReadWritePaths= names another folder. Then move it to another machine;\n"
              "it opens with this member's key alone.\n",
     .options = output_options,
     .least = 1,
     .most = 1,
     .run = run_backup},
    {.name = "db restore",
     .synopsis = "BACKUP STORE",
     .summary = "put a backup in the place of a lost store (daemon stopped)",
     .examples = "  hotline db restore /media/backup/2026-11-21.db /var/lib/hotline-node/node.db\n",
     .options = no_options,
     .least = 2,
     .most = 2,
     .run = run_restore},
    {.name = "db check",
     .synopsis = "STORE [-o FORMAT]",
     .summary = "is this store or backup whole? (daemon stopped)",
     .examples = "  hotline db check /var/lib/hotline-node/node.db\n",
     .options = output_options,
     .least = 1,
     .most = 1,
     .run = run_check},
    {0},
};
