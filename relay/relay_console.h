/*
 * relay_console - the admin listener: /healthz, /readyz with reasons, /metrics as Prometheus text. Reads only.
 */
#ifndef RELAY_RELAY_CONSOLE_H
#define RELAY_RELAY_CONSOLE_H

#include "proto/http.h"
#include "relay/relay_link.h"

#define RELAY_VERSION "0.1.0"

struct relay_console;

/* Listens on HOST:PORT. Errors as http_listen. relay and link outlive the console. */
int relay_console_open(struct loop *loop, const char *address, struct relay *relay, struct relay_link *link,
                       struct err_note *note, struct relay_console **ret_console) MUST_CHECK;
/* NULL is fine. */
void relay_console_close(struct relay_console *console);
/* The text of /metrics, appended. http may be NULL. */
void relay_console_metrics(struct relay *relay, const struct relay_link *link, const struct http *http, int64_t now_us,
                           struct buf *out);

#endif
