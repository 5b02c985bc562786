/* http: requests, answers, streams, sockets. */
#include <sys/stat.h>
#include <time.h>

#include "http_scene.h"

static void http_small_get_is_answered_with_the_headers_of_the_house(void **state)
{
    (void)state;
    struct scene *s = begin();
    listen_tcp(s);
    ask(s, "GET /v1/caf%C3%A9?q=a%20b&r HTTP/1.1\r\nHost: x\r\nX-Case: 7\r\n\r\n");
    wait_text(s, "hello\n");
    const char *text = buf_text(&client_of(s)->in);
    assert_int_equal(strncmp(text, "HTTP/1.1 200 OK\r\n", 17), 0);
    assert_non_null(strstr(text, "\r\nDate: "));
    assert_non_null(strstr(text, "\r\nCache-Control: no-store\r\n"));
    assert_non_null(strstr(text, "\r\nX-Content-Type-Options: nosniff\r\n"));
    assert_non_null(strstr(text, "\r\nContent-Type: text/plain\r\n"));
    assert_non_null(strstr(text, "\r\nX-Good: yes\r\n"));
    assert_null(strstr(text, "Set-Cookie"));
    assert_string_equal(s->method, "GET");
    assert_string_equal(s->target, "/v1/caf\xc3\xa9");
    assert_string_equal(s->query, "a b");
    assert_string_equal(s->header, "7");
    assert_int_equal(s->peer_error, ERR_STATE);
    end(s);
}

static void http_two_requests_on_one_connection_are_both_answered(void **state)
{
    (void)state;
    struct scene *s = begin();
    listen_tcp(s);
    ask(s, "GET /a HTTP/1.1\r\nHost: x\r\n\r\n");
    wait_text(s, "hello\n");
    buf_clear(&client_of(s)->in);
    say(s, "GET /b HTTP/1.1\r\nHost: x\r\n\r\n");
    wait_text(s, "hello\n");
    assert_string_equal(s->target, "/b");
    assert_int_equal(s->handled, 2);
    end(s);
}

