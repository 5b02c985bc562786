/* case.proto and the tables beside it: proofs that hold for every message, field and code there is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

#include <cmocka.h>

#include "proto/case.h"
#include "proto/case_phrase.h"
#include "proto/case_rules.h"

#define TYPES_MAX 64

struct types {
    const ProtobufCMessageDescriptor *seen[TYPES_MAX];
    size_t count;
};

static void reach(struct types *types, const ProtobufCMessageDescriptor *type)
{
    for (size_t i = 0; i < types->count; i++)
        if (types->seen[i] == type)
            return;
    assert_true(types->count < TYPES_MAX);
    types->seen[types->count++] = type;
}

static struct types reachable(void)
{
    struct types types = {{NULL}, 0};
    reach(&types, &hotline__envelope_body__descriptor);
    for (size_t i = 0; i < types.count; i++)
        for (unsigned f = 0; f < types.seen[i]->n_fields; f++)
            if (types.seen[i]->fields[f].type == PROTOBUF_C_TYPE_MESSAGE)
                reach(&types, types.seen[i]->fields[f].descriptor);
    return types;
}

/* Levels below the type: found by counting outwards, so that a cycle shows as a depth beyond the number of types. */
static void schema_no_type_contains_itself(void **state)
{
    (void)state;
    struct types types = reachable();
    int depth[TYPES_MAX] = {0};
    bool grew = true;
    for (int round = 0; grew; round++) {
        assert_true(round <= (int)types.count);
        grew = false;
        for (size_t i = 0; i < types.count; i++)
            for (unsigned f = 0; f < types.seen[i]->n_fields; f++)
                for (size_t j = 0; j < types.count; j++)
                    if (types.seen[i]->fields[f].descriptor == types.seen[j] && depth[i] <= depth[j]) {
                        depth[i] = depth[j] + 1;
                        grew = true;
                    }
    }
    assert_true(depth[0] + 1 <= MAPPER_DEPTH_MAX);
    assert_true(types.count > 15);
}

static void schema_nothing_is_required_and_names_are_unlike(void **state)
{
    (void)state;
    struct types types = reachable();
    for (size_t i = 0; i < types.count; i++) {
        for (unsigned f = 0; f < types.seen[i]->n_fields; f++)
            assert_int_not_equal(types.seen[i]->fields[f].label, PROTOBUF_C_LABEL_REQUIRED);
        for (size_t j = 0; j < i; j++) /* the rules go by short names */
            assert_string_not_equal(types.seen[i]->short_name, types.seen[j]->short_name);
    }
}

static bool needs_form(const ProtobufCFieldDescriptor *field)
{
    bool coded = field->type == PROTOBUF_C_TYPE_ENUM || field->type == PROTOBUF_C_TYPE_MESSAGE ||
        field->type == PROTOBUF_C_TYPE_BOOL;
    return field->label == PROTOBUF_C_LABEL_REPEATED || !coded;
}

static void schema_every_text_number_and_list_has_a_form(void **state)
{
    (void)state;
    struct types types = reachable();
    for (size_t i = 0; i < types.count; i++)
        for (unsigned f = 0; f < types.seen[i]->n_fields; f++) {
            const ProtobufCFieldDescriptor *field = &types.seen[i]->fields[f];
            const struct case_form *form = case_form_of(types.seen[i], field);
            if ((form != NULL) != needs_form(field))
                fail_msg("%s.%s: %s", types.seen[i]->short_name, field->name, form ? "needs no form" : "has no form");
            if (form != NULL && (form->max_count > 0) != (field->label == PROTOBUF_C_LABEL_REPEATED))
                fail_msg("%s.%s: wrong max_count", types.seen[i]->short_name, field->name);
        }
}

