/* cli: talk, data, and the small things that all commands do alike. Never decides what a command means. */
#include "cli.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "cli_text.h"
#include "proto/case_phrase.h"
#include "proto/country.h"
#include "proto/limits.h"

static void talk(const char *prefix, const char *format, va_list args)
{
    char line[2 * CLI_HINT_MAX];
    vsnprintf(line, sizeof line, format, args);
    struct buf clean;
    buf_init(&clean);
    buf_add_text(&clean, prefix);
    size_t len = strlen(line);
    while (len > 0 && line[len - 1] == '\n')
        line[--len] = '\0';
    cli_text_clean_lines(&clean, line, 0);
    buf_add_u8(&clean, '\n');
    fputs(buf_text(&clean), stderr);
    buf_free(&clean);
}

void cli_talk(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    talk("", format, args);
    va_end(args);
}

void cli_warn(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    talk("warning: ", format, args);
    va_end(args);
}

int cli_fail(struct cli *cli, int error, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(cli->note.text, sizeof cli->note.text, format, args);
    va_end(args);
    return error;
}

int cli_failed(struct cli *cli, int error)
{
    if (cli->note.text[0] == '\0')
        snprintf(cli->note.text, sizeof cli->note.text, "%s", err_text(error));
    return error;
}

void cli_hint(struct cli *cli, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(cli->hint, sizeof cli->hint, format, args);
    va_end(args);
}

bool cli_language(const char *locale, char language[LIMIT_LANGUAGE_CHARS + 1])
{
    size_t len = locale != NULL ? strcspn(locale, "-_.@") : 0;
    snprintf(language, LIMIT_LANGUAGE_CHARS + 1, "en");
    if (len == 0 || len > LIMIT_LANGUAGE_CHARS)
        return false;
    char wanted[LIMIT_LANGUAGE_CHARS + 1];
    snprintf(wanted, sizeof wanted, "%.*s", (int)len, locale);
    if (!case_phrase_speaks(wanted))
        return false;
    snprintf(language, LIMIT_LANGUAGE_CHARS + 1, "%s", wanted);
    return true;
}

int cli_take_language(struct cli *cli, const struct cli_args *args)
{
    const char *wanted = cli_args_text(args, "lang", NULL);
    if (wanted == NULL || cli_language(wanted, cli->language))
        return OK;
    return cli_fail(cli, ERR_USAGE, "--lang: there are no phrases in %.20s: de, en, es, fr, hu, it, pl or ro", wanted);
}

int cli_form_of(struct cli *cli, const struct cli_args *args, enum cli_form *ret_form)
{
    static const char *const names[] = {"table", "json", "jsonl"};
    const char *name = cli_args_text(args, "output", "table");
    for (size_t i = 0; i < 3; i++) {
        if (strcmp(name, names[i]) == 0) {
            *ret_form = (enum cli_form)i;
            return OK;
        }
    }
    return cli_fail(cli, ERR_USAGE, "-o %s: there is table, json and jsonl", name);
}

int cli_write(struct cli *cli, struct buf *text)
{
    if (buf_broken(text))
        return cli_fail(cli, ERR_NOMEM, "out of memory");
    if (fwrite(text->data, 1, text->len, stdout) != text->len || fflush(stdout) != 0)
        return cli_fail(cli, ERR_IO, "cannot write to standard output: %s", strerror(errno));
    return OK;
}

static int add_json(struct buf *out, const struct jdoc *doc, bool pretty)
{
    struct buf raw;
    buf_init(&raw);
    int error = jdoc_write(doc, pretty, &raw);
    if (error == OK)
        cli_text_escape_json(out, buf_text(&raw));
    buf_add_u8(out, '\n');
    buf_free(&raw);
    return error;
}

int cli_write_doc(struct cli *cli, enum cli_form form, const struct jdoc *doc)
{
    struct buf out;
    buf_init(&out);
    int error = OK;
    if (form == CLI_JSONL && jdoc_type(doc) == JDOC_ARRAY) {
        for (size_t i = 0; i < jdoc_count(doc) && error == OK; i++)
            error = add_json(&out, jdoc_at(doc, i), false);
    } else {
        error = add_json(&out, doc, form == CLI_JSON);
    }
    error = error == OK ? cli_write(cli, &out) : cli_failed(cli, error);
    buf_free(&out);
    return error;
}

