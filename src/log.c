// SPDX-License-Identifier: GPL-2.0-only
/*
 * Messages on stderr. Each line leaves with one write where it fits, so that lines of several
 * processes do not mix; a failing write is ignored, since scheduling does not depend on readers.
 */
#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

static enum log_level max_level = LOG_LEVEL_INFO;
static struct sigaction sigpipe_before;

void log_init(void)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	int fd;

	sigaction(SIGPIPE, &ignore, &sigpipe_before);
	/* open() returns the lowest free number: it fills holes among 0..2, then passes them. */
	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

void log_before_exec(void)
{
	sigaction(SIGPIPE, &sigpipe_before, NULL);
}

void log_set_verbosity(unsigned int verbose)
{
	max_level = verbose ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO;
}

bool log_enabled(enum log_level level)
{
	return level <= max_level;
}

static struct iovec piece(const char *text, size_t len)
{
	return (struct iovec){ .iov_base = (void *)text, .iov_len = len };
}

/* Not dprintf(): with a closed stderr glibc 2.36 loses 8 KiB of memory at each call. */
static void write_lines(enum log_level level, const char *text)
{
	static const char prefix[] = "scx_qumun: ";
	const char *tag = level == LOG_LEVEL_WARN ? "warning: " : "";

	do {
		size_t len = strcspn(text, "\n");
		struct iovec line[] = {
			piece(prefix, strlen(prefix)),
			piece(tag, strlen(tag)),
			piece(text, len),
			piece("\n", 1),
		};

		if (writev(STDERR_FILENO, line, sizeof(line) / sizeof(line[0])) < 0)
			return;
		text += len;
		text += *text == '\n';
	} while (*text);
}

void log_vprintf(enum log_level level, const char *fmt, va_list args)
{
	char line[1024], *text = NULL;
	int saved_errno = errno;
	va_list again;
	int len;

	if (!log_enabled(level))
		return;

	va_copy(again, args);
	len = vsnprintf(line, sizeof(line), fmt, args);
	/* A verifier log has megabytes; without memory for it the first kilobyte must do. */
	if (len >= (int)sizeof(line)) {
		text = malloc((size_t)len + 1);
		errno = saved_errno;
		if (text)
			vsnprintf(text, (size_t)len + 1, fmt, again);
	}
	va_end(again);

	if (len >= 0)
		write_lines(level, text ? text : line);
	free(text);
	errno = saved_errno;
}

#define DEFINE_LOG(name, level)						\
void name(const char *fmt, ...)						\
{									\
	va_list args;							\
									\
	va_start(args, fmt);						\
	log_vprintf(level, fmt, args);					\
	va_end(args);							\
}

DEFINE_LOG(log_error, LOG_LEVEL_ERROR)
DEFINE_LOG(log_warn, LOG_LEVEL_WARN)
DEFINE_LOG(log_info, LOG_LEVEL_INFO)
DEFINE_LOG(log_debug, LOG_LEVEL_DEBUG)
