/*  A request that survives: it is stored by Titanic, and this program may be stopped and started again until it has the reply.
 *
 *      durable FILE [BROKER]       the service `echo`; FILE keeps the uuid from one run to the next
 */
#include <keel/keel.h>

#include <stdio.h>

/*  The uuid of an earlier run, or a new one, which is written down before it is used. */
static bool
remember (const char *path, char uuid[KEEL_UUID_SIZE])
{
    FILE *file = fopen (path, "r");
    bool known = file && fscanf (file, "%32s", uuid) == 1;
    if (file)
        fclose (file);
    if (known)
        return true;
    keel_titanic_uuid (uuid);
    file = fopen (path, "w");
    bool written = file && fprintf (file, "%s\n", uuid) > 0;
    return file && fclose (file) == 0 && written;
}

/*  However often this is run under one uuid, the request is stored once. */
static int
submit (keel_titanic_t *titanic, const char *uuid)
{
    zmsg_t *request = zmsg_new ();
    zmsg_addstr (request, "hello");
    return keel_titanic_submit_as (titanic, "echo", &request, uuid);
}

static int
fetch_and_close (keel_titanic_t *titanic, const char *uuid)
{
    zmsg_t *reply;
    int rc = keel_titanic_fetch (titanic, uuid, 10000, &reply);
    if (rc)
        return rc;
    char *text = zmsg_popstr (reply);
    puts (text);
    zstr_free (&text);
    zmsg_destroy (&reply);
    return keel_titanic_close (titanic, uuid);
}

int
main (int argc, char **argv)
{
    char uuid[KEEL_UUID_SIZE];
    keel_titanic_t *titanic = argc > 1 ? keel_titanic_new (argc > 2 ? argv[2] : "tcp://127.0.0.1:5555") : NULL;
    if (!titanic || !remember (argv[1], uuid))
        return EXIT_FAILURE;
    int rc = submit (titanic, uuid);
    if (rc == 0)
        rc = fetch_and_close (titanic, uuid);
    if (rc)
        fprintf (stderr, "%s: %s\n", keel_strerror (rc), keel_titanic_error (titanic));
    else
        remove (argv[1]);
    keel_titanic_destroy (&titanic);
    return rc ? EXIT_FAILURE : EXIT_SUCCESS;
}
