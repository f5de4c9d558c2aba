# The Debian package. scripts/package builds it, of what is installed into a folder of its own. Dependencies on shared
# libraries are dpkg-shlibdeps' to find; DPDK's drivers are plugins, which it can't see.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME hostscope)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_CONTACT "The Hostscope developers <hostscope@example.org>")
set(CPACK_PACKAGING_INSTALL_PREFIX /)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS
    "adduser, librte-meta-net, librte-meta-bus, librte-meta-mempool, init-system-helpers (>= 1.52)")
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "driverctl, chrony | time-daemon")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "live record of every host, from NetFlow and IPFIX")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION "Hostscope receives the NetFlow v5, NetFlow v9 and IPFIX that routers, probes
and firewalls send, with DPDK, and turns it into one record for every host of
a network and every window of time. Records go to Apache Kafka, to files and
to a store on disk.

It needs a processor with x86-64-v3, which every server since 2013 has.")
foreach(file conffiles postinst prerm postrm)
  list(APPEND CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${PROJECT_SOURCE_DIR}/packaging/debian/${file})
endforeach()
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
include(CPack)
