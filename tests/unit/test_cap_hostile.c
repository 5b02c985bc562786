/* cap_child, cap_parse: hostile XML is refused by name and line, nothing is read from it, and the process that reads it
 * can do nothing else. */
#include "tests/unit/cap_room.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>

#define NS "xmlns='" CAP_SCHEMA_NAMESPACE "'"
#define HEAD                                                                                                           \
    "<identifier>i</identifier><sender>s</sender><sent>2026-11-21T10:00:00-00:00</sent><status>Actual</status>"        \
    "<msgType>Alert</msgType><scope>Public</scope>"
#define INFO                                                                                                           \
    "<info><category>Rescue</category><event>e</event><urgency>Past</urgency><severity>Minor</severity>"               \
    "<certainty>Likely</certainty></info>"
#define WHOLE "<alert " NS ">" HEAD INFO "</alert>"

static int parse(struct slice xml, struct err_note *note)
{
    struct cap_doc doc = {0};
    int error = cap_parse(xml, "in.xml", note, &doc);
    if (error != OK) { /* untouched on failure */
        assert_null(doc.items);
        assert_null(doc.texts);
    }
    cap_parse_done(&doc);
    return error;
}

static void refused(struct slice xml, int wanted, const char *says)
{
    struct err_note note = {""};
    int error = parse(xml, &note);
    if (error != wanted || strstr(note.text, says) == NULL)
        fail_msg("%s \"%s\" instead of %s \"%s\" for: %.300s", err_name(error), note.text, err_name(wanted), says,
                 (const char *)xml.data);
}

static void refused_text(const char *xml, int wanted, const char *says)
{
    refused(slice_text(xml), wanted, says);
}

static void accepted(const char *xml)
{
    struct err_note note = {""};
    if (parse(slice_text(xml), &note) != OK)
        fail_msg("%s: %.300s", note.text, xml);
}

static void cap_hostile_doctype_is_refused_wherever_it_stands(void **state)
{
    (void)state;
    static const char says[] = ": a DOCTYPE";
    refused_text("<!DOCTYPE alert>" WHOLE, ERR_SYNTAX, "in.xml:1: a DOCTYPE");
    refused_text("<?xml version='1.0'?>\n<!DOCTYPE alert SYSTEM 'http://example.org/x.dtd'>" WHOLE, ERR_SYNTAX,
                 "in.xml:2: a DOCTYPE");
    refused_text("<!-- c -->\n\n<!DOCTYPE alert PUBLIC 'a' 'file:///etc/passwd'>" WHOLE, ERR_SYNTAX,
                 "in.xml:3: a DOCTYPE");
    refused_text("\xEF\xBB\xBF<!DOCTYPE alert [<!ENTITY x SYSTEM '/etc/passwd'>]>" WHOLE, ERR_SYNTAX, says);
    refused_text("<!DOCTYPE alert [<!ENTITY % p SYSTEM 'http://example.org/p'> %p;]>" WHOLE, ERR_SYNTAX, says);
    refused_text("<?pi?><!DOCTYPE alert [<!ATTLIST alert a CDATA 'x'>]>" WHOLE, ERR_SYNTAX, says);
    /* Elsewhere it is not even well formed. */
    refused_text("<alert " NS "><!DOCTYPE alert>" HEAD INFO "</alert>", ERR_SYNTAX, "in.xml:1: ");
    refused_text("<alert " NS ">" HEAD "<!DOCTYPE alert>" INFO "</alert>", ERR_SYNTAX, "in.xml:1: ");
    refused_text(WHOLE "<!DOCTYPE alert>", ERR_SYNTAX, "in.xml:1: ");
    refused_text("<!doctype alert>" WHOLE, ERR_SYNTAX, "in.xml:1: ");
}

/* "At its first byte": whatever follows the word is never looked at, be it nonsense or cut off. */
static void cap_hostile_doctype_is_refused_before_its_name(void **state)
{
    (void)state;
    refused_text("<!DOCTYPE \x01\x02 << && ", ERR_SYNTAX, "a DOCTYPE");
    refused_text("<!DOCTYPE ", ERR_SYNTAX, "a DOCTYPE");
    refused_text("<!DOCTYPE\n", ERR_SYNTAX, "a DOCTYPE");
    for (size_t len = 0; len <= 9; len++)
        refused(slice_of("<!DOCTYPE", len), ERR_SYNTAX, "in.xml:1: ");
}

