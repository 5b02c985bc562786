/* failpoint: named places where a test makes the program die or misbehave. Nothing at all unless FAILPOINTS is defined
 * (make FAILPOINTS=1), which no program that is delivered ever is. The table of tests/fault/points.sh holds every name.
 */
#ifndef PROTO_FAILPOINT_H
#define PROTO_FAILPOINT_H

#include <stdbool.h>

#ifdef FAILPOINTS
/* Dies by SIGKILL here if the file that HOTLINE_FAILPOINT names holds this name, and removes that file before. Any
 * thread. */
void failpoint_hit(const char *name);
/* True while that file holds this name: the file stays. */
bool failpoint_is_on(const char *name);
#define FAILPOINT(name) failpoint_hit(name)
#define FAILPOINT_ON(name) failpoint_is_on(name)
#else
#define FAILPOINT(name) ((void)0)
#define FAILPOINT_ON(name) false
#endif

#endif
