/* conf_sample: writes a sample file from an option table, so that sample and options cannot differ. */
#include <string.h>

#include "conf.h"
#include "conf_type.h"

#define WIDTH 100

/* Words of text behind "# ", broken before the width. */
static void write_comment(FILE *out, const char *indent, const char *text)
{
    while (*text) {
        size_t room = WIDTH - strlen(indent) - 2, len = strcspn(text, "\n");
        if (len > room) {
            len = room;
            while (len > 0 && text[len] != ' ')
                len--;
            len = len > 0 ? len : room;
        }
        fprintf(out, "%s#%s%.*s\n", indent, len ? " " : "", (int)len, text);
        text += len;
        text += *text == ' ' || *text == '\n';
    }
}

static void write_option(const struct conf_option *option, const char *indent, FILE *out)
{
    char words[CONF_TYPE_WORDS_MAX], about[2 * CONF_TYPE_WORDS_MAX];
    conf_type_words(option, words);
    const char *standard = option->standard ? option->standard : "required";
    snprintf(about, sizeof about, "%s%s%s; %s%s", option->unit ? option->unit : "", option->unit ? ": " : "", words,
             option->standard ? "default " : "", standard[0] ? standard : "none");
    write_comment(out, indent, option->doc);
    write_comment(out, indent, about);
    const char *dot = strchr(option->path, '.');
    const char *value = option->standard ? option->standard : option->example;
    /* Octal digits and nothing at all look like other types to people who know YAML: quoted. */
    bool quoted = value[0] == '\0' || option->type == CONF_MODE;
    if (conf_type_is_list(option->type))
        fprintf(out, "%s%s: [%s]\n", indent, dot ? dot + 1 : option->path, value);
    else
        fprintf(out, "%s%s: %s%s%s\n", indent, dot ? dot + 1 : option->path, quoted ? "\"" : "", value,
                quoted ? "\"" : "");
}

void conf_write_sample(const char *heading, const struct conf_option *options, size_t count, FILE *out)
{
    const char *section = "";
    size_t section_len = 0;
    write_comment(out, "", heading);
    for (size_t i = 0; i < count; i++) {
        const char *path = options[i].path, *dot = strchr(path, '.');
        size_t len = dot ? (size_t)(dot - path) : 0;
        fputc('\n', out);
        if (len > 0 && (len != section_len || strncmp(section, path, len) != 0))
            fprintf(out, "%.*s:\n", (int)len, path);
        section = path;
        section_len = len;
        write_option(&options[i], len > 0 ? "  " : "", out);
    }
}