static void cap_hostile_billion_laughs_is_refused_at_once(void **state)
{
    (void)state;
    struct buf xml;
    buf_init(&xml);
    buf_add_text(&xml, "<?xml version=\"1.0\"?><!DOCTYPE lolz [<!ENTITY a0 \"lol\">");
    for (int i = 1; i < 30; i++)
        buf_printf(&xml, "<!ENTITY a%d \"&a%d;&a%d;&a%d;&a%d;&a%d;&a%d;&a%d;&a%d;&a%d;&a%d;\">", i, i - 1, i - 1, i - 1,
                   i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1);
    buf_add_text(&xml, "]><alert " NS "><identifier>&a29;</identifier></alert>");
    int64_t before_us = clock_steady_us();
    refused(buf_slice(&xml), ERR_SYNTAX, "a DOCTYPE");
    assert_true(clock_steady_us() - before_us < 5 * CLOCK_SECOND_US);
    buf_free(&xml);
    refused_text("<alert " NS "><identifier>&a;</identifier></alert>", ERR_SYNTAX, "in.xml:1: undefined entity");
    accepted("<alert " NS
             "><identifier>&lt;&amp;&#x41;</identifier><sender>s</sender><sent>2026-11-21T10:00:00-00:00</sent>"
             "<status>Actual</status><msgType>Alert</msgType><scope>Public</scope></alert>");
}

static void cap_hostile_nesting_is_bounded(void **state)
{
    (void)state;
    struct buf xml;
    buf_init(&xml);
    /* Foreign elements after the last info may nest: up to the limit. */
    for (int depth = 14; depth <= 16; depth++) {
        buf_clear(&xml);
        buf_add_text(&xml, "<alert " NS ">" HEAD INFO);
        for (int i = 0; i < depth; i++)
            buf_add_text(&xml, "<x xmlns='y'>");
        for (int i = 0; i < depth; i++)
            buf_add_text(&xml, "</x>");
        buf_add_text(&xml, "</alert>");
        if (depth <= 15)
            accepted(buf_text(&xml));
        else
            refused(buf_slice(&xml), ERR_LIMIT, "more than 16 levels");
    }
    buf_clear(&xml);
    buf_add_text(&xml, "<alert " NS ">" HEAD INFO "<x xmlns='y'>");
    while (xml.len < CAP_CHILD_INPUT_BYTES_MAX - 3)
        buf_add_text(&xml, "<a>");
    refused(buf_slice(&xml), ERR_LIMIT, "in.xml:1: more than 16 levels");
    buf_free(&xml);
}

static void cap_hostile_size_is_bounded(void **state)
{
    (void)state;
    struct buf xml;
    buf_init(&xml);
    buf_add_text(&xml, WHOLE);
    while (xml.len < CAP_CHILD_INPUT_BYTES_MAX)
        buf_add_u8(&xml, ' ');
    accepted(buf_text(&xml));
    buf_add_u8(&xml, ' ');
    refused(buf_slice(&xml), ERR_LIMIT, "in.xml: 262145 bytes; the limit is 262144");
    /* A great many elements, in a place where any number may stand. */
    buf_clear(&xml);
    buf_add_text(&xml, "<alert " NS ">" HEAD INFO "<x xmlns='y'>");
    while (xml.len < CAP_CHILD_INPUT_BYTES_MAX - 40)
        buf_add_text(&xml, "<a/>");
    buf_add_text(&xml, "</x></alert>");
    accepted(buf_text(&xml));
    buf_free(&xml);
}

static void add_many(struct buf *xml, const char *text, size_t upto)
{
    while (xml->len < upto)
        buf_add_text(xml, text);
}

static void cap_hostile_attributes_are_refused(void **state)
{
    (void)state;
    struct buf xml;
    buf_init(&xml);
    buf_add_text(&xml, "<alert " NS " a='");
    add_many(&xml, "x", 200000);
    buf_add_text(&xml, "'>" HEAD "</alert>");
    refused(buf_slice(&xml), ERR_SYNTAX, "an attribute");
    buf_clear(&xml);
    buf_add_text(&xml, "<alert " NS);
    for (int i = 0; i < 12000; i++)
        buf_printf(&xml, " a%d='%d'", i, i);
    buf_add_text(&xml, "/>");
    refused(buf_slice(&xml), ERR_SYNTAX, "an attribute");
    buf_clear(&xml);
    buf_add_text(&xml, "<alert");
    for (int i = 0; i < 5000; i++)
        buf_printf(&xml, " xmlns:n%d='urn:%d'", i, i);
    buf_add_text(&xml, " " NS ">" HEAD "</alert>");
    accepted(buf_text(&xml));
    buf_free(&xml);
    refused_text("<alert " NS "><identifier xml:lang='en'>i</identifier></alert>", ERR_SYNTAX, "an attribute");
    refused_text("<alert " NS " a='1' a='2'/>", ERR_SYNTAX, "in.xml:1: duplicate attribute");
}

