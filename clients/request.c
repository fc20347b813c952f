#include "request.h"

#include "exit_codes.h"
#include "log.h"

#include <errno.h>

/*  The whole of standard input; NULL with errno. */
static zframe_t *
read_frame (void)
{
    char *bytes = NULL;
    size_t size = 0, capacity = 0, got = 1;
    while (got > 0) {
        if (capacity - size < 65536) {
            char *grown = realloc (bytes, capacity = capacity * 2 + 65536);
            if (!grown)
                break;
            bytes = grown;
        }
        got = fread (bytes + size, 1, capacity - size, stdin);
        size += got;
    }
    zframe_t *frame = got || ferror (stdin) ? NULL : zframe_new (bytes, size);
    free (bytes);
    return frame;
}

int
request_read (const options_t *options, char **words, zmsg_t **body)
{
    bool read = false;
    *body = zmsg_new ();
    for (; *words; words++) {
        bool here = strcmp (*words, "-") == 0;
        if (here && read)
            return options_fail (options, "standard input can be one frame only, but - was given twice");
        zframe_t *frame = here ? read_frame () : zframe_new (*words, strlen (*words));
        if (!frame) {
            log_at (KEEL_LOG_ERROR, "cannot read standard input: %s", strerror (errno));
            return EXIT_FAILED;
        }
        read |= here;
        zmsg_append (*body, &frame);
    }
    if (zmsg_size (*body) == 0)
        zmsg_addmem (*body, "", 0);
    return EXIT_OK;
}

int
request_choice (const options_t *options, const char *name, const char *word, const char *const words[3])
{
    for (int n = 0; n < 3; n++)
        if (strcmp (words[n], word) == 0)
            return n;
    options_fail (options, "bad %s '%s': must be %s, %s or %s", name, word, words[0], words[1], words[2]);
    return -1;
}

int
request_not_made (const options_t *options, const char *kind, const char *endpoints)
{
    if (errno == EINVAL)
        return options_fail (options, "bad endpoint among %s: a %s is at tcp:// or ipc://", endpoints, kind);
    log_at (KEEL_LOG_ERROR, "cannot start: %s", strerror (errno));
    return EXIT_FAILED;
}

int
request_failed (const char *kind, const char *endpoints, bool unheard, const char *error)
{
    if (unheard)
        log_at (KEEL_LOG_ERROR, "nothing was heard from a %s at %s; is one running there?", kind, endpoints);
    else
        log_at (KEEL_LOG_ERROR, "%s %s: %s", kind, endpoints, error);
    return EXIT_FAILED;
}

bool
request_print (const zmsg_t *reply)
{
    zmsg_t *frames = (zmsg_t *) (uintptr_t) reply;
    for (zframe_t *frame = zmsg_first (frames); frame; frame = zmsg_next (frames)) {
        fwrite (zframe_data (frame), 1, zframe_size (frame), stdout);
        putchar ('\n');
    }
    if (fflush (stdout) == 0)
        return true;
    log_at (KEEL_LOG_ERROR, "cannot write the answer: %s", strerror (errno));
    return false;
}
