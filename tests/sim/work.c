/* work: see the header. Everything goes through node.h, as the API does it; what was said yes to is an intent. */
#include "tests/sim/work.h"

#include <stdlib.h>
#include <string.h>

#include "node/node_inner.h"
#include "proto/case.h"
#include "proto/country.h"
#include "proto/jdoc.h"

/* Somebody waits for "committed". */
struct wait {
    struct wait *next;
    struct sim *sim;
    unsigned node;
    uint32_t turn;
    uint64_t hash;
};

struct work {
    struct rng rng;
    struct wait *waits;
    uint64_t cases;
    struct work_count counts[WORK_KINDS];
};

struct work *work_new(struct sim *sim)
{
    struct work *work = calloc(1, sizeof *work);
    CHECK(work != NULL);
    rng_split(&sim->rng, &work->rng);
    return work;
}

void work_free(struct work *work)
{
    while (work != NULL && work->waits != NULL) {
        struct wait *wait = work->waits;
        work->waits = wait->next;
        free(wait);
    }
    free(work);
}

struct work_count work_done(const struct work *work, enum work_kind kind)
{
    return work->counts[kind];
}

/* --- intents --- */

static void say_committed(const struct wait *wait)
{
    struct sim_node *node = &wait->sim->nodes[wait->node];
    struct history_event event = tap_blank(wait->sim, HISTORY_COMMITTED);
    if (!proc_lives(&node->p) || node->p.turn != wait->turn)
        return;
    event.node = node->p.name;
    event.hash = wait->hash;
    history_add(&wait->sim->history, event);
}

static void is_committed(void *ctx)
{
    PROC_OUT(say_committed(ctx));
}

static void intend(struct sim *sim, unsigned node, const struct item *item, uint64_t ticket)
{
    struct wait *wait = malloc(sizeof *wait);
    CHECK(wait != NULL);
    *wait = (struct wait){sim->work->waits, sim, node, sim->nodes[node].p.turn, tap_hash(&item->hash)};
    sim->work->waits = wait;
    tap_intent(&sim->nodes[node], item);
    PROC_INTO(&sim->nodes[node].p, node_when(sim->nodes[node].node, ticket, is_committed, wait));
}

static bool is_intended(const struct work *work, const struct item *item)
{
    for (const struct wait *wait = work->waits; wait != NULL; wait = wait->next)
        if (wait->hash == tap_hash(&item->hash))
            return true;
    return false;
}

/* What an act made: more than one envelope at times, as a closing withdraws the case's referrals. */
static void intend_all(struct sim *sim, unsigned node)
{
    const struct node *core = sim->nodes[node].node;
    for (size_t i = 0; i < core->sent_count; i++)
        if (core->sent[i]->ticket > vault_committed(core->vault) && !is_intended(sim->work, core->sent[i]))
            intend(sim, node, core->sent[i], core->sent[i]->ticket);
}

/* --- what is there to do something with --- */

enum whose { MINE, THEIRS };

/* One of the node's cases, on its disk, not erased; NULL. */
static struct case_entry *pick(struct sim *sim, unsigned node, enum whose whose)
{
    const struct cases *cases = node_cases(sim->nodes[node].node);
    struct case_entry *found = NULL;
    uint64_t seen = 0;
    for (size_t i = cases->count > 60 ? cases->count - 60 : 0; i < cases->count; i++) {
        struct case_entry *entry = cases->order[i];
        if (entry->mine == (whose == MINE) && !entry->erased && cases_newest(cases, entry) != NULL &&
            rng_below(&sim->work->rng, ++seen) == 0)
            found = entry;
    }
    return found;
}

/* --- drafts --- */

