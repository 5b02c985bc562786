/* cap_write, cap_read, cap_leaf: exports are valid CAP 1.2 and say what the case says; what comes back is the same
 * case; what has no place is said with its line. */
#include "tests/unit/cap_room.h"

/* ---- export ---- */

static struct jdoc *full_case(void)
{
    struct buf text;
    cap_room_file("tests/vectors/case-full.json", &text);
    struct jdoc *alert = cap_room_json(buf_text(&text));
    buf_free(&text);
    return alert;
}

static void cap_export_full_case_is_valid_and_mapped(void **state)
{
    (void)state;
    static const char *const wanted[] = {
        "<identifier>22222222222222222222222222222222</identifier>\n  <sender>gr-faros</sender>\n"
        "  <sent>2026-11-21T10:30:00-00:00</sent>\n  <status>Actual</status>\n  <msgType>Update</msgType>\n"
        "  <scope>Restricted</scope>\n  <restriction>",
        "<addresses>it-lanterna fr-phare</addresses>",
        "<code>hotline:publicity.level=PROFESSIONALS_ONLY</code>\n  <code>hotline:do_not_approach=true</code>",
        "<references>gr-faros,11111111111111111111111111111111,2026-11-21T10:00:00-00:00</references>\n"
        "  <incidents>00112233445566778899aabbccddeeff</incidents>",
        "<category>Rescue</category>\n    <category>Security</category>\n    <event>",
        "<urgency>Immediate</urgency>\n    <severity>Extreme</severity>\n    <certainty>Observed</certainty>",
        "<valueName>hotline:category</valueName>\n      <value>PARENTAL_ABDUCTION</value>",
        "<valueName>hotline:child.clothing[1].item</valueName>\n      <value>TROUSERS</value>",
        "<mimeType>image/jpeg</mimeType>\n      <size>123456</size>\n"
        "      <digest>" CAP_ROOM_SHA1 "</digest>",
        "<valueName>ISO3166-1</valueName>\n        <value>IT</value>",
        "<circle>38.246600,21.734574 0.150</circle>",
        "<senderName>Faros &amp; \xCE\x95\xCE\xBB</senderName>",
    };
    struct jdoc *view = cap_room_view(full_case());
    struct buf xml;
    cap_room_write(view, &xml);
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++)
        cap_room_says(&xml, wanted[i]);
    assert_int_equal(cap_room_lint(buf_slice(&xml)), 0);
    buf_free(&xml);
    jdoc_free(view);
}

static void cap_export_rules_of_the_test_can_fail(void **state)
{
    (void)state;
    static const char *const swaps[][2] = {
        {"<sent>2026-11-21T10:30:00-00:00<", "<sent>2026-11-21T10:30:00Z<"},
        {"<urgency>Immediate<", "<urgency>Urgent<"},
        {"<scope>Restricted</scope>", ""},
        {"<event>", "<event/><event>"},
        {"<category>Rescue</category>\n    <category>Security</category>", ""},
        {"<sender>", "<sent>2026-11-21T10:30:00-00:00</sent><sender>"},
        {"<mimeType>image/jpeg</mimeType>", ""},
    };
    struct jdoc *view = cap_room_view(full_case());
    struct buf xml, broken;
    cap_room_write(view, &xml);
    for (size_t i = 0; i < sizeof swaps / sizeof swaps[0]; i++) {
        const char *text = buf_text(&xml), *at = strstr(text, swaps[i][0]);
        struct cap_draft draft;
        struct err_note note = {""};
        assert_non_null(at);
        buf_init(&broken);
        buf_add(&broken, text, (size_t)(at - text));
        buf_add_text(&broken, swaps[i][1]);
        buf_add_text(&broken, at + strlen(swaps[i][0]));
        if (cap_room_lint(buf_slice(&broken)) == 0)
            fail_msg("the rules let \"%s\" pass", swaps[i][1]);
        if (cap_room_read(buf_slice(&broken), &note, &draft) == OK)
            fail_msg("the import lets \"%s\" pass", swaps[i][1]);
        buf_free(&broken);
    }
    buf_free(&xml);
    jdoc_free(view);
}

