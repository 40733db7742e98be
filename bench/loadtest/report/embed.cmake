# Writes OUTPUT, a C++ source with the bytes of PAGE, CHART and LICENCE: cmake -DOUTPUT=… -DPAGE=… -DCHART=… -DLICENCE=… -P embed.cmake
set(source "#include <string_view>\n\nnamespace signalbox::bench {\n\n")
foreach(part IN ITEMS PAGE:kReportPage CHART:kChartLibrary LICENCE:kChartLicence)
  string(REPLACE ":" ";" part ${part})
  list(GET part 0 file)
  list(GET part 1 name)
  file(READ ${${file}} bytes HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "'\\\\x\\1'," bytes "${bytes}")
  string(APPEND source "static constexpr char ${name}Bytes[] = {${bytes}};\nextern const std::string_view ${name};\n"
    "const std::string_view ${name}(${name}Bytes, sizeof ${name}Bytes);\n\n")
endforeach()
file(WRITE ${OUTPUT} "${source}}  // namespace signalbox::bench\n")
