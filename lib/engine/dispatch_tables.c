#include "dispatch_tables.h"

#include <assert.h>
#include <utlist.h>

#define REQUESTS_A_CHUNK 1024
#define KEY_MAX          (2 + 255)

/*  Peers choose their routing ids and services their names: hence a keyed hash. */
static unsigned
hash_bytes (const dispatch_t *self, const void *data, size_t size)
{
    uint64_t hash;
    crypto_shorthash ((unsigned char *) &hash, data, size, self->hash_key);
    return (unsigned) (hash ^ hash >> 32);
}

/*  The key of a peer, listener and routing id, in buffer; its size. */
static size_t
peer_key (const keel_peer_t *peer, uint8_t buffer[KEY_MAX])
{
    assert (peer->id.size <= KEY_MAX - 2);
    memcpy (buffer, &peer->listener, 2);
    memcpy (buffer + 2, peer->id.data, peer->id.size);
    return 2 + peer->id.size;
}

/* ------------------------------------------------------------------ services */

dispatch_service_t *
dispatch_service (dispatch_t *self, span_t name)
{
    dispatch_service_t *service = self->last_service;
    if (service && span_equal (service->name, name))
        return service;
    unsigned hash = hash_bytes (self, name.data, name.size);
    HASH_FIND_BYHASHVALUE (hh, self->services, name.data, name.size, hash, service);
    if (service)
        self->last_service = service;
    return service;
}

dispatch_service_t *
tables_service (dispatch_t *self, span_t name)
{
    dispatch_service_t *service;
    unsigned hash = hash_bytes (self, name.data, name.size);
    HASH_FIND_BYHASHVALUE (hh, self->services, name.data, name.size, hash, service);
    if (service)
        return service;
    service = pool_take (self->pool, sizeof (*service) + name.size);
    if (!service)
        return NULL;
    memset (service, 0, sizeof (*service));
    memcpy (service + 1, name.data, name.size);
    service->name = span_make (service + 1, name.size);
    service->number = self->next_number++;
    service->left_at = INT64_MIN;
    HASH_ADD_KEYPTR_BYHASHVALUE (hh, self->services, service->name.data, service->name.size, hash, service);
    if (!service->hh.tbl) {
        tables_free_service (self, service);
        return NULL;
    }
    self->gauges.services++;
    return service;
}

void
tables_forget_service (dispatch_t *self, dispatch_service_t *service)
{
    HASH_DEL (self->services, service);
    if (self->last_service == service)
        self->last_service = NULL;
    self->gauges.services--;
}

void
tables_free_service (dispatch_t *self, dispatch_service_t *service)
{
    pool_give (self->pool, service, sizeof (*service) + service->name.size);
}

/* ------------------------------------------------------------------ clients */

void
tables_evict_clients (dispatch_t *self)
{
    while (self->idle_client_count > CLIENTS_IDLE_MAX) {
        dispatch_client_t *client = self->idle_clients;
        DL_DELETE (self->idle_clients, client);
        self->idle_client_count--;
        tables_free_client (self, client);
    }
}

dispatch_client_t *
tables_client (dispatch_t *self, const keel_peer_t *peer)
{
    dispatch_client_t *client = self->last_client;
    if (client && client->listener == peer->listener && span_equal (client->id, peer->id))
        return client;
    uint8_t key[KEY_MAX];
    size_t size = peer_key (peer, key);
    unsigned hash = hash_bytes (self, key, size);
    HASH_FIND_BYHASHVALUE (hh, self->clients, key, size, hash, client);
    if (client)
        return self->last_client = client;
    client = pool_take (self->pool, sizeof (*client) + size);
    if (!client)
        return NULL;
    memset (client, 0, sizeof (*client));
    uint8_t *copy = (uint8_t *) (client + 1);
    memcpy (copy, key, size);
    client->listener = peer->listener;
    client->id = span_make (copy + 2, size - 2);
    client->key_size = size;
    client->number = self->next_number++;
    HASH_ADD_KEYPTR_BYHASHVALUE (hh, self->clients, copy, size, hash, client);
    if (!client->hh.tbl) {
        pool_give (self->pool, client, sizeof (*client) + size);
        return NULL;
    }
    DL_APPEND (self->idle_clients, client);
    self->idle_client_count++;
    self->gauges.clients++;
    return client;
}

void
tables_free_client (dispatch_t *self, dispatch_client_t *client)
{
    HASH_DEL (self->clients, client);
    if (self->last_client == client)
        self->last_client = NULL;
    self->gauges.clients--;
    pool_give (self->pool, client, sizeof (*client) + client->key_size);
}

/* ------------------------------------------------------------------ flows */

/*  Numbers are ours, so nobody can choose them to collide. */
static unsigned
hash_flow (const dispatch_service_t *service, const dispatch_client_t *client)
{
    uint64_t mixed = ((uint64_t) service->number << 32 | client->number) * 0x9e3779b97f4a7c15u;
    return (unsigned) (mixed >> 32);
}

/*  A hash table frees itself with its last record, and would allocate again with the next: flows come and go with every
 *  request that waits, so one that nobody looks for always stays. */
bool
tables_open_flows (dispatch_t *self)
{
    dispatch_flow_t *anchor = &self->anchor;
    HASH_ADD_KEYPTR_BYHASHVALUE (hh, self->flows, &anchor->service, 2 * sizeof (void *), 0, anchor);
    return anchor->hh.tbl;
}

