# What every target of Signalbox shares: language level, warnings, sanitizers, and the check that each header stands alone.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
# The executable and plugins/ beside it, at the top of the build tree: where `signalbox` looks for them.
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR})

find_program(CCACHE ccache)
if(CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${CCACHE})
endif()

add_library(signalbox_flags INTERFACE)
target_compile_options(signalbox_flags INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion
  $<$<COMPILE_LANGUAGE:CXX>:-Wnon-virtual-dtor -Woverloaded-virtual> $<$<BOOL:${SIGNALBOX_WERROR}>:-Werror>)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # Optimising, GCC 12 sees an overlap in `"text" + std::string` that is not there (GCC bug 105329).
  target_compile_options(signalbox_flags INTERFACE -Wno-restrict)
endif()
if(SIGNALBOX_SANITIZE STREQUAL "address")
  target_compile_options(signalbox_flags INTERFACE -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
  target_link_options(signalbox_flags INTERFACE -fsanitize=address,undefined)
elseif(SIGNALBOX_SANITIZE STREQUAL "thread")
  # Asio uses atomic_thread_fence, which g++ says ThreadSanitizer does not see; its own mutexes order the same accesses.
  target_compile_options(signalbox_flags INTERFACE -fsanitize=thread -fno-omit-frame-pointer
    $<$<CXX_COMPILER_ID:GNU>:-Wno-tsan>)
  target_link_options(signalbox_flags INTERFACE -fsanitize=thread)
  # Beside every executable's own sources, and seen by the libraries that plugins bring.
  set(is_executable $<STREQUAL:$<TARGET_PROPERTY:TYPE>,EXECUTABLE>)
  target_sources(signalbox_flags INTERFACE $<${is_executable}:${PROJECT_SOURCE_DIR}/tests/support/thread_sanitizer.c>)
  target_link_options(signalbox_flags INTERFACE $<${is_executable}:-rdynamic>)
elseif(SIGNALBOX_SANITIZE)
  message(FATAL_ERROR "SIGNALBOX_SANITIZE is '${SIGNALBOX_SANITIZE}': address, thread, or empty")
endif()

if(SIGNALBOX_FUZZ)
  target_compile_options(signalbox_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()

# signalbox_library(NAME SOURCES... [PUBLIC LIBS...] [PRIVATE LIBS...]): a static library signalbox_NAME, alias signalbox::NAME,
# whose headers are included by their path from the top of the tree: "core/users/user_registry.hpp".
function(signalbox_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;PUBLIC;PRIVATE" ${ARGN})
  add_library(signalbox_${name} STATIC ${ARG_SOURCES})
  add_library(signalbox::${name} ALIAS signalbox_${name})
  target_include_directories(signalbox_${name} PUBLIC ${PROJECT_SOURCE_DIR})
  target_link_libraries(signalbox_${name} PUBLIC ${ARG_PUBLIC} PRIVATE signalbox_flags ${ARG_PRIVATE})
endfunction()

# signalbox_plugin(NAME SOURCE LIBS...): a plugin of this tree, plugins/libsignalbox_NAME.so.
function(signalbox_plugin name source)
  signalbox_add_plugin(${name} ${source})
  target_link_libraries(signalbox_plugin_${name} PRIVATE signalbox_flags ${ARGN})
  set_target_properties(signalbox_plugin_${name} PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/plugins)
  set_property(GLOBAL APPEND PROPERTY SIGNALBOX_PLUGINS signalbox_plugin_${name})
endfunction()

# Sanitizers slow a program down: the tests' waits are multiplied by this.
set(SIGNALBOX_TEST_PROPERTIES)
set(SIGNALBOX_TEST_SLOW 1)
if(SIGNALBOX_SANITIZE)
  set(SIGNALBOX_TEST_SLOW 4)
  set(SIGNALBOX_TEST_PROPERTIES ENVIRONMENT SIGNALBOX_TEST_SLOW=${SIGNALBOX_TEST_SLOW})
endif()

# signalbox_add_test(NAME COMMAND... TIMEOUT SECONDS [LABEL LABEL]): a ctest case that is a command. Its time is multiplied like the
# waits.
function(signalbox_add_test name)
  cmake_parse_arguments(ARG "" "TIMEOUT;LABEL" "COMMAND" ${ARGN})
  add_test(NAME ${name} COMMAND ${ARG_COMMAND})
  math(EXPR timeout "${SIGNALBOX_TEST_SLOW} * ${ARG_TIMEOUT}")
  # What may take long begins first, so that it does not end alone.
  set_tests_properties(${name} PROPERTIES TIMEOUT ${timeout} COST ${timeout} ${SIGNALBOX_TEST_PROPERTIES} LABELS "${ARG_LABEL}")
endfunction()

# signalbox_test_group(NAME FILTER TIMEOUT LABEL): the tests of executable NAME that match FILTER*, as one ctest case
# NAME.FILTER: for hundreds of cases that take turns on one server.
function(signalbox_test_group name filter timeout label)
  signalbox_add_test(${name}.${filter} COMMAND ${name} --gtest_brief=1 --gtest_filter=${filter}* TIMEOUT ${timeout} LABEL ${label})
  # GoogleTest is content with a filter that matches nothing.
  set_tests_properties(${name}.${filter} PROPERTIES FAIL_REGULAR_EXPRESSION " 0 tests from 0")
endfunction()

# signalbox_test(NAME SOURCES... LIBS... [FIXTURE FIXTURE]): a GoogleTest executable under tests/, one ctest case a TEST.
function(signalbox_test name)
  cmake_parse_arguments(ARG "" "TIMEOUT;LABEL;FIXTURE" "SOURCES;LIBS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
  target_link_libraries(${name} PRIVATE signalbox_flags ${ARG_LIBS} GTest::gmock GTest::gtest_main)
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 120)
  endif()
  math(EXPR ARG_TIMEOUT "${SIGNALBOX_TEST_SLOW} * ${ARG_TIMEOUT}")
  set(fixture)
  if(ARG_FIXTURE)
    set(fixture FIXTURES_REQUIRED ${ARG_FIXTURE})
  endif()
  # The label last: where there is none nothing may follow. One only, since gtest_discover_tests takes lists apart; ctest -L
  # looks for a part of it, so that both words of integration-soak find it.
  gtest_discover_tests(${name} TEST_PREFIX ${name}. DISCOVERY_TIMEOUT 60
    PROPERTIES TIMEOUT ${ARG_TIMEOUT} ${fixture} ${SIGNALBOX_TEST_PROPERTIES} LABELS "${ARG_LABEL}")
endfunction()

# The target `check-headers` compiles every header of the tree alone.
function(signalbox_check_headers)
  file(GLOB_RECURSE headers CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR} sdk/*.hpp core/*.hpp brokers/*.hpp websocket/*.hpp server/*.hpp
    bench/*.hpp tests/*.hpp)
  set(sources)
  foreach(header IN LISTS headers)
    string(REPLACE "/" "_" name ${header})
    set(source ${PROJECT_BINARY_DIR}/check-headers/${name}.cpp)
    file(CONFIGURE OUTPUT ${source} CONTENT "#include \"@header@\"\n")
    list(APPEND sources ${source})
  endforeach()
  add_library(check-headers OBJECT EXCLUDE_FROM_ALL ${sources})
  target_include_directories(check-headers PRIVATE ${PROJECT_SOURCE_DIR})
  target_link_libraries(check-headers PRIVATE signalbox_flags signalbox::sdk Boost::headers spdlog::spdlog prometheus-cpp::core
    GTest::gtest)
endfunction()
