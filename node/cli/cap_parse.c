/* cap_parse: starts the child, reads what it wrote, and holds it against CAP's table. Believes nothing of it. */
#include "cap_parse.h"

#include <errno.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cap_child.h"
#include "proto/seal.h"
#include "proto/utf8.h"

/* ---- the process ---- */

static int read_all(int fd, struct buf *out)
{
    while (out->len <= CAP_CHILD_OUTPUT_BYTES_MAX) {
        uint8_t *room = buf_reserve(out, 65536);
        if (room == NULL)
            return ERR_NOMEM;
        ssize_t got = read(fd, room, 65536);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return ERR_IO;
        if (got == 0)
            return OK;
        buf_grew(out, (size_t)got);
    }
    return ERR_LIMIT;
}

static int run_child(struct slice xml, struct buf *out, struct err_note *note)
{
    int ends[2], status = 0;
    unsigned long salt;
    seal_random(&salt, sizeof salt);
    if (pipe(ends) != 0)
        return err_set(note, ERR_IO, "cannot make a pipe: %s", strerror(errno));
    pid_t pid = fork();
    if (pid == 0)
        cap_child_run(xml, salt, ends[1]);
    close(ends[1]);
    if (pid < 0) {
        close(ends[0]);
        return err_set(note, ERR_IO, "cannot start a process: %s", strerror(errno));
    }
    int error = read_all(ends[0], out);
    close(ends[0]); /* a child that still writes ends by it */
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    if (error == OK && (!WIFEXITED(status) || WEXITSTATUS(status) != 0))
        return err_set(note, ERR_INTERNAL, "the process that reads XML died (%s %d)",
                       WIFSIGNALED(status) ? "signal" : "status",
                       WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    return error;
}

/* ---- the list ---- */

/* The list, with room for one more; NULL (and the list as it was) without memory. */
static void *grown(void *list, size_t *room, size_t count, size_t size)
{
    if (count < *room)
        return list;
    size_t more = *room > 0 ? 2 * *room : 64;
    void *bigger = realloc(list, more * size);
    if (bigger != NULL)
        *room = more;
    return bigger;
}

void cap_parse_done(struct cap_doc *doc)
{
    for (size_t i = 0; i < doc->text_count; i++)
        free(doc->texts[i]);
    free(doc->texts);
    free(doc->items);
    *doc = (struct cap_doc){0};
}

/* A copy that the document owns, without blanks at its ends. */
static const char *keep_text(struct cap_doc *doc, struct slice text)
{
    static const char blanks[] = " \t\r\n";
    while (text.len > 0 && strchr(blanks, text.data[0]) != NULL)
        text = slice_of(text.data + 1, text.len - 1);
    while (text.len > 0 && strchr(blanks, text.data[text.len - 1]) != NULL)
        text.len--;
    char **texts = grown(doc->texts, &doc->text_room, doc->text_count, sizeof *texts);
    if (texts == NULL)
        return NULL;
    doc->texts = texts;
    char *copy = malloc(text.len + 1);
    if (copy == NULL)
        return NULL;
    if (text.len > 0)
        memcpy(copy, text.data, text.len);
    copy[text.len] = '\0';
    doc->texts[doc->text_count++] = copy;
    return copy;
}

static int add_item(struct cap_doc *doc, const struct cap_schema_row *row, unsigned line, const char *text)
{
    struct cap_item *items = grown(doc->items, &doc->room, doc->count, sizeof *items);
    if (items == NULL)
        return ERR_NOMEM;
    doc->items = items;
    doc->items[doc->count++] = (struct cap_item){row, line, text};
    return OK;
}

/* ---- the walk ---- */

struct level {
    const struct cap_schema_row *row; /* NULL: foreign, all below it is skipped */
    unsigned line;
    uint64_t seen; /* rows of what stood in it */
    const struct cap_schema_row *last;
};
struct walk {
    const char *file;
    struct err_note *note;
    struct cap_doc *doc;
    struct level levels[CAP_CHILD_DEPTH_MAX];
    unsigned depth;
    struct buf text;
    unsigned line; /* of the record at hand */
    bool whole;
};

static uint64_t bit(const struct cap_schema_row *row)
{
    return UINT64_C(1) << (row - cap_schema_rows);
}

/* May this element stand here, after what stood before it? */
static int check_place(struct walk *walk, const struct cap_schema_row *row, const char *in)
{
    struct level *around = &walk->levels[walk->depth - 1];
    if ((around->seen & bit(row)) != 0 && !row->many)
        return err_set(walk->note, ERR_SYNTAX, "%s:%u: a second <%s> in <%s>", walk->file, walk->line, row->name, in);
    if (around->last != NULL && row < around->last)
        return err_set(walk->note, ERR_SYNTAX, "%s:%u: <%s> stands before <%s> in <%s>, not after it", walk->file,
                       walk->line, row->name, around->last->name, in);
    around->seen |= bit(row);
    around->last = row;
    return OK;
}

static int begin_element(struct walk *walk, const char *name)
{
    struct level *around = walk->depth > 0 ? &walk->levels[walk->depth - 1] : NULL;
    if (walk->depth == CAP_CHILD_DEPTH_MAX)
        return err_set(walk->note, ERR_LIMIT, "%s:%u: too many levels of elements", walk->file, walk->line);
    struct level *level = &walk->levels[walk->depth];
    *level = (struct level){.line = walk->line};
    if (around != NULL && around->row == NULL) {
        walk->depth++;
        return OK;
    }
    const char *in = around != NULL ? around->row->name : "";
    const struct cap_schema_row *row = cap_schema_find(in, name);
    if (row == NULL)
        return err_set(walk->note, ERR_UNKNOWN, "%s:%u: <%.60s> has no place in %s%s%s", walk->file, walk->line, name,
                       in[0] != '\0' ? "<" : "", in[0] != '\0' ? in : "a document", in[0] != '\0' ? ">" : "");
    if (around != NULL && around->row->type != CAP_SCHEMA_GROUP)
        return err_set(walk->note, ERR_SYNTAX, "%s:%u: <%s> holds text only", walk->file, walk->line, in);
    int error = around != NULL ? check_place(walk, row, in) : OK;
    if (error != OK)
        return error;
    level->row = row;
    walk->depth++;
    buf_clear(&walk->text);
    return row->type == CAP_SCHEMA_GROUP ? add_item(walk->doc, row, walk->line, NULL) : OK;
}

/* The standard leaves room after the last info, for a signature. Nothing checks it, so nothing is read from it. */
static int begin_foreign(struct walk *walk, const char *name)
{
    struct level *around = walk->depth > 0 ? &walk->levels[walk->depth - 1] : NULL;
    bool inside = around != NULL && around->row == NULL, at_end = around == &walk->levels[0];
    if (around == NULL || walk->depth == CAP_CHILD_DEPTH_MAX || (!inside && !at_end))
        return err_set(walk->note, ERR_UNKNOWN, "%s:%u: <%.60s> of another namespace has no place here", walk->file,
                       walk->line, name);
    walk->levels[walk->depth++] = (struct level){.line = walk->line};
    if (inside)
        return OK;
    around->last = &cap_schema_rows[cap_schema_count - 1]; /* no element of CAP may follow */
    const char *kept = keep_text(walk->doc, slice_text(name));
    return kept != NULL ? add_item(walk->doc, NULL, walk->line, kept) : ERR_NOMEM;
}

static int end_group(struct walk *walk, const struct level *level)
{
    for (size_t i = 0; i < cap_schema_count; i++) {
        const struct cap_schema_row *row = &cap_schema_rows[i];
        if (row->needed && strcmp(row->in, level->row->name) == 0 && (level->seen & bit(row)) == 0)
            return err_set(walk->note, ERR_MISSING, "%s:%u: <%s> has no <%s>", walk->file, level->line, row->in,
                           row->name);
    }
    return OK;
}

static int end_leaf(struct walk *walk, const struct level *level)
{
    char wanted[CAP_SCHEMA_WANTED_MAX];
    const char *text = keep_text(walk->doc, buf_slice(&walk->text));
    if (text == NULL || buf_broken(&walk->text))
        return ERR_NOMEM;
    if (!cap_schema_fits(level->row, text, wanted))
        return err_set(walk->note, level->row->type == CAP_SCHEMA_WORD ? ERR_UNKNOWN : ERR_INVALID,
                       "%s:%u: %s: \"%.60s\" is not %s", walk->file, level->line, level->row->name, text, wanted);
    return add_item(walk->doc, level->row, level->line, text);
}

static int end_element(struct walk *walk)
{
    if (walk->depth == 0)
        return err_set(walk->note, ERR_INTERNAL, "%s: an end without a beginning", walk->file);
    const struct level *level = &walk->levels[--walk->depth];
    if (level->row == NULL)
        return OK;
    int error = level->row->type == CAP_SCHEMA_GROUP ? end_group(walk, level) : end_leaf(walk, level);
    buf_clear(&walk->text);
    return error;
}

static int take_text(struct walk *walk, struct slice piece)
{
    const struct level *level = walk->depth > 0 ? &walk->levels[walk->depth - 1] : NULL;
    if (level == NULL || level->row == NULL)
        return OK;
    if (level->row->type != CAP_SCHEMA_GROUP) {
        buf_add_slice(&walk->text, piece);
        return OK;
    }
    for (size_t i = 0; i < piece.len; i++)
        if (strchr(" \t\r\n", piece.data[i]) == NULL)
            return err_set(walk->note, ERR_SYNTAX, "%s:%u: text between the elements of <%s>", walk->file, walk->line,
                           level->row->name);
    return OK;
}

static int take_record(struct walk *walk, uint8_t kind, struct slice bytes)
{
    char name[128];
    /* A NUL would end a text early: what was checked would not be what is used. */
    if ((bytes.len > 0 && memchr(bytes.data, 0, bytes.len) != NULL) || !utf8_is_valid(bytes))
        return err_set(walk->note, ERR_SYNTAX, "%s:%u: is not valid UTF-8", walk->file, walk->line);
    snprintf(name, sizeof name, "%.*s", (int)(bytes.len < sizeof name ? bytes.len : sizeof name - 1),
             (const char *)bytes.data);
    switch (kind) {
    case CAP_CHILD_BEGIN:
        return begin_element(walk, name);
    case CAP_CHILD_FOREIGN:
        return begin_foreign(walk, name);
    case CAP_CHILD_TEXT:
        return take_text(walk, bytes);
    case CAP_CHILD_END:
        return end_element(walk);
    case CAP_CHILD_REFUSED:
    case CAP_CHILD_LIMIT:
        return err_set(walk->note, kind == CAP_CHILD_LIMIT ? ERR_LIMIT : ERR_SYNTAX, "%s:%u: %s", walk->file,
                       walk->line, name);
    case CAP_CHILD_WHOLE:
        walk->whole = walk->depth == 0 && walk->doc->count > 0;
        return OK;
    default:
        return err_set(walk->note, ERR_INTERNAL, "%s: a record of an unknown kind", walk->file);
    }
}

int cap_parse_records(struct slice records, const char *file, struct err_note *note, struct cap_doc *ret_doc)
{
    struct cap_doc doc = {0};
    struct walk walk = {.file = file, .note = note, .doc = &doc};
    struct cursor cursor = cursor_of(records);
    int error = OK;
    buf_init(&walk.text);
    while (error == OK && !walk.whole && !cursor_at_end(&cursor)) {
        uint8_t kind = cursor_u8(&cursor);
        walk.line = cursor_u32le(&cursor);
        uint32_t len = cursor_u32le(&cursor);
        struct slice bytes = cursor_take(&cursor, len);
        error = cursor_failed(&cursor) ? err_set(note, ERR_INTERNAL, "%s: a record is cut off", file) :
                                         take_record(&walk, kind, bytes);
    }
    if (error == OK && !walk.whole)
        error = err_set(note, ERR_INTERNAL, "%s: the process that reads XML stopped in the middle", file);
    buf_free(&walk.text);
    if (error != OK) {
        cap_parse_done(&doc);
        return error;
    }
    *ret_doc = doc;
    return OK;
}

int cap_parse(struct slice xml, const char *file, struct err_note *note, struct cap_doc *ret_doc)
{
    if (xml.len > CAP_CHILD_INPUT_BYTES_MAX)
        return err_set(note, ERR_LIMIT, "%s: %zu bytes; the limit is %d", file, xml.len, CAP_CHILD_INPUT_BYTES_MAX);
    struct buf records;
    buf_init(&records);
    int error = run_child(xml, &records, note);
    if (error == ERR_LIMIT)
        error = err_set(note, ERR_LIMIT, "%s: too many elements", file);
    if (error == OK)
        error = cap_parse_records(buf_slice(&records), file, note, ret_doc);
    buf_free(&records);
    return error;
}
