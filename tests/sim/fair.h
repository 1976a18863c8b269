/* SPDX-License-Identifier: GPL-2.0-only */
/* What each task would get from a perfect scheduler. */
#ifndef FAIR_H
#define FAIR_H

#include "sim.h"

/* Different masks that can be told apart; all subsets of them are looked at. */
#define FAIR_MASKS_MAX 10

/**
 * fair_shares - fill in task->fair for saturated tasks: CPUs that each one gets
 * @list: the tasks that always want to run
 *
 * The weighted max-min fair allocation: nobody can get more without taking it
 * from somebody who has less for its weight. No task has more than one CPU, nor
 * CPUs that it may not use.
 */
void fair_shares(struct task **list, u32 nr, u32 (*weight_of)(const struct task *t));

#endif /* FAIR_H */
