/* clock: reads the two clocks and writes and reads RFC 3339. Pure but for the two readers. */
#include "clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static int64_t read_clock(clockid_t id)
{
    struct timespec now;
    CHECK(clock_gettime(id, &now) == 0);
    return (int64_t)now.tv_sec * CLOCK_SECOND_US + now.tv_nsec / 1000;
}

int64_t clock_wall_us(void)
{
    return read_clock(CLOCK_REALTIME);
}

int64_t clock_steady_us(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

/* Days since 1970-01-01 of a civil date (Howard Hinnant, "chrono-compatible low-level date algorithms"). */
static int64_t days_from_civil(int64_t year, int month, int day)
{
    year -= month <= 2;
    int64_t era = floor_div(year, 400);
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}

struct civil {
    int64_t year;
    int month, day;
};

static struct civil civil_from_days(int64_t days)
{
    days += 719468;
    int64_t era = floor_div(days, 146097);
    int64_t doe = days - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t mp = (5 * doy + 2) / 153;
    int month = (int)(mp < 10 ? mp + 3 : mp - 9);
    return (struct civil){yoe + era * 400 + (month <= 2), month, (int)(doy - (153 * mp + 2) / 5 + 1)};
}

void clock_format(int64_t at_us, char text[CLOCK_TEXT_MAX])
{
    int64_t days = floor_div(at_us, CLOCK_DAY_US);
    int64_t rest_ms = (at_us - days * CLOCK_DAY_US) / CLOCK_MS_US;
    struct civil date = civil_from_days(days);
    if (date.year < 0 || date.year > 9999) {
        snprintf(text, CLOCK_TEXT_MAX, "(out of range)");
        return;
    }
    snprintf(text, CLOCK_TEXT_MAX, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", (int)date.year, date.month, date.day,
             (int)(rest_ms / 3600000), (int)(rest_ms / 60000 % 60), (int)(rest_ms / 1000 % 60), (int)(rest_ms % 1000));
}

int clock_year(int64_t at_us)
{
    return (int)civil_from_days(floor_div(at_us, CLOCK_DAY_US)).year;
}

/* Exactly `count` digits as a number in [low, high]; moves on. -1 when they are not there. */
static int take_number(const char **text, int count, int low, int high)
{
    int value = 0;
    for (int i = 0; i < count; i++) {
        char c = (*text)[i];
        if (c < '0' || c > '9')
            return -1;
        value = value * 10 + (c - '0');
    }
    *text += count;
    return value >= low && value <= high ? value : -1;
}

static bool take_char(const char **text, const char *allowed)
{
    if (**text == '\0' || strchr(allowed, **text) == NULL)
        return false;
    (*text)++;
    return true;
}

static int days_in_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && leap);
}

static int take_fraction_us(const char **text, int *ret_us)
{
    int us = 0, digits = 0;
    if (**text == '.') {
        (*text)++;
        while (**text >= '0' && **text <= '9' && digits < 6) {
            us = us * 10 + (*(*text)++ - '0');
            digits++;
        }
        if (digits == 0)
            return ERR_SYNTAX;
    }
    for (; digits < 6; digits++)
        us *= 10;
    *ret_us = us;
    return OK;
}

static int take_offset_s(const char **text, int *ret_seconds)
{
    if (take_char(text, "Zz")) {
        *ret_seconds = 0;
        return OK;
    }
    int sign = **text == '-' ? -1 : 1;
    if (!take_char(text, "+-"))
        return ERR_SYNTAX;
    int hours = take_number(text, 2, 0, 23);
    if (hours < 0 || !take_char(text, ":"))
        return ERR_SYNTAX;
    int minutes = take_number(text, 2, 0, 59);
    if (minutes < 0)
        return ERR_SYNTAX;
    *ret_seconds = sign * (hours * 3600 + minutes * 60);
    return OK;
}

int clock_parse(const char *text, int64_t *ret_at_us)
{
    int year = take_number(&text, 4, 0, 9999);
    if (year < 0 || !take_char(&text, "-"))
        return ERR_SYNTAX;
    int month = take_number(&text, 2, 1, 12);
    if (month < 0 || !take_char(&text, "-"))
        return ERR_SYNTAX;
    int day = take_number(&text, 2, 1, days_in_month(year, month));
    if (day < 0 || !take_char(&text, "Tt "))
        return ERR_SYNTAX;
    int hour = take_number(&text, 2, 0, 23);
    if (hour < 0 || !take_char(&text, ":"))
        return ERR_SYNTAX;
    int minute = take_number(&text, 2, 0, 59);
    if (minute < 0 || !take_char(&text, ":"))
        return ERR_SYNTAX;
    int second = take_number(&text, 2, 0, 59);
    int fraction_us, offset_s;
    if (second < 0 || take_fraction_us(&text, &fraction_us) != OK || take_offset_s(&text, &offset_s) != OK ||
        *text != '\0')
        return ERR_SYNTAX;
    int64_t seconds = days_from_civil(year, month, day) * 86400 + hour * 3600 + minute * 60 + second - offset_s;
    *ret_at_us = seconds * CLOCK_SECOND_US + fraction_us;
    return OK;
}

int clock_parse_duration(const char *text, int64_t *ret_us)
{
    static const struct {
        const char *unit;
        int64_t us;
    } units[] = {{"ms", CLOCK_MS_US}, {"s", CLOCK_SECOND_US}, {"m", CLOCK_MINUTE_US}, {"min", CLOCK_MINUTE_US},
                 {"h", CLOCK_HOUR_US}, {"d", CLOCK_DAY_US}};
    int64_t number = 0;
    const char *at = text;
    for (; *at >= '0' && *at <= '9'; at++) {
        number = number * 10 + (*at - '0');
        if (number > INT64_C(1000000000))
            return ERR_LIMIT;
    }
    if (at == text)
        return ERR_SYNTAX;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (strcmp(at, units[i].unit) != 0)
            continue;
        if (number > 36525 * CLOCK_DAY_US / units[i].us)
            return ERR_LIMIT;
        *ret_us = number * units[i].us;
        return OK;
    }
    return ERR_SYNTAX;
}

void clock_format_age(int64_t age_us, char text[CLOCK_TEXT_MAX])
{
    int64_t seconds = age_us < 0 ? 0 : age_us / CLOCK_SECOND_US;
    if (seconds < 90)
        snprintf(text, CLOCK_TEXT_MAX, "%d s", (int)seconds);
    else if (seconds < 90 * 60)
        snprintf(text, CLOCK_TEXT_MAX, "%d min", (int)(seconds / 60));
    else if (seconds < 48 * 3600)
        snprintf(text, CLOCK_TEXT_MAX, "%d h %02d min", (int)(seconds / 3600), (int)(seconds / 60 % 60));
    else
        snprintf(text, CLOCK_TEXT_MAX, "%d d %d h", (int)(seconds / 86400), (int)(seconds / 3600 % 24));
}
