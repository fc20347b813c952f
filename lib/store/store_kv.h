/*  What the store stands on: ordered tables of bytes, changed by one transaction at a time. store_lmdb.c keeps them in a file,
 *  store_mem.c in memory, for simulation. What the tables mean is store.c's.
 *
 *  One thread writes; one, perhaps another, reads, and sees what was committed when it last called refresh. Keys of a table compare
 *  as bytes; a shorter one comes before its extensions. Values are lent until the next change (to the writer), or
 *  until the next refresh (to the reader).
 *
 *  Functions return 0 or a negative kv_error_t. After an error in a transaction it can only be aborted.
 */
#ifndef KEEL_STORE_KV_H
#define KEEL_STORE_KV_H

#include "span.h"

typedef enum {
    KV_META,      /* name -> a number */
    KV_SERVICES,  /* number -> counts, name */
    KV_REQUESTS,  /* uuid -> record */
    KV_INDEX,     /* service's number, state, sequence -> uuid */
    KV_CLOSED,    /* uuid -> when it was closed */
    KV_CLOSED_AT, /* when, uuid -> nothing */
    KV_TABLES
} kv_table_t;

typedef enum {
    KV_NONE = -1,   /* no such key */
    KV_FULL = -2,   /* no room, in the map or on the disk */
    KV_BROKEN = -3, /* it cannot be written, or read */
} kv_error_t;

typedef struct kv kv_t;

/*  Who reads: the writer, within its transaction, or the reader. */
typedef enum {
    KV_WRITER,
    KV_READER,
} kv_side_t;

typedef struct {
    int (*begin) (kv_t *self);
    int (*commit) (kv_t *self); /* it is durable when this returns 0; else nothing of it is there */
    void (*abort) (kv_t *self);
    /*  Before begin: is there room for so many bytes more, besides what is kept for closing requests? */
    bool (*room) (kv_t *self, size_t bytes);
    /*  place: [out] where the caller writes the size bytes of the value, before its next call. */
    int (*put) (kv_t *self, kv_table_t table, span_t key, size_t size, uint8_t **place);
    int (*remove) (kv_t *self, kv_table_t table, span_t key);
    int (*get) (kv_t *self, kv_side_t side, kv_table_t table, span_t key, span_t *value);
    /*  The first entry whose key is not before from. */
    int (*seek) (kv_t *self, kv_side_t side, kv_table_t table, span_t from, span_t *key, span_t *value);
    void (*refresh) (kv_t *self);
    void (*usage) (kv_t *self, uint64_t *used, uint64_t *most); /* bytes; the reader's */
    int (*resize) (kv_t *self, uint64_t most);                  /* bytes; never in a transaction */
    /*  A copy of what is committed in a new directory. Any thread. 0, or -1 with errno. */
    int (*backup) (kv_t *self, const char *path);
    void (*close) (kv_t *self);
} kv_class_t;

/*  The first member of both kinds. */
struct kv {
    const kv_class_t *class;
};

/*  The fault seam: every put, remove and commit counts, and the one of number fail_at fails, or all from it on. Tests only. */
typedef struct {
    uint64_t calls;
    uint64_t fail_at; /* 0: none */
    bool fail_all;
    kv_error_t error;
} store_seam_t;

extern store_seam_t store_seam;

/*  0, or what the seam says. */
int store_seam_pass (void);

#endif