static void cap_export_closing_is_a_cancel_without_the_child(void **state)
{
    (void)state;
    struct jdoc *view = cap_room_view(full_case());
    struct buf xml;
    jdoc_set_doc(
        view, "closing",
        cap_room_json("{\"outcome\":\"FOUND_SAFE\",\"reason\":\"Found at the port <ok>\",\"found_country\":\"IT\","
                      "\"days_missing\":2,\"closed_at\":\"2026-11-23T10:00:00.000Z\"}"));
    cap_room_write(view, &xml);
    cap_room_says(&xml, "<msgType>Cancel</msgType>");
    cap_room_says(&xml, "<note>Drill GR-D-7. Found at the port &lt;ok&gt;</note>");
    cap_room_says(&xml, "<valueName>hotline:closing.outcome</valueName>\n      <value>FOUND_SAFE</value>");
    cap_room_says_not(&xml, "Lenio");
    cap_room_says_not(&xml, "hotline:child");
    cap_room_says_not(&xml, "Patras");
    assert_int_equal(cap_room_lint(buf_slice(&xml)), 0);
    buf_free(&xml);
    jdoc_free(view);
}

static void cap_export_acknowledgement_is_an_ack(void **state)
{
    (void)state;
    struct jdoc *view = cap_room_view(full_case());
    struct err_note note = {""};
    struct buf xml;
    buf_init(&xml);
    assert_int_equal(cap_write_ack(view, "it-lanterna", &xml, &note), ERR_STATE);
    assert_int_equal(xml.len, 0);
    jdoc_set_doc(
        view, "acknowledgement",
        cap_room_json("{\"at\":\"2026-11-21T10:05:00.000Z\",\"revision\":1,\"as\":\"Paola\",\"accepted_by\":2}"));
    assert_int_equal(cap_write_ack(view, "it-lanterna", &xml, &note), OK);
    cap_room_says(&xml, "<sender>it-lanterna</sender>\n  <sent>2026-11-21T10:05:00-00:00</sent>");
    cap_room_says(&xml, "<msgType>Ack</msgType>");
    cap_room_says(&xml, "<references>gr-faros,11111111111111111111111111111111,2026-11-21T10:00:00-00:00</references>");
    cap_room_says_not(&xml, "Paola");
    cap_room_says_not(&xml, "2222");
    assert_int_equal(cap_room_lint(buf_slice(&xml)), 0);
    buf_free(&xml);
    jdoc_free(view);
}

static void cap_export_drill_says_exercise_and_its_id(void **state)
{
    (void)state;
    struct jdoc *view = cap_room_view(full_case());
    struct buf xml;
    jdoc_set_text(view, "status", "EXERCISE");
    cap_room_write(view, &xml);
    cap_room_says(&xml, "<status>Exercise</status>");
    cap_room_says(&xml, "<note>Drill GR-D-7.</note>");
    jdoc_set_text(view, "status", "SOMETHING_NEW"); /* never live by mistake */
    buf_free(&xml);
    cap_room_write(view, &xml);
    cap_room_says(&xml, "<status>Exercise</status>");
    buf_free(&xml);
    jdoc_free(view);
}

static void cap_export_leaves_out_pictures_and_hidden_names(void **state)
{
    (void)state;
    struct jdoc *view = cap_room_view(full_case());
    struct err_note note = {""};
    const struct cap_photos photos = {0};
    struct cap_written written;
    struct buf xml;
    buf_init(&xml);
    assert_int_equal(cap_write_case(view, &photos, &xml, &note, &written), OK);
    assert_true(written.name_hidden);
    assert_int_equal(written.photos, 1);
    cap_room_says_not(&xml, "derefUri");
    cap_room_says_not(&xml, "/9j/");
    cap_room_says_not(&xml, "Paradeigmou");
    cap_room_says_not(&xml, "\xCE\xA0\xCE\xB1\xCF\x81\xCE\xB1\xCE\xB4");
    cap_room_says(&xml, "hotline:child.transliterations[0].given_name");
    buf_free(&xml);
    jdoc_free(view);
}

