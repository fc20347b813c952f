#   Where things are installed: the GNU directories, all below the prefix, and Debian's place for libraries under every prefix, since its
#   loader, pkg-config and CMake look there in /usr/local too, and so that packages can be made from any build tree.

if (EXISTS /etc/debian_version AND CMAKE_LIBRARY_ARCHITECTURE AND NOT DEFINED CMAKE_INSTALL_LIBDIR)
    set (CMAKE_INSTALL_LIBDIR lib/${CMAKE_LIBRARY_ARCHITECTURE} CACHE PATH "Object code libraries")
endif ()
#   Or it would choose anew when the prefix has changed.
unset (_GNUInstallDirs_LAST_CMAKE_INSTALL_PREFIX CACHE)
include (GNUInstallDirs)
