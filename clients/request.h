/*  What the clients for the command line have in common: a request's body is made of words, an answer is printed, and what hinders either is
 *  said in the same words. */
#ifndef KEEL_REQUEST_H
#define KEEL_REQUEST_H

#include "options.h"

#include <czmq.h>

/*  The setting --broker; offset: of a setting_list_t in the program's struct. */
#define REQUEST_BROKERS(offset)                                                                                        \
    {                                                                                                                  \
        .name = "broker", .letter = 'b', .list = true, .kind = SETTING_CONNECT, .preset = "tcp://127.0.0.1:5555",      \
        .environment = "KEEL_BROKER", .at = (offset), .help = "a broker; repeat for more, tried in order"              \
    }
/*  The settings --timeout and --retries; offset: of an int64_t. */
#define REQUEST_TIMEOUT(offset)                                                                                        \
    {                                                                                                                  \
        .name = "timeout", .letter = 't', .kind = SETTING_MSEC, .preset = "2500", .minimum = 1, .maximum = 86400000,   \
        .at = (offset), .help = "how long a try waits for an answer"                                                   \
    }
#define REQUEST_RETRIES(offset)                                                                                        \
    {                                                                                                                  \
        .name = "retries", .letter = 'r', .kind = SETTING_COUNT, .preset = "3", .minimum = 0, .maximum = 1000,         \
        .at = (offset), .help = "tries after the first"                                                                \
    }

/*  For --help. */
#define REQUEST_NOTES "A FRAME that is - is read from standard input. Without any the request is one empty frame."

/*  A frame a word, - being standard input; one empty frame without any. body: [out] the caller destroys it, whatever is
 *  returned. 0, or the code to exit with. */
int request_read (const options_t *options, char **words, zmsg_t **body);

/*  The place of a word among the three that an option takes; -1: it is none of them, and that was said. */
int request_choice (const options_t *options, const char *name, const char *word, const char *const words[3]);

/*  No client for these endpoints, separated by commas, was made; errno says why. kind: "broker". Says so; returns the code to exit with. */
int request_not_made (const options_t *options, const char *kind, const char *endpoints);

/*  There is no answer. unheard: nothing was heard of any; else error says what was wrong. Always EXIT_FAILED. */
int request_failed (const char *kind, const char *endpoints, bool unheard, const char *error);

/*  Each frame on a line of stdout. False: nobody reads them; the log says so. */
bool request_print (const zmsg_t *reply);

#endif
