/*
 * checker_inner - what checker.c gathers and checker_lost.c judges.
 */
#ifndef TESTS_SIM_CHECKER_INNER_H
#define TESTS_SIM_CHECKER_INNER_H

#include "tests/sim/checker.h"

/* An envelope that somebody published. */
struct alert {
    uint64_t hash;
    uint8_t none; /* the table's second key */
    struct history_event intent;
    const struct history_event *route; /* of the history; NULL not said */
    uint64_t granted;                  /* members */
    uint64_t accepted;                 /* members that relays named */
    uint64_t not_routed;
    uint64_t relays; /* that accepted */
    bool committed, hostile;
    int64_t accepted_at_us; /* by enough relays; 0 not */
};

/* An envelope at one member. */
struct copy {
    uint64_t hash;
    uint8_t node;
    uint64_t of_case;
    uint32_t revision;
    bool told;        /* to people, in this life of the store */
    bool receipt;     /* a receipt left, in this life of the store */
    uint8_t answered; /* states of receipts that left it in any life: bits */
    bool owned;       /* its publisher committed it, in this life of the store */
    bool loaded;      /* met since the last START */
    bool held;        /* at the last look */
    bool erased;      /* its case was, here */
};

/* A case at one member: the highest revision that was told or held. */
struct case_at {
    uint64_t of_case;
    uint8_t node;
    uint32_t told, held;
    uint32_t highest;   /* ever told or held, in this life of the store */
    uint32_t erased_to; /* a revision at or below this one is answered ERASED; a higher one opens the case anew */
    bool erased;
};

/* A case as its publisher's disk has it. */
struct case_said {
    uint64_t of_case;
    uint8_t by; /* in said: none; in kept: a relay */
    uint32_t newest;
    uint64_t granted; /* any of its revisions */
    bool ended;       /* closed or retracted */
    int64_t until_us; /* the latest validity */
    int64_t at_us;    /* in kept: of the start that it speaks of */
};

/* A recipient in the view of one store of the publisher's. */
struct rung {
    uint64_t key; /* of hash and node: checker_rung */
    uint8_t member;
    uint8_t node;
    uint8_t state;
};

/* An envelope at one relay. */
struct promise {
    uint64_t hash;
    uint8_t relay;
    bool stands; /* said in this life of its store */
    bool loaded;
};

/* A member as the rosters have it, the newest last. */
struct person {
    const char *country;
    uint8_t role, state;
    uint32_t cards; /* that it said */
};

/* A member in one version of the roster. */
struct standing {
    uint64_t version;
    uint8_t member;
    uint8_t state;
};

/* Of a member to a country. */
struct subscription {
    uint64_t country;
    uint8_t member;
    uint32_t card; /* the last of its cards that said so */
};

/* Rows of one size found by (64 bits, 8 bits). */
struct table {
    uint8_t *rows;
    size_t size, count, capacity;
    uint32_t *slots; /* row + 1; 0 empty */
    size_t slot_count;
};

struct checker {
    const struct history *history;
    FILE *out;
    size_t most;
    struct checker_report report;
    unsigned relays; /* on the roster */
    /* Whose key this store has: itself, but for a clone. What a member has, one of its stores has. */
    uint8_t member_of[HISTORY_NAMES];
    struct table alerts, copies, cases, rungs, promises;
    struct table said; /* struct case_said of each case */
    struct table kept; /* ... as a relay promised or held it when it came back */
    struct table standings, subscriptions;
    struct person people[HISTORY_NAMES];
    bool was_withdrawn[HISTORY_NAMES];
    bool hostile_relay[HISTORY_NAMES], is_relay[HISTORY_NAMES];
    int64_t store_lost_us[HISTORY_NAMES]; /* the last START that was not the same store; 0 never */
    int64_t relay_lost_us[HISTORY_NAMES];
    int64_t end_us;
};

/* The row under (key, by); made of zeros when make is true and there is none, else NULL. Valid until the next
 * that is made in this table. */
void *table_row(struct table *table, uint64_t key, uint8_t by, bool make);
void table_done(struct table *table);
/* What this store of a publisher says of a recipient. As table_row. */
struct rung *checker_rung(struct checker *checker, uint64_t hash, uint8_t node, uint8_t member, bool make);
void checker_violation(struct checker *checker, const struct history_event *event, const char *format, ...)
    PRINTF_LIKE(3, 4);
/* After the last event. */
void checker_end(struct checker *checker);

/* --- checker_route.c --- */
void checker_on_member(struct checker *checker, const struct history_event *event);
void checker_on_subscribes(struct checker *checker, const struct history_event *event);
void checker_on_route(struct checker *checker, const struct history_event *event);
/* names: whom it is granted to now, by a publisher that has the roster of the event's revision. */
void checker_check_grants(struct checker *checker, const struct history_event *event, const struct alert *alert,
                          uint64_t names);
/* At the end. */
void checker_check_routed(struct checker *checker, const struct alert *alert);

/* Nodes' and relays' clocks are off by two hours at most, in whatever ends by them. */
#define CLOCK_SLACK_US (2 * INT64_C(3600000000))

/* No higher revision of its case is on its publisher's disk. What died before its commit is known to nobody. */
bool checker_is_newest(struct checker *checker, const struct alert *alert);

#define KIND_STATISTICS 4
/* Figures end in a store when newer ones of their sender have come there: an older row is erased, or answered so. */
bool checker_is_replaced(struct checker *checker, const struct history_event *intent, uint8_t store);

#endif
