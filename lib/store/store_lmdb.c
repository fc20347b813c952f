/*  The store's tables in LMDB: one environment of named databases in a directory of ours.
 *
 *  The small tables that nearly every commit changes are in the root, beside the names of the others: each commit writes that
 *  page anyway, and every page that it need not write makes it shorter.
 *
 *  LMDB never overwrites what a committed transaction wrote, and syncs before it says so: a crash at any moment leaves the last
 *  commit. What can go wrong is room. So the map is larger than the limit by a reserve, and part of the reserve is
 *  written to the disk ahead of the data: new requests are refused while only the reserve is left, and it serves
 *  those that are closed, which need pages to write before they free any.
 *
 *  That the file is longer than its data is what makes commits quick, too: where something is written already, a sync
 *  writes pages and nothing else; where the file grows, it waits for the file system's journal besides.
 *
 *  The reader's transaction lasts from its first read after a refresh to the next refresh: while it does, no page it could see
 *  is used again. A read-write lock keeps it out of the map while that is changed.
 */
#include "store_parts.h"

#include "memory.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <dirent.h>
#include <lmdb.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/*  Kept for closing requests: of the map, and allocated on the disk. */
#define RESERVE       ((uint64_t) 16 << 20)
#define DISK_RESERVE  ((uint64_t) 4 << 20)
#define DISK_STEP     ((uint64_t) 1 << 20)
#define ZEROS         65536
/*  More than that is not written ahead, since large bodies take long anyway. */
#define ZEROED_MOST   ((uint64_t) 8 << 20)
#define MODE          0640
#define DIRECTORY     0750
#define READERS       16
#define PATH          4096
#define LOCK_TRIES    20
#define LOCK_STEP_US  50000

/*  Of those that are databases. The others are in the root, their keys behind one byte, which sorts before all names. */
static const char *const names[KV_TABLES] = {
    [KV_REQUESTS] = "requests", [KV_INDEX] = "index", [KV_CLOSED] = "closed", [KV_CLOSED_AT] = "closed-at"};

#define ROOT_KEY 16 /* bytes, of the longest */

typedef struct {
    kv_t kv;
    int lock; /* the file that says whose the directory is */
    int data; /* the file of LMDB, for allocating ahead */
    char path[PATH];
    MDB_env *env; /* NULL: it was lost after an error, and the writer tries to open it anew; under the lock map */
    MDB_dbi tables[KV_TABLES];
    uint64_t most;
    size_t page;
    uint64_t allocated; /* bytes of the file that are known to be on the disk, data or not */
    pthread_rwlock_t map; /* read: a transaction of any kind; write: the map changes */
    /*  The writer's. */
    MDB_txn *txn;
    MDB_cursor *cursors[KV_TABLES];
    /*  The reader's. */
    MDB_txn *read;
    MDB_cursor *read_cursors[KV_TABLES];
    bool reading;
} lmdb_t;

static int
error_of (int rc)
{
    switch (rc) {
    case 0:
        return 0;
    case MDB_NOTFOUND:
        return KV_NONE;
    case MDB_MAP_FULL:
    case MDB_TXN_FULL:
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return KV_FULL;
    default:
        return KV_BROKEN;
    }
}

static MDB_val
val_of (span_t span)
{
    return (MDB_val){span.size, (void *) (uintptr_t) span.data};
}

static span_t
span_of (MDB_val val)
{
    return span_make (val.mv_data ? val.mv_data : "", val.mv_size);
}

/*  How the key of a table is called in its database. room: for one that is not called as it is. */
static MDB_val
name_of (kv_table_t table, span_t key, uint8_t room[ROOT_KEY])
{
    if (names[table])
        return val_of (key);
    assert (key.size < ROOT_KEY);
    room[0] = (uint8_t) table;
    memcpy (room + 1, key.data, key.size);
    return (MDB_val){1 + key.size, room};
}

