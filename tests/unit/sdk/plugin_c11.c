/* Compiled as strict C11: that it compiles is half of the test, plugin_abi_test.cpp compares what came out. */
#include "plugin_c11.h"

#include "signalbox/plugin.h"
#include "signalbox/plugin.h" /* twice: the guard holds */

const size_t signalbox_tests_c_sizes[SIGNALBOX_TESTS_STRUCTS] = {
    sizeof(signalbox_view),   sizeof(signalbox_setting),      sizeof(signalbox_message),
    sizeof(signalbox_result), sizeof(signalbox_capabilities), sizeof(signalbox_host),
    sizeof(signalbox_broker), sizeof(signalbox_option),       sizeof(signalbox_plugin),
};

static const signalbox_broker* refuse(const signalbox_host* host, const signalbox_setting* settings, size_t count, char* error,
                                      size_t error_size) {
  (void)host;
  (void)settings;
  (void)count;
  if (error_size > 0) error[0] = '\0';
  return NULL;
}

const struct signalbox_plugin* signalbox_tests_c_descriptor(void) {
  static const signalbox_option options[] = {
      {"url", "text", "c://localhost", "Where the broker is.", 0, 0, SIGNALBOX_OPTION_URL, 0},
      {"password", "text", "", "The password.", 0, 0, SIGNALBOX_OPTION_SECRET, 0},
  };
  static const signalbox_plugin descriptor = {
      sizeof(signalbox_plugin),
      SIGNALBOX_ABI_MAJOR,
      SIGNALBOX_ABI_MINOR,
      "in_c",
      "1.2.3",
      options,
      2,
      sizeof(signalbox_option),
      refuse,
  };
  return &descriptor;
}
