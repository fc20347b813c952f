#   Installs units, users, directories and configuration files. Runs at installation: they name the prefix, and that may be given
#   only then (cmake --install --prefix). Given: SOURCE, BUILD (a folder to write to), BINDIR, SYSCONFDIR and UNITDIR.
#
#   Who stages an installation under another prefix than that in which it will stand, as cpack does, says in the environment
#   variable KEEL_PREFIX where it will stand.

include (${SOURCE}/systemd/units.cmake)

set (prefix ${CMAKE_INSTALL_PREFIX})
set (root "")
if (NOT "$ENV{KEEL_PREFIX}" STREQUAL "")
    set (prefix $ENV{KEEL_PREFIX})
    if (NOT CMAKE_INSTALL_PREFIX MATCHES "^(.*)${prefix}$")
        message (FATAL_ERROR "${CMAKE_INSTALL_PREFIX} does not end with KEEL_PREFIX, ${prefix}")
    endif ()
    set (root ${CMAKE_MATCH_1})
endif ()

#   placed (VARIABLE FOLDER OF-USR): a folder below the prefix, unless it is absolute or, of /usr, elsewhere.
function (placed variable folder of_usr)
    if (prefix STREQUAL "/usr" AND of_usr)
        set (folder ${of_usr})
    endif ()
    cmake_path (ABSOLUTE_PATH folder BASE_DIRECTORY ${prefix})
    set (${variable} ${folder} PARENT_SCOPE)
endfunction ()

placed (bindir ${BINDIR} "")
if (SYSCONFDIR STREQUAL "etc")
    placed (etcdir etc /etc)
else ()
    placed (etcdir ${SYSCONFDIR} "")
endif ()
if (UNITDIR)
    placed (unitdir ${UNITDIR} "")
else ()
    placed (unitdir lib/systemd/system /lib/systemd/system)
endif ()
placed (libdir lib "")

keel_units (${BUILD} ${bindir} ${etcdir}/keel)
list (TRANSFORM KEEL_UNITS PREPEND ${BUILD}/)
file (INSTALL ${KEEL_UNITS} DESTINATION ${root}${unitdir})
file (INSTALL ${SOURCE}/systemd/keel.sysusers DESTINATION ${root}${libdir}/sysusers.d RENAME keel.conf)
file (INSTALL ${SOURCE}/systemd/keel.tmpfiles DESTINATION ${root}${libdir}/tmpfiles.d RENAME keel.conf)

#   What somebody has made of a configuration file stays as it is.
foreach (daemon IN LISTS KEEL_DAEMONS)
    set (file ${root}${etcdir}/keel/${daemon}.cfg)
    if (NOT EXISTS $ENV{DESTDIR}${file})
        file (INSTALL ${SOURCE}/brokers/conf/${daemon}.cfg DESTINATION ${root}${etcdir}/keel)
    endif ()
endforeach ()
