/* SPDX-License-Identifier: GPL-2.0-only */
/* What the log says about rules: what they stand for, and when that changes. */
#ifndef QUMUN_BOOST_SAY_H
#define QUMUN_BOOST_SAY_H

#include "rules.h"

/** rule_say - a line for each of its cgroups, or why there is none */
void rule_say(const struct rule *rule);

/** rule_say_waits - why there is none */
void rule_say_waits(const struct rule *rule);

/** rule_say_changes - what is gone and what is new; @old are the cgroups that it had before */
void rule_say_changes(const struct rule *rule, const struct matches *old);

#endif /* QUMUN_BOOST_SAY_H */
