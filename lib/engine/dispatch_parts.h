/*  What dispatch.c lends to dispatch_workers.c. */
#ifndef KEEL_DISPATCH_PARTS_H
#define KEEL_DISPATCH_PARTS_H

#include "dispatch_tables.h"

/*  The request is over; its record stays readable until the next step begins. */
void dispatch_retire (dispatch_t *self, dispatch_request_t *request);
/*  Removes the service's record if nothing keeps it. */
void dispatch_collect (dispatch_t *self, dispatch_service_t *service);
/*  Puts the worker at the end of its service's ready ones, or takes it from them. */
void dispatch_set_ready (dispatch_t *self, dispatch_worker_t *worker, bool ready);
/*  The worker's slot is free again. */
void dispatch_let_go (dispatch_t *self, dispatch_request_t *request, int64_t now);
/*  What a lost worker held goes back to the front of its queue, behind what came back before and is older, or to its end.
 *  delivered: it had reached the worker. */
void dispatch_requeue (dispatch_t *self, dispatch_request_t *request, bool delivered, int64_t now);

#endif
