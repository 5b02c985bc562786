/* audit: the chain. Changes no entry, and writes nothing of what people wrote. */
#include "node/audit.h"

#include <string.h>

#include "node/record.pb-c.h"
#include "proto/seal.h"
#include "proto/wire.h"

#define PERSONAL "hotline audit v1"
#define HEAD_KEY "head"

static void keep(const char *text, char room[AUDIT_TEXT_MAX + 1])
{
    snprintf(room, AUDIT_TEXT_MAX + 1, "%s", text != NULL ? text : "");
}

static uint64_t save_head(const struct audit *audit, struct vault *vault)
{
    Hotline__Node__AuditHeadRecord record = HOTLINE__NODE__AUDIT_HEAD_RECORD__INIT;
    struct buf bytes;
    struct key_hash head = audit->head;
    WIRE_SET(&record, number, audit->number);
    WIRE_SET_BYTES(&record, hash, head.bytes, KEY_HASH_BYTES);
    buf_init(&bytes);
    wire_pack(&record.base, &bytes);
    CHECK(!buf_broken(&bytes));
    uint64_t ticket = vault_put(vault, VAULT_AUDIT_HEAD, slice_text(HEAD_KEY), NULL, buf_slice(&bytes));
    buf_free(&bytes);
    return ticket;
}

uint64_t audit_add(struct audit *audit, struct vault *vault, const struct audit_entry *entry)
{
    Hotline__Node__AuditRecord record = HOTLINE__NODE__AUDIT_RECORD__INIT;
    char who[AUDIT_TEXT_MAX + 1], act[AUDIT_TEXT_MAX + 1], subject[AUDIT_TEXT_MAX + 1], result[AUDIT_TEXT_MAX + 1];
    struct buf bytes;
    keep(entry->who, record.who = who);
    keep(entry->act, record.act = act);
    keep(entry->subject, record.subject = subject);
    keep(entry->result, record.result = result);
    WIRE_SET(&record, number, audit->number + 1);
    WIRE_SET_BYTES(&record, previous, audit->head.bytes, KEY_HASH_BYTES);
    WIRE_SET(&record, at_us, entry->at_us);
    WIRE_SET(&record, kind, (uint32_t)entry->kind);
    buf_init(&bytes);
    wire_pack(&record.base, &bytes);
    CHECK(!buf_broken(&bytes));
    struct vault_number_key key = vault_number_key(++audit->number);
    audit->head = seal_personal_hash(PERSONAL, buf_slice(&bytes));
    vault_put(vault, VAULT_AUDIT, slice_of(key.bytes, sizeof key.bytes), NULL, buf_slice(&bytes));
    buf_free(&bytes);
    return save_head(audit, vault);
}

int audit_load(struct audit *audit, struct slice bytes)
{
    Hotline__Node__AuditHeadRecord *record = hotline__node__audit_head_record__unpack(NULL, bytes.len, bytes.data);
    if (record == NULL)
        return ERR_CORRUPT;
    int error = key_hash_from(wire_slice(record->hash), &audit->head) == OK ? OK : ERR_CORRUPT;
    audit->number = record->number;
    hotline__node__audit_head_record__free_unpacked(record, NULL);
    return error;
}

int audit_open(struct slice bytes, audit_read *read, void *ctx)
{
    Hotline__Node__AuditRecord *record = hotline__node__audit_record__unpack(NULL, bytes.len, bytes.data);
    struct audit_entry entry;
    if (record == NULL)
        return ERR_CORRUPT;
    entry = (struct audit_entry){
        .number = record->number,
        .hash = seal_personal_hash(PERSONAL, bytes),
        .at_us = record->at_us,
        .kind = (enum caller_kind)record->kind,
        .who = wire_text(record->who),
        .act = wire_text(record->act),
        .subject = wire_text(record->subject),
        .result = wire_text(record->result),
    };
    int error = key_hash_from(wire_slice(record->previous), &entry.previous) == OK ? OK : ERR_CORRUPT;
    if (error == OK)
        read(ctx, &entry);
    hotline__node__audit_record__free_unpacked(record, NULL);
    return error;
}

/* ---- the walk ---- */

void audit_walk_begin(const struct audit *audit, struct audit_walk *ret_walk)
{
    *ret_walk = (struct audit_walk){.next = 1, .last = audit->number, .head = audit->head};
}

static void take_link(void *ctx, const struct audit_entry *entry)
{
    struct audit_walk *walk = ctx;
    if (entry->number != walk->next)
        walk->why = "another entry stands in its place";
    else if (!key_hash_equal(&entry->previous, &walk->previous))
        walk->why = "it does not follow the entry before";
    else if (walk->next == walk->last && !key_hash_equal(&entry->hash, &walk->head))
        walk->why = "it is not the entry that the log ends with";
    walk->previous = entry->hash;
}

bool audit_walk_step(struct audit_walk *walk, int result, struct slice record)
{
    if (walk->broken != 0 || walk->next > walk->last)
        return false;
    if (result == ERR_NOT_FOUND)
        walk->why = "it is missing";
    else if (result != OK || audit_open(record, take_link, walk) != OK)
        walk->why = "it does not open: it was changed or damaged";
    if (walk->why != NULL)
        walk->broken = walk->next;
    walk->next++;
    return walk->broken == 0 && walk->next <= walk->last;
}
