/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the screen and the plain list of `scx_qumun pick` have in common: the list with what runs
 * and what the daemon says, and the requests to it.
 */
#ifndef QUMUN_PICK_H
#define QUMUN_PICK_H

#include <stdbool.h>
#include <stdint.h>

#include "control.h"
#include "pick_list.h"
#include "resolve.h"

/**
 * struct pick - a running `scx_qumun pick`
 * @root: directory that stands for "/", for tests; "" is the real one
 * @weight: of the next boost
 * @message: what the last request came to, safe to print
 * @daemon: "", or why the daemon does not say what is boosted
 * @pause: how many refreshes not to ask a daemon that did not answer
 */
struct pick {
	struct resolver		*resolver;
	const char		*root;
	struct pick_list	list;
	uint32_t		weight;
	char			message[CONTROL_WHY_LEN];
	char			daemon[CONTROL_WHY_LEN];
	unsigned int		pause;
};

/** pick_refresh - look again at what runs, what it uses and what is boosted; or an exit code */
int pick_refresh(struct pick *pick, char *why);

/** pick_toggle - boost @row with the next weight, or drop its boost; returns an exit code */
int pick_toggle(struct pick *pick, const struct pick_row *row);

/** pick_reweigh - double or halve the weight of @row's boost, or of the next one */
int pick_reweigh(struct pick *pick, const struct pick_row *row, bool up);

/** pick_screen_run - full screen; false when this terminal cannot do it, and nothing was shown */
bool pick_screen_run(struct pick *pick);

/** pick_plain_run - a numbered list on stdout; asks for a number if @ask; returns an exit code */
int pick_plain_run(struct pick *pick, bool ask);

/** pick_weight_cell - "4096", "(4096)" when another rule gives it, or ""; @cell has 16 bytes */
const char *pick_weight_cell(const struct pick_row *row, char *cell);

#endif /* QUMUN_PICK_H */