/* The digests of FIPS 180's own examples. */
static void cap_export_digest_is_sha_1(void **state)
{
    (void)state;
    char text[CAP_DIGEST_TEXT];
    cap_digest(slice_text("abc"), text);
    assert_string_equal(text, CAP_ROOM_SHA1);
    cap_digest(slice_text("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"), text);
    assert_string_equal(text, "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
    cap_digest(slice_of(NULL, 0), text);
    assert_string_equal(text, "da39a3ee5e6b4b0d3255bfef95601890afd80709");
}

static void cap_export_photo_that_is_not_here_has_no_digest(void **state)
{
    (void)state;
    struct jdoc *view = cap_room_view(full_case());
    const struct cap_photos photos = {0};
    struct cap_written written;
    struct err_note note = {""};
    struct buf xml;
    buf_init(&xml);
    assert_int_equal(cap_write_case(view, &photos, &xml, &note, &written), OK);
    cap_room_says(&xml, "<size>123456</size>\n    </resource>");
    cap_room_says_not(&xml, "digest");
    assert_int_equal(cap_room_lint(buf_slice(&xml)), 0);
    buf_free(&xml);
    jdoc_free(view);
}

static void cap_export_text_of_others_cannot_steer_and_stays(void **state)
{
    (void)state;
    struct jdoc *view = cap_room_view(cap_room_json(
        "{\"category\":\"RUNAWAY\",\"circumstances\":\"a<b>&\\u0085\\u202e c\\n\\td ]]> \\\"e\\\" \\u200e\\ufffe\","
        "\"child\":{\"given_name\":\"</value><x>\"}}"));
    struct cap_draft draft;
    struct err_note note = {""};
    struct buf xml;
    cap_room_write(view, &xml);
    assert_int_equal(cap_room_lint(buf_slice(&xml)), 0);
    cap_room_says(&xml, "a&lt;b&gt;&amp;&#x85;&#x202E; c\n\td ]]&gt; \"e\" &#x200E;\xEF\xBF\xBD<");
    assert_int_equal(cap_room_read(buf_slice(&xml), &note, &draft), OK);
    assert_string_equal(jdoc_get_text(jdoc_get(draft.alert, "child"), "given_name", ""), "</value><x>");
    cap_room_says(&draft.report, "description: circumstances: contains a control character");
    cap_read_done(&draft);
    buf_free(&xml);
    jdoc_free(view);
}

static void cap_export_erased_case_is_not_found(void **state)
{
    (void)state;
    struct jdoc *view = cap_room_view(NULL);
    struct err_note note = {""};
    const struct cap_photos photos = {0};
    struct cap_written written;
    struct buf xml;
    buf_init(&xml);
    assert_int_equal(cap_write_case(view, &photos, &xml, &note, &written), ERR_NOT_FOUND);
    buf_free(&xml);
    jdoc_free(view);
}

static void cap_export_least_case_is_valid(void **state)
{
    (void)state;
    struct jdoc *view = cap_room_view(jdoc_object());
    struct buf xml;
    jdoc_set_bool(view, "restricted", false);
    jdoc_set_null(view, "countries");
    jdoc_set_doc(view, "ladder", jdoc_array());
    cap_room_write(view, &xml);
    cap_room_says(&xml, "<scope>Private</scope>\n  <addresses>gr-faros</addresses>");
    assert_int_equal(cap_room_lint(buf_slice(&xml)), 0);
    buf_free(&xml);
    jdoc_free(view);
}

/* ---- there and back ---- */

/* The case as the schema sees it, in one line: what two documents of the same meaning share. */
static char *canonical(const struct jdoc *doc)
{
    struct err_note note = {""};
    Hotline__Case *alert = NULL;
    struct jdoc *written;
    struct buf text;
    if (case_from_json(doc, &note, &alert) != OK)
        fail_msg("%s", note.text);
    assert_int_equal(case_to_json(alert, &written), OK);
    buf_init(&text);
    assert_int_equal(jdoc_write(written, false, &text), OK);
    char *copy = strdup(buf_text(&text));
    assert_non_null(copy);
    buf_free(&text);
    jdoc_free(written);
    case_free(alert);
    return copy;
}

/* A copy without the members named. */
static struct jdoc *without(const struct jdoc *doc, const char *const *keys)
{
    struct jdoc *copy = jdoc_object();
    struct jdoc_iter at = {0};
    const char *key;
    const struct jdoc *value;
    while (jdoc_next(doc, &at, &key, &value)) {
        bool gone = false;
        for (size_t i = 0; keys[i] != NULL; i++)
            gone = gone || strcmp(keys[i], key) == 0;
        if (!gone)
            jdoc_set_doc(copy, key, jdoc_copy(value));
    }
    return copy;
}

static void cap_round_trip_full_case_is_the_same(void **state)
{
    (void)state;
    static const char *const identity[] = {"case_id",   "reference", "revision", "status",
                                           "opened_at", "drill_id",  "replaces", "codes_version",
                                           "photos",    "valid_for", NULL};
    static const char *const names[] = {"family_name", "transliterations", NULL};
    struct jdoc *view = cap_room_view(full_case()), *wanted = without(jdoc_get(view, "case"), identity);
    struct jdoc *child = without(jdoc_get(wanted, "child"), names);
    jdoc_add_doc(jdoc_set_doc(child, "transliterations", jdoc_array()),
                 cap_room_json("{\"script\":\"Latn\",\"given_name\":\"Eleni\"}"));
    jdoc_set_doc(wanted, "child", child);
    struct cap_draft draft;
    struct err_note note = {""};
    struct buf xml;
    cap_room_write(view, &xml);
    if (cap_room_read(buf_slice(&xml), &note, &draft) != OK)
        fail_msg("%s", note.text);
    char *before = canonical(wanted), *after = canonical(draft.alert);
    assert_string_equal(after, before);
    assert_string_equal(buf_text(&draft.to), "IT,FR");
    assert_true(draft.restricted);
    assert_true(draft.ours);
    cap_room_says(&draft.report, ": note: is not taken");
    cap_room_says(&draft.report, ": resource: the file itself is not read");
    cap_room_says_not(&draft.report, "has no place in a case\nin.xml:1:");
    free(before);
    free(after);
    cap_read_done(&draft);
    buf_free(&xml);
    jdoc_free(wanted);
    jdoc_free(view);
}

/* What CAP must have and a case need not have. */
static void add_unless(struct cap_leaves *leaves, const char *path, const char *value)
{
    if (!cap_leaf_has(leaves, path))
        assert_int_equal(cap_leaf_add(leaves, path, value, 1), OK);
}

/* One value at one path, exported and imported. */
static void check_code(const char *path, const char *code)
{
    struct cap_leaves leaves = {0};
    struct cap_draft draft;
    struct err_note note = {""};
    struct buf xml;
    assert_int_equal(cap_leaf_add(&leaves, path, code, 1), OK);
    add_unless(&leaves, "urgency", "IMMEDIATE");
    add_unless(&leaves, "severity", "SEVERE");
    add_unless(&leaves, "certainty", "LIKELY");
    struct jdoc *view = cap_room_view(cap_leaf_build(&leaves));
    assert_true(leaves.list[0].used);
    cap_room_write(view, &xml);
    if (cap_room_read(buf_slice(&xml), &note, &draft) != OK)
        fail_msg("%s = %s: %s", path, code, note.text);
    char *before = canonical(jdoc_get(view, "case")), *after = canonical(draft.alert);
    if (strcmp(before, after) != 0)
        fail_msg("%s = %s came back as %s, from %s", path, code, after, before);
    free(before);
    free(after);
    cap_read_done(&draft);
    buf_free(&xml);
    jdoc_free(view);
    cap_leaf_done(&leaves);
}

/* Every enumeration in the case, wherever it stands, by the schema: recursion by types, as in cap_leaf. */
static unsigned check_codes_of(const ProtobufCMessageDescriptor *type, const char *prefix)
{
    unsigned count = 0;
    for (unsigned i = 0; i < type->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &type->fields[i];
        const ProtobufCEnumDescriptor *codes = field->descriptor;
        const char *index = field->label == PROTOBUF_C_LABEL_REPEATED ? "[0]" : "";
        char path[CAP_LEAF_PATH_MAX];
        bool below = field->type == PROTOBUF_C_TYPE_MESSAGE;
        snprintf(path, sizeof path, "%s%s%s%s", prefix, field->name, index, below ? "." : "");
        if (below)
            count += check_codes_of(field->descriptor, path);
        else if (field->type == PROTOBUF_C_TYPE_ENUM && strcmp(path, "status") != 0)
            for (unsigned v = 0; v < codes->n_values; v++, count++)
                check_code(path, codes->values[v].name);
    }
    return count;
}

static void cap_round_trip_keeps_every_code(void **state)
{
    (void)state;
    unsigned count = check_codes_of(&hotline__case__descriptor, "");
    print_message("%u codes at their places\n", count);
    assert_true(count > 500);
}

/* ---- import of others ---- */

static void cap_import_of_another_sender_reports_each_line(void **state)
{
    (void)state;
    static const char *const wanted[] = {
        "in.xml:8: source: \"Example Highway Patrol\" has no place in a case",
        "in.xml:14: event: \"Child Abduction\" has no place in a case",
        "in.xml:18: eventCode SAME: \"CAE\" has no place in a case",
        "in.xml:19: headline: taken as why_urgent; check it",
        "in.xml:21: description: taken as circumstances; check it",
        "in.xml:23: contact: contact.phone: \"Example County Sheriff\" is not an E.164 number",
        "in.xml:25: areaDesc: taken as last_seen.place; check it",
        "in.xml:27: geocode SAME: \"006037\" has no place in a case",
        "in.xml:28: geocode ISO3166-1: taken as likely_countries[0]; check it",
        "in.xml:31: Signature: of another standard",
    };
    struct cap_draft draft;
    struct err_note note = {""};
    struct buf xml;
    cap_room_file("tests/vectors/cap/foreign.xml", &xml);
    assert_int_equal(cap_room_lint(buf_slice(&xml)), 3); /* its signature and its schemaLocation: not in our rules */
    assert_int_equal(cap_room_read(buf_slice(&xml), &note, &draft), OK);
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++)
        cap_room_says(&draft.report, wanted[i]);
    assert_string_equal(jdoc_get_text(draft.alert, "why_urgent", ""), "AMBER Alert in Example County");
    assert_string_equal(jdoc_get_text(draft.alert, "circumstances", ""),
                        "Victim: a girl of 7 & red shorts.\n  Suspect: a man.");
    assert_string_equal(buf_text(&draft.to), "IT");
    assert_string_equal(draft.status, "Actual");
    assert_false(draft.restricted);
    assert_false(draft.ours);
    assert_null(jdoc_get(draft.alert, "category")); /* CAE does not say who took the child */
    cap_read_done(&draft);
    buf_free(&xml);
}

