/*
 * sim - a whole network in one process from one seed: relays and nodes are the real cores on the real store code, their
 * clocks, wires, disks and dice are simulated.
 *
 * Life of a run: sim_new -> scenario plans work and faults on the plan -> sim_run_until -> sim_heal -> 60 s -> sim_look
 * -> the checker reads the history. Two queues: `plan` (work and faults, at a time of the world) and `live` (frames,
 * ticks, commits). When nothing moves any more and the next plan is far, everybody sleeps: the world's time goes on and
 * what is live moves with it, as if all machines were suspended. Idle days cost nothing so.
 */
#ifndef TESTS_SIM_SIM_H
#define TESTS_SIM_SIM_H

#include "node/node.h"
#include "proto/card.h"
#include "proto/clock.h"
#include "proto/receipt.h"
#include "relay/relay.h"
#include "tests/sim/clock.h"
#include "tests/sim/disk.h"
#include "tests/sim/events.h"
#include "tests/sim/history.h"
#include "tests/sim/memory.h"
#include "tests/sim/rng.h"

#define SIM_NODES 40
#define SIM_RELAYS 7
#define SIM_CANARY "canary-"
#define SIM_START_US INT64_C(1795219200000000) /* 2026-11-21T00:00:00Z */
#define SIM_ALL UINT32_MAX

struct sim;
struct sim_frame_tap;

/* What a wire does to what it carries. All zero: at once, in order, whole. */
struct wire_faults {
    bool cut;                       /* no connection can be made */
    bool one_way[2];                /* what goes this way is never seen: [1] to the node */
    uint16_t loss, twice, disorder; /* per mille of messages */
    int64_t delay_us;               /* at most so late */
    uint32_t bytes_per_s;           /* 0: no bound */
    int64_t flap_us;                /* is cut about so often; 0 never */
};

struct sim_link {
    bool up, clean_said;
    uint32_t connection; /* counts up with each; in the peer's routing id */
    int64_t busy_us[2];  /* live time at which the last message of this direction arrives */
    uint32_t queued[2];
    struct wire_faults faults;
};

struct sim_process {
    struct sim *sim;
    unsigned index;
    bool is_relay;
    char id[LIMIT_ID_CHARS + 1], country[3];
    uint8_t name; /* in the history */
    struct disk *disk;
    struct sim_clock clock;
    unsigned life;
    uint32_t turn; /* counts starts: what was put for an earlier one is nobody's */
    bool running, failed, stopped, commit_put;
    bool expected_to_fail; /* its disk has faults: giving up is right */
    bool frail;            /* for good: what is on its disk is wrong */
    bool absent;           /* is not started */
    bool crashed;          /* a CHECK failed in it: nothing of it may be touched any more */
    struct memory_use memory;
    struct memory_use memory_in_start; /* of its next life; fails_at 0: as usual */
    int64_t commit_least_us, commit_most_us;
    int started_from; /* as HISTORY_START: 0 same store, 1 empty, 2 old copy */
    int end_on_frame; /* a frame type after whose sending it ends; 0 none */
    enum disk_end end_on_frame_how;
    struct disk_image *backup;
    uint64_t end_in_start; /* steps of its disk after which the next start ends; DISK_NEVER */
    enum disk_end end_in_start_how;
};

/* A call into the core of this process: what it takes from the heap is its own, and a CHECK after a refusal ends it. */
#define PROC_INTO(process, call)                                                                                       \
    do {                                                                                                               \
        struct memory_frame into_;                                                                                     \
        memory_enter(&(process)->memory, &into_);                                                                      \
        if (setjmp(into_.back) == 0) {                                                                                 \
            call;                                                                                                      \
            memory_leave(&into_);                                                                                      \
        } else {                                                                                                       \
            memory_leave(&into_);                                                                                      \
            proc_crashed(process);                                                                                     \
        }                                                                                                              \
    } while (0)
