/*  spqueue: the Simple Pirate's queue as a daemon. The protocol is engine/pirate_queue's. */
#include "pirate_broker.h"

int
main (int argc, char **argv)
{
    static const program_t program = {
        .name = "spqueue",
        .summary = "Hands requests of clients to REQ workers, the one that was used longest ago first (Simple Pirate).",
        .notes = PIRATE_NOTES,
        .settings = spqueue_settings,
        .size = sizeof (pirate_settings_t),
        .config = true,
    };
    return pirate_broker_run (PIRATE_SIMPLE, &program, argc, argv);
}
