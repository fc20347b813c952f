#include "mdctl_top_snapshot.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t
number (const json_t *object, const char *key)
{
    json_int_t value = json_integer_value (json_object_get (object, key));
    return value > 0 ? (uint64_t) value : 0;
}

/*  Names may be anybody's, and a terminal obeys some bytes. */
static void
copy_clean (const char *text, char name[TOP_NAME])
{
    size_t n = 0;
    for (; text && text[n] && n < TOP_NAME - 1; n++)
        name[n] = text[n] >= ' ' && text[n] <= '~' ? text[n] : '?';
    name[n] = 0;
}

static void
word (const json_t *object, const char *key, char name[TOP_NAME])
{
    copy_clean (json_string_value (json_object_get (object, key)), name);
}

/*  The bucket with that bound; TOP_BUCKETS: there is none. */
static size_t
bucket_of (const char *bound)
{
    char *end;
    unsigned long long us = strtoull (bound, &end, 10);
    size_t n = 0;
    while (n < TOP_BUCKETS && us != 1ull << n)
        n++;
    return *end ? TOP_BUCKETS : n;
}

static void
take_delays (const json_t *delays, top_delays_t *result)
{
    const char *bound;
    json_t *count;
    json_object_foreach ((json_t *) (uintptr_t) delays, bound, count) {
        size_t bucket = bucket_of (bound);
        if (bucket < TOP_BUCKETS)
            result->counts[bucket] = number (delays, bound);
    }
}

static void
take_service (const json_t *json, top_service_t *service)
{
    word (json, "service", service->name);
    service->draining = json_is_true (json_object_get (json, "draining"));
    service->workers = number (json, "workers");
    service->waiting = number (json, "waiting");
    service->held = number (json, "held");
    service->oldest_ms = number (json, "oldest_ms");
    service->answered = number (json, "answered");
    service->failed = number (json, "failed");
    take_delays (json_object_get (json, "answered_us"), &service->answered_us);
    take_delays (json_object_get (json, "waited_us"), &service->waited_us);
}

static int
compare_services (const void *one, const void *other)
{
    return strcmp (((const top_service_t *) one)->name, ((const top_service_t *) other)->name);
}

static bool
take_services (top_snapshot_t *self, const json_t *answer)
{
    const json_t *list = json_object_get (answer, "services");
    size_t n;
    json_t *service;
    self->left_out = number (answer, "left_out");
    self->services = calloc (json_array_size (list) + 1, sizeof (top_service_t));
    if (!self->services)
        return false;
    json_array_foreach (list, n, service)
        take_service (service, &self->services[self->count++]);
    qsort (self->services, self->count, sizeof (top_service_t), compare_services);
    return true;
}

static void
add_drop (top_snapshot_t *self, const char *name, uint64_t total)
{
    if (self->drop_count == TOP_DROPS)
        return;
    top_drop_t *drop = &self->drops[self->drop_count++];
    copy_clean (name, drop->name);
    drop->total = total;
}

/*  Everything that did not get where it should: keel-counters(7). */
static void
take_drops (top_snapshot_t *self, const json_t *stats)
{
    static const char *const names[] = {
        "failed_404",          "failed_502",      "failed_503",        "failed_504",
        "refused_outstanding", "refused_queue",   "refused_services",  "refused_draining",
        "refused_memory",      "answers_dropped", "answers_abandoned", "clients_unreachable",
        "clients_full",        "workers_full",    "ready_refused",     "requests_passive",
    };
    const json_t *reasons = json_object_get (stats, "malformed_by_reason");
    const char *key;
    json_t *value;
    char name[TOP_NAME];
    for (size_t n = 0; n < sizeof (names) / sizeof (names[0]); n++)
        add_drop (self, names[n], number (stats, names[n]));
    json_object_foreach ((json_t *) (uintptr_t) reasons, key, value) {
        snprintf (name, sizeof (name), "malformed.%.200s", key);
        add_drop (self, name, number (reasons, key));
    }
}

static void
take_pair (top_snapshot_t *self, const json_t *pair)
{
    self->paired = json_is_object (pair);
    word (pair, "role", self->role);
    word (pair, "state", self->state);
    word (pair, "peer", self->peer);
    word (pair, "trouble", self->trouble);
    self->epoch = number (pair, "epoch");
}

static void
take_stats (top_snapshot_t *self, const json_t *stats)
{
    self->draining = json_is_true (json_object_get (stats, "draining"));
    self->uptime_ms = number (stats, "uptime_ms");
    self->service_count = number (stats, "services");
    self->workers = number (stats, "workers");
    self->clients = number (stats, "clients");
    self->waiting = number (stats, "waiting");
    self->held = number (stats, "held");
    self->bytes = number (stats, "bytes");
    self->accepted = number (stats, "accepted");
    self->answered = number (stats, "answered");
    self->failed = number (stats, "failed");
    take_pair (self, json_object_get (stats, "pair"));
    take_drops (self, stats);
}

top_snapshot_t *
top_snapshot_new (const json_t *version, const json_t *stats, const json_t *services, int64_t asked_at,
                  int64_t heard_at)
{
    top_snapshot_t *self = calloc (1, sizeof (*self));
    if (!self)
        return NULL;
    self->asked_at = asked_at;
    self->heard_at = heard_at;
    word (version, "keel", self->keel);
    take_stats (self, stats);
    if (!take_services (self, services))
        top_snapshot_destroy (&self);
    return self;
}

void
top_snapshot_destroy (top_snapshot_t **self_p)
{
    if (*self_p)
        free ((*self_p)->services);
    free (*self_p);
    *self_p = NULL;
}
