/*
 * conf: reads YAML as events, so that anchors, repeated keys and positions stay visible, and types each scalar by
 * the option table. Never guesses a type, never follows an alias, never writes anything but the sample.
 */
#include "conf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf_type.h"
#include "conf_yaml.h"
#include "country.h"

struct value {
    char *text;
    char **items;
    size_t item_count;
    int64_t number;
    unsigned line, column; /* from 1; 0: a default */
    unsigned section_line; /* on the first option of a section: where the section was opened */
};

struct conf {
    char *file;
    const struct conf_option *options;
    size_t count;
    struct value *values;
};

struct reader {
    struct conf_yaml *yaml;
    struct conf *conf;
    struct conf_problems *problems;
    bool out_of_memory;
};

PRINTF_LIKE(3, 4) static void object(struct reader *reader, struct conf_place place, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    conf_problems_vadd(reader->problems, reader->conf->file, place, format, args);
    va_end(args);
}

static void object_to_value(struct reader *reader, struct conf_place place, const struct conf_option *option,
                            const char *text, int error)
{
    char words[CONF_TYPE_WORDS_MAX], quoted[CONF_QUOTED_MAX];
    conf_type_words(option, words);
    conf_problems_quote(text, quoted);
    int country = option->type == CONF_COUNTRY_LIST ? country_find(text) : -1;
    if (country >= 0)
        object(reader, place, "%s: \"%s\" is no country code; did you mean \"%s\" (%s)?", option->path, quoted,
               country_code(country), country_name(country));
    else
        object(reader, place, "%s: \"%s\" is %s, expected %s", option->path, quoted,
               error == ERR_LIMIT ? "out of bounds" : "not valid", words);
}

static char *resolve_path(struct reader *reader, const char *path)
{
    const char *file = reader->conf->file, *slash = strrchr(file, '/');
    size_t folder = path[0] == '/' || slash == NULL ? 0 : (size_t)(slash - file) + 1;
    size_t len = strlen(path) + 1;
    char *resolved = malloc(folder + len);
    if (resolved == NULL) {
        reader->out_of_memory = true;
        return NULL;
    }
    memcpy(resolved, file, folder);
    memcpy(resolved + folder, path, len);
    return resolved;
}

static void add_item(struct reader *reader, size_t index, const char *text, struct conf_place place)
{
    const struct conf_option *option = &reader->conf->options[index];
    struct value *value = &reader->conf->values[index];
    char quoted[CONF_QUOTED_MAX];
    if (conf_type_item(option, text) != OK) {
        object_to_value(reader, place, option, text, ERR_INVALID);
        return;
    }
    if (value->item_count == conf_type_items_max(option)) {
        object(reader, place, "%s: more than %zu items", option->path, value->item_count);
        conf_yaml_stop(reader->yaml);
        return;
    }
    for (size_t i = 0; i < value->item_count; i++) {
        if (strcmp(value->items[i], text) == 0) {
            object(reader, place, "%s: \"%s\" is named twice", option->path, conf_problems_quote(text, quoted));
            return;
        }
    }
    char **items = realloc(value->items, (value->item_count + 1) * sizeof *items);
    if (items != NULL)
        value->items = items;
    char *copy = strdup(text);
    if (items == NULL || copy == NULL) {
        free(copy);
        reader->out_of_memory = true;
        return;
    }
    value->items[value->item_count++] = copy;
}

/* "BE, ES": blanks around the commas do not count; nothing at all is an empty list. */
static void set_list_from_text(struct reader *reader, size_t index, const char *text, struct conf_place place)
{
    const char *blanks = " \t";
    if (text[strspn(text, blanks)] == '\0')
        return;
    for (const char *at = text; at != NULL;) {
        at += strspn(at, blanks);
        size_t len = strcspn(at, ",");
        const char *after = at[len] ? at + len + 1 : NULL;
        while (len > 0 && strchr(blanks, at[len - 1]) != NULL)
            len--;
        char *item = strndup(at, len);
        if (item == NULL) {
            reader->out_of_memory = true;
            return;
        }
        add_item(reader, index, item, place);
        free(item);
        at = after;
    }
}

static void set_scalar(struct reader *reader, size_t index, const char *text, struct conf_place place)
{
    const struct conf_option *option = &reader->conf->options[index];
    struct value *value = &reader->conf->values[index];
    if (conf_type_is_list(option->type)) {
        set_list_from_text(reader, index, text, place);
        return;
    }
    if (text[0] == '\0') {
        if (option->standard == NULL)
            object(reader, place, "%s: is required and has no value", option->path);
        else if (option->standard[0] != '\0')
            object(reader, place, "%s: has no value; leave the line out for the default, %s", option->path,
                   option->standard);
        return;
    }
    int error = conf_type_scalar(option, text, &value->number);
    if (error) {
        object_to_value(reader, place, option, text, error);
        return;
    }
    value->text = option->type == CONF_PATH ? resolve_path(reader, text) : strdup(text);
    if (value->text == NULL)
        reader->out_of_memory = true;
}

