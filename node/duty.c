/* duty: the table of armed consoles. Tells nobody. */
#include "node/duty.h"

#include <string.h>

static struct duty_console *find(const struct duty *duty, const uint8_t id[DUTY_ID_BYTES])
{
    for (size_t i = 0; i < duty->count; i++)
        if (memcmp(duty->consoles[i].id, id, DUTY_ID_BYTES) == 0)
            return (struct duty_console *)(uintptr_t)&duty->consoles[i];
    return NULL;
}

int duty_arm(struct duty *duty, const struct duty_console *console)
{
    struct duty_console *known = find(duty, console->id);
    if (known != NULL && strcmp(known->who, console->who) != 0)
        return ERR_STATE;
    if (known == NULL && duty->count == DUTY_CONSOLES)
        return ERR_LIMIT;
    if (known == NULL)
        known = &duty->consoles[duty->count++];
    *known = *console;
    return OK;
}

static struct duty_console *find_own(const struct duty *duty, const uint8_t id[DUTY_ID_BYTES], const char *who)
{
    struct duty_console *known = find(duty, id);
    return known != NULL && strcmp(known->who, who) == 0 ? known : NULL;
}

int duty_alive(struct duty *duty, const uint8_t id[DUTY_ID_BYTES], const char *who, int64_t now_us)
{
    struct duty_console *known = find_own(duty, id, who);
    if (known == NULL)
        return ERR_NOT_FOUND;
    known->heard_us = now_us;
    return OK;
}

int duty_disarm(struct duty *duty, const uint8_t id[DUTY_ID_BYTES], const char *who)
{
    struct duty_console *known = find_own(duty, id, who);
    if (known == NULL)
        return ERR_NOT_FOUND;
    *known = duty->consoles[--duty->count];
    return OK;
}

bool duty_has(const struct duty *duty, const char *who)
{
    for (size_t i = 0; i < duty->count; i++)
        if (strcmp(duty->consoles[i].who, who) == 0)
            return true;
    return false;
}

bool duty_sweep(struct duty *duty, int64_t now_us)
{
    size_t before = duty->count;
    for (size_t i = 0; i < duty->count;) {
        if (now_us - duty->consoles[i].heard_us > DUTY_SILENCE_US)
            duty->consoles[i] = duty->consoles[--duty->count];
        else
            i++;
    }
    return duty->count != before;
}

static bool has(const char *const *list, size_t count, const char *text)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(list[i], text) == 0)
            return true;
    return false;
}

size_t duty_languages(const struct duty *duty, const char *languages[LIMIT_LANGUAGES])
{
    size_t count = 0;
    for (size_t i = 0; i < duty->count; i++)
        for (size_t l = 0; l < duty->consoles[i].language_count && count < LIMIT_LANGUAGES; l++)
            if (!has(languages, count, duty->consoles[i].languages[l]))
                languages[count++] = duty->consoles[i].languages[l];
    return count;
}
