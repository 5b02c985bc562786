/* helper: a photo through the real processes; what kills a child kills nothing else; nothing forbidden is possible in
 * one. */
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "fixture.h"
#include "node/helper_inner.h"
#include "picture_room.h"

struct room {
    struct helper *helper;
    struct loop *loop;
    int answers, error;
    uint32_t width, height;
    size_t photo_bytes;
    char note[ERR_NOTE_MAX];
};

static void on_done(void *ctx, int error, const struct err_note *note, const struct picture *picture)
{
    struct room *room = ctx;
    room->answers++;
    room->error = error;
    snprintf(room->note, sizeof room->note, "%s", note->text);
    room->width = picture ? picture->width : 0;
    room->height = picture ? picture->height : 0;
    room->photo_bytes = picture ? picture->photo.len : 0;
}

static void open_room(struct room *room)
{
    *room = (struct room){0};
    assert_error(helper_start(&room->helper), OK);
    assert_error(loop_new(&room->loop), OK);
    assert_error(helper_attach(room->helper, room->loop), OK);
}

static void close_room(struct room *room)
{
    helper_free(room->helper);
    loop_turn(room->loop);
    loop_free(room->loop);
}

static bool has_answer(void *ctx)
{
    return ((struct room *)ctx)->answers > 0;
}

static int asked(struct room *room, struct slice input)
{
    struct err_note note = {""};
    room->answers = 0;
    assert_error(helper_picture(room->helper, input, &note, on_done, room), OK);
    assert_error(loop_run_until(room->loop, has_answer, room, 20000), OK);
    assert_int_equal(room->answers, 1);
    return room->error;
}

static void helper_makes_a_photo_of_a_picture(void **state)
{
    struct room room;
    struct buf jpeg = picture_room_jpeg(2000, 1000);
    (void)state;
    open_room(&room);
    assert_error(asked(&room, buf_slice(&jpeg)), OK);
    assert_int_equal(room.width, 1600);
    assert_int_equal(room.height, 800);
    assert_in_range(room.photo_bytes, 100, LIMIT_PHOTO_BYTES);
    close_room(&room);
    buf_free(&jpeg);
}

static void helper_refuses_by_name_and_goes_on(void **state)
{
    struct room room;
    struct buf jpeg = picture_room_jpeg(64, 64), png;
    (void)state;
    open_room(&room);
    assert_error(asked(&room, slice_text("GIF89a")), ERR_SYNTAX);
    assert_string_equal(room.note, "the picture is neither JPEG nor PNG");
    buf_init(&png);
    picture_room_png_head(&png, 60000, 60000, 2, 0);
    assert_error(asked(&room, buf_slice(&png)), ERR_LIMIT);
    assert_string_equal(room.note, "the picture has 60000 x 60000 pixels; the limit is 50 million");
    assert_error(asked(&room, slice_of(jpeg.data, jpeg.len / 2)), ERR_INVALID);
    assert_error(asked(&room, buf_slice(&jpeg)), OK);
    close_room(&room);
    buf_free(&jpeg);
    buf_free(&png);
}

/* 49 megapixels of one colour: what a large camera makes must pass under the limit of memory. */
static void helper_takes_the_largest_picture(void **state)
{
    struct room room;
    struct picture_raster raster;
    struct buf jpeg;
    (void)state;
    buf_init(&jpeg);
    assert_int_equal(picture_raster_init(&raster, 8000, 6200), OK);
    memset(raster.rgb, 0x60, (size_t)8000 * 6200 * 3);
    assert_int_equal(picture_write_jpeg(&raster, 80, &jpeg), OK);
    picture_raster_done(&raster);
    open_room(&room);
    int error = asked(&room, buf_slice(&jpeg));
    if (error != OK)
        fail_msg("%s: %s", err_name(error), room.note);
    assert_int_equal(room.width, 1600);
    close_room(&room);
    buf_free(&jpeg);
}

static void helper_takes_no_more_than_may_wait(void **state)
{
    struct room room;
    struct err_note note = {""};
    struct buf jpeg = picture_room_jpeg(64, 64);
    (void)state;
    open_room(&room);
    assert_error(helper_picture(room.helper, slice_of(NULL, 0), &note, on_done, &room), ERR_SYNTAX);
    for (int i = 0; i < HELPER_WAITING_MAX; i++)
        assert_error(helper_picture(room.helper, buf_slice(&jpeg), &note, on_done, &room), OK);
    assert_error(helper_picture(room.helper, buf_slice(&jpeg), &note, on_done, &room), ERR_BUSY);
    close_room(&room); /* what waits is answered */
    assert_int_equal(room.answers, HELPER_WAITING_MAX);
    assert_error(room.error, ERR_STATE);
    buf_free(&jpeg);
}

