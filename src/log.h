/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Messages for people, on stderr, one prefix per line. stdout belongs to data.
 *
 * Text from outside (paths, names, values) must pass escape_text() of util.h first: this module
 * prints what it is given.
 */
#ifndef QUMUN_LOG_H
#define QUMUN_LOG_H

#include <stdarg.h>
#include <stdbool.h>

enum log_level {
	LOG_LEVEL_ERROR,
	LOG_LEVEL_WARN,
	LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG,
};

/**
 * log_init - make lost output harmless; call it first in main()
 *
 * Ignores SIGPIPE, so that a reader that goes away never ends the scheduler, and opens /dev/null in
 * the place of a closed descriptor 0, 1 or 2, so that no map or cgroup gets that number and then
 * our text. The ignored SIGPIPE survives exec: see log_before_exec().
 */
void log_init(void);

/** log_before_exec - give SIGPIPE back what it was set to before log_init() */
void log_before_exec(void);

/**
 * log_set_verbosity - choose the least important level that is printed
 * @verbose: how often -v was given; 0 prints up to info, 1 and more up to debug
 */
void log_set_verbosity(unsigned int verbose);

/** log_enabled - true when messages of @level are printed at present */
bool log_enabled(enum log_level level);

/**
 * log_vprintf - print a message of any length
 * @level: dropped when it is not enabled
 * @fmt: without the prefix; a trailing newline is optional, each line inside gets the prefix
 *
 * Never fails, never changes errno (so %m works).
 */
__attribute__((format(printf, 2, 0)))
void log_vprintf(enum log_level level, const char *fmt, va_list args);

/* log_error, log_warn, log_info, log_debug - log_vprintf() at a fixed level */
__attribute__((format(printf, 1, 2))) void log_error(const char *fmt, ...);
__attribute__((format(printf, 1, 2))) void log_warn(const char *fmt, ...);
__attribute__((format(printf, 1, 2))) void log_info(const char *fmt, ...);
__attribute__((format(printf, 1, 2))) void log_debug(const char *fmt, ...);

#endif /* QUMUN_LOG_H */
