/*
 * duty - the consoles that are armed here: who sits before them, and which languages are spoken. Pure.
 *
 * A console is a browser's page, under an id of its own choosing; it says every ten seconds that it is there, and
 * counts for DUTY_SILENCE_US after its last word. In memory only: after a restart of the node each page arms itself
 * again.
 */
#ifndef NODE_DUTY_H
#define NODE_DUTY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/err.h"
#include "proto/limits.h"

#define DUTY_CONSOLES 64
#define DUTY_ID_BYTES 16
#define DUTY_SILENCE_US (INT64_C(30) * 1000000)

struct duty_console {
    uint8_t id[DUTY_ID_BYTES];
    char who[LIMIT_NAME_BYTES + 1]; /* the caller */
    char languages[LIMIT_LANGUAGES][LIMIT_LANGUAGE_CHARS + 1];
    size_t language_count;
    int64_t heard_us; /* steady */
};

struct duty {
    struct duty_console consoles[DUTY_CONSOLES];
    size_t count;
};

/* Arms it, or gives it other languages. ERR_LIMIT: DUTY_CONSOLES are; ERR_STATE: it is another caller's. */
int duty_arm(struct duty *duty, const struct duty_console *console) MUST_CHECK;
/* It is still there. ERR_NOT_FOUND: it is not armed, or another caller's. */
int duty_alive(struct duty *duty, const uint8_t id[DUTY_ID_BYTES], const char *who, int64_t now_us) MUST_CHECK;
/* ERR_NOT_FOUND: as duty_alive. */
int duty_disarm(struct duty *duty, const uint8_t id[DUTY_ID_BYTES], const char *who) MUST_CHECK;
/* One of this caller's consoles is armed. */
bool duty_has(const struct duty *duty, const char *who);
/* Forgets who was silent for too long; true when one was. */
bool duty_sweep(struct duty *duty, int64_t now_us);
/* The languages of all, each once; so many, borrowed. */
size_t duty_languages(const struct duty *duty, const char *languages[LIMIT_LANGUAGES]);

#endif
