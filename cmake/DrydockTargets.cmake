# What cmake/read_build_files.py makes of the BUILD files: a call of one of these functions for each
# library of the system, component, helper of tests, program and test.
include_guard()

set(DRYDOCK_WANTED_COMPONENTS "")  # those to build, in order
set(DRYDOCK_ALL_COMPONENTS "")

# --- Libraries of the system. They are looked for when the first target wants them.

function(drydock_system_library name)
  cmake_parse_arguments(PARSE_ARGV 1 ARG "" "KIND;MODULE;PACKAGE" "")
  foreach(field KIND MODULE PACKAGE)
    set(DRYDOCK_LIBRARY_${name}_${field} "${ARG_${field}}" PARENT_SCOPE)
  endforeach()
endfunction()

# Sets `result` to the target of a library of the system.
macro(drydock_find_library name result)
  set(_hint "drydock needs ${DRYDOCK_LIBRARY_${name}_MODULE} (Debian: apt-get install \
${DRYDOCK_LIBRARY_${name}_PACKAGE}); DRYDOCK_COMPONENTS chooses what is built")
  if(DRYDOCK_LIBRARY_${name}_KIND STREQUAL "ABSL")
    find_package(absl CONFIG GLOBAL QUIET)
    string(REGEX REPLACE "^absl_" "absl::" ${result} ${name})
  elseif(DRYDOCK_LIBRARY_${name}_KIND STREQUAL "GTEST")
    find_package(GTest CONFIG GLOBAL QUIET)
    set(${result} GTest::${name})
  elseif(DRYDOCK_LIBRARY_${name}_KIND STREQUAL "HEADER")
    find_path(DRYDOCK_${name}_INCLUDE_DIR ${DRYDOCK_LIBRARY_${name}_MODULE})
    mark_as_advanced(DRYDOCK_${name}_INCLUDE_DIR)
    if(NOT DRYDOCK_${name}_INCLUDE_DIR)
      message(FATAL_ERROR "${_hint}")
    endif()
    find_package(Threads GLOBAL QUIET REQUIRED)
    set(${result} Threads::Threads)
  else()
    find_package(PkgConfig QUIET REQUIRED)
    pkg_check_modules(DRYDOCK_${name} QUIET IMPORTED_TARGET GLOBAL ${DRYDOCK_LIBRARY_${name}_MODULE})
    set(${result} PkgConfig::DRYDOCK_${name})
  endif()
  if(NOT TARGET ${${result}})
    message(FATAL_ERROR "${_hint}")
  endif()
endmacro()

function(drydock_link target scope)
  foreach(name IN LISTS ARGN)
    drydock_find_library(${name} library)
    target_link_libraries(${target} ${scope} ${library})
  endforeach()
endfunction()

# --- How drydock's own sources are compiled.

function(drydock_compile target)
  set_target_properties(${target} PROPERTIES CXX_STANDARD 20 CXX_STANDARD_REQUIRED ON
    CXX_EXTENSIONS OFF POSITION_INDEPENDENT_CODE ON)
  target_include_directories(${target} PRIVATE "${PROJECT_SOURCE_DIR}")
  # Places in messages are from the root of the sources on, as in Bazel, and no path of the machine
  # that builds stands in what is installed.
  target_compile_options(${target} PRIVATE "-fmacro-prefix-map=${PROJECT_SOURCE_DIR}/="
    # libpqxx 7.10 deprecates what 6.4 has nothing else for: exec_params, exec1.
    -Wno-deprecated-declarations
    $<$<BOOL:${PROJECT_IS_TOP_LEVEL}>:-Wall;-Wextra;-Wpedantic>
    $<$<BOOL:${DRYDOCK_WARNINGS_AS_ERRORS}>:-Werror>
    # GCC 12 warns of the inside of std::string where it optimises (its bug 105651).
    $<$<AND:$<CXX_COMPILER_ID:GNU>,$<VERSION_LESS:$<CXX_COMPILER_VERSION>,13>>:-Wno-restrict>
    $<$<CXX_COMPILER_ID:Clang>:-Wthread-safety>)
  if(DRYDOCK_SANITIZER STREQUAL "address")
    # Without `function`: clang 14 puts what it wants before a function in front of each piece of a
    # coroutine, too, and cannot assemble that.
    set(sanitizer -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
      $<$<CXX_COMPILER_ID:Clang>:-fno-sanitize=function>)
  elseif(DRYDOCK_SANITIZER STREQUAL "thread")
    set(sanitizer -fsanitize=thread $<$<CXX_COMPILER_ID:GNU>:-Wno-tsan>)
  endif()
  target_compile_options(${target} PRIVATE ${sanitizer})
  target_link_options(${target} PRIVATE ${sanitizer})
