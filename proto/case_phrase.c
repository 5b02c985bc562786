/* case_phrase: looks codes up in the catalogues. Never composes a sentence: each language has its own order. */
#include "case_phrase.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mapper.h"

static int compare_key(const void *key, const void *row)
{
    return strcmp(key, ((const struct case_phrase_row *)row)->key);
}

static const char *look_up(const struct case_catalogue *catalogue, const char *key)
{
    const struct case_phrase_row *row =
        bsearch(key, catalogue->rows, catalogue->count, sizeof catalogue->rows[0], compare_key);
    return row != NULL ? row->phrase : NULL;
}

/* "hotline.Category.Code" and "RUNAWAY" make "Category.RUNAWAY". */
static void make_key(const ProtobufCEnumDescriptor *type, const char *code, char key[96])
{
    const char *holder = strchr(type->name, '.');
    holder = holder != NULL ? holder + 1 : type->name;
    snprintf(key, 96, "%.*s.%s", (int)strcspn(holder, "."), holder, code);
}

/* English for a language that has none. */
static const struct case_catalogue *catalogue_of(const char *language)
{
    size_t wanted = language != NULL ? strcspn(language, "-") : 0;
    for (size_t i = 0; wanted > 0 && i < case_catalogue_count; i++)
        if (strlen(case_catalogues[i].language) == wanted &&
            strncmp(case_catalogues[i].language, language, wanted) == 0)
            return &case_catalogues[i];
    return &case_catalogue_en;
}

bool case_phrase_speaks(const char *language)
{
    return catalogue_of(language) != &case_catalogue_en ||
        (strcspn(language, "-") == 2 && strncmp(language, "en", 2) == 0);
}

const char *case_phrase(const char *language, const ProtobufCEnumDescriptor *type, int value)
{
    const char *code = mapper_code_name(type, value);
    if (code == NULL)
        return "(unknown code)";
    char key[96];
    make_key(type, code, key);
    const char *phrase = look_up(catalogue_of(language), key);
    if (phrase == NULL)
        phrase = look_up(&case_catalogue_en, key);
    return phrase != NULL ? phrase : code;
}
