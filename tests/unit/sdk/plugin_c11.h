/* What a C compiler makes of plugin.h, for comparison with C++. */
#ifndef SIGNALBOX_TESTS_PLUGIN_C11_H
#define SIGNALBOX_TESTS_PLUGIN_C11_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { SIGNALBOX_TESTS_STRUCTS = 9 };

/* sizeof of every struct of plugin.h in the order in which the header declares them. */
extern const size_t signalbox_tests_c_sizes[SIGNALBOX_TESTS_STRUCTS];

/* A descriptor written in C, as a plugin in C would have it. */
const struct signalbox_plugin* signalbox_tests_c_descriptor(void);

#ifdef __cplusplus
}
#endif

#endif /* SIGNALBOX_TESTS_PLUGIN_C11_H */
