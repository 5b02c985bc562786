/* cap_digest: SHA-1 of a photo for CAP's <digest>. Must never serve as proof of anything: that is seal's to give. */
#include "cap_digest.h"

#include <nettle/sha1.h>

_Static_assert(2 * SHA1_DIGEST_SIZE + 1 == CAP_DIGEST_TEXT, "room for the digits");

void cap_digest(struct slice file, char ret_text[CAP_DIGEST_TEXT])
{
    struct sha1_ctx sha;
    uint8_t digest[SHA1_DIGEST_SIZE];
    sha1_init(&sha);
    sha1_update(&sha, file.len, file.data);
    sha1_digest(&sha, sizeof digest, digest);
    buf_hex(slice_of(digest, sizeof digest), ret_text);
}