static void cap_hostile_namespaces_are_told_apart(void **state)
{
    (void)state;
    static const char no[] = "in.xml:1: is not an <alert> of CAP 1.2";
    refused_text("<alert>" HEAD INFO "</alert>", ERR_SYNTAX, no);
    refused_text("<alert xmlns='urn:oasis:names:tc:emergency:cap:1.1'>" HEAD INFO "</alert>", ERR_SYNTAX, no);
    refused_text("<alert xmlns='urn:oasis:names:tc:emergency:cap:1.2 '>" HEAD "</alert>", ERR_SYNTAX, no);
    refused_text("<alert xmlns='urn:oasis:names:tc:emergency:cap:1.2|x'>" HEAD "</alert>", ERR_SYNTAX, "in.xml:1: ");
    refused_text("<alert xmlns:c=\"" CAP_SCHEMA_NAMESPACE "\">" HEAD "</alert>", ERR_SYNTAX, no);
    refused_text("<c:alert>" HEAD "</c:alert>", ERR_SYNTAX, "unbound prefix");
    refused_text("<alert " NS "><identifier xmlns='y'>i</identifier></alert>", ERR_MISSING,
                 "<alert> has no <identifier>");
    refused_text("<alert " NS ">" HEAD "<info><x xmlns='y'/></info></alert>", ERR_UNKNOWN, "<x> of another namespace");
    refused_text("<alert " NS ">" HEAD "<x xmlns='y'/>" INFO "</alert>", ERR_SYNTAX, "<info> stands before");
    refused_text("<info " NS "/>", ERR_UNKNOWN, "<info> has no place in a document");
    accepted("<c:alert xmlns:c='" CAP_SCHEMA_NAMESPACE "'><c:identifier>i</c:identifier><c:sender>s</c:sender>"
             "<c:sent>2026-11-21T10:00:00+01:00</c:sent><c:status>Test</c:status><c:msgType>Ack</c:msgType>"
             "<c:scope>Private</c:scope></c:alert>");
}

static void cap_hostile_bytes_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "\xFF", "\xC0\x80", "\xE2\x82", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\x80", "\x01", "\x1b[2J",
        "&#0;", "&#x1b;",   "&#xD800;", "&#xFFFF;",     "\xEF\xBF\xBF",     "]]>",  "&",    "<"};
    struct buf xml;
    buf_init(&xml);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        buf_clear(&xml);
        buf_printf(&xml, "<alert " NS ">\n<identifier>%s</identifier></alert>", bad[i]);
        refused(buf_slice(&xml), ERR_SYNTAX, "in.xml:2: ");
    }
    for (size_t i = 0; i <= sizeof WHOLE - 1; i++) {
        buf_clear(&xml);
        buf_add(&xml, WHOLE, i);
        buf_add_u8(&xml, 0);
        buf_add_text(&xml, WHOLE + i);
        refused(buf_slice(&xml), ERR_SYNTAX, "in.xml:1: ");
    }
    buf_free(&xml);
    refused(slice_of("\xFF\xFE<\0a\0/\0>\0", 10), ERR_SYNTAX, "in.xml:1: ");
    refused(slice_of("", 0), ERR_SYNTAX, "in.xml:1: no element found");
    refused_text("<?xml version='1.0' encoding='ISO-8859-1'?>" WHOLE, ERR_SYNTAX,
                 "in.xml:1: an encoding other than UTF-8");
    refused_text("<?xml version='1.0' encoding='UTF-16'?>" WHOLE, ERR_SYNTAX, "in.xml:1: ");
    accepted("<?xml version='1.0' encoding='utf-8' standalone='yes'?><!-- c --><?pi x?>" WHOLE "<!-- d -->\n");
}

static void cap_hostile_message_cut_anywhere_is_refused(void **state)
{
    (void)state;
    struct buf xml;
    struct err_note note;
    cap_room_file("tests/vectors/cap/foreign.xml", &xml);
    size_t whole = xml.len;
    while (xml.data[whole - 1] != '>')
        whole--;
    for (size_t len = 0; len < whole; len++)
        refused(slice_of(xml.data, len), ERR_SYNTAX, "in.xml:");
    assert_int_equal(parse(slice_of(xml.data, whole), &note), OK);
    buf_free(&xml);
}

