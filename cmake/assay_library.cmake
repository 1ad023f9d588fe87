include(GoogleTest)

# Warnings, sanitizers and hardening for our own targets; third-party headers are SYSTEM.
add_library(assay_options INTERFACE)
target_compile_options(assay_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor -Woverloaded-virtual
  -Wold-style-cast -Werror
  -fstack-protector-strong -fstack-clash-protection -D_GLIBCXX_ASSERTIONS
  -ffile-prefix-map=${CMAKE_SOURCE_DIR}/=./ -ffile-prefix-map=${CMAKE_BINARY_DIR}/=./)
target_link_options(assay_options INTERFACE -Wl,-z,relro,-z,now)
target_include_directories(assay_options INTERFACE ${CMAKE_SOURCE_DIR})
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(assay_options INTERFACE -fcf-protection=full)
endif()
if(ASSAY_SANITIZE)
  target_compile_options(assay_options INTERFACE
    -fsanitize=${ASSAY_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer -O1
    # g++ 12 at -O1 takes Asio's coroutine frames for mismatched allocations, and <regex> for
    # uninitialized.
    -Wno-mismatched-new-delete -Wno-maybe-uninitialized)
  target_link_options(assay_options INTERFACE -fsanitize=${ASSAY_SANITIZE})
else()
  target_compile_options(assay_options INTERFACE $<$<NOT:$<CONFIG:Debug>>:-D_FORTIFY_SOURCE=2>)
endif()
if(ASSAY_FUZZ)
  target_compile_options(assay_options INTERFACE -fsanitize=fuzzer-no-link,address,undefined)
  target_link_options(assay_options INTERFACE -fsanitize=address,undefined)
endif()

# Boost.Asio and Beast are compiled once, in host/http/boost_impl.cpp, and only there.
add_library(assay_boost INTERFACE)
target_link_libraries(assay_boost INTERFACE Boost::headers Threads::Threads)
target_compile_definitions(assay_boost INTERFACE
  BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED)
# g++ 12 does not see that the coroutine frame's operator new and delete belong together.
target_compile_options(assay_boost INTERFACE
  $<$<CXX_COMPILER_ID:GNU>:-Wno-mismatched-new-delete>)

# TOGETHER, for a library or a test: its sources are compiled a few at a time in one go, since most of a
# cold build is the same headers and templates again and again. Names in unnamed namespaces must then
# differ within the folder, except in files that are listed as ALONE. The dev preset compiles each file
# by itself.
function(assay_compile_together target)
  set_target_properties(${target} PROPERTIES UNITY_BUILD ${ASSAY_UNITY} UNITY_BUILD_BATCH_SIZE 8)
  if(ASSAY_UNITY)
    # To g++ the sources are included files, whose unnamed namespaces should not be seen from outside.
    target_compile_options(${target} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>)
  endif()
endfunction()

# assay_library(NAME [SWITCHABLE] [TOGETHER] SOURCES a.cpp... [ALONE a.cpp...]
#               [PUBLIC targets...] [PRIVATE targets...])
# One static library per folder, target assay_NAME. SWITCHABLE makes a second one of the same sources,
# assay_NAME_switchable, whose rules can be switched off (ledger/core/rule_switches.hpp); it links the
# switchable form of what it needs where there is one.
function(assay_library name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "SWITCHABLE;TOGETHER" "" "SOURCES;ALONE;PUBLIC;PRIVATE")
  set_source_files_properties(${arg_ALONE} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
  add_library(assay_${name} STATIC ${arg_SOURCES})
  target_link_libraries(assay_${name} PUBLIC assay_options ${arg_PUBLIC} PRIVATE ${arg_PRIVATE})
  if(arg_TOGETHER)
    assay_compile_together(assay_${name})
  endif()
  if(arg_SWITCHABLE)
    add_library(assay_${name}_switchable STATIC EXCLUDE_FROM_ALL ${arg_SOURCES})
    target_compile_definitions(assay_${name}_switchable PUBLIC ASSAY_RULE_SWITCHES=1)
    set(needed ${arg_PUBLIC})
    foreach(target IN LISTS arg_PUBLIC)
      if(TARGET ${target}_switchable)
        list(TRANSFORM needed REPLACE "^${target}$" "${target}_switchable")
      endif()
    endforeach()
    target_link_libraries(assay_${name}_switchable PUBLIC assay_options ${needed}
                          PRIVATE ${arg_PRIVATE})
  endif()
endfunction()

# assay_program(NAME SOURCES main.cpp... LINK targets...): a program in build/<preset>/bin/.
function(assay_program name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LINK")
  if(ASSAY_FUZZ)
    return()
  endif()
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE assay_options ${arg_LINK})
endfunction()

# assay_test(NAME LABEL label SOURCES x_test.cpp... LINK targets... [WHOLE] [TOGETHER])
# A GoogleTest executable. Its tests are registered one by one, or, with WHOLE, as a single ctest
# (for those that build OpenCL kernels once per process).
function(assay_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "WHOLE;TOGETHER" "LABEL" "SOURCES;LINK")
  if(ASSAY_FUZZ)
    return()
  endif()
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE assay_options ${arg_LINK} GTest::gtest GTest::gmock
                        GTest::gtest_main)
  if(arg_TOGETHER)
    assay_compile_together(${name})
  endif()
  target_compile_definitions(${name} PRIVATE
    ASSAY_SOURCE_ROOT="${CMAKE_SOURCE_DIR}" ASSAY_BINARY_DIR="${CMAKE_BINARY_DIR}")
  # GoogleTest's EXPECT macros expand to code our warnings dislike. What is tested has -O2; the tests
  # themselves are compiled faster than they would run faster.
  target_compile_options(${name} PRIVATE -Wno-old-style-cast -Wno-conversion
    $<$<CONFIG:RelWithDebInfo>:-O1>)
  if(arg_WHOLE)
    add_test(NAME ${name} COMMAND ${name})
    set_tests_properties(${name} PROPERTIES LABELS ${arg_LABEL})
  else()
    gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST PROPERTIES LABELS ${arg_LABEL})
  endif()
endfunction()
