/*  The engine of a broker on a virtual clock, majordomo's or a Pirate's, among peers that have names, and what is said between
 *  them as lines of text:
 *
 *      tell (trace, "w1 READY echo");
 *      pass (trace, 10);
 *      tell (trace, "c1 REQUEST echo hello");
 *      TRACE (trace, "[   0] w1 > READY echo",
 *                    "[  10] c1 > REQUEST echo hello",
 *                    "[  10] broker > w1 REQUEST #1 hello");
 *
 *  #n is the n-th token seen; '' an empty frame; c1@2 the second request of a client whose envelope numbers them. What
 *  peers send and read is written here from the protocol's table, not with the codec under test. Every frame is lent for
 *  its step alone and scribbled over behind it, and after every step the books must balance.
 */
#ifndef KEEL_TRACE_H
#define KEEL_TRACE_H

#include "unit.h"

#include "majordomo.h"
#include "memory.h"
#include "pirate_queue.h"

#define TRACE_PEERS  32
#define TRACE_FRAMES 24

typedef struct trace trace_t;

/*  How a peer speaks. version and led mean nothing to the Pirates: all their clients lead, and workers do as their queue
 *  does. */
typedef struct {
    bool worker;
    int version;
    bool led;        /* a delimiter before the command */
    unsigned hops;   /* proxies between it and the broker */
    bool correlates; /* numbers its requests in a frame of its own */
    bool asks;       /* has an options frame ... */
    bool notices;    /* ... which wants failure notices */
    unsigned ttl_ms; /* ... and says so long */
} trace_dialect_t;

#define REQ            ((trace_dialect_t){.version = 1, .led = true})
#define REQ_2          ((trace_dialect_t){.version = 2, .led = true})
#define REQ_CORRELATE  ((trace_dialect_t){.version = 1, .led = true, .correlates = true})
#define DEALER_2       ((trace_dialect_t){.version = 2, .led = true, .correlates = true})
#define PROXIED(n)     ((trace_dialect_t){.version = 1, .led = true, .hops = (n)})
#define STRICT         ((trace_dialect_t){.version = 2})
#define ASKING         ((trace_dialect_t){.version = 2, .led = true, .asks = true, .notices = true})
#define ASKING_FOR(ms) ((trace_dialect_t){.version = 2, .led = true, .asks = true, .notices = true, .ttl_ms = (ms)})
#define WORKER_1       ((trace_dialect_t){.worker = true, .version = 1, .led = true})
#define WORKER_1_BARE  ((trace_dialect_t){.worker = true, .version = 1})
#define WORKER_2       ((trace_dialect_t){.worker = true, .version = 2})
#define WORKER_2_LED   ((trace_dialect_t){.worker = true, .version = 2, .led = true})

/*  What becomes of what the broker sends to a peer. */
typedef enum {
    REACHED,
    UNREACHABLE,
    FULL,
} trace_fate_t;

typedef struct {
    size_t requests, partials, finals, notices, heartbeats, disconnects, logs;
} trace_tally_t;

/*  setup and teardown of a cmocka test. The engine is made at the first event, from trace_config (or trace_pirate_config) and
 *  trace_actions. */
int trace_setup (void **state);
int trace_setup_simple (void **state);
int trace_setup_paranoid (void **state);
int trace_teardown (void **state);
#define T(test)        cmocka_unit_test_setup_teardown (test, trace_setup, trace_teardown)
#define SIMPLE(test)   cmocka_unit_test_setup_teardown (test, trace_setup_simple, trace_teardown)
#define PARANOID(test) cmocka_unit_test_setup_teardown (test, trace_setup_paranoid, trace_teardown)
keel_majordomo_config_t *trace_config (trace_t *self);
/*  One frontend, which is listener 0, unless told otherwise. */
keel_pirate_queue_config_t *trace_pirate_config (trace_t *self);
/*  How many actions a step may have; 256 unless told. */
void trace_actions (trace_t *self, size_t capacity);
/*  A keel_majordomo_t or keel_pirate_queue_t. */
void *trace_engine (trace_t *self);
dispatch_gauges_t trace_gauges (trace_t *self);
/*  The next attempt's serial number is the first after the last of 32 bits. */
void trace_wrap_serials (trace_t *self);
/*  Ends the engine and what it has kept; teardown does so too. */
void trace_end (trace_t *self);