/* The only child of a process; 0: none now. */
static pid_t child_of(pid_t pid)
{
    char path[64], text[64] = "";
    snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)pid, (int)pid);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    bool some = fgets(text, sizeof text, file) != NULL;
    fclose(file);
    return some ? (pid_t)strtol(text, NULL, 10) : 0;
}

static pid_t helper_pid(void)
{
    pid_t pid = child_of(getpid());
    assert_true(pid > 0);
    return pid;
}

/* The process that takes pictures, once it is another than `before`. */
static pid_t worker_pid(pid_t before)
{
    struct timespec step = {.tv_nsec = 5000000};
    pid_t pid = 0;
    for (int i = 0; i < 2000 && (pid == 0 || pid == before); i++) {
        pid = child_of(helper_pid());
        nanosleep(&step, NULL);
    }
    assert_true(pid > 0 && pid != before);
    return pid;
}

/* Hands a picture over and stops the child that decodes it before it is done. */
static pid_t stop_at_work(struct room *room, pid_t worker, struct slice picture)
{
    struct err_note note = {""};
    for (int i = 0; i < 20; i++) {
        pid_t child = 0;
        room->answers = 0;
        assert_error(helper_picture(room->helper, picture, &note, on_done, room), OK);
        while (child == 0)
            child = child_of(worker);
        if (kill(child, SIGSTOP) == 0 && child_of(worker) == child)
            return child;
        assert_error(loop_run_until(room->loop, has_answer, room, 20000), OK); /* it was faster */
    }
    fail_msg("every picture is decoded before it can be stopped");
    return 0;
}

/* Killed at rest and killed at work: what it had is said to be lost, and the next picture is taken again. */
static void helper_whose_work_is_ended_begins_anew(void **state)
{
    struct room room;
    struct err_note note = {""};
    struct buf jpeg = picture_room_jpeg(160, 160), large = picture_room_jpeg(6000, 4000);
    (void)state;
    open_room(&room);
    pid_t worker = worker_pid(0);
    assert_int_equal(kill(worker, SIGKILL), 0);
    worker = worker_pid(worker);
    assert_error(asked(&room, buf_slice(&jpeg)), OK);
    /* not taken yet: the next one does it */
    assert_int_equal(kill(worker, SIGSTOP), 0);
    room.answers = 0;
    assert_error(helper_picture(room.helper, buf_slice(&jpeg), &note, on_done, &room), OK);
    assert_int_equal(kill(worker, SIGKILL), 0);
    assert_error(loop_run_until(room.loop, has_answer, &room, 20000), OK);
    assert_error(room.error, OK);
    /* at work: the child that decodes is there */
    worker = worker_pid(worker);
    pid_t child = stop_at_work(&room, worker, buf_slice(&large));
    assert_int_equal(kill(worker, SIGKILL), 0);
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_error(loop_run_until(room.loop, has_answer, &room, 20000), OK);
    assert_error(room.error, ERR_UNREACHABLE);
    assert_non_null(strstr(room.note, "try again"));
    assert_error(asked(&room, buf_slice(&jpeg)), OK);
    buf_free(&large);
    close_room(&room);
    buf_free(&jpeg);
}

static void helper_checks_a_photo_and_gives_no_bytes(void **state)
{
    struct room room;
    struct err_note note = {""};
    struct buf jpeg = picture_room_jpeg(160, 90);
    (void)state;
    open_room(&room);
    assert_error(helper_check(room.helper, buf_slice(&jpeg), &note, on_done, &room), OK);
    assert_error(loop_run_until(room.loop, has_answer, &room, 20000), OK);
    assert_error(room.error, OK);
    assert_int_equal(room.width, 160);
    assert_int_equal(room.height, 90);
    assert_int_equal(room.photo_bytes, 0);
    buf_add_text(&jpeg, "PK\3\4");
    room.answers = 0;
    assert_error(helper_check(room.helper, buf_slice(&jpeg), &note, on_done, &room), OK);
    assert_error(loop_run_until(room.loop, has_answer, &room, 20000), OK);
    assert_error(room.error, ERR_INVALID);
    assert_string_equal(room.note, "the photo holds more than a picture (4 bytes behind its end)");
    close_room(&room);
    buf_free(&jpeg);
}

