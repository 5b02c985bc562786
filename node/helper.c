/* helper: the daemon's side: hands pictures over one by one and believes no answer before it was measured. */
#include "node/helper.h"

#include <fcntl.h>
#include <linux/memfd.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "node/helper_inner.h"
#include "proto/log.h"

/* glibc hides it from programs that ask for POSIX alone. */
int memfd_create(const char *name, unsigned flags);

struct waiting {
    uint64_t number;
    enum helper_task task;
    int result; /* the file that the child writes */
    helper_done *done;
    void *ctx;
};

struct helper {
    pid_t pid;
    int fd;
    struct loop_watch *watch;
    struct waiting waiting[HELPER_WAITING_MAX];
    size_t count;
    uint64_t last;    /* number, from 1 */
    uint64_t at_work; /* 0: none */
    bool gone;
};

/* ---- life ---- */

int helper_start(struct helper **ret_helper)
{
    int pair[2];
    struct helper *helper = calloc(1, sizeof *helper);
    if (helper == NULL)
        return ERR_NOMEM;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
        free(helper);
        return ERR_IO;
    }
    pid_t self = getpid();
    helper->pid = fork();
    if (helper->pid == 0) {
        close(pair[0]);
        helper_serve(pair[1], self);
    }
    close(pair[1]);
    helper->fd = pair[0];
    if (helper->pid < 0 || fcntl(helper->fd, F_SETFL, O_NONBLOCK) != 0) {
        helper_free(helper);
        return ERR_IO;
    }
    *ret_helper = helper;
    return OK;
}

static void answer(struct helper *helper, size_t at, int error, const struct err_note *note,
                   const struct picture *picture)
{
    struct waiting waiting = helper->waiting[at];
    helper->count--;
    memmove(&helper->waiting[at], &helper->waiting[at + 1], (helper->count - at) * sizeof waiting);
    close(waiting.result);
    waiting.done(waiting.ctx, error, note, picture);
}

static void answer_all(struct helper *helper, int error, const char *why)
{
    struct err_note note;
    snprintf(note.text, sizeof note.text, "%s", why);
    while (helper->count > 0)
        answer(helper, 0, error, &note, NULL);
}

void helper_free(struct helper *helper)
{
    if (helper == NULL)
        return;
    loop_watch_free(helper->watch);
    close(helper->fd); /* its end */
    answer_all(helper, ERR_STATE, "this node is stopping");
    if (helper->pid > 0) {
        kill(helper->pid, SIGKILL);
        waitpid(helper->pid, NULL, 0);
    }
    free(helper);
}

/* ---- answers ---- */

/* A child may have been taken over by what it decoded: its words are bytes like any other's. */
static int check_result(struct helper_result *result, enum helper_task task, size_t file_bytes, struct err_note *note)
{
    bool no_bytes = result->photo_bytes == 0 && result->thumbnail_bytes == 0;
    result->note[sizeof result->note - 1] = '\0';
    for (char *c = result->note; *c != '\0'; c++)
        *c = *c < 0x20 || *c > 0x7e ? '?' : *c;
    if (result->magic != HELPER_MAGIC)
        return err_set(note, ERR_INVALID, "the picture cannot be decoded");
    if (result->error == ERR_SYNTAX || result->error == ERR_INVALID || result->error == ERR_LIMIT)
        return err_set(note, result->error, "%.400s", result->note);
    bool fits = result->error == OK && result->width >= 1 && result->width <= LIMIT_PHOTO_SIDE_PX &&
        result->height >= 1 && result->height <= LIMIT_PHOTO_SIDE_PX && result->photo_bytes <= LIMIT_PHOTO_BYTES &&
        result->thumbnail_bytes <= LIMIT_THUMBNAIL_BYTES &&
        (task == HELPER_CHECK ? no_bytes : result->photo_bytes >= 4 && result->thumbnail_bytes >= 4) &&
        file_bytes == sizeof *result + result->photo_bytes + result->thumbnail_bytes;
    return fits ? OK : err_set(note, ERR_INVALID, "the picture cannot be decoded");
}

static int take_part(int fd, size_t at, size_t len, struct buf *out)
{
    uint8_t *room = len > 0 ? buf_reserve(out, len) : NULL;
    if (len == 0)
        return OK;
    if (room == NULL)
        return ERR_NOMEM;
    int error = helper_read(fd, room, len, at);
    if (error == OK)
        buf_grew(out, len);
    return error == OK && (room[0] != 0xff || room[1] != 0xd8) ? ERR_INVALID : error;
}

static int take_result(int fd, enum helper_task task, struct err_note *note, struct picture *picture)
{
    struct helper_result result;
    struct stat facts;
    if (fstat(fd, &facts) != 0 || facts.st_size < (off_t)sizeof result ||
        helper_read(fd, &result, sizeof result, 0) != OK)
        return err_set(note, ERR_INVALID, "the picture cannot be decoded");
    int error = check_result(&result, task, (size_t)facts.st_size, note);
    if (error == OK)
        error = take_part(fd, sizeof result, result.photo_bytes, &picture->photo);
    if (error == OK)
        error = take_part(fd, sizeof result + result.photo_bytes, result.thumbnail_bytes, &picture->thumbnail);
    picture->width = result.width;
    picture->height = result.height;
    return error;
}