#define HEAD(status, type)                                                                                             \
    "<alert xmlns='urn:oasis:names:tc:emergency:cap:1.2'><identifier>i</identifier><sender>s</sender>"                 \
    "<sent>2026-11-21T10:00:00-00:00</sent><status>" status "</status><msgType>" type                                  \
    "</msgType><scope>Private</scope>"
#define INFO(more)                                                                                                     \
    "<info><category>Rescue</category><event>e</event><urgency>Past</urgency><severity>Minor</severity>\n"             \
    "<certainty>Likely</certainty>" more "</info></alert>"
#define PARAMETER(name, value) "<parameter><valueName>" name "</valueName>\n<value>" value "</value></parameter>"

static void read_text(const char *xml, struct cap_draft *draft)
{
    struct err_note note = {""};
    if (cap_room_read(slice_text(xml), &note, draft) != OK)
        fail_msg("%s", note.text);
}

static void cap_import_parameters_are_checked_one_by_one(void **state)
{
    (void)state;
    static const char *const wanted[] = {
        "in.xml:1: urgency: \"Past\" has no place in a case",
        "in.xml:3: parameter hotline:child.sex: child.sex: \"PURPLE\" is not a code",
        "in.xml:4: parameter hotline:child.no_such: child.no_such: a case has no such field",
        "in.xml:5: parameter hotline:case_id: is not a parameter's to say",
        "in.xml:6: parameter hotline:child.age_years: child.age_years",
        "in.xml:7: parameter colour: \"red\" has no place in a case",
        "in.xml:9: child.clothing[9].item: is there twice; the first one counts",
        "in.xml:10: child.aliases[77]: stands too far down its list",
        "in.xml:11: parameter hotline:photos[0].name: is not a parameter's to say",
        "in.xml:12: parameter hotline:last_seen.latitude: last_seen.latitude",
    };
    struct cap_draft draft;
    read_text(HEAD("Actual", "Alert") INFO(
                  PARAMETER("hotline:child.sex", "PURPLE") PARAMETER("hotline:child.no_such", "1") PARAMETER(
                      "hotline:case_id", "00112233445566778899aabbccddeeff")
                      PARAMETER("hotline:child.age_years", "nine") PARAMETER("colour", "red") PARAMETER(
                          "hotline:child.clothing[9].item", "COAT") PARAMETER("hotline:child.clothing[9].item", "BAG")
                          PARAMETER("hotline:child.aliases[77]", "Lena") PARAMETER("hotline:photos[0].name", "00")
                              PARAMETER("hotline:last_seen.latitude", "nan") PARAMETER("hotline:child.eyes", "HAZEL")),
              &draft);
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++)
        cap_room_says(&draft.report, wanted[i]);
    char *got = canonical(draft.alert);
    assert_string_equal(got,
                        "{\"severity\":\"MINOR\",\"certainty\":\"LIKELY\",\"child\":{\"eyes\":\"HAZEL\","
                        "\"clothing\":[{\"item\":\"COAT\"}]}}");
    free(got);
    cap_read_done(&draft);
}

