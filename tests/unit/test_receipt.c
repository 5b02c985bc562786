/* receipt: the table of states walked against the comment in receipt.h, and signatures of recipients and relays. */
#include "fixture.h"

#include "proto/receipt.h"

/* As the header's comment prints it: rows (none), DELIVERED, SHOWN, ACKNOWLEDGED, DECLINED, ERASED. */
static const char *const table[6] = {
    "xxxxx", /* (none) */
    "-xxxx", /* DELIVERED */
    "--xxx", /* SHOWN */
    "---xx", /* ACKNOWLEDGED */
    "--x-x", /* DECLINED */
    "-----", /* ERASED */
};

static void receipt_states_follow_the_table_of_the_header(void **state)
{
    (void)state;
    for (int from = 0; from < 6; from++) {
        assert_false(receipt_may_follow(from, 0));
        for (int to = 1; to < 6; to++) {
            if (receipt_may_follow(from, to) != (table[from][to - 1] == 'x'))
                fail_msg("%s to %s", receipt_state_name(from), receipt_state_name(to));
        }
    }
    static const int strange[] = {-1, 6, 255, INT32_MAX, INT32_MIN};
    for (size_t i = 0; i < 5; i++) {
        for (int other = 0; other < 6; other++) {
            assert_false(receipt_may_follow(strange[i], other));
            assert_false(receipt_may_follow(other, strange[i]));
        }
        assert_false(receipt_ends_debt(strange[i]));
        assert_string_equal(receipt_state_name(strange[i]), "UNKNOWN");
    }
}

/* The same table once more, read from the header itself: comment and code cannot part. */
static void receipt_table_in_the_header_is_the_code(void **state)
{
    (void)state;
    FILE *file = fopen("proto/receipt.h", "r");
    if (file == NULL)
        skip(); /* not run from the top of the tree */
    char line[256];
    int rows = 0;
    while (fgets(line, sizeof line, file) != NULL) {
        for (int from = 0; from < 6; from++) {
            char word[20], start[40], cells[5];
            snprintf(word, sizeof word, "%s", from ? receipt_state_name(from) : "(none)");
            int used = snprintf(start, sizeof start, " *   %s ", word);
            if (strncmp(line, start, (size_t)used) != 0)
                continue;
            if (sscanf(line + used, " %c %c %c %c %c", &cells[0], &cells[1], &cells[2], &cells[3], &cells[4]) != 5)
                continue;
            rows++;
            for (int to = 1; to < 6; to++)
                assert_int_equal(receipt_may_follow(from, to), cells[to - 1] == 'x');
        }
    }
    fclose(file);
    assert_int_equal(rows, 6);
}

static void receipt_debt_ends_with_the_first_receipt(void **state)
{
    (void)state;
    assert_false(receipt_ends_debt(0));
    for (int code = 1; code < 6; code++)
        assert_true(receipt_ends_debt(code));
    assert_string_equal(receipt_state_name(0), "QUEUED");
    assert_string_equal(receipt_state_name(HOTLINE__RECEIPT_STATE__CODE__ACKNOWLEDGED), "ACKNOWLEDGED");
    assert_string_equal(receipt_state_name(HOTLINE__RECEIPT_STATE__CODE__ERASED), "ERASED");
}

/* --- batches --- */

struct batch {
    Hotline__ReceiptBatch message;
    Hotline__Receipt receipt;
    Hotline__Receipt *list[LIMIT_RECEIPTS + 1];
    uint8_t hash[32];
};

static void batch_init(const struct fixture *fixture, struct batch *batch)
{
    *batch = (struct batch){.message = HOTLINE__RECEIPT_BATCH__INIT, .receipt = HOTLINE__RECEIPT__INIT, .hash = {7}};
    WIRE_SET_BYTES(&batch->receipt, envelope_hash, batch->hash, 32);
    WIRE_SET(&batch->receipt, state, HOTLINE__RECEIPT_STATE__CODE__DELIVERED);
    WIRE_SET(&batch->receipt, at_us, FIXTURE_NOW);
    for (size_t i = 0; i <= LIMIT_RECEIPTS; i++)
        batch->list[i] = &batch->receipt;
    batch->message.recipient = fixture->member[1]->id;
    batch->message.sender = fixture->member[0]->id;
    WIRE_SET(&batch->message, made_at_us, FIXTURE_NOW);
    WIRE_SET(&batch->message, roster_version, 1);
    WIRE_SET_BYTES(&batch->message, roster_hash, batch->hash, 32);
    batch->message.n_receipts = 1;
    batch->message.receipts = batch->list;
}

