/* fuzz_gaps: the numbers that senders give, met in any order, restored and asked for. */
#include "fuzz.h"
#include "node/gaps.h"

static void check_source(const struct gap_source *source)
{
    uint64_t missing[LIMIT_GAP_NUMBERS];
    CHECK(source->above_count <= GAPS_ABOVE_MAX);
    for (size_t i = 0; i < source->above_count; i++)
        CHECK(source->above[i] > (i == 0 ? source->upto : source->above[i - 1]));
    size_t count = gaps_missing(source, missing, LIMIT_GAP_NUMBERS);
    CHECK(count <= LIMIT_GAP_NUMBERS);
    for (size_t i = 0; i < count; i++)
        CHECK(missing[i] > (i == 0 ? source->upto : missing[i - 1]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const senders[] = {"be-baken", "fr-phare", ""};
    struct cursor input = cursor_of(slice_of(data, size));
    struct gaps gaps;
    fuzz_begin();
    gaps_init(&gaps);
    for (int steps = 0; !cursor_at_end(&input) && !cursor_failed(&input) && steps < 4096; steps++) {
        uint8_t what = cursor_u8(&input);
        const char *sender = senders[what % 3];
        const struct key_uuid store = {{(uint8_t)(what >> 2 & 1)}};
        uint64_t number = what & 0x80 ? cursor_u64le(&input) : cursor_u8(&input);
        if (what & 0x40)
            CHECK(gaps_restore(&gaps, sender, &store, number) == OK);
        else
            gaps_meet(&gaps, sender, &store, number, steps);
        const struct gap_source *source = gaps_find(&gaps, sender, &store);
        if (source != NULL)
            check_source(source);
    }
    gaps_done(&gaps);
    return 0;
}
