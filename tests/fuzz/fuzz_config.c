// SPDX-License-Identifier: GPL-2.0-only
/* units: src/config.c src/target.c src/util.c */
/* The config file. It is root's, but what reads it must not fall over a bad one. */
#include "config.h"
#include "exit_codes.h"
#include "fuzz.h"
#include "qumun.h"
#include "util.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char why[CONFIG_WHY_LEN] = "";
	struct config config;
	int code = config_parse("f", (const char *)data, size, &config, why);

	check(code == QUMUN_EXIT_OK || code == QUMUN_EXIT_USAGE);
	check(!code || (!strncmp(why, "f:", 2) && text_is_printable(why)));
	for (size_t i = 0; !code && i < config.nr_rules; i++) {
		const struct config_rule *rule = &config.rules[i];

		check(rule->target && rule->name[0] && rule->line);
		check(rule->weight >= QUMUN_BOOST_WEIGHT_MIN);
		check(rule->weight <= QUMUN_BOOST_WEIGHT_MAX);
	}
	for (size_t i = 0; !code && i < config.nr_options; i++)
		check(config.options[i].name && config.options[i].value && config.options[i].line);
	config_free(&config);
	return 0;
}