endfunction()

# --- Components.

# Whether a component is one of DRYDOCK_COMPONENTS, or one of those depends on it.
function(drydock_is_wanted name result)
  set(${result} OFF PARENT_SCOPE)
  if(DRYDOCK_COMPONENTS STREQUAL "all" OR name IN_LIST DRYDOCK_COMPONENTS)
    set(${result} ON PARENT_SCOPE)
  endif()
  foreach(component IN LISTS DRYDOCK_COMPONENTS)
    if(name IN_LIST DRYDOCK_COMPONENT_${component}_NEEDS)
      set(${result} ON PARENT_SCOPE)
    endif()
  endforeach()
endfunction()

# Only takes notes: a component is made when all are known, by drydock_make_component.
function(drydock_component name)
  cmake_parse_arguments(PARSE_ARGV 1 ARG "" "TESTONLY" "SOURCES;HEADERS;COMPONENTS;LIBRARIES")
  set(DRYDOCK_ALL_COMPONENTS ${DRYDOCK_ALL_COMPONENTS} ${name} PARENT_SCOPE)
  set(DRYDOCK_COMPONENT_${name}_NEEDS "${ARG_COMPONENTS}" PARENT_SCOPE)
  foreach(field TESTONLY SOURCES HEADERS LIBRARIES)
    set(DRYDOCK_COMPONENT_${name}_${field} "${ARG_${field}}" PARENT_SCOPE)
  endforeach()
endfunction()

function(drydock_make_component name)
  set(target drydock_${name})
  set(scope PUBLIC)
  if(DRYDOCK_COMPONENT_${name}_SOURCES)
    add_library(${target})
    drydock_compile(${target})
    target_sources(${target} PRIVATE ${DRYDOCK_COMPONENT_${name}_SOURCES})
    set_target_properties(${target} PROPERTIES
      DEFINE_SYMBOL ""
      VERSION ${PROJECT_VERSION}
      SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
  else()
    set(scope INTERFACE)
    add_library(${target} INTERFACE)
  endif()
  add_library(drydock::${name} ALIAS ${target})
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${name})
  target_compile_features(${target} ${scope} cxx_std_20)
  target_sources(${target} ${scope} FILE_SET HEADERS
    BASE_DIRS "${PROJECT_SOURCE_DIR}/include" "${PROJECT_SOURCE_DIR}/mocks"
    FILES ${DRYDOCK_COMPONENT_${name}_HEADERS})
  find_package(Threads GLOBAL QUIET REQUIRED)
  target_link_libraries(${target} ${scope} Threads::Threads)
  list(TRANSFORM DRYDOCK_COMPONENT_${name}_NEEDS PREPEND drydock_ OUTPUT_VARIABLE needs)
  target_link_libraries(${target} ${scope} ${needs})
  drydock_link(${target} ${scope} ${DRYDOCK_COMPONENT_${name}_LIBRARIES})
endfunction()

# --- Tests, programs and what they share. Notes first, as with the components.

set(DRYDOCK_EXECUTABLES "")

macro(drydock_note_executable kind name)
  cmake_parse_arguments(ARG "" "FOLDER;PROGRAM;MAIN;SIZE"
    "SOURCES;COMPONENTS;HELPERS;LIBRARIES;DATA;PROGRAMS;OPTIONS;ENVIRONMENT" ${ARGN})
  set(DRYDOCK_EXECUTABLES ${DRYDOCK_EXECUTABLES} ${name} PARENT_SCOPE)
  set(DRYDOCK_${name}_KIND ${kind} PARENT_SCOPE)
  foreach(field FOLDER PROGRAM MAIN SIZE SOURCES COMPONENTS HELPERS LIBRARIES DATA PROGRAMS OPTIONS
      ENVIRONMENT)
    set(DRYDOCK_${name}_${field} "${ARG_${field}}" PARENT_SCOPE)
  endforeach()
endmacro()

function(drydock_helper name)
  drydock_note_executable(helper ${name} ${ARGN})
endfunction()
function(drydock_program name)
  drydock_note_executable(program ${name} ${ARGN})
endfunction()
function(drydock_test name)
  drydock_note_executable(test ${name} ${ARGN})
endfunction()

