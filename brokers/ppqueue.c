/*  ppqueue: the Paranoid Pirate's queue as a daemon. The protocol is engine/pirate_queue's. */
#include "pirate_broker.h"

int
main (int argc, char **argv)
{
    static const program_t program = {
        .name = "ppqueue",
        .summary = "Hands requests of clients to workers that heartbeat, over PPP (Paranoid Pirate).",
        .notes = PIRATE_NOTES,
        .settings = ppqueue_settings,
        .size = sizeof (pirate_settings_t),
        .config = true,
    };
    return pirate_broker_run (PIRATE_PARANOID, &program, argc, argv);
}
