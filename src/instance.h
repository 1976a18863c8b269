/* SPDX-License-Identifier: GPL-2.0-only */
/* At most one scx_qumun at a time: a lock that the kernel drops with the process. */
#ifndef QUMUN_INSTANCE_H
#define QUMUN_INSTANCE_H

#include <sys/types.h>

#define INSTANCE_DIR "/run/scx_qumun"

/**
 * instance_lock - become the one instance
 *
 * Returns 0, or an exit code after an error message: QUMUN_EXIT_BUSY (the
 * message names the other process), QUMUN_EXIT_PRIVILEGE or
 * QUMUN_EXIT_ENVIRONMENT. The lock lasts as long as the process.
 */
int instance_lock(void);

/** instance_pid - process of the instance that runs, for messages; 0 if it is not known */
pid_t instance_pid(void);

#endif /* QUMUN_INSTANCE_H */
