/* http: who only connects, or leaves in the middle, keeps nobody out. */
#include "http_scene.h"

/* Connects count sockets that send text and go no further; hung up at once, or kept in fds. */
static void crowd(struct scene *s, int count, const char *text, int *fds)
{
    for (int i = 0; i < count; i++) {
        ask(s, text);
        if (fds)
            fds[i] = client_of(s)->fd;
        else
            hang_up(client_of(s));
        client_of(s)->fd = -1;
    }
}

static bool has_shut_three(void *ctx)
{
    return http_counters(((struct scene *)ctx)->http)->shut == 3;
}

static void http_client_that_left_in_the_middle_of_its_request_holds_no_place(void **state)
{
    (void)state;
    struct scene *s = begin();
    listen_tcp(s);
    crowd(s, 3, "GET / HT", NULL); /* data and end come in one edge */
    wait_for(s, has_shut_three);
    end(s);
}

static void http_crowd_of_beginners_does_not_keep_out_who_asks(void **state)
{
    (void)state;
    struct scene *s = begin();
    const struct http_conf conf = {.address = "127.0.0.1:0", .max_connections = 16};
    int fds[40];
    assert_int_equal(http_listen(s->loop, &conf, handle, s, NULL, &s->http), OK);
    s->current = 1;
    ask(s, "GET /late HTTP/1.1\r\nHost: x\r\n\r\n"); /* waits for its answer: is not one of them */
    wait_for(s, has_kept);
    s->current = 0;
    crowd(s, 40, "GET / HT", fds);
    expect_status(s, "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200");
    assert_in_range(http_counters(s->http)->shut, 28, 40);
    s->current = 1;
    http_reply(s->kept, 200, NULL, slice_text("in the end"));
    s->kept = NULL;
    wait_text(s, "in the end");
    for (int i = 0; i < 40; i++)
        close(fds[i]);
    end(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(http_client_that_left_in_the_middle_of_its_request_holds_no_place),
        cmocka_unit_test(http_crowd_of_beginners_does_not_keep_out_who_asks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
