#include "delays.h"

uint64_t
delays_total (const delays_t *self)
{
    uint64_t total = 0;
    for (size_t n = 0; n < DELAYS_BUCKETS; n++)
        total += self->counts[n];
    return total;
}

static void
report_bucket (text_t *json, uint64_t bound, uint64_t count)
{
    text_add (json, json->data[json->size - 1] == '{' ? "\"" : ",\"");
    text_add_number (json, bound);
    text_add (json, "\":");
    text_add_number (json, count);
}

void
delays_report (const delays_t *self, text_t *json, const char *key)
{
    text_add_json_key (json, key);
    text_add (json, "{");
    for (size_t n = 0; n < DELAYS_BUCKETS; n++)
        if (self->counts[n])
            report_bucket (json, (uint64_t) 1 << n, self->counts[n]);
    text_add (json, "}");
}