static void cap_import_takes_alerts_and_updates_only(void **state)
{
    (void)state;
    static const char *const refused[] = {HEAD("Actual", "Cancel") INFO(""), HEAD("Actual", "Ack") "</alert>",
                                          HEAD("Actual", "Error") INFO("")};
    struct cap_draft draft;
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        struct err_note note = {""};
        assert_int_equal(cap_room_read(slice_text(refused[i]), &note, &draft), ERR_STATE);
        assert_non_null(strstr(note.text, "in.xml:1: msgType "));
    }
    struct err_note note = {""};
    assert_int_equal(cap_room_read(slice_text(HEAD("Actual", "Alert") "</alert>"), &note, &draft), ERR_MISSING);
    read_text(HEAD("Exercise", "Update") INFO(""), &draft);
    assert_string_equal(draft.status, "Exercise");
    assert_string_equal(draft.type, "Update");
    cap_read_done(&draft);
    read_text(HEAD("Test", "Alert") INFO(""), &draft);
    cap_room_says(&draft.report, "in.xml:1: status: \"Test\" has no place in a case");
    cap_read_done(&draft);
}

static void cap_import_second_info_and_embedded_content_are_left(void **state)
{
    (void)state;
    struct cap_draft draft;
    static const char both[] =
        HEAD("Actual", "Alert")
        "<info><category>Rescue</category><event>e</event><urgency>Expected</urgency><severity>Minor</severity>"
        "<certainty>Likely</certainty><resource><resourceDesc>r</resourceDesc><mimeType>image/jpeg</mimeType>"
        "<derefUri>AAAA</derefUri></resource></info>\n"
        "<info><language>fr</language><category>Rescue</category><event>e</event><urgency>Immediate</urgency>"
        "<severity>Extreme</severity><certainty>Likely</certainty></info></alert>";
    read_text(both, &draft);
    cap_room_says(&draft.report, "in.xml:1: derefUri: what is embedded is never read");
    cap_room_says(&draft.report, "in.xml:2: info: only the first one is taken");
    assert_string_equal(jdoc_get_text(draft.alert, "urgency", ""), "EXPECTED");
    assert_null(jdoc_get(draft.alert, "text_language"));
    cap_read_done(&draft);
}