/* What a core calls of the simulator's. */
#define PROC_OUT(call)                                                                                                 \
    do {                                                                                                               \
        struct memory_frame out_;                                                                                      \
        memory_enter(NULL, &out_);                                                                                     \
        call;                                                                                                          \
        memory_leave(&out_);                                                                                           \
    } while (0)

struct sim_node {
    struct sim_process p; /* first */
    struct node *node;
    struct sim_link links[SIM_RELAYS];
    struct sim_node *clone_of; /* this one is another store of its key, and no member; NULL */
    Hotline__Standing__Code standing;
    Hotline__Role__Code role;
    unsigned key_generation;
    bool hostile; /* a member played by byz_member.c: no real core */
    char subscription[3][3];
    size_t subscription_count;
    int64_t reserve_bytes;
    uint64_t card_said; /* the serial of its card that was seen last */
};

struct sim_relay {
    struct sim_process p; /* first */
    struct relay *relay;
    struct relay_conf conf;
    struct key_set *keys;
    bool hostile;
    struct byz_relay *byz;
};

/* What a scenario asks for. */
struct sim_shape {
    unsigned relays, nodes;
    uint64_t seed;
    bool verbose;
};

struct sim_stats {
    uint64_t steps, messages, frames, skips, starts, ends, refused_starts, commits;
    uint64_t short_of_memory; /* lives in which an allocation failed */
    uint64_t gaps;            /* that nodes asked a relay about */
    int64_t skipped_us;
};

enum sim_event {
    SIM_MESSAGE,
    SIM_TICK,
    SIM_COMMIT,
    SIM_TRY_LINK,
    SIM_FLAP,
    SIM_SILENT_END, /* a one-way partition is noticed */
    SIM_GONE,       /* a relay hears that a connection ended */
    SIM_PLANNED     /* a function of a scenario, or of work */
};

typedef void sim_fn(struct sim *sim, unsigned a, unsigned b);

struct sim {
    struct sim_shape shape;
    struct rng rng;        /* of the world: wires, faults, people */
    struct rng sodium_rng; /* of the code under test */
    struct events live, plan;
    int64_t now_us, skipped_us; /* of the world */
    int64_t moved_us;           /* live: the last frame that is more than a sign of life */
    int64_t slept_us;           /* live: the last end of a sleep */
    struct sim_node nodes[SIM_NODES];
    struct sim_relay relays[SIM_RELAYS];
    unsigned relay_count, node_count;
    unsigned member_count;                      /* nodes that are no clones: the first ones */
    struct key_set *authority, *next_authority; /* next: on the way in, or NULL */
    unsigned authority_generation;
    struct roster_trust trust;
    bool files_stay;               /* nobody touches authority.pub and the roster file of who was once started */
    struct roster_trust old_trust; /* these files, when so */
    struct buf old_roster;
    struct roster *roster; /* in force, to read signed words */
    struct buf roster_bytes;
    uint64_t roster_version;
    struct key_hash roster_hash;
    int64_t roster_life_us;
    struct history history;
    struct wire_arena arena;
    char folder[64];
    struct work *work;
    struct sim_stats stats;
    uint64_t noted[4]; /* what a scenario counts for its own check */
    bool quiet;        /* faults are over: nothing new is broken */
};

struct sim *sim_new(const struct sim_shape *shape);
void sim_free(struct sim *sim);
/* Runs all that is before this time of the world. */
void sim_run_until(struct sim *sim, int64_t until_us);
void sim_run_for(struct sim *sim, int64_t us);
/* Calls fn(sim, a, b) then. */
void sim_at(struct sim *sim, int64_t at_us, sim_fn *fn, unsigned a, unsigned b);
void sim_after(struct sim *sim, int64_t us, sim_fn *fn, unsigned a, unsigned b);
/* Ends every fault: disks, wires, clocks; starts what does not run. */
void sim_heal(struct sim *sim);
/* The last look: what each holds, for the checker. */
void sim_look(struct sim *sim);