/*  And back; false: it is of another table. */
static bool
key_of (kv_table_t table, MDB_val name, span_t *key)
{
    *key = span_of (name);
    if (names[table])
        return true;
    if (key->size == 0 || key->data[0] != table)
        return false;
    *key = span_make (key->data + 1, key->size - 1);
    return true;
}

/* ------------------------------------------------------------------ room */

/*  Pages of the file that are free to be used again; O(transactions that freed some and were not yet used up). */
static uint64_t
free_pages (lmdb_t *self)
{
    MDB_txn *txn;
    MDB_cursor *cursor;
    MDB_val key, value;
    uint64_t pages = 0;
    if (mdb_txn_begin (self->env, NULL, MDB_RDONLY, &txn) != 0)
        return 0;
    if (mdb_cursor_open (txn, 0, &cursor) == 0) {
        while (mdb_cursor_get (cursor, &key, &value, MDB_NEXT) == 0) {
            size_t count;
            memcpy (&count, value.mv_data, sizeof (count)); /* a list of pages begins with its length */
            pages += count;
        }
        mdb_cursor_close (cursor);
    }
    mdb_txn_abort (txn);
    return pages;
}

static uint64_t
file_pages (lmdb_t *self)
{
    MDB_envinfo info;
    mdb_env_info (self->env, &info);
    return info.me_last_pgno + 1;
}

static bool
write_zeros (lmdb_t *self, uint64_t from, uint64_t upto)
{
    static const uint8_t zeros[ZEROS];
    while (from < upto) {
        ssize_t written = pwrite (self->data, zeros, upto - from < ZEROS ? upto - from : ZEROS, (off_t) from);
        if (written < 0)
            return false;
        from += (uint64_t) written;
    }
    return true;
}

/*  Has the file that length, on the disk? Gives it that if it can, behind all data: never within a transaction. */
static bool
allocate (lmdb_t *self, uint64_t bytes)
{
    if (bytes <= self->allocated)
        return true;
    const uint64_t end = file_pages (self) * self->page;
    const uint64_t from = self->allocated > end ? self->allocated : end;
    const uint64_t upto = (bytes / DISK_STEP + 1) * DISK_STEP;
    const bool taken = fallocate (self->data, 0, (off_t) from, (off_t) (upto - from)) == 0;
    if (!taken && errno != EOPNOTSUPP && errno != ENOSYS)
        return false;
    if ((!taken || upto - from <= ZEROED_MOST) && !write_zeros (self, from, upto))
        return false;
    self->allocated = upto;
    return true;
}

/*  LMDB does not write pages that it took and freed in one transaction, though they may be the last: the file is to have all
 *  that it speaks of, so that one that was cut short is known by its length. */
static void
lengthen (lmdb_t *self)
{
    struct stat file;
    const off_t length = (off_t) (file_pages (self) * self->page);
    if ((uint64_t) length > self->allocated && fstat (self->data, &file) == 0 && file.st_size < length)
        (void) !ftruncate (self->data, length);
}

static bool
lmdb_room (kv_t *kv, size_t bytes)
{
    lmdb_t *self = (lmdb_t *) kv;
    if (!self->env)
        return true; /* begin says what is wrong */
    uint64_t end = file_pages (self) * self->page;
    if (end + bytes <= self->most && allocate (self, end + bytes + DISK_RESERVE))
        return true;
    uint64_t spare = free_pages (self) * self->page;
    if (end - spare + bytes > self->most)
        return false;
    return spare > bytes + DISK_RESERVE || allocate (self, end + bytes + DISK_RESERVE);
}

/* ------------------------------------------------------------------ writing */

static int reopen (lmdb_t *self);

static int
lmdb_begin (kv_t *kv)
{
    lmdb_t *self = (lmdb_t *) kv;
    if (!self->env && reopen (self) != 0)
        return KV_BROKEN;
    pthread_rwlock_rdlock (&self->map);
    int rc = mdb_txn_begin (self->env, NULL, 0, &self->txn);
    if (rc != 0) {
        self->txn = NULL;
        pthread_rwlock_unlock (&self->map);
    }
    return error_of (rc);
}