static void read_sequence(struct reader *reader, size_t index)
{
    const struct conf_option *option = &reader->conf->options[index];
    while (conf_yaml_next(reader->yaml) != CONF_YAML_LIST_END && conf_yaml_kind(reader->yaml) != CONF_YAML_NONE) {
        struct conf_place place = conf_yaml_place(reader->yaml);
        if (conf_yaml_kind(reader->yaml) != CONF_YAML_SCALAR) {
            object(reader, place, "%s: a list of single values is expected here", option->path);
            conf_yaml_skip(reader->yaml);
            continue;
        }
        const char *text = conf_yaml_text(reader->yaml, option->path);
        if (text != NULL)
            add_item(reader, index, text, place);
    }
}

static void read_value(struct reader *reader, size_t index, struct conf_place key)
{
    const struct conf_option *option = &reader->conf->options[index];
    struct value *value = &reader->conf->values[index];
    if (value->line > 0) {
        object(reader, key, "%s: is given twice, first in line %u", option->path, value->line);
        conf_yaml_skip(reader->yaml);
        return;
    }
    value->line = key.line;
    value->column = key.column;
    struct conf_place place = conf_yaml_place(reader->yaml);
    if (conf_yaml_kind(reader->yaml) == CONF_YAML_SCALAR) {
        const char *text = conf_yaml_text(reader->yaml, option->path);
        if (text != NULL)
            set_scalar(reader, index, text, place);
    } else if (conf_yaml_kind(reader->yaml) == CONF_YAML_LIST && conf_type_is_list(option->type)) {
        read_sequence(reader, index);
    } else if (conf_yaml_kind(reader->yaml) != CONF_YAML_NONE) {
        char words[CONF_TYPE_WORDS_MAX];
        conf_type_words(option, words);
        object(reader, place, "%s: has a nested value, expected %s", option->path, words);
        conf_yaml_skip(reader->yaml);
    }
}

/* The index of the option with this path; of the first one of this section when as_section. conf->count: none. */
static size_t find_option(const struct conf *conf, const char *path, bool as_section)
{
    size_t len = strlen(path);
    for (size_t i = 0; i < conf->count; i++) {
        const char *known = conf->options[i].path;
        if (as_section ? strncmp(known, path, len) == 0 && known[len] == '.' : strcmp(known, path) == 0)
            return i;
    }
    return conf->count;
}

static void object_to_key(struct reader *reader, struct conf_place place, const char *path)
{
    char quoted[CONF_QUOTED_MAX], meant[CONF_TYPE_PATH_MAX];
    conf_problems_quote(path, quoted);
    if (conf_type_suggest(reader->conf->options, reader->conf->count, path, meant))
        object(reader, place, "unknown key \"%s\"; did you mean \"%s\"?", quoted, meant);
    else
        object(reader, place, "unknown key \"%s\"", quoted);
}

/* An empty value, as in "limits:" and nothing below it. */
static bool is_nothing(struct reader *reader)
{
    if (conf_yaml_kind(reader->yaml) != CONF_YAML_SCALAR)
        return false;
    const char *text = conf_yaml_text(reader->yaml, "value");
    return text != NULL && text[0] == '\0';
}

/* True when the value of this key is a section that is to be read into; otherwise the value has been read. */
static bool read_key(struct reader *reader, const char *path, struct conf_place key, bool inside_section)
{
    struct conf *conf = reader->conf;
    size_t index = find_option(conf, path, false), section = find_option(conf, path, true);
    if (index < conf->count) {
        read_value(reader, index, key);
        return false;
    }
    if (section == conf->count || inside_section) {
        object_to_key(reader, key, path);
        conf_yaml_skip(reader->yaml);
        return false;
    }
    if (conf->values[section].section_line > 0) {
        object(reader, key, "%s: is given twice, first in line %u", path, conf->values[section].section_line);
        conf_yaml_skip(reader->yaml);
        return false;
    }
    conf->values[section].section_line = key.line;
    if (conf_yaml_kind(reader->yaml) == CONF_YAML_MAPPING)
        return true;
    if (!conf_yaml_stopped(reader->yaml) && !is_nothing(reader))
        object(reader, conf_yaml_place(reader->yaml), "%s: is a section; indent its keys below it", path);
    conf_yaml_skip(reader->yaml);
    return false;
}

