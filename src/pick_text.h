/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Text → exactly so many columns of a terminal.
 */
#ifndef QUMUN_PICK_TEXT_H
#define QUMUN_PICK_TEXT_H

#include <stddef.h>

/**
 * pick_text_fit - cut or fill up a text to @columns
 * @dst: receives the text with as many blanks as are missing
 * @size: size of @dst; 8 bytes a column are enough for all but long rows of accents
 * @text: UTF-8, safe to print
 *
 * Widths are those of the locale (LC_CTYPE) that is set; where it is not UTF-8, what is not ASCII
 * becomes a question mark. A wide character that would be cut in halves becomes a blank. Returns
 * @dst.
 */
const char *pick_text_fit(char *dst, size_t size, const char *text, int columns);

/** pick_text_width - columns that a text takes */
int pick_text_width(const char *text);

#endif /* QUMUN_PICK_TEXT_H */
