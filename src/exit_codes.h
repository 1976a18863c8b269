/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Exit codes of scx_qumun. Users, units and tests rely on them: never renumber, only append.
 */
#ifndef QUMUN_EXIT_CODES_H
#define QUMUN_EXIT_CODES_H

/**
 * enum qumun_exit - how a run of scx_qumun ended
 * @QUMUN_EXIT_OK: stopped on request, or the question was answered
 * @QUMUN_EXIT_EJECTED: ejected by the kernel, or all restarts spent
 * @QUMUN_EXIT_USAGE: the command line or the environment asks for something invalid
 * @QUMUN_EXIT_KERNEL: this kernel cannot run the scheduler
 * @QUMUN_EXIT_PRIVILEGE: a capability or permission is missing
 * @QUMUN_EXIT_BUSY: another scheduler, or another scx_qumun, is active
 * @QUMUN_EXIT_ENVIRONMENT: cgroup2, bpffs, memory or a foreign pin is in the way
 * @QUMUN_EXIT_NOT_FOUND: the target does not exist or is not running; nor is scx_qumun
 * @QUMUN_EXIT_CAPACITY: a table is full
 * @QUMUN_EXIT_OPERATOR: thrown out by an operator (SysRq-S); do not restart
 */
enum qumun_exit {
	QUMUN_EXIT_OK		= 0,
	QUMUN_EXIT_EJECTED	= 1,
	QUMUN_EXIT_USAGE	= 2,
	QUMUN_EXIT_KERNEL	= 3,
	QUMUN_EXIT_PRIVILEGE	= 4,
	QUMUN_EXIT_BUSY		= 5,
	QUMUN_EXIT_ENVIRONMENT	= 6,
	QUMUN_EXIT_NOT_FOUND	= 7,
	QUMUN_EXIT_CAPACITY	= 8,
	QUMUN_EXIT_OPERATOR	= 9,
};

#endif /* QUMUN_EXIT_CODES_H */
