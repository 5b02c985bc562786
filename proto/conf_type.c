/* conf_type: one row per type, how it is read and how it is called. Never touches a file. */
#include "conf_type.h"

#include <string.h>

#include "clock.h"
#include "country.h"
#include "limits.h"
#include "near.h"

#define TEXT_MAX_DEFAULT 255
#define ITEMS_MAX_DEFAULT 64

bool conf_type_is_list(enum conf_type type)
{
    return type == CONF_LIST || type == CONF_COUNTRY_LIST;
}

size_t conf_type_items_max(const struct conf_option *option)
{
    return option->max > 0 ? (size_t)option->max : ITEMS_MAX_DEFAULT;
}

/* Digits only, at least one, at most INT64_MAX; moves text behind them. */
static int take_whole(const char **text, int64_t *ret_number)
{
    int64_t number = 0;
    const char *at = *text;
    for (; *at >= '0' && *at <= '9'; at++) {
        int digit = *at - '0';
        if (number > (INT64_MAX - digit) / 10)
            return ERR_LIMIT;
        number = number * 10 + digit;
    }
    if (at == *text)
        return ERR_INVALID;
    *text = at;
    *ret_number = number;
    return OK;
}

static int read_int(const char *text, int64_t *ret_number)
{
    bool negative = *text == '-';
    text += negative;
    int64_t number;
    int error = take_whole(&text, &number);
    if (error)
        return error;
    if (*text != '\0')
        return ERR_INVALID;
    *ret_number = negative ? -number : number;
    return OK;
}

static const struct {
    const char *unit;
    int64_t bytes;
} size_units[] = {{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"B", 1}, {"", 1}};

static int read_size(const char *text, int64_t *ret_number)
{
    int64_t number;
    int error = take_whole(&text, &number);
    if (error)
        return error;
    for (size_t i = 0; i < sizeof size_units / sizeof size_units[0]; i++) {
        if (strcmp(text, size_units[i].unit) != 0)
            continue;
        if (number > INT64_MAX / size_units[i].bytes)
            return ERR_LIMIT;
        *ret_number = number * size_units[i].bytes;
        return OK;
    }
    return ERR_INVALID;
}

static int read_duration(const char *text, int64_t *ret_number)
{
    int error = clock_parse_duration(text, ret_number);
    return error == ERR_SYNTAX ? ERR_INVALID : error;
}

static int read_bool(const char *text, int64_t *ret_number)
{
    if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0)
        return ERR_INVALID;
    *ret_number = text[0] == 't';
    return OK;
}

static int read_enum(const struct conf_option *option, const char *text, int64_t *ret_number)
{
    for (int i = 0; option->names[i] != NULL; i++) {
        if (strcmp(option->names[i], text) == 0) {
            *ret_number = i;
            return OK;
        }
    }
    return ERR_INVALID;
}

static int read_mode(const struct conf_option *option, const char *text, int64_t *ret_number)
{
    size_t len = strlen(text);
    if (len < 3 || len > 4 || strspn(text, "01234567") != len)
        return ERR_INVALID;
    int64_t mode = 0;
    for (; *text; text++)
        mode = mode * 8 + (*text - '0');
    if (mode & ~option->max)
        return ERR_LIMIT;
    *ret_number = mode;
    return OK;
}

static int check_id(const char *text)
{
    size_t len = strlen(text);
    bool plain = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") == len;
    return len > 0 && len <= LIMIT_ID_CHARS && plain && text[0] != '-' && text[len - 1] != '-' ? OK : ERR_INVALID;
}

/* HOST:PORT; the star stands for every interface and is allowed on request. */
static int check_hostport(const char *text, bool star)
{
    const char *colon = strrchr(text, ':');
    if (colon == NULL || colon == text)
        return ERR_INVALID;
    size_t host = (size_t)(colon - text);
    const char *inside = text[0] == '[' ? "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:.%[]" :
                                          "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
    bool is_star = star && host == 1 && text[0] == '*';
    if (!is_star && strspn(text, inside) < host)
        return ERR_INVALID;
    if (text[0] == '[' && (host < 4 || text[host - 1] != ']' || strcspn(text, "]") != host - 1))
        return ERR_INVALID;
    const char *digits = colon + 1;
    int64_t port;
    if (take_whole(&digits, &port) != OK || *digits != '\0')
        return ERR_INVALID;
    return port >= 1 && port <= 65535 ? OK : ERR_LIMIT;
}

