/* cli_args: reads arguments by a table. Must never guess: what the table does not list is refused by its name. */
#include "cli_args.h"

#include "proto/near.h"

struct parser {
    const char *const *argv;
    size_t argc, at;
    const struct cli_args_option *const *tables;
    struct err_note *note;
    struct cli_args args;
};

const char *cli_args_near(const char *word, const char *const *names, size_t count)
{
    const char *best = NULL;
    for (size_t i = 0; i < count; i++)
        if (near_enough(word, names[i]) && (best == NULL || near_distance(word, names[i]) < near_distance(word, best)))
            best = names[i];
    return best;
}

static const struct cli_args_option *find(const struct parser *parser, const char *name, size_t len, char letter)
{
    for (size_t t = 0; t < 2; t++)
        for (const struct cli_args_option *o = parser->tables[t]; o != NULL && o->name != NULL; o++)
            if (letter != 0 ? o->letter == letter : strlen(o->name) == len && strncmp(o->name, name, len) == 0)
                return o;
    return NULL;
}

static int refuse_unknown(const struct parser *parser, const char *argument)
{
    const char *word = argument + strspn(argument, "-"), *best = NULL;
    char name[48];
    snprintf(name, sizeof name, "%.*s", (int)strcspn(word, "="), word);
    for (size_t t = 0; t < 2; t++)
        for (const struct cli_args_option *o = parser->tables[t]; o != NULL && o->name != NULL; o++)
            if (near_enough(name, o->name) &&
                (best == NULL || near_distance(name, o->name) < near_distance(name, best)))
                best = o->name;
    if (best != NULL)
        return err_set(parser->note, ERR_USAGE, "unknown option %.60s; did you mean --%s?", argument, best);
    return err_set(parser->note, ERR_USAGE, "unknown option %.60s", argument);
}

static int add_given(struct parser *parser, const struct cli_args_option *option, const char *value)
{
    if (option->kind == CLI_ARGS_VALUE && cli_args_has(&parser->args, option->name))
        return err_set(parser->note, ERR_USAGE, "--%s is given twice", option->name);
    parser->args.given[parser->args.given_count++] = (struct cli_args_given){option, value};
    return OK;
}

static int take_value(struct parser *parser, const struct cli_args_option *option, const char *joined)
{
    if (option->kind == CLI_ARGS_FLAG)
        return joined == NULL ? add_given(parser, option, NULL) :
                                err_set(parser->note, ERR_USAGE, "--%s takes no value", option->name);
    if (joined != NULL)
        return add_given(parser, option, joined);
    const char *next = parser->at < parser->argc ? parser->argv[parser->at] : NULL;
    bool is_option =
        next != NULL && strncmp(next, "--", 2) == 0 && find(parser, next + 2, strcspn(next + 2, "="), 0) != NULL;
    if (next == NULL || is_option)
        return err_set(parser->note, ERR_USAGE, "--%s needs a value: --%s %s", option->name, option->name,
                       option->value);
    parser->at++;
    return add_given(parser, option, next);
}

static int take_long(struct parser *parser, const char *argument)
{
    const char *name = argument + 2;
    size_t len = strcspn(name, "=");
    const struct cli_args_option *option = find(parser, name, len, 0);
    if (option == NULL)
        return refuse_unknown(parser, argument);
    return take_value(parser, option, name[len] == '=' ? name + len + 1 : NULL);
}

static int take_short(struct parser *parser, const char *argument)
{
    const struct cli_args_option *option = find(parser, NULL, 0, argument[1]);
    if (option == NULL)
        return refuse_unknown(parser, argument);
    return take_value(parser, option, argument[2] != '\0' ? argument + 2 : NULL);
}

static int take_all(struct parser *parser)
{
    bool only_positional = false;
    while (parser->at < parser->argc) {
        const char *argument = parser->argv[parser->at++];
        int error = OK;
        if (only_positional || argument[0] != '-' || argument[1] == '\0')
            parser->args.positional[parser->args.positional_count++] = argument;
        else if (strcmp(argument, "--") == 0)
            only_positional = true;
        else
            error = argument[1] == '-' ? take_long(parser, argument) : take_short(parser, argument);
        if (error != OK)
            return error;
    }
    return OK;
}

int cli_args_parse(const char *const *argv, size_t argc, const struct cli_args_option *const tables[2],
                   struct err_note *note, struct cli_args *ret_args)
{
    struct parser parser = {.argv = argv, .argc = argc, .tables = tables, .note = note};
    parser.args.given = calloc(argc + 1, sizeof *parser.args.given);
    parser.args.positional = calloc(argc + 1, sizeof *parser.args.positional);
    int error = parser.args.given == NULL || parser.args.positional == NULL ? ERR_NOMEM : take_all(&parser);
    if (error != OK) {
        cli_args_done(&parser.args);
        return error;
    }
    *ret_args = parser.args;
    return OK;
}

void cli_args_done(struct cli_args *args)
{
    free(args->given);
    free(args->positional);
    *args = (struct cli_args){0};
}

const char *cli_args_next(const struct cli_args *args, const char *name, size_t *index)
{
    while (*index < args->given_count) {
        const struct cli_args_given *given = &args->given[(*index)++];
        if (strcmp(given->option->name, name) == 0)
            return given->value != NULL ? given->value : "";
    }
    return NULL;
}

bool cli_args_has(const struct cli_args *args, const char *name)
{
    size_t index = 0;
    return cli_args_next(args, name, &index) != NULL;
}

const char *cli_args_text(const struct cli_args *args, const char *name, const char *fallback)
{
    size_t index = 0;
    const char *value = cli_args_next(args, name, &index);
    return value != NULL ? value : fallback;
}

const char *cli_args_at(const struct cli_args *args, size_t index)
{
    return index < args->positional_count ? args->positional[index] : NULL;
}
