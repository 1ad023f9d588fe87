# cmake -P foreign_vectors.cmake, in the build folder: prints how many foreign vectors of each set the
# tests have checked since it was last run (tests/support/foreign_vectors.hpp).
file(GLOB sets foreign-vectors/*)
list(SORT sets)
foreach(path IN LISTS sets)
  get_filename_component(name ${path} NAME)
  file(READ ${path} count)
  string(STRIP "${count}" count)
  message(STATUS "checked ${count} vectors of ${name}")
  file(REMOVE ${path})
endforeach()
