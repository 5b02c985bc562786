/* cmd_note: what one shift leaves for the next. A text is an argument of no command: it comes from a file or a pipe, so
 * that it is in no list of processes and no shell's history. */
#include <string.h>

#include "cli_api.h"
#include "cli_list.h"
#include "cli_text.h"
#include "cmd.h"
#include "proto/clock.h"

static void add_note(const struct jdoc *note, int64_t now_us, struct buf *out)
{
    char time[CLI_TEXT_TIME_MAX];
    cli_text_time(jdoc_get_text(note, "at", NULL), now_us, time);
    buf_printf(out, "%.*s  %s  ", CLI_LIST_ID_SHOWN, jdoc_get_text(note, "id", "?"), time);
    cli_text_clean(out, jdoc_get_text(note, "by", "?"));
    buf_add_text(out, "\n  ");
    cli_text_clean_lines(out, jdoc_get_text(note, "text", ""), 2);
    buf_add_u8(out, '\n');
}

static int run_list(struct cli *cli, const struct cli_args *args)
{
    enum cli_form form;
    struct jdoc *page = NULL;
    struct buf out;
    int error = cli_form_of(cli, args, &form);
    if (error == OK)
        error = cli_api_get(cli, "/v1/notes", &page);
    if (error != OK)
        return error;
    const struct jdoc *items = jdoc_get(page, "items");
    int64_t now_us = clock_wall_us();
    buf_init(&out);
    for (size_t i = 0; form == CLI_TABLE && i < jdoc_count(items); i++)
        add_note(jdoc_at(items, i), now_us, &out);
    error = form != CLI_TABLE ? cli_write_doc(cli, form, items) : cli_write(cli, &out);
    if (form == CLI_TABLE && jdoc_count(items) == 0)
        cli_talk("No note is kept here.");
    buf_free(&out);
    jdoc_free(page);
    return error;
}

static int run_add(struct cli *cli, const struct cli_args *args)
{
    enum cli_form form;
    struct jdoc *request = jdoc_object(), *note = NULL;
    struct buf text, out;
    buf_init(&text);
    buf_init(&out);
    int error = cli_form_of(cli, args, &form);
    if (error == OK)
        error = cli_read_file(cli, cli_args_at(args, 0), &text);
    if (error == OK && text.len > 0 && memchr(text.data, '\0', text.len) != NULL)
        error = cli_fail(cli, ERR_INVALID, "%s: is no text", cli_args_at(args, 0));
    while (error == OK && text.len > 0 && strchr("\r\n", text.data[text.len - 1]) != NULL)
        text.len--;
    if (error == OK) {
        jdoc_set_text(request, "text", buf_text(&text));
        error = cli_api_send(cli, "POST", "/v1/notes", request, &note);
    }
    if (error == OK && form == CLI_TABLE)
        add_note(note, clock_wall_us(), &out);
    if (error == OK)
        error = form != CLI_TABLE ? cli_write_doc(cli, form, note) : cli_write(cli, &out);
    buf_free(&text);
    buf_free(&out);
    jdoc_free(note);
    jdoc_free(request);
    return error;
}

static int run_delete(struct cli *cli, const struct cli_args *args)
{
    const char *id = cli_args_at(args, 0);
    char path[CLI_API_PATH_MAX];
    int error = cli_list_check_id(cli, id, "a note");
    if (error != OK)
        cli_hint(cli, "`hotline notes` lists the notes.");
    snprintf(path, sizeof path, "/v1/notes/%.32s", id);
    if (error == OK)
        error = cli_api_delete_if(cli, path, NULL);
    if (error == OK)
        cli_talk("The note is erased.");
    return error;
}

static const struct cli_args_option options[] = {CLI_OPTION_OUTPUT, CLI_OPTION_END};
static const struct cli_args_option no_options[] = {CLI_OPTION_END};

const struct cli_command cmd_note[] = {
    {.name = "notes add",
     .synopsis = "FILE|- [-o FORMAT]",
     .summary = "leave a note for the next shift",
     .examples = "  hotline notes add note.txt\n  echo 'Night desk: Bari calls back at 6.' | hotline notes add -\n",
     .notes =
         "At most 4,000 characters. Sealed at rest, shown to whoever works the desk, never sent. It is erased when\n"
         "it is deleted, and after the node's setting retention.notes (72h).\n",
     .options = options,
     .least = 1,
     .most = 1,
     .run = run_add},
    {.name = "notes delete",
     .synopsis = "ID",
     .summary = "end a note: its key is destroyed",
     .examples = "  hotline notes delete 3f9a11c2d0e4\n",
     .options = no_options,
     .least = 1,
     .most = 1,
     .run = run_delete},
    {.name = "notes",
     .synopsis = "[-o FORMAT]",
     .summary = "what earlier shifts left, newest first",
     .examples = "  hotline notes\n  hotline notes -o json | jq -r '.[0].text'\n",
     .options = options,
     .run = run_list},
    {0},
};
