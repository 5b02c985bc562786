/* bench_net: keys, roster and relay of one run. Never leaves a process or a folder behind. */
#include "tests/bench/bench_net.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proto/clock.h"
#include "proto/country.h"
#include "proto/keyfile.h"

#define START_US (120 * CLOCK_SECOND_US)
#define STOP_US (10 * CLOCK_SECOND_US)

/* ---- keys and roster ---- */

static int new_keys(enum key_kind kind, const char *id, const char *country, struct key_set **ret_set)
{
    struct key_set *set = key_set_new();
    if (set == NULL)
        return ERR_NOMEM;
    set->kind = kind;
    snprintf(set->id, sizeof set->id, "%s", id);
    snprintf(set->country, sizeof set->country, "%s", country);
    snprintf(set->name, sizeof set->name, "Bench %s", id);
    int error = key_set_generate(set);
    if (error == OK)
        *ret_set = set;
    else
        key_set_free(set);
    return error;
}

static const char *const mesh_countries[BENCH_MESH_MAX] = {"AL", "AT", "BA", "BE", "BG", "CH", "CY", "CZ", "DE", "DK",
                                                           "EE", "ES", "FI", "FR", "GB", "GR", "HR", "HU", "IE", "IT",
                                                           "LI", "LT", "LU", "LV", "MD", "ME", "MK", "MT", "NL", "NO",
                                                           "PL", "PT", "RO", "RS", "SE", "SI", "SK", "TR", "UA", "XK"};

const char *bench_net_country(size_t index)
{
    return mesh_countries[index];
}

static bool takes_part(const struct bench_net *net, const char *code)
{
    bool found = false;
    for (size_t i = 0; i < net->member_count; i++)
        found |= strcmp(mesh_countries[i], code) == 0;
    return found;
}

/* Those of a member's neighbours that take part. */
static size_t neighbours(const struct bench_net *net, size_t index, const char **codes, size_t cap)
{
    uint16_t beside[COUNTRY_COUNT];
    size_t count = 0;
    size_t all = country_neighbours(country_index(mesh_countries[index]), beside, COUNTRY_COUNT);
    for (size_t i = 0; i < all && i < COUNTRY_COUNT && count < cap; i++) {
        if (takes_part(net, country_code(beside[i])))
            codes[count++] = country_code(beside[i]);
    }
    return count;
}

size_t bench_net_subscriptions(const struct bench_net *net, size_t index, const char **codes, size_t cap)
{
    const char *theirs[BENCH_MESH_MAX];
    if (!net->mesh)
        return 0;
    size_t count = neighbours(net, index, codes, cap);
    /* A small mesh has members without a neighbour in it: the next one listens to them. */
    size_t before = (index + net->member_count - 1) % net->member_count;
    if (count < cap && neighbours(net, before, theirs, BENCH_MESH_MAX) == 0)
        codes[count++] = mesh_countries[before];
    return count;
}

static int make_members(struct bench_net *net)
{
    char id[LIMIT_ID_CHARS + 1];
    int error = OK;
    for (size_t i = 0; error == OK && i < net->member_count; i++) {
        const char *country = net->mesh ? mesh_countries[i] : i == 0 ? "BE" : "FR";
        snprintf(id, sizeof id, "%c%c-bench-%04zu", country[0] | 0x20, country[1] | 0x20, i);
        error = new_keys(KEY_MEMBER, id, country, &net->members[i]);
    }
    if (error == OK)
        error = new_keys(KEY_RELAY, "relay-bench", "BE", &net->relay);
    return error == OK ? new_keys(KEY_AUTHORITY, "authority", "", &net->authority) : error;
}

static void fill_member(struct key_set *set, Hotline__Member *member)
{
    hotline__member__init(member);
    member->id = set->id;
    member->country = set->country;
    member->name = set->name;
    member->emergency_phone = (char *)(uintptr_t) "+3225550100";
    WIRE_SET(member, role, HOTLINE__ROLE__CODE__HOTLINE);
    WIRE_SET(member, standing, HOTLINE__STANDING__CODE__ACTIVE);
    WIRE_SET_BYTES(member, identity_key, set->identity.bytes, KEY_BYTES);
    WIRE_SET_BYTES(member, transport_key, set->transport.bytes, KEY_BYTES);
}

