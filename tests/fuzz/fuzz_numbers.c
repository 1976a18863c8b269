// SPDX-License-Identifier: GPL-2.0-only
/* units: src/util.c */
/* Numbers of options, and lists of CPUs from sysfs. */
#include <errno.h>
#include <inttypes.h>

#include "fuzz.h"
#include "util.h"

static void check_number(const char *text)
{
	char back[32];
	uint64_t value = 7;
	int err = parse_u64(text, 0, UINT64_MAX, &value);

	check(!err || err == -EINVAL || err == -ERANGE);
	if (err) {
		check(value == 7);
		return;
	}
	snprintf(back, sizeof(back), "%" PRIu64, value);
	text += strspn(text, "0");
	check(!strcmp(*text ? text : "0", back));
	check(!value || parse_u64(back, 0, value - 1, &value) == -ERANGE);
}

/* What is printed reads as the same set; what does not fit is cut. */
static void check_list(const char *text, size_t size)
{
	static struct cpu_mask mask, again;
	static char list[CPU_MASK_BITS * 6];
	int nr = cpu_mask_parse(&mask, text);

	check(nr >= 0 || nr == -EINVAL || nr == -ERANGE);
	if (nr < 0)
		return;
	check((unsigned int)nr == cpu_mask_count(&mask));
	cpu_mask_format(list, sizeof(list), &mask);
	check(cpu_mask_parse(&again, list) == nr && cpu_mask_equal(&mask, &again));
	cpu_mask_format(list, 4 + size % 64, &mask);
	check(strlen(list) < 4 + size % 64);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);

	check_number(text);
	check_list(text, size);
	free(text);
	return 0;
}
