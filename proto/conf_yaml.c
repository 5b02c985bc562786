/* conf_yaml: libyaml's events, narrowed. Never resolves an alias and never gives a type to a scalar. */
#include "conf_yaml.h"

#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "limits.h"

struct conf_yaml {
    yaml_parser_t parser;
    yaml_event_t event;
    struct slice text;
    const char *file;
    struct conf_problems *problems;
    enum conf_yaml_kind kind;
    unsigned depth;
    bool stopped;
    bool out_of_memory;
};

int conf_yaml_open(struct slice text, const char *file, struct conf_problems *problems, struct conf_yaml **ret_yaml)
{
    struct conf_yaml *yaml = calloc(1, sizeof *yaml);
    if (yaml == NULL)
        return ERR_NOMEM;
    if (!yaml_parser_initialize(&yaml->parser)) {
        free(yaml);
        return ERR_NOMEM;
    }
    yaml->text = text;
    yaml->file = file;
    yaml->problems = problems;
    yaml_parser_set_encoding(&yaml->parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&yaml->parser, text.data, text.len);
    *ret_yaml = yaml;
    return OK;
}

void conf_yaml_close(struct conf_yaml *yaml)
{
    if (yaml == NULL)
        return;
    yaml_event_delete(&yaml->event);
    yaml_parser_delete(&yaml->parser);
    free(yaml);
}

static struct conf_place place_of(yaml_mark_t mark)
{
    return (struct conf_place){(unsigned)mark.line + 1, (unsigned)mark.column + 1};
}

/* libyaml gives only an offset for bytes that are not UTF-8. */
static struct conf_place place_at(struct slice text, size_t offset)
{
    struct conf_place place = {1, 1};
    for (size_t i = 0; i < offset && i < text.len; i++) {
        place.column++;
        if (text.data[i] == '\n')
            place = (struct conf_place){place.line + 1, 1};
    }
    return place;
}

static void object_to_syntax(struct conf_yaml *yaml)
{
    const yaml_parser_t *parser = &yaml->parser;
    if (parser->error == YAML_MEMORY_ERROR)
        yaml->out_of_memory = true;
    else if (parser->error == YAML_READER_ERROR)
        conf_problems_add(yaml->problems, yaml->file, place_at(yaml->text, parser->problem_offset),
                          "not UTF-8 text: %s", parser->problem);
    else
        conf_problems_add(yaml->problems, yaml->file, place_of(parser->problem_mark), "not YAML: %s", parser->problem);
}

/* What YAML can do and a configuration must not: names a reader would have to follow, types he cannot see. */
static const char *forbidden_in(const yaml_event_t *event)
{
    const yaml_char_t *anchor = NULL, *tag = NULL;
    if (event->type == YAML_ALIAS_EVENT)
        return "aliases (*name) are not allowed";
    if (event->type == YAML_SCALAR_EVENT) {
        anchor = event->data.scalar.anchor;
        tag = event->data.scalar.tag;
    } else if (event->type == YAML_SEQUENCE_START_EVENT) {
        anchor = event->data.sequence_start.anchor;
        tag = event->data.sequence_start.tag;
    } else if (event->type == YAML_MAPPING_START_EVENT) {
        anchor = event->data.mapping_start.anchor;
        tag = event->data.mapping_start.tag;
    }
    return anchor ? "anchors (&name) are not allowed" : tag ? "tags (!type) are not allowed" : NULL;
}

static enum conf_yaml_kind kind_of(yaml_event_type_t type)
{
    switch (type) {
    case YAML_SCALAR_EVENT:
        return CONF_YAML_SCALAR;
    case YAML_SEQUENCE_START_EVENT:
        return CONF_YAML_LIST;
    case YAML_SEQUENCE_END_EVENT:
        return CONF_YAML_LIST_END;
    case YAML_MAPPING_START_EVENT:
        return CONF_YAML_MAPPING;
    case YAML_MAPPING_END_EVENT:
        return CONF_YAML_MAPPING_END;
    case YAML_DOCUMENT_START_EVENT:
        return CONF_YAML_DOCUMENT;
    case YAML_DOCUMENT_END_EVENT:
        return CONF_YAML_DOCUMENT_END;
    case YAML_STREAM_END_EVENT:
        return CONF_YAML_FILE_END;
    default:
        return CONF_YAML_NONE;
    }
}

