/*  What dispatch.c stands on: its records, how they are found, made and freed. No rule of queueing lives here. */
#ifndef KEEL_DISPATCH_TABLES_H
#define KEEL_DISPATCH_TABLES_H

#include "dispatch.h"
#include "random.h"

/*  Idle client records are kept up to this many, for the next request. */
#define CLIENTS_IDLE_MAX 4096

struct dispatch_flow {
    dispatch_service_t *service;
    dispatch_client_t *client;
    dispatch_request_t *queue;
    dispatch_flow_t *prev, *next; /* of the service's, by turn */
    UT_hash_handle hh;
};

struct dispatch_partial {
    body_t *body;
    dispatch_partial_t *prev, *next;
};

struct dispatch {
    dispatch_config_t config;
    dispatch_counters_t counters;
    dispatch_gauges_t gauges;
    pool_t *pool;
    uint8_t hash_key[crypto_shorthash_KEYBYTES];
    int64_t now_us;         /* of this step */
    uint32_t serial;        /* of attempts; the high half of a token */
    uint32_t next_number;   /* of services and clients */
    liveness_t liveness;
    heap_t deadlines;
    bool draining;

    dispatch_service_t *services; /* by name */
    dispatch_client_t *clients;   /* by listener and id */
    dispatch_worker_t *workers;   /* likewise */
    dispatch_flow_t *flows;       /* by service and client */
    dispatch_flow_t anchor;       /* stands in flows */

    dispatch_service_t *last_service; /* found last: the next one is often the same */
    dispatch_client_t *last_client;

    dispatch_service_t *runnable; /* a request waits and a worker is ready; by turn */
    dispatch_worker_t *busy;
    dispatch_worker_t *farewell;
    dispatch_client_t *idle_clients;
    size_t idle_client_count;
    dispatch_request_t *failed;

    dispatch_request_t **chunks; /* of request records, which never move */
    size_t chunk_count;
    size_t chunk_capacity;
    dispatch_request_t *free_requests;
    size_t request_count; /* not free */

    dispatch_request_t *ended_requests; /* freed when the next step begins */
    dispatch_worker_t *ended_workers;
    dispatch_service_t *ended_services;
};

/*  Finds or makes; NULL without memory. */
dispatch_service_t *tables_service (dispatch_t *self, span_t name);
dispatch_client_t *tables_client (dispatch_t *self, const keel_peer_t *peer);
bool tables_open_flows (dispatch_t *self);
void tables_close_flows (dispatch_t *self);
dispatch_flow_t *tables_flow (dispatch_t *self, dispatch_service_t *service, dispatch_client_t *client);

/*  A zeroed record with its token's slot set; NULL without memory. */
dispatch_request_t *tables_new_request (dispatch_t *self);
dispatch_request_t *tables_request (const dispatch_t *self, uint64_t token);
void tables_free_request (dispatch_t *self, dispatch_request_t *request);

dispatch_worker_t *tables_new_worker (dispatch_t *self, const keel_peer_t *peer);
void tables_free_worker (dispatch_t *self, dispatch_worker_t *worker);
void tables_free_service (dispatch_t *self, dispatch_service_t *service);
void tables_free_flow (dispatch_t *self, dispatch_flow_t *flow);
/*  Forgets those idle for longest, of more than are kept. No action may borrow from them any more. */
void tables_evict_clients (dispatch_t *self);
void tables_free_client (dispatch_t *self, dispatch_client_t *client);
void tables_free_chunks (dispatch_t *self);

/*  Takes it out of its table; it is freed later. */
void tables_forget_worker (dispatch_t *self, dispatch_worker_t *worker);
void tables_forget_service (dispatch_t *self, dispatch_service_t *service);

#endif
