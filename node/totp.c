/* totp: RFC 6238. Keeps no secret and looks at no clock. */
#include "node/totp.h"

#include <nettle/hmac.h>
#include <string.h>

#define CODES 1000000u
#define DIGITS 6

uint32_t totp_code(const uint8_t secret[TOTP_SECRET_BYTES], uint64_t step)
{
    struct hmac_sha1_ctx hmac;
    uint8_t message[8], digest[SHA1_DIGEST_SIZE];
    for (int i = 0; i < 8; i++)
        message[i] = (uint8_t)(step >> (8 * (7 - i)));
    hmac_sha1_set_key(&hmac, TOTP_SECRET_BYTES, secret);
    hmac_sha1_update(&hmac, sizeof message, message);
    hmac_sha1_digest(&hmac, sizeof digest, digest);
    unsigned at = digest[SHA1_DIGEST_SIZE - 1] & 15;
    uint32_t number = (uint32_t)(digest[at] & 127) << 24 | (uint32_t)digest[at + 1] << 16 |
        (uint32_t)digest[at + 2] << 8 | digest[at + 3];
    return number % CODES;
}

bool totp_check(const uint8_t secret[TOTP_SECRET_BYTES], const char *text, int64_t now_us, uint64_t *inout_last)
{
    uint32_t code = 0;
    bool found = false;
    if (strlen(text) != DIGITS || strspn(text, "0123456789") != DIGITS || now_us < 0)
        return false;
    for (const char *c = text; *c != '\0'; c++)
        code = 10 * code + (uint32_t)(*c - '0');
    uint64_t now = (uint64_t)(now_us / 1000000 / TOTP_STEP_S), last = *inout_last;
    for (uint64_t step = now > 0 ? now - 1 : 0; step <= now + 1; step++)
        if (totp_code(secret, step) == code && step > last && !found) {
            *inout_last = step;
            found = true;
        }
    return found;
}

void totp_text(const uint8_t secret[TOTP_SECRET_BYTES], char text[TOTP_TEXT_MAX])
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    for (int i = 0; i < TOTP_SECRET_BYTES * 8 / 5; i++) {
        int bit = i * 5, byte = bit / 8, shift = bit % 8;
        unsigned two = (unsigned)secret[byte] << 8 | (byte + 1 < TOTP_SECRET_BYTES ? secret[byte + 1] : 0u);
        text[i] = letters[two >> (11 - shift) & 31];
    }
    text[TOTP_TEXT_MAX - 1] = '\0';
}
