#   keel_unit_test (NAME SOURCES... USES LAYER-OR-LIBRARY...)
#   A cmocka program, and the ctest unit/NAME. It sees the headers of the layers it names (wire, engine, ...) and, like the
#   layers themselves, of those below; it is linked to the testing twin, so nothing is hidden from it.
function (keel_unit_test name)
    cmake_parse_arguments (arg "" "" "SOURCES;USES" ${ARGN})
    set (target test_${name})
    add_executable (${target} ${arg_SOURCES})
    target_link_libraries (${target} PRIVATE keel_flags keel_unit $<LINK_ONLY:keel_testing>)
    foreach (used IN LISTS arg_USES)
        if (used IN_LIST KEEL_LAYERS)
            target_include_directories (${target} PRIVATE $<TARGET_PROPERTY:keel_${used},INTERFACE_INCLUDE_DIRECTORIES>)
        else ()
            target_link_libraries (${target} PRIVATE ${used})
        endif ()
    endforeach ()
    add_test (NAME unit/${name} COMMAND ${target})
    set_tests_properties (unit/${name} PROPERTIES TIMEOUT 60 LABELS unit)
endfunction ()

#   keel_python_test (NAME SCRIPT PROGRAMS PROGRAM... [TIMEOUT SECONDS])
#   A file of unittest cases that talk to programs from outside (tests/python/keeltest.py), and the ctest NAME, which begins with the
#   tier: interop/..., e2e/... A program that this build does not have leaves the test out.
#   The first python in the path may not have pyzmq; Debian's own has Debian's python3-zmq.
find_program (KEEL_ZMQ_PYTHON NAMES python3 PATHS /usr/bin NO_DEFAULT_PATH DOC "A python with pyzmq")
find_program (KEEL_ZMQ_PYTHON NAMES python3 REQUIRED)
function (keel_python_test name script)
    cmake_parse_arguments (arg "" "TIMEOUT" "PROGRAMS" ${ARGN})
    set (folders "")
    foreach (program IN LISTS arg_PROGRAMS)
        if (NOT TARGET ${program})
            message (STATUS "${name} is left out: there is no ${program}")
            return ()
        endif ()
        list (APPEND folders $<TARGET_FILE_DIR:${program}>)
    endforeach ()
    if (NOT arg_TIMEOUT)
        set (arg_TIMEOUT 120)
    endif ()
    list (JOIN folders ":" path)
    string (REGEX REPLACE "/.*" "" tier ${name})
    add_test (NAME ${name} COMMAND ${KEEL_ZMQ_PYTHON} -B ${CMAKE_CURRENT_SOURCE_DIR}/${script})
    set_tests_properties (${name} PROPERTIES TIMEOUT ${arg_TIMEOUT} LABELS ${tier}
                          ENVIRONMENT "KEEL_PATH=${path};PYTHONPATH=${PROJECT_SOURCE_DIR}/tests/python")
endfunction ()

#   keel_threaded (TEST TARGET...)
#   Marks a test of something that has threads of its own, and names what it needs. test.sh builds the target `threads` with the
#   thread sanitizer, and runs the tests of that label.
add_custom_target (threads)
function (keel_threaded test)
    set_property (TEST ${test} APPEND PROPERTY LABELS threads)
    add_dependencies (threads ${ARGN})
endfunction ()
