// SPDX-License-Identifier: GPL-2.0-only
/*
 * Small pure helpers; the contracts are in util.h.
 */
#include "util.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_all_digits(const char *s)
{
	return *s && strspn(s, "0123456789") == strlen(s);
}

int parse_u64(const char *s, uint64_t min, uint64_t max, uint64_t *out)
{
	uint64_t value = 0;

	if (*s == '-' && is_all_digits(s + 1))
		return -ERANGE;
	if (!is_all_digits(s))
		return -EINVAL;

	for (; *s; s++) {
		if (__builtin_mul_overflow(value, UINT64_C(10), &value) ||
		    __builtin_add_overflow(value, (uint64_t)(*s - '0'), &value))
			return -ERANGE;
	}
	if (value < min || value > max)
		return -ERANGE;
	*out = value;
	return 0;
}

static int open_below(const char *root, const char *path)
{
	char full[PATH_MAX];
	int len, fd;

	len = snprintf(full, sizeof(full), "%s/%s", root, path);
	if (len < 0 || len >= (int)sizeof(full))
		return -ENAMETOOLONG;
	fd = open(full, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* Reads until the end of the file or until @size bytes; sysfs may deliver in pieces. */
static ssize_t read_full(int fd, char *buf, size_t size)
{
	size_t used = 0;

	while (used < size) {
		ssize_t len = read(fd, buf + used, size - used);

		if (len < 0 && errno == EINTR)
			continue;
		if (len < 0)
			return -errno;
		if (len == 0)
			break;
		used += (size_t)len;
	}
	return (ssize_t)used;
}

int read_file_str(const char *root, const char *path, char *buf, size_t size)
{
	ssize_t len;
	int fd;

	if (!size || size > INT_MAX)
		return -EINVAL;
	buf[0] = '\0';
	fd = open_below(root, path);
	if (fd < 0)
		return fd;
	len = read_full(fd, buf, size);
	close(fd);
	if (len == (ssize_t)size)
		len = -EFBIG;
	else if (len > 0 && memchr(buf, '\0', (size_t)len))
		len = -EINVAL;
	if (len < 0) {
		buf[0] = '\0';
		return (int)len;
	}

	while (len && strchr(" \t\r\n", buf[len - 1]))
		len--;
	buf[len] = '\0';
	return (int)len;
}

bool wait_readable(int fd, int ms)
{
	struct pollfd pollfd = { .fd = fd, .events = POLLIN };

	return poll(&pollfd, 1, ms) > 0;
}

int read_file_u64(const char *root, const char *path, uint64_t *out)
{
	char text[64];
	int ret;

	ret = read_file_str(root, path, text, sizeof(text));
	return ret < 0 ? ret : parse_u64(text, 0, UINT64_MAX, out);
}

uint64_t monotonic_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000ULL + now.tv_nsec / 1000000;
}

void cpu_mask_set(struct cpu_mask *mask, unsigned int cpu)
{
	mask->bits[cpu / 64] |= UINT64_C(1) << (cpu % 64);
}

bool cpu_mask_test(const struct cpu_mask *mask, unsigned int cpu)
{
	return cpu < CPU_MASK_BITS && (mask->bits[cpu / 64] >> (cpu % 64)) & 1;
}

int cpu_mask_next(const struct cpu_mask *mask, unsigned int from)
{
	while (from < CPU_MASK_BITS) {
		uint64_t rest = mask->bits[from / 64] >> (from % 64);

		if (rest)
			return (int)from + __builtin_ctzll(rest);
		from = (from / 64 + 1) * 64;
	}
	return -1;
}

unsigned int cpu_mask_count(const struct cpu_mask *mask)
{
	unsigned int count = 0;

	for (size_t i = 0; i < ARRAY_SIZE(mask->bits); i++)
		count += (unsigned int)__builtin_popcountll(mask->bits[i]);
	return count;
}

void cpu_mask_and(struct cpu_mask *mask, const struct cpu_mask *other)
{
	for (size_t i = 0; i < ARRAY_SIZE(mask->bits); i++)
		mask->bits[i] &= other->bits[i];
}

bool cpu_mask_equal(const struct cpu_mask *a, const struct cpu_mask *b)
{
	return !memcmp(a->bits, b->bits, sizeof(a->bits));
}

/* Reads the digits at *@s and steps over them. */
static int take_cpu(const char **s, unsigned int *cpu)
{
	if (!is_digit(**s))
		return -EINVAL;
	for (*cpu = 0; is_digit(**s); (*s)++) {
		*cpu = *cpu * 10 + (unsigned int)(**s - '0');
		if (*cpu >= CPU_MASK_BITS)
			return -ERANGE;
	}
	return 0;
}

/* Reads one item, "8" or "0-3", and steps over it. */
static int take_cpu_range(const char **s, struct cpu_mask *mask)
{
	unsigned int first, last;
	int ret;

	ret = take_cpu(s, &first);
	if (ret)
		return ret;
	last = first;
	if (**s == '-') {
		(*s)++;
		ret = take_cpu(s, &last);
		if (ret)
			return ret;
	}
	if (last < first)
		return -EINVAL;
	for (; first <= last; first++)
		cpu_mask_set(mask, first);
	return 0;
}

int cpu_mask_parse(struct cpu_mask *mask, const char *list)
{
	int ret;

	memset(mask, 0, sizeof(*mask));
	if (!*list)
		return 0;
	for (;;) {
		ret = take_cpu_range(&list, mask);
		if (ret)
			return ret;
		if (!*list)
			return (int)cpu_mask_count(mask);
		if (*list++ != ',')
			return -EINVAL;
	}
}

const char *cpu_mask_format(char *dst, size_t size, const struct cpu_mask *mask)
{
	int first = cpu_mask_next(mask, 0);
	size_t used = 0;

	*dst = '\0';
	while (first >= 0) {
		int next = first + 1, len;
		char item[32];

		while (cpu_mask_test(mask, (unsigned int)next))
			next++;
		len = snprintf(item, sizeof(item), "%s%d", used ? "," : "", first);
		if (next - first > 1)
			len += snprintf(item + len, sizeof(item) - (size_t)len, "-%d", next - 1);
		/* Always keep room for the dots. */
		if (used + (size_t)len + sizeof("...") > size) {
			strcpy(dst + used, "...");
			break;
		}
		memcpy(dst + used, item, (size_t)len + 1);
		used += (size_t)len;
		first = cpu_mask_next(mask, (unsigned int)next);
	}
	return dst;
}

/*
 * Decodes the character at @s. Returns its length, or 0 for what is not UTF-8: stray or missing
 * continuation bytes (the final NUL is one), longer forms than needed, surrogates, too large.
 */
static size_t utf8_decode(const unsigned char *s, uint32_t *code)
{
	static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t len;

	if (s[0] < 0x80)
		len = 1;
	else if ((s[0] & 0xe0) == 0xc0)
		len = 2;
	else if ((s[0] & 0xf0) == 0xe0)
		len = 3;
	else if ((s[0] & 0xf8) == 0xf0)
		len = 4;
	else
		return 0;

	*code = len == 1 ? s[0] : s[0] & (0x7fU >> len);
	for (size_t i = 1; i < len; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		*code = *code << 6 | (s[i] & 0x3fU);
	}
	if (*code < smallest[len] || *code > 0x10ffff || (*code >= 0xd800 && *code <= 0xdfff))
		return 0;
	return len;
}

static bool is_printable(uint32_t code)
{
	/* Controls, then what is invisible, breaks the line or turns the direction of text. */
	static const struct { uint32_t first, last; } hidden[] = {
		{ 0x0000, 0x001f },	{ 0x007f, 0x009f },
		{ 0x00ad, 0x00ad },	{ 0x061c, 0x061c },
		{ 0x180e, 0x180e },	{ 0x200b, 0x200f },
		{ 0x2028, 0x202e },	{ 0x2060, 0x206f },
		{ 0xfeff, 0xfeff },	{ 0xfff9, 0xfffb },
		{ 0xe0000, 0xe007f },
	};

	for (size_t i = 0; i < ARRAY_SIZE(hidden); i++) {
		if (code >= hidden[i].first && code <= hidden[i].last)
			return false;
	}
	return true;
}

/* Length of the character at @s, or 0 when it must not reach a terminal. */
static size_t printable_len(const char *s)
{
	uint32_t code;
	size_t len;

	len = utf8_decode((const unsigned char *)s, &code);
	return len && is_printable(code) ? len : 0;
}

bool text_is_printable(const char *s)
{
	size_t len;

	for (; *s; s += len) {
		len = printable_len(s);
		if (!len)
			return false;
	}
	return true;
}

const char *escape_text(char *dst, size_t size, const char *src)
{
	static const char dots[] = "...";
	/* @cut: the last place between characters behind which the dots still fit. */
	size_t used = 0, cut = 0;

	if (!size)
		return dst;
	while (*src) {
		size_t taken = printable_len(src);
		char escaped[sizeof("\\xff")];
		const char *piece = src;
		size_t len = taken;

		if (!taken) {
			/* One byte of a hidden character; the rest of it follows as invalid. */
			len = (size_t)snprintf(escaped, sizeof(escaped), "\\x%02x",
					       (unsigned char)*src);
			piece = escaped;
			taken = 1;
		}
		if (used + sizeof(dots) <= size)
			cut = used;
		if (used + len >= size) {
			used = cut;
			if (size >= sizeof(dots)) {
				memcpy(dst + used, dots, sizeof(dots) - 1);
				used += sizeof(dots) - 1;
			}
			break;
		}
		memcpy(dst + used, piece, len);
		used += len;
		src += taken;
	}
	dst[used] = '\0';
	return dst;
}

void path_normalise(char *path)
{
	bool absolute = *path == '/';
	char *from = path, *to = path;

	while (*from) {
		size_t len;

		from += strspn(from, "/");
		len = strcspn(from, "/");
		if (len && !(len == 1 && *from == '.')) {
			if (to != path || absolute)
				*to++ = '/';
			memmove(to, from, len);
			to += len;
		}
		from += len;
	}
	/* Only "/" itself ends in a slash, and a relative path to here is ".", not nothing. */
	if (to == path && from != path)
		*to++ = absolute ? '/' : '.';
	*to = '\0';
}
