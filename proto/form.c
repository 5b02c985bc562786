/* form: is this text what it claims to be? Locale never matters: all classes are written out in ASCII. */
#include "form.h"

#include <stdint.h>
#include <string.h>

#include "limits.h"
#include "utf8.h"

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

static bool is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool is_letter(char c)
{
    return is_upper(c) || is_lower(c);
}

enum form_text form_text(const char *text, bool many_lines, size_t *ret_chars)
{
    struct slice rest = slice_text(text);
    size_t chars = 0, len;
    for (; rest.len > 0; rest = slice_of(rest.data + len, rest.len - len), chars++) {
        int32_t point = utf8_next(rest, &len);
        if (point < 0)
            return FORM_NOT_UTF8;
        if (many_lines && (point == '\n' || point == '\t'))
            continue;
        if (point < 0x20 || (point >= 0x7f && point < 0xa0) || point == 0x2028 || point == 0x2029)
            return FORM_CONTROL;
        if ((point >= 0x202a && point <= 0x202e) || (point >= 0x2066 && point <= 0x2069))
            return FORM_BIDI;
    }
    *ret_chars = chars;
    return FORM_CLEAN;
}

bool form_is_blank(const char *text)
{
    return text == NULL || text[strspn(text, " \t\r\n")] == '\0';
}

/* Length of the run of letters and digits at text; *ret_letters when there are only letters. */
static size_t subtag(const char *text, bool *ret_letters)
{
    size_t len = 0;
    *ret_letters = true;
    for (; is_letter(text[len]) || is_digit(text[len]); len++)
        *ret_letters = *ret_letters && is_letter(text[len]);
    return len;
}

bool form_is_language(const char *text)
{
    bool letters;
    size_t len = subtag(text, &letters);
    if (strnlen(text, LIMIT_LANGUAGE_CHARS + 1) > LIMIT_LANGUAGE_CHARS || !letters || len < 2 || len > 8)
        return false;
    for (text += len; *text == '-'; text += len) {
        bool after_singleton = len == 1;
        len = subtag(++text, &letters);
        if (len < 1 || len > 8 || (after_singleton && len < 2))
            return false;
    }
    return *text == '\0' && len > 1;
}

bool form_is_phone(const char *text)
{
    if (text[0] != '+' || text[1] < '1' || text[1] > '9')
        return false;
    size_t digits = strspn(text + 1, "0123456789");
    return digits >= 5 && digits < LIMIT_PHONE_CHARS && text[1 + digits] == '\0';
}

static bool is_offset(const char *text)
{
    return (text[0] == '+' || text[0] == '-') && strlen(text) == 6 && is_digit(text[1]) && is_digit(text[2]) &&
        text[3] == ':' && is_digit(text[4]) && is_digit(text[5]) &&
        (text[1] < '2' || (text[1] == '2' && text[2] < '4')) && text[4] < '6';
}

bool form_is_zone(const char *text)
{
    if (is_offset(text))
        return true;
    size_t len = strnlen(text, 41);
    if (len == 0 || len > 40 || !is_letter(text[0]) || text[len - 1] == '/')
        return false;
    for (size_t i = 0; i < len; i++)
        if (!is_letter(text[i]) && !is_digit(text[i]) && strchr("_+-/", text[i]) == NULL)
            return false;
    return strstr(text, "//") == NULL;
}

bool form_is_script(const char *text)
{
    return is_upper(text[0]) && is_lower(text[1]) && is_lower(text[2]) && is_lower(text[3]) && text[4] == '\0';
}

bool form_is_member(const char *text)
{
    size_t len = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-");
    return len >= 1 && len <= LIMIT_ID_CHARS && text[len] == '\0';
}

bool form_is_reference(const char *text)
{
    size_t len = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-");
    return len >= 1 && len <= 32 && text[len] == '\0';
}
