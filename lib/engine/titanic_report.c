/*  Titanic's counters and gauges as JSON. */
#include "titanic_state.h"

static const char *const kinds[] = {"none", "asked", "asked", "keel", "stock"};

void
titanic_write_counters (const keel_tsp_t *self, text_t *json)
{
#define X(name) text_add_json_number (json, #name, self->counters.name);
    KEEL_TSP_COUNTER_MAP (X)
#undef X
    text_add_json_number (json, "unstored", self->out_count);
    text_add_json_number (json, "unstored_bytes", self->out_bytes);
    text_add_json_number (json, "running", HASH_CNT (by_uuid, self->by_uuid));
    text_add_json_number (json, "services", HASH_COUNT (self->services));
    text_add_json_key (json, "broker");
    text_add_json_string (json, span_text (kinds[self->broker]));
}

const char *
keel_tsp_stats (keel_tsp_t *self)
{
    text_t json = text_over (self->json, JSON_BYTES);
    text_add (&json, "{");
    titanic_write_counters (self, &json);
    text_add (&json, "}");
    return json.data;
}

void
keel_tsp_describe (const keel_tsp_t *self, text_t *line)
{
    text_add_number (line, self->out_count);
    text_add (line, " changes to be stored, ");
    text_add_number (line, keel_mdclient_outstanding (self->client));
    text_add (line, " requests with the broker, ");
    text_add_number (line, HASH_COUNT (self->services));
    text_add (line, " services with requests; broker ");
    text_add (line, kinds[self->broker]);
}
