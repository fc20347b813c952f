/*  How requests lie in the store: keys and values <-> what they mean. Numbers are big-endian, so that keys are in their order.
 *
 *      request   service(4) sequence(8) created(6) since(6) attempts(4) frames(2) state(1) flags(1) reason(1), then of each
 *                frame its size(4) and its bytes
 *      service   pending(8) done(8) dead(8) name
 */
#ifndef KEEL_STORE_RECORD_H
#define KEEL_STORE_RECORD_H

#include "titanic_op.h"

#define RECORD_HEAD       33
#define RECORD_FRAMES_MAX 65535
#define INDEX_KEY         13
#define CLOSED_KEY        (8 + TSP_UUID_SIZE)
#define SERVICE_HEAD      (8 * TSP_STATE_ANY)

void number_put (uint8_t *out, size_t size, uint64_t number);
uint64_t number_get (const uint8_t *bytes, size_t size);

/*  The bytes of a record with those frames. */
size_t record_size (const span_t frames[], size_t count);
/*  Its head; all of record but service, bytes and frames. */
void record_put_head (uint8_t *out, const titanic_record_t *record);
void record_put_frames (uint8_t *out, const span_t frames[], size_t count);
/*  False: it is none. The frames are not set, but bytes is. */
bool record_get (span_t value, titanic_record_t *record);
/*  The frames of such a value, which it lends; record->frame_count of them. */
void record_get_frames (span_t value, const titanic_record_t *record, span_t frames[]);

span_t index_key (uint8_t out[INDEX_KEY], uint32_t service, tsp_state_t state, uint64_t sequence);
/*  Is it of that service and state? sequence: [out]. */
bool index_key_is (span_t key, uint32_t service, tsp_state_t state, uint64_t *sequence);
span_t closed_key (uint8_t out[CLOSED_KEY], int64_t at, const tsp_uuid_t *uuid);

static inline span_t
uuid_key (const tsp_uuid_t *uuid)
{
    return span_make (uuid->bytes, TSP_UUID_SIZE);
}

#endif
