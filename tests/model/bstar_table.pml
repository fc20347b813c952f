/*  Printed by print_table from the table of the code; the test model/table compares. */
#define PRIMARY 1
#define BACKUP 2
#define ACTIVE 3
#define PASSIVE 4
#define PEER_PRIMARY 0
#define PEER_BACKUP 1
#define PEER_ABOVE 2
#define PEER_EQUAL 3
#define PEER_BELOW 4
#define PEER_PASSIVE 5
#define PEER_IDLE 6
#define PEER_YIELDS 7
#define VOTE_HEARD 8
#define VOTE_SILENT 9
#define PROMOTED 10
#define HANDED_OVER 11
#define REFUSED 12
#define SAME_ROLE 13
#define NEXT_EPOCH(role, seen) ((seen) + 1 + (((seen) + 0 + (role)) % 2))

/*  What a node of that role (0 primary, 1 backup) in that state becomes. */
inline next (a_role, a_state, an_input, a_result)
{
    if
    :: a_role == 0 && a_state == 1 && an_input == PEER_BACKUP -> a_result = 3
    :: a_role == 0 && a_state == 1 && an_input == PEER_ABOVE -> a_result = 4
    :: a_role == 0 && a_state == 1 && an_input == PEER_EQUAL -> a_result = 4
    :: a_role == 0 && a_state == 1 && an_input == PEER_BELOW -> a_result = 4
    :: a_role == 0 && a_state == 1 && an_input == VOTE_SILENT -> a_result = 3
    :: a_role == 0 && a_state == 1 && an_input == PROMOTED -> a_result = 3
    :: a_role == 0 && a_state == 2 && an_input == PEER_ABOVE -> a_result = 4
    :: a_role == 0 && a_state == 2 && an_input == PEER_EQUAL -> a_result = 4
    :: a_role == 0 && a_state == 2 && an_input == PEER_BELOW -> a_result = 4
    :: a_role == 0 && a_state == 2 && an_input == PROMOTED -> a_result = 3
    :: a_role == 0 && a_state == 3 && an_input == PEER_ABOVE -> a_result = 4
    :: a_role == 0 && a_state == 3 && an_input == HANDED_OVER -> a_result = 4
    :: a_role == 0 && a_state == 3 && an_input == REFUSED -> a_result = 4
    :: a_role == 0 && a_state == 3 && an_input == SAME_ROLE -> a_result = 4
    :: a_role == 0 && a_state == 4 && an_input == PEER_PRIMARY -> a_result = 3
    :: a_role == 0 && a_state == 4 && an_input == PEER_BACKUP -> a_result = 3
    :: a_role == 0 && a_state == 4 && an_input == PEER_IDLE -> a_result = 3
    :: a_role == 0 && a_state == 4 && an_input == PEER_YIELDS -> a_result = 3
    :: a_role == 0 && a_state == 4 && an_input == VOTE_SILENT -> a_result = 3
    :: a_role == 0 && a_state == 4 && an_input == PROMOTED -> a_result = 3
    :: a_role == 1 && a_state == 1 && an_input == PEER_BACKUP -> a_result = 3
    :: a_role == 1 && a_state == 1 && an_input == PEER_ABOVE -> a_result = 4
    :: a_role == 1 && a_state == 1 && an_input == PEER_EQUAL -> a_result = 4
    :: a_role == 1 && a_state == 1 && an_input == PEER_BELOW -> a_result = 4
    :: a_role == 1 && a_state == 1 && an_input == VOTE_SILENT -> a_result = 3
    :: a_role == 1 && a_state == 1 && an_input == PROMOTED -> a_result = 3
    :: a_role == 1 && a_state == 2 && an_input == PEER_ABOVE -> a_result = 4
    :: a_role == 1 && a_state == 2 && an_input == PEER_EQUAL -> a_result = 4
    :: a_role == 1 && a_state == 2 && an_input == PEER_BELOW -> a_result = 4
    :: a_role == 1 && a_state == 2 && an_input == PROMOTED -> a_result = 3
    :: a_role == 1 && a_state == 3 && an_input == PEER_ABOVE -> a_result = 4
    :: a_role == 1 && a_state == 3 && an_input == PEER_EQUAL -> a_result = 4
    :: a_role == 1 && a_state == 3 && an_input == HANDED_OVER -> a_result = 4
    :: a_role == 1 && a_state == 3 && an_input == REFUSED -> a_result = 4
    :: a_role == 1 && a_state == 3 && an_input == SAME_ROLE -> a_result = 4
    :: a_role == 1 && a_state == 4 && an_input == PEER_PRIMARY -> a_result = 3
    :: a_role == 1 && a_state == 4 && an_input == PEER_BACKUP -> a_result = 3
    :: a_role == 1 && a_state == 4 && an_input == PEER_YIELDS -> a_result = 3
    :: a_role == 1 && a_state == 4 && an_input == VOTE_SILENT -> a_result = 3
    :: a_role == 1 && a_state == 4 && an_input == PROMOTED -> a_result = 3
    :: else -> a_result = a_state
    fi
}
