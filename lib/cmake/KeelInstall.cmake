#   What a program outside needs of the library: headers, libkeel, keel.pc, find_package (keel), and examples.

include (CMakePackageConfigHelpers)

#   The headers say the version too, since programs outside compare it with the library's.
function (keel_check_version header)
    file (STRINGS ${header} lines REGEX "define KEEL_VERSION_(MAJOR|MINOR|PATCH)")
    string (REGEX REPLACE "[^0-9;]" "" numbers "${lines}")
    string (REPLACE ";" "." said "${numbers}")
    if (NOT said VERSION_EQUAL PROJECT_VERSION)
        message (FATAL_ERROR "${header} says version ${said}, the project ${PROJECT_VERSION}")
    endif ()
endfunction ()

set (keel_headers ${CMAKE_CURRENT_SOURCE_DIR}/include)
set (keel_package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/keel)
keel_check_version (${keel_headers}/keel/version.h)

target_include_directories (keel INTERFACE
    $<BUILD_INTERFACE:${keel_headers}> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
target_link_libraries (keel PUBLIC PkgConfig::CZMQ)

set (CMAKE_INSTALL_DEFAULT_COMPONENT_NAME libkeel-dev)
install (DIRECTORY ${keel_headers}/keel DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h")
install (TARGETS keel EXPORT keelTargets
    LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT libkeel0 NAMELINK_COMPONENT libkeel-dev)
install (EXPORT keelTargets NAMESPACE keel:: DESTINATION ${keel_package_dir})

#   keel.pc finds its prefix from where it stands, so that a tree can be moved after it was installed.
file (RELATIVE_PATH keel_pc_prefix ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
string (REGEX REPLACE "/$" "" keel_pc_prefix ${keel_pc_prefix})
configure_file (${CMAKE_CURRENT_LIST_DIR}/keel.pc.in keel.pc @ONLY)
install (FILES ${CMAKE_CURRENT_BINARY_DIR}/keel.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

configure_package_config_file (${CMAKE_CURRENT_LIST_DIR}/keelConfig.cmake.in keelConfig.cmake
    INSTALL_DESTINATION ${keel_package_dir})
write_basic_package_version_file (keelConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install (FILES ${CMAKE_CURRENT_BINARY_DIR}/keelConfig.cmake ${CMAKE_CURRENT_BINARY_DIR}/keelConfigVersion.cmake
    DESTINATION ${keel_package_dir})

#   Programs in C are built against the library; those in Python speak to brokers by themselves.
install (FILES ${PROJECT_SOURCE_DIR}/README.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
foreach (side clients workers)
    set (keel_examples ${PROJECT_SOURCE_DIR}/${side}/examples)
    set (keel_examples_dir ${CMAKE_INSTALL_DOCDIR}/examples/${side})
    install (DIRECTORY ${keel_examples}/c DESTINATION ${keel_examples_dir})
    install (DIRECTORY ${keel_examples}/python DESTINATION ${keel_examples_dir} COMPONENT keel-tools USE_SOURCE_PERMISSIONS
        PATTERN __pycache__ EXCLUDE)
endforeach ()
