/*  What the files of the trace harness share. */
#ifndef KEEL_TRACE_PARTS_H
#define KEEL_TRACE_PARTS_H

#include "trace.h"

#define TRACE_TEXT   (1 << 16)
#define TRACE_TOKENS 4096
#define TRACE_LINE   4096
#define TRACE_WORD   512 /* what is longer is shown as ... */

typedef struct {
    char name[16];
    char id[16]; /* the name, unless renamed */
    trace_dialect_t dialect;
    uint16_t listener;
    bool admin;
    trace_fate_t fate;
    unsigned requests; /* made so far */
} trace_peer_t;

typedef struct {
    keel_event_kind_t kind;
    const trace_peer_t *peer;
    char id[16]; /* that it was sent to: the peer may have another now */
    uint64_t tag;
} trace_failure_t;

/*  One message being made: frames that point into bytes. */
typedef struct {
    span_t frames[TRACE_FRAMES];
    size_t count;
    uint8_t bytes[TRACE_LINE];
    size_t size;
} trace_message_t;

/*  One kind of broker: its engine, and the language of its peers. */
typedef struct {
    uint16_t workers_at; /* their listener */
    void *(*make) (const trace_t *self, uint64_t seed);
    void (*destroy) (void *engine);
    int (*step) (void *engine, const keel_event_t *event, keel_actions_t *out);
    int64_t (*next_due) (const void *engine);
    const char *(*stats) (void *engine, int64_t now);
    /*  What stands behind the envelope of a client, or is all that a worker says. words: the command first; may be cut up. */
    void (*compose) (trace_t *self, const trace_peer_t *peer, char *words, trace_message_t *message);
    /*  Appends to line what the frames say. To a client: those behind the envelope. */
    void (*read_at_worker) (trace_t *self, const trace_peer_t *peer, const span_t frames[], size_t count, char *line);
    void (*read_at_client) (trace_t *self, const trace_peer_t *peer, const span_t frames[], size_t count, char *line);
} trace_kind_t;

extern const trace_kind_t trace_majordomo; /* trace_mdp.c */
extern const trace_kind_t trace_pirate;    /* trace_pirate.c */

struct trace {
    const trace_kind_t *kind;
    keel_majordomo_config_t config;
    keel_pirate_queue_config_t pirate;
    size_t capacity;
    queue_t *engine; /* of either kind: a queue is its first member */
    keel_actions_t *actions;
    int64_t now;
    uint16_t us;
    trace_peer_t peers[TRACE_PEERS];
    size_t peer_count;
    char tokens[TRACE_TOKENS][17]; /* the latest; the n-th seen is at n % TRACE_TOKENS */
    size_t token_count;
    trace_failure_t failures[256];
    size_t failure_count;
    size_t holds; /* frames that the engine keeps in the port's buffer */
    char text[TRACE_TEXT];
    size_t text_size;
    bool mute;
    bool cut; /* what is told comes cut */
    trace_tally_t tally;
    char last[4 << 20];
};

/*  The number of a token among those seen; 0: none of the latest. */
size_t trace_token_number (const trace_t *self, span_t token);

/*  trace_peer.c: what peers say and read. */
trace_peer_t *trace_peer (trace_t *self, const char *name);
void trace_frame (trace_message_t *message, const void *data, size_t size);
void trace_text (trace_message_t *message, const char *text);
/*  Adds a word as a frame: a token for #n, an empty frame for ''. */
void trace_add_word (trace_t *self, trace_message_t *message, const char *word);
/*  Appends the frames of a body to line. */
void trace_body (trace_t *self, const span_t frames[], size_t count, char *line);
/*  A worker gets this token; each names one attempt, so none comes twice. */
void trace_new_token (trace_t *self, span_t token);
/*  words: what stands behind the peer's name. */
void trace_compose (trace_t *self, trace_peer_t *peer, const char *words, trace_message_t *message);
void trace_read (trace_t *self, const keel_action_t *action);

/*  trace_text.c: what is recorded. */
void trace_line (trace_t *self, const char *format, ...) __attribute__ ((format (printf, 2, 3)));
/*  Appends a frame as a word to line. */
void trace_word (trace_t *self, char line[TRACE_LINE], span_t frame);

#endif
