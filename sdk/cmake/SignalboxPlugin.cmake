# signalbox_add_plugin(NAME SOURCES...): the target signalbox_plugin_NAME, a libsignalbox_NAME.so whose only export is the one
# function of <signalbox/plugin.h>. C or C++; link what else it needs with target_link_libraries.
function(signalbox_add_plugin name)
  if(NOT name MATCHES "^[a-z0-9_]+$")
    message(FATAL_ERROR "signalbox_add_plugin: '${name}': a plugin's name is made of a-z, 0-9 and _")
  endif()
  set(target signalbox_plugin_${name})
  set(map ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/plugin.map)
  add_library(${target} MODULE ${ARGN})
  set_target_properties(${target} PROPERTIES
    PREFIX lib SUFFIX .so OUTPUT_NAME signalbox_${name} POSITION_INDEPENDENT_CODE ON
    C_VISIBILITY_PRESET hidden CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON LINK_DEPENDS ${map})
  if(NOT CMAKE_CXX_STANDARD OR CMAKE_CXX_STANDARD LESS 20)
    set_target_properties(${target} PROPERTIES CXX_STANDARD 20 CXX_STANDARD_REQUIRED ON)
  endif()
  target_link_libraries(${target} PRIVATE signalbox::sdk)
  target_link_options(${target} PRIVATE -Wl,--version-script=${map})
  # What is missing is told by the linker, not by a server that starts. A sanitizer's runtime may be in the executable only.
  if(NOT "${SIGNALBOX_SANITIZE} ${CMAKE_C_FLAGS} ${CMAKE_CXX_FLAGS} ${CMAKE_MODULE_LINKER_FLAGS}" MATCHES "address|thread|-fsanitize")
    target_link_options(${target} PRIVATE -Wl,-z,defs)
  endif()
endfunction()
