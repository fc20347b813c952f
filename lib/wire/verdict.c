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
