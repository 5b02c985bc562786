/*
 * totp - one-time codes of six digits that change every 30 s (RFC 6238 with HMAC-SHA-1, as authenticator apps have it).
 * Pure: the secret and the time are handed in.
 */
#ifndef NODE_TOTP_H
#define NODE_TOTP_H

#include <stdbool.h>
#include <stdint.h>

#define TOTP_SECRET_BYTES 20
#define TOTP_TEXT_MAX 33 /* of a secret in Base32 */
#define TOTP_STEP_S 30

/* The code of a time step (RFC 4226: HOTP of the step), from 0 to 999999. */
uint32_t totp_code(const uint8_t secret[TOTP_SECRET_BYTES], uint64_t step);
/* True when text is the code of now, of the step before or of the one after, and that step is later than *inout_last,
 * which becomes it: no code counts twice. */
bool totp_check(const uint8_t secret[TOTP_SECRET_BYTES], const char *text, int64_t now_us, uint64_t *inout_last);
/* RFC 4648 Base32, as apps read it. */
void totp_text(const uint8_t secret[TOTP_SECRET_BYTES], char text[TOTP_TEXT_MAX]);

#endif
