#include "verdict.h"

static const struct {
    const char *key;
    const char *text;
} verdicts[VERDICTS] = {
#define X(name, key, text) {key, text},
    VERDICT_MAP (X)
#undef X
};

const char *
verdict_key (verdict_t verdict)
{
    return verdicts[verdict].key;
}

const char *
verdict_text (verdict_t verdict)
{
    return verdicts[verdict].text;
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
