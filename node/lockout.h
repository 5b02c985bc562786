/*
 * lockout - how long somebody must wait before the next try to log in. Pure: a table of wrong tries by name.
 *
 * Names are what the caller chooses: "user anna", "address 192.0.2.7". The first tries are free; each further wrong one
 * doubles the wait, up to LOCKOUT_MOST_US. An hour after the last wrong try all is forgotten. The table is bounded:
 * when it is full, whoever was wrong least often and longest ago is forgotten. In memory only: a restart forgets, and
 * nobody outside can cause one.
 */
#ifndef NODE_LOCKOUT_H
#define NODE_LOCKOUT_H

#include <stddef.h>
#include <stdint.h>

#define LOCKOUT_ROWS 1024
#define LOCKOUT_FIRST_US (INT64_C(5) * 1000000)
#define LOCKOUT_MOST_US (INT64_C(15) * 60 * 1000000)
#define LOCKOUT_FORGET_US (INT64_C(3600) * 1000000)

struct lockout_row {
    uint64_t name;  /* 0: free */
    uint64_t owner; /* whose name it is, hashed as a name; 0: nobody's */
    uint32_t wrong;
    int64_t last_us, until_us;
};

struct lockout {
    struct lockout_row rows[LOCKOUT_ROWS];
};

/* How long until this name may try again, in us; 0: now. */
int64_t lockout_wait(const struct lockout *lockout, const char *name, int64_t now_us);
/* A try that was wrong, or that has just begun and is taken back with lockout_right when it was not. free: so many
 * wrong ones cost no wait. */
void lockout_wrong(struct lockout *lockout, const char *name, unsigned free_tries, int64_t now_us);
/* One try less: it was right. */
void lockout_right(struct lockout *lockout, const char *name);
/* Nothing is known against this name any more. */
void lockout_forget(struct lockout *lockout, const char *name);
/* This name, which was wrong, is one of several of an owner: "device 1f..." of "user anna". */
void lockout_belongs(struct lockout *lockout, const char *name, const char *owner);
/* The longest wait of an owner's names, and all of them forgotten. */
int64_t lockout_wait_of(const struct lockout *lockout, const char *owner, int64_t now_us);
void lockout_forget_of(struct lockout *lockout, const char *owner);

#endif
