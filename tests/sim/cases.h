/* SPDX-License-Identifier: GPL-2.0-only */
/* The scenarios. */
#ifndef CASES_H
#define CASES_H

#include "sim.h"

/**
 * struct sim_case - a scenario and what it must show
 * @name: short, for the command line
 * @about: what is proved, for people
 * @run: builds it from chance, lets it happen, calls fail() if something is not so
 * @control: a fault that must make it fail, or MUT_NONE
 * @control_seeds: at the latest after so many seeds
 * @seeds: runs in `make test`
 * @known: the fault of the policy for which it fails so far, or NULL. It counts as skipped;
 *	once it passes it is a failure that this is still here
 */
struct sim_case {
	const char *name;
	const char *about;
	void (*run)(void);
	enum mutation control;
	u32 control_seeds;
	u32 seeds;
	const char *known;
};

/** sim_cases - all of them; ends with a row without a name */
extern const struct sim_case sim_cases[];

#endif /* CASES_H */