function(drydock_make_executable name)
  set(target drydock_${name})
  set(folder "${DRYDOCK_${name}_FOLDER}")
  set(kind ${DRYDOCK_${name}_KIND})
  if(kind STREQUAL "helper")
    # Objects, since some of them are there for what they do before main().
    add_library(${target} OBJECT)
  else()
    add_executable(${target})
    # A tree as Bazel makes it: a test starts in its root and finds programs and data by the names
    # that they have from the root of the sources on.
    set_target_properties(${target} PROPERTIES OUTPUT_NAME ${DRYDOCK_${name}_PROGRAM}
      RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/runfiles/${folder}")
  endif()
  drydock_compile(${target})
  target_sources(${target} PRIVATE ${DRYDOCK_${name}_SOURCES})
  target_include_directories(${target} PRIVATE
    "${PROJECT_SOURCE_DIR}/include" "${PROJECT_SOURCE_DIR}/mocks")
  target_compile_options(${target} PRIVATE ${DRYDOCK_${name}_OPTIONS})
  foreach(other IN LISTS DRYDOCK_${name}_COMPONENTS DRYDOCK_${name}_HELPERS)
    target_link_libraries(${target} PRIVATE drydock_${other})
  endforeach()
  drydock_link(${target} PRIVATE ${DRYDOCK_${name}_LIBRARIES})
  foreach(file IN LISTS DRYDOCK_${name}_DATA)
    cmake_path(GET file PARENT_PATH parent)
    file(MAKE_DIRECTORY "${PROJECT_BINARY_DIR}/runfiles/${parent}")
    file(CREATE_LINK "${PROJECT_SOURCE_DIR}/${file}" "${PROJECT_BINARY_DIR}/runfiles/${file}"
      SYMBOLIC)
  endforeach()
  foreach(other IN LISTS DRYDOCK_${name}_PROGRAMS)
    add_dependencies(${target} drydock_${other})
  endforeach()
  if(kind STREQUAL "test")
    drydock_add_test(${name})
  endif()
endfunction()

function(drydock_add_test name)
  set(target drydock_${name})
  drydock_link(${target} PRIVATE gmock gtest ${DRYDOCK_${name}_MAIN})
  if(DRYDOCK_SANITIZER STREQUAL "thread")
    target_sources(${target} PRIVATE bazel/tsan/defaults.cc)
  endif()
  set(test "${DRYDOCK_${name}_FOLDER}/${DRYDOCK_${name}_PROGRAM}")
  string(REPLACE "/" "_" report "${test}.xml")
  add_test(NAME ${test} COMMAND ${target} WORKING_DIRECTORY "${PROJECT_BINARY_DIR}/runfiles")
  # As Bazel's.
  set(timeout_small 60)
  set(timeout_medium 300)
  set(timeout_large 900)
  set(environment ${DRYDOCK_${name}_ENVIRONMENT}
    "GTEST_OUTPUT=xml:${PROJECT_BINARY_DIR}/test_results/${report}")
  set_tests_properties(${test} PROPERTIES
    ENVIRONMENT "${environment}" TIMEOUT ${timeout_${DRYDOCK_${name}_SIZE}})
endfunction()

# Whether all that an executable is made of is built, and its kind is wanted.
function(drydock_executable_is_wanted name result)
  if(DRYDOCK_${name}_FOLDER STREQUAL "benchmarks")
    set(wanted ${DRYDOCK_BUILD_BENCHMARKS})
  else()
    set(wanted ${DRYDOCK_BUILD_TESTS})
  endif()
  foreach(component IN LISTS DRYDOCK_${name}_COMPONENTS)
    if(NOT component IN_LIST DRYDOCK_WANTED_COMPONENTS)
      set(wanted OFF)
    endif()
  endforeach()
  set(${result} ${wanted} PARENT_SCOPE)
endfunction()

# --- All that was noted, made.

function(drydock_finish)
  foreach(component IN LISTS DRYDOCK_COMPONENTS)
    if(NOT component IN_LIST DRYDOCK_ALL_COMPONENTS AND NOT component STREQUAL "all")
      list(JOIN DRYDOCK_ALL_COMPONENTS ", " choices)
      message(FATAL_ERROR "DRYDOCK_COMPONENTS names ${component}; there are all, or ${choices}")
    endif()
  endforeach()
  foreach(component IN LISTS DRYDOCK_ALL_COMPONENTS)
    drydock_is_wanted(${component} wanted)
    if(wanted)
      list(APPEND DRYDOCK_WANTED_COMPONENTS ${component})
      drydock_make_component(${component})
    endif()
  endforeach()
  if(DRYDOCK_BUILD_TESTS)
    file(MAKE_DIRECTORY "${PROJECT_BINARY_DIR}/runfiles")
  endif()
  foreach(executable IN LISTS DRYDOCK_EXECUTABLES)
    drydock_executable_is_wanted(${executable} wanted)
    if(wanted)
      drydock_make_executable(${executable})
    endif()
  endforeach()
  if(DRYDOCK_INSTALL)
    include("${PROJECT_SOURCE_DIR}/cmake/DrydockInstall.cmake")
    drydock_install()
  endif()
endfunction()