static void cap_hostile_message_changed_anywhere_is_read_or_refused(void **state)
{
    (void)state;
    static const char with[] = {'<', '&', '>', '\0', 'x', (char)0xC3};
    struct buf xml;
    cap_room_file("tests/vectors/cap/foreign.xml", &xml);
    for (size_t i = 0; i < xml.len; i++) {
        struct err_note note = {""};
        uint8_t was = xml.data[i];
        xml.data[i] = (uint8_t)with[i % sizeof with];
        int error = parse(buf_slice(&xml), &note);
        if (error == ERR_INTERNAL || error == ERR_IO || (error != OK && strncmp(note.text, "in.xml:", 7) != 0))
            fail_msg("byte %zu as %d: %s: %s", i, with[i % sizeof with], err_name(error), note.text);
        xml.data[i] = was;
    }
    buf_free(&xml);
}

static void cap_hostile_elements_keep_the_standards_order(void **state)
{
    (void)state;
    refused_text("<alert " NS ">\n<sender>s</sender>\n<identifier>i</identifier></alert>", ERR_SYNTAX,
                 "in.xml:3: <identifier> stands before <sender> in <alert>, not after it");
    refused_text("<alert " NS "><identifier>i</identifier>\n<identifier>i</identifier></alert>", ERR_SYNTAX,
                 "in.xml:2: a second <identifier> in <alert>");
    refused_text("<alert " NS ">" HEAD "\n<info/></alert>", ERR_MISSING, "in.xml:2: <info> has no <category>");
    refused_text("<alert " NS ">" HEAD "\n<colour>red</colour></alert>", ERR_UNKNOWN,
                 "in.xml:2: <colour> has no place");
    refused_text("<alert " NS "><identifier><sender/></identifier></alert>", ERR_UNKNOWN,
                 "<sender> has no place in <ident");
    refused_text("<alert " NS ">" HEAD "\n words</alert>", ERR_SYNTAX,
                 "in.xml:2: text between the elements of <alert>");
    refused_text("<alert " NS ">" HEAD "<info><alert/></info></alert>", ERR_UNKNOWN, "<alert> has no place in <info>");
}

static void with_swapped(const char *from, const char *to, int wanted, const char *says)
{
    const char *at = strstr(WHOLE, from);
    struct buf xml;
    buf_init(&xml);
    assert_non_null(at);
    buf_add(&xml, WHOLE, (size_t)(at - WHOLE));
    buf_printf(&xml, "\n%s%s", to, at + strlen(from));
    refused(buf_slice(&xml), wanted, says);
    buf_free(&xml);
}

static void cap_hostile_words_are_named_with_their_line(void **state)
{
    (void)state;
    with_swapped("<status>Actual", "<status>Real", ERR_UNKNOWN,
                 "in.xml:2: status: \"Real\" is not one of Actual Exercise System Test Draft");
    with_swapped("<status>Actual", "<status>actual", ERR_UNKNOWN, "in.xml:2: status: \"actual\" is not one of");
    with_swapped("<msgType>Alert", "<msgType>", ERR_UNKNOWN, "in.xml:2: msgType: \"\" is not one of Alert Update");
    with_swapped("<scope>Public", "<scope>All", ERR_UNKNOWN, "is not one of Public Restricted Private");
    with_swapped("<category>Rescue", "<category>Police", ERR_UNKNOWN, "CBRNE Other");
    with_swapped("<urgency>Past", "<urgency>Urgent", ERR_UNKNOWN,
                 "is not one of Immediate Expected Future Past Unknown");
    with_swapped("<severity>Minor", "<severity>Low", ERR_UNKNOWN,
                 "is not one of Extreme Severe Moderate Minor Unknown");
    with_swapped("<certainty>Likely", "<certainty>Very", ERR_UNKNOWN, "Observed Likely Possible Unlikely Unknown");
    with_swapped("10:00:00-00:00", "10:00:00Z", ERR_INVALID, "in.xml:1: sent: \"2026-11-21T");
    with_swapped("-11-21T10:00:00-", "-11-31T10:00:00-", ERR_INVALID, "is not a time as");
    with_swapped("10:00:00-00:00", "10:00:00.5-00:00", ERR_INVALID, "is not a time as");
}

