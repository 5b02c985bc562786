/*
 * pure - what costs a simulated day most is arithmetic on curves that many processes do on the same bytes: a card that
 * each node verifies, a seed from which each start derives the same keys. These functions give the same for the same
 * input, whoever calls. So they are remembered here, in the simulator's program alone, at libsodium's border (the
 * linker's --wrap): relay/, node/ and proto/ call what they call anywhere, and every byte of an input counts.
 *
 * `hotline-sim --twice` runs the second time without, so it shows that nothing hangs on it.
 */
#ifndef TESTS_SIM_PURE_H
#define TESTS_SIM_PURE_H

#include <stdbool.h>

/* Nothing is remembered from here on when off is true; at first it is. */
void pure_forget(bool off);
/* Frees all of it. */
void pure_done(void);

#endif