static void http_post_brings_its_body_in_pieces_and_chunks(void **state)
{
    (void)state;
    struct scene *s = begin();
    listen_tcp(s);
    ask(s, "POST /cases HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n01234");
    assert_int_equal(loop_run_until(s->loop, never, NULL, 20), ERR_TIMEOUT);
    assert_int_equal(s->handled, 0); /* only when the whole body is there */
    say(s, "56789");
    wait_text(s, "hello\n");
    assert_string_equal(s->method, "POST");
    assert_string_equal(buf_text(&s->body), "0123456789");
    buf_clear(&client_of(s)->in);
    say(s,
        "PUT /cases HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: "
        "chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
    wait_text(s, "hello\n");
    assert_string_equal(buf_text(&s->body), "abcde");
    end(s);
}

static void http_body_over_the_limit_gets_413_and_reaches_no_handler(void **state)
{
    (void)state;
    struct scene *s = begin();
    static char chunked[4000];
    listen_tcp(s);
    expect_status(s, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n\r\n", "HTTP/1.1 413");
    wait_text(s, "over the limit of 1000 bytes");
    assert_non_null(strstr(buf_text(&client_of(s)->in), "Content-Type: application/problem+json\r\n"));
    assert_non_null(strstr(buf_text(&client_of(s)->in),
                           "{\"type\":\"urn:hotline:problem:limit\",\"title\":\"over a limit\","
                           "\"status\":413,\"code\":\"LIMIT\","));
    expect_status(s, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999999\r\n\r\n", "HTTP/1.1 4");
    int len = snprintf(chunked, sizeof chunked, "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (int i = 0; i < 11; i++)
        len += snprintf(chunked + len, sizeof chunked - (size_t)len, "64\r\n%0100d\r\n", i);
    snprintf(chunked + len, sizeof chunked - (size_t)len, "0\r\n\r\n");
    expect_status(s, chunked, "HTTP/1.1 413");
    assert_int_equal(s->handled, 0);
    expect_status(s, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 200");
    assert_int_equal(s->handled, 1);
    end(s);
}

static void http_bodies_beyond_what_all_may_have_get_503(void **state)
{
    static char late[1200], now[1200];
    struct scene *s = begin();
    (void)state;
    listen_tcp(s);
    snprintf(late, sizeof late, "POST /late HTTP/1.1\r\nHost: x\r\nContent-Length: 900\r\n\r\n%0900d", 1);
    snprintf(now, sizeof now, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 900\r\n\r\n%0900d", 1);
    ask(s, late);
    wait_for(s, has_kept);
    s->current = 1;
    expect_status(s, now, "HTTP/1.1 503");
    wait_text(s, "too many large bodies");
    expect_status(s, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nsmall", "HTTP/1.1 200");
    http_reply(s->kept, 200, NULL, slice_text("done"));
    s->kept = NULL;
    s->current = 0;
    wait_text(s, "done");
    s->current = 1;
    expect_status(s, now, "HTTP/1.1 200");
    expect_status(s, now, "HTTP/1.1 200"); /* what was answered counts no more */
    end(s);
}

static void http_endless_chunks_are_closed(void **state)
{
    (void)state;
    struct scene *s = begin();
    static char block[5000];
    listen_tcp(s);
    ask(s, "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
    int len = snprintf(block, sizeof block, "1000\r\n%04096d\r\n", 0);
    for (int i = 0; i < 200 && !client_of(s)->ended; i++) {
        (void)!send(client_of(s)->fd, block, (size_t)len, MSG_NOSIGNAL | MSG_DONTWAIT);
        loop_turn(s->loop);
        take_input(client_of(s));
    }
    wait_for(s, has_ended);
    assert_int_equal(s->handled, 0);
    end(s);
}

static void http_ambiguous_or_malformed_requests_are_refused(void **state)
{
    (void)state;
    struct scene *s = begin();
    static const char *const requests[] = {
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1x\r\n\r\na",
        "GET /healthz%00/secret HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET / HTTP/1.1\r\n\r\n",
    };
    listen_tcp(s);
    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++)
        expect_status(s, requests[i], "HTTP/1.1 400");
    assert_int_equal(s->handled, 0);
    end(s);
}

static void http_head_has_the_headers_of_get_and_no_body(void **state)
{
    (void)state;
    struct scene *s = begin();
    listen_tcp(s);
    ask(s, "HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    wait_for(s, has_ended);
    const char *text = buf_text(&client_of(s)->in);
    assert_non_null(strstr(text, "\r\nContent-Length: 6\r\n"));
    assert_null(strstr(text, "hello"));
    assert_string_equal(s->method, "GET");
    end(s);
}

static void http_late_answer_wakes_the_connection(void **state)
{
    (void)state;
    struct scene *s = begin();
    listen_tcp(s);
    ask(s, "GET /late?q=7 HTTP/1.1\r\nHost: x\r\n\r\n");
    wait_for(s, has_kept);
    assert_int_equal(loop_run_until(s->loop, never, NULL, 100), ERR_TIMEOUT); /* several heartbeats */
    take_input(client_of(s));
    assert_int_equal(client_of(s)->in.len, 0);
    assert_string_equal(http_query(s->kept, "q"), "7");
    http_reply(s->kept, 202, "application/json", slice_text("{\"late\":true}"));
    s->kept = NULL;
    wait_text(s, "{\"late\":true}");
    assert_int_equal(strncmp(buf_text(&client_of(s)->in), "HTTP/1.1 202", 12), 0);
    assert_int_equal(s->gone, 0);
    end(s);
}

static void http_client_gone_before_the_answer_is_noticed_and_a_late_answer_is_safe(void **state)
{
    (void)state;
    struct scene *s = begin();
    listen_unix(s);
    ask(s, "GET /late?q=7 HTTP/1.1\r\nHost: x\r\n\r\n");
    wait_for(s, has_kept);
    assert_false(http_gone(s->kept));
    hang_up(client_of(s));
    wait_for(s, has_gone);
    assert_true(http_gone(s->kept));
    assert_null(http_query(s->kept, "q"));
    assert_string_equal(http_path(s->kept), "/late");
    assert_int_equal(http_peer(s->kept, &s->uid, &s->pid), ERR_STATE);
    http_reply(s->kept, 200, NULL, slice_text("to nobody"));
    s->kept = NULL;
    assert_int_equal(s->gone, 1);
    assert_int_equal(http_counters(s->http)->gone, 1);
    end(s);
}

static void http_tcp_client_gone_and_answered_late_is_safe(void **state)
{
    (void)state;
    struct scene *s = begin();
    listen_tcp(s);
    ask(s, "GET /late HTTP/1.1\r\nHost: x\r\n\r\n");
    wait_for(s, has_kept);
    hang_up(client_of(s));
    assert_int_equal(loop_run_until(s->loop, never, NULL, 60), ERR_TIMEOUT);
    http_reply(s->kept, 200, NULL, slice_text("to nobody"));
    s->kept = NULL;
    expect_status(s, "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200");
    end(s);
}

static void http_stream_brings_events_in_order_heartbeats_and_an_end(void **state)
{
    (void)state;
    struct scene *s = begin();
    char event[32];
    listen_tcp(s);
    ask(s, "GET /events HTTP/1.1\r\nHost: x\r\n\r\n");
    wait_for(s, has_stream);
    wait_text(s, "Content-Type: text/event-stream\r\n");
    for (int i = 0; i < 20; i++) {
        snprintf(event, sizeof event, "id: %d\n\n", i);
        assert_int_equal(http_stream_write(s->stream, slice_text(event)), OK);
        wait_text(s, event);
    }
    wait_text(s, ":\n\n");
    assert_int_equal(http_counters(s->http)->streams, 1);
    assert_int_equal(http_stream_write(s->stream, slice_text("id: last\n\n")), OK);
    http_stream_end(s->stream);
    s->stream = NULL;
    wait_text(s, "\r\n0\r\n\r\n"); /* the last chunk */
    assert_non_null(strstr(buf_text(&client_of(s)->in), "id: last\n\n"));
    assert_int_equal(s->closed, 0);
    assert_int_equal(http_counters(s->http)->streams, 0);
    end(s);
}

static void http_stream_reader_that_left_is_noticed(void **state)
{
    (void)state;
    struct scene *s = begin();
    listen_tcp(s);
    ask(s, "GET /events HTTP/1.1\r\nHost: x\r\n\r\n");
    wait_for(s, has_stream);
    wait_text(s, "event-stream");
    hang_up(client_of(s));
    wait_for(s, has_closed); /* by heartbeats alone */
    assert_int_equal(s->closed, 1);
    end(s);
}

static void http_stream_reader_too_slow_is_closed(void **state)
{
    (void)state;
    struct scene *s = begin();
    static uint8_t block[10000];
    memset(block, 'x', sizeof block);
    listen_tcp(s);
    ask(s, "GET /events HTTP/1.1\r\nHost: x\r\n\r\n");
    wait_for(s, has_stream);
    int error = OK;
    for (int i = 0; i < 100000 && error == OK; i++) { /* the client reads nothing */
        error = http_stream_write(s->stream, slice_of(block, sizeof block));
        loop_turn(s->loop);
    }
    assert_int_equal(error, ERR_LIMIT);
    wait_for(s, has_closed);
    assert_int_equal(s->closed, 1);
    assert_int_equal(http_counters(s->http)->streams_slow, 1);
    end(s);
}

static void http_garbage_does_not_stop_honest_clients_nor_spin(void **state)
{
    (void)state;
    struct scene *s = begin();
    static const char tls_hello[] = "\x16\x03\x01\x02";
    char noise[3000];
    uint32_t seed = 7;
    for (size_t i = 0; i + 1 < sizeof noise; i++) {
        seed = seed * 1664525u + 1013904223u;
        noise[i] = (char)(1 + (seed >> 24) % 255);
    }
    noise[sizeof noise - 1] = '\0';
    listen_tcp(s);
    s->current = 1;
    ask(s, noise);
    s->current = 2;
    ask(s, tls_hello);
    s->current = 3;
    ask(s, "GET / HT");
    s->current = 0;
    expect_status(s, "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200");
    clock_t before = clock();
    assert_int_equal(loop_run_until(s->loop, never, NULL, 500), ERR_TIMEOUT);
    double busy_s = (double)(clock() - before) / CLOCKS_PER_SEC;
    if (busy_s > 0.25)
        fail_msg("%.3f s of processor time in 0.5 s at rest", busy_s);
    assert_int_equal(s->handled, 1);
    end(s);
}

static void http_unix_socket_has_its_mode_and_tells_the_peer(void **state)
{
    (void)state;
    struct scene *s = begin();
    struct stat status;
    listen_unix(s);
    assert_int_equal(stat(s->path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0660);
    ask(s, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    wait_text(s, "hello\n");
    assert_int_equal(s->peer_error, OK);
    assert_int_equal(s->uid, getuid());
    assert_int_equal(s->pid, getpid());
    assert_int_equal(http_port(s->http), 0);
    end(s);
}

static void http_unix_socket_of_a_live_process_is_refused_and_a_stale_one_replaced(void **state)
{
    (void)state;
    struct scene *s = begin();
    const struct http_conf conf = {.path = s->path};
    struct err_note note = {""};
    struct http *second = NULL;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, s->path, sizeof s->path);
    int stale = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(stale, (const struct sockaddr *)&address, sizeof address), 0);
    close(stale); /* the file stays, as after kill -9 */
    listen_unix(s);
    assert_int_equal(http_listen(s->loop, &conf, handle, s, &note, &second), ERR_BUSY);
    assert_non_null(strstr(note.text, "another process listens on"));
    assert_non_null(strstr(note.text, s->path));
    expect_status(s, "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200");
    end(s);
}

static void http_unix_path_that_is_a_file_is_left_alone(void **state)
{
    (void)state;
    struct scene *s = begin();
    const struct http_conf conf = {.path = s->path};
    struct err_note note = {""};
    int fd = open(s->path, O_CREAT | O_WRONLY, 0600);
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(http_listen(s->loop, &conf, handle, s, &note, &s->http), ERR_EXISTS);
    assert_int_equal(unlink(s->path), 0);
    end(s);
}

static void http_wrong_addresses_and_groups_are_named(void **state)
{
    (void)state;
    struct scene *s = begin();
    static const char *const wrong[] = {
        "", "127.0.0.1", ":80", "localhost:80", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:8o", "::1:80", "[::1:80"};
    struct err_note note = {""};
    struct http_conf conf = {.address = NULL};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        conf.address = wrong[i];
        assert_int_equal(http_listen(s->loop, &conf, handle, s, &note, &s->http), ERR_CONFIG);
        assert_non_null(strstr(note.text, wrong[i]));
    }
    listen_tcp(s);
    char taken[32];
    struct http *second = NULL;
    snprintf(taken, sizeof taken, "127.0.0.1:%u", http_port(s->http));
    conf.address = taken;
    assert_int_equal(http_listen(s->loop, &conf, handle, s, &note, &second), ERR_BUSY);
    conf = (struct http_conf){.path = s->path, .group = "no-such-group-here"};
    assert_int_equal(http_listen(s->loop, &conf, handle, s, &note, &second), ERR_CONFIG);
    assert_non_null(strstr(note.text, "no-such-group-here"));
    end(s);
}

static void http_freed_with_waiting_requests_and_streams_ends_both(void **state)
{
    (void)state;
    struct scene *s = begin();
    listen_tcp(s);
    ask(s, "GET /late HTTP/1.1\r\nHost: x\r\n\r\n");
    wait_for(s, has_kept);
    s->current = 1;
    ask(s, "GET /events HTTP/1.1\r\nHost: x\r\n\r\n");
    wait_for(s, has_stream);
    wait_text(s, "event-stream");
    http_free(s->http);
    s->http = NULL;
    assert_int_equal(s->closed, 1);
    assert_int_equal(s->gone, 1);
    wait_for(s, has_ended);
    s->current = 0;
    wait_text(s, "HTTP/1.1 503");
    assert_true(http_gone(s->kept)); /* end() still answers it */
    end(s);
}

static void http_stopped_accepts_nobody_and_finishes_what_is_open(void **state)
{
    (void)state;
    struct scene *s = begin();
    listen_unix(s);
    ask(s, "GET /late HTTP/1.1\r\nHost: x\r\n\r\n");
    wait_for(s, has_kept);
    http_stop(s->http);
    assert_int_equal(access(s->path, F_OK), -1);
    http_reply(s->kept, 200, NULL, slice_text("finished"));
    s->kept = NULL;
    wait_text(s, "finished");
    end(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(http_small_get_is_answered_with_the_headers_of_the_house),
        cmocka_unit_test(http_two_requests_on_one_connection_are_both_answered),
        cmocka_unit_test(http_post_brings_its_body_in_pieces_and_chunks),
        cmocka_unit_test(http_body_over_the_limit_gets_413_and_reaches_no_handler),
        cmocka_unit_test(http_bodies_beyond_what_all_may_have_get_503),
        cmocka_unit_test(http_endless_chunks_are_closed),
        cmocka_unit_test(http_ambiguous_or_malformed_requests_are_refused),
        cmocka_unit_test(http_head_has_the_headers_of_get_and_no_body),
        cmocka_unit_test(http_late_answer_wakes_the_connection),
        cmocka_unit_test(http_client_gone_before_the_answer_is_noticed_and_a_late_answer_is_safe),
        cmocka_unit_test(http_tcp_client_gone_and_answered_late_is_safe),
        cmocka_unit_test(http_stream_brings_events_in_order_heartbeats_and_an_end),
        cmocka_unit_test(http_stream_reader_that_left_is_noticed),
        cmocka_unit_test(http_stream_reader_too_slow_is_closed),
        cmocka_unit_test(http_garbage_does_not_stop_honest_clients_nor_spin),
        cmocka_unit_test(http_unix_socket_has_its_mode_and_tells_the_peer),
        cmocka_unit_test(http_unix_socket_of_a_live_process_is_refused_and_a_stale_one_replaced),
        cmocka_unit_test(http_unix_path_that_is_a_file_is_left_alone),
        cmocka_unit_test(http_wrong_addresses_and_groups_are_named),
        cmocka_unit_test(http_freed_with_waiting_requests_and_streams_ends_both),
        cmocka_unit_test(http_stopped_accepts_nobody_and_finishes_what_is_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
