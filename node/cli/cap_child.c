/* cap_child: expat in a process that owns nothing. Must never allocate but from its arena, open, or call home. */
#include "cap_child.h"

#include <errno.h>
#include <expat.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cap_schema.h"

/* 256 KiB of input need a small part of it. */
#define ARENA_BYTES (16u * 1024 * 1024)
#define CPU_SECONDS 5
/* The program opens a handful; whatever might stand above could still only be written to. */
#define DESCRIPTORS 256
#define SEPARATOR '|'
#define XSI "http://www.w3.org/2001/XMLSchema-instance|"

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#endif

/* ---- the sandbox ---- */

static void set_limit(int what, rlim_t value)
{
    const struct rlimit both = {value, value};
    (void)setrlimit(what, &both); /* lowering never fails */
}

/* write, exit, exit_group; everything else kills. A kernel without filters leaves the limits and the closed
 * descriptors. */
static void filter_calls(void)
{
#ifdef ARCHITECTURE
#define ALLOW(name) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_##name, 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
    struct sock_filter rows[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        ALLOW(write),
        ALLOW(exit),
        ALLOW(exit_group),
#ifdef __SANITIZE_ADDRESS__
        ALLOW(sigaltstack), /* the sanitizer asks before a process ends */
#endif
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
    };
#undef ALLOW
    const struct sock_fprog program = {sizeof rows / sizeof rows[0], rows};
    (void)prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0);
#endif
}

int cap_child_confine(int keep_fd)
{
    for (int fd = 0; fd < DESCRIPTORS; fd++)
        if (fd != keep_fd)
            close(fd);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
        return ERR_INTERNAL;
    set_limit(RLIMIT_CORE, 0);
    set_limit(RLIMIT_CPU, CPU_SECONDS);
    set_limit(RLIMIT_NOFILE, 0);
    set_limit(RLIMIT_FSIZE, 0);
    set_limit(RLIMIT_AS, 8 * ARENA_BYTES);
    filter_calls();
    return OK;
}

/* ---- memory: an arena, since the filter lets nobody ask for more ---- */

/* Blocks carry their size. Only the last one grows in place; what is freed is not used again: expat keeps its own
 * lists, and the process is gone in milliseconds. One per process: expat's allocation functions have no context. */
struct arena {
    uint8_t *base, *last;
    size_t used;
};
static struct arena arena;

static size_t padded(size_t size)
{
    return (size + 15) & ~(size_t)15;
}

static void *arena_take(size_t size)
{
    if (size > ARENA_BYTES || padded(size) + 16 > ARENA_BYTES - arena.used)
        return NULL;
    uint8_t *block = arena.base + arena.used + 16;
    memcpy(block - 16, &size, sizeof size);
    arena.used += padded(size) + 16;
    arena.last = block;
    return block;
}

static void *arena_resize(void *old, size_t size)
{
    size_t before = 0;
    if (old == NULL)
        return arena_take(size);
    memcpy(&before, (uint8_t *)old - 16, sizeof before);
    if (size <= before)
        return old;
    if (old == arena.last && size <= ARENA_BYTES && padded(size) - padded(before) <= ARENA_BYTES - arena.used) {
        arena.used += padded(size) - padded(before);
        memcpy((uint8_t *)old - 16, &size, sizeof size);
        return old;
    }
    void *block = arena_take(size);
    if (block != NULL)
        memcpy(block, old, before);
    return block;
}

static void arena_release(void *block)
{
    (void)block;
}

/* ---- records ---- */

struct child {
    XML_Parser parser;
    int fd;
    unsigned depth;
    bool refused; /* one reason is enough */
    size_t filled;
    uint8_t out[8192];
};

static void flush(struct child *child)
{
    for (size_t at = 0; at < child->filled;) {
        ssize_t put = write(child->fd, child->out + at, child->filled - at);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            _exit(1);
        at += (size_t)put;
    }
    child->filled = 0;
}

static void put(struct child *child, const void *data, size_t len)
{
    for (size_t at = 0; at < len;) {
        size_t room = sizeof child->out - child->filled, part = len - at < room ? len - at : room;
        memcpy(child->out + child->filled, (const uint8_t *)data + at, part);
        child->filled += part;
        at += part;
        if (child->filled == sizeof child->out)
            flush(child);
    }
}

static void record(struct child *child, enum cap_child_kind kind, const char *text, size_t len)
{
    size_t line = XML_GetCurrentLineNumber(child->parser);
    uint8_t head[9] = {(uint8_t)kind};
    for (int i = 0; i < 4; i++) {
        head[1 + i] = (uint8_t)(line >> (8 * i));
        head[5 + i] = (uint8_t)(len >> (8 * i));
    }
    put(child, head, sizeof head);
    put(child, text, len);
}

static void refuse(struct child *child, enum cap_child_kind kind, const char *why)
{
    if (child->refused)
        return;
    child->refused = true;
    record(child, kind, why, strlen(why));
    XML_StopParser(child->parser, XML_FALSE);
}

/* ---- what expat says ---- */

