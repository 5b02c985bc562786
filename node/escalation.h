/*
 * escalation - when a received case must be said again by another way than the console: mail, command, webhook.
 *
 * An IMMEDIATE case that nobody here has answered is escalated in steps. A step is told once; what was told is the
 * number of the highest step, kept with the case. With no console armed the first step is due at once: nobody hears the
 * alarm. Of steps that fell due together (the node was down) only the highest is told. Pure.
 */
#ifndef NODE_ESCALATION_H
#define NODE_ESCALATION_H

#include <stdbool.h>
#include <stdint.h>

#define ESCALATION_STEPS 3

struct escalation_rule {
    int64_t after_us[ESCALATION_STEPS]; /* waited so long: the step is due; 0: there is no such step */
    bool drills;                        /* drills escalate too, marked as drills */
};

/* What is known of a case. */
struct escalation_facts {
    bool immediate, exercise;
    bool over;         /* closed, retracted, expired, erased */
    bool answered;     /* its newest revision is acknowledged or declined */
    bool armed;        /* a console is */
    int64_t waited_us; /* since the oldest revision that nobody answered */
    unsigned told;     /* the highest step told; 0 none */
};

/* The step to tell now, 1 to ESCALATION_STEPS; 0: none. *ret_look_us: look again after this long, INT64_MAX when
 * nothing will come unless the case changes. */
unsigned escalation_step(const struct escalation_rule *rule, const struct escalation_facts *facts,
                         int64_t *ret_look_us);

#endif