static void
end_writing (lmdb_t *self)
{
    self->txn = NULL;
    memset (self->cursors, 0, sizeof (self->cursors));
    pthread_rwlock_unlock (&self->map);
}

static void
lmdb_abort (kv_t *kv)
{
    lmdb_t *self = (lmdb_t *) kv;
    if (!self->txn)
        return;
    for (size_t n = 0; n < KV_TABLES; n++)
        if (self->cursors[n])
            mdb_cursor_close (self->cursors[n]);
    mdb_txn_abort (self->txn);
    end_writing (self);
}

static int
lmdb_commit (kv_t *kv)
{
    lmdb_t *self = (lmdb_t *) kv;
    int rc = store_seam_pass ();
    if (rc != 0) {
        lmdb_abort (kv);
        if (rc == KV_BROKEN)
            reopen (self);
        return rc;
    }
    for (size_t n = 0; n < KV_TABLES; n++)
        if (self->cursors[n])
            mdb_cursor_close (self->cursors[n]);
    rc = mdb_txn_commit (self->txn);
    if (rc == 0)
        lengthen (self);
    end_writing (self);
    if (rc != 0 && error_of (rc) == KV_BROKEN)
        reopen (self); /* it may not know any more what is on the disk */
    return error_of (rc);
}

/*  A cursor stays where it was, so that the next key of an ascending run is appended without a search. */
static int
cursor_of (lmdb_t *self, kv_table_t table, MDB_cursor **cursor)
{
    int rc = self->cursors[table] ? 0 : mdb_cursor_open (self->txn, self->tables[table], &self->cursors[table]);
    *cursor = self->cursors[table];
    return rc;
}

static int
lmdb_put (kv_t *kv, kv_table_t table, span_t key, size_t size, uint8_t **place)
{
    lmdb_t *self = (lmdb_t *) kv;
    MDB_cursor *cursor;
    uint8_t room[ROOT_KEY];
    MDB_val name = name_of (table, key, room), value = {size, NULL};
    int rc = store_seam_pass ();
    if (rc != 0)
        return rc;
    if ((rc = cursor_of (self, table, &cursor)) != 0)
        return error_of (rc);
    rc = names[table] ? mdb_cursor_put (cursor, &name, &value, MDB_RESERVE | MDB_APPEND) : MDB_KEYEXIST;
    if (rc == MDB_KEYEXIST)
        rc = mdb_cursor_put (cursor, &name, &value, MDB_RESERVE);
    *place = value.mv_data;
    return error_of (rc);
}

static int
lmdb_remove (kv_t *kv, kv_table_t table, span_t key)
{
    lmdb_t *self = (lmdb_t *) kv;
    uint8_t room[ROOT_KEY];
    MDB_val name = name_of (table, key, room);
    int rc = store_seam_pass ();
    return rc ? rc : error_of (mdb_del (self->txn, self->tables[table], &name, NULL));
}

/* ------------------------------------------------------------------ reading */

static int
begin_reading (lmdb_t *self)
{
    if (self->reading)
        return 0;
    pthread_rwlock_rdlock (&self->map);
    if (!self->env) {
        pthread_rwlock_unlock (&self->map);
        return KV_BROKEN;
    }
    int rc = self->read ? mdb_txn_renew (self->read) : mdb_txn_begin (self->env, NULL, MDB_RDONLY, &self->read);
    for (size_t n = 0; n < KV_TABLES && rc == 0; n++)
        rc = self->read_cursors[n] ? mdb_cursor_renew (self->read, self->read_cursors[n])
                                   : mdb_cursor_open (self->read, self->tables[n], &self->read_cursors[n]);
    self->reading = rc == 0;
    if (rc != 0) {
        if (self->read)
            mdb_txn_reset (self->read);
        pthread_rwlock_unlock (&self->map);
    }
    return error_of (rc);
}

static void
lmdb_refresh (kv_t *kv)
{
    lmdb_t *self = (lmdb_t *) kv;
    if (!self->reading)
        return;
    mdb_txn_reset (self->read);
    self->reading = false;
    pthread_rwlock_unlock (&self->map);
}

