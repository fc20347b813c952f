/*  The inside of a client engine, shared by its three parts: client.c, client_links.c, client_answers.c. */
#ifndef KEEL_CLIENT_STATE_H
#define KEEL_CLIENT_STATE_H

#include "client.h"
#include "client_requests.h"
#include "search.h"

typedef struct {
    bool open;
    bool heard;       /* since it was opened, or since its connection ended */
    bool silent;      /* a whole try passed in silence, and nothing was heard since */
    bool lost;        /* its connection ended: closed before the next sending, so that what is in can still be read */
    bool ended;       /* its connection has ended once: what was sent over it may have left */
    bool spent;       /* closed by the next step */
    int64_t since_ms; /* when it was opened, or its connection ended */
    int64_t heard_ms; /* when it was last heard */

    bool doubted;       /* it was heard, but is not known to answer now */
    int64_t probe_due; /* KEEL_NEVER: it is owed none */
    bool probing;       /* it was silent, and has not answered the probe of probe_ms yet */
    uint64_t probes;    /* sent over it */
    uint64_t answered;  /* the last of them that was; 0: none */
    int64_t probe_ms;
    int64_t quiet_ms;   /* silent since then */
    int64_t quiet_span; /* so long may it be */
    uint8_t probe[OPTIONS_SIZE];
} link_t;

struct keel_mdclient {
    keel_mdclient_config_t config;
    int64_t now;
    requests_t requests;
    random_t random;
    uint16_t current; /* the link that new requests take */
    bool held;        /* nothing is sent */
    int64_t heard_ms; /* when any broker was heard last */
    int64_t turn_at;    /* a search goes on, and then it is the next link's turn; KEEL_NEVER: none does */
    unsigned absent;    /* brokers in a row that were not there */
    bool troubled;      /* no answer, since ... */
    int64_t trouble_ms; /* then */
    uint64_t counters[KEEL_MDCLIENT_COUNTERS];
    link_t links[];
};

static inline void
mdclient_count (keel_mdclient_t *self, keel_mdclient_counter_t counter)
{
    self->counters[counter]++;
}

static inline bool
mdclient_tries_left (const keel_mdclient_t *self, const request_t *request)
{
    return request->tries <= self->config.retries;
}

/*  A new try, a little later. */
void mdclient_try_again (keel_mdclient_t *self, request_t *request);
/*  The same, but it is still the same try. */
void mdclient_continue_soon (keel_mdclient_t *self, request_t *request);
/*  The request is over, answered or not. */
void mdclient_end (keel_mdclient_t *self, request_t *request);

void mdclient_open_link (keel_mdclient_t *self, uint16_t number, keel_actions_t *out);
void mdclient_close_link (keel_mdclient_t *self, uint16_t number, keel_actions_t *out);
/*  Is there a link to be closed, now or before anything is sent? number: [out] which. */
bool mdclient_link_to_close (const keel_mdclient_t *self, bool before_sending, uint16_t *number);
/*  The next one becomes current, if that one is. */
void mdclient_move_on (keel_mdclient_t *self, uint16_t from);
/*  A try is over: was its link silent all the while? */
void mdclient_blame_link (keel_mdclient_t *self, const request_t *request, keel_actions_t *out);
void mdclient_note_heard (keel_mdclient_t *self, uint16_t number);

/* ---- client_search.c */

bool mdclient_searches (const keel_mdclient_t *self);
/*  Until the next attempt, msec. */
int64_t mdclient_pause (keel_mdclient_t *self);
/*  It was sent over the current link. */
void mdclient_note_sent (keel_mdclient_t *self, request_t *request);
/*  A link was closed. */
void mdclient_forget_copies (keel_mdclient_t *self, uint16_t number);
/*  Appends a SEND if a probe of the current link is due. */
void mdclient_send_probe (keel_mdclient_t *self, keel_actions_t *out);
/*  What is due of the search, and when. */
void mdclient_search (keel_mdclient_t *self);
int64_t mdclient_search_due (const keel_mdclient_t *self);
void mdclient_note_word (keel_mdclient_t *self, uint16_t number);
bool mdclient_take_probe (keel_mdclient_t *self, uint16_t number, const envelope_options_t *options);
void mdclient_note_answer (keel_mdclient_t *self, uint16_t number);

void mdclient_handle_message (keel_mdclient_t *self, const keel_event_t *event, keel_actions_t *out);
void mdclient_handle_unsent (keel_mdclient_t *self, const keel_event_t *event);
void mdclient_handle_disconnected (keel_mdclient_t *self, uint16_t number);
void mdclient_handle_refused (keel_mdclient_t *self, uint16_t number);

#endif
