/*  MDP at all three ends: what is accepted is encoded again to the same frames. */
#include "input.h"

#include "mdp.h"
#include "token.h"

#include <assert.h>
#include <stdio.h>

static void
check_head (const input_t *input, const span_t head[], size_t count, const mdp_command_t *command)
{
    assert (count + command->body_count == input->count);
    for (size_t n = 0; n < count; n++)
        assert (span_equal (head[n], input->frames[n]));
    assert (command->body == input->frames + count);
}

static size_t
encode_ready (span_t head[], const mdp_command_t *command, size_t frames, char credit[8])
{
    int size = snprintf (credit, 8, "%u", command->credit);
    return mdp_encode_ready (head, command->version, command->service,
                             frames > 3 ? span_make (credit, (size_t) size) : SPAN_OF (""));
}

static void
check_at_broker (const input_t *input)
{
    mdp_command_t command;
    span_t head[MDP_HEAD_MAX];
    char credit[8];
    if (mdp_decode_at_broker (input->frames, input->count, &command) != VERDICT_OK)
        return;
    if (command.role == MDP_CLIENT)
        check_head (input, head, mdp_encode_client_request (head, command.version, command.service), &command);
    else if (command.kind == MDP_READY)
        assert (encode_ready (head, &command, input->count, credit) == input->count);
    else if (command.kind == MDP_PARTIAL || command.kind == MDP_FINAL)
        check_head (input, head, mdp_encode_worker_reply (head, command.version, command.kind, command.token), &command);
}

static void
check_at_ends (const input_t *input)
{
    mdp_command_t command;
    span_t head[MDP_HEAD_MAX];
    if (mdp_decode_at_client (input->frames, input->count, &command) == VERDICT_OK)
        check_head (input, head, mdp_encode_client_reply (head, command.version, command.kind, command.service),
                    &command);
    if (mdp_decode_at_worker (input->frames, input->count, &command) == VERDICT_OK && command.kind == MDP_REQUEST)
        check_head (input, head, mdp_encode_worker_request (head, command.version, command.token), &command);
}

static void
check_token (const input_t *input)
{
    uint64_t token;
    char text[TOKEN_SIZE];
    for (size_t n = 0; n < input->count; n++)
        if (token_decode (input->frames[n], &token)) {
            token_encode (token, text);
            assert (span_is (input->frames[n], text, sizeof (text)));
        }
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    input_t input = {data, size, {0}, {{0}}, 0};
    input_frames (&input);
    check_at_broker (&input);
    check_at_ends (&input);
    check_token (&input);
    input_free (&input);
    return 0;
}
