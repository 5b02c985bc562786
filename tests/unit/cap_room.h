/*
 * cap_room - what the tests of CAP share: the sources of the command line's CAP modules, views as a node gives them,
 * and xmllint with the rules of tests/vectors/cap. Include once per test program.
 */
#ifndef TESTS_UNIT_CAP_ROOM_H
#define TESTS_UNIT_CAP_ROOM_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "node/cli/cap_child.c"
#include "node/cli/cap_digest.c"
#include "node/cli/cap_leaf.c"
#include "node/cli/cap_parse.c"
#include "node/cli/cap_read.c"
#include "node/cli/cap_schema.c"
#include "node/cli/cap_write.c"
#include "node/cli/cli_text.c"
#include "node/cli/cli_width.c"
#include "proto/keyfile.h"
#include "proto/seal.h"

static inline int cap_room_start(void **state)
{
    (void)state;
    return seal_start();
}

static inline struct jdoc *cap_room_json(const char *text)
{
    struct jdoc *doc = NULL;
    struct err_note note = {""};
    if (jdoc_parse(slice_text(text), "test", &note, &doc) != OK)
        fail_msg("%s: %.200s", note.text, text);
    return doc;
}

static inline void cap_room_file(const char *path, struct buf *ret_text)
{
    struct err_note note = {""};
    buf_init(ret_text);
    if (keyfile_slurp(path, 1 << 20, ret_text, &note) != OK)
        fail_msg("%s (run from the top of the repository)", note.text);
}

/* A CaseView around a case (taken): revision 2, an UPDATE, of a case that this node opened and sent to two. */
static inline struct jdoc *cap_room_view(struct jdoc *alert)
{
    struct jdoc *view = cap_room_json(
        "{\"reference\":\"GR-2026-00042\",\"member\":\"gr-faros\",\"case_id\":\"00112233445566778899aabbccddeeff\","
        "\"mine\":true,\"revision\":2,\"status\":\"ACTUAL\",\"state\":\"OPEN\","
        "\"urgency\":\"IMMEDIATE\",\"restricted\":true,"
        "\"category\":\"PARENTAL_ABDUCTION\",\"countries\":[\"IT\",\"FR\"],\"opener_name\":\"Faros & \\u0395\\u03bb\","
        "\"ladder\":[{\"member\":\"it-lanterna\"},{\"member\":\"fr-phare\"}],\"revisions\":["
        "{\"revision\":2,\"act\":\"UPDATE\",\"sent_at\":\"2026-11-21T10:30:00.214Z\",\"envelope_id\":"
        "\"22222222222222222222222222222222\"},{\"revision\":1,\"act\":\"OPEN\","
        "\"sent_at\":\"2026-11-21T10:00:00.999Z\",\"envelope_id\":\"11111111111111111111111111111111\"}]}");
    if (alert != NULL)
        jdoc_set_doc(view, "case", alert);
    return view;
}

/* What the first photo of every case here has. */
#define CAP_ROOM_SHA1 "a9993e364706816aba3e25717850c26c9cd0d89d"

static inline void cap_room_write(const struct jdoc *view, struct buf *ret_xml)
{
    struct err_note note = {""};
    const struct cap_photos photos = {.sha1 = {CAP_ROOM_SHA1}};
    struct cap_written written;
    buf_init(ret_xml);
    if (cap_write_case(view, &photos, ret_xml, &note, &written) != OK)
        fail_msg("%s", note.text);
}

/* A message of one's own kind read back: the draft is the caller's (cap_read_done). */
static inline int cap_room_read(struct slice xml, struct err_note *note, struct cap_draft *ret_draft)
{
    struct cap_doc doc = {0};
    int error = cap_parse(xml, "in.xml", note, &doc);
    if (error == OK)
        error = cap_read(&doc, "in.xml", note, ret_draft);
    cap_parse_done(&doc);
    return error;
}

/* The exit status of xmllint with the rules: 0 valid. Its words go to the test's log. */
static inline int cap_room_lint(struct slice xml)
{
    char path[] = "/tmp/cap-room-XXXXXX";
    int fd = mkstemp(path), status = -1;
    assert_true(fd >= 0);
    assert_int_equal(write(fd, xml.data, xml.len), (ssize_t)xml.len);
    close(fd);
    pid_t pid = fork();
    if (pid == 0) {
        dup2(STDERR_FILENO, STDOUT_FILENO);
        execlp("xmllint", "xmllint", "--noout", "--nonet", "--relaxng", "tests/vectors/cap/cap-1.2.rng", path,
               (char *)NULL);
        _exit(127);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    unlink(path);
    assert_true(WIFEXITED(status));
    assert_int_not_equal(WEXITSTATUS(status), 127); /* xmllint is missing: make deps */
    return WEXITSTATUS(status);
}

static inline void cap_room_says(struct buf *text, const char *wanted)
{
    if (strstr(buf_text(text), wanted) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", buf_text(text), wanted);
}

static inline void cap_room_says_not(struct buf *text, const char *unwanted)
{
    if (strstr(buf_text(text), unwanted) != NULL)
        fail_msg("\"%s\" says \"%s\"", buf_text(text), unwanted);
}

#endif
