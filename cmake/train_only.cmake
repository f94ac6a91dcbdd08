# What `lucerna-train` is made of (docs/training-elsewhere.md). The two header-only libraries come
# from the system, or from the folder third_party that tools/train-bundle fills.
set(LUCERNA_LEARN ON)
foreach(pair nlohmann_json/nlohmann_json CLI11/CLI11)
    string(REGEX MATCH "^[^/]+" package ${pair})
    if(EXISTS "${PROJECT_SOURCE_DIR}/third_party")
        string(REPLACE "/" "::" target ${pair})
        add_library(${target} INTERFACE IMPORTED GLOBAL)
        set_target_properties(${target} PROPERTIES
            INTERFACE_INCLUDE_DIRECTORIES "${PROJECT_SOURCE_DIR}/third_party")
        # find_package then takes what is there.
        file(WRITE "${PROJECT_BINARY_DIR}/third_party/${package}Config.cmake" "")
        set(${package}_DIR "${PROJECT_BINARY_DIR}/third_party")
    endif()
endforeach()

foreach(room base exam evaluate collection learn)
    add_subdirectory(src/${room})
endforeach()
add_subdirectory(apps/lucerna)
