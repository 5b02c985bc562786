/* fuzz_cap: a CAP 1.2 message: expat as its own process runs it, and what the parent makes of the records, forged ones
 * too. */
#include "node/cli/cap_child.c"
#include "node/cli/cap_leaf.c"
#include "node/cli/cap_parse.c"
#include "node/cli/cap_read.c"
#include "node/cli/cap_schema.c"
#include "node/cli/cap_write.c"
#include "node/cli/cli_text.c"
#include "node/cli/cli_width.c"

#include "fuzz.h"
#include "proto/case.h"

static void read_records(struct slice records)
{
    struct err_note note = {""};
    struct cap_doc doc = {0};
    struct cap_draft draft;
    if (cap_parse_records(records, "in.xml", &note, &doc) != OK) {
        fuzz_check_note(&note);
        return;
    }
    if (cap_read(&doc, "in.xml", &note, &draft) == OK) {
        Hotline__Case *alert = NULL;
        CHECK(draft.alert != NULL);
        if (case_from_json(draft.alert, &note, &alert) == OK)
            case_free(alert);
        cap_read_done(&draft);
    } else {
        fuzz_check_note(&note);
    }
    cap_parse_done(&doc);
}

/* What the child would write; into a file, since a pipe would fill. */
static void parse_xml(struct slice xml, struct buf *out)
{
    static struct child child;
    static int fd = -1;
    if (fd < 0) {
        char name[] = "/tmp/hotline-fuzz-XXXXXX";
        fd = mkstemp(name);
        CHECK(fd >= 0);
        unlink(name);
        arena.base = malloc(ARENA_BYTES);
        CHECK(arena.base != NULL);
    }
    CHECK(ftruncate(fd, 0) == 0 && lseek(fd, 0, SEEK_SET) == 0);
    memset(&child, 0, sizeof child);
    arena.used = 0;
    arena.last = NULL;
    child.fd = fd;
    child.parser = make_parser(&child, 1);
    if (child.parser == NULL)
        return;
    if (XML_Parse(child.parser, (const char *)xml.data, (int)xml.len, 1) == XML_STATUS_OK)
        record(&child, CAP_CHILD_WHOLE, "", 0);
    else if (!child.refused)
        refuse(&child, CAP_CHILD_REFUSED, XML_ErrorString(XML_GetErrorCode(child.parser)));
    flush(&child);
    off_t len = lseek(fd, 0, SEEK_END);
    uint8_t *room = buf_reserve(out, (size_t)len + 1);
    CHECK(len >= 0 && room != NULL && pread(fd, room, (size_t)len, 0) == len);
    buf_grew(out, (size_t)len);
    XML_ParserFree(child.parser);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf records;
    fuzz_begin();
    if (size > CAP_CHILD_INPUT_BYTES_MAX)
        return 0;
    read_records(slice_of(data, size));
    buf_init(&records);
    parse_xml(slice_of(data, size), &records);
    read_records(buf_slice(&records));
    buf_free(&records);
    return 0;
}
