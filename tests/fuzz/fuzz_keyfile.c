/* fuzz_keyfile: a key file, locked and open, and a file with a passphrase, as a stranger may have written them. */
#include "fuzz.h"
#include "proto/keyfile.h"

/* Argon2id for half a second would hide every other step: a plain hash stands in for it, refusals included. */
int crypto_pwhash(unsigned char *const out, unsigned long long outlen, const char *const passwd,
                  unsigned long long passwdlen, const unsigned char *const salt, unsigned long long opslimit,
                  size_t memlimit, int alg)
{
    CHECK(opslimit <= LIMIT_ARGON_OPERATIONS && memlimit <= LIMIT_ARGON_MEMORY_BYTES);
    (void)alg;
    return crypto_generichash(out, (size_t)outlen, (const unsigned char *)passwd, passwdlen, salt, 16);
}

static int ask(void *ctx, const char *path, char *room, size_t size)
{
    (void)ctx;
    CHECK(path != NULL && size > 5);
    snprintf(room, size, "right");
    return OK;
}

static void check_set(const struct key_set *set)
{
    struct key_box_secret secret;
    struct key_box box;
    CHECK(key_name_ok(set->id) && set->generation >= 1);
    CHECK(memchr(set->country, '\0', sizeof set->country) != NULL && memchr(set->name, '\0', sizeof set->name) != NULL);
    CHECK(key_sending(set, 0, &box, &secret) == OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct err_note note = {""};
    struct key_set *set = NULL;
    char phrase[LIMIT_PASSPHRASE_BYTES + 1];
    bool locked = false;
    fuzz_begin();
    const char *path = fuzz_file(slice_of(data, size));
    if (keyfile_read(path, ask, NULL, &note, &set) == OK) {
        check_set(set);
        key_set_free(set);
    } else {
        CHECK(set == NULL);
        fuzz_check_note(&note);
    }
    if (keyfile_is_locked(path, &note, &locked) != OK)
        CHECK(!locked);
    if (keyfile_passphrase_from(path, phrase, sizeof phrase, &note) == OK)
        CHECK(phrase[0] != '\0' && strlen(phrase) < sizeof phrase);
    return 0;
}
