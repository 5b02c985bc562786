/*
 * roster_rules - the rules of a roster's content: the authority's tools check them before signing, everybody before
 * believing.
 */
#ifndef PROTO_ROSTER_RULES_H
#define PROTO_ROSTER_RULES_H

#include "roster.h"

/* A message that passed wire_check, its members and relays in order of id: keys are points, countries exist, phones are
 * E.164, ids are unique and so are transport keys. ret_trust gets the keys for the next roster. The note names entry
 * and field. */
int roster_rules_check(const Hotline__Roster *roster, struct err_note *note, struct roster_trust *ret_trust) MUST_CHECK;

#endif
