#   Man pages are written in scdoc, man/NAME.SECTION.scd in the folder of their program; without scdoc there are none.

find_program (KEEL_SCDOC scdoc)
if (NOT KEEL_SCDOC)
    message (STATUS "scdoc was not found: no man pages")
endif ()

#   keel_man (PAGE.scd...)
#   Builds and installs pages, and has the tests compare each with the --help of the program of its name.
function (keel_man)
    foreach (source IN LISTS ARGN)
        cmake_path (GET source STEM LAST_ONLY page)
        cmake_path (GET page EXTENSION LAST_ONLY section)
        string (SUBSTRING ${section} 1 -1 section)
        cmake_path (ABSOLUTE_PATH source)
        set_property (GLOBAL APPEND PROPERTY KEEL_MAN_PAGES ${source})
        if (KEEL_SCDOC)
            set (built ${CMAKE_CURRENT_BINARY_DIR}/man/${page})
            file (MAKE_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/man)
            #   What scdoc refuses leaves no half a page behind.
            add_custom_command (
                OUTPUT ${built} DEPENDS ${source} VERBATIM COMMENT "Man page ${page}"
                COMMAND sh -c "\"$1\" < \"$2\" > \"$3.part\" && mv \"$3.part\" \"$3\"" sh ${KEEL_SCDOC} ${source} ${built}
            )
            add_custom_target (man_${page} ALL DEPENDS ${built})
            install (FILES ${built} DESTINATION ${CMAKE_INSTALL_MANDIR}/man${section})
        endif ()
    endforeach ()
endfunction ()
