#include "verdict.h"

const char *
verdict_key (verdict_t verdict)
{
    static const char *const keys[VERDICTS] = {
#define X(name, key) key,
        VERDICT_MAP (X)
#undef X
    };
    return keys[verdict];
}

void
verdict_report (text_t *json, const uint64_t counts[VERDICTS])
{
    text_add_json_key (json, "malformed_by_reason");
    text_add (json, "{");
    for (verdict_t verdict = VERDICT_OK + 1; verdict < VERDICTS; verdict++)
        text_add_json_number (json, verdict_key (verdict), counts[verdict]);
    text_add (json, "}");
}
