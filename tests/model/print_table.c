/*  Prints the transition table of engine/bstar_table as Promela, for the model to include. The test model/table compares it with
 *  bstar_table.pml, so the model is checked with the table that the code has.
 *
 *      print_table > tests/model/bstar_table.pml
 */
#include "bstar_table.h"

#include <stdio.h>

int
main (void)
{
    static const bstar_role_t roles[] = {BSTAR_ROLE_PRIMARY, BSTAR_ROLE_BACKUP};
    printf ("/*  Printed by print_table from the table of the code; the test model/table compares. */\n");
    printf ("#define PRIMARY %d\n#define BACKUP %d\n#define ACTIVE %d\n#define PASSIVE %d\n", BSTAR_PRIMARY, BSTAR_BACKUP, BSTAR_ACTIVE,
            BSTAR_PASSIVE);
    for (bstar_input_t input = 0; input < BSTAR_INPUTS; input++)
        printf ("#define %s %d\n", bstar_input_name (input), (int) input);
    printf ("#define NEXT_EPOCH(role, seen) ((seen) + 1 + (((seen) + %d + (role)) %% 2))\n",
            (int) (bstar_next_epoch (BSTAR_ROLE_PRIMARY, 0) == 1 ? 0 : 1));
    printf ("\n/*  What a node of that role (0 primary, 1 backup) in that state becomes. */\ninline next (a_role, a_state, an_input, a_result)\n{\n"
            "    if\n");
    for (int role = 0; role < 2; role++)
        for (bstar_state_t state = BSTAR_PRIMARY; state <= BSTAR_PASSIVE; state++)
            for (bstar_input_t input = 0; input < BSTAR_INPUTS; input++) {
                bstar_state_t result = bstar_next (roles[role], state, input);
                if (result != state)
                    printf ("    :: a_role == %d && a_state == %d && an_input == %s -> a_result = %d\n", role, state, bstar_input_name (input),
                            result);
            }
    printf ("    :: else -> a_result = a_state\n    fi\n}\n");
    return 0;
}