static Hotline__Case *make_content(struct sim *sim, bool abduction)
{
    static const char *const urgencies[] = {"IMMEDIATE", "EXPECTED", "ROUTINE"};
    struct rng *rng = &sim->work->rng;
    char text[3000], filler[1400];
    size_t fill = rng_below(rng, sizeof filler);
    struct err_note note = {{0}};
    struct jdoc *doc;
    Hotline__Case *content;
    memset(filler, 'x', fill);
    filler[fill > 0 ? fill - 1 : 0] = '\0';
    snprintf(text, sizeof text,
             "{\"category\": \"%s\", \"urgency\": \"%s\", \"child\": {\"given_name\": \"" SIM_CANARY
             "%llu\", \"age_years\": %u, \"languages\": [\"fr\"]}, \"last_seen\": {\"country\": \"BE\"}, "
             "\"police\": {\"informed\": true}, \"publicity\": {\"level\": \"NONE\"}, "
             "\"contact\": {\"phone\": \"+3225550100\"}, \"circumstances\": \"%s\"}",
             abduction ? "PARENTAL_ABDUCTION" : "RUNAWAY", urgencies[rng_below(rng, 3)],
             (unsigned long long)sim->work->cases++, (unsigned)rng_below(rng, 17), filler);
    CHECK(jdoc_parse(slice_text(text), "draft", &note, &doc) == OK);
    if (case_from_json(doc, &note, &content) != OK) {
        fprintf(stderr, "the draft: %s\n", note.text);
        CHECK(false);
    }
    jdoc_free(doc);
    if (rng_below(rng, 4) == 0)
        WIRE_SET(content, valid_for, rng_between(rng, 2, 48) * CLOCK_HOUR_US);
    return content;
}

static void add_photo(struct sim *sim, unsigned node, Hotline__Case *content)
{
    struct picture picture;
    Hotline__Attachment *photo = malloc(sizeof *photo);
    uint8_t *id = malloc(16);
    picture_init(&picture);
    picture.width = 640;
    picture.height = 480;
    buf_add(&picture.photo, "\xff\xd8\xff", 3);
    for (size_t len = 2000 + rng_below(&sim->work->rng, 180000); picture.photo.len < len;)
        buf_add_u8(&picture.photo, (uint8_t)(picture.photo.len * 31 + len));
    buf_add(&picture.thumbnail, "\xff\xd8\xff\x77thumb", 9);
    CHECK(photo != NULL && id != NULL && !buf_broken(&picture.photo) && !buf_broken(&picture.thumbnail));
    hotline__attachment__init(photo);
    volatile int error = ERR_NOMEM;
    PROC_INTO(&sim->nodes[node].p,
              error = node_photo_offer(sim->nodes[node].node, &picture, proc_now(&sim->nodes[node].p), id));
    if (error == OK) {
        photo->has_upload = 1;
        photo->upload = (ProtobufCBinaryData){16, id};
        content->photos = calloc(1, sizeof *content->photos);
        CHECK(content->photos != NULL);
        content->photos[content->n_photos++] = photo;
    } else {
        free(id);
        free(photo);
    }
    picture_done(&picture);
}

/* One to three other countries of the network. */
static size_t pick_countries(struct sim *sim, unsigned node, const char *to[3])
{
    size_t count = 0, want = 1 + rng_below(&sim->work->rng, 3);
    for (unsigned tries = 0; count < want && tries < 20; tries++) {
        const struct sim_node *other = &sim->nodes[rng_below(&sim->work->rng, sim->node_count)];
        bool again = other->p.index == node;
        for (size_t i = 0; i < count; i++)
            again |= strcmp(to[i], other->p.country) == 0;
        if (!again)
            to[count++] = other->p.country;
    }
    return count;
}

/* --- one act each; OK or the node's refusal --- */

typedef int act(struct sim *sim, unsigned node, struct err_note *note);

static int publish(struct sim *sim, unsigned node, struct node_draft *draft, bool photo, struct err_note *note)
{
    Hotline__Case *content = make_content(sim, rng_below(&sim->work->rng, 5) == 0);
    struct case_entry *entry;
    uint64_t ticket;
    if (photo)
        add_photo(sim, node, content);
    draft->content = content;
    draft->photos_given = true;
    if (sim->nodes[node].p.crashed) {
        case_free(content);
        return ERR_NOMEM;
    }
    volatile int error = ERR_NOMEM;
    PROC_INTO(&sim->nodes[node].p,
              error = node_publish(sim->nodes[node].node, draft, proc_now(&sim->nodes[node].p), note, &entry, &ticket));
    case_free(content);
    return error;
}

