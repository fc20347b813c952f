#include "store_story.h"

#include <stdio.h>

void
story_open (story_t *self, uint64_t most)
{
    char problem[STORE_PROBLEM];
    const store_config_t config = {.path = self->folder, .most = most, .services = 100};
    self->store = store_open (&config, problem);
    if (!self->store)
        fail_msg ("%s", problem);
    if (!self->now)
        self->now = 1700000000000;
}

void
story_close (story_t *self)
{
    store_close (&self->store);
}

void
story_reopen (story_t *self)
{
    if (!self->folder) {
        self->store = store_reopen (&self->store);
        return;
    }
    story_close (self);
    story_open (self, 64 << 20);
}

tsp_uuid_t
story_uuid (uint32_t number)
{
    return tsp_uuid_make (0x18c00000000 + number, 7, number * (uint64_t) 0x9e3779b97f4a7c15);
}

titanic_op_t
story_do (story_t *self, titanic_op_t op)
{
    if (!op.at)
        op.at = self->now;
    store_commit (self->store, &op);
    store_refresh (self->store);
    return op;
}

static titanic_op_t
put (story_t *self, uint32_t number, const char *service, const char *body, bool submitted)
{
    const span_t frame = span_text (body);
    return story_do (self, (titanic_op_t){.kind = TITANIC_PUT, .uuid = story_uuid (number), .service = span_text (service),
                                          .frames = &frame, .frame_count = 1, .submitted = submitted});
}

titanic_op_t
story_put (story_t *self, uint32_t number, const char *service, const char *body)
{
    return put (self, number, service, body, false);
}

titanic_op_t
story_submit (story_t *self, uint32_t number, const char *service, const char *body)
{
    return put (self, number, service, body, true);
}

titanic_op_t
story_reply (story_t *self, uint32_t number, const char *body)
{
    const span_t frame = span_text (body);
    return story_do (self, (titanic_op_t){
                               .kind = TITANIC_REPLY, .uuid = story_uuid (number), .frames = &frame, .frame_count = 1});
}

titanic_op_t
story_close_request (story_t *self, uint32_t number)
{
    return story_do (self, (titanic_op_t){.kind = TITANIC_CLOSE, .uuid = story_uuid (number)});
}

titanic_op_t
story_dead (story_t *self, uint32_t number)
{
    return story_do (self, (titanic_op_t){.kind = TITANIC_DEAD, .uuid = story_uuid (number), .attempts = 3,
                                          .reason = TITANIC_REASON_ATTEMPTS});
}

const char *
story_state (story_t *self, uint32_t number)
{
    static char text[256];
    titanic_fetched_t fetched;
    const titanic_fetch_t fetch = {.kind = TITANIC_FETCH_REQUEST, .uuid = story_uuid (number)};
    store_fetch (self->store, &fetch, &fetched);
    if (!fetched.found)
        return "none";
    assert_int_equal (fetched.record.frame_count, 1);
    assert_int_equal (fetched.record.bytes, fetched.record.frames[0].size);
    snprintf (text, sizeof (text), "%s %.*s", tsp_state_text (fetched.record.state), (int) fetched.record.frames[0].size,
              (const char *) fetched.record.frames[0].data);
    store_refresh (self->store);
    return text;
}

static uint32_t
number_of (story_t *self, const char *service)
{
    titanic_fetched_t fetched;
    const titanic_fetch_t fetch = {.kind = TITANIC_FETCH_SERVICES};
    store_fetch (self->store, &fetch, &fetched);
    for (size_t n = 0; n < fetched.count; n++)
        if (span_equal (fetched.services[n].name, span_text (service)))
            return fetched.services[n].number;
    return 0;
}

const char *
story_pending (story_t *self, const char *service)
{
    static char text[1024];
    size_t used = 0;
    titanic_fetched_t fetched;
    titanic_fetch_t fetch = {.kind = TITANIC_FETCH_NEXT, .number = number_of (self, service)};
    text[0] = 0;
    while (store_fetch (self->store, &fetch, &fetched), fetched.found) {
        assert_true (span_equal (fetched.record.service, span_text (service)));
        fetch.sequence = fetched.record.sequence;
        used += (size_t) snprintf (text + used, sizeof (text) - used, "%s%u", used ? " " : "",
                                   (unsigned) (tsp_uuid_time (&fetched.record.uuid) - 0x18c00000000));
    }
    store_refresh (self->store);
    return text;
}

const char *
story_counts (story_t *self)
{
    static char text[128];
    titanic_fetched_t fetched;
    const titanic_fetch_t fetch = {.kind = TITANIC_FETCH_TOTALS};
    store_fetch (self->store, &fetch, &fetched);
    snprintf (text, sizeof (text), "pending %u done %u dead %u", (unsigned) fetched.totals.counts[TSP_STATE_PENDING],
              (unsigned) fetched.totals.counts[TSP_STATE_DONE], (unsigned) fetched.totals.counts[TSP_STATE_DEAD]);
    store_refresh (self->store);
    return text;
}
