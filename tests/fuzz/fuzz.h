/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the fuzz targets share. Each feeds one kind of hostile input to what reads it, and checks
 * what must hold of any outcome; the sanitizers see the rest.
 */
#ifndef QUMUN_TESTS_FUZZ_H
#define QUMUN_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What libFuzzer calls. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/** check - end the run, with the input as evidence, unless @condition holds */
#define check(condition)							\
	do {									\
		if (!(condition)) {						\
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);	\
			abort();						\
		}								\
	} while (0)

/**
 * fuzz_text - the input as text, to be freed
 *
 * In memory of exactly its length, so that a step behind its end is seen.
 */
static inline char *fuzz_text(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	check(text);
	memcpy(text, data, size);
	text[size] = '\0';
	/* The same for input with a NUL in it. */
	return realloc(text, strlen(text) + 1);
}

#endif /* QUMUN_TESTS_FUZZ_H */
