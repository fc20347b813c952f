/*  TSP at both ends, and what operators say: nothing breaks the codec, and uuids come back as they were. */
#include "input.h"

#include "mdp.h"
#include "tsp_admin.h"

#include <assert.h>

static void
check_uuid (const tsp_uuid_t *uuid)
{
    char text[TSP_UUID_TEXT];
    tsp_uuid_t again;
    tsp_uuid_encode (uuid, text);
    assert (tsp_uuid_decode (span_make (text, sizeof (text)), &again));
    assert (tsp_uuid_compare (uuid, &again) == 0);
}

static void
check_service (const input_t *input, tsp_service_t kind)
{
    tsp_command_t command;
    tsp_answer_t answer;
    tsp_verdict_t verdict = tsp_decode_request (kind, input->frames, input->count, &command);
    assert (tsp_verdict_status (verdict).size >= 3);
    if (verdict == TSP_VERDICT_OK && kind != TSP_REQUEST)
        check_uuid (&command.uuid);
    if (verdict == TSP_VERDICT_OK && (kind == TSP_REQUEST || kind == TSP_SUBMIT)) {
        assert (mdp_service_valid (command.service) && !tsp_is_reserved (command.service));
        assert (command.body_count > 0 && command.body + command.body_count == input->frames + input->count);
    }
    if (tsp_decode_answer (kind, input->frames, input->count, &answer) == TSP_VERDICT_OK) {
        assert (answer.code % 100 == 0 && answer.code >= 200 && answer.code <= 500);
        assert (answer.code != 200 || kind != TSP_REPLY || answer.body_count > 0);
    }
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    input_t input = {data, size, {0}, {{0}}, 0};
    tsp_admin_t question;
    input_frames (&input);
    for (tsp_service_t kind = 0; kind < TSP_SERVICES; kind++)
        check_service (&input, kind);
    if (tsp_admin_decode (input.frames, input.count, &question) == NULL)
        assert (question.kind < TSP_ADMIN_UNKNOWN && (question.kind != TSP_ADMIN_LIST || question.limit > 0));
    input_free (&input);
    return 0;
}