static int act_open(struct sim *sim, unsigned node, struct err_note *note)
{
    const char *to[3];
    struct node_draft draft = {
        .exercise = rng_below(&sim->work->rng, 6) == 0, .restricted = rng_below(&sim->work->rng, 5) == 0, .to = to};
    draft.to_count = pick_countries(sim, node, to);
    return publish(sim, node, &draft, rng_below(&sim->work->rng, 12) == 0, note);
}

void work_publish(struct sim *sim, unsigned node, unsigned to, bool exercise)
{
    struct err_note note = {{0}};
    const char *countries[1] = {sim->nodes[to].p.country};
    struct node_draft draft = {.exercise = exercise, .to = countries, .to_count = 1};
    if (!proc_lives(&sim->nodes[node].p) || sim->nodes[node].node == NULL)
        return;
    sim->work->counts[WORK_OPEN].tried++;
    sim->work->counts[WORK_OPEN].done += publish(sim, node, &draft, false, &note) == OK;
    intend_all(sim, node);
    proc_after(&sim->nodes[node].p);
}

static int act_update(struct sim *sim, unsigned node, struct err_note *note)
{
    struct case_entry *entry = pick(sim, node, MINE);
    const char *to[3];
    uint64_t ticket;
    if (entry == NULL)
        return ERR_NOT_FOUND;
    Hotline__Case *content = make_content(sim, false);
    struct node_draft draft = {.content = content, .to = to};
    if (rng_below(&sim->work->rng, 4) == 0)
        draft.to_count = pick_countries(sim, node, to);
    volatile int error = ERR_NOMEM;
    PROC_INTO(&sim->nodes[node].p,
              error = node_update(sim->nodes[node].node, entry, &draft, proc_now(&sim->nodes[node].p), note, &ticket));
    case_free(content);
    return error;
}

static int finish(struct sim *sim, unsigned node, Hotline__Act__Code how, struct err_note *note)
{
    struct case_entry *entry = pick(sim, node, MINE);
    Hotline__Closing closing = HOTLINE__CLOSING__INIT;
    char reason[] = "wrong child";
    uint64_t ticket;
    if (entry == NULL)
        return ERR_NOT_FOUND;
    bool closes = how == HOTLINE__ACT__CODE__CLOSE;
    WIRE_SET(&closing, outcome, closes ? HOTLINE__OUTCOME__CODE__FOUND_SAFE : HOTLINE__OUTCOME__CODE__SENT_IN_ERROR);
    closing.reason = closes ? NULL : reason;
    volatile int error = ERR_NOMEM;
    PROC_INTO(
        &sim->nodes[node].p,
        error = node_finish(sim->nodes[node].node, entry, how, &closing, proc_now(&sim->nodes[node].p), note, &ticket));
    return error;
}

static int act_close(struct sim *sim, unsigned node, struct err_note *note)
{
    return finish(sim, node, HOTLINE__ACT__CODE__CLOSE, note);
}

static int act_retract(struct sim *sim, unsigned node, struct err_note *note)
{
    return finish(sim, node, HOTLINE__ACT__CODE__RETRACT, note);
}

static int act_ack(struct sim *sim, unsigned node, struct err_note *note)
{
    struct case_entry *entry = pick(sim, node, THEIRS);
    uint64_t ticket;
    if (entry == NULL)
        return ERR_NOT_FOUND;
    volatile int error = ERR_NOMEM;
    PROC_INTO(&sim->nodes[node].p,
              error =
                  node_acknowledge(sim->nodes[node].node, entry, "Ana", proc_now(&sim->nodes[node].p), note, &ticket));
    return error;
}

static int act_decline(struct sim *sim, unsigned node, struct err_note *note)
{
    struct case_entry *entry = pick(sim, node, THEIRS);
    uint64_t ticket;
    if (entry == NULL)
        return ERR_NOT_FOUND;
    volatile int error = ERR_NOMEM;
    PROC_INTO(&sim->nodes[node].p,
              error = node_decline(sim->nodes[node].node, entry, HOTLINE__DECLINE_CODE__CODE__NO_CAPACITY,
                                   proc_now(&sim->nodes[node].p), note, &ticket));
    return error;
}