static int sign_roster(struct bench_net *net, Hotline__Roster *roster, struct err_note *note)
{
    struct buf bytes;
    buf_init(&bytes);
    int error = roster_check(roster, note);
    if (error == OK) {
        wire_pack(&roster->base, &bytes);
        error = buf_broken(&bytes) ? ERR_NOMEM :
                                     roster_sign(buf_slice(&bytes), slice_of(NULL, 0), net->authority, &net->roster);
    }
    buf_free(&bytes);
    return error;
}

static int make_roster(struct bench_net *net, struct err_note *note)
{
    Hotline__Roster roster = HOTLINE__ROSTER__INIT;
    Hotline__Relay relay = HOTLINE__RELAY__INIT, *relays[1] = {&relay};
    Hotline__Member *block = calloc(net->member_count, sizeof *block);
    Hotline__Member **list = calloc(net->member_count, sizeof *list);
    ProtobufCBinaryData key = wire_bytes(slice_of(net->authority->identity.bytes, KEY_BYTES));
    char *endpoints[1] = {net->endpoint};
    int64_t now_us = clock_wall_us();
    int error = block && list ? OK : ERR_NOMEM;
    for (size_t i = 0; error == OK && i < net->member_count; i++) {
        fill_member(net->members[i], &block[i]);
        list[i] = &block[i];
    }
    relay.id = net->relay->id;
    relay.country = net->relay->country;
    relay.name = net->relay->name;
    relay.n_endpoints = 1;
    relay.endpoints = endpoints;
    WIRE_SET_BYTES(&relay, identity_key, net->relay->identity.bytes, KEY_BYTES);
    WIRE_SET_BYTES(&relay, transport_key, net->relay->transport.bytes, KEY_BYTES);
    WIRE_SET(&roster, version, 1);
    WIRE_SET(&roster, issued_at_us, now_us - CLOCK_MINUTE_US);
    WIRE_SET(&roster, expires_at_us, now_us + 30 * CLOCK_DAY_US);
    WIRE_SET(&roster, threshold, 1);
    roster.n_authority_keys = 1;
    roster.authority_keys = &key;
    roster.n_members = net->member_count;
    roster.members = list;
    roster.n_relays = 1;
    roster.relays = relays;
    if (error == OK)
        error = sign_roster(net, &roster, note);
    free(block);
    free(list);
    return error;
}

/* ---- files ---- */

static int write_file(const struct bench_net *net, const char *name, struct slice content, struct err_note *note)
{
    char path[320];
    snprintf(path, sizeof path, "%s/%s", net->folder, name);
    return keyfile_replace(path, content, 0600, note);
}

/* A port that nobody has now. The relay binds it a moment later; losing that race fails the run, loudly. */
static int free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0), port = 0;
    if (fd >= 0 && bind(fd, (struct sockaddr *)&address, size) == 0 &&
        getsockname(fd, (struct sockaddr *)&address, &size) == 0)
        port = ntohs(address.sin_port);
    if (fd >= 0)
        close(fd);
    return port;
}

static int write_config(const struct bench_net *net, const struct bench_options *options, struct err_note *note)
{
    char text[1024];
    uint32_t total = options->prior + options->count;
    int len = snprintf(text, sizeof text,
                       "relay: relay-bench\nkey: relay.key\nauthority: authority.pub\nroster: roster.signed\nstore: "
                       "relay.db\n"
                       "listen: %s\nadmin: 127.0.0.1:%d\nlimits:\n  openings_per_minute: 1000000\n  open_cases: %u\n"
                       "log:\n  level: warn\n",
                       net->endpoint, free_port(), total + 1);
    return write_file(net, "relay.yaml", slice_of(text, (size_t)len), note);
}

static int write_files(struct bench_net *net, const struct bench_options *options, struct err_note *note)
{
    char path[320];
    struct buf trust;
    buf_init(&trust);
    roster_trust_write(&net->trust, &trust);
    snprintf(path, sizeof path, "%s/relay.key", net->folder);
    int error = keyfile_write(path, net->relay, NULL, note);
    if (error == OK)
        error = write_file(net, "authority.pub", buf_slice(&trust), note);
    if (error == OK)
        error = write_file(net, "roster.signed", buf_slice(&net->roster), note);
    buf_free(&trust);
    return error == OK ? write_config(net, options, note) : error;
}

