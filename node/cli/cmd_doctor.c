/* cmd_doctor: what is wrong, and what to do next; and the same questions one by one for whoever watches machines. */
#include <errno.h>
#include <sys/stat.h>

#include "cli_api.h"
#include "cli_health.h"
#include "cli_table.h"
#include "cmd.h"
#include "proto/clock.h"

/* ---- check ---- */

static int read_form(struct cli *cli, const struct cli_args *args, enum cli_health_form *ret_form)
{
    static const char *const names[] = {"nagios", "json", "prometheus"};
    const char *name = cli_args_text(args, "format", "nagios");
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(name, names[i]) == 0) {
            *ret_form = (enum cli_health_form)i;
            return OK;
        }
    }
    return cli_fail(cli, ERR_USAGE, "--format %.40s: there is nagios, json and prometheus", name);
}

static bool is_check(const char *name)
{
    for (size_t i = 0; cli_health_checks[i] != NULL; i++)
        if (strcmp(cli_health_checks[i], name) == 0)
            return true;
    return false;
}

/* A node that does not answer fails every question. */
static void find_unreached(struct cli *cli, const char *check, struct cli_health *health)
{
    *health = (struct cli_health){.check = check, .state = CLI_HEALTH_CRITICAL};
    snprintf(health->text, sizeof health->text, "%.380s", err_explain(&cli->note, ERR_UNREACHABLE));
    snprintf(health->next, sizeof health->next, "hotline doctor");
}

static int run_check(struct cli *cli, const struct cli_args *args)
{
    const char *check = cli_args_at(args, 0);
    enum cli_health_form form = CLI_HEALTH_NAGIOS;
    struct cli_health health;
    struct jdoc *status = NULL;
    struct buf out;
    cli->exit_status = CLI_HEALTH_UNKNOWN;
    int error = read_form(cli, args, &form);
    if (error == OK && !is_check(check))
        error = cli_fail(cli, ERR_USAGE, "\"%.40s\" is not checked; there is relay, delivery, roster, clock and disk",
                         check);
    if (error != OK)
        return error;
    buf_init(&out);
    if (cli_api_get(cli, "/v1/status", &status) == OK)
        error = cli_health_of(check, status, clock_wall_us(), &health);
    else
        find_unreached(cli, check, &health);
    if (error == OK)
        error = cli_health_write(&health, form, &out);
    error = error == OK ? cli_write(cli, &out) : cli_failed(cli, error);
    if (error == OK)
        cli->exit_status = (int)health.state;
    buf_free(&out);
    jdoc_free(status);
    return error;
}

/* ---- doctor ---- */

static void add_finding(struct jdoc *findings, const char *check, enum cli_health_state state, const char *text,
                        const char *next)
{
    struct jdoc *one = jdoc_add_doc(findings, jdoc_object());
    jdoc_set_text(one, "check", check);
    jdoc_set_text(one, "state", cli_health_state_name(state));
    jdoc_set_text(one, "text", text);
    if (next != NULL)
        jdoc_set_text(one, "next", next);
}

/* The socket, before anything is said through it: the commonest reasons for silence. False: nobody can answer. */
static bool see_socket(struct cli *cli, struct jdoc *findings)
{
    struct stat facts;
    char text[CLI_HEALTH_TEXT_MAX];
    const char *path = cli->socket_path;
    bool there = stat(path, &facts) == 0;
    if (!there && errno == EACCES) {
        snprintf(text, sizeof text, "this account may not reach %.200s", path);
        add_finding(findings, "socket", CLI_HEALTH_CRITICAL, text,
                    "usermod -a -G hotline ACCOUNT    (as root; then log in anew)");
    } else if (!there) {
        snprintf(text, sizeof text, "there is no socket at %.200s", path);
        add_finding(findings, "socket", CLI_HEALTH_CRITICAL, text,
                    "systemctl start hotline-node; when it is elsewhere: hotline --node SOCKET doctor");
    } else if (!S_ISSOCK(facts.st_mode)) {
        snprintf(text, sizeof text, "%.200s is not a socket", path);
        add_finding(findings, "socket", CLI_HEALTH_CRITICAL, text,
                    "hotline --node SOCKET doctor    (see `socket:` of node.yaml)");
        there = false;
    } else {
        snprintf(text, sizeof text, "%.200s, mode %04o", path, (unsigned)(facts.st_mode & 07777));
        bool open = (facts.st_mode & S_IRWXO) != 0;
        add_finding(findings, "socket", open ? CLI_HEALTH_WARNING : CLI_HEALTH_OK, text,
                    open ? "set socket_mode: 0660 in node.yaml: every account of this machine may use it" : NULL);
    }
    return there;
}

static void see_warnings(const struct jdoc *status, struct jdoc *findings)
{
    const struct jdoc *warnings = jdoc_get(status, "warnings");
    static const char *const answered[] = {"NO_RELAY",       "RELAY_AWAY",     "CLOCK", "DISK",
                                           "ROSTER_EXPIRES", "ROSTER_EXPIRED", NULL};
    for (size_t i = 0; i < jdoc_count(warnings); i++) {
        const char *code = jdoc_get_text(jdoc_at(warnings, i), "code", "");
        bool known = false;
        for (size_t a = 0; answered[a] != NULL; a++)
            known |= strcmp(answered[a], code) == 0;
        if (!known)
            add_finding(findings, code, CLI_HEALTH_WARNING, jdoc_get_text(jdoc_at(warnings, i), "text", ""),
                        "hotline status");
    }
}

