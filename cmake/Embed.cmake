# Writes files as a C++ source, each a string_view:
#     cmake -D OUTPUT=assets.cpp -D HEADER=path/assets.hpp -D NAMESPACE=a::b "-D FILES=kPage=page.html;kStyle=page.css" -P Embed.cmake

set(source "// Made by cmake/Embed.cmake.\n#include \"${HEADER}\"\n\nnamespace ${NAMESPACE} {\nnamespace {\n")
set(views "")
foreach(entry IN LISTS FILES)
  string(REGEX MATCH "^([^=]+)=(.+)$" entry "${entry}")
  set(name ${CMAKE_MATCH_1})
  file(READ "${CMAKE_MATCH_2}" bytes HEX)
  string(REGEX REPLACE "(..)" "'\\\\x\\1'," bytes "${bytes}")
  string(APPEND source "constexpr char ${name}Bytes[] = {${bytes}};\n")
  string(APPEND views "const std::string_view ${name}{${name}Bytes, sizeof ${name}Bytes};\n")
endforeach()
file(WRITE "${OUTPUT}" "${source}}  // namespace\n\n${views}}  // namespace ${NAMESPACE}\n")
