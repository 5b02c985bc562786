/* mapper_form: base64 and calendar dates, the two forms of text that the floor below does not read. */
#include <string.h>

#include "clock.h"
#include "mapper_internal.h"

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void mapper_base64(struct slice bytes, struct buf *out)
{
    for (size_t i = 0; i < bytes.len; i += 3) {
        size_t left = bytes.len - i;
        uint32_t bits = (uint32_t)bytes.data[i] << 16;
        bits |= left > 1 ? (uint32_t)bytes.data[i + 1] << 8 : 0;
        bits |= left > 2 ? bytes.data[i + 2] : 0;
        char quad[4] = {digits[bits >> 18], digits[bits >> 12 & 63], digits[bits >> 6 & 63], digits[bits & 63]};
        if (left < 3)
            quad[3] = '=';
        if (left < 2)
            quad[2] = '=';
        buf_add(out, quad, sizeof quad);
    }
}

/* -1 for anything that is no digit; the NUL that ends `digits` is none either. */
static int digit_of(char c)
{
    const char *at = c != '\0' ? strchr(digits, c) : NULL;
    return at != NULL ? (int)(at - digits) : -1;
}

int mapper_unbase64(const char *text, struct buf *out)
{
    size_t len = strlen(text);
    if (len % 4 != 0)
        return ERR_SYNTAX;
    for (size_t i = 0; i < len; i += 4) {
        bool last = i + 4 == len;
        size_t pad = !last || text[i + 3] != '=' ? 0 : text[i + 2] == '=' ? 2 : 1;
        uint32_t bits = 0;
        for (size_t j = 0; j < 4; j++) {
            int digit = j >= 4 - pad ? 0 : digit_of(text[i + j]);
            if (digit < 0)
                return ERR_SYNTAX;
            bits = bits << 6 | (uint32_t)digit;
        }
        if ((pad == 1 && (bits & 0xff)) || (pad == 2 && (bits & 0xffff)))
            return ERR_SYNTAX;
        uint8_t bytes[3] = {(uint8_t)(bits >> 16), (uint8_t)(bits >> 8), (uint8_t)bits};
        buf_add(out, bytes, 3 - pad);
    }
    return buf_broken(out) ? ERR_NOMEM : OK;
}

bool mapper_is_date(const char *text)
{
    char instant[32];
    int64_t ignored;
    if (strlen(text) != 10)
        return false;
    memcpy(instant, text, 10);
    memcpy(instant + 10, "T00:00:00Z", 11);
    return clock_parse(instant, &ignored) == OK;
}