/* The helper is killed, and with it, before it is seen as ended, all that it began. */
static void kill_helper(void)
{
    siginfo_t facts;
    pid_t pid = helper_pid();
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitid(P_PID, (id_t)pid, &facts, WEXITED | WNOWAIT), 0);
}

/* Whatever is asked from now on is refused, at once or as its answer. */
static void expect_gone(struct room *room, struct slice picture)
{
    struct err_note note = {""};
    room->answers = 0;
    int error = helper_picture(room->helper, picture, &note, on_done, room);
    if (error == OK) {
        assert_error(loop_run_until(room->loop, has_answer, room, 20000), OK);
        error = room->error;
    }
    assert_error(error, ERR_UNREACHABLE);
    assert_error(helper_picture(room->helper, picture, &note, on_done, room), ERR_UNREACHABLE);
}

static void helper_that_ended_is_said_and_asked_no_more(void **state)
{
    struct room room;
    struct buf jpeg = picture_room_jpeg(640, 640);
    (void)state;
    open_room(&room);
    assert_error(asked(&room, buf_slice(&jpeg)), OK);
    kill_helper();
    expect_gone(&room, buf_slice(&jpeg));
    close_room(&room);
    buf_free(&jpeg);
}

/* Ended in its first moments too, while its work is being begun: nothing lives on, with the socket in its hands, and
 * takes pictures that nobody watches over. */
static void helper_ended_at_its_start_leaves_nobody_at_work(void **state)
{
    struct room room;
    struct buf jpeg = picture_room_jpeg(64, 64);
    (void)state;
    for (long i = 0; i < 60; i++) {
        struct timespec moment = {.tv_nsec = i % 12 * 50000};
        open_room(&room);
        nanosleep(&moment, NULL);
        kill_helper();
        expect_gone(&room, buf_slice(&jpeg));
        close_room(&room);
    }
    buf_free(&jpeg);
}

/* ---- what a child may not ---- */

static void try_nothing(void)
{
}

static void try_open(void)
{
    (void)!open("/etc/passwd", O_RDONLY);
}

static void try_socket(void)
{
    (void)!socket(AF_UNIX, SOCK_STREAM, 0);
}

static void try_fork(void)
{
    if (fork() == 0)
        _exit(0);
}

static void try_kill(void)
{
    kill(getppid(), 0);
}

static void try_code(void)
{
    (void)mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | 0x20 /* anonymous */, -1, 0);
}

/* Ends with 3 when it got more memory than it may have. */
static void try_memory(void)
{
    volatile char *much = malloc(LIMIT_PICTURE_MEMORY_BYTES);
    if (much != NULL)
        _exit(3);
}

/* Ends when its time is over, and by nothing else. */
static void try_time(void)
{
    for (volatile uint64_t i = 0; i < UINT64_MAX; i++)
        ;
}

static void helper_child_can_do_nothing_but_decode(void **state)
{
    static const struct {
        const char *name;
        void (*act)(void);
        int signal;
    } rows[] = {{"nothing", try_nothing, 0}, {"open", try_open, SIGSYS}, {"socket", try_socket, SIGSYS},
                {"fork", try_fork, SIGSYS},  {"kill", try_kill, SIGSYS}, {"code", try_code, SIGSYS},
                {"memory", try_memory, 0},   {"time", try_time, SIGKILL}};
    (void)state;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    skip();
#endif
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int status = 0;
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            helper_bound();
            rows[i].act();
            _exit(0);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        int ended_by = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
        if (ended_by != rows[i].signal || (ended_by == 0 && WEXITSTATUS(status) != 0))
            fail_msg("%s: ended by signal %d, status %d", rows[i].name, ended_by, WEXITSTATUS(status));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(helper_makes_a_photo_of_a_picture),
        cmocka_unit_test(helper_refuses_by_name_and_goes_on),
        cmocka_unit_test(helper_takes_the_largest_picture),
        cmocka_unit_test(helper_takes_no_more_than_may_wait),
        cmocka_unit_test(helper_child_can_do_nothing_but_decode),
        cmocka_unit_test(helper_whose_work_is_ended_begins_anew),
        cmocka_unit_test(helper_checks_a_photo_and_gives_no_bytes),
        cmocka_unit_test(helper_that_ended_is_said_and_asked_no_more),
        cmocka_unit_test(helper_ended_at_its_start_leaves_nobody_at_work),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
