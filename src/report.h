/* SPDX-License-Identifier: GPL-2.0-only */
/* What people read at the start and at the end of a run. */
#ifndef QUMUN_REPORT_H
#define QUMUN_REPORT_H

#include "boost.h"
#include "domains.h"
#include "loader.h"
#include "options.h"
#include "placement.h"
#include "topology.h"

/** report_start - say what is in force, after the scheduler was proven to be in charge */
void report_start(const struct qumun_opts *opts, const struct placement_wishes *wishes,
		  const struct loader_params *params, const struct boosts *boosts,
		  const struct loader *loader);

/** report_stop - the scheduler was stopped on request, and is gone */
void report_stop(void);

/**
 * report_exit - say why the kernel ended the scheduler, in its own words
 *
 * Returns the exit code: QUMUN_EXIT_OPERATOR when a person did it,
 * QUMUN_EXIT_EJECTED otherwise.
 */
int report_exit(const struct loader *loader);

#endif /* QUMUN_REPORT_H */