/* libyaml's work grows with the square of the nesting, and nothing here nests more than twice. */
static const char *too_deep(struct conf_yaml *yaml)
{
    yaml_event_type_t type = yaml->event.type;
    if (type == YAML_MAPPING_START_EVENT || type == YAML_SEQUENCE_START_EVENT)
        yaml->depth++;
    if (type == YAML_MAPPING_END_EVENT || type == YAML_SEQUENCE_END_EVENT)
        yaml->depth--;
    return yaml->depth > LIMIT_INPUT_DEPTH ? "nested too deeply" : NULL;
}

static bool parse_one(struct conf_yaml *yaml)
{
    yaml_event_delete(&yaml->event);
    if (!yaml_parser_parse(&yaml->parser, &yaml->event)) {
        object_to_syntax(yaml);
        return false;
    }
    const char *forbidden = forbidden_in(&yaml->event);
    if (forbidden == NULL)
        forbidden = too_deep(yaml);
    if (forbidden == NULL)
        return true;
    conf_problems_add(yaml->problems, yaml->file, place_of(yaml->event.start_mark), "%s", forbidden);
    return false;
}

enum conf_yaml_kind conf_yaml_next(struct conf_yaml *yaml)
{
    if (!yaml->stopped && !parse_one(yaml))
        conf_yaml_stop(yaml);
    if (!yaml->stopped && yaml->event.type == YAML_STREAM_START_EVENT && !parse_one(yaml))
        conf_yaml_stop(yaml);
    yaml->kind = yaml->stopped ? CONF_YAML_NONE : kind_of(yaml->event.type);
    return yaml->kind;
}

enum conf_yaml_kind conf_yaml_kind(const struct conf_yaml *yaml)
{
    return yaml->kind;
}

struct conf_place conf_yaml_place(const struct conf_yaml *yaml)
{
    return place_of(yaml->event.start_mark);
}

const char *conf_yaml_text(struct conf_yaml *yaml, const char *what)
{
    CHECK(yaml->kind == CONF_YAML_SCALAR);
    const char *text = (const char *)yaml->event.data.scalar.value;
    size_t len = yaml->event.data.scalar.length;
    bool clean = strlen(text) == len;
    for (size_t i = 0; i < len && clean; i++)
        clean = (unsigned char)text[i] >= 0x20 && text[i] != 0x7f;
    if (clean)
        return text;
    conf_problems_add(yaml->problems, yaml->file, conf_yaml_place(yaml),
                      "%s: control characters and line breaks are not allowed", what);
    return NULL;
}

void conf_yaml_skip(struct conf_yaml *yaml)
{
    size_t depth = 0;
    for (enum conf_yaml_kind kind = yaml->kind; kind != CONF_YAML_NONE; kind = conf_yaml_next(yaml)) {
        if (kind == CONF_YAML_MAPPING || kind == CONF_YAML_LIST)
            depth++;
        if (depth > 0 && (kind == CONF_YAML_MAPPING_END || kind == CONF_YAML_LIST_END))
            depth--;
        if (depth == 0)
            return;
    }
}

void conf_yaml_stop(struct conf_yaml *yaml)
{
    yaml->stopped = true;
    yaml->kind = CONF_YAML_NONE;
}

bool conf_yaml_stopped(const struct conf_yaml *yaml)
{
    return yaml->stopped;
}

bool conf_yaml_out_of_memory(const struct conf_yaml *yaml)
{
    return yaml->out_of_memory;
}