static const char *local_name(const char *name)
{
    const char *bar = strrchr(name, SEPARATOR);
    return bar != NULL ? bar + 1 : name;
}

static bool is_cap(const char *name)
{
    size_t len = strlen(CAP_SCHEMA_NAMESPACE);
    return strncmp(name, CAP_SCHEMA_NAMESPACE, len) == 0 && name[len] == SEPARATOR;
}

static void XMLCALL on_begin(void *ctx, const char *name, const char **attributes)
{
    struct child *child = ctx;
    bool cap = is_cap(name);
    if (child->depth >= CAP_CHILD_DEPTH_MAX) {
        refuse(child, CAP_CHILD_LIMIT, "more than 16 levels of elements");
        return;
    }
    if (child->depth++ == 0 && !cap) {
        refuse(child, CAP_CHILD_REFUSED, "is not an <alert> of CAP 1.2 (namespace " CAP_SCHEMA_NAMESPACE ")");
        return;
    }
    for (; cap && *attributes != NULL; attributes += 2)
        if (strncmp(*attributes, XSI, sizeof XSI - 1) != 0) {
            refuse(child, CAP_CHILD_REFUSED, "an attribute: no element of CAP has one");
            return;
        }
    name = local_name(name);
    record(child, cap ? CAP_CHILD_BEGIN : CAP_CHILD_FOREIGN, name, strlen(name));
}

static void XMLCALL on_end(void *ctx, const char *name)
{
    struct child *child = ctx;
    (void)name;
    if (child->refused)
        return;
    child->depth--;
    record(child, CAP_CHILD_END, "", 0);
}

static void XMLCALL on_text(void *ctx, const char *text, int len)
{
    struct child *child = ctx;
    if (!child->refused)
        record(child, CAP_CHILD_TEXT, text, (size_t)len);
}

/* Everything without a handler of its own comes here, token by token: "<!DOCTYPE" alone, before its name is read. With
 * a handler for the start of a document type expat would speak later, when the name is known. */
static void XMLCALL on_default(void *ctx, const char *text, int len)
{
    if (len >= 9 && memcmp(text, "<!DOCTYPE", 9) == 0)
        refuse(ctx, CAP_CHILD_REFUSED, "a DOCTYPE: no CAP message has one, and none is read");
}

static void XMLCALL on_entity(void *ctx, const char *name, int is_parameter, const char *value, int value_len,
                              const char *base, const char *system_id, const char *public_id, const char *notation)
{
    (void)name, (void)is_parameter, (void)value, (void)value_len;
    (void)base, (void)system_id, (void)public_id, (void)notation;
    refuse(ctx, CAP_CHILD_REFUSED, "an entity is declared");
}

static void XMLCALL on_declaration(void *ctx, const char *version, const char *encoding, int standalone)
{
    (void)version, (void)standalone;
    if (encoding == NULL)
        return;
    char upper[16] = "";
    for (size_t i = 0; encoding[i] != '\0' && i < sizeof upper - 1; i++)
        upper[i] = (char)(encoding[i] >= 'a' && encoding[i] <= 'z' ? encoding[i] - 32 : encoding[i]);
    if (strcmp(upper, "UTF-8") != 0 && strcmp(upper, "US-ASCII") != 0)
        refuse(ctx, CAP_CHILD_REFUSED, "an encoding other than UTF-8");
}

static XML_Parser make_parser(struct child *child, unsigned long salt)
{
    const XML_Memory_Handling_Suite memory = {arena_take, arena_resize, arena_release};
    const char separator[2] = {SEPARATOR, '\0'};
    XML_Parser parser = XML_ParserCreate_MM("UTF-8", &memory, separator);
    if (parser == NULL)
        return NULL;
    XML_SetHashSalt(parser, salt | 1); /* 0 would make expat ask the kernel */
    XML_SetUserData(parser, child);
    XML_SetElementHandler(parser, on_begin, on_end);
    XML_SetCharacterDataHandler(parser, on_text);
    XML_SetXmlDeclHandler(parser, on_declaration);
    XML_SetEntityDeclHandler(parser, on_entity);
    XML_SetDefaultHandler(parser, on_default);
    return parser;
}

void cap_child_run(struct slice xml, unsigned long salt, int out_fd)
{
    static struct child child;
    child.fd = out_fd;
    arena.base = malloc(ARENA_BYTES);
    if (arena.base == NULL || cap_child_confine(out_fd) != OK)
        _exit(1);
    child.parser = make_parser(&child, salt);
    if (child.parser == NULL)
        _exit(1);
    enum XML_Status status = XML_Parse(child.parser, (const char *)xml.data, (int)xml.len, 1);
    enum XML_Error error = XML_GetErrorCode(child.parser);
    if (status == XML_STATUS_OK)
        record(&child, CAP_CHILD_WHOLE, "", 0);
    else if (!child.refused)
        refuse(&child, error == XML_ERROR_NO_MEMORY ? CAP_CHILD_LIMIT : CAP_CHILD_REFUSED, XML_ErrorString(error));
    flush(&child);
    _exit(0);
}
