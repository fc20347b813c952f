#   Runs once packages are made: what was staged for them goes, so that no second set of programs, which needs to be installed to
#   run, stays in the build tree.

file (GLOB staged LIST_DIRECTORIES true ${CPACK_TEMPORARY_DIRECTORY}/*)
foreach (folder IN LISTS staged)
    if (IS_DIRECTORY ${folder})
        file (REMOVE_RECURSE ${folder})
    endif ()
endforeach ()
