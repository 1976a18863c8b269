// SPDX-License-Identifier: GPL-2.0-only
/* units: src/util.c */
/* Names on their way to a terminal, and paths on their way to be compared. */
#include "fuzz.h"
#include "util.h"

static void check_escaped(const char *text, size_t size)
{
	char *shown = malloc(size), *again = malloc(size);

	check(shown && again);
	escape_text(shown, size, text);
	check(strlen(shown) < size && text_is_printable(shown));
	/* Nothing is left to be escaped, and what was fine is as it was. */
	check(!strcmp(escape_text(again, size, shown), shown));
	if (text_is_printable(text) && strlen(text) < size)
		check(!strcmp(shown, text));
	free(shown);
	free(again);
}

static void check_normalised(char *path)
{
	bool absolute = *path == '/', empty = !*path;
	char *again;

	path_normalise(path);
	check((*path == '/') == absolute && !*path == empty && !strstr(path, "//"));
	again = strdup(path);
	check(again);
	path_normalise(again);
	check(!strcmp(again, path));
	free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);

	check_escaped(text, 1 + size % 61);
	check_escaped(text, 4 * size + 1);
	check_normalised(text);
	free(text);
	return 0;
}
