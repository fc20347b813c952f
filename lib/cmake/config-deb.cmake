#   Runs first in cpack. The date of what is packed, and of the packages' files, is the commit's, so that the same source gives the same
#   packages; SOURCE_DATE_EPOCH says otherwise.

if ("$ENV{SOURCE_DATE_EPOCH}" STREQUAL "")
    execute_process (COMMAND git -C ${CPACK_KEEL_SOURCE_DIR} log -1 --format=%ct
        OUTPUT_VARIABLE date OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
    if (date STREQUAL "")
        file (TIMESTAMP ${CPACK_KEEL_SOURCE_DIR}/CHANGELOG.md date %s UTC)
    endif ()
    set (ENV{SOURCE_DATE_EPOCH} ${date})
endif ()
