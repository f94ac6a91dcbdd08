# libtorch as the target lucerna_libtorch: Debian's, or any that find_package(Torch) finds; with
# LUCERNA_TORCH_ROOT, the one inside a Python package torch 2.x. That one is linked by hand: its own
# CMake files ask for the CUDA toolkit of its build, which training does not need.
set(LUCERNA_TORCH_ROOT "" CACHE PATH
    "Folder of a Python package torch, as python3 -c 'import torch; print(torch.__path__[0])' says")

add_library(lucerna_libtorch INTERFACE)
if(LUCERNA_TORCH_ROOT)
    target_include_directories(lucerna_libtorch SYSTEM INTERFACE
        "${LUCERNA_TORCH_ROOT}/include" "${LUCERNA_TORCH_ROOT}/include/torch/csrc/api/include")
    set(libraries torch torch_cpu c10)
    if(EXISTS "${LUCERNA_TORCH_ROOT}/lib/libtorch_cuda.so")
        # Named by no symbol of ours: it makes itself known when it is loaded.
        list(APPEND libraries torch_cuda c10_cuda)
    endif()
    target_link_directories(lucerna_libtorch INTERFACE "${LUCERNA_TORCH_ROOT}/lib")
    target_link_options(lucerna_libtorch INTERFACE
        "-Wl,-rpath,${LUCERNA_TORCH_ROOT}/lib" -Wl,--allow-shlib-undefined)
    list(JOIN libraries " -l" flags)
    target_link_libraries(lucerna_libtorch INTERFACE
        "-Wl,--push-state,--no-as-needed -l${flags} -Wl,--pop-state")
else()
    # Debian 13's warns of a profiler that its package is built without.
    set(CMAKE_MESSAGE_LOG_LEVEL ERROR)
    find_package(Torch REQUIRED)
    unset(CMAKE_MESSAGE_LOG_LEVEL)
    separate_arguments(torch_flags UNIX_COMMAND "${TORCH_CXX_FLAGS}")
    target_compile_options(lucerna_libtorch INTERFACE ${torch_flags})
    target_include_directories(lucerna_libtorch SYSTEM INTERFACE ${TORCH_INCLUDE_DIRS})
    target_link_libraries(lucerna_libtorch INTERFACE ${TORCH_LIBRARIES})
endif()