void
tables_close_flows (dispatch_t *self)
{
    HASH_DEL (self->flows, &self->anchor);
}

dispatch_flow_t *
tables_flow (dispatch_t *self, dispatch_service_t *service, dispatch_client_t *client)
{
    dispatch_flow_t *flow = client->flow;
    if (flow && flow->service == service)
        return flow;
    void *key[2] = {service, client};
    unsigned hash = hash_flow (service, client);
    HASH_FIND_BYHASHVALUE (hh, self->flows, key, sizeof (key), hash, flow);
    if (flow)
        return client->flow = flow;
    flow = pool_take (self->pool, sizeof (*flow));
    if (!flow)
        return NULL;
    memset (flow, 0, sizeof (*flow));
    flow->service = service;
    flow->client = client;
    HASH_ADD_KEYPTR_BYHASHVALUE (hh, self->flows, &flow->service, sizeof (key), hash, flow);
    if (!flow->hh.tbl) {
        pool_give (self->pool, flow, sizeof (*flow));
        return NULL;
    }
    return client->flow = flow;
}

void
tables_free_flow (dispatch_t *self, dispatch_flow_t *flow)
{
    HASH_DEL (self->flows, flow);
    if (flow->client->flow == flow)
        flow->client->flow = NULL;
    pool_give (self->pool, flow, sizeof (*flow));
}

/* ------------------------------------------------------------------ workers */

dispatch_worker_t *
dispatch_worker (const dispatch_t *self, const keel_peer_t *peer)
{
    uint8_t key[KEY_MAX];
    size_t size = peer_key (peer, key);
    unsigned hash = hash_bytes (self, key, size);
    dispatch_worker_t *worker;
    HASH_FIND_BYHASHVALUE (hh, self->workers, key, size, hash, worker);
    return worker;
}

dispatch_worker_t *
tables_new_worker (dispatch_t *self, const keel_peer_t *peer)
{
    uint8_t key[KEY_MAX];
    size_t size = peer_key (peer, key);
    dispatch_worker_t *worker = pool_take (self->pool, sizeof (*worker) + size);
    if (!worker)
        return NULL;
    memset (worker, 0, sizeof (*worker));
    uint8_t *copy = (uint8_t *) (worker + 1);
    memcpy (copy, key, size);
    worker->listener = peer->listener;
    worker->id = span_make (copy + 2, size - 2);
    worker->key_size = size;
    unsigned hash = hash_bytes (self, copy, size);
    HASH_ADD_KEYPTR_BYHASHVALUE (hh, self->workers, copy, size, hash, worker);
    if (!worker->hh.tbl) {
        tables_free_worker (self, worker);
        return NULL;
    }
    self->gauges.workers++;
    return worker;
}

void
tables_forget_worker (dispatch_t *self, dispatch_worker_t *worker)
{
    HASH_DEL (self->workers, worker);
    self->gauges.workers--;
}

void
tables_free_worker (dispatch_t *self, dispatch_worker_t *worker)
{
    pool_give (self->pool, worker, sizeof (*worker) + worker->key_size);
}

/* ------------------------------------------------------------------ requests */

static bool
add_chunk (dispatch_t *self)
{
    if (self->chunk_count == self->chunk_capacity) {
        size_t capacity = self->chunk_capacity ? self->chunk_capacity * 2 : 16;
        dispatch_request_t **chunks = memory_new (capacity * sizeof (*chunks));
        if (!chunks)
            return false;
        if (self->chunk_count)
            memcpy (chunks, self->chunks, self->chunk_count * sizeof (*chunks));
        memory_free (self->chunks);
        self->chunks = chunks;
        self->chunk_capacity = capacity;
    }
    dispatch_request_t *chunk = memory_new (REQUESTS_A_CHUNK * sizeof (*chunk));
    if (!chunk)
        return false;
    uint64_t slot = self->chunk_count * REQUESTS_A_CHUNK;
    self->chunks[self->chunk_count++] = chunk;
    for (size_t n = REQUESTS_A_CHUNK; n-- > 0;) {
        chunk[n].token = slot + n;
        chunk[n].next = self->free_requests;
        self->free_requests = &chunk[n];
    }
    return true;
}

dispatch_request_t *
tables_new_request (dispatch_t *self)
{
    if (!self->free_requests && !add_chunk (self))
        return NULL;
    dispatch_request_t *request = self->free_requests;
    self->free_requests = request->next;
    uint64_t slot = request->token & UINT32_MAX;
    *request = (dispatch_request_t){.token = slot};
    self->request_count++;
    return request;
}

dispatch_request_t *
tables_request (const dispatch_t *self, uint64_t token)
{
    size_t slot = token & UINT32_MAX;
    if (slot >= self->chunk_count * REQUESTS_A_CHUNK)
        return NULL;
    return &self->chunks[slot / REQUESTS_A_CHUNK][slot % REQUESTS_A_CHUNK];
}

void
tables_free_request (dispatch_t *self, dispatch_request_t *request)
{
    request->state = DISPATCH_FREE;
    request->next = self->free_requests;
    self->free_requests = request;
    self->request_count--;
}

void
tables_free_chunks (dispatch_t *self)
{
    for (size_t n = 0; n < self->chunk_count; n++)
        memory_free (self->chunks[n]);
    memory_free (self->chunks);
}
