/*  The disk as a yardstick: commits of LMDB as Titanic's store makes them, with so many small records in each, one after the
 *  other, synced.
 *
 *      bench_lmdb DIRECTORY RECORDS MSEC
 *
 *  prints one line of JSON: commits, records a second, and the 50th percentile of a commit's time in microseconds. DIRECTORY
 *  is made, and left behind.
 */
#include <lmdb.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define MAP_BYTES  ((size_t) 8 << 30)
#define KEY_BYTES  16
#define BODY_BYTES 64
#define MOST       1000000 /* commits */

static int64_t
now_ns (void)
{
    struct timespec now;
    clock_gettime (CLOCK_MONOTONIC, &now);
    return (int64_t) now.tv_sec * 1000000000 + now.tv_nsec;
}

static void
check (int rc, const char *what)
{
    if (rc == 0)
        return;
    fprintf (stderr, "%s: %s\n", what, mdb_strerror (rc));
    exit (EXIT_FAILURE);
}

static MDB_env *
open_store (const char *directory, MDB_dbi *table)
{
    MDB_env *store;
    MDB_txn *change;
    mkdir (directory, 0700);
    check (mdb_env_create (&store), "mdb_env_create");
    check (mdb_env_set_mapsize (store, MAP_BYTES), "mdb_env_set_mapsize");
    check (mdb_env_open (store, directory, 0, 0600), directory);
    check (mdb_txn_begin (store, NULL, 0, &change), "mdb_txn_begin");
    check (mdb_dbi_open (change, NULL, 0, table), "mdb_dbi_open");
    check (mdb_txn_commit (change), "mdb_txn_commit");
    return store;
}

/*  Keys grow, so the tree appends. */
static void
commit (MDB_env *store, MDB_dbi table, long records, uint64_t *number)
{
    MDB_txn *change;
    char body[BODY_BYTES] = {0};
    check (mdb_txn_begin (store, NULL, 0, &change), "mdb_txn_begin");
    for (long n = 0; n < records; n++) {
        char key[KEY_BYTES + 1];
        snprintf (key, sizeof (key), "%016llx", (unsigned long long) ++*number);
        MDB_val name = {KEY_BYTES, key}, value = {sizeof (body), body};
        check (mdb_put (change, table, &name, &value, MDB_APPEND), "mdb_put");
    }
    check (mdb_txn_commit (change), "mdb_txn_commit");
}

static int
compare (const void *one, const void *other)
{
    const int64_t a = *(const int64_t *) one, b = *(const int64_t *) other;
    return (a > b) - (a < b);
}

int
main (int argc, char **argv)
{
    static int64_t times[MOST];
    if (argc != 4) {
        fprintf (stderr, "usage: %s DIRECTORY RECORDS MSEC\n", argv[0]);
        return EXIT_FAILURE;
    }
    MDB_dbi table;
    MDB_env *store = open_store (argv[1], &table);
    const long records = atol (argv[2]);
    const int64_t begin = now_ns (), end = begin + atol (argv[3]) * 1000000;
    uint64_t number = 0;
    size_t count = 0;
    int64_t then = begin;
    while (then < end && count < MOST) {
        commit (store, table, records, &number);
        const int64_t now = now_ns ();
        times[count++] = now - then;
        then = now;
    }
    mdb_env_close (store);
    qsort (times, count, sizeof (times[0]), compare);
    printf ("{\"commits\": %zu, \"per_second\": %.1f, \"p50_us\": %.1f}\n", count,
            (double) number * 1e9 / (double) (then - begin), (double) times[count / 2] / 1e3);
    return EXIT_SUCCESS;
}
