/*  What a function of Keel returns when it did not do what it was asked: a negative number, told apart by name.
 *
 *  The numbers are part of the ABI. What a broker said in a failure notice is minus the notice's code, what Titanic said of
 *  a request is minus its status; what was found out on this side is a small number.
 */
#ifndef KEEL_ERROR_H
#define KEEL_ERROR_H

#include "export.h"

#ifdef __cplusplus
extern "C" {
#endif

/*  X (name, number, text): KEEL_E_name. */
#define KEEL_ERROR_MAP(X)                                                                                              \
    X (TIMEOUT, -1, "no answer in time")                                                                               \
    X (NO_BROKER, -2, "no broker answers")                                                                             \
    X (INVALID, -3, "an argument is not valid")                                                                        \
    X (MEMORY, -4, "out of memory")                                                                                    \
    X (INTERRUPTED, -5, "interrupted by a signal")                                                                     \
    X (STATE, -6, "not possible in this state")                                                                        \
    X (NO_SERVER, -7, "no server answers")                                                                             \
    X (NOT_STORED, -8, "Titanic did not store it")                                                                     \
    X (ANSWER, -9, "the answer is not one of Titanic")                                                                 \
    X (ADDRESS, -10, "the endpoint cannot be bound")                                                                   \
    X (PENDING, -300, "the request has no reply yet")                                                                  \
    X (UNKNOWN, -400, "no such request is stored")                                                                     \
    X (NOT_ALLOWED, -403, "not allowed")                                                                               \
    X (NO_WORKER, -404, "no worker for the service")                                                                   \
    X (BUSY, -429, "too many requests outstanding")                                                                    \
    X (DEAD, -500, "the request was given up")                                                                         \
    X (FAILED, -502, "attempts used up, or the worker was lost half-way")                                              \
    X (REFUSED, -503, "the broker's queue is full, or it is draining")                                                 \
    X (DEADLINE, -504, "no worker was free before the deadline")

enum {
#define X(name, number, text) KEEL_E_##name = number,
    KEEL_ERROR_MAP (X)
#undef X
};

/*  One line without a full stop, for people. Static; never NULL. Takes 0, and any number. */
KEEL_EXPORT const char *keel_strerror (int error);

#ifdef __cplusplus
}
#endif

#endif