static bool wants_colour(void)
{
    const char *no_colour = getenv("NO_COLOR"), *term = getenv("TERM");
    return isatty(STDOUT_FILENO) && (no_colour == NULL || no_colour[0] == '\0') && term != NULL &&
        strcmp(term, "dumb") != 0;
}

void cli_add_coloured(struct buf *out, const char *sgr, const char *text)
{
    bool colour = wants_colour();
    if (colour)
        buf_printf(out, "\033[%sm", sgr);
    cli_text_clean(out, text);
    if (colour)
        buf_add_text(out, "\033[0m");
}

static void add_once(struct jdoc *array, const char *code)
{
    for (size_t i = 0; i < jdoc_count(array); i++)
        if (strcmp(jdoc_text(jdoc_at(array, i)), code) == 0)
            return;
    jdoc_add_text(array, code);
}

static int add_country(struct cli *cli, const char *option, const char *text, struct jdoc *array)
{
    if (country_index(text) >= 0) {
        add_once(array, text);
        return OK;
    }
    int near = country_find(text);
    if (near >= 0)
        return cli_fail(cli, ERR_UNKNOWN, "%s: \"%s\" is not a country code; did you mean %s (%s)?", option, text,
                        country_code(near), country_name(near));
    cli_hint(cli, "Countries are two capital letters of ISO 3166-1: GR, IT, XK.");
    return cli_fail(cli, ERR_UNKNOWN, "%s: \"%s\" is not a country code", option, text);
}

int cli_add_countries(struct cli *cli, const char *option, const char *list, struct jdoc *array)
{
    while (true) {
        size_t len = strcspn(list, ",");
        char code[64];
        snprintf(code, sizeof code, "%.*s", (int)(len < sizeof code ? len : sizeof code - 1), list);
        int error = add_country(cli, option, code, array);
        if (error != OK || list[len] == '\0')
            return error;
        list += len + 1;
    }
}

int cli_add_neighbours(struct cli *cli, const char *country, struct jdoc *array)
{
    int index = country_index(country);
    if (index < 0)
        return cli_fail(cli, ERR_UNKNOWN, "--neighbours: this member's country \"%s\" is not known here", country);
    uint16_t beside[COUNTRY_COUNT];
    size_t count = country_neighbours(index, beside, COUNTRY_COUNT);
    for (size_t i = 0; i < count && i < COUNTRY_COUNT; i++)
        add_once(array, country_code(beside[i]));
    return OK;
}

static int read_all(struct cli *cli, int fd, const char *path, struct buf *text)
{
    while (true) {
        uint8_t *room = buf_reserve(text, 65536);
        if (room == NULL)
            return cli_fail(cli, ERR_NOMEM, "out of memory");
        ssize_t got = read(fd, room, 65536);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return cli_fail(cli, ERR_IO, "cannot read %s: %s", path, strerror(errno));
        if (got == 0)
            return OK;
        buf_grew(text, (size_t)got);
        if (text->len > LIMIT_INPUT_BYTES)
            return cli_fail(cli, ERR_LIMIT, "%s is larger than %d bytes", path, LIMIT_INPUT_BYTES);
    }
}

int cli_read_file(struct cli *cli, const char *path, struct buf *ret_text)
{
    bool standard = strcmp(path, "-") == 0;
    int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return cli_fail(cli, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, "cannot read %s: %s", path, strerror(errno));
    struct buf text;
    buf_init(&text);
    int error = read_all(cli, fd, standard ? "standard input" : path, &text);
    if (!standard)
        close(fd);
    if (error != OK) {
        buf_free(&text);
        return error;
    }
    *ret_text = text;
    return OK;
}

int cli_read_doc(struct cli *cli, const char *path, struct jdoc **ret_doc)
{
    struct buf text;
    int error = cli_read_file(cli, path, &text);
    if (error != OK)
        return error;
    error = jdoc_parse(buf_slice(&text), strcmp(path, "-") == 0 ? "standard input" : path, &cli->note, ret_doc);
    buf_free(&text);
    return error == OK ? OK : cli_failed(cli, error);
}