static int check_endpoint(const char *text)
{
    static const char scheme[] = "tcp://";
    if (strncmp(text, scheme, sizeof scheme - 1) != 0)
        return ERR_INVALID;
    return check_hostport(text + sizeof scheme - 1, true);
}

static int read_scalar(const struct conf_option *option, const char *text, int64_t *ret_number)
{
    switch (option->type) {
    case CONF_BOOL:
        return read_bool(text, ret_number);
    case CONF_INT:
        return read_int(text, ret_number);
    case CONF_SIZE:
        return read_size(text, ret_number);
    case CONF_DURATION:
        return read_duration(text, ret_number);
    case CONF_ENUM:
        return read_enum(option, text, ret_number);
    case CONF_MODE:
        return read_mode(option, text, ret_number);
    case CONF_ID:
        return check_id(text);
    case CONF_ENDPOINT:
        return check_endpoint(text);
    case CONF_HOSTPORT:
        return check_hostport(text, false);
    case CONF_TEXT:
        return strlen(text) <= (option->max > 0 ? (size_t)option->max : TEXT_MAX_DEFAULT) ? OK : ERR_LIMIT;
    case CONF_PATH:
        return strlen(text) <= TEXT_MAX_DEFAULT ? OK : ERR_LIMIT;
    case CONF_LIST:
    case CONF_COUNTRY_LIST:
        break;
    }
    return ERR_INTERNAL;
}

int conf_type_scalar(const struct conf_option *option, const char *text, int64_t *ret_number)
{
    int64_t number = 0;
    int error = read_scalar(option, text, &number);
    if (error)
        return error;
    bool bounded = option->type == CONF_INT || option->type == CONF_SIZE || option->type == CONF_DURATION;
    if (bounded && (number < option->min || number > option->max))
        return ERR_LIMIT;
    *ret_number = number;
    return OK;
}

int conf_type_item(const struct conf_option *option, const char *text)
{
    if (option->type == CONF_COUNTRY_LIST)
        return country_index(text) >= 0 ? OK : ERR_INVALID;
    size_t len = strlen(text);
    return len > 0 && len <= TEXT_MAX_DEFAULT ? OK : ERR_INVALID;
}

/* A number of bytes or microseconds in the largest unit that is exact. */
static void write_size(int64_t bytes, char text[CLOCK_TEXT_MAX])
{
    size_t i = 0;
    while (bytes == 0 || bytes % size_units[i].bytes != 0) {
        i++;
        if (size_units[i].bytes == 1)
            break;
    }
    snprintf(text, CLOCK_TEXT_MAX, "%lld%s", (long long)(bytes / size_units[i].bytes), size_units[i].unit);
}

static void write_duration(int64_t us, char text[CLOCK_TEXT_MAX])
{
    static const struct {
        const char *unit;
        int64_t us;
    } units[] = {
        {"d", CLOCK_DAY_US}, {"h", CLOCK_HOUR_US}, {"m", CLOCK_MINUTE_US}, {"s", CLOCK_SECOND_US}, {"ms", CLOCK_MS_US}};
    size_t i = 0, last = sizeof units / sizeof units[0] - 1;
    if (us == 0)
        i = last - 1;
    while (i < last && us % units[i].us != 0)
        i++;
    snprintf(text, CLOCK_TEXT_MAX, "%lld%s", (long long)(us / units[i].us), units[i].unit);
}

static void words_of_enum(const struct conf_option *option, char words[CONF_TYPE_WORDS_MAX])
{
    size_t used = (size_t)snprintf(words, CONF_TYPE_WORDS_MAX, "one of");
    for (size_t i = 0; option->names[i] != NULL && used < CONF_TYPE_WORDS_MAX; i++)
        used += (size_t)snprintf(words + used, CONF_TYPE_WORDS_MAX - used, "%s %s", i ? "," : "", option->names[i]);
}