/*  Without it, c... is a REQ and w... a 0.1 or a Pirate's worker. Peers live until teardown. A Pirate's worker is at
 *  listener 1; all others are at 0. */
void peer (trace_t *self, const char *name, trace_dialect_t dialect);
void trace_listener (trace_t *self, const char *name, uint16_t listener);
/*  Messages of it come from an endpoint of administrators. */
void trace_admin (trace_t *self, const char *name);
/*  From now on the peer has another routing id: its name, #, and the number. What is sent to earlier ones is taken for
 *  sent to it. */
void trace_rename (trace_t *self, const char *name, unsigned number);
/*  The peer has the routing id of that other, at another listener. */
void trace_same_id (trace_t *self, const char *name, const char *other);
void trace_fate (trace_t *self, const char *name, trace_fate_t fate);

/*  "PEER COMMAND WORD...": REQUEST service body..., READY service [credit], PARTIAL|FINAL token body..., HEARTBEAT,
 *  DISCONNECT; to the Pirates REQUEST body..., READY, ANSWER token body..., HEARTBEAT; "DRAIN" and "DISCONNECTED" of nobody,
 *  or "DISCONNECTED:1" at that listener. Behind it, as a loop does, TICKs while something is due. */
void tell (trace_t *self, const char *format, ...) __attribute__ ((format (printf, 2, 3)));
/*  The same with no TICK behind it. */
void tell_only (trace_t *self, const char *line);
/*  These very frames, as the peer's whole message. */
void tell_frames (trace_t *self, const char *name, const span_t frames[], size_t count);
/*  The same, a message of which the port left frames out behind these. */
void tell_cut (trace_t *self, const char *line);
/*  Moves the clock, with a TICK whenever the engine said. */
void pass (trace_t *self, int64_t ms);
/*  From now on events come so many usec past the clock. */
void trace_set_us (trace_t *self, uint16_t us);
/*  Moves the clock with no TICK, as a loop that overslept. */
void trace_wait_only (trace_t *self, int64_t ms);
/*  Moves the clock to the next due time, at most so far, and steps one TICK. */
void trace_tick (trace_t *self, int64_t most_ms);
int64_t trace_now (const trace_t *self);

#define TELL_FRAMES(self, name, ...)                                                                                   \
    tell_frames (self, name, (span_t[]){__VA_ARGS__}, COUNT_OF (((span_t[]){__VA_ARGS__})))

/*  What was recorded since the last TRACE is these lines. */
#define TRACE(self, ...)                                                                                               \
    trace_compare (self, (const char *const[]){__VA_ARGS__}, COUNT_OF (((const char *const[]){__VA_ARGS__})), __FILE__, \
                   __LINE__)
/*  Nothing was recorded. */
#define TRACE_NOTHING(self) trace_compare (self, NULL, 0, __FILE__, __LINE__)
void trace_compare (trace_t *self, const char *const lines[], size_t count, const char *file, int line);
/*  Is this among what was recorded? */
bool trace_said (const trace_t *self, const char *text);
/*  Forgets what was recorded. */
void trace_skip (trace_t *self);
/*  Stops recording lines, for masses. */
void trace_mute (trace_t *self);
trace_tally_t trace_tally (const trace_t *self);
/*  How many tokens were seen: the number of the latest. */
size_t trace_tokens (const trace_t *self);
/*  The 16 bytes of the number-th. */
const char *trace_token (const trace_t *self, size_t number);
/*  The text of the last frame of the last message to a peer. */
const char *trace_last (const trace_t *self);
/*  A number that the counters as JSON give under that key. */
uint64_t trace_figure (trace_t *self, const char *key);

#endif
