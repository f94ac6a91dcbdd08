# lucerna_room(NAME SOURCES file... [DEPENDS room...] [LIBRARIES lib...] [TESTS file...]
#              [TEST_DEPENDS room...] [TEST_LIBRARIES lib...])
#
# One folder of src/ is one static library, lucerna_NAME, and one test program, NAME_test.
# DEPENDS may only name the rooms that tools/check_layers allows; base is always seen.
# LIBRARIES are outside libraries, private to the room: their headers stay in its .cpp files.
if(NOT LUCERNA_TRAIN_ONLY)
    find_package(GTest REQUIRED)
    include(GoogleTest)
endif()

function(lucerna_room name)
    cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS;LIBRARIES;TESTS;TEST_DEPENDS;TEST_LIBRARIES"
                          ${ARGN})
    add_library(lucerna_${name} STATIC ${ARG_SOURCES})
    target_include_directories(lucerna_${name} PUBLIC "${PROJECT_SOURCE_DIR}/src")
    set(rooms "")
    foreach(room ${ARG_DEPENDS})
        list(APPEND rooms lucerna_${room})
    endforeach()
    if(NOT name STREQUAL "base")
        list(APPEND rooms lucerna_base)
    endif()
    target_link_libraries(lucerna_${name} PUBLIC ${rooms} Threads::Threads
                          PRIVATE ${ARG_LIBRARIES} lucerna_warnings)
    if(ARG_TESTS AND NOT LUCERNA_FUZZ AND NOT LUCERNA_TRAIN_ONLY)
        lucerna_test(${name}_test SOURCES ${ARG_TESTS} DEPENDS ${name} ${ARG_TEST_DEPENDS}
                     LIBRARIES ${ARG_TEST_LIBRARIES})
    endif()
endfunction()

# lucerna_test(NAME SOURCES file... DEPENDS room... [LIBRARIES lib...])
function(lucerna_test name)
    cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS;LIBRARIES" ${ARGN})
    add_executable(${name} ${ARG_SOURCES})
    target_include_directories(${name} PRIVATE "${PROJECT_SOURCE_DIR}/tests")
    # What is tested is compiled as it is shipped; for the tests themselves that would take half as
    # long again.
    target_compile_options(${name} PRIVATE $<$<CONFIG:Release>:-O1>)
    target_compile_definitions(${name} PRIVATE
        LUCERNA_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
    foreach(room ${ARG_DEPENDS})
        target_link_libraries(${name} PRIVATE lucerna_${room})
    endforeach()
    target_link_libraries(${name} PRIVATE ${ARG_LIBRARIES} lucerna_warnings
                          GTest::gtest GTest::gmock GTest::gtest_main)
    gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60
                         PROPERTIES TIMEOUT 600)
endfunction()

# lucerna_python_tests(SUITE ENVIRONMENT name=value...)
#
# Each `def test_...` of SUITE.py, beside the CMakeLists.txt that calls this, is a test of its own.
# By Debian's Python: it is the one that tools/setup installs the tests' peers for.
function(lucerna_python_tests suite)
    cmake_parse_arguments(ARG "" "" "ENVIRONMENT" ${ARGN})
    find_program(LUCERNA_PYTHON python3 PATHS /usr/bin NO_DEFAULT_PATH REQUIRED)
    set(script "${CMAKE_CURRENT_SOURCE_DIR}/${suite}.py")
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${script}")
    file(STRINGS "${script}" tests REGEX "^    def test_")
    foreach(line ${tests})
        string(REGEX REPLACE "^    def (test_[a-z0-9_]+).*" "\\1" name "${line}")
        add_test(NAME ${suite}.${name} COMMAND "${LUCERNA_PYTHON}" "${script}" ${name})
        set_tests_properties(${suite}.${name} PROPERTIES
            ENVIRONMENT "${ARG_ENVIRONMENT}" SKIP_RETURN_CODE 77 TIMEOUT 900)
    endforeach()
endfunction()
