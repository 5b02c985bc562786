/* make_vectors: writes the golden vectors into a folder, byte for byte the same in every run. usage: make_vectors
 * FOLDER */
#include "tests/vectors/vectors.h"

static void write_vector(const char *folder, const char *name, struct jdoc *doc)
{
    struct err_note note = {{0}};
    struct buf text;
    char path[4096];
    buf_init(&text);
    assert_int_equal(jdoc_write(doc, true, &text), OK);
    buf_add_u8(&text, '\n');
    snprintf(path, sizeof path, "%s/%s.json", folder, name);
    if (keyfile_replace(path, buf_slice(&text), 0644, &note) != OK) {
        fprintf(stderr, "make_vectors: %s\n", note.text);
        exit(EXIT_FAILURE);
    }
    buf_free(&text);
    jdoc_free(doc);
}

int main(int argc, char **argv)
{
    struct fixture fixture;
    if (argc != 2) {
        fprintf(stderr, "usage: make_vectors FOLDER\n");
        return 2;
    }
    fixture_init(&fixture);
#define VECTORS_WRITE(name, maker) write_vector(argv[1], name, maker(&fixture));
    VECTORS(VECTORS_WRITE)
#undef VECTORS_WRITE
    fixture_done(&fixture);
    return 0;
}
