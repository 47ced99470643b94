# SPDX-License-Identifier: GPL-2.0
# `make install`: programs, their run-time files, the stub library, man pages. slicer/base/install.h and runtime/supervisor/paths.h
# (paths_product) rely on the locations, relative to the programs.
include(GNUInstallDirs)
set(KSLICE_LIB lib/kslice)
set(KSLICE_SHARE share/kslice)

# ---- pages and completion: generated from the programs' tables and the schema of specs ----

file(STRINGS ${PROJECT_SOURCE_DIR}/CHANGELOG.md release REGEX "^## \\[${PROJECT_VERSION}\\] - ")
if(NOT release)
  message(FATAL_ERROR "CHANGELOG.md: no entry of version ${PROJECT_VERSION}")
endif()
string(REGEX REPLACE ".* - " "" KSLICE_DATE "${release}")
set(man ${PROJECT_SOURCE_DIR}/man)
set(pages "")
function(kslice_made output) # FROM files, ARGS of man.py
  cmake_parse_arguments(M "" "" "FROM;ARGS" ${ARGN})
  add_custom_command(OUTPUT ${output} COMMAND /usr/bin/python3 ${man}/man.py ${M_ARGS} > ${output}.new
    COMMAND ${CMAKE_COMMAND} -E rename ${output}.new ${output} DEPENDS ${man}/man.py ${M_FROM} VERBATIM)
  set(pages ${pages} ${output} PARENT_SCOPE)
endfunction()
file(MAKE_DIRECTORY ${KSLICE_BUILD}/man ${KSLICE_BUILD}/completions)
foreach(program kslice kdom)
  kslice_made(${KSLICE_BUILD}/man/${program}.1 FROM ${program} ${man}/${program}.1.in
    ARGS page ${KSLICE_DATE} $<TARGET_FILE:${program}> ${man}/${program}.1.in)
  kslice_made(${KSLICE_BUILD}/completions/${program} FROM ${program} ARGS bash $<TARGET_FILE:${program}>)
endforeach()
kslice_made(${KSLICE_BUILD}/man/kslice-spec.5 FROM ${PROJECT_SOURCE_DIR}/specs/schema.json ${man}/kslice-spec.5.in
  ARGS spec ${KSLICE_DATE} ${PROJECT_VERSION} ${PROJECT_SOURCE_DIR}/specs/schema.json ${man}/kslice-spec.5.in)
add_custom_target(pages ALL DEPENDS ${pages})

# ---- the stub library: client stubs of all domains, and the client's end of rings ----

file(GLOB stubs CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/generated/*/client*.c)
add_library(kslice_stubs STATIC ${stubs} $<TARGET_OBJECTS:sd_client> $<TARGET_OBJECTS:sd_transports>)
target_link_libraries(kslice_stubs PRIVATE sd_headers sd_abi)
target_compile_options(kslice_stubs PRIVATE -ffreestanding -Wno-sign-compare)
set_target_properties(kslice_stubs PROPERTIES OUTPUT_NAME kslice POSITION_INDEPENDENT_CODE ON)
set(pc ${CMAKE_BINARY_DIR}/kslice.pc)
file(RELATIVE_PATH up /prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig /prefix)
file(CONFIGURE OUTPUT ${pc} @ONLY CONTENT "prefix=\${pcfiledir}/@up@
includedir=\${prefix}/include
libdir=\${prefix}/@CMAKE_INSTALL_LIBDIR@

Name: kslice
Description: Client stubs of service domains
Version: @PROJECT_VERSION@
Cflags: -I\${includedir} -I\${includedir}/kslice
Libs: -L\${libdir} -lkslice
")
install(TARGETS kslice_stubs ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(FILES ${pc} DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
install(DIRECTORY runtime/include/sd runtime/port/host/sd ${CMAKE_BINARY_DIR}/runtime/include/abi/sd
  DESTINATION include FILES_MATCHING PATTERN *.h PATTERN *.def)
install(DIRECTORY generated/ DESTINATION include/kslice
  FILES_MATCHING PATTERN calls.h PATTERN client*.h PATTERN stubs_abi.h PATTERN wire.h)

# ---- programs and their files ----

install(TARGETS kslice kdom RUNTIME DESTINATION bin)
install(TARGETS kdom-launch kslice-cc RUNTIME DESTINATION ${KSLICE_LIB})
install(DIRECTORY specs generated DESTINATION ${KSLICE_SHARE})
install(DIRECTORY runtime DESTINATION ${KSLICE_SHARE} USE_SOURCE_PERMISSIONS PATTERN supervisor EXCLUDE)
# `kslice test`
install(DIRECTORY tests/stubs DESTINATION ${KSLICE_SHARE}/tests USE_SOURCE_PERMISSIONS
  PATTERN CMakeLists.txt EXCLUDE PATTERN generator_test.sh EXCLUDE PATTERN test_parts.c EXCLUDE)
install(FILES tests/serve/domain.c tests/serve/domain.h DESTINATION ${KSLICE_SHARE}/tests/serve)
install(FILES tests/common/parts.sh tests/common/devices.py DESTINATION ${KSLICE_SHARE}/tests/common)
install(PROGRAMS kernel-tree/fetch.sh kernel-tree/overlay.sh kernel-tree/install-deps.sh DESTINATION ${KSLICE_SHARE}/kernel-tree)
install(FILES kernel-tree/packages.txt DESTINATION ${KSLICE_SHARE}/kernel-tree)
# Images aren't built by CMake: installs the existing ones.
install(CODE "
  file(GLOB images ${KSLICE_BUILD}/*/*.image)
  foreach(image \${images})
    get_filename_component(dir \${image} DIRECTORY)
    get_filename_component(name \${dir} NAME)
    if(EXISTS ${PROJECT_SOURCE_DIR}/specs/\${name}.json AND EXISTS \${dir}/manifest.json)
      file(INSTALL \${image} DESTINATION \"\${CMAKE_INSTALL_PREFIX}/${KSLICE_LIB}/\${name}\" USE_SOURCE_PERMISSIONS)
      file(INSTALL \${dir}/manifest.json DESTINATION \"\${CMAKE_INSTALL_PREFIX}/${KSLICE_LIB}/\${name}\")
    endif()
  endforeach()")

install(FILES ${KSLICE_BUILD}/man/kslice.1 ${KSLICE_BUILD}/man/kdom.1 DESTINATION share/man/man1)
install(FILES ${KSLICE_BUILD}/man/kslice-spec.5 DESTINATION share/man/man5)
install(FILES ${KSLICE_BUILD}/completions/kslice ${KSLICE_BUILD}/completions/kdom
  DESTINATION share/bash-completion/completions)
install(FILES README.md CHANGELOG.md DESTINATION share/doc/kslice)
install(DIRECTORY LICENSES DESTINATION share/doc/kslice)
