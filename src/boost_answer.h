/* SPDX-License-Identifier: GPL-2.0-only */
/* What a request from the control socket means for the boosts, and who may ask for what. */
#ifndef QUMUN_BOOST_ANSWER_H
#define QUMUN_BOOST_ANSWER_H

#include <jansson.h>
#include <sys/types.h>

#include "control_order.h"

/** boost_answer - a control_handler; @arg is a struct boosts */
json_t *boost_answer(void *arg, const struct order *order, uid_t uid, int dir_fd);

#endif /* QUMUN_BOOST_ANSWER_H */
