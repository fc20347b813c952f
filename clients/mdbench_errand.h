/*  A request by way of Titanic (RFC 9): what is asked of Titanic for it, one thing after the other, and is the answer right?
 *
 *      request     titanic.request: it is stored, and that is all
 *      discard     titanic.request, titanic.close
 *      cycle       titanic.request, titanic.reply until there is one, titanic.close; its service has to echo
 */
#ifndef MDBENCH_ERRAND_H
#define MDBENCH_ERRAND_H

#include "mdbench_body.h"
#include "mdbench_wire.h"
#include "tsp.h"

/*  Room for why a request failed. */
#define ERRAND_REASON 128

/*  One request's. */
typedef struct {
    tsp_service_t step; /* what is asked now: REQUEST, REPLY or CLOSE */
    char uuid[TSP_UUID_TEXT];
} errand_t;

typedef struct {
    bool fetches;
    bool closes;
    wire_client_t services[TSP_SERVICES];
    const bodies_t *bodies;
} errands_t;

typedef enum {
    ERRAND_GOES_ON, /* errands_send is next */
    ERRAND_PENDING, /* likewise: there was no reply yet */
    ERRAND_DONE,
    ERRAND_FAILED, /* Titanic said so */
    ERRAND_WRONG,  /* the answer is not what it should be */
} errand_state_t;

/*  settings->titanic is one of the words above. options, bodies: as of wire_client; they live as long as self. */
void errands_open (errands_t *self, const mdbench_settings_t *settings, const bodies_t *bodies,
                   const uint8_t options[WIRE_OPTIONS_SIZE]);
errand_t errand_begin (void);
/*  Asks for its next step. target: the service. 0, or -1: libzmq did not take it. */
int errands_send (const errands_t *self, const errand_t *errand, void *socket, span_t target, const body_id_t *id);
/*  frames: of the answer to what was sent last. reason: [out] when it failed. */
errand_state_t errands_take (const errands_t *self, errand_t *errand, const span_t frames[], size_t count,
                             const body_id_t *id, char reason[ERRAND_REASON]);

#endif
