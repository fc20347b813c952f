/*  Planted faults: mistakes that an engine makes on purpose, in the simulator's own build of it only, to prove that the
 *  simulator sees them. Everywhere else KEEL_FAULT is the constant false and nothing of them is compiled.
 */
#ifndef KEEL_FAULT_H
#define KEEL_FAULT_H

#include <stdbool.h>

/*  name, key, where it can be seen: in Majordomo's worlds, in the Pirates' worlds; what it is. */
#define KEEL_FAULT_MAP(X)                                                                                              \
    X (NO_REQUEUE, "no-requeue", true, true, "what a lost worker held is forgotten")                                   \
    X (REQUEUE_LAST, "requeue-last", true, true, "what a lost worker held goes to the end of the queue")               \
    X (ANY_HOLDER, "any-holder", true, true, "an answer's token is not held against the worker that sends it")         \
    X (CREDIT_LEAK, "credit-leak", true, true, "an answer does not free its worker's slot")                            \
    X (CREDIT_EXCEEDED, "credit-exceeded", true, true, "a worker gets one request more than its credit")               \
    X (PURGE_STOPS, "purge-stops", true, true, "the search for silent workers ends at the first live one")             \
    X (BUSY_FOR_EVER, "busy-for-ever", true, true, "a busy worker is never expired")                                   \
    X (UNFAIR, "unfair", true, true, "the first client is served until it has no more")                                \
    X (NO_DEADLINE, "no-deadline", true, true, "requests wait past their deadline")                                    \
    X (NO_LIMIT, "no-limit", true, true, "attempts are not limited")                                                   \
    X (WAITED_AGAIN, "waited-again", true, true, "how long a request waited is counted at each attempt")               \
    X (SECOND_READY, "second-ready", true, true, "a second READY is taken for a heartbeat")                            \
    X (PARTS_KEPT, "parts-kept", true, false, "parts that are held stay when a request is taken back")                 \
    X (ALL_NOTICES, "all-notices", true, false, "notices go to those who did not ask for them, too")                   \
    X (OUTSTANDING_LEAK, "outstanding-leak", true, true, "a failed request still counts as its client's")              \
    X (DRAIN_KEEPS, "drain-keeps", true, true, "queued requests are kept while draining")                              \
    X (PARTLY_AGAIN, "partly-again", true, false, "a request answered in part is run again")                           \
    X (UNDELIVERED_COUNTS, "undelivered-counts", true, true, "an attempt that never reached a worker counts")          \
    X (OVERSLEEP, "oversleep", true, true, "deadlines are left out of the next due time")                              \
    X (CLIENT_ANY_ANSWER, "client-any-answer", true, false, "a client takes an answer to another request for that to its oldest")\
    X (CLIENT_PARTLY_AGAIN, "client-partly-again", true, false, "a client sends a request again that was answered in part")\
    X (CLIENT_TIMELESS, "client-timeless", true, false, "a client does not end a try")                                 \
    X (WORKER_KEEPS, "worker-keeps", true, false, "a worker says nothing of a request that was given back")            \
    X (BEAT_READY, "beat-ready", true, true, "a heartbeat makes a busy worker ready")                                  \
    X (MOST_RECENT, "most-recent", true, true, "the most recently used worker is taken first")                         \
    X (READY_FORGETS, "ready-forgets", true, true, "what a worker held whose session we end is forgotten")             \
    X (READY_TWICE, "ready-twice", false, true, "a second READY of a Simple Pirate queues it twice")                   \
    X (ANY_ENVELOPE, "any-envelope", false, true, "an answer's envelope is not held against what its worker holds")    \
    X (LATE_DELIVERED, "late-delivered", false, true, "an answer that comes too late is delivered")                    \
    X (LATE_STAYS, "late-stays", false, true, "an answer that comes too late does not make its worker ready")          \
    X (CUT_KEEPS, "cut-keeps", false, true, "an answer of too many frames does not free its worker")                   \
    X (WORKER_ENVELOPE, "worker-envelope", true, true, "a worker answers in another envelope")                         \
    X (WORKER_UNREADY, "worker-unready", true, true, "a worker that connects again does not say READY")                \
    X (LAZY_STALE, "lazy-stale", false, true, "a Lazy Pirate takes an answer to an older request")                     \
    X (LAZY_KEEPS_LINK, "lazy-keeps-link", false, true, "a Lazy Pirate tries again over the same link")                \
    X (LAZY_ENDLESS, "lazy-endless", false, true, "a Lazy Pirate does not count its tries")                            \
    X (LAZY_TIMELESS, "lazy-timeless", false, true, "a Lazy Pirate does not end a try")

/*  name, key, what it is: those of titanic and its store, which a simulator of their own finds. */
#define KEEL_TSP_FAULT_MAP(X)                                                                                      \
    X (TITANIC_EARLY, "titanic-early", "titanic says 200 before the request is stored")                                \
    X (TITANIC_WINDOW, "titanic-window", "titanic dispatches without regard to its window")                            \
    X (TITANIC_SKIPS, "titanic-skips", "what waits for another attempt is forgotten")                                  \
    X (TITANIC_UNSAVED, "titanic-unsaved", "a reply that could not be stored counts as stored")                        \
    X (STORE_ORPHANS, "store-orphans", "close removes a request but not its memory that it was submitted")             \
    X (STORE_KEEPS, "store-keeps", "close leaves a request that has a reply")                                          \
    X (STORE_LOSES, "store-loses", "a request is stored without its place among the pending ones")

/*  Those of the Freelance client, which has a simulator of its own. */
#define KEEL_FREELANCE_FAULT_MAP(X)                                                                                    \
    X (FREELANCE_RESENDS, "resends", "a request is sent again on every wake-up")                                       \
    X (FREELANCE_PONG, "pong-answers", "a PONG is taken for an answer")                                                \
    X (FREELANCE_ANY_ANSWER, "any-answer", "an answer that nothing waits for goes to the request that is due first")   \
    X (FREELANCE_UNASKED, "unasked", "a server that was not asked may answer")                                         \
    X (FREELANCE_UNDEAD, "undead", "a dead server gets requests")                                                      \
    X (FREELANCE_ENDLESS, "endless", "requests do not end at their deadline")                                          \
    X (FREELANCE_OVERSLEEP, "oversleep", "requests are left out of the next due time")

typedef enum {
#define X(name, key, majordomo, pirates, text) KEEL_FAULT_##name,
    KEEL_FAULT_MAP (X)
#undef X
#define X(name, key, text) KEEL_FAULT_##name,
    KEEL_TSP_FAULT_MAP (X)
    KEEL_FREELANCE_FAULT_MAP (X)
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
