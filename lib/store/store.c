/*  A store's life, and its commits. */
#include "store_parts.h"

#include "memory.h"

#include <assert.h>
#include <sodium/randombytes.h>
#include <stdio.h>

#define FORMAT "format"

/*  What a request costs besides its frames, bytes: its share of pages of both tables, generously. */
#define REQUEST_COST 512

store_seam_t store_seam;

int
store_seam_pass (void)
{
    uint64_t call = ++store_seam.calls;
    bool fails = store_seam.fail_at && (call == store_seam.fail_at || (store_seam.fail_all && call > store_seam.fail_at));
    return fails ? (int) store_seam.error : 0;
}

/* ------------------------------------------------------------------ commits */

/*  refusal: what a PUT gets without being tried; TITANIC_STORED: it is tried. */
static int
transact (store_t *self, titanic_op_t *ops, titanic_result_t refusal)
{
    int rc = self->kv->class->begin (self->kv);
    if (rc != 0)
        return rc;
    for (titanic_op_t *op = ops; op && rc == 0; op = op->next)
        if (op->kind == TITANIC_PUT && refusal != TITANIC_STORED)
            op->result = store_is_known (self, op) ? TITANIC_KNOWN : refusal;
        else
            rc = store_do_op (self, op);
    if (rc == 0)
        rc = store_write_services (self);
    if (rc == 0)
        rc = self->kv->class->commit (self->kv);
    else
        self->kv->class->abort (self->kv);
    store_settle_services (self, rc == 0);
    return rc;
}

static size_t
bytes_of (const titanic_op_t *ops)
{
    size_t bytes = 0;
    for (; ops; ops = ops->next)
        if (ops->kind == TITANIC_PUT)
            bytes += REQUEST_COST + record_size (ops->frames, ops->frame_count) * 2;
    return bytes;
}

/*  A commit that fails is made once more without new requests: they are what may have filled the disk. */
int
store_commit (store_t *self, titanic_op_t *ops)
{
    size_t bytes = bytes_of (ops);
    bool room = bytes == 0 || self->kv->class->room (self->kv, bytes);
    int rc = transact (self, ops, room ? TITANIC_STORED : TITANIC_FULL);
    if (rc != 0 && room && bytes)
        rc = transact (self, ops, rc == KV_FULL ? TITANIC_FULL : TITANIC_BROKEN);
    if (rc == 0)
        return 0;
    for (; ops; ops = ops->next)
        ops->result = rc == KV_FULL ? TITANIC_FULL : TITANIC_BROKEN;
    return -1;
}

/* ------------------------------------------------------------------ life */

static bool
load_services (store_t *self)
{
    uint8_t from[4] = {0};
    for (;;) {
        span_t key, value;
        int rc = self->kv->class->seek (self->kv, KV_READER, KV_SERVICES, span_make (from, sizeof (from)), &key, &value);
        if (rc != 0)
            return rc == KV_NONE;
        uint32_t number = (uint32_t) number_get (key.data, 4);
        store_service_t *service =
            value.size > SERVICE_HEAD
                ? store_add_service (self, span_make (value.data + SERVICE_HEAD, value.size - SERVICE_HEAD), number)
                : NULL;
        if (!service)
            return false;
        for (size_t n = 0; n < TSP_STATE_ANY; n++)
            service->counts[n] = service->committed[n] = number_get (value.data + 8 * n, 8);
        number_put (from, sizeof (from), number + 1);
    }
}

static int
write_format (store_t *self)
{
    int rc = self->kv->class->begin (self->kv);
    if (rc == 0 && (rc = store_put_number (self, FORMAT, STORE_FORMAT)) == 0)
        return self->kv->class->commit (self->kv);
    if (rc != 0)
        self->kv->class->abort (self->kv);
    return rc;
}

/*  A new store says its format, one that was there must say one that is known. */
static bool
check_format (store_t *self, const char *path, char problem[STORE_PROBLEM])
{
    span_t key, value;
    kv_t *kv = self->kv;
    if (kv->class->seek (kv, KV_READER, KV_META, SPAN_OF (""), &key, &value) == KV_NONE) {
        if (write_format (self) == 0)
            return true;
        snprintf (problem, STORE_PROBLEM, "%s: cannot be written: make room on its disk", path);
        return false;
    }
    uint64_t format = store_get_number (self, KV_READER, FORMAT);
    if (format == STORE_FORMAT)
        return true;
    snprintf (problem, STORE_PROBLEM,
              format > STORE_FORMAT
                  ? "%s: of format %llu, and this program knows only %d: use the newer titanic that wrote it"
                  : "%s: of format %llu, which is none (known is %d): choose another directory, or restore a backup",
              path, (unsigned long long) format, STORE_FORMAT);
    return false;
}

static bool
load (store_t *self, const char *path, char problem[STORE_PROBLEM])
{
    self->kv->class->refresh (self->kv);
    if (!check_format (self, path, problem))
        return false;
    self->kv->class->refresh (self->kv);
    self->sequence = self->committed_sequence = store_get_number (self, KV_READER, STORE_SEQUENCE);
    self->number = self->committed_number = (uint32_t) store_get_number (self, KV_READER, STORE_NUMBER);
    bool loaded = load_services (self);
    if (!loaded)
        snprintf (problem, STORE_PROBLEM, "%s: its table of services cannot be read: restore a backup", path);
    self->kv->class->refresh (self->kv);
    return loaded;
}

static store_t *
open_over (kv_t *kv, const store_config_t *config, char problem[STORE_PROBLEM])
{
    store_t *self = memory_new (sizeof (store_t));
    if (!self) {
        kv->class->close (kv);
        snprintf (problem, STORE_PROBLEM, "no memory");
        return NULL;
    }
    self->kv = kv;
    self->services_most = config->services;
    randombytes_buf (self->secret, sizeof (self->secret));
    if (!load (self, config->path ? config->path : "memory", problem))
        store_close (&self);
    return self;
}

store_t *
store_open (const store_config_t *config, char problem[STORE_PROBLEM])
{
    snprintf (problem, STORE_PROBLEM, "no memory");
    kv_t *kv = config->path ? store_kv_lmdb (config->path, config->most, problem) : store_kv_mem (config->most);
    return kv ? open_over (kv, config, problem) : NULL;
}

static void
forget_services (store_t *self)
{
    store_service_t *service, *next;
    HASH_ITER (by_number, self->by_number, service, next)
    store_drop_service (self, service);
    self->dirty = NULL;
}

void
store_close (store_t **self_p)
{
    store_t *self = *self_p;
    *self_p = NULL;
    if (!self)
        return;
    forget_services (self);
    self->kv->class->close (self->kv);
    memory_free (self->frames);
    memory_free (self);
}

store_t *
store_reopen (store_t **self_p)
{
    char problem[STORE_PROBLEM];
    store_t *self = *self_p;
    *self_p = NULL;
    forget_services (self);
    bool loaded = load (self, "memory", problem);
    assert (loaded);
    (void) loaded;
    return self;
}

int
store_resize (store_t *self, uint64_t most)
{
    return self->kv->class->resize (self->kv, most);
}

int
store_backup (store_t *self, const char *path)
{
    return self->kv->class->backup (self->kv, path);
}