static void words_of_range(const struct conf_option *option, char words[CONF_TYPE_WORDS_MAX])
{
    char low[CLOCK_TEXT_MAX], high[CLOCK_TEXT_MAX];
    if (option->type == CONF_INT) {
        snprintf(words, CONF_TYPE_WORDS_MAX, "a whole number from %lld to %lld", (long long)option->min,
                 (long long)option->max);
        return;
    }
    bool is_size = option->type == CONF_SIZE;
    (is_size ? write_size : write_duration)(option->min, low);
    (is_size ? write_size : write_duration)(option->max, high);
    snprintf(words, CONF_TYPE_WORDS_MAX,
             is_size ? "a size in B, KiB, MiB or GiB from %s to %s" : "a duration in ms, s, m, h or d from %s to %s",
             low, high);
}

void conf_type_words(const struct conf_option *option, char words[CONF_TYPE_WORDS_MAX])
{
    long long items = (long long)conf_type_items_max(option);
    switch (option->type) {
    case CONF_TEXT:
        snprintf(words, CONF_TYPE_WORDS_MAX, "a text of at most %lld bytes",
                 option->max > 0 ? (long long)option->max : TEXT_MAX_DEFAULT);
        break;
    case CONF_ID:
        snprintf(words, CONF_TYPE_WORDS_MAX, "lowercase letters, digits and dashes inside, at most %d", LIMIT_ID_CHARS);
        break;
    case CONF_PATH:
        snprintf(words, CONF_TYPE_WORDS_MAX, "a path of at most %d bytes", TEXT_MAX_DEFAULT);
        break;
    case CONF_BOOL:
        snprintf(words, CONF_TYPE_WORDS_MAX, "true or false");
        break;
    case CONF_INT:
    case CONF_SIZE:
    case CONF_DURATION:
        words_of_range(option, words);
        break;
    case CONF_ENDPOINT:
        snprintf(words, CONF_TYPE_WORDS_MAX, "tcp://HOST:PORT with a port from 1 to 65535");
        break;
    case CONF_HOSTPORT:
        snprintf(words, CONF_TYPE_WORDS_MAX, "HOST:PORT with a port from 1 to 65535");
        break;
    case CONF_LIST:
        snprintf(words, CONF_TYPE_WORDS_MAX, "a list of at most %lld texts", items);
        break;
    case CONF_COUNTRY_LIST:
        snprintf(words, CONF_TYPE_WORDS_MAX, "a list of at most %lld ISO 3166-1 codes such as BE, ES", items);
        break;
    case CONF_ENUM:
        words_of_enum(option, words);
        break;
    case CONF_MODE:
        snprintf(words, CONF_TYPE_WORDS_MAX, "an octal file mode with no bits beyond %04llo",
                 (unsigned long long)option->max);
        break;
    }
}

struct suggestion {
    const char *path; /* to show: its first len bytes */
    size_t len;
    int distance;
};

/* Compares what was written with what stands in path[0..len] from compared on. */
static void consider(struct suggestion *best, const char *written, const char *compared, const char *path, size_t len)
{
    char word[CONF_TYPE_PATH_MAX];
    snprintf(word, sizeof word, "%.*s", (int)(len - (size_t)(compared - path)), compared);
    if (!near_enough(written, word))
        return;
    int distance = near_distance(written, word);
    if (best->path == NULL || distance < best->distance)
        *best = (struct suggestion){path, len, distance};
}

bool conf_type_suggest(const struct conf_option *options, size_t count, const char *path,
                       char ret_path[CONF_TYPE_PATH_MAX])
{
    struct suggestion best = {NULL, 0, 0};
    const char *dot = strrchr(path, '.');
    for (size_t i = 0; i < count; i++) {
        const char *known = options[i].path, *known_dot = strrchr(known, '.');
        consider(&best, path, known, known, strlen(known));
        if (known_dot != NULL) /* the right word outside its section, or in another one */
            consider(&best, dot ? dot + 1 : path, known_dot + 1, known, strlen(known));
        if (known_dot != NULL && dot == NULL) /* a section's name */
            consider(&best, path, known, known, (size_t)(known_dot - known));
        if (known_dot == NULL && dot != NULL) /* indented by mistake */
            consider(&best, dot + 1, known, known, strlen(known));
    }
    if (best.path == NULL)
        return false;
    snprintf(ret_path, CONF_TYPE_PATH_MAX, "%.*s", (int)best.len, best.path);
    return true;
}
