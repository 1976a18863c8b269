/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Asks systemd for a transient scope with this process in it.
 */
#ifndef QUMUN_RUN_SCOPE_H
#define QUMUN_RUN_SCOPE_H

#include <stdbool.h>
#include <stddef.h>

/** run_scope_possible - true when systemd runs this machine */
bool run_scope_possible(void);

/**
 * run_scope_request - root asks the system manager, others that of their session
 * @unit: name of the scope
 * @about: its description; valid UTF-8
 * @why: on errors, what is wrong; safe to print
 * @size: of @why
 *
 * Returns true when systemd has agreed. It moves this process a little later.
 */
bool run_scope_request(const char *unit, const char *about, char *why, size_t size);

#endif /* QUMUN_RUN_SCOPE_H */
