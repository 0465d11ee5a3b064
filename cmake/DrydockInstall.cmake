# What `cmake --install` installs: headers, a library for each component, and for those who use them
# a package of CMake and a module of pkg-config for each.
include_guard()
include(CMakePackageConfigHelpers)

# In the words of each: the libraries of the system that a component needs.
function(drydock_write_needs component cmake_result pkg_config_result)
  set(packages Threads)
  set(modules "")
  set(requires ${DRYDOCK_COMPONENT_${component}_NEEDS})
  list(TRANSFORM requires PREPEND drydock-)
  foreach(library IN LISTS DRYDOCK_COMPONENT_${component}_LIBRARIES)
    set(kind ${DRYDOCK_LIBRARY_${library}_KIND})
    if(kind STREQUAL "ABSL")
      list(APPEND packages absl)
    elseif(kind STREQUAL "GTEST")
      list(APPEND packages GTest)
    elseif(kind STREQUAL "PKG_CONFIG")
      list(APPEND modules "${library}=${DRYDOCK_LIBRARY_${library}_MODULE}")
    endif()
    if(NOT kind STREQUAL "HEADER")
      list(APPEND requires ${DRYDOCK_LIBRARY_${library}_MODULE})
    endif()
  endforeach()
  list(REMOVE_DUPLICATES packages)
  list(JOIN DRYDOCK_COMPONENT_${component}_NEEDS " " needs)
  list(JOIN packages " " packages)
  list(JOIN modules " " modules)
  set(${cmake_result} "set(_drydock_${component}_needs ${needs})
set(_drydock_${component}_packages ${packages})
set(_drydock_${component}_modules ${modules})
" PARENT_SCOPE)
  list(JOIN requires ", " requires)
  set(${pkg_config_result} "${requires}" PARENT_SCOPE)
endfunction()

function(drydock_install_component component requires)
  install(TARGETS drydock_${component} EXPORT drydock-${component} FILE_SET HEADERS)
  install(EXPORT drydock-${component} NAMESPACE drydock::
    DESTINATION "${CMAKE_INSTALL_LIBDIR}/cmake/drydock" FILE drydockTargets-${component}.cmake)

  # From where the file itself stands, so that the folder may be moved.
  file(RELATIVE_PATH to_prefix "/prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig" /prefix)
  string(REGEX REPLACE "/$" "" to_prefix "${to_prefix}")
  set(libs "-pthread")
  if(DRYDOCK_COMPONENT_${component}_SOURCES)
    set(libs "-L\${libdir} -ldrydock_${component} -pthread")
  endif()
  if(DRYDOCK_COMPONENT_${component}_TESTONLY)
    set(use "for tests")
  else()
    set(use "for production")
  endif()
  configure_file("${PROJECT_SOURCE_DIR}/cmake/drydock.pc.in"
    "${PROJECT_BINARY_DIR}/drydock-${component}.pc" @ONLY)
  install(FILES "${PROJECT_BINARY_DIR}/drydock-${component}.pc"
    DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
endfunction()

function(drydock_install)
  set(DRYDOCK_NEEDS "")
  foreach(component IN LISTS DRYDOCK_WANTED_COMPONENTS)
    drydock_write_needs(${component} lines requires)
    string(APPEND DRYDOCK_NEEDS "${lines}")
    drydock_install_component(${component} "${requires}")
  endforeach()
  configure_package_config_file("${PROJECT_SOURCE_DIR}/cmake/drydockConfig.cmake.in"
    "${PROJECT_BINARY_DIR}/drydockConfig.cmake"
    INSTALL_DESTINATION "${CMAKE_INSTALL_LIBDIR}/cmake/drydock"
    NO_SET_AND_CHECK_MACRO)
  write_basic_package_version_file("${PROJECT_BINARY_DIR}/drydockConfigVersion.cmake"
    COMPATIBILITY SameMinorVersion)
  install(FILES
    "${PROJECT_BINARY_DIR}/drydockConfig.cmake" "${PROJECT_BINARY_DIR}/drydockConfigVersion.cmake"
    DESTINATION "${CMAKE_INSTALL_LIBDIR}/cmake/drydock")
endfunction()
