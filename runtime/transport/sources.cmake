# SPDX-License-Identifier: GPL-2.0
# KSLICE_TRANSPORTS: the transports that programs of the host use to call domains (folders here; table.c finds the linked ones by name).
# KSLICE_TRANSPORT_SOURCES: their client sides.
set(KSLICE_TRANSPORTS shm CACHE STRING "Transports by which programs can call domains (folders of runtime/transport)")
set(KSLICE_TRANSPORT_SOURCES ${CMAKE_CURRENT_LIST_DIR}/table.c)
foreach(transport ${KSLICE_TRANSPORTS})
  list(APPEND KSLICE_TRANSPORT_SOURCES ${CMAKE_CURRENT_LIST_DIR}/${transport}/${transport}_client.c)
endforeach()
