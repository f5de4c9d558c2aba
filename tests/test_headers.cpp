// Nothing: what is compiled for is the precompiled header of tests/CMakeLists.txt.
