/*  A program's table of settings, as the tests of options and configuration need one: each kind once. */
#ifndef KEEL_SAMPLE_PROGRAM_H
#define KEEL_SAMPLE_PROGRAM_H

#include "options.h"

typedef struct {
    setting_list_t listen;
    setting_list_t brokers;
    int64_t heartbeat_ms;
    int64_t liveness;
    int64_t queued_bytes;
    const char *role;
    const char *state_bind;
    const char *state_file;
    bool json;
} sample_t;

extern const setting_t sample_settings[];

#endif
