/* uplink: one relay's state and the table of frames that it may send. Pure. */
#include "node/uplink.h"

#include <string.h>

void uplink_init(struct uplink *uplink, const char *relay, int64_t now_us)
{
    *uplink = (struct uplink){.state = UPLINK_OFFLINE, .since_us = now_us, .round_trip_us = -1};
    snprintf(uplink->relay, sizeof uplink->relay, "%s", relay);
}

/* Rows of the table in the header: {from, event, to}. What is not listed changes nothing. */
static const struct {
    enum uplink_state from;
    enum uplink_event event;
    enum uplink_state to;
} moves[] = {
    {UPLINK_OFFLINE, UPLINK_LINK_UP, UPLINK_GREETING},     {UPLINK_REFUSED, UPLINK_LINK_UP, UPLINK_GREETING},
    {UPLINK_REPLACED, UPLINK_LINK_UP, UPLINK_GREETING},    {UPLINK_REPLACED, UPLINK_RETRY, UPLINK_GREETING},
    {UPLINK_GREETING, UPLINK_WELCOMED, UPLINK_READY},      {UPLINK_READY, UPLINK_WELCOMED, UPLINK_READY},
    {UPLINK_READY, UPLINK_HELLO_WANTED, UPLINK_GREETING},  {UPLINK_GREETING, UPLINK_HELLO_WANTED, UPLINK_GREETING},
    {UPLINK_GREETING, UPLINK_RETRY, UPLINK_GREETING},      {UPLINK_GREETING, UPLINK_LINK_DOWN, UPLINK_OFFLINE},
    {UPLINK_READY, UPLINK_LINK_DOWN, UPLINK_OFFLINE},      {UPLINK_REPLACED, UPLINK_LINK_DOWN, UPLINK_OFFLINE},
    {UPLINK_READY, UPLINK_SILENT, UPLINK_GREETING},        {UPLINK_OFFLINE, UPLINK_KEY_REFUSED, UPLINK_REFUSED},
    {UPLINK_GREETING, UPLINK_KEY_REFUSED, UPLINK_REFUSED}, {UPLINK_READY, UPLINK_KEY_REFUSED, UPLINK_REFUSED},
    {UPLINK_REPLACED, UPLINK_KEY_REFUSED, UPLINK_REFUSED}, {UPLINK_GREETING, UPLINK_WAS_REPLACED, UPLINK_REPLACED},
    {UPLINK_READY, UPLINK_WAS_REPLACED, UPLINK_REPLACED},
};

bool uplink_step(struct uplink *uplink, enum uplink_event event, const char *reason, int64_t now_us)
{
    if (event == UPLINK_LINK_UP)
        uplink->link_is_up = true;
    if (event == UPLINK_LINK_DOWN || event == UPLINK_KEY_REFUSED)
        uplink->link_is_up = false;
    for (size_t i = 0; i < sizeof moves / sizeof moves[0]; i++) {
        if (moves[i].from != uplink->state || moves[i].event != event)
            continue;
        if (reason != NULL)
            snprintf(uplink->reason, sizeof uplink->reason, "%s", reason);
        if (moves[i].to == UPLINK_READY)
            uplink->reason[0] = '\0';
        if (moves[i].to == moves[i].from)
            return false;
        uplink->state = moves[i].to;
        uplink->since_us = now_us;
        return true;
    }
    return false;
}

/* Bit per state in which a relay may send the frame. */
#define WHEN(state) (1u << UPLINK_##state)
static const unsigned permitted[WIRE_TYPE_MAX] = {
    [WIRE_WELCOME] = WHEN(GREETING) | WHEN(READY),
    [WIRE_ROSTERS] = WHEN(GREETING) | WHEN(READY),
    [WIRE_GOODBYE] = WHEN(GREETING) | WHEN(READY) | WHEN(REPLACED),
    [WIRE_CARDS] = WHEN(READY),
    [WIRE_PRESENCE] = WHEN(READY),
    [WIRE_LACKING] = WHEN(READY),
    [WIRE_ACCEPTED] = WHEN(READY),
    [WIRE_REFUSED] = WHEN(READY),
    [WIRE_DELIVER] = WHEN(READY),
    [WIRE_GRANT_WANTED] = WHEN(READY),
    [WIRE_PENDING] = WHEN(READY),
    [WIRE_RECEIPTS] = WHEN(READY),
    [WIRE_UNREADABLES] = WHEN(READY),
    [WIRE_TAKEN] = WHEN(READY),
    [WIRE_GAP] = WHEN(READY),
    [WIRE_GAP_ANSWER] = WHEN(READY),
    [WIRE_PULSE] = WHEN(READY),
    [WIRE_BLOB_WANT] = WHEN(READY),
    [WIRE_BLOB_CHUNK] = WHEN(READY),
};

bool uplink_permits(const struct uplink *uplink, uint8_t frame_type)
{
    return frame_type < WIRE_TYPE_MAX && (permitted[frame_type] >> uplink->state & 1);
}

const char *uplink_state_name(enum uplink_state state)
{
    static const char *const names[] = {"OFFLINE", "GREETING", "READY", "REFUSED", "REPLACED"};
    return names[state];
}

const char *uplink_state_label(enum uplink_state state)
{
    return state == UPLINK_READY                            ? "CONNECTED" :
        state == UPLINK_REFUSED || state == UPLINK_REPLACED ? "REFUSED" :
                                                              "CONNECTING";
}
