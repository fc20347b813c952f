#   Writes every unit for one prefix: a daemon's service, and its template for several instances, each with a configuration file of its
#   own. Used at configuration (for the tests) and at installation, since only then the prefix is known for certain.

set (KEEL_DAEMONS mdbroker titanic spqueue ppqueue binarystar)

function (keel_unit source name)
    configure_file (${source} ${FOLDER}/${name} @ONLY)
    set (KEEL_UNITS ${KEEL_UNITS} ${name} PARENT_SCOPE)
endfunction ()

#   keel_units (FOLDER BINDIR ETCDIR): sets KEEL_UNITS to the names of what it has written there.
function (keel_units FOLDER BINDIR ETCDIR)
    set (here ${CMAKE_CURRENT_FUNCTION_LIST_DIR})
    file (READ ${here}/daemon.conf DAEMON)
    set (KEEL_UNITS "")
    foreach (daemon IN LISTS KEEL_DAEMONS)
        set (INSTANCE "")
        set (TITLE "")
        set (BROKER mdbroker.service)
        set (HINT "Change it by a drop-in: systemctl edit ${daemon}. What ${daemon} does stands in ${ETCDIR}/${daemon}.cfg.")
        keel_unit (${here}/${daemon}.service.in ${daemon}.service)
        set (INSTANCE "-%i")
        set (TITLE " (%i)")
        set (HINT "One of several: ${daemon}@NAME reads ${ETCDIR}/${daemon}-NAME.cfg, and wants endpoints and files of its own there.")
        keel_unit (${here}/${daemon}.service.in ${daemon}@.service)
    endforeach ()
    set (TITLE "")
    set (HINT "Change it by a drop-in: systemctl edit mdbroker.socket.")
    keel_unit (${here}/mdbroker.socket.in mdbroker.socket)
    set (KEEL_UNITS ${KEEL_UNITS} PARENT_SCOPE)
endfunction ()