static void see_node(struct cli *cli, struct jdoc *findings)
{
    struct jdoc *status = NULL;
    char text[CLI_HEALTH_TEXT_MAX];
    if (cli_api_get(cli, "/v1/status", &status) != OK) {
        add_finding(findings, "node", CLI_HEALTH_CRITICAL, err_explain(&cli->note, ERR_UNREACHABLE),
                    "systemctl status hotline-node; journalctl -u hotline-node -n 50");
        return;
    }
    snprintf(text, sizeof text, "%.40s (%.2s), %.60s", jdoc_get_text(status, "member", "?"),
             jdoc_get_text(status, "country", "?"), jdoc_get_text(status, "version", "?"));
    add_finding(findings, "node", CLI_HEALTH_OK, text, NULL);
    for (size_t i = 0; cli_health_checks[i] != NULL; i++) {
        struct cli_health health;
        if (cli_health_of(cli_health_checks[i], status, clock_wall_us(), &health) == OK)
            add_finding(findings, health.check, health.state, health.text, health.next[0] != '\0' ? health.next : NULL);
    }
    see_warnings(status, findings);
    jdoc_free(status);
}

static void see_key(const char *path, struct jdoc *findings)
{
    struct stat facts;
    char text[CLI_HEALTH_TEXT_MAX], next[CLI_HEALTH_TEXT_MAX];
    if (stat(path, &facts) != 0) {
        snprintf(text, sizeof text, "%.200s: %s", path, strerror(errno));
        add_finding(findings, "key", CLI_HEALTH_CRITICAL, text,
                    "restore it from where its copy is kept; without it nothing can be read");
        return;
    }
    bool open = !S_ISREG(facts.st_mode) || (facts.st_mode & (S_IRWXG | S_IRWXO)) != 0;
    snprintf(text, sizeof text, "%.200s, mode %04o%s", path, (unsigned)(facts.st_mode & 07777),
             open ? ": others than its owner may read it" : "");
    snprintf(next, sizeof next, "chmod 600 %.200s; who may have read it? then new keys: hotline key rotate", path);
    add_finding(findings, "key", open ? CLI_HEALTH_CRITICAL : CLI_HEALTH_OK, text, open ? next : NULL);
}

static int add_findings(const struct jdoc *findings, struct buf *out)
{
    struct cli_table *table = cli_table_new(NULL, 3);
    if (table == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < jdoc_count(findings); i++) {
        const struct jdoc *one = jdoc_at(findings, i);
        cli_table_cell(table, jdoc_get_text(one, "state", NULL));
        cli_table_cell(table, jdoc_get_text(one, "check", NULL));
        cli_table_cell(table, jdoc_get_text(one, "text", NULL));
        if (jdoc_get_text(one, "next", NULL) == NULL)
            continue;
        cli_table_cell(table, "");
        cli_table_cell(table, "next:");
        cli_table_cell(table, jdoc_get_text(one, "next", NULL));
    }
    int error = cli_table_write(table, out);
    cli_table_free(table);
    return error;
}

static size_t count_bad(const struct jdoc *findings)
{
    size_t count = 0;
    for (size_t i = 0; i < jdoc_count(findings); i++)
        count += strcmp(jdoc_get_text(jdoc_at(findings, i), "state", ""), "OK") != 0;
    return count;
}

static int run_doctor(struct cli *cli, const struct cli_args *args)
{
    enum cli_form form;
    const char *path;
    int error = cli_form_of(cli, args, &form);
    if (error != OK)
        return error;
    struct jdoc *findings = jdoc_array();
    if (see_socket(cli, findings))
        see_node(cli, findings);
    for (size_t index = 0; (path = cli_args_next(args, "key", &index)) != NULL;)
        see_key(path, findings);
    struct buf out;
    buf_init(&out);
    if (form == CLI_TABLE) {
        error = add_findings(findings, &out);
        error = error == OK ? cli_write(cli, &out) : cli_failed(cli, error);
    } else {
        error = cli_write_doc(cli, form, findings);
    }
    size_t bad = count_bad(findings);
    if (error == OK && form == CLI_TABLE)
        cli_talk(bad == 0 ? "Nothing to do." : "%zu to look at.", bad);
    if (error == OK && bad > 0)
        cli->exit_status = 1;
    buf_free(&out);
    jdoc_free(findings);
    return error;
}

static const struct cli_args_option check_options[] = {
    {"format", 0, CLI_ARGS_VALUE, "FORM", "nagios (default), json or prometheus"},
    CLI_OPTION_END,
};
static const struct cli_args_option doctor_options[] = {
    {"key", 0, CLI_ARGS_MANY, "KEYFILE", "look at this key file's permissions too"},
    CLI_OPTION_OUTPUT,
    CLI_OPTION_END,
};

const struct cli_command cmd_doctor[] = {
    {.name = "doctor",
     .synopsis = "[--key KEYFILE]... [-o FORMAT]",
     .summary = "what is wrong here, and what to do next",
     .examples = "  hotline doctor\n  hotline doctor --key /etc/hotline/node.key\n"
                 "  hotline doctor -o json | jq '.[] | select(.state!=\"OK\")'\n",
     .notes = "Socket, node, relays, deliveries, roster, clock, disk, the node's own warnings.\n"
              "Exit: 0 when all is well, 1 when there is something to look at.\n",
     .options = doctor_options,
     .run = run_doctor},
    {.name = "check",
     .synopsis = "relay|delivery|roster|clock|disk [--format FORM]",
     .summary = "one question, for whoever watches machines",
     .examples = "  hotline check relay\n  hotline check delivery --format json\n"
                 "  hotline check disk --format prometheus >/var/lib/prometheus/node-exporter/hotline.prom\n",
     .notes = "Exit: 0 ok, 1 warning, 2 critical, 3 unknown. A node that does not answer is critical.\n",
     .options = check_options,
     .least = 1,
     .most = 1,
     .run = run_check},
    {0},
};
