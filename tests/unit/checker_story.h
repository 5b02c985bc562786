/*
 * checker_story - a history as a few lines that a person reads, and what the checker says of it.
 *
 * A line is "SECONDS EVENT key=value ...", with the events and keys of tests/sim/history.h; until is in seconds too
 * (bytes= sets it as it is), names are separated by commas. be publishes, fr receives, ra and rb are the relays.
 */
#ifndef TESTS_UNIT_CHECKER_STORY_H
#define TESTS_UNIT_CHECKER_STORY_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/sim/checker.h"

#define WORLD                                                                                                          \
    "0 NETWORK state=2\n"                                                                                              \
    "0 MEMBER node=be state=1\n0 MEMBER node=fr state=1\n0 MEMBER node=it state=1\n"                                   \
    "1 RELAY_START relay=ra state=1\n1 RELAY_LOADED relay=ra\n1 RELAY_START relay=rb state=1\n1 RELAY_LOADED "         \
    "relay=rb\n"
/* Of be, to fr: the opening of case c1. */
#define OPEN "hash=a1 case=c1 kind=1 act=1 revision=1 digest=d1"
#define INTENT "10 INTENT node=be " OPEN " until=20000 names=fr\n"
#define COMMITTED "10 COMMITTED node=be hash=a1\n"
#define ACCEPTED "11 ACCEPTED node=be relay=ra hash=a1 names=fr\n11 ACCEPTED node=be relay=rb hash=a1 names=fr\n"
#define SHOWN "12 VIEW node=fr member=be " OPEN "\n"
#define ANSWERED "13 RECEIPT node=fr hash=a1 state=1\n"
#define TOLD "14 LADDER node=be member=fr hash=a1 state=1\n"
#define SENT WORLD INTENT COMMITTED ACCEPTED
/* Its next revision. */
#define UPDATE "hash=a2 case=c1 kind=1 act=2 revision=2 digest=d2"
#define UPDATED                                                                                                        \
    "20 INTENT node=be " UPDATE " until=20000 names=fr\n20 COMMITTED node=be hash=a2\n"                                \
    "21 ACCEPTED node=be relay=ra hash=a2 names=fr\n21 ACCEPTED node=be relay=rb hash=a2 names=fr\n"
/* The last look. */
#define LOOK "200 LOOK\n200 OWNS node=be hash=a1 case=c1 revision=1\n"
#define HELD "200 HOLDS node=fr " OPEN "\n"
#define END "200 END\n"

static void story_pair(FILE *json, const char *key, const char *value)
{
    static const char *const words[] = {"node", "relay", "member", "hash", "case", "digest", "text"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strcmp(key, words[i]) == 0) {
            fprintf(json, ", \"%s\": \"%s\"", key, value);
            return;
        }
    if (strcmp(key, "names") == 0) {
        fputs(", \"names\": [\"", json);
        for (; *value != '\0'; value++)
            *value == ',' ? fputs("\", \"", json) : fputc(*value, json);
        fputs("\"]", json);
    } else {
        long long number = strtoll(value, NULL, 10);
        fprintf(json, ", \"%s\": %lld", strcmp(key, "bytes") == 0 ? "until" : key,
                strcmp(key, "until") == 0 ? number * 1000000 : number);
    }
}

static void story_line(FILE *json, char *line)
{
    char *next, *word = strtok_r(line, " ", &next);
    fprintf(json, "{\"t\": %lld", strtoll(word, NULL, 10) * 1000000);
    word = strtok_r(NULL, " ", &next);
    assert_non_null(word);
    fprintf(json, ", \"e\": \"%s\"", word);
    while ((word = strtok_r(NULL, " ", &next)) != NULL) {
        char *value = strchr(word, '=');
        assert_non_null(value);
        *value++ = '\0';
        story_pair(json, word, value);
    }
    fputs("}\n", json);
}

static void story_read(const char *story, struct history *history)
{
    struct err_note note = {{0}};
    char *json, *text = strdup(story), *next;
    size_t len;
    FILE *out = open_memstream(&json, &len);
    assert_true(text != NULL && out != NULL);
    for (char *line = strtok_r(text, "\n", &next); line != NULL; line = strtok_r(NULL, "\n", &next))
        story_line(out, line);
    fclose(out);
    FILE *in = fmemopen(json, len, "r");
    assert_non_null(in);
    history_init(history);
    int error = history_read(history, in, &note);
    fclose(in);
    if (error != OK)
        fail_msg("%s", err_explain(&note, error));
    free(json);
    free(text);
}

/* The checker finds as many violations as said, each in these words. */
static void story_is(const char *file, int at, const char *story, size_t violations, const char *words)
{
    struct history history;
    char *said;
    size_t len, found = 0;
    FILE *out = open_memstream(&said, &len);
    assert_non_null(out);
    story_read(story, &history);
    struct checker_report report = checker_run(&history, out, 100);
    fclose(out);
    for (const char *where = said; words != NULL && (where = strstr(where, words)) != NULL; where++)
        found++;
    if (report.violations != violations || found != violations) {
        print_message("%s:%d: %zu violations, %zu of them \"%s\"; the checker said:\n%s", file, at, report.violations,
                      found, words != NULL ? words : "", said);
        fail();
    }
    free(said);
    history_done(&history);
}

#define passes(story) story_is(__FILE__, __LINE__, story, 0, NULL)
#define breaks(story, words) story_is(__FILE__, __LINE__, story, 1, words)

#endif
