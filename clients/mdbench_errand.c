#include "mdbench_errand.h"

#include <stdio.h>
#include <string.h>

void
errands_open (errands_t *self, const mdbench_settings_t *settings, const bodies_t *bodies,
              const uint8_t options[WIRE_OPTIONS_SIZE])
{
    self->fetches = strcmp (settings->titanic, "cycle") == 0;
    self->closes = strcmp (settings->titanic, "request") != 0;
    self->bodies = bodies;
    for (tsp_service_t n = 0; n < TSP_SERVICES; n++)
        wire_client (&self->services[n], settings, tsp_service_name (n), options);
}

errand_t
errand_begin (void)
{
    return (errand_t){.step = TSP_REQUEST};
}

int
errands_send (const errands_t *self, const errand_t *errand, void *socket, span_t target, const body_id_t *id)
{
    const wire_client_t *service = &self->services[errand->step];
    if (wire_send (socket, service->request, service->count, true) != 0)
        return -1;
    if (errand->step != TSP_REQUEST)
        return wire_send (socket, &(span_t){(const uint8_t *) errand->uuid, TSP_UUID_TEXT, NULL}, 1, false);
    if (wire_send (socket, &target, 1, true) != 0)
        return -1;
    return wire_send_body (socket, self->bodies, id);
}

static errand_state_t
take_stored (const errands_t *self, errand_t *errand, const tsp_answer_t *answer)
{
    tsp_uuid_encode (&answer->uuid, errand->uuid);
    errand->step = self->fetches ? TSP_REPLY : TSP_CLOSE;
    return self->closes ? ERRAND_GOES_ON : ERRAND_DONE;
}

static errand_state_t
take_reply (const errands_t *self, errand_t *errand, const tsp_answer_t *answer, const body_id_t *id)
{
    errand->step = TSP_CLOSE;
    return answer->body_count == 1 && answer->body[0].size == self->bodies->size &&
                   bodies_match (self->bodies, id, answer->body[0].data)
               ? ERRAND_GOES_ON
               : ERRAND_WRONG;
}

errand_state_t
errands_take (const errands_t *self, errand_t *errand, const span_t frames[], size_t count, const body_id_t *id,
              char reason[ERRAND_REASON])
{
    const wire_client_t *service = &self->services[errand->step];
    tsp_answer_t answer;
    if (count <= service->count || !span_equal (frames[service->count - 1], service->reply[service->count - 1]) ||
        tsp_decode_answer (errand->step, frames + service->count, count - service->count, &answer) != TSP_VERDICT_OK)
        return ERRAND_WRONG;
    if (answer.code == 300 && errand->step == TSP_REPLY)
        return ERRAND_PENDING;
    if (answer.code != 200) {
        snprintf (reason, ERRAND_REASON, "%u %.*s", answer.code, (int) answer.text.size,
                  (const char *) answer.text.data);
        return ERRAND_FAILED;
    }
    if (errand->step == TSP_REQUEST)
        return take_stored (self, errand, &answer);
    return errand->step == TSP_REPLY ? take_reply (self, errand, &answer, id) : ERRAND_DONE;
}
