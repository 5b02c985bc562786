/* helper_serve: the helper's own side: a child per picture, with next to nothing allowed. Never decodes in the process
 * that lives on, and never answers with anything that a picture says. */
#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "node/helper_inner.h"

/* Sanitizers reserve terabytes of addresses and make calls of their own: under them the child has no such bounds. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define CHILD_IS_BOUND false
#else
#define CHILD_IS_BOUND true
#endif

/* ---- messages ---- */

int helper_send(int fd, const struct helper_word *word, const int *fds, size_t count)
{
    struct helper_word copy = *word;
    struct iovec part = {.iov_base = &copy, .iov_len = sizeof copy};
    union {
        struct cmsghdr align;
        char room[CMSG_SPACE(2 * sizeof(int))];
    } control = {.room = {0}};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    if (count > 0) {
        message.msg_control = control.room;
        message.msg_controllen = CMSG_SPACE(count * sizeof(int));
        struct cmsghdr *head = CMSG_FIRSTHDR(&message);
        head->cmsg_level = SOL_SOCKET;
        head->cmsg_type = SCM_RIGHTS;
        head->cmsg_len = CMSG_LEN(count * sizeof(int));
        memcpy(CMSG_DATA(head), fds, count * sizeof(int));
    }
    ssize_t sent;
    do
        sent = sendmsg(fd, &message, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    if (sent == (ssize_t)sizeof copy)
        return OK;
    return errno == EAGAIN ? ERR_AGAIN : errno == EPIPE || errno == ECONNRESET ? ERR_UNREACHABLE : ERR_IO;
}

int helper_receive(int fd, struct helper_word *ret_word, int fds[2], size_t *ret_count)
{
    struct iovec part = {.iov_base = ret_word, .iov_len = sizeof *ret_word};
    union {
        struct cmsghdr align;
        char room[CMSG_SPACE(2 * sizeof(int))];
    } control;
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.room, .msg_controllen = sizeof control.room};
    ssize_t got;
    do
        got = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
    while (got < 0 && errno == EINTR);
    *ret_count = 0;
    if (got <= 0)
        return got < 0 && errno == EAGAIN ? ERR_AGAIN : ERR_UNREACHABLE;
    const struct cmsghdr *head = CMSG_FIRSTHDR(&message);
    if (head != NULL && head->cmsg_level == SOL_SOCKET && head->cmsg_type == SCM_RIGHTS) {
        *ret_count = (head->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        memcpy(fds, CMSG_DATA(head), *ret_count * sizeof(int));
    }
    return got == (ssize_t)sizeof *ret_word ? OK : ERR_IO;
}

int helper_peek(int fd, struct helper_word *ret_word)
{
    ssize_t got;
    do
        got = recv(fd, ret_word, sizeof *ret_word, MSG_PEEK);
    while (got < 0 && errno == EINTR);
    if (got <= 0)
        return got < 0 && errno == EAGAIN ? ERR_AGAIN : ERR_UNREACHABLE;
    return got == (ssize_t)sizeof *ret_word ? OK : ERR_IO;
}

int helper_write(int fd, struct slice bytes)
{
    for (size_t done = 0; done < bytes.len;) {
        ssize_t wrote = write(fd, bytes.data + done, bytes.len - done);
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote <= 0)
            return ERR_IO;
        done += (size_t)wrote;
    }
    return OK;
}

int helper_read(int fd, void *bytes, size_t len, size_t at)
{
    for (size_t done = 0; done < len;) {
        ssize_t got = pread(fd, (char *)bytes + done, len - done, (off_t)(at + done));
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return ERR_IO;
        done += (size_t)got;
    }
    return OK;
}

/* ---- the child ---- */

static void limit(int resource, rlim_t most)
{
    struct rlimit both = {most, most};
    if (setrlimit(resource, &both) != 0)
        _exit(70);
}

/* Reading, writing, memory and the end. Memory that could hold code is not among them. */
static void lock_in(void)
{
    static const int calls[] = {SCMP_SYS(read),   SCMP_SYS(write),      SCMP_SYS(brk),
                                SCMP_SYS(munmap), SCMP_SYS(mremap),     SCMP_SYS(madvise),
                                SCMP_SYS(futex),  SCMP_SYS(exit_group), SCMP_SYS(exit)};
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
    int failed = filter == NULL;
    for (size_t i = 0; !failed && i < sizeof calls / sizeof calls[0]; i++)
        failed = seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0);
    if (!failed)
        failed = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    if (!failed)
        failed = seccomp_load(filter);
    if (failed)
        _exit(71);
}

void helper_bound(void)
{
    limit(RLIMIT_CORE, 0);
    limit(RLIMIT_CPU, LIMIT_PICTURE_CPU_S);
    limit(RLIMIT_FSIZE, HELPER_RESULT_BYTES_MAX);
    if (!CHILD_IS_BOUND)
        return;
    limit(RLIMIT_AS, LIMIT_PICTURE_MEMORY_BYTES);
    limit(RLIMIT_NPROC, 0);
    lock_in();
}