/* Takes SignedReceipts bytes apart and verifies them. */
static int verify(const struct fixture *fixture, struct slice bytes, size_t *index)
{
    struct wire_arena arena;
    ProtobufCMessage *message;
    Hotline__ReceiptBatch *batch = NULL;
    assert_error(wire_arena_init(&arena), OK);
    int result = wire_unpack(&hotline__signed_receipts__descriptor, bytes, &arena, NULL, &message);
    if (result == OK)
        result = receipt_verify((const Hotline__SignedReceipts *)message, fixture->roster, FIXTURE_NOW, &arena, &batch,
                                index);
    if (result == OK)
        assert_int_equal(batch->receipts[0]->state, HOTLINE__RECEIPT_STATE__CODE__DELIVERED);
    assert_true((result == OK) == (batch != NULL));
    wire_arena_done(&arena);
    return result;
}

static void receipt_batch_is_believed_from_its_recipient_alone(void **state)
{
    struct fixture *fixture = *state;
    struct batch batch;
    struct buf out;
    size_t index = 99;
    buf_init(&out);
    batch_init(fixture, &batch);
    assert_error(receipt_sign(&batch.message, fixture->member[1], &out), OK);
    assert_error(verify(fixture, buf_slice(&out), &index), OK);
    assert_int_equal(index, 1);
    index = 99;
    for (size_t at = 0; at < out.len; at++) {
        out.data[at] ^= (uint8_t)(1 << at % 8);
        if (verify(fixture, buf_slice(&out), &index) == OK)
            fail_msg("byte %zu changed and nobody noticed", at);
        out.data[at] ^= (uint8_t)(1 << at % 8);
    }
    buf_clear(&out); /* another member, or the sender itself, speaks for the recipient */
    assert_error(receipt_sign(&batch.message, fixture->member[2], &out), OK);
    assert_error(verify(fixture, buf_slice(&out), &index), ERR_SIGNATURE);
    batch.message.recipient = (char *)(uintptr_t) "zz-fremd";
    buf_clear(&out);
    assert_error(receipt_sign(&batch.message, fixture->member[1], &out), OK);
    assert_error(verify(fixture, buf_slice(&out), &index), ERR_MEMBER);
    assert_int_equal(index, 99);
    buf_free(&out);
}

static void receipt_batch_of_too_many_or_none_is_not_signed(void **state)
{
    struct fixture *fixture = *state;
    struct batch batch;
    struct buf out;
    size_t index;
    buf_init(&out);
    batch_init(fixture, &batch);
    batch.message.n_receipts = LIMIT_RECEIPTS;
    assert_error(receipt_sign(&batch.message, fixture->member[1], &out), OK);
    assert_error(verify(fixture, buf_slice(&out), &index), OK);
    buf_clear(&out);
    batch.message.n_receipts = LIMIT_RECEIPTS + 1;
    assert_error(receipt_sign(&batch.message, fixture->member[1], &out), ERR_LIMIT);
    batch.message.n_receipts = 0;
    assert_error(receipt_sign(&batch.message, fixture->member[1], &out), ERR_MISSING);
    assert_int_equal(out.len, 0);
    buf_free(&out);
}

/* --- a relay's word --- */

static int verify_accepted(const struct fixture *fixture, struct slice bytes)
{
    struct wire_arena arena;
    ProtobufCMessage *message;
    Hotline__AcceptedBatch *batch = NULL;
    assert_error(wire_arena_init(&arena), OK);
    int result = wire_unpack(&hotline__signed_accepted__descriptor, bytes, &arena, NULL, &message);
    if (result == OK)
        result = receipt_verify_accepted((const Hotline__SignedAccepted *)message, fixture->roster, &arena, &batch);
    wire_arena_done(&arena);
    return result;
}

