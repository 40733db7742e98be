/* A shared library that is no plugin. */
#include "signalbox/plugin.h"

SIGNALBOX_EXPORT int signalbox_tests_something_else(void);

int signalbox_tests_something_else(void) { return 0; }
