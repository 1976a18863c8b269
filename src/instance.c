// SPDX-License-Identifier: GPL-2.0-only
#include "instance.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "exit_codes.h"
#include "log.h"
#include "util.h"

#define LOCK_FILE INSTANCE_DIR "/lock"

static int report_errno(const char *what)
{
	int err = errno;

	log_error("%s: %s", what, strerror(err));
	return err == EACCES || err == EPERM ? QUMUN_EXIT_PRIVILEGE : QUMUN_EXIT_ENVIRONMENT;
}

static int report_other_instance(void)
{
	uint64_t pid;

	if (read_file_u64("", LOCK_FILE, &pid))
		log_error("another scx_qumun is running (only one can)");
	else
		log_error("another scx_qumun is running, process %llu (only one can)",
			  (unsigned long long)pid);
	return QUMUN_EXIT_BUSY;
}

int instance_lock(void)
{
	int fd;

	if (mkdir(INSTANCE_DIR, 0755) && errno != EEXIST)
		return report_errno(INSTANCE_DIR);
	fd = open(LOCK_FILE, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0)
		return report_errno(LOCK_FILE);
	if (flock(fd, LOCK_EX | LOCK_NB)) {
		int err = errno;

		close(fd);
		errno = err;
		return err == EWOULDBLOCK ? report_other_instance() : report_errno(LOCK_FILE);
	}
	/* The number is for messages only: the lock is what counts. */
	if (ftruncate(fd, 0) || dprintf(fd, "%d\n", getpid()) < 0)
		log_debug("%s: %s", LOCK_FILE, strerror(errno));
	return 0;
}

/* The lock is not asked: to take it, however briefly, would be in the way of one that starts. */
pid_t instance_pid(void)
{
	uint64_t pid;

	if (read_file_u64("", LOCK_FILE, &pid) || !pid || pid > INT_MAX)
		return 0;
	return kill((pid_t)pid, 0) && errno == ESRCH ? 0 : (pid_t)pid;
}