static void receipt_accepted_is_believed_from_its_relay_alone(void **state)
{
    struct fixture *fixture = *state;
    Hotline__AcceptedBatch batch = HOTLINE__ACCEPTED_BATCH__INIT;
    Hotline__Acceptance one = HOTLINE__ACCEPTANCE__INIT, **list = calloc(LIMIT_FRAMES, sizeof *list);
    char *names[LIMIT_RECIPIENTS];
    uint8_t hash[32] = {7};
    struct buf out;
    assert_non_null(list);
    buf_init(&out);
    for (size_t i = 0; i < LIMIT_RECIPIENTS; i++)
        names[i] = fixture->member[1]->id;
    for (size_t i = 0; i < LIMIT_FRAMES; i++)
        list[i] = &one;
    WIRE_SET_BYTES(&one, envelope_hash, hash, 32);
    one.n_granted = 2;
    one.granted = names;
    batch.relay = fixture->relay->id;
    batch.sender = fixture->member[0]->id;
    WIRE_SET(&batch, at_us, FIXTURE_NOW);
    WIRE_SET(&batch, roster_version, 1);
    WIRE_SET_BYTES(&batch, roster_hash, hash, 32);
    batch.n_acceptances = 1;
    batch.acceptances = list;
    assert_error(receipt_sign_accepted(&batch, fixture->relay, &out), OK);
    assert_error(verify_accepted(fixture, buf_slice(&out)), OK);
    buf_clear(&out);
    assert_error(receipt_sign_accepted(&batch, fixture->member[0], &out), OK);
    assert_error(verify_accepted(fixture, buf_slice(&out)), ERR_SIGNATURE);
    buf_clear(&out);
    batch.relay = fixture->member[0]->id; /* a member is no relay */
    assert_error(receipt_sign_accepted(&batch, fixture->member[0], &out), OK);
    assert_error(verify_accepted(fixture, buf_slice(&out)), ERR_MEMBER);
    buf_clear(&out);
    batch.relay = fixture->relay->id; /* more than a frame: refused to the caller, not a crash of the relay */
    one.n_granted = LIMIT_RECIPIENTS;
    batch.n_acceptances = 100;
    assert_error(receipt_sign_accepted(&batch, fixture->relay, &out), ERR_LIMIT);
    assert_int_equal(out.len, 0);
    buf_free(&out);
    free(list);
}

static void receipt_unreadable_is_believed_from_its_recipient_alone(void **state)
{
    struct fixture *fixture = *state;
    Hotline__Unreadable message = HOTLINE__UNREADABLE__INIT, *got = NULL;
    Hotline__SignedUnreadable outer = HOTLINE__SIGNED_UNREADABLE__INIT;
    struct wire_arena arena;
    struct key_signature signature;
    struct buf bytes;
    uint8_t hash[32] = {7};
    size_t index = 99;
    buf_init(&bytes);
    assert_error(wire_arena_init(&arena), OK);
    message.recipient = fixture->member[1]->id;
    message.sender = fixture->member[0]->id;
    WIRE_SET_BYTES(&message, envelope_hash, hash, 32);
    WIRE_SET(&message, code, HOTLINE__UNREADABLE_CODE__CODE__NO_KEY);
    WIRE_SET(&message, at_us, FIXTURE_NOW);
    assert_error(receipt_sign_unreadable(&message, fixture->member[1], &bytes, &signature), OK);
    WIRE_SET_BYTES(&outer, unreadable, bytes.data, bytes.len);
    WIRE_SET_BYTES(&outer, signature, signature.bytes, 64);
    assert_error(receipt_verify_unreadable(&outer, fixture->roster, FIXTURE_NOW, &arena, &got, &index), OK);
    outer.unreadable.len--; /* no message at all */
    assert_true(receipt_verify_unreadable(&outer, fixture->roster, FIXTURE_NOW, &arena, &got, &index) != OK);
    outer.unreadable.len++;
    assert_int_equal(index, 1);
    assert_int_equal(got->code, HOTLINE__UNREADABLE_CODE__CODE__NO_KEY);
    assert_error(receipt_sign_unreadable(&message, fixture->member[2], &bytes, &signature), OK);
    WIRE_SET_BYTES(&outer, signature, signature.bytes, 64);
    assert_error(receipt_verify_unreadable(&outer, fixture->roster, FIXTURE_NOW, &arena, &got, &index), ERR_SIGNATURE);
    /* a signed receipt is no signed Unreadable, whatever its bytes */
    assert_error(seal_sign(&fixture->member[1]->identity_secret, SEAL_CONTEXT_RECEIPTS, wire_slice(outer.unreadable),
                           &signature),
                 OK);
    WIRE_SET_BYTES(&outer, signature, signature.bytes, 64);
    assert_error(receipt_verify_unreadable(&outer, fixture->roster, FIXTURE_NOW, &arena, &got, &index), ERR_SIGNATURE);
    wire_arena_done(&arena);
    buf_free(&bytes);
}

static void receipt_name_is_the_front_of_the_hash(void **state)
{
    (void)state;
    struct receipt_name name = receipt_name_of(slice_text("abc"));
    assert_hex(name.bytes, 16, "bddd813c634239723171ef3fee98579b");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(receipt_states_follow_the_table_of_the_header),
        cmocka_unit_test(receipt_table_in_the_header_is_the_code),
        cmocka_unit_test(receipt_debt_ends_with_the_first_receipt),
        FIXTURE_TEST(receipt_batch_is_believed_from_its_recipient_alone),
        FIXTURE_TEST(receipt_batch_of_too_many_or_none_is_not_signed),
        FIXTURE_TEST(receipt_accepted_is_believed_from_its_relay_alone),
        FIXTURE_TEST(receipt_unreadable_is_believed_from_its_recipient_alone),
        FIXTURE_TEST(receipt_name_is_the_front_of_the_hash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
