/*  One mapping a copy: as many pages as it needs, then one that may not be touched. The copy ends at that page, so spans
 *  are aligned since their size is a multiple of their alignment. */
#include "guarded.h"

#include <assert.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

typedef struct copy {
    struct copy *next;
    void *mapping;
    size_t bytes; /* readable ones */
} copy_t;

static copy_t *copies;

static size_t
page_bytes (void)
{
    return (size_t) sysconf (_SC_PAGESIZE);
}

void *
guarded_bytes (const void *bytes, size_t size)
{
    size_t page = page_bytes ();
    size_t readable = (size + page - 1) / page * page;
    uint8_t *mapping = mmap (NULL, readable + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert (mapping != MAP_FAILED);
    int rc = mprotect (mapping + readable, page, PROT_NONE);
    assert (rc == 0);
    copy_t *copy = malloc (sizeof (*copy));
    assert (copy);
    *copy = (copy_t){copies, mapping, readable};
    copies = copy;
    if (size)
        memcpy (mapping + readable - size, bytes, size);
    return mapping + readable - size;
}

const span_t *
guarded_frames (const span_t frames[], size_t count)
{
    span_t *copy = guarded_bytes (frames, count * sizeof (span_t));
    for (size_t n = 0; n < count; n++)
        copy[n].data = guarded_bytes (frames[n].data, frames[n].size);
    return copy;
}

void
guarded_seal (void)
{
    for (copy_t *copy = copies; copy; copy = copy->next)
        if (copy->bytes) {
            int rc = mprotect (copy->mapping, copy->bytes, PROT_READ);
            assert (rc == 0);
        }
}

void
guarded_free_all (void)
{
    while (copies) {
        copy_t *copy = copies;
        copies = copy->next;
        munmap (copy->mapping, copy->bytes + page_bytes ());
        free (copy);
    }
}
