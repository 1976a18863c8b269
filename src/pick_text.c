// SPDX-License-Identifier: GPL-2.0-only
#ifndef _GNU_SOURCE
/* For wcwidth(). */
#define _GNU_SOURCE
#endif
#include "pick_text.h"

#include <langinfo.h>
#include <stdbool.h>
#include <string.h>
#include <wchar.h>

/* One character as it will be shown. */
struct glyph {
	const char	*bytes;
	size_t		len;
	int		columns;
};

static bool locale_is_utf8(void)
{
	return !strcmp(nl_langinfo(CODESET), "UTF-8");
}

/* Takes the character at @text. Returns how many bytes it has there. */
static size_t next_glyph(const char *text, bool utf8, struct glyph *glyph)
{
	unsigned char first = (unsigned char)*text;
	mbstate_t state = { 0 };
	wchar_t wide;
	size_t len;

	*glyph = (struct glyph){ "?", 1, 1 };
	if (first >= 0x20 && first < 0x7f)
		glyph->bytes = text;
	if (first < 0x80)
		return 1;
	if (!utf8) {
		/* The bytes behind the first one of a character in UTF-8 are 10xxxxxx. */
		for (len = 1; ((unsigned char)text[len] & 0xc0) == 0x80; len++)
			;
		return len;
	}
	len = mbrtowc(&wide, text, strlen(text), &state);
	if (len == (size_t)-1 || len == (size_t)-2)
		return 1;
	if (wcwidth(wide) >= 0)
		*glyph = (struct glyph){ text, len, wcwidth(wide) };
	return len;
}

const char *pick_text_fit(char *dst, size_t size, const char *text, int columns)
{
	bool utf8 = locale_is_utf8();
	struct glyph glyph;
	size_t used = 0;

	while (*text) {
		text += next_glyph(text, utf8, &glyph);
		/* Room for the blanks that may follow, and the NUL. */
		if (glyph.columns > columns || used + glyph.len + (size_t)columns >= size)
			break;
		memcpy(dst + used, glyph.bytes, glyph.len);
		used += glyph.len;
		columns -= glyph.columns;
	}
	while (columns-- > 0 && used + 1 < size)
		dst[used++] = ' ';
	dst[used] = '\0';
	return dst;
}

int pick_text_width(const char *text)
{
	bool utf8 = locale_is_utf8();
	struct glyph glyph;
	int columns = 0;

	while (*text) {
		text += next_glyph(text, utf8, &glyph);
		columns += glyph.columns;
	}
	return columns;
}