static int
lmdb_get (kv_t *kv, kv_side_t side, kv_table_t table, span_t key, span_t *value)
{
    lmdb_t *self = (lmdb_t *) kv;
    uint8_t room[ROOT_KEY];
    MDB_val name = name_of (table, key, room), found = {0, NULL};
    int rc = side == KV_READER ? begin_reading (self) : 0;
    if (rc != 0)
        return rc;
    rc = mdb_get (side == KV_READER ? self->read : self->txn, self->tables[table], &name, &found);
    *value = span_of (found);
    return error_of (rc);
}

static int
lmdb_seek (kv_t *kv, kv_side_t side, kv_table_t table, span_t from, span_t *key, span_t *value)
{
    lmdb_t *self = (lmdb_t *) kv;
    uint8_t room[ROOT_KEY];
    MDB_val name = name_of (table, from, room), found = {0, NULL};
    MDB_cursor *cursor = NULL;
    int rc = side == KV_READER ? begin_reading (self) : error_of (cursor_of (self, table, &cursor));
    if (rc != 0)
        return rc;
    if (side == KV_READER)
        cursor = self->read_cursors[table];
    rc = mdb_cursor_get (cursor, &name, &found, name.mv_size ? MDB_SET_RANGE : MDB_FIRST);
    *value = span_of (found);
    return rc == 0 && !key_of (table, name, key) ? KV_NONE : error_of (rc);
}

static void
lmdb_usage (kv_t *kv, uint64_t *used, uint64_t *most)
{
    lmdb_t *self = (lmdb_t *) kv;
    *used = begin_reading (self) == 0 ? (file_pages (self) - free_pages (self)) * self->page : 0;
    *most = self->most;
}

/* ------------------------------------------------------------------ the environment */

static void
close_env (lmdb_t *self)
{
    for (size_t n = 0; n < KV_TABLES; n++)
        if (self->read_cursors[n])
            mdb_cursor_close (self->read_cursors[n]);
    memset (self->read_cursors, 0, sizeof (self->read_cursors));
    if (self->read)
        mdb_txn_abort (self->read);
    self->read = NULL;
    if (self->env)
        mdb_env_close (self->env);
    self->env = NULL;
}

static int
open_tables (lmdb_t *self)
{
    MDB_txn *txn;
    int rc = mdb_txn_begin (self->env, NULL, 0, &txn);
    if (rc != 0)
        return rc;
    for (size_t n = 0; n < KV_TABLES && rc == 0; n++)
        rc = mdb_dbi_open (txn, names[n], names[n] ? MDB_CREATE : 0, &self->tables[n]);
    if (rc == 0)
        return mdb_txn_commit (txn);
    mdb_txn_abort (txn);
    return rc;
}

/*  Has an environment that was there tables, and ours among them? 1: yes, or none at all. */
static int
is_ours (lmdb_t *self)
{
    MDB_txn *txn;
    MDB_stat stat;
    MDB_dbi requests;
    int rc = mdb_txn_begin (self->env, NULL, MDB_RDONLY, &txn);
    if (rc != 0)
        return 0;
    mdb_env_stat (self->env, &stat);
    rc = stat.ms_entries == 0 ? 0 : mdb_dbi_open (txn, names[KV_REQUESTS], 0, &requests);
    mdb_txn_abort (txn);
    return rc == 0;
}

/*  Before anything of the map is looked at: what is not in the file cannot be read there, which ends a process. */
static int
check_length (lmdb_t *self)
{
    MDB_stat stat;
    struct stat file;
    int fd, rc = mdb_env_stat (self->env, &stat);
    if (rc == 0)
        rc = mdb_env_get_fd (self->env, &fd);
    if (rc != 0)
        return rc;
    self->page = stat.ms_psize;
    if (fstat (fd, &file) != 0)
        return errno;
    return (uint64_t) file.st_size < file_pages (self) * self->page ? MDB_PAGE_NOTFOUND : 0;
}

