/*  What a queue over dispatch must know, in the plainest form: lists, searched from one end to the other. */
#ifndef SIM_MODEL_H
#define SIM_MODEL_H

#include "dispatch.h"

#define MODEL_ID 16

typedef struct model_request model_request_t;
typedef struct model_worker model_worker_t;
typedef struct model_client model_client_t;
typedef struct model_service model_service_t;
typedef struct model_flow model_flow_t;

typedef enum {
    MODEL_WAITS,
    MODEL_HELD,
    MODEL_ABANDONED, /* failed, its worker still at it */
    MODEL_FAILED,    /* its client may still have to be told */
} model_state_t;

struct model_request {
    model_request_t *prev, *next; /* in its flow, its worker's, or the failed */
    model_state_t state;
    int64_t ticket;
    model_client_t *client;
    model_flow_t *flow;
    model_service_t *service;
    model_worker_t *worker;
    uint64_t token;
    uint8_t version;
    bool notices;
    bool told; /* FAILED */
    bool came_back;
    bool seen_partly;
    unsigned code;
    unsigned attempts;
    uint64_t number; /* in the order of acceptance, from 1 */
    uint64_t envelope; /* digests */
    uint64_t body;
    uint64_t parts; /* of those held */
    size_t part_count;
    size_t part_bytes;
    int64_t accepted_at;
    int64_t due;
    int64_t sent_at;
};

struct model_worker {
    model_worker_t *prev, *next;
    uint8_t id[MODEL_ID];
    size_t id_size;
    uint16_t listener;
    model_service_t *service;
    uint8_t version;
    uint32_t credit;
    model_request_t *held; /* oldest first */
    uint32_t slots;
    bool beats;
    bool lenient;
    int64_t heard_at;
    uint64_t heard_order;
    uint64_t ready_order; /* since when it has credit left, or since the last request that left it some */
    int64_t sent_at;
};

struct model_client {
    model_client_t *prev, *next;
    uint8_t id[MODEL_ID];
    size_t id_size;
    uint16_t listener;
    size_t outstanding;
};

struct model_flow {
    model_flow_t *prev, *next;
    model_client_t *client;
    model_request_t *queue;
    int64_t patience; /* grants to others that it has to bear */
};

struct model_service {
    model_service_t *prev, *next;
    char name[256];
    bool draining;
    size_t waiting;
    size_t held;
    size_t failing;
    size_t workers;
    int64_t left_at; /* when it last lost a worker */
    uint64_t failed;
    delays_t answered;
    delays_t waited;
    model_flow_t *flows;
};

typedef struct {
    dispatch_config_t config;
    int64_t absence_ms, grace_ms;
    model_service_t *services;
    model_client_t *clients;
    model_worker_t *workers;
    model_request_t *failed;
    dispatch_counters_t counters;
    uint64_t accepted; /* requests, so far */
    size_t waiting, held, abandoned, failing, worker_count;
    bool draining;
    uint64_t order;
    int64_t now;
} model_t;

void model_clear (model_t *self);

/*  Find or NULL; and find or make. */
model_service_t *model_service (const model_t *self, span_t name);
model_service_t *model_make_service (model_t *self, span_t name);
model_worker_t *model_worker (const model_t *self, uint16_t listener, span_t id);
model_client_t *model_client (const model_t *self, uint16_t listener, span_t id);
model_client_t *model_make_client (model_t *self, uint16_t listener, span_t id);
model_flow_t *model_flow (const model_service_t *service, const model_client_t *client);
model_request_t *model_held (const model_worker_t *worker, uint64_t token);
bool model_exists (const model_service_t *service);
size_t model_service_count (const model_t *self);
size_t model_request_count (const model_t *self);

/*  What happens to requests; request->client and service are set. */
void model_enqueue (model_t *self, model_request_t *request, bool in_front);
void model_fail (model_t *self, model_request_t *request, unsigned code); /* it waits, or stands nowhere */
void model_expire (model_t *self);
void model_grant (model_t *self, model_request_t *request, model_worker_t *worker, uint64_t token);
void model_answer (model_t *self, model_request_t *request);
void model_abandon (model_t *self, model_request_t *request);
/*  Failed ones, of that service or, NULL, of all, are told. */
void model_forget_failed (model_t *self, const model_service_t *service);

/*  What happens to workers. */
model_worker_t *model_register (model_t *self, const keel_peer_t *peer, span_t service, uint32_t credit,
                                uint8_t version);
void model_lose (model_t *self, model_worker_t *worker, uint64_t undelivered);
void model_heard (model_t *self, model_worker_t *worker);
void model_beat (model_t *self, model_worker_t *worker);
/*  A step at now that was due long ago: the absence is not held against workers. */
void model_forgive (model_t *self, int64_t due, int64_t now);
int64_t model_expiry (const model_t *self, const model_worker_t *worker);
/*  Whom a broker finds silent first, or NULL. */
model_worker_t *model_silent (const model_t *self);

/*  Has credit left. */
model_worker_t *model_ready (const model_t *self, const model_service_t *service);

#endif
