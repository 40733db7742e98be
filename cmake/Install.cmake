# What `cmake --install` puts where, below any prefix: nothing in it knows where it lies, except the last folder that the server
# looks for plugins in.
include(CMakePackageConfigHelpers)

install(TARGETS signalbox signalbox-conformance RUNTIME)
get_property(plugins GLOBAL PROPERTY SIGNALBOX_PLUGINS)
install(TARGETS ${plugins} LIBRARY DESTINATION ${SIGNALBOX_INSTALL_PLUGINDIR})

# The SDK: headers, CMake package, pkg-config file, version script.
install(DIRECTORY sdk/include/signalbox TYPE INCLUDE)
install(TARGETS signalbox_sdk EXPORT signalbox-targets)
set_target_properties(signalbox_sdk PROPERTIES EXPORT_NAME sdk)
install(EXPORT signalbox-targets NAMESPACE signalbox:: DESTINATION ${SIGNALBOX_INSTALL_CMAKEDIR})
configure_package_config_file(sdk/cmake/signalbox-config.cmake.in ${PROJECT_BINARY_DIR}/signalbox-config.cmake
  INSTALL_DESTINATION ${SIGNALBOX_INSTALL_CMAKEDIR} PATH_VARS SIGNALBOX_INSTALL_PLUGINDIR)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/signalbox-config-version.cmake COMPATIBILITY SameMajorVersion ARCH_INDEPENDENT)
install(FILES ${PROJECT_BINARY_DIR}/signalbox-config.cmake ${PROJECT_BINARY_DIR}/signalbox-config-version.cmake
  sdk/cmake/SignalboxPlugin.cmake sdk/cmake/plugin.map DESTINATION ${SIGNALBOX_INSTALL_CMAKEDIR})
file(RELATIVE_PATH PC_TO_PREFIX /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
string(REGEX REPLACE "/$" "" PC_TO_PREFIX ${PC_TO_PREFIX})
configure_file(sdk/signalbox.pc.in ${PROJECT_BINARY_DIR}/signalbox.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/signalbox.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

# Configurations to copy from: /etc belongs to whoever runs the server.
install(DIRECTORY configs DESTINATION ${CMAKE_INSTALL_DATADIR}/signalbox FILES_MATCHING PATTERN *.yaml)
install(FILES LICENSE README.md CHANGELOG.md TYPE DOC)
install(DIRECTORY docs TYPE DOC)
install(DIRECTORY examples TYPE DOC USE_SOURCE_PERMISSIONS PATTERN build EXCLUDE PATTERN target EXCLUDE PATTERN __pycache__ EXCLUDE)
