/* cmd: finds commands in the table. Runs none. */
#include "cmd.h"

#include "proto/near.h"

static const struct cli_command *const groups[] = {
    cmd_publish, cmd_draft,   cmd_inbox,  cmd_watch,  cmd_trace,   cmd_case, cmd_sealed,
    cmd_drill,   cmd_note,    cmd_poster, cmd_refer,  cmd_figures, cmd_node, cmd_user,
    cmd_doctor,  cmd_webhook, cmd_key,    cmd_roster, cmd_cap,     cmd_db,   cmd_completion,
};

size_t cmd_group_count(void)
{
    return sizeof groups / sizeof groups[0];
}

const struct cli_command *cmd_group(size_t index)
{
    CHECK(index < cmd_group_count());
    return groups[index];
}

const struct cli_command *cmd_find(const char *first, const char *second, size_t *ret_words)
{
    char two[64];
    snprintf(two, sizeof two, "%.30s %.30s", first, second != NULL ? second : "");
    for (size_t g = 0; g < cmd_group_count(); g++) {
        for (const struct cli_command *c = cmd_group(g); c->name != NULL; c++) {
            if (strcmp(c->name, two) != 0 && strcmp(c->name, first) != 0)
                continue;
            *ret_words = strcmp(c->name, two) == 0 ? 2 : 1;
            return c;
        }
    }
    return NULL;
}

/* The word that matters: the first one, or the one after `first`; NULL when the command is of another group. */
static const char *word_of(const char *name, const char *first, char room[32])
{
    const char *blank = strchr(name, ' ');
    if (first == NULL) {
        snprintf(room, 32, "%.*s", blank != NULL ? (int)(blank - name) : 31, name);
        return room;
    }
    size_t len = strlen(first);
    return strncmp(name, first, len) == 0 && name[len] == ' ' ? name + len + 1 : NULL;
}

bool cmd_is_group(const char *first)
{
    for (size_t g = 0; g < cmd_group_count(); g++)
        for (const struct cli_command *c = cmd_group(g); c->name != NULL; c++)
            if (strlen(first) < 32 && word_of(c->name, first, (char[32]){0}) != NULL)
                return true;
    return false;
}

const char *cmd_near(const char *first, const char *word)
{
    const char *best = NULL;
    int best_distance = 0;
    for (size_t g = 0; g < cmd_group_count(); g++) {
        for (const struct cli_command *c = cmd_group(g); c->name != NULL; c++) {
            char room[32];
            const char *name = word_of(c->name, first, room);
            if (name == NULL || !near_enough(word, name))
                continue;
            int distance = near_distance(word, name);
            if (best == NULL || distance < best_distance) {
                best = first == NULL ? c->name : name;
                best_distance = distance;
            }
        }
    }
    return best;
}