static int explain_signal(int number, struct err_note *note)
{
    if (number == SIGXCPU || number == SIGKILL)
        return err_set(note, ERR_LIMIT, "the picture takes more than %d s to decode", LIMIT_PICTURE_CPU_S);
    return err_set(note, ERR_INVALID, "the picture cannot be decoded (signal %d)", number);
}

static size_t index_of(const struct helper *helper, uint64_t number)
{
    size_t at = 0;
    while (at < helper->count && helper->waiting[at].number != number)
        at++;
    return at;
}

/* What was not taken yet waits in the socket for the next one. */
static void on_lost(struct helper *helper)
{
    struct err_note note;
    size_t at = index_of(helper, helper->at_work);
    log_event(LOG_WARN, "the process that decodes pictures was ended and is begun anew", NULL);
    err_set(&note, ERR_UNREACHABLE, "the process that decodes pictures was ended; it is begun anew: try again");
    if (helper->at_work != 0 && at < helper->count)
        answer(helper, at, ERR_UNREACHABLE, &note, NULL);
    helper->at_work = 0;
}

static void on_over(struct helper *helper, const struct helper_word *word)
{
    struct err_note note = {""};
    struct picture picture;
    size_t at = index_of(helper, word->number);
    helper->at_work = 0;
    if (at == helper->count)
        return; /* it was said to be lost */
    picture_init(&picture);
    int error = word->signal != 0 ? explain_signal(word->signal, &note) :
                                    take_result(helper->waiting[at].result, helper->waiting[at].task, &note, &picture);
    answer(helper, at, error, &note, error == OK ? &picture : NULL);
    picture_done(&picture);
}

static void on_word(struct helper *helper, const struct helper_word *word)
{
    if (word->says == HELPER_LOST)
        on_lost(helper);
    else if (word->says == HELPER_AT_WORK)
        helper->at_work = word->number;
    else
        on_over(helper, word);
}

static void on_readable(void *ctx)
{
    struct helper *helper = ctx;
    struct helper_word word;
    int fds[2], error;
    size_t count;
    while ((error = helper_receive(helper->fd, &word, fds, &count)) == OK) {
        for (size_t i = 0; i < count; i++)
            close(fds[i]);
        on_word(helper, &word);
    }
    if (error == ERR_AGAIN)
        return;
    log_event(LOG_ERROR, "the process that decodes pictures has ended: no photo can be taken in before a restart",
              NULL);
    helper->gone = true;
    loop_watch_free(helper->watch);
    helper->watch = NULL;
    answer_all(helper, ERR_UNREACHABLE, "the process that decodes pictures has ended");
}

int helper_attach(struct helper *helper, struct loop *loop)
{
    return loop_watch_new(loop, helper->fd, on_readable, helper, &helper->watch);
}

/* ---- asking ---- */

static int memory_file(struct slice content, int *ret_fd)
{
    int fd = memfd_create("hotline picture", MFD_CLOEXEC);
    if (fd < 0)
        return ERR_IO;
    int error = helper_write(fd, content);
    if (error != OK)
        close(fd);
    else
        *ret_fd = fd;
    return error;
}

static int check_asked(const struct helper *helper, struct slice input, struct err_note *note)
{
    if (helper == NULL || helper->gone)
        return err_set(note, ERR_UNREACHABLE, "the process that decodes pictures has ended");
    if (helper->count == HELPER_WAITING_MAX)
        return err_set(note, ERR_BUSY, "%d pictures wait already", HELPER_WAITING_MAX);
    if (input.len == 0)
        return err_set(note, ERR_SYNTAX, "the picture is empty");
    if (input.len > LIMIT_PICTURE_BYTES)
        return err_set(note, ERR_LIMIT, "the picture has %zu bytes; the limit is %d", input.len, LIMIT_PICTURE_BYTES);
    return OK;
}

static int hand_over(struct helper *helper, struct slice input, const struct waiting *asked)
{
    int fds[2];
    int error = memory_file(input, &fds[0]);
    if (error != OK)
        return error;
    error = memory_file(slice_of(NULL, 0), &fds[1]);
    if (error != OK) {
        close(fds[0]);
        return error;
    }
    struct helper_word word = {.number = ++helper->last, .task = (int32_t)asked->task};
    error = helper_send(helper->fd, &word, fds, 2);
    close(fds[0]);
    if (error != OK)
        close(fds[1]);
    else
        helper->waiting[helper->count++] = (struct waiting){
            .number = word.number, .task = asked->task, .result = fds[1], .done = asked->done, .ctx = asked->ctx};
    return error;
}

int helper_picture(struct helper *helper, struct slice input, struct err_note *note, helper_done *done, void *ctx)
{
    const struct waiting asked = {.task = HELPER_MAKE, .done = done, .ctx = ctx};
    int error = check_asked(helper, input, note);
    return error == OK ? hand_over(helper, input, &asked) : error;
}

int helper_check(struct helper *helper, struct slice photo, struct err_note *note, helper_done *done, void *ctx)
{
    const struct waiting asked = {.task = HELPER_CHECK, .done = done, .ctx = ctx};
    int error = check_asked(helper, photo, note);
    return error == OK ? hand_over(helper, photo, &asked) : error;
}