/* What the child writes is held to the same rules as what strangers write. */
static void cap_hostile_records_are_not_trusted(void **state)
{
    (void)state;
    struct buf records;
    struct cap_doc doc = {0};
    struct err_note note = {""};
    int fds[2];
    uint8_t room[8192];
    assert_int_equal(pipe(fds), 0);
    pid_t pid = fork();
    if (pid == 0)
        cap_child_run(slice_text(WHOLE), 1, fds[1]);
    close(fds[1]);
    buf_init(&records);
    for (ssize_t got; (got = read(fds[0], room, sizeof room)) > 0;)
        buf_add(&records, room, (size_t)got);
    close(fds[0]);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    for (size_t len = 0; len < records.len; len++)
        assert_int_not_equal(cap_parse_records(slice_of(records.data, len), "in.xml", &note, &doc), OK);
    for (size_t i = 0; i < records.len; i++) {
        for (int change = 1; change < 256; change <<= 1) {
            records.data[i] ^= (uint8_t)change;
            if (cap_parse_records(buf_slice(&records), "in.xml", &note, &doc) == OK)
                cap_parse_done(&doc);
            records.data[i] ^= (uint8_t)change;
        }
    }
    assert_int_equal(cap_parse_records(buf_slice(&records), "in.xml", &note, &doc), OK);
    cap_parse_done(&doc);
    /* The text of <event>: a NUL would hide what stands behind it. */
    uint8_t *event = memchr(records.data, 'e', records.len);
    while (event != NULL && memcmp(event, "event", 5) != 0)
        event = memchr(event + 1, 'e', (size_t)(records.data + records.len - event - 1));
    assert_non_null(event);
    event[5 + 9] = '\0';
    assert_int_equal(cap_parse_records(buf_slice(&records), "in.xml", &note, &doc), ERR_SYNTAX);
    assert_string_equal(note.text, "in.xml:1: is not valid UTF-8");
    buf_free(&records);
}

/* The status of a confined child that tries something. */
static int confined(void (*attempt)(int fd))
{
    int status = 0, fds[2];
    assert_int_equal(pipe(fds), 0);
    pid_t pid = fork();
    if (pid == 0) {
        if (cap_child_confine(fds[1]) != OK)
            _exit(3);
        attempt(fds[1]);
        _exit(0);
    }
    close(fds[0]);
    close(fds[1]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

static void try_nothing(int fd)
{
    (void)fd;
}

static void try_open(int fd)
{
    (void)fd;
    if (open("/etc/passwd", O_RDONLY) >= 0)
        _exit(4);
}

static void try_socket(int fd)
{
    (void)fd;
    if (socket(AF_INET, SOCK_STREAM, 0) >= 0)
        _exit(4);
}

static void try_fork(int fd)
{
    (void)fd;
    if (fork() >= 0)
        _exit(4);
}

static void try_read(int fd)
{
    char room[1];
    if (read(fd, room, 1) == 1)
        _exit(4);
}

static void cap_child_confined_can_only_end(void **state)
{
    (void)state;
    assert_int_equal(confined(try_nothing), 0);
    void (*const attempts[])(int) = {try_open, try_socket, try_fork, try_read};
    for (size_t i = 0; i < sizeof attempts / sizeof attempts[0]; i++) {
        int status = confined(attempts[i]);
        assert_true(WIFSIGNALED(status));
        assert_int_equal(WTERMSIG(status), SIGSYS);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cap_hostile_doctype_is_refused_wherever_it_stands),
        cmocka_unit_test(cap_hostile_doctype_is_refused_before_its_name),
        cmocka_unit_test(cap_hostile_billion_laughs_is_refused_at_once),
        cmocka_unit_test(cap_hostile_nesting_is_bounded),
        cmocka_unit_test(cap_hostile_size_is_bounded),
        cmocka_unit_test(cap_hostile_attributes_are_refused),
        cmocka_unit_test(cap_hostile_namespaces_are_told_apart),
        cmocka_unit_test(cap_hostile_bytes_are_refused),
        cmocka_unit_test(cap_hostile_message_cut_anywhere_is_refused),
        cmocka_unit_test(cap_hostile_message_changed_anywhere_is_read_or_refused),
        cmocka_unit_test(cap_hostile_elements_keep_the_standards_order),
        cmocka_unit_test(cap_hostile_words_are_named_with_their_line),
        cmocka_unit_test(cap_hostile_records_are_not_trusted),
        cmocka_unit_test(cap_child_confined_can_only_end),
    };
    return cmocka_run_group_tests(tests, cap_room_start, NULL);
}
