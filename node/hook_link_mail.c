/* hook_link_mail: one mail of escalation. Says that a case waits, by its reference, and where to look; never anything
 * of the case. Without TLS it goes to this machine alone. */
#include <string.h>
#include <strings.h>
#include <time.h>

#include "node/address.h"
#include "node/hook_link_inner.h"
#include "proto/clock.h"
#include "proto/jdoc.h"
#include "proto/keyfile.h"
#include "proto/seal.h"

static size_t on_read(char *room, size_t size, size_t count, void *ctx)
{
    struct hook_flight *flight = ctx;
    size_t left = flight->out.len - flight->sent, take = size * count < left ? size * count : left;
    memcpy(room, flight->out.data + flight->sent, take);
    flight->sent += take;
    return take;
}

/* smtp://127.0.0.1:25 and the like. */
static bool is_this_machine(const char *server)
{
    const char *host = strstr(server, "://") + 3;
    char text[256];
    enum address_kind kind;
    bool bracketed = host[0] == '[';
    size_t len = bracketed ? strcspn(++host, "]") : strcspn(host, ":/");
    if (len >= sizeof text)
        return false;
    memcpy(text, host, len);
    text[len] = '\0';
    return strcasecmp(text, "localhost") == 0 || (address_read(text, &kind) && kind == ADDRESS_LOOPBACK);
}

static void add_date(int64_t at_us, struct buf *out)
{
    static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    time_t at_s = (time_t)(at_us / CLOCK_SECOND_US);
    struct tm tm;
    if (gmtime_r(&at_s, &tm) == NULL)
        return;
    buf_printf(out, "Date: %s, %02d %s %d %02d:%02d:%02d +0000\r\n", days[tm.tm_wday], tm.tm_mday, months[tm.tm_mon],
               tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

static void add_heads(const struct node_conf *conf, const struct dispatch *dispatch, struct buf *out)
{
    char id[2 * KEY_UUID_BYTES + 1];
    buf_hex(slice_of(dispatch->id.bytes, KEY_UUID_BYTES), id);
    add_date(dispatch->at_us, out);
    buf_printf(out, "From: <%s>\r\n", conf->mail.from);
    for (size_t i = 0; i < node_conf_mail_count(conf); i++)
        buf_printf(out, "%s<%s>", i == 0 ? "To: " : ",\r\n ", node_conf_mail_to(conf, i));
    /* The same in each try: a receiver that got two can tell. */
    buf_printf(out, "\r\nMessage-ID: <%s@%s>\r\n", id, strchr(conf->mail.from, '@') + 1);
    buf_add_text(out,
                 "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"
                 "Content-Type: text/plain; charset=utf-8\r\nX-Priority: 1\r\nImportance: high\r\n");
}

/* Sent by one person where two should have read it: told to whoever is on the list, who asks why. */
static void add_break_glass(const struct jdoc *doc, struct buf *out)
{
    const char *reference = jdoc_get_text(doc, "reference", "?");
    buf_printf(out, "Subject: case %s was sent without a second person\r\n\r\n", reference);
    buf_printf(out, "Case %s was sent (%s) without the approval that this hotline's rules ask for.\r\n", reference,
               jdoc_get_text(doc, "at", "?"));
    buf_printf(out, "By whom and why stands with the case:\r\n    hotline show %s\r\n", reference);
}

static void add_words(const struct jdoc *doc, struct buf *out)
{
    const char *reference = jdoc_get_text(doc, "reference", "?"), *at = jdoc_get_text(doc, "at", "?");
    bool exercise = strcmp(jdoc_get_text(doc, "status", ""), "EXERCISE") == 0;
    const char *mark = exercise ? "EXERCISE" : "URGENT LIVE";
    buf_printf(out, "Subject: %s: case %s waits for an answer\r\n\r\n", mark, reference);
    buf_printf(out, "%s\r\n\r\nCase %s came in and nobody here has acknowledged it (%s, step %d).\r\n", mark, reference,
               at, (int)jdoc_get_int(doc, "step", 0));
    buf_add_text(out, "Open the console and acknowledge it, or type:\r\n");
    buf_printf(out, "    hotline show %s\r\n    hotline ack %s\r\n", reference, reference);
    if (exercise)
        buf_add_text(out, "\r\nThis is a drill: no child is missing.\r\n");
}

static int write_mail(struct hook_flight *flight, const struct dispatch *dispatch, const struct node_conf *conf)
{
    struct jdoc *doc = NULL;
    int error = jdoc_parse(slice_text(dispatch->body), "message", NULL, &doc);
    if (error != OK)
        return error;
    add_heads(conf, dispatch, &flight->out);
    if (strcmp(jdoc_get_text(doc, "type", ""), "case.break_glass") == 0)
        add_break_glass(doc, &flight->out);
    else
        add_words(doc, &flight->out);
    jdoc_free(doc);
    return buf_broken(&flight->out) ? ERR_NOMEM : OK;
}

static int log_in(CURL *curl, const struct node_mail *mail)
{
    char password[256];
    if (mail->user == NULL)
        return OK;
    int error = keyfile_passphrase_from(mail->password_file, password, sizeof password, NULL);
    if (error == OK) {
        curl_easy_setopt(curl, CURLOPT_USERNAME, mail->user);
        curl_easy_setopt(curl, CURLOPT_PASSWORD, password); /* copied; wiped by nobody, as all that curl keeps */
    }
    seal_wipe(password, sizeof password);
    return error;
}

static int list_recipients(struct hook_flight *flight, const struct node_conf *conf)
{
    for (size_t i = 0; i < node_conf_mail_count(conf); i++) {
        struct curl_slist *list = curl_slist_append(flight->list, node_conf_mail_to(conf, i));
        if (list == NULL)
            return ERR_NOMEM;
        flight->list = list;
    }
    return OK;
}

int hook_link_mail(struct hook_flight *flight, const struct node *node, const struct dispatch *dispatch,
                   const struct node_conf *conf)
{
    CURL *curl = flight->curl;
    (void)node;
    if (conf->mail.server == NULL)
        return ERR_CONFIG;
    int error = write_mail(flight, dispatch, conf);
    if (error == OK)
        error = list_recipients(flight, conf);
    if (error == OK)
        error = log_in(curl, &conf->mail);
    if (error != OK)
        return error;
    curl_easy_setopt(curl, CURLOPT_URL, conf->mail.server);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    curl_easy_setopt(curl, CURLOPT_USE_SSL,
                     is_this_machine(conf->mail.server) ? (long)CURLUSESSL_NONE : (long)CURLUSESSL_ALL);
    curl_easy_setopt(curl, CURLOPT_MAIL_FROM, conf->mail.from);
    curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, flight->list);
    curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(curl, CURLOPT_READFUNCTION, on_read);
    curl_easy_setopt(curl, CURLOPT_READDATA, (void *)flight);
    curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t)flight->out.len);
    return OK;
}
