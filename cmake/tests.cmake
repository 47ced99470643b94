# SPDX-License-Identifier: GPL-2.0
# How tests are declared. A test's first label is its group: what a developer runs with `ctest -L`.
#   quick    seconds, needs nothing but the host programs, and no root
#   gate     source checks: warnings of other compilers, static checkers
#   slicer   mini tree and the real tree
#   stubs ring user arch supervisor    the part of that name
#   image    anything that needs a domain image in build/; also
#     whole        also needs it unsliced (make whole)
#     poison kasan debug tests an image of that kind (make poison kasan debug)
#     domains      needs the images of several domains
#     tree         needs an image of another kernel tree (make other-tree)
#     specs        needs today's two specs of tests/specs (make turn-specs)
#   fault e2e               whole system; also labelled `image`
# Tests run in parallel, with their own domains and folders. Those with the label `alone` measure; those of the group slicer that test
# the same domain share its folder in build/, so they run one at a time.
# A test about a domain is declared once and runs for every spec in specs/; the domain's name is its last label.

# The domains: one for each spec; KSLICE_KIND_NAME, the kind of its fds (socket, file, pipe), which decides which programs can test
# it, and KSLICE_PREFIX_NAME, the path of its files: both as tests/common/devices.py reads them.
file(GLOB specs CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/specs/*.json)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${specs} ${PROJECT_SOURCE_DIR}/tests/common/devices.py)
execute_process(COMMAND ${CMAKE_COMMAND} -E env KSLICE_SRC=${PROJECT_SOURCE_DIR} /usr/bin/python3 tests/common/devices.py domains
  WORKING_DIRECTORY ${PROJECT_SOURCE_DIR} OUTPUT_VARIABLE domains OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
string(REPLACE "\n" ";" domains "${domains}")
set(KSLICE_DOMAINS "")
foreach(domain ${domains})
  if(NOT domain MATCHES "^([^=]+)=([^=]*)=(.*)$")
    message(FATAL_ERROR "tests/common/devices.py domains: ${domain}: not NAME=KIND=PREFIX")
  endif()
  set(name ${CMAKE_MATCH_1})
  list(APPEND KSLICE_DOMAINS ${name})
  set(KSLICE_KIND_${name} ${CMAKE_MATCH_2})
  set(KSLICE_PREFIX_${name} ${CMAKE_MATCH_3})
endforeach()

function(kslice_run_serial name)
  if(alone IN_LIST ARGN)
    set_tests_properties(${name} PROPERTIES RUN_SERIAL ON)
  endif()
endfunction()

# kslice_test(NAME GROUP SOURCES a.c ... [LIBS x ...] [LABELS y ...]): a cmocka program.
function(kslice_test name group)
  cmake_parse_arguments(T "" "" "SOURCES;LIBS;LABELS" ${ARGN})
  add_executable(${name} ${T_SOURCES})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${KSLICE_BUILD}/tests)
  target_link_libraries(${name} PRIVATE sd_headers cmocka ${T_LIBS})
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES LABELS "${group};${T_LABELS}" TIMEOUT 600)
  kslice_run_serial(${name} ${group} ${T_LABELS})
endfunction()

# kslice_script_test(NAME GROUP COMMAND ... [LABELS y ...] [COST seconds]): any command; exit status 0 is a pass. COST: about how long
# it takes, if that is half a minute or more.
function(kslice_script_test name group)
  cmake_parse_arguments(T "" "TIMEOUT;COST" "COMMAND;LABELS" ${ARGN})
  if(NOT T_TIMEOUT)
    set(T_TIMEOUT 900)
  endif()
  add_test(NAME ${name} COMMAND ${T_COMMAND} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
  set_tests_properties(${name} PROPERTIES LABELS "${group};${T_LABELS}" TIMEOUT ${T_TIMEOUT}
    ENVIRONMENT "KSLICE_BUILD=${KSLICE_BUILD};KSLICE_SRC=${PROJECT_SOURCE_DIR}")
  kslice_run_serial(${name} ${group} ${T_LABELS})
  if(T_COST) # the longest start first
    set_tests_properties(${name} PROPERTIES COST ${T_COST})
  endif()
endfunction()

# kslice_domain_tests(NAME GROUP COMMAND ... [LABELS y ...] [ONLY domain ...] [KINDS kind ...]): kslice_script_test for every
# domain (of these); `%d` in NAME and COMMAND is its name.
function(kslice_domain_tests name group)
  cmake_parse_arguments(T "" "TIMEOUT;COST" "COMMAND;LABELS;ONLY;KINDS" ${ARGN})
  foreach(domain ${KSLICE_DOMAINS})
    if((T_ONLY AND NOT domain IN_LIST T_ONLY) OR (T_KINDS AND NOT "${KSLICE_KIND_${domain}}" IN_LIST T_KINDS))
      continue()
    endif()
    string(REPLACE %d ${domain} one_name ${name})
    string(REPLACE %d ${domain} one_command "${T_COMMAND}")
    kslice_script_test(${one_name} ${group} COMMAND ${one_command} LABELS ${T_LABELS} ${domain} TIMEOUT ${T_TIMEOUT} COST ${T_COST})
    if("${group}" STREQUAL slicer)
      set_tests_properties(${one_name} PROPERTIES RESOURCE_LOCK build-${domain})
    endif()
  endforeach()
endfunction()
