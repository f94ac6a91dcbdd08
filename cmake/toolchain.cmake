# Language level, warnings, and the fast tools where they are installed.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

if(NOT CMAKE_BUILD_TYPE)
    set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()

find_program(LUCERNA_CCACHE ccache)
if(LUCERNA_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
    # Without these it passes over every file that uses a precompiled header.
    set(CMAKE_CXX_COMPILER_LAUNCHER "${CMAKE_COMMAND}" -E env
        CCACHE_SLOPPINESS=pch_defines,time_macros "${LUCERNA_CCACHE}")
endif()
find_program(LUCERNA_MOLD mold)
if(LUCERNA_MOLD)
    add_link_options(-fuse-ld=mold)
endif()

find_package(Threads REQUIRED)

add_library(lucerna_warnings INTERFACE)
target_compile_options(lucerna_warnings INTERFACE
    -Wall -Wextra -Wpedantic -Wconversion -Wshadow
    $<$<BOOL:${LUCERNA_WERROR}>:-Werror>
    # GCC 12 warns falsely inside std::string's operator+ (GCC bug 105651).
    $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>
    # Later ones warn falsely where a std::variant is moved, and inside std::vector's insert.
    $<$<AND:$<CXX_COMPILER_ID:GNU>,$<VERSION_GREATER_EQUAL:$<CXX_COMPILER_VERSION>,13>>:-Wno-maybe-uninitialized>
    $<$<AND:$<CXX_COMPILER_ID:GNU>,$<VERSION_GREATER_EQUAL:$<CXX_COMPILER_VERSION>,13>>:-Wno-stringop-overflow>
    # Clang's -Wconversion and -Wextra mean these two as well, GCC's do not.
    "$<$<CXX_COMPILER_ID:Clang>:-Wthread-safety;-Wno-sign-conversion;-Wno-missing-braces>")

if(LUCERNA_SANITIZE)
    add_compile_options(-fsanitize=${LUCERNA_SANITIZE} -fno-omit-frame-pointer)
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
        # GCC's documentation of -fsanitize: what it adds makes false warnings of these kinds.
        target_compile_options(lucerna_warnings INTERFACE
            -Wno-array-bounds -Wno-maybe-uninitialized -Wno-stringop-overflow)
    endif()
    if(LUCERNA_SANITIZE MATCHES "thread" AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
        # Boost.Asio has fences beside the locks that matter.
        add_compile_options(-Wno-tsan)
    endif()
    add_link_options(-fsanitize=${LUCERNA_SANITIZE})
endif()
if(LUCERNA_FUZZ)
    add_compile_options(-fsanitize=fuzzer-no-link,address,undefined -fno-omit-frame-pointer)
    add_link_options(-fsanitize=address,undefined)
endif()