/*  0, or an error of LMDB's or the system's; MDB_INCOMPATIBLE: not ours; MDB_PAGE_NOTFOUND: cut short. */
static int
open_env (lmdb_t *self)
{
    int rc = mdb_env_create (&self->env);
    if (rc != 0)
        return rc;
    mdb_env_set_maxdbs (self->env, KV_TABLES);
    mdb_env_set_maxreaders (self->env, READERS);
    rc = mdb_env_set_mapsize (self->env, self->most + RESERVE);
    if (rc == 0)
        rc = mdb_env_open (self->env, self->path, MDB_NOTLS | MDB_NORDAHEAD, MODE);
    if (rc == 0)
        rc = check_length (self);
    if (rc == 0 && !is_ours (self))
        rc = MDB_INCOMPATIBLE;
    return rc ? rc : open_tables (self);
}

/*  After an error in the middle of a write LMDB refuses to go on until the environment is opened anew. The reader is
 *  out: it takes the lock before each read. While the disk's trouble lasts there is none. 0 or a kv_error_t. */
static int
reopen (lmdb_t *self)
{
    pthread_rwlock_wrlock (&self->map);
    close_env (self);
    int rc = open_env (self);
    if (rc != 0)
        close_env (self);
    pthread_rwlock_unlock (&self->map);
    return error_of (rc);
}

static uint64_t
rounded (uint64_t bytes)
{
    return (bytes + 4095) / 4096 * 4096;
}

static int
lmdb_resize (kv_t *kv, uint64_t most)
{
    lmdb_t *self = (lmdb_t *) kv;
    lmdb_refresh (kv);
    pthread_rwlock_wrlock (&self->map);
    int rc = self->env ? mdb_env_set_mapsize (self->env, rounded (most) + RESERVE) : 0;
    if (rc == 0)
        self->most = rounded (most);
    pthread_rwlock_unlock (&self->map);
    return rc == 0 ? 0 : -1;
}

static int
lmdb_backup (kv_t *kv, const char *path)
{
    lmdb_t *self = (lmdb_t *) kv;
    if (mkdir (path, DIRECTORY) != 0)
        return -1;
    pthread_rwlock_rdlock (&self->map);
    int rc = self->env ? mdb_env_copy2 (self->env, path, 0) : EIO;
    pthread_rwlock_unlock (&self->map);
    if (rc == 0)
        return 0;
    rmdir (path);
    errno = rc > 0 ? rc : EIO;
    return -1;
}

static void
lmdb_close (kv_t *kv)
{
    lmdb_t *self = (lmdb_t *) kv;
    lmdb_abort (kv);
    lmdb_refresh (kv);
    close_env (self);
    if (self->data >= 0)
        close (self->data);
    if (self->lock >= 0)
        close (self->lock);
    pthread_rwlock_destroy (&self->map);
    memory_free (self);
}

/* ------------------------------------------------------------------ opening */

static int
refuse (char problem[STORE_PROBLEM], const char *path, const char *why, const char *remedy)
{
    snprintf (problem, STORE_PROBLEM, "%s: %s; %s", path, why, remedy);
    return -1;
}

/*  Files that are ours, or of a file system's root. */
static bool
belongs (const char *name)
{
    static const char *const ours[] = {".", "..", "data.mdb", "lock.mdb", "titanic.lock", "lost+found"};
    for (size_t n = 0; n < sizeof (ours) / sizeof (ours[0]); n++)
        if (strcmp (name, ours[n]) == 0)
            return true;
    return false;
}

