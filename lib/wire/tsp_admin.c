#include "tsp_admin.h"

#include "mdp.h"

static const span_t commands[] = {
#define X(name, text) {(const uint8_t *) text, sizeof (text) - 1, NULL},
    TSP_ADMIN_MAP (X)
#undef X
};

static const char *const states[] = {
#define X(name, text) text,
    TSP_STATE_MAP (X)
#undef X
};

const char *
tsp_state_text (tsp_state_t state)
{
    return states[state];
}

/*  Empty: any. */
static bool
decode_state (span_t frame, tsp_state_t *state)
{
    *state = TSP_STATE_ANY;
    if (frame.size == 0)
        return true;
    for (tsp_state_t known = 0; known < TSP_STATE_ANY; known++)
        if (span_equal (frame, span_text (states[known]))) {
            *state = known;
            return true;
        }
    return false;
}

/*  Empty: number stays as it is. Up to 15 digits, which is 30,000 years. */
static bool
decode_number (span_t frame, uint64_t *number)
{
    uint64_t value = 0;
    if (frame.size == 0)
        return true;
    if (frame.size > 15)
        return false;
    for (size_t n = 0; n < frame.size; n++) {
        if (frame.data[n] < '0' || frame.data[n] > '9')
            return false;
        value = value * 10 + (uint64_t) (frame.data[n] - '0');
    }
    *number = value;
    return true;
}

/*  An argument that may be left out. */
static span_t
argument (const span_t frames[], size_t count, size_t at)
{
    return at < count ? frames[at] : SPAN_OF ("");
}

static const char *
decode_list (const span_t frames[], size_t count, tsp_admin_t *question)
{
    uint64_t limit = TSP_LIST_DEFAULT;
    question->service = argument (frames, count, 0);
    if (question->service.size && !mdp_service_valid (question->service))
        return "no service name";
    if (!decode_state (argument (frames, count, 1), &question->state))
        return "a state is pending, done or dead";
    if (!decode_number (argument (frames, count, 2), &question->older_ms))
        return "an age is a number of msec";
    if (!decode_number (argument (frames, count, 3), &limit) || limit < 1 || limit > TSP_LIST_MOST)
        return "a limit is a number from 1 to 1000";
    question->limit = (uint32_t) limit;
    return count > 4 ? "too many arguments" : NULL;
}

/*  [uuid], or "service" [name] ([state]) when there is one. */
static const char *
decode_target (const span_t frames[], size_t count, bool takes_state, tsp_admin_t *question)
{
    if (count < 1)
        return "a uuid is missing, or \"service\" and a name";
    if (!span_equal (frames[0], SPAN_OF ("service"))) {
        if (count > 1)
            return "too many arguments";
        return tsp_uuid_decode (frames[0], &question->uuid) ? NULL : "a uuid is 32 hexadecimal digits";
    }
    if (count < 2 || !mdp_service_valid (frames[1]))
        return "no service name";
    question->service = frames[1];
    if (count > (takes_state ? 3 : 2))
        return "too many arguments";
    return decode_state (argument (frames, count, 2), &question->state) ? NULL : "a state is pending, done or dead";
}

static const char *
decode_path (const span_t frames[], size_t count, tsp_admin_t *question)
{
    if (count != 1 || frames[0].size == 0 || frames[0].data[0] != '/' || memchr (frames[0].data, 0, frames[0].size))
        return "the absolute path of a directory is missing";
    question->path = frames[0];
    return NULL;
}

const char *
tsp_admin_decode (const span_t frames[], size_t count, tsp_admin_t *question)
{
    *question = (tsp_admin_t){.kind = TSP_ADMIN_UNKNOWN, .state = TSP_STATE_ANY, .service = SPAN_OF ("")};
    for (tsp_admin_kind_t kind = 0; count && kind < TSP_ADMIN_UNKNOWN; kind++)
        if (span_equal (frames[0], commands[kind]))
            question->kind = kind;
    switch (question->kind) {
    case TSP_ADMIN_LIST:
        return decode_list (frames + 1, count - 1, question);
    case TSP_ADMIN_SHOW:
        if (count != 2 || !tsp_uuid_decode (frames[1], &question->uuid))
            return "a uuid is 32 hexadecimal digits";
        return NULL;
    case TSP_ADMIN_REQUEUE:
    case TSP_ADMIN_PURGE:
        return decode_target (frames + 1, count - 1, question->kind == TSP_ADMIN_PURGE, question);
    case TSP_ADMIN_STATS:
        return count > 1 ? "too many arguments" : NULL;
    case TSP_ADMIN_BACKUP:
        return decode_path (frames + 1, count - 1, question);
    default:
        return "a command is list, show, requeue, purge, stats or backup";
    }
}