static void cap_import_too_many_values_are_refused(void **state)
{
    (void)state;
    struct cap_draft draft;
    struct err_note note = {""};
    struct buf xml;
    buf_init(&xml);
    buf_add_text(&xml,
                 HEAD("Actual", "Alert") "<info><category>Rescue</category><event>e</event><urgency>Past</urgency>"
                                         "<severity>Minor</severity><certainty>Likely</certainty>");
    for (int i = 0; i < CAP_LEAF_COUNT_MAX + 1; i++)
        buf_printf(&xml, PARAMETER("hotline:child.aliases[%d]", "a"), i);
    buf_add_text(&xml, "</info></alert>");
    assert_int_equal(cap_room_read(buf_slice(&xml), &note, &draft), ERR_LIMIT);
    buf_free(&xml);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cap_export_full_case_is_valid_and_mapped),
        cmocka_unit_test(cap_export_rules_of_the_test_can_fail),
        cmocka_unit_test(cap_export_closing_is_a_cancel_without_the_child),
        cmocka_unit_test(cap_export_acknowledgement_is_an_ack),
        cmocka_unit_test(cap_export_drill_says_exercise_and_its_id),
        cmocka_unit_test(cap_export_leaves_out_pictures_and_hidden_names),
        cmocka_unit_test(cap_export_digest_is_sha_1),
        cmocka_unit_test(cap_export_photo_that_is_not_here_has_no_digest),
        cmocka_unit_test(cap_export_text_of_others_cannot_steer_and_stays),
        cmocka_unit_test(cap_export_erased_case_is_not_found),
        cmocka_unit_test(cap_export_least_case_is_valid),
        cmocka_unit_test(cap_round_trip_full_case_is_the_same),
        cmocka_unit_test(cap_round_trip_keeps_every_code),
        cmocka_unit_test(cap_import_of_another_sender_reports_each_line),
        cmocka_unit_test(cap_import_parameters_are_checked_one_by_one),
        cmocka_unit_test(cap_import_takes_alerts_and_updates_only),
        cmocka_unit_test(cap_import_second_info_and_embedded_content_are_left),
        cmocka_unit_test(cap_import_too_many_values_are_refused),
    };
    return cmocka_run_group_tests(tests, cap_room_start, NULL);
}
