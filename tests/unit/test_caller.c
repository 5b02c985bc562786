/* caller: who may what. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "node/caller.h"

#define NAME(name, word) #name,
static const char *const permissions[] = {CALLER_PERMISSIONS(NAME)};
#define COUNT (sizeof permissions / sizeof permissions[0])

/* All that a caller may, by name. */
static const char *rights(const struct caller *caller)
{
    static char text[400];
    text[0] = '\0';
    for (size_t i = 0; i < COUNT; i++)
        if (caller_may(caller, (enum caller_permission)i))
            snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s", text[0] != '\0' ? " " : "",
                     permissions[i]);
    return text;
}

static void caller_roles_have_the_rights_of_the_table(void **state)
{
    (void)state;
    static const struct {
        enum caller_role role;
        const char *rights;
    } rows[] = {
        {CALLER_OPERATOR, "STATUS READ DRAFT PUBLISH_EXERCISE PUBLISH_LIVE ANSWER NOTES CONSOLE"},
        {CALLER_SUPERVISOR, "STATUS READ DRAFT PUBLISH_EXERCISE PUBLISH_LIVE ANSWER NOTES CONSOLE AUDIT"},
        {CALLER_IT, "STATUS ADMIN"},
        {CALLER_READ_ONLY, "STATUS READ"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct caller caller = {.kind = CALLER_USER, .role = rows[i].role};
        assert_string_equal(rights(&caller), rows[i].rights);
        enum caller_role role;
        assert_int_equal(caller_role_of(caller_role_name(rows[i].role), &role), OK);
        assert_int_equal(role, rows[i].role);
    }
}

static void caller_scopes_add_up_and_never_administer(void **state)
{
    (void)state;
    const struct caller draft = {.kind = CALLER_TOKEN, .scopes = CALLER_SCOPE_DRAFT};
    const struct caller drill = {.kind = CALLER_TOKEN, .scopes = CALLER_SCOPE_READ | CALLER_SCOPE_EXERCISE};
    const struct caller all = {.kind = CALLER_TOKEN, .scopes = ~0u};
    assert_string_equal(rights(&draft), "STATUS DRAFT");
    assert_string_equal(rights(&drill), "STATUS READ PUBLISH_EXERCISE");
    assert_string_equal(rights(&all), "STATUS READ DRAFT PUBLISH_EXERCISE PUBLISH_LIVE");
    assert_true(caller_may(&drill, CALLER_PUBLISH));
    assert_false(caller_may(&draft, CALLER_PUBLISH));
}

static void caller_nobody_may_log_in_and_nothing_else(void **state)
{
    (void)state;
    const struct caller nobody = {.kind = CALLER_UNKNOWN}, account = {.kind = CALLER_ACCOUNT};
    assert_string_equal(rights(&nobody), "");
    assert_true(caller_may(&nobody, CALLER_ANYBODY));
    assert_false(caller_may(&nobody, CALLER_SOMEBODY));
    assert_false(caller_may(&nobody, CALLER_PUBLISH));
    for (size_t i = 0; i < COUNT; i++)
        assert_true(caller_may(&account, (enum caller_permission)i));
}

static void caller_refusal_says_what_is_missing(void **state)
{
    (void)state;
    struct err_note note = {""};
    struct caller caller = {.kind = CALLER_USER, .name = "anna", .role = CALLER_READ_ONLY};
    char label[LIMIT_NAME_BYTES + 1];
    caller_refusal(&caller, CALLER_PUBLISH_LIVE, &note);
    assert_string_equal(note.text, "the role read-only does not allow anna to publish live cases");
    caller.kind = CALLER_TOKEN;
    caller_refusal(&caller, CALLER_READ, &note);
    assert_string_equal(note.text, "the scopes of this token do not allow it to read cases");
    caller_label(&caller, label);
    assert_string_equal(label, "token anna");
}

static void caller_unknown_names_are_refused(void **state)
{
    (void)state;
    enum caller_role role = CALLER_IT;
    unsigned bit = 0;
    assert_int_equal(caller_role_of("Operator", &role), ERR_UNKNOWN);
    assert_int_equal(role, CALLER_IT);
    assert_int_equal(caller_scope_of("publish", &bit), ERR_UNKNOWN);
    assert_int_equal(caller_scope_of("publish:live", &bit), OK);
    assert_int_equal(bit, CALLER_SCOPE_LIVE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(caller_roles_have_the_rights_of_the_table),
        cmocka_unit_test(caller_scopes_add_up_and_never_administer),
        cmocka_unit_test(caller_nobody_may_log_in_and_nothing_else),
        cmocka_unit_test(caller_refusal_says_what_is_missing),
        cmocka_unit_test(caller_unknown_names_are_refused),
    };
    return cmocka_run_group_tests_name("caller", tests, NULL, NULL);
}
