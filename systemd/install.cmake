#   Installs units, users, directories and configuration files. Runs at installation: they name the prefix, and that may be given
#   only then (cmake --install --prefix). Given: SOURCE, BUILD (a folder to write to), BINDIR, SYSCONFDIR and UNITDIR.

include (${SOURCE}/systemd/units.cmake)

set (prefix ${CMAKE_INSTALL_PREFIX})

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

#   Another installation of the same build may run at the same time.
string (RANDOM LENGTH 12 unique)
keel_units (${BUILD}/${unique} ${bindir} ${etcdir}/keel)
list (TRANSFORM KEEL_UNITS PREPEND ${BUILD}/${unique}/)
file (INSTALL ${KEEL_UNITS} DESTINATION ${unitdir})
file (REMOVE_RECURSE ${BUILD}/${unique})
file (INSTALL ${SOURCE}/systemd/keel.sysusers DESTINATION ${libdir}/sysusers.d RENAME keel.conf)
file (INSTALL ${SOURCE}/systemd/keel.tmpfiles DESTINATION ${libdir}/tmpfiles.d RENAME keel.conf)

#   What somebody has made of a configuration file stays as it is.
foreach (daemon IN LISTS KEEL_DAEMONS)
    set (file ${etcdir}/keel/${daemon}.cfg)
    if (NOT EXISTS $ENV{DESTDIR}${file})
        file (INSTALL ${SOURCE}/brokers/conf/${daemon}.cfg DESTINATION ${etcdir}/keel)
    endif ()
endforeach ()
