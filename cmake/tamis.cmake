# tamis_batches(OUT NAME SOURCES…)
#   The sources of the target NAME as it compiles them: as they are, or with TAMIS_UNITY files that include up to
#   TAMIS_BATCH of them each. In a batch the anonymous namespaces of its sources are one. A program links whole batches, so
#   a | among the sources starts another one: between those that need an outside library and those that do not.
#   Not CMake's own UNITY_BUILD, whose files hold absolute paths: ccache would share nothing between checkouts.
set(TAMIS_BATCH 8)
function(tamis_batches out name)
  set(made "")
  set(group "")
  set(index 1)
  foreach(source IN LISTS ARGN ITEMS |)
    if(NOT source STREQUAL "|")
      list(APPEND group ${source})
    elseif(group)
      tamis_split_group(files ${name} ${index} ${group})
      list(APPEND made ${files})
      list(LENGTH made index)
      math(EXPR index "${index} + 1")
      set(group "")
    endif()
  endforeach()
  set(${out} ${made} PARENT_SCOPE)
endfunction()

# tamis_split_group(OUT NAME INDEX SOURCES…): batches of about one size, the first of them with this number.
function(tamis_split_group out name index)
  list(LENGTH ARGN count)
  if(NOT TAMIS_UNITY OR count EQUAL 1)
    set(${out} ${ARGN} PARENT_SCOPE)
    return()
  endif()
  set(made "")
  math(EXPR batches "(${count} + ${TAMIS_BATCH} - 1) / ${TAMIS_BATCH}")
  foreach(batch RANGE 1 ${batches})
    math(EXPR first "(${batch} - 1) * ${count} / ${batches}")
    math(EXPR length "${batch} * ${count} / ${batches} - ${first}")
    list(SUBLIST ARGN ${first} ${length} sources)
    set(text "")
    foreach(source IN LISTS sources)
      file(RELATIVE_PATH source ${CMAKE_CURRENT_BINARY_DIR} ${CMAKE_CURRENT_SOURCE_DIR}/${source})
      string(APPEND text "#include \"${source}\"\n")
    endforeach()
    math(EXPR number "${index} + ${batch} - 1")
    set(file ${CMAKE_CURRENT_BINARY_DIR}/${name}_${number}.cpp)
    file(CONFIGURE OUTPUT ${file} CONTENT "${text}" @ONLY)
    list(APPEND made ${file})
  endforeach()
  set(${out} ${made} PARENT_SCOPE)
endfunction()

# tamis_library(NAME FLOOR n SOURCES … [DEPS …] [LINK …])
#   A static library tamis_NAME from this folder. DEPS are libraries of a LOWER floor by short name
#   (configuring fails otherwise); LINK are outside libraries, private to this one.
function(tamis_library name)
  cmake_parse_arguments(A "" "FLOOR" "SOURCES;DEPS;LINK" ${ARGN})
  if(A_UNPARSED_ARGUMENTS OR NOT DEFINED A_FLOOR OR NOT A_SOURCES)
    message(FATAL_ERROR "tamis_library(${name}): needs FLOOR and SOURCES; not understood: ${A_UNPARSED_ARGUMENTS}")
  endif()
  tamis_batches(sources ${name} ${A_SOURCES})
  add_library(tamis_${name} STATIC ${sources})
  set_property(TARGET tamis_${name} PROPERTY TAMIS_FLOOR ${A_FLOOR})
  tamis_check_floors(${name} ${A_FLOOR} "${A_DEPS}")
  list(TRANSFORM A_DEPS PREPEND tamis_)
  target_link_libraries(tamis_${name} PUBLIC tamis_options ${A_DEPS} PRIVATE ${A_LINK})
endfunction()

