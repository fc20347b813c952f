/*  Planted faults: mistakes that an engine makes on purpose, in the simulator's own build of it only, to prove that the
 *  simulator sees them. Everywhere else KEEL_FAULT is the constant false and nothing of them is compiled.
 */
#ifndef KEEL_FAULT_H
#define KEEL_FAULT_H

#include <stdbool.h>

#define KEEL_FAULT_MAP(X)                                                                                              \
    X (NO_REQUEUE, "no-requeue", "what a lost worker held is forgotten")                                               \
    X (REQUEUE_LAST, "requeue-last", "what a lost worker held goes to the end of the queue")                           \
    X (ANY_HOLDER, "any-holder", "an answer's token is not held against the worker that sends it")                     \
    X (CREDIT_LEAK, "credit-leak", "an answer does not free its worker's slot")                                        \
    X (CREDIT_EXCEEDED, "credit-exceeded", "a worker gets one request more than its credit")                           \
    X (PURGE_STOPS, "purge-stops", "the search for silent workers ends at the first live one")                         \
    X (BUSY_FOR_EVER, "busy-for-ever", "a busy worker is never expired")                                               \
    X (UNFAIR, "unfair", "the first client is served until it has no more")                                            \
    X (NO_DEADLINE, "no-deadline", "requests wait past their deadline")                                                \
    X (NO_LIMIT, "no-limit", "attempts are not limited")                                                               \
    X (SECOND_READY, "second-ready", "a second READY is taken for a heartbeat")                                        \
    X (PARTS_KEPT, "parts-kept", "parts that are held stay when a request is taken back")                              \
    X (ALL_NOTICES, "all-notices", "notices go to those who did not ask for them, too")                                \
    X (OUTSTANDING_LEAK, "outstanding-leak", "a failed request still counts as its client's")                          \
    X (DRAIN_KEEPS, "drain-keeps", "queued requests are kept while draining")                                          \
    X (PARTLY_AGAIN, "partly-again", "a request answered in part is run again")                                        \
    X (UNDELIVERED_COUNTS, "undelivered-counts", "an attempt that never reached a worker counts")                      \
    X (OVERSLEEP, "oversleep", "deadlines are left out of the next due time")                                          \
    X (CLIENT_ANY_ANSWER, "client-any-answer", "a client takes an answer to another request for that to its oldest")   \
    X (CLIENT_PARTLY_AGAIN, "client-partly-again", "a client sends a request again that was answered in part")         \
    X (CLIENT_TIMELESS, "client-timeless", "a client does not end a try")                                              \
    X (WORKER_KEEPS, "worker-keeps", "a worker says nothing of a request that was given back")                       

/*  Those of titanic and its store, which a simulator of their own finds. */
#define KEEL_TSP_FAULT_MAP(X)                                                                                      \
    X (TITANIC_EARLY, "titanic-early", "titanic says 200 before the request is stored")                                \
    X (TITANIC_WINDOW, "titanic-window", "titanic dispatches without regard to its window")                            \
    X (TITANIC_SKIPS, "titanic-skips", "what waits for another attempt is forgotten")                                  \
    X (TITANIC_UNSAVED, "titanic-unsaved", "a reply that could not be stored counts as stored")                        \
    X (STORE_ORPHANS, "store-orphans", "close removes a request but not its memory that it was submitted")             \
    X (STORE_KEEPS, "store-keeps", "close leaves a request that has a reply")                                          \
    X (STORE_LOSES, "store-loses", "a request is stored without its place among the pending ones")

typedef enum {
#define X(name, key, text) KEEL_FAULT_##name,
    KEEL_FAULT_MAP (X)
    KEEL_TSP_FAULT_MAP (X)
#undef X
        KEEL_FAULTS_COUNT
} keel_fault_t;

#ifdef KEEL_FAULTS
extern bool keel_faults[KEEL_FAULTS_COUNT];
#define KEEL_FAULT(name) (keel_faults[KEEL_FAULT_##name])
#else
#define KEEL_FAULT(name) false
#endif

#endif
