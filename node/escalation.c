/* escalation: the rule alone. Looks at no clock and tells nobody. */
#include "node/escalation.h"

#define ARMED_LOOK_US (2 * INT64_C(1000000)) /* a console may be disarmed meanwhile: the first step is due then */

static bool is_silent(const struct escalation_rule *rule, const struct escalation_facts *facts)
{
    return !facts->immediate || facts->over || facts->answered || (facts->exercise && !rule->drills);
}

static bool is_due(const struct escalation_rule *rule, const struct escalation_facts *facts, unsigned step)
{
    int64_t after_us = rule->after_us[step - 1];
    return after_us != 0 && (facts->waited_us >= after_us || (step == 1 && !facts->armed));
}

unsigned escalation_step(const struct escalation_rule *rule, const struct escalation_facts *facts, int64_t *ret_look_us)
{
    unsigned tell = 0;
    int64_t look_us = INT64_MAX;
    if (is_silent(rule, facts)) {
        *ret_look_us = INT64_MAX;
        return 0;
    }
    for (unsigned step = facts->told + 1; step <= ESCALATION_STEPS; step++) {
        if (is_due(rule, facts, step))
            tell = step;
    }
    for (unsigned step = (tell > facts->told ? tell : facts->told) + 1; step <= ESCALATION_STEPS; step++) {
        int64_t left_us = rule->after_us[step - 1] - facts->waited_us;
        if (rule->after_us[step - 1] != 0 && left_us < look_us)
            look_us = left_us > 0 ? left_us : 0;
    }
    if (tell == 0 && facts->told == 0 && rule->after_us[0] != 0 && look_us > ARMED_LOOK_US)
        look_us = ARMED_LOOK_US;
    *ret_look_us = look_us;
    return tell;
}