/* --- world.c: who there is --- */
/* Signs the roster from what the nodes say; not handed to anybody yet. */
void world_sign_roster(struct sim *sim);
/* The same, and to every relay that runs. */
void world_new_roster(struct sim *sim);
/* Before the start: one more node with this one's key and an empty disk of its own; absent until the scenario wants
 * it. Its number. */
unsigned world_clone(struct sim *sim, unsigned node);
/* It comes, with a copy of the disk of the one that it clones, or with its own. */
void world_clone_comes(struct sim *sim, unsigned clone, bool with_copy);
struct key_set *world_node_keys(const struct sim_node *node, unsigned generation);
/* The authority has other keys from now on: a roster signed by both, to every relay that runs; later ones are signed
 * by the new alone. Who was started before keeps the files that it has. */
void world_new_authority(struct sim *sim);
void world_make(struct sim *sim);
struct key_set *world_keys(enum key_kind kind, const char *id, const char *country, unsigned fill, unsigned generation);

/* --- net.c: the wires --- */
struct slice;
int net_from_node(struct sim_node *node, unsigned relay, struct slice bytes);
int net_from_relay(struct sim_relay *relay, const struct session_peer *peer, struct slice bytes);
/* Puts bytes on the wire as they are: for hostile parties. */
void net_put(struct sim *sim, unsigned node, unsigned relay, bool to_node, struct slice bytes);
void net_arrive(struct sim *sim, struct event *event);
void net_drop(struct event *event);
void net_up(struct sim *sim, unsigned node, unsigned relay);
void net_down(struct sim *sim, unsigned node, unsigned relay);
/* Tries to connect soon. */
void net_try_soon(struct sim *sim, unsigned node, unsigned relay);
/* Sets what the wire does from now on (SIM_ALL: each), cutting the connection: lost bytes mean a lost connection. */
void net_faults(struct sim *sim, unsigned node, unsigned relay, const struct wire_faults *faults);
struct session_peer net_peer(const struct sim *sim, unsigned node, unsigned relay);
size_t net_slot(const struct sim_node *node, unsigned relay);
void net_say_clean(struct sim *sim, unsigned node, unsigned relay);

/* --- proc.c: processes --- */
int64_t proc_now(const struct sim_process *process);
int64_t proc_steady(const struct sim *sim);
/* Ends it now. */
void proc_end(struct sim_process *process, enum disk_end how);
/* Ends cleanly: what is decided is committed first. */
void proc_stop(struct sim_process *process);
/* Starts it from its disk; tries again later by itself when that fails. */
void proc_start(struct sim_process *process);
void proc_start_after(struct sim_process *process, int64_t us);
/* After each call into its core: it may have ended meanwhile; what it has to write is put. */
void proc_after(struct sim_process *process);
/* A CHECK failed in its core. */
void proc_crashed(struct sim_process *process);
void proc_tick(struct sim *sim, struct event *event);
void proc_commit(struct sim *sim, struct event *event);
/* Of a node or a relay by number: nodes first. */
struct sim_process *proc_at(struct sim *sim, unsigned number);
unsigned proc_count(const struct sim *sim);
struct roster;
bool proc_lives(const struct sim_process *process);

/* --- tap.c: what is seen from outside --- */
void tap_from_node(struct sim_node *node, struct slice bytes);
void tap_from_relay(struct sim_relay *relay, struct slice bytes, unsigned node);
void tap_to_node(struct sim_node *node, unsigned relay, struct slice bytes);
void tap_event(struct sim_node *node, const struct node_event *event);
void tap_node_started(struct sim_node *node);
void tap_relay_started(struct sim_relay *relay);
void tap_look(struct sim_node *node);
void tap_intent(struct sim_node *node, const struct item *item);
uint64_t tap_hash(const struct key_hash *hash);
uint64_t tap_case(const char *opener, bool exercise, const uint8_t case_id[KEY_UUID_BYTES]);
void tap_sizes(struct sim *sim);
/* The history's event about a node or relay, now. */
struct history_event tap_blank(struct sim *sim, enum history_kind kind);

#endif