/* The pairs of the file and of its sections, until the outer mapping ends. */
static void read_pairs(struct reader *reader)
{
    char section[CONF_TYPE_PATH_MAX] = "", path[2 * CONF_TYPE_PATH_MAX];
    for (;;) {
        enum conf_yaml_kind type = conf_yaml_next(reader->yaml);
        if (type == CONF_YAML_NONE || (type == CONF_YAML_MAPPING_END && section[0] == '\0'))
            return;
        if (type == CONF_YAML_MAPPING_END) {
            section[0] = '\0';
            continue;
        }
        struct conf_place key = conf_yaml_place(reader->yaml);
        if (type != CONF_YAML_SCALAR) {
            object(reader, key, "a key must be a word");
            conf_yaml_stop(reader->yaml);
            return;
        }
        const char *word = conf_yaml_text(reader->yaml, section[0] ? section : "key");
        snprintf(path, sizeof path, "%s%s%s", section, section[0] ? "." : "", word ? word : "");
        conf_yaml_next(reader->yaml);
        if (word == NULL)
            conf_yaml_skip(reader->yaml);
        else if (read_key(reader, path, key, section[0] != '\0'))
            snprintf(section, sizeof section, "%.*s", CONF_TYPE_PATH_MAX - 1, path);
    }
}

static void read_stream(struct reader *reader)
{
    if (conf_yaml_next(reader->yaml) != CONF_YAML_DOCUMENT)
        return;
    if (conf_yaml_next(reader->yaml) == CONF_YAML_MAPPING) {
        read_pairs(reader);
    } else if (!conf_yaml_stopped(reader->yaml)) {
        if (!is_nothing(reader))
            object(reader, conf_yaml_place(reader->yaml), "expected \"key: value\" lines");
        conf_yaml_skip(reader->yaml);
    }
    conf_yaml_next(reader->yaml);
    if (conf_yaml_next(reader->yaml) != CONF_YAML_FILE_END && !conf_yaml_stopped(reader->yaml))
        object(reader, conf_yaml_place(reader->yaml), "more than one document; a file is one");
}

static void fill_defaults(struct reader *reader)
{
    struct conf *conf = reader->conf;
    const struct conf_place nowhere = {0, 0};
    for (size_t i = 0; i < conf->count; i++) {
        const struct conf_option *option = &conf->options[i];
        if (conf->values[i].line > 0)
            continue;
        if (option->standard == NULL)
            object(reader, nowhere, "missing key \"%s\": %s", option->path, option->doc);
        else if (option->standard[0] != '\0')
            set_scalar(reader, i, option->standard, nowhere);
    }
}

/* The whole file, or a problem. */
static int read_file(struct reader *reader, struct buf *text)
{
    const struct conf_place nowhere = {0, 0};
    FILE *in = fopen(reader->conf->file, "rb");
    size_t got = 0;
    uint8_t *room = buf_reserve(text, CONF_FILE_MAX + 1);
    if (in == NULL) {
        object(reader, nowhere, "cannot be opened: %s%s", strerror(errno),
               errno == ENOENT ? ": --sample-config prints one to begin with" : "");
    } else if (room != NULL) {
        got = fread(room, 1, CONF_FILE_MAX + 1, in);
        if (ferror(in))
            object(reader, nowhere, "cannot be read: %s", strerror(errno));
        else if (got > CONF_FILE_MAX)
            object(reader, nowhere, "larger than %d KiB", CONF_FILE_MAX / 1024);
    }
    if (in != NULL)
        fclose(in);
    if (room == NULL)
        return ERR_NOMEM;
    buf_grew(text, got);
    return reader->problems->count > 0 ? ERR_CONFIG : OK;
}

static int parse(struct reader *reader, struct slice text)
{
    int error = conf_yaml_open(text, reader->conf->file, reader->problems, &reader->yaml);
    if (error)
        return error;
    read_stream(reader);
    if (!conf_yaml_stopped(reader->yaml))
        fill_defaults(reader);
    bool out_of_memory = reader->out_of_memory || conf_yaml_out_of_memory(reader->yaml);
    conf_yaml_close(reader->yaml);
    if (out_of_memory)
        return ERR_NOMEM;
    return reader->problems->count > 0 ? ERR_CONFIG : OK;
}

static struct conf *new_conf(const char *file, const struct conf_option *options, size_t count)
{
    struct conf *conf = calloc(1, sizeof *conf);
    if (conf == NULL)
        return NULL;
    conf->options = options;
    conf->count = count;
    conf->file = strdup(file);
    conf->values = calloc(count, sizeof *conf->values);
    if (conf->file != NULL && conf->values != NULL)
        return conf;
    conf_free(conf);
    return NULL;
}