void bench_net_store(const struct bench_net *net, size_t index, char *room, size_t size)
{
    snprintf(room, size, "%s/node-%zu.db", net->folder, index);
}

/* ---- life ---- */

int bench_net_new(const struct bench_options *options, struct err_note *note, struct bench_net **ret_net)
{
    struct bench_net *net = calloc(1, sizeof *net);
    if (net == NULL)
        return ERR_NOMEM;
    buf_init(&net->roster);
    net->mesh = options->mesh;
    net->member_count = (size_t)options->subs + !options->mesh;
    net->members = calloc(net->member_count, sizeof *net->members);
    net->port = free_port();
    snprintf(net->endpoint, sizeof net->endpoint, "tcp://127.0.0.1:%d", net->port);
    snprintf(net->folder, sizeof net->folder, "%.200s/hotline-bench-XXXXXX", options->folder);
    int error = net->members && net->port ? OK : ERR_NOMEM;
    if (error == OK && mkdtemp(net->folder) == NULL) {
        net->folder[0] = '\0';
        error = err_set(note, ERR_IO, "%s: no folder can be made there: %s", options->folder, strerror(errno));
    }
    if (error == OK)
        error = make_members(net);
    if (error == OK) {
        net->trust = (struct roster_trust){.threshold = 1, .count = 1};
        net->trust.keys[0] = net->authority->identity;
        error = make_roster(net, note);
    }
    if (error == OK)
        error = write_files(net, options, note);
    if (error == OK)
        *ret_net = net;
    else
        bench_net_free(net);
    return error;
}

static void remove_folder(const char *folder)
{
    char path[600];
    DIR *entries = opendir(folder);
    for (const struct dirent *entry; entries != NULL && (entry = readdir(entries)) != NULL;) {
        snprintf(path, sizeof path, "%.255s/%.255s", folder, entry->d_name);
        unlink(path); /* no folders in it: "." and ".." refuse */
    }
    if (entries != NULL)
        closedir(entries);
    rmdir(folder);
}

void bench_net_free(struct bench_net *net)
{
    if (net == NULL)
        return;
    bench_net_stop_relay(net);
    if (net->folder[0] != '\0')
        remove_folder(net->folder);
    for (size_t i = 0; net->members != NULL && i < net->member_count; i++)
        key_set_free(net->members[i]);
    free(net->members);
    key_set_free(net->relay);
    key_set_free(net->authority);
    buf_free(&net->roster);
    free(net);
}

/* ---- the relay ---- */

static bool answers(int port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_port = htons((uint16_t)port)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    bool connected = fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0;
    if (fd >= 0)
        close(fd);
    return connected;
}

int bench_net_start_relay(struct bench_net *net, const char *program, struct err_note *note, int64_t *ret_us)
{
    char config[320];
    int64_t began_us = clock_steady_us();
    snprintf(config, sizeof config, "%s/relay.yaml", net->folder);
    pid_t pid = fork();
    if (pid < 0)
        return err_set(note, ERR_IO, "fork: %s", strerror(errno));
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        execl(program, program, "--config", config, (char *)NULL);
        dprintf(STDERR_FILENO, "%s: %s\n", program, strerror(errno));
        _exit(127);
    }
    net->relay_pid = pid;
    while (!answers(net->port)) {
        int status;
        if (waitpid(pid, &status, WNOHANG) == pid) {
            net->relay_pid = 0;
            return err_set(note, ERR_STATE, "the relay ended at its start (status %d)",
                           WIFEXITED(status) ? WEXITSTATUS(status) : -1);
        }
        if (clock_steady_us() - began_us > START_US)
            return err_set(note, ERR_TIMEOUT, "the relay does not listen after 120 s");
        (void)poll(NULL, 0, 2);
    }
    *ret_us = clock_steady_us() - began_us;
    return OK;
}

void bench_net_stop_relay(struct bench_net *net)
{
    int64_t began_us = clock_steady_us();
    bool killed = false;
    if (net->relay_pid == 0)
        return;
    kill(net->relay_pid, SIGTERM);
    while (waitpid(net->relay_pid, NULL, WNOHANG) == 0) {
        if (!killed && clock_steady_us() - began_us > STOP_US) {
            killed = true;
            kill(net->relay_pid, SIGKILL);
        }
        (void)poll(NULL, 0, 2);
    }
    net->relay_pid = 0;
}
