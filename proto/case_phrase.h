/*
 * case_phrase - codes as words: "Parental abduction" for Category.PARENTAL_ABDUCTION. English is case_phrase_en.c; the
 * other languages are the console's own (web/locales), made into tables when they are built.
 */
#ifndef PROTO_CASE_PHRASE_H
#define PROTO_CASE_PHRASE_H

#include <stdbool.h>
#include <stddef.h>

#include "mapper.h"

struct case_phrase_row {
    const char *key; /* "Category.PARENTAL_ABDUCTION" */
    const char *phrase;
};
struct case_catalogue {
    const char *language; /* BCP 47 primary language */
    const struct case_phrase_row *rows;
    size_t count;
};
extern const struct case_catalogue case_catalogue_en;
extern const struct case_catalogue case_catalogues[]; /* all others, by language */
extern const size_t case_catalogue_count;

/* Whether there is a catalogue for the language (BCP 47). */
bool case_phrase_speaks(const char *language);

/* The phrase of a code of case.proto or envelope.proto in the language (BCP 47; NULL: English), in English when that
 * catalogue lacks it; the code's own name when none has it, "(unknown code)" when this version does not know it. */
const char *case_phrase(const char *language, const ProtobufCEnumDescriptor *type, int value);

#endif