static void schema_every_rule_names_a_field(void **state)
{
    (void)state;
    struct types types = reachable();
    for (size_t r = 0; r < case_rules()->count; r++) {
        const struct mapper_rule *rule = &case_rules()->rows[r];
        bool found = false;
        for (size_t i = 0; i < types.count; i++)
            found = found ||
                (strcmp(types.seen[i]->short_name, rule->message) == 0 &&
                 protobuf_c_message_descriptor_get_field_by_name(types.seen[i], rule->field) != NULL);
        if (!found)
            fail_msg("%s.%s: no such field", rule->message, rule->field);
    }
}

static bool has_phrase(const ProtobufCEnumDescriptor *codes, const char *code)
{
    char key[96];
    const char *holder = strchr(codes->name, '.') + 1;
    snprintf(key, sizeof key, "%.*s.%s", (int)strcspn(holder, "."), holder, code);
    for (size_t i = 0; i < case_catalogue_en.count; i++)
        if (strcmp(case_catalogue_en.rows[i].key, key) == 0)
            return true;
    return false;
}

static void schema_every_code_has_its_phrase(void **state)
{
    (void)state;
    struct types types = reachable();
    for (size_t i = 1; i < case_catalogue_en.count; i++)
        assert_true(strcmp(case_catalogue_en.rows[i - 1].key, case_catalogue_en.rows[i].key) < 0);
    for (size_t i = 0; i < types.count; i++)
        for (unsigned f = 0; f < types.seen[i]->n_fields; f++) {
            const ProtobufCFieldDescriptor *field = &types.seen[i]->fields[f];
            const ProtobufCEnumDescriptor *codes = field->descriptor;
            if (field->type != PROTOBUF_C_TYPE_ENUM)
                continue;
            for (unsigned c = 0; c < codes->n_values; c++)
                if (!has_phrase(codes, codes->values[c].name))
                    fail_msg("%s.%s: no phrase", codes->name, codes->values[c].name);
        }
}

static void case_phrase_falls_back_to_english(void **state)
{
    (void)state;
    const ProtobufCEnumDescriptor *codes = &hotline__category__code__descriptor;
    assert_string_equal(case_phrase(NULL, codes, HOTLINE__CATEGORY__CODE__PARENTAL_ABDUCTION), "Parental abduction");
    assert_string_equal(case_phrase("en-GB", codes, HOTLINE__CATEGORY__CODE__RUNAWAY), "Runaway");
    assert_string_equal(case_phrase("tlh", codes, HOTLINE__CATEGORY__CODE__RUNAWAY), "Runaway");
    assert_string_equal(case_phrase("en", codes, 99), "(unknown code)");
}

/* What the schema can say, each of the console's languages can say. */
static void case_phrase_every_language_has_every_code(void **state)
{
    (void)state;
    assert_true(case_catalogue_count >= 7);
    for (size_t i = 0; i < case_catalogue_count; i++) {
        assert_int_equal(case_catalogues[i].count, case_catalogue_en.count);
        for (size_t row = 0; row < case_catalogue_en.count; row++) {
            assert_string_equal(case_catalogues[i].rows[row].key, case_catalogue_en.rows[row].key);
            assert_true(case_catalogues[i].rows[row].phrase[0] != '\0');
        }
        assert_true(case_phrase_speaks(case_catalogues[i].language));
    }
    assert_true(case_phrase_speaks("en-GB"));
    assert_false(case_phrase_speaks("tlh"));
    assert_string_equal(case_phrase("fr-BE", &hotline__category__code__descriptor, HOTLINE__CATEGORY__CODE__RUNAWAY),
                        "Fugue");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(schema_no_type_contains_itself),
        cmocka_unit_test(schema_nothing_is_required_and_names_are_unlike),
        cmocka_unit_test(schema_every_text_number_and_list_has_a_form),
        cmocka_unit_test(schema_every_rule_names_a_field),
        cmocka_unit_test(schema_every_code_has_its_phrase),
        cmocka_unit_test(case_phrase_falls_back_to_english),
        cmocka_unit_test(case_phrase_every_language_has_every_code),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
