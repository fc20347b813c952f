#include "state_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define TEXT_MOST 128

#define LOCK_TRIES   20
#define LOCK_STEP_US 50000

/*  FNV-1a: against bit rot and editors, not against people. */
static uint64_t
check_of (const char *text)
{
    uint64_t sum = 0xcbf29ce484222325u;
    for (; *text; text++)
        sum = (sum ^ (uint8_t) *text) * 0x100000001b3u;
    return sum;
}

static size_t
write_text (uint64_t epoch, char text[TEXT_MOST])
{
    int head = snprintf (text, TEXT_MOST, "keel-bstar 1\nepoch %" PRIu64 "\n", epoch);
    int rest = snprintf (text + head, TEXT_MOST - (size_t) head, "check %016" PRIx64 "\n", check_of (text));
    return (size_t) (head + rest);
}

/*  The name of a file beside it. */
static int
name_beside (const char *path, const char *ending, char name[PATH_MAX])
{
    if ((size_t) snprintf (name, PATH_MAX, "%s%s", path, ending) < PATH_MAX)
        return 0;
    errno = ENAMETOOLONG;
    return -1;
}

int
state_file_lock (const char *path)
{
    char name[PATH_MAX];
    if (name_beside (path, ".lock", name) != 0)
        return -1;
    int fd = open (name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd < 0)
        return -1;
    int rc = flock (fd, LOCK_EX | LOCK_NB);
    for (int n = 0; rc != 0 && errno == EWOULDBLOCK && n < LOCK_TRIES; n++) {
        usleep (LOCK_STEP_US);
        rc = flock (fd, LOCK_EX | LOCK_NB);
    }
    if (rc == 0)
        return fd;
    int why = errno;
    close (fd);
    errno = why;
    return -1;
}

/* ------------------------------------------------------------------ in */

/*  The whole file, terminated; its size, or -1. One that is too long fills text. */
static ssize_t
read_text (const char *path, char text[TEXT_MOST])
{
    int fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return -1;
    ssize_t size = read (fd, text, TEXT_MOST - 1);
    int why = errno;
    close (fd);
    errno = why;
    if (size >= 0)
        text[size] = 0;
    return size;
}

/*  There is one right text for each epoch. */
static int
parse_text (const char *text, size_t size, uint64_t *epoch)
{
    char right[TEXT_MOST];
    if (sscanf (text, "keel-bstar 1\nepoch %" SCNu64, epoch) != 1 || *epoch > (uint64_t) INT64_MAX)
        return -1;
    return write_text (*epoch, right) == size && memcmp (text, right, size) == 0 ? 0 : -1;
}

int
state_file_load (const char *path, uint64_t *epoch, char problem[STATE_FILE_PROBLEM])
{
    char text[TEXT_MOST];
    *epoch = 0;
    ssize_t size = read_text (path, text);
    if (size < 0 && errno == ENOENT)
        return 0;
    if (size < 0) {
        snprintf (problem, STATE_FILE_PROBLEM,
                  "cannot read the state file %.512s: %s; let this user read it, or name another", path,
                  strerror (errno));
        return -1;
    }
    if (parse_text (text, (size_t) size, epoch) == 0)
        return 0;
    snprintf (problem, STATE_FILE_PROBLEM,
              "the state file %.512s is damaged; to reset it, remove it while the peer runs, which knows the epoch", path);
    return -1;
}

/* ------------------------------------------------------------------ out */

static int
write_synced (int fd, const char *text, size_t size)
{
    if (write (fd, text, size) != (ssize_t) size)
        return -1;
    return fsync (fd);
}

static int
write_file (const char *path, const char *text, size_t size)
{
    int fd = open (path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd < 0)
        return -1;
    int rc = write_synced (fd, text, size);
    int why = errno;
    if (close (fd) != 0 && rc == 0)
        return -1;
    errno = why;
    return rc;
}

static int
sync_directory (const char *path)
{
    char copy[PATH_MAX];
    snprintf (copy, sizeof (copy), "%s", path);
    int fd = open (dirname (copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    int rc = fsync (fd), why = errno;
    close (fd);
    errno = why;
    return rc;
}

int
state_file_store (const char *path, uint64_t epoch)
{
    char text[TEXT_MOST], fresh[PATH_MAX];
    size_t size = write_text (epoch, text);
    if (name_beside (path, ".new", fresh) != 0)
        return -1;
    if (write_file (fresh, text, size) != 0 || rename (fresh, path) != 0) {
        int why = errno;
        unlink (fresh);
        errno = why;
        return -1;
    }
    return sync_directory (path);
}
