/* country: looks up the generated table. Decides nothing: who is alerted is the route's to say. */
#include "country.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "country_table.h"
#include "err.h"
#include "near.h"

static int compare_code(const void *key, const void *row)
{
    return strcmp(key, ((const struct country_row *)row)->code);
}

int country_index(const char *alpha2)
{
    if (alpha2 == NULL)
        return -1;
    const struct country_row *row = bsearch(alpha2, country_rows, COUNTRY_COUNT, sizeof country_rows[0], compare_code);
    return row != NULL ? (int)(row - country_rows) : -1;
}

const char *country_code(int index)
{
    CHECK(index >= 0 && index < COUNTRY_COUNT);
    return country_rows[index].code;
}

const char *country_name(int index)
{
    CHECK(index >= 0 && index < COUNTRY_COUNT);
    return country_rows[index].name;
}

static int nearest_name(const char *text)
{
    int best = -1, best_distance = 0;
    for (int i = 0; i < COUNTRY_COUNT; i++) {
        int distance = near_distance(text, country_rows[i].name);
        if (near_enough(text, country_rows[i].name) && (best < 0 || distance < best_distance)) {
            best = i;
            best_distance = distance;
        }
    }
    return best;
}

int country_find(const char *text)
{
    static const struct {
        const char *said, *meant;
    } usual[] = {{"UK", "GB"}, {"EL", "GR"}, {"ENG", "GB"}, {"Holland", "NL"}, {"KS", "XK"}, {"SP", "ES"}};
    for (size_t i = 0; i < sizeof usual / sizeof usual[0]; i++)
        if (strcasecmp(text, usual[i].said) == 0)
            return country_index(usual[i].meant);
    for (int i = 0; i < COUNTRY_COUNT; i++)
        if (strcasecmp(text, country_rows[i].code) == 0 || strcasecmp(text, country_rows[i].name) == 0)
            return i;
    return strlen(text) > 3 ? nearest_name(text) : -1;
}

size_t country_neighbours(int index, uint16_t out[], size_t cap)
{
    size_t count = 0;
    for (size_t i = 0; i < country_border_count; i++) {
        if (country_borders[i].from != index)
            continue;
        if (count < cap)
            out[count] = country_borders[i].to;
        count++;
    }
    return count;
}
