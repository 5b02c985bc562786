/* fuzz_conf: a configuration file, as relay and node read it. */
#include "fuzz.h"
#include "node/node_conf.h"
#include "relay/relay_conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct err_note note = {""};
    struct relay_conf *relay = NULL;
    struct node_conf *node = NULL;
    fuzz_begin();
    const char *path = fuzz_file(slice_of(data, size));
    if (relay_conf_load(path, &note, &relay) == OK) {
        CHECK(relay->relay != NULL && relay->listen != NULL && relay->limits.recipients <= LIMIT_RECIPIENTS);
        relay_conf_free(relay);
    } else {
        CHECK(relay == NULL);
        fuzz_check_note(&note);
    }
    note.text[0] = '\0';
    if (node_conf_load(path, &note, &node) == OK) {
        CHECK(node->member != NULL && (node->socket_mode & ~07777u) == 0);
        for (size_t i = 0; i <= node_conf_subscription_count(node); i++)
            CHECK((node_conf_subscription(node, i) == NULL) == (i == node_conf_subscription_count(node)));
        node_conf_free(node);
    } else {
        CHECK(node == NULL);
        fuzz_check_note(&note);
    }
    return 0;
}
