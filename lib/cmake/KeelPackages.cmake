#   Debian packages, by CPack:  cmake --build --preset release --target package
#   An installation has one component a package. What Debian wants beyond that is done to what was installed for each by stage-deb.cmake, with
#   the files in systemd/debian. All of it is the same from any build tree, whatever prefix that was configured with: the packages' is /usr.

set (KEEL_MAINTAINER "Keel developers <keel@keel.invalid>" CACHE STRING "Who answers for the packages: Name <address>")

set (CPACK_GENERATOR DEB)
set (CPACK_VERBATIM_VARIABLES ON)
set (CPACK_PACKAGE_CONTACT ${KEEL_MAINTAINER})
set (CPACK_PACKAGE_DESCRIPTION_SUMMARY "")
set (CPACK_PACKAGE_DIRECTORY ${PROJECT_BINARY_DIR}/packages)
set (CPACK_PACKAGING_INSTALL_PREFIX /usr)
set (CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
    OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set (CPACK_PROJECT_CONFIG_FILE ${CMAKE_CURRENT_LIST_DIR}/config-deb.cmake)
set (CPACK_PRE_BUILD_SCRIPTS ${CMAKE_CURRENT_LIST_DIR}/stage-deb.cmake)
set (CPACK_POST_BUILD_SCRIPTS ${CMAKE_CURRENT_LIST_DIR}/unstage-deb.cmake)

#   What these scripts want to know.
set (CPACK_KEEL_SOURCE_DIR ${PROJECT_SOURCE_DIR})
set (CPACK_KEEL_DEBIAN_DIR ${PROJECT_SOURCE_DIR}/systemd/debian)
set (CPACK_KEEL_LIBDIR ${CMAKE_INSTALL_LIBDIR})
set (CPACK_KEEL_DOCDIR ${CMAKE_INSTALL_DOCDIR})
set (CPACK_KEEL_MANDIR ${CMAKE_INSTALL_MANDIR})
set (CPACK_KEEL_STRIP ${CMAKE_STRIP})
set (CPACK_KEEL_SHLIBS "libkeel ${PROJECT_VERSION_MAJOR} libkeel0 (>= ${PROJECT_VERSION})")

set (CPACK_DEB_COMPONENT_INSTALL ON)
set (CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set (CPACK_DEBIAN_PACKAGE_SOURCE keel)
set (CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set (CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)

#   keel_package (NAME SECTION section [DEPENDS relation...] [RECOMMENDS relation...] [SUGGESTS relation...])
#   A package of the component of its name; dependencies on shared libraries are computed. systemd/debian/NAME has its description,
#   whose first line is the synopsis, and its control files: maintainer scripts, triggers.
function (keel_package name)
    cmake_parse_arguments (arg "" "SECTION" "DEPENDS;RECOMMENDS;SUGGESTS" ${ARGN})
    set (CPACK_COMPONENTS_ALL ${CPACK_COMPONENTS_ALL} ${name} PARENT_SCOPE)
    string (TOUPPER ${name} upper)
    set (folder ${PROJECT_SOURCE_DIR}/systemd/debian/${name})
    file (READ ${folder}/description description)
    set (CPACK_COMPONENT_${upper}_DESCRIPTION ${description} PARENT_SCOPE)
    set (CPACK_DEBIAN_${upper}_PACKAGE_NAME ${name} PARENT_SCOPE)
    set (CPACK_DEBIAN_${upper}_PACKAGE_SECTION ${arg_SECTION} PARENT_SCOPE)
    foreach (relation DEPENDS RECOMMENDS SUGGESTS)
        list (JOIN arg_${relation} ", " relations)
        set (CPACK_DEBIAN_${upper}_PACKAGE_${relation} "${relations}" PARENT_SCOPE)
    endforeach ()
    #   An installation has the source at hand, a package has not.
    install (FILES ${PROJECT_SOURCE_DIR}/systemd/debian/copyright DESTINATION ${CMAKE_INSTALL_DOCDIR}
        COMPONENT ${name} EXCLUDE_FROM_ALL)
endfunction ()

set (CPACK_COMPONENTS_ALL "")
keel_package (libkeel0 SECTION libs)
keel_package (libkeel-dev SECTION libdevel
    DEPENDS "libkeel0 (= ${PROJECT_VERSION})" libczmq-dev RECOMMENDS pkg-config)
#   ExecReload needs procps; the user and group keel are made by systemd-sysusers.
keel_package (keel-brokers SECTION net
    DEPENDS procps "systemd | systemd-standalone-sysusers | systemd-sysusers" RECOMMENDS keel-tools)
keel_package (keel-tools SECTION net
    SUGGESTS keel-brokers python3-zmq)

include (CPack)
