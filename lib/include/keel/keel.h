/*  All of Keel's public API. */
#ifndef KEEL_KEEL_H
#define KEEL_KEEL_H

#include "error.h"
#include "version.h"

#if __has_include(<keel/client.h>)
#include "client.h"
#endif
#if __has_include(<keel/worker.h>)
#include "worker.h"
#endif

#endif