static int say(struct sim *sim, unsigned node, struct case_entry *entry, Hotline__Reply *reply, struct err_note *note)
{
    const struct item *item = NULL;
    uint64_t ticket;
    volatile int error = ERR_NOMEM;
    PROC_INTO(&sim->nodes[node].p,
              error =
                  node_reply(sim->nodes[node].node, entry, reply, proc_now(&sim->nodes[node].p), note, &item, &ticket));
    return error;
}

static int act_reply(struct sim *sim, unsigned node, struct err_note *note)
{
    static const Hotline__ReplyKind__Code kinds[] = {
        HOTLINE__REPLY_KIND__CODE__QUESTION, HOTLINE__REPLY_KIND__CODE__ACTING, HOTLINE__REPLY_KIND__CODE__NOTHING_HERE,
        HOTLINE__REPLY_KIND__CODE__MESSAGE};
    struct case_entry *entry = pick(sim, node, THEIRS);
    Hotline__Reply reply = HOTLINE__REPLY__INIT;
    char text[] = "seen by " SIM_CANARY "witness";
    if (entry == NULL)
        return ERR_NOT_FOUND;
    WIRE_SET(&reply, kind, kinds[rng_below(&sim->work->rng, 4)]);
    reply.text = text;
    return say(sim, node, entry, &reply, note);
}

/* The publisher answers the last reply of a case. */
static int act_answer(struct sim *sim, unsigned node, struct err_note *note)
{
    struct case_entry *entry = pick(sim, node, MINE);
    Hotline__Reply reply = HOTLINE__REPLY__INIT;
    char text[] = "no, " SIM_CANARY "answer";
    if (entry == NULL || entry->thread_count == 0 || entry->thread[entry->thread_count - 1]->mine)
        return ERR_NOT_FOUND;
    WIRE_SET(&reply, kind, HOTLINE__REPLY_KIND__CODE__ANSWER);
    WIRE_SET_BYTES(&reply, in_reply_to, entry->thread[entry->thread_count - 1]->id.bytes, KEY_UUID_BYTES);
    reply.text = text;
    return say(sim, node, entry, &reply, note);
}

static int act_refer(struct sim *sim, unsigned node, struct err_note *note)
{
    struct case_entry *entry = pick(sim, node, MINE);
    Hotline__Referral request = HOTLINE__REFERRAL__INIT;
    char language[] = "fr", country[3], *languages[1] = {language}, *countries[1] = {country};
    const struct item *item = NULL;
    uint64_t ticket;
    if (entry == NULL)
        return ERR_NOT_FOUND;
    for (unsigned i = 0; i < sim->node_count; i++)
        if (sim->nodes[i].role == HOTLINE__ROLE__CODE__MEDIATOR)
            snprintf(country, sizeof country, "%s", sim->nodes[i].p.country);
    request.n_languages = request.n_countries = 1;
    request.languages = languages;
    request.countries = countries;
    WIRE_SET(&request, answer_by, proc_now(&sim->nodes[node].p) + CLOCK_DAY_US);
    volatile int error = ERR_NOMEM;
    PROC_INTO(&sim->nodes[node].p,
              error = node_refer(sim->nodes[node].node, entry, &request, proc_now(&sim->nodes[node].p), note, &item,
                                 &ticket));
    return error;
}

static int act_mediate(struct sim *sim, unsigned node, struct err_note *note)
{
    struct node_referral_answer answer = {.accept = rng_below(&sim->work->rng, 2)};
    const struct item *item = NULL;
    size_t at = 0;
    uint64_t ticket;
    if (!answer.accept)
        answer.decline = HOTLINE__REFERRAL_DECLINE__CODE__NO_CAPACITY;
    for (const struct item *request;
         (request = node_next_item(sim->nodes[node].node, &at, HOTLINE__KIND__CODE__REFERRAL)) != NULL;) {
        if (request->mine ||
            node_answer_referral(sim->nodes[node].node, request, &answer, proc_now(&sim->nodes[node].p), note, &item,
                                 &ticket) != OK)
            continue;
        return OK;
    }
    return ERR_NOT_FOUND;
}