int conf_load(const char *file, const struct conf_option *options, size_t count, struct conf_problems *problems,
              struct conf **ret_conf)
{
    struct conf *conf = new_conf(file, options, count);
    if (conf == NULL)
        return ERR_NOMEM;
    struct conf_problems own;
    conf_problems_init(&own);
    struct reader reader = {.conf = conf, .problems = &own};
    struct buf text;
    buf_init(&text);
    int error = read_file(&reader, &text);
    if (error)
        goto out;
    error = parse(&reader, buf_slice(&text));
    if (error)
        goto out;
    *ret_conf = conf;
    conf = NULL;
out:
    conf_problems_append(problems, &own);
    conf_problems_free(&own);
    buf_free(&text);
    conf_free(conf);
    return error;
}

void conf_free(struct conf *conf)
{
    if (conf == NULL)
        return;
    for (size_t i = 0; conf->values != NULL && i < conf->count; i++) {
        free(conf->values[i].text);
        for (size_t j = 0; j < conf->values[i].item_count; j++)
            free(conf->values[i].items[j]);
        free(conf->values[i].items);
    }
    free(conf->values);
    free(conf->file);
    free(conf);
}

static const struct value *value_of(const struct conf *conf, const char *path)
{
    size_t index = find_option(conf, path, false);
    CHECK(index < conf->count);
    return &conf->values[index];
}

const char *conf_text(const struct conf *conf, const char *path)
{
    return value_of(conf, path)->text;
}

int64_t conf_number(const struct conf *conf, const char *path)
{
    return value_of(conf, path)->number;
}

const char *conf_item(const struct conf *conf, const char *path, size_t i)
{
    const struct value *value = value_of(conf, path);
    return i < value->item_count ? value->items[i] : NULL;
}

size_t conf_item_count(const struct conf *conf, const char *path)
{
    return value_of(conf, path)->item_count;
}

bool conf_is_written(const struct conf *conf, const char *path)
{
    return value_of(conf, path)->line > 0;
}

void conf_object(const struct conf *conf, struct conf_problems *problems, const char *path, const char *format, ...)
{
    const struct value *value = value_of(conf, path);
    char sentence[ERR_NOTE_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);
    struct conf_place place = {value->line, value->column};
    conf_problems_add(problems, conf->file, place, "%s: %s", path, sentence);
}

static bool is_usable_file(const struct conf *conf, const char *path, struct conf_problems *problems,
                           struct stat *ret_stat)
{
    const char *name = conf_text(conf, path);
    if (name == NULL)
        return false;
    if (stat(name, ret_stat) != 0)
        conf_object(conf, problems, path, "%s: %s", name, strerror(errno));
    else if (!S_ISREG(ret_stat->st_mode))
        conf_object(conf, problems, path, "%s is not a file", name);
    else if (access(name, R_OK) != 0)
        conf_object(conf, problems, path, "%s cannot be read: %s", name, strerror(errno));
    else
        return true;
    return false;
}

void conf_check_file(const struct conf *conf, const char *path, struct conf_problems *problems)
{
    struct stat found;
    is_usable_file(conf, path, problems, &found);
}

void conf_check_secret(const struct conf *conf, const char *path, struct conf_problems *problems)
{
    struct stat found;
    const char *name = conf_text(conf, path);
    if (is_usable_file(conf, path, problems, &found) && (found.st_mode & (S_IRWXG | S_IRWXO)) != 0)
        conf_object(conf, problems, path, "%s is open to others than its owner (mode %04o); chmod 600 %s", name,
                    (unsigned)found.st_mode & 07777, name);
}

void conf_check_folder(const struct conf *conf, const char *path, struct conf_problems *problems)
{
    const char *name = conf_text(conf, path);
    if (name == NULL)
        return;
    const char *slash = strrchr(name, '/');
    char *folder = slash == name ? strdup("/") : slash ? strndup(name, (size_t)(slash - name)) : strdup(".");
    struct stat found;
    if (folder == NULL || stat(folder, &found) != 0)
        conf_object(conf, problems, path, "folder %s: %s", folder ? folder : "?", strerror(errno));
    else if (!S_ISDIR(found.st_mode))
        conf_object(conf, problems, path, "%s is not a folder", folder);
    else if (access(folder, W_OK | X_OK) != 0)
        conf_object(conf, problems, path, "folder %s cannot be written to: %s", folder, strerror(errno));
    else if (stat(name, &found) == 0 && S_ISDIR(found.st_mode))
        conf_object(conf, problems, path, "%s is a folder, not a file", name);
    free(folder);
}
