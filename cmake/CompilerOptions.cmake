# What every target is compiled with. hostscope_library() is the one way to add a folder's target.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release)
endif()

# Release builds run on any x86-64 server since 2013 (AVX2, BMI2: the level x86-64-v3), at -O3.
set(CMAKE_CXX_FLAGS_RELEASE "-O3 -DNDEBUG")
set(CMAKE_CXX_FLAGS_DEBUG "-Og -g")
add_compile_options(-march=x86-64-v3 -fno-omit-frame-pointer)

add_library(hostscope_warnings INTERFACE)
target_compile_options(hostscope_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Werror -Wshadow -Wconversion -Wsign-conversion -Wold-style-cast -Wnon-virtual-dtor
  -Wno-missing-field-initializers -Woverloaded-virtual -Wcast-align -Wformat=2 -Wimplicit-fallthrough)

if(HOSTSCOPE_SANITIZE)
  add_compile_options(-fsanitize=${HOSTSCOPE_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${HOSTSCOPE_SANITIZE})
  if(CMAKE_CXX_COMPILER_ID MATCHES Clang)
    add_compile_options(-fno-sanitize=function)  # of coroutines, clang 14 makes what its assembler refuses
  endif()
endif()
if(HOSTSCOPE_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

# hostscope_library(<folder> SOURCES … [PUBLIC_LIBRARIES …] [PRIVATE_LIBRARIES …])
# makes the static library hostscope_<folder>; headers are included as "<folder>/<header>.h".
function(hostscope_library folder)
  cmake_parse_arguments(ARG "" "" "SOURCES;PUBLIC_LIBRARIES;PRIVATE_LIBRARIES" ${ARGN})
  add_library(hostscope_${folder} STATIC ${ARG_SOURCES})
  target_include_directories(hostscope_${folder} PUBLIC ${PROJECT_SOURCE_DIR})
  target_link_libraries(hostscope_${folder}
    PUBLIC ${ARG_PUBLIC_LIBRARIES}
    PRIVATE ${ARG_PRIVATE_LIBRARIES} hostscope_warnings)
endfunction()
