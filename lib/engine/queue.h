/*  queue: what every broker does around dispatch, whatever its peers speak. Requests are taken in and assigned, silent
 *  workers expired, idle ones heartbeated, busy ones probed when a connection ends, and all of them sent home when it
 *  drains; malformed messages and failed sends are counted; the log hears of each kind of trouble once a second.
 *
 *  A personality (majordomo, pirate_queue) has one of these as its first member, decodes what peers send, and lends it
 *  the words in which it speaks to them.
 */
#ifndef KEEL_QUEUE_H
#define KEEL_QUEUE_H

#include "dispatch.h"
#include "seldom.h"
#include "verdict.h"

/*  JSON of one answer is cut here and says so: a list of everything must not become a way to stop the broker. */
#define QUEUE_REPORT_BYTES (4 << 20)

/*  Counters by name; SIGUSR1 gives them, and mmi.stats. */
#define QUEUE_COUNTER_MAP(X)                                                                                           \
    X (messages)            /* that arrived */                                                                         \
    X (malformed)           /* dropped: the sum of the reasons */                                                      \
    X (answers_dropped)     /* late, repeated, invented or for another worker's request: PARTIALs too */               \
    X (answers_abandoned)   /* of requests that had failed meanwhile */                                                \
    X (strangers)           /* HEARTBEAT or answer of a worker that is not registered */                               \
    X (heartbeats_received)                                                                                            \
    X (heartbeats_sent)                                                                                                \
    X (probes)              /* heartbeats to busy workers after a connection ended */                                  \
    X (connections_ended)   /* at least so many: one may stand for several. Oversized frames end one too */            \
    X (clients_unreachable) /* answers and notices to a client that is gone */                                         \
    X (clients_full)        /* answers and notices to a client that does not read */                                   \
    X (workers_full)        /* commands to a worker that does not read */

typedef struct {
#define X(name) uint64_t name;
    QUEUE_COUNTER_MAP (X)
#undef X
    uint64_t verdicts[VERDICTS];
} queue_counters_t;

/*  What is said in the log at most once a second. */
typedef enum {
    NOTE_WORKER_LOST = VERDICTS, /* below: one a verdict */
    NOTE_WORKER_FULL,
    NOTE_CLIENT_FULL,
    NOTE_READY_REFUSED,
    NOTE_REFUSED,
    NOTE_FAILED,
    NOTES
} note_t;

/*  A line of the log; what is not set is left out. */
typedef struct {
    const char *what;
    const char *reason;
    unsigned code;
    unsigned attempts;
    span_t service; /* as a peer named it */
    span_t worker;  /* routing ids */
    span_t client;
} note_line_t;

typedef struct queue queue_t;

/*  The words. request must be there; NULL: the protocol has no such word. Each appends at most one action. */
typedef struct {
    /*  To the worker that holds it. body: its frames, lent or kept. */
    void (*request) (const dispatch_request_t *request, const span_t body[], size_t count, keel_actions_t *out);
    /*  To a worker; the queue counts it and tells dispatch. */
    void (*heartbeat) (const dispatch_worker_t *worker, keel_actions_t *out);
    /*  To a worker that is about to be forgotten. */
    void (*farewell) (queue_t *self, const dispatch_worker_t *worker, keel_actions_t *out);
    /*  To the client of a request that has failed. */
    void (*failure) (queue_t *self, const dispatch_request_t *request, unsigned code, keel_actions_t *out);
} queue_words_t;

typedef struct {
    dispatch_config_t dispatch;
    int64_t drain_timeout_ms; /* what workers still hold so long after EVENT_DRAIN fails */
    int64_t absence_ms;       /* a step that comes so long after it was due forgives workers their silence ... */
    int64_t grace_ms;         /* ... and so much more; 0 where they heartbeat, as who lives has time left then */
} queue_config_t;

struct queue {
    queue_config_t config;
    const queue_words_t *words;
    dispatch_t *dispatch;
    queue_counters_t counters;
    seldom_t notes[NOTES];
    int64_t started_at;
    int64_t now;
    bool started;
    bool unfinished;     /* the step had more to say than the actions took */
    bool stopping;       /* EVENT_DRAIN came: for good */
    bool suspended;      /* drains, but for a while */
    int64_t drain_until; /* KEEL_NEVER: not draining */
    int64_t probe_due;   /* KEEL_NEVER: none */
    int64_t probed_at;
    unsigned probes_left;
    uint64_t sweep;
    bool sweeping;
    char *report; /* QUEUE_REPORT_BYTES; made when first asked for */
};

/*  Tags of SENDs: an attempt's token, or one of these. No token is 0 or all ones. */
#define TAG_CLIENT 0
#define TAG_WORKER UINT64_MAX

/*  words: borrowed. False without memory. */
bool queue_open (queue_t *self, const queue_config_t *config, const queue_words_t *words, uint64_t seed);
void queue_close (queue_t *self);
/*  New figures hold from now on. */
void queue_configure (queue_t *self, const queue_config_t *config);

/*  A step begins at that time; then the personality takes a MESSAGE itself, and gives every other event to queue_take_event;
 *  and at last the queue does whatever else is due. */
void queue_begin (queue_t *self, const keel_event_t *event);
void queue_take_event (queue_t *self, const keel_event_t *event, keel_actions_t *out);
void queue_settle (queue_t *self, keel_actions_t *out);
int64_t queue_next_due (const queue_t *self);
/*  Drains until queue_resume, what workers hold for at most timeout_ms; the next step, due now, begins with it. Suspended again,
 *  the new timeout holds. */
void queue_suspend (queue_t *self, int64_t timeout_ms);
void queue_resume (queue_t *self);
/*  After EVENT_DRAIN, or suspended: nothing is held, all workers were told to leave, all clients of failed requests were told. */
bool queue_drained (const queue_t *self);

/*  Takes a request in and, if a worker is free, sends it. 0, or the code to refuse it with, which is in the log. */
unsigned queue_take_request (queue_t *self, const keel_peer_t *peer, const dispatch_wish_t *wish, keel_actions_t *out);
/*  Counts a malformed message. */
void queue_drop (queue_t *self, verdict_t verdict, keel_actions_t *out);
/*  Fails a request that a worker holds; its answer, when it comes, is dropped. */
void queue_abandon (queue_t *self, dispatch_request_t *request, unsigned code, keel_actions_t *out);
/*  Bids a worker farewell and forgets it. */
void queue_dismiss (queue_t *self, dispatch_worker_t *worker, keel_actions_t *out);

/*  Says it in the log unless something of that kind was said within the last second; then only counts it. */
void queue_note (queue_t *self, note_t about, const note_line_t *note, keel_actions_t *out);

/* ---- queue_report.c */

/*  JSON, to be written to the queue's own buffer: an empty text, full when there is no memory. */
text_t queue_open_report (queue_t *self);
/*  Opens an object with every gauge and counter of the queue and of its dispatch; the personality adds its own with
 *  text_add_json_number and closes it. */
void queue_report_stats (queue_t *self, text_t *json, int64_t now);
/*  For a status line: "3 requests with workers, 2 waiting, 4 workers". */
void queue_describe (const dispatch_gauges_t *gauges, text_t *line);

#endif