function(tamis_check_floors name floor deps)
  foreach(dep IN LISTS deps)
    if(NOT TARGET tamis_${dep})
      message(FATAL_ERROR "${name} depends on ${dep}, which is not a library declared before it")
    endif()
    get_property(below TARGET tamis_${dep} PROPERTY TAMIS_FLOOR)
    if(NOT below LESS floor)
      message(FATAL_ERROR "${name} (floor ${floor}) must not depend on ${dep} (floor ${below}): "
        "a library depends on lower floors only, see docs/architecture.md")
    endif()
  endforeach()
endfunction()

# tamis_backend(NAME SOURCES … [DEPS …] [LINK …]) and tamis_plugin(NAME FLOOR n …)
#   A plugin build/…/plugins/tamis-NAME.so, opened at run time only. Nothing links to it, and all of its symbols but
#   the entry point stay hidden.
function(tamis_plugin name)
  cmake_parse_arguments(A "" "FLOOR" "SOURCES;DEPS;LINK" ${ARGN})
  tamis_batches(sources plugin_${name} ${A_SOURCES})
  add_library(tamis_plugin_${name} MODULE ${sources})
  tamis_check_floors(plugin_${name} ${A_FLOOR} "${A_DEPS}")
  list(TRANSFORM A_DEPS PREPEND tamis_)
  target_link_libraries(tamis_plugin_${name} PRIVATE tamis_options ${A_DEPS} ${A_LINK})
  set_target_properties(tamis_plugin_${name} PROPERTIES PREFIX "" OUTPUT_NAME tamis-${name}
    CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON
    LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/plugins)
  target_link_options(tamis_plugin_${name} PRIVATE -Wl,--exclude-libs,ALL)
  set_property(GLOBAL APPEND PROPERTY TAMIS_PLUGINS tamis_plugin_${name})
endfunction()

function(tamis_backend name)
  tamis_plugin(${name} FLOOR 3 ${ARGN})
endfunction()

# tamis_test(NAME SOURCES … [DEPS …] [LINK …] [LABELS …] [SERIAL]): one GoogleTest program test_NAME.
#   LABELS (default: unit): what a preset chooses by; runtime opens vendor libraries, whose leaks are not ours to fix; unit also runs under ASan, threads under TSan. The targets unit_tests
#   and threads_tests build no more than that. SERIAL: its tests run alone (they measure time). Referee tests run TAMIS_PYTHON with PYTHONPATH=TAMIS_REFEREE_DIR.
function(tamis_test name)
  cmake_parse_arguments(A "SERIAL" "" "SOURCES;DEPS;LINK;LABELS" ${ARGN})
  list(TRANSFORM A_DEPS PREPEND tamis_)
  tamis_batches(sources test_${name} ${A_SOURCES})
  add_executable(test_${name} ${sources})
  target_link_libraries(test_${name} PRIVATE tamis_options ${A_DEPS} ${A_LINK} GTest::gtest_main GTest::gmock)
  target_include_directories(test_${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests)
  target_compile_definitions(test_${name} PRIVATE
    TAMIS_SOURCE_DIR="${CMAKE_SOURCE_DIR}" TAMIS_BINARY_DIR="${CMAKE_BINARY_DIR}"
    TAMIS_PYTHON="${TAMIS_PYTHON}" TAMIS_REFEREE_DIR="${TAMIS_REFEREE_DIR}")
  set_target_properties(test_${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  if(NOT A_LABELS)
    set(A_LABELS unit)
  endif()
  foreach(label IN ITEMS unit threads)
    if(label IN_LIST A_LABELS)
      if(NOT TARGET ${label}_tests)
        add_custom_target(${label}_tests)
      endif()
      add_dependencies(${label}_tests test_${name})
    endif()
  endforeach()
  list(JOIN A_LABELS "+" A_LABELS)  # one label: CMake 3.25 loses all but the first here; presets match a part of it
  gtest_discover_tests(test_${name} TEST_PREFIX "${name}." DISCOVERY_MODE PRE_TEST
    PROPERTIES LABELS "${A_LABELS}" TIMEOUT 600 RUN_SERIAL ${A_SERIAL})
endfunction()