/* Two reads of the picture's bytes never differ: they are read once, before anything looks at them. */
static int take_input(int fd, struct slice *ret_input)
{
    struct stat facts;
    if (fstat(fd, &facts) != 0 || facts.st_size <= 0 || facts.st_size > LIMIT_PICTURE_BYTES)
        return ERR_LIMIT;
    uint8_t *bytes = malloc((size_t)facts.st_size);
    if (bytes == NULL)
        return ERR_NOMEM;
    *ret_input = slice_of(bytes, (size_t)facts.st_size);
    return helper_read(fd, bytes, (size_t)facts.st_size, 0);
}

NO_RETURN static void run_child(int socket_fd, enum helper_task task, const int fds[2])
{
    struct helper_result result = {.magic = HELPER_MAGIC};
    struct err_note note = {""};
    struct picture picture;
    struct slice input = {NULL, 0};
    close(socket_fd);
    picture_init(&picture);
    result.error = take_input(fds[0], &input);
    helper_bound();
    if (result.error == OK)
        result.error = task == HELPER_CHECK ? picture_check(input, &note, &picture.width, &picture.height) :
                                              picture_make(input, &note, &picture);
    memcpy(result.note, note.text, sizeof result.note);
    if (result.error == OK) {
        result.width = picture.width;
        result.height = picture.height;
        result.photo_bytes = (uint32_t)picture.photo.len;
        result.thumbnail_bytes = (uint32_t)picture.thumbnail.len;
    }
    if (helper_write(fds[1], slice_of(&result, sizeof result)) != OK ||
        (result.error == OK &&
         (helper_write(fds[1], buf_slice(&picture.photo)) != OK ||
          helper_write(fds[1], buf_slice(&picture.thumbnail)) != OK)))
        _exit(72);
    _exit(0);
}

/* ---- the helper ---- */

/* The signal that ended it, 0 when it came to its own end. */
static int run_one(int socket_fd, enum helper_task task, const int fds[2])
{
    int status = 0;
    pid_t child = fork();
    if (child == 0)
        run_child(socket_fd, task, fds);
    if (child < 0)
        return SIGABRT;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            return SIGABRT;
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

/* A parent that ended before it was asked for would send no signal, and this process would live on by itself. */
static void give_up_much(pid_t parent)
{
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 || getppid() != parent)
        _exit(1);
}

/* Ends with 0 when the daemon is gone. */
NO_RETURN static void work(int fd, pid_t parent)
{
    struct helper_word word;
    int fds[2];
    size_t count;
    give_up_much(parent);
    while (helper_peek(fd, &word) == OK) {
        word.says = HELPER_AT_WORK;
        if (helper_send(fd, &word, NULL, 0) != OK || helper_receive(fd, &word, fds, &count) != OK)
            break;
        word.says = HELPER_OVER;
        word.signal = count == 2 ? run_one(fd, word.task == HELPER_CHECK ? HELPER_CHECK : HELPER_MAKE, fds) : SIGABRT;
        for (size_t i = 0; i < count; i++)
            close(fds[i]);
        if (helper_send(fd, &word, NULL, 0) != OK)
            break;
    }
    _exit(0);
}

/* How the work ended; -1: it could not be begun. */
static int work_once(int fd)
{
    int status = 0;
    pid_t self = getpid(), worker = fork();
    if (worker == 0)
        work(fd, self);
    while (worker > 0 && waitpid(worker, &status, 0) < 0)
        if (errno != EINTR)
            return -1;
    return worker > 0 ? status : -1;
}

static int64_t steady_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void pause_ms(long ms)
{
    struct timespec left = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    while (nanosleep(&left, &left) != 0 && errno == EINTR)
        ;
}

#define AGAIN_LEAST_MS 100
#define AGAIN_MOST_MS 10000

NO_RETURN void helper_serve(int fd, pid_t daemon)
{
    static const int ignored[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE};
    const struct helper_word lost = {.says = HELPER_LOST};
    long wait_ms = AGAIN_LEAST_MS;
    for (size_t i = 0; i < sizeof ignored / sizeof ignored[0]; i++)
        signal(ignored[i], SIG_IGN); /* they are the daemon's: with its end comes ours */
    give_up_much(daemon);
    for (;;) {
        int64_t begun_ms = steady_ms();
        int status = work_once(fd);
        if (status != -1 && WIFEXITED(status) && WEXITSTATUS(status) == 0)
            _exit(0);
        if (helper_send(fd, &lost, NULL, 0) == ERR_UNREACHABLE)
            _exit(0);
        if (steady_ms() - begun_ms > AGAIN_MOST_MS)
            wait_ms = AGAIN_LEAST_MS;
        pause_ms(wait_ms);
        wait_ms = 2 * wait_ms < AGAIN_MOST_MS ? 2 * wait_ms : AGAIN_MOST_MS;
    }
}
