/*  What the files of the trace harness share. */
#ifndef KEEL_TRACE_PARTS_H
#define KEEL_TRACE_PARTS_H

#include "trace.h"

#define TRACE_TEXT   (1 << 16)
#define TRACE_TOKENS 4096
#define TRACE_LINE   4096

typedef struct {
    char name[16];
    char id[16]; /* the name, unless renamed */
    trace_dialect_t dialect;
    bool admin;
    trace_fate_t fate;
    unsigned requests; /* made so far */
} trace_peer_t;

typedef struct {
    keel_event_kind_t kind;
    trace_peer_t *peer;
    uint64_t tag;
} trace_failure_t;

/*  One message being made: frames that point into bytes. */
typedef struct {
    span_t frames[TRACE_FRAMES];
    size_t count;
    uint8_t bytes[TRACE_LINE];
    size_t size;
} trace_message_t;

struct trace {
    keel_majordomo_config_t config;
    size_t capacity;
    keel_majordomo_t *engine;
    keel_actions_t *actions;
    int64_t now;
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
    char last[1 << 20];
};

/*  The number of a token among those seen; 0: none of the latest. */
size_t trace_token_number (const trace_t *self, span_t token);

/*  trace_peer.c: what peers say and read. */
trace_peer_t *trace_peer (trace_t *self, const char *name);
void trace_frame (trace_message_t *message, const void *data, size_t size);
/*  words: what stands behind the peer's name. */
void trace_compose (trace_t *self, trace_peer_t *peer, const char *words, trace_message_t *message);
void trace_read (trace_t *self, const keel_action_t *action);

/*  trace_text.c: what is recorded. */
void trace_line (trace_t *self, const char *format, ...) __attribute__ ((format (printf, 2, 3)));
/*  Appends a frame as a word to line. */
void trace_word (trace_t *self, char line[TRACE_LINE], span_t frame);

#endif
