/*  mdbench's options. */
#ifndef MDBENCH_SETTINGS_H
#define MDBENCH_SETTINGS_H

#include "setting.h"

typedef struct {
    setting_list_t brokers;
    const char *workers_at; /* NULL: at the broker */
    const char *role;
    int64_t clients;
    int64_t window;
    int64_t workers;
    int64_t credit;
    int64_t worker_threads;
    int64_t io_threads;
    const char *service;
    int64_t services;
    int64_t count;
    int64_t duration_ms; /* 0: count holds */
    int64_t warmup;
    int64_t size;
    int64_t mdp;
    bool options;        /* true with titanic, too */
    const char *titanic; /* NULL, or what mdbench_errand.h names */
    const char *plain;   /* NULL: MDP; else how the workers speak: "raw", "simple", "paranoid" */
    int64_t heartbeat_ms;
    int64_t timeout_ms;
    int64_t spin_us;
    bool json;
} mdbench_settings_t;

extern const setting_t mdbench_settings[];

/*  What follows from others. */
void mdbench_settings_complete (mdbench_settings_t *settings);
bool mdbench_has_clients (const mdbench_settings_t *settings);
bool mdbench_has_workers (const mdbench_settings_t *settings);
/*  Do the workers speak in that way, a word of `plain`? */
bool mdbench_speaks (const mdbench_settings_t *settings, const char *how);
/*  NULL, or what does not go together. */
const char *mdbench_settings_problem (const mdbench_settings_t *settings);
/*  Writes the name of service n: the prefix itself when there is but one. Returns its size. */
#define MDBENCH_SERVICE_SIZE 256
size_t mdbench_service_name (const mdbench_settings_t *settings, size_t n, char name[MDBENCH_SERVICE_SIZE]);

#endif
