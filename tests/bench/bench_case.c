/* bench_case: one fictional case. Never of a size that its limits forbid. */
#include "tests/bench/bench_case.h"

#include <stdlib.h>
#include <string.h>

#include "proto/clock.h"

static const char BENCH_CASE[] =
    "{\"category\":\"PARENTAL_ABDUCTION\",\"urgency\":\"IMMEDIATE\",\"child\":{\"given_name\":\"Lotte\","
    "\"age_years\":9,"
    "\"languages\":[\"nl\"]},\"last_seen\":{\"country\":\"BE\"},\"police\":{\"informed\":true},"
    "\"publicity\":{\"level\":\"PROFESSIONALS_ONLY\"},\"contact\":{\"phone\":\"+3225550000\"}}";

/* Words, so that it is text like any other. */
static int fill(Hotline__Case *content, uint32_t size_bytes)
{
    size_t now = protobuf_c_message_get_packed_size(&content->base);
    size_t text = now + 8 < size_bytes ? size_bytes - now - 4 : 1;
    content->circumstances = malloc(text + 1);
    if (content->circumstances == NULL)
        return ERR_NOMEM;
    memset(content->circumstances, 'x', text);
    for (size_t i = 6; i < text; i += 7)
        content->circumstances[i] = ' ';
    content->circumstances[text - 1] = '.';
    content->circumstances[text] = '\0';
    return OK;
}

int bench_case_new(uint32_t size_bytes, struct err_note *note, Hotline__Case **ret_case)
{
    struct jdoc *doc = NULL;
    Hotline__Case *content = NULL;
    int error = jdoc_parse(slice_text(BENCH_CASE), "case", note, &doc);
    if (error == OK)
        error = case_from_json(doc, note, &content);
    if (error == OK)
        error = fill(content, size_bytes);
    if (error == OK)
        error = case_check_sendable(content, clock_wall_us(), note);
    jdoc_free(doc);
    if (error == OK)
        *ret_case = content;
    else
        case_free(content);
    return error;
}
