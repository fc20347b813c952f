#   The flags of every target, and the two shapes that targets come in: a layer of the library, a program.

add_library (keel_flags INTERFACE)
target_compile_features (keel_flags INTERFACE c_std_11)
target_compile_definitions (keel_flags INTERFACE _GNU_SOURCE KEEL_VERSION="${PROJECT_VERSION}")
target_compile_options (keel_flags INTERFACE
    -Wall -Wextra -Wconversion -Wshadow -Wmissing-prototypes -Wvla -fno-common)
#   Layers come whole, and what a program or the library does not use of them is left out, with the libraries that only that needed.
if (NOT KEEL_SANITIZE)
    target_compile_options (keel_flags INTERFACE -ffunction-sections -fdata-sections)
    target_link_options (keel_flags INTERFACE -Wl,--gc-sections -Wl,--as-needed)
endif ()
if (KEEL_SANITIZE)
    target_compile_options (keel_flags INTERFACE -fsanitize=${KEEL_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=undefined)
    target_link_options (keel_flags INTERFACE -fsanitize=${KEEL_SANITIZE})
endif ()
if (KEEL_FUZZ)
    target_compile_options (keel_flags INTERFACE -fsanitize=fuzzer-no-link)
endif ()

#   Programs find the library from where they stand: nothing in them depends on where the tree is.
set (CMAKE_BUILD_RPATH_USE_ORIGIN ON)

#   The library that is installed, where only what is marked KEEL_EXPORT is seen, and its testing twin of the same objects,
#   where white-box tests reach everything. Each layer adds itself to both.
set (KEEL_LAYERS wire engine store shell api)
add_library (keel SHARED)
add_library (keel::keel ALIAS keel)
add_library (keel_testing STATIC)
set_target_properties (keel PROPERTIES VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR} LINKER_LANGUAGE C)
set_target_properties (keel_testing PROPERTIES LINKER_LANGUAGE C)
target_link_libraries (keel PRIVATE keel_flags)

#   keel_layer (NAME SOURCES... [USES LAYER-OR-LIBRARY...])
#   One OBJECT library. It sees the headers of the layers it names and of no others: that is how the layer rule is kept.
function (keel_layer name)
    cmake_parse_arguments (arg "" "" "SOURCES;USES" ${ARGN})
    add_library (keel_${name} OBJECT ${arg_SOURCES})
    target_include_directories (keel_${name} PUBLIC ${CMAKE_CURRENT_SOURCE_DIR}/${name})
    target_link_libraries (keel_${name} PUBLIC ${arg_USES} PRIVATE keel_flags)
    set_target_properties (keel_${name} PROPERTIES POSITION_INDEPENDENT_CODE ON C_VISIBILITY_PRESET hidden)
    if (name IN_LIST KEEL_LAYERS)
        target_link_libraries (keel_testing PUBLIC keel_${name})
    endif ()
    #   No class needs the store: only titanic has one.
    if (name IN_LIST KEEL_LAYERS AND NOT name STREQUAL "store")
        target_link_libraries (keel PRIVATE keel_${name})
    endif ()
endfunction ()

#   keel_program (NAME SOURCES... USES LIBRARY...)
function (keel_program name)
    cmake_parse_arguments (arg "" "" "SOURCES;USES" ${ARGN})
    add_executable (${name} ${arg_SOURCES})
    target_link_libraries (${name} PRIVATE ${arg_USES} keel_flags)
    file (RELATIVE_PATH libraries ${CMAKE_INSTALL_FULL_BINDIR} ${CMAKE_INSTALL_FULL_LIBDIR})
    set_target_properties (${name} PROPERTIES INSTALL_RPATH "$ORIGIN/${libraries}")
    install (TARGETS ${name} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
    #   One file for all programs; bash looks for it under the name of each.
    install (FILES ${PROJECT_SOURCE_DIR}/systemd/keel.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME ${name})
    set_property (GLOBAL APPEND PROPERTY KEEL_PROGRAMS ${name})
endfunction ()