static int act_figures(struct sim *sim, unsigned node, struct err_note *note)
{
    Hotline__Statistics statistics = HOTLINE__STATISTICS__INIT;
    const struct item *item = NULL;
    uint64_t ticket;
    WIRE_SET(&statistics, year, 2026);
    WIRE_SET(&statistics, made_at, proc_now(&sim->nodes[node].p));
    WIRE_SET(&statistics, opened, (uint32_t)sim->work->cases);
    volatile int error = ERR_NOMEM;
    PROC_INTO(&sim->nodes[node].p,
              error = node_send_statistics(sim->nodes[node].node, &statistics, proc_now(&sim->nodes[node].p), note,
                                           &item, &ticket));
    return error;
}

static int act_subscribe(struct sim *sim, unsigned node, struct err_note *note)
{
    uint8_t set[LIMIT_COUNTRIES / 8] = {0};
    uint64_t ticket;
    for (uint64_t i = rng_below(&sim->work->rng, 3); i > 0; i--) {
        int index = country_index(sim->nodes[rng_below(&sim->work->rng, sim->node_count)].p.country);
        set[index / 8] |= (uint8_t)(1u << (index % 8));
    }
    volatile int error = ERR_NOMEM;
    PROC_INTO(&sim->nodes[node].p,
              error = node_subscribe(sim->nodes[node].node, set, proc_now(&sim->nodes[node].p), note, &ticket));
    return error;
}

static const struct {
    act *act;
    unsigned weight; /* of a thousand */
} acts[WORK_KINDS] = {
    [WORK_OPEN] = {act_open, 270},      [WORK_UPDATE] = {act_update, 130},  [WORK_CLOSE] = {act_close, 60},
    [WORK_RETRACT] = {act_retract, 30}, [WORK_ACK] = {act_ack, 250},        [WORK_DECLINE] = {act_decline, 40},
    [WORK_REPLY] = {act_reply, 80},     [WORK_ANSWER] = {act_answer, 50},   [WORK_REFER] = {act_refer, 30},
    [WORK_MEDIATE] = {act_mediate, 20}, [WORK_FIGURES] = {act_figures, 10}, [WORK_SUBSCRIBE] = {act_subscribe, 30},
};

void work_do(struct sim *sim, unsigned node, enum work_kind kind)
{
    struct sim_node *at = &sim->nodes[node];
    struct err_note note = {{0}};
    if (!proc_lives(&at->p) || at->hostile)
        return;
    sim->work->counts[kind].tried++;
    int error = acts[kind].act(sim, node, &note);
    if (error == OK)
        intend_all(sim, node);
    sim->work->counts[kind].done += error == OK;
    if (sim->shape.verbose)
        fprintf(stderr, "%s does %d: %s %s\n", at->p.id, (int)kind, err_name(error), note.text);
    proc_after(&at->p);
}

void work_any(struct sim *sim)
{
    struct rng *rng = &sim->work->rng;
    uint64_t draw = rng_below(rng, 1000);
    unsigned node = (unsigned)rng_below(rng, sim->node_count), kind = 0;
    while (draw >= acts[kind].weight)
        draw -= acts[kind++].weight;
    if (kind == WORK_MEDIATE)
        for (unsigned i = 0; i < sim->node_count; i++)
            if (sim->nodes[i].role == HOTLINE__ROLE__CODE__MEDIATOR)
                node = i;
    work_do(sim, node, (enum work_kind)kind);
}

/* --- days --- */

static void any_planned(struct sim *sim, unsigned a, unsigned b)
{
    (void)a;
    (void)b;
    if (!sim->quiet)
        work_any(sim);
}

void work_plan(struct sim *sim, int64_t until_us, unsigned bouts_a_day)
{
    struct rng *rng = &sim->work->rng;
    int64_t each_us = CLOCK_DAY_US / bouts_a_day;
    for (int64_t at_us = sim->now_us; at_us < until_us; at_us += each_us) {
        int64_t begins_us = at_us + rng_between(rng, 0, each_us / 2);
        for (uint64_t i = 4 + rng_below(rng, 12); i > 0; i--) {
            int64_t when_us = begins_us + rng_between(rng, 0, 3 * CLOCK_MINUTE_US);
            if (when_us < until_us)
                sim_at(sim, when_us, any_planned, 0, 0);
        }
    }
}
