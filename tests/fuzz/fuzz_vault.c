/*
 * fuzz_vault: records of a node's store that are not what this program wrote: cut, patched, doubled, or a stranger's
 * bytes, sealed under the store's own key as whoever has the key file can seal them, or an older program's. The node
 * refuses to start, by a line for people, or starts and serves; it never crashes.
 *
 * An input is a list of changes: space, way, which record of that space, place (u16), length (u8), bytes.
 */
#include "fuzz.h"

int fuzz_node_input(const uint8_t *data, size_t size);
#define LLVMFuzzerTestOneInput fuzz_node_input
#define LLVMFuzzerCustomMutator fuzz_steps_mutator
#include "fuzz_node.c"
#undef LLVMFuzzerTestOneInput
#undef LLVMFuzzerCustomMutator

#define RECORDS_MAX 400
#define CHANGES_MAX 24

enum way { PATCH, CUT, GROW, REPLACE, WAYS };

static struct record {
    enum vault_space space;
    struct buf plain;
} records[RECORDS_MAX];

static size_t record_count;
static struct buf honest;
static int64_t honest_now_us, honest_steady_us;

/* Not VAULT_ITEM: that a body opens was seen before it was written, and nothing but this program holds the key of the
 * record around it (item.c; test_item.c has the broken ones). */
static const uint8_t spaces[] = {
    VAULT_LADDER,     VAULT_RELAY,       VAULT_CASE,     VAULT_SEEN, VAULT_OWED,   VAULT_KEY,      VAULT_SEQUENCE,
    VAULT_REFERENCE,  VAULT_IDEMPOTENCY, VAULT_ROSTER,   VAULT_CARD, VAULT_BACKUP, VAULT_EVIDENCE, VAULT_GAP,
    VAULT_BLOB,       VAULT_DRAFT,       VAULT_ROWS,     VAULT_ROW,  VAULT_USER,   VAULT_TOKEN,    VAULT_SESSION,
    VAULT_AUDIT_HEAD, VAULT_HOOK,        VAULT_DISPATCH, VAULT_NOTE, VAULT_POSTER, VAULT_JOURNAL,  VAULT_JOURNAL_HEAD};

static int keep_record(void *ctx, struct slice plain)
{
    if (record_count < RECORDS_MAX) {
        records[record_count].space = *(const enum vault_space *)ctx;
        buf_init(&records[record_count].plain);
        buf_add_slice(&records[record_count++].plain, plain);
    }
    return OK;
}

/* What an honest day leaves, and each record of it. */
static void make_store(void)
{
    static const struct fuzz_step publish = {.what = FUZZ_DO_ACT},
                                  answers[] = {{.what = FUZZ_DO_ACT, .refer = 1}, {.what = FUZZ_DO_ACT, .refer = 2}};
    struct err_note note = {""};
    struct buf seed;
    struct fuzz_step step;
    struct db *db = NULL;
    struct vault *vault = NULL;
    buf_init(&seed);
    fuzz_dresser_start(&dresser);
    dresser.roster = roster;
    dresser.has_recipient = true;
    snprintf(dresser.recipient_id, sizeof dresser.recipient_id, "%s", net_members[BE]);
    start_over();
    take_step(&publish);
    CHECK(keyfile_slurp("tests/fuzz/corpus/node/seed-alerts", 1 << 20, &seed, &note) == OK);
    struct cursor input = cursor_of(buf_slice(&seed));
    while (!cursor_at_end(&input) && fuzz_next_step(&input, &step))
        take_step(&step);
    buf_free(&seed);
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++)
        take_step(&answers[i]);
    honest_now_us = net->now_us;
    honest_steady_us = net->steady_us;
    stop_node();
    buf_init(&honest);
    CHECK(keyfile_slurp(self()->path, 64 * 1024 * 1024, &honest, &note) == OK);
    CHECK(db_open(self()->path, vault_schema(), net_members[BE], &note, &db) == OK);
    CHECK(vault_open(db, members[BE], NULL, &note, &vault) == OK);
    for (size_t i = 0; i < sizeof spaces; i++) {
        enum vault_space space = spaces[i];
        CHECK(vault_each(vault, space, keep_record, &space, &note) == OK);
    }
    vault_close(vault);
    CHECK(record_count > 10);
}

static void write_honest(void)
{
    remove_store();
    int fd = open(self()->path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    CHECK(fd >= 0 && write(fd, honest.data, honest.len) == (ssize_t)honest.len && close(fd) == 0);
    net->now_us = honest_now_us;
    net->steady_us = honest_steady_us;
    self()->failed = OK;
}

/* The which-th record of this space; NULL: an honest store has none. */
static const struct record *record_of(enum vault_space space, unsigned which)
{
    const struct record *found = NULL;
    for (size_t i = 0; i < record_count; i++) {
        if (records[i].space != space)
            continue;
        found = &records[i];
        if (which-- == 0)
            return found;
    }
    return found;
}

static void change(struct vault *vault, struct cursor *input, uint8_t number)
{
    enum vault_space space = spaces[cursor_u8(input) % sizeof spaces];
    uint8_t way = cursor_u8(input) % WAYS;
    const struct record *record = record_of(space, cursor_u8(input));
    size_t place = cursor_u8(input);
    place |= (size_t)cursor_u8(input) << 8;
    struct slice bytes = cursor_take(input, cursor_u8(input));
    const uint8_t key[KEY_UUID_BYTES] = {0xff, number};
    struct buf plain;
    buf_init(&plain);
    if (record != NULL && way != REPLACE)
        buf_add_slice(&plain, buf_slice(&record->plain));
    place = plain.len > 0 ? place % (plain.len + 1) : 0;
    if (way == PATCH && plain.len > 0)
        memcpy(plain.data + place, bytes.data != NULL ? bytes.data : key,
               bytes.len < plain.len - place ? bytes.len : plain.len - place);
    if (way == CUT)
        plain.len = place;
    if (way == GROW || way == REPLACE)
        buf_add_slice(&plain, bytes);
    (void)vault_put(vault, space, slice_of(key, sizeof key), NULL, buf_slice(&plain));
    buf_free(&plain);
}

static void change_all(struct cursor *input)
{
    struct err_note note = {""};
    struct db *db = NULL;
    struct vault *vault = NULL;
    const struct store_events events = {NULL, NULL, NULL};
    CHECK(db_open(self()->path, vault_schema(), net_members[BE], &note, &db) == OK);
    CHECK(vault_open(db, members[BE], NULL, &note, &vault) == OK);
    CHECK(vault_start(vault, NULL, &events) == OK);
    for (uint8_t number = 0; number < CHANGES_MAX && !cursor_at_end(input) && !cursor_failed(input); number++)
        change(vault, input, number);
    vault_flush(vault);
    vault_close(vault);
}

/* What it does with what it read: shows it, sends it, forgets it. */
static void serve(void)
{
    pass(1);
    welcome();
    pass(12 * CLOCK_SECOND_US);
    look();
    pass(40 * CLOCK_DAY_US);
    pass(90 * CLOCK_DAY_US);
    look();
    stop_node();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cursor input = cursor_of(slice_of(data, size));
    struct err_note note = {""};
    fuzz_begin();
    if (net == NULL) {
        start_world();
        make_store();
    }
    fuzz_begin();
    write_honest();
    change_all(&input);
    if (net_try_open(net, BE, net_member_keys(BE), buf_slice(&net->roster), &note) == OK) {
        serve();
    } else {
        fuzz_check_note(&note);
        self()->node = NULL;
    }
    return 0;
}