static int
check_directory (const char *path, char problem[STORE_PROBLEM])
{
    if (mkdir (path, DIRECTORY) != 0 && errno != EEXIST)
        return refuse (problem, path, strerror (errno), "create the directory, and let this user write to it");
    DIR *directory = opendir (path);
    if (!directory)
        return refuse (problem, path, strerror (errno), "name a directory that this user may read and write");
    bool strange = false;
    for (struct dirent *entry; (entry = readdir (directory)) != NULL;)
        strange |= !belongs (entry->d_name);
    struct stat file;
    bool data = fstatat (dirfd (directory), "data.mdb", &file, 0) == 0;
    closedir (directory);
    if (data && file.st_size == 0)
        return refuse (problem, path, "its data.mdb is empty", "restore a backup, or remove that file to begin anew");
    if (strange && !data)
        return refuse (problem, path, "it is not empty, and holds no store of titanic's", "name an empty directory");
    return 0;
}

static int
lock_directory (lmdb_t *self, const char *path, char problem[STORE_PROBLEM])
{
    char name[PATH];
    snprintf (name, sizeof (name), "%s/titanic.lock", path);
    self->lock = open (name, O_RDWR | O_CREAT | O_CLOEXEC, MODE);
    if (self->lock < 0)
        return refuse (problem, path, strerror (errno), "let this user write to it");
    /*  One that was just killed may still be on its way out. */
    for (unsigned n = 0; flock (self->lock, LOCK_EX | LOCK_NB) != 0 && n < LOCK_TRIES; n++)
        usleep (LOCK_STEP_US);
    if (flock (self->lock, LOCK_EX | LOCK_NB) != 0)
        return refuse (problem, path, "another titanic has it", "stop that one, or give each a directory of its own");
    return 0;
}

static int
explain (int rc, const char *path, char problem[STORE_PROBLEM])
{
    switch (rc) {
    case MDB_INCOMPATIBLE:
        return refuse (problem, path, "its data.mdb was not made by titanic", "name an empty directory");
    case MDB_INVALID:
    case MDB_CORRUPTED:
        return refuse (problem, path, "its data.mdb is damaged, or none", "restore a backup, or name an empty directory");
    case MDB_PAGE_NOTFOUND:
        return refuse (problem, path, "its data.mdb was cut short", "restore a backup, or name an empty directory");
    case MDB_VERSION_MISMATCH:
        return refuse (problem, path, "its data.mdb is of another version of LMDB", "use the titanic that made it");
    case ENOSPC:
        return refuse (problem, path, mdb_strerror (rc), "make room on its disk");
    case ENOMEM:
        return refuse (problem, path, "the map does not fit into memory's addresses", "choose a smaller --map-size");
    default:
        return refuse (problem, path, mdb_strerror (rc), "let this user read and write all that is in it");
    }
}

static int
open_all (lmdb_t *self, const char *path, char problem[STORE_PROBLEM])
{
    char name[PATH];
    if (strlen (path) > PATH - 32)
        return refuse (problem, "data directory", strerror (ENAMETOOLONG), "name another");
    if (check_directory (path, problem) != 0 || lock_directory (self, path, problem) != 0)
        return -1;
    snprintf (self->path, sizeof (self->path), "%s", path);
    int rc = open_env (self);
    if (rc != 0)
        return explain (rc, path, problem);
    snprintf (name, sizeof (name), "%s/data.mdb", path);
    self->data = open (name, O_RDWR | O_CLOEXEC);
    if (self->data < 0)
        return explain (errno, path, problem);
    allocate (self, file_pages (self) * self->page + DISK_RESERVE);
    return 0;
}

kv_t *
store_kv_lmdb (const char *path, uint64_t most, char problem[STORE_PROBLEM])
{
    static const kv_class_t class = {lmdb_begin, lmdb_commit,  lmdb_abort, lmdb_room,   lmdb_put,    lmdb_remove, lmdb_get,
                                     lmdb_seek,  lmdb_refresh, lmdb_usage, lmdb_resize, lmdb_backup, lmdb_close};
    lmdb_t *self = memory_new (sizeof (lmdb_t));
    if (!self)
        return NULL;
    self->kv.class = &class;
    self->lock = self->data = -1;
    self->most = rounded (most);
    pthread_rwlock_init (&self->map, NULL);
    if (open_all (self, path, problem) == 0)
        return &self->kv;
    lmdb_close (&self->kv);
    return NULL;
}
