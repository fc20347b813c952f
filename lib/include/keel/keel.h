/*  All of Keel's public API. */
#ifndef KEEL_KEEL_H
#define KEEL_KEEL_H

#include "bstar.h"
#include "client.h"
#include "error.h"
#include "flserver.h"
#include "freelance.h"
#include "pirate.h"
#include "titanic.h"
#include "version.h"
#include "worker.h"

#endif
