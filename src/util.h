/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Small pure helpers: strict numbers, small files below a root directory, CPU lists, safe text.
 * Nothing here prints.
 */
#ifndef QUMUN_UTIL_H
#define QUMUN_UTIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/**
 * parse_u64 - read a decimal number, strictly
 * @s: ASCII digits and nothing else; leading zeros do not mean octal
 * @min: smallest accepted value
 * @max: largest accepted value
 * @out: set on success only
 *
 * Returns 0, -EINVAL when @s is not a number, -ERANGE when it is one outside @min..@max. Any length
 * of digits is a number, and so are digits behind one '-': both are out of range, not misspelt.
 */
int parse_u64(const char *s, uint64_t min, uint64_t max, uint64_t *out);

/**
 * read_file_str - read a small text file
 * @root: directory that stands for "/"; "" or "/" is the real one
 * @path: path below @root
 * @buf: receives the text without trailing white space, always with a NUL
 * @size: size of @buf in bytes
 *
 * Returns the length, or a negative errno: -EFBIG when the text does not fit, -EINVAL when it holds
 * a NUL byte, -ENAMETOOLONG, or what open and read say. On errors @buf is the empty string.
 */
int read_file_str(const char *root, const char *path, char *buf, size_t size);

/** read_file_u64 - read_file_str() and parse_u64() over the full range; 0 or a negative errno */
int read_file_u64(const char *root, const char *path, uint64_t *out);

/**
 * wait_readable - sleep until @fd can be read, or @ms have passed
 *
 * Returns true when it can be read.
 */
bool wait_readable(int fd, int ms);

/** monotonic_ms - CLOCK_MONOTONIC */
uint64_t monotonic_ms(void);

/* As many CPUs as the largest CONFIG_NR_CPUS of a kernel. */
#define CPU_MASK_BITS 8192

/* Every second of them makes a list of 20 KiB. */
#define CPU_LIST_LEN (64 << 10)

struct cpu_mask {
	uint64_t bits[CPU_MASK_BITS / 64];
};

/** cpu_mask_set - add @cpu, which must be below CPU_MASK_BITS */
void cpu_mask_set(struct cpu_mask *mask, unsigned int cpu);

/** cpu_mask_test - true when @cpu is in @mask; any number may be asked for */
bool cpu_mask_test(const struct cpu_mask *mask, unsigned int cpu);

/** cpu_mask_next - lowest CPU of @mask that is >= @from, or -1 */
int cpu_mask_next(const struct cpu_mask *mask, unsigned int from);

/** cpu_mask_count - number of CPUs in @mask */
unsigned int cpu_mask_count(const struct cpu_mask *mask);

/** cpu_mask_and - keep in @mask only what is also in @other */
void cpu_mask_and(struct cpu_mask *mask, const struct cpu_mask *other);

/** cpu_mask_equal - true when both masks hold the same CPUs */
bool cpu_mask_equal(const struct cpu_mask *a, const struct cpu_mask *b);

/** for_each_cpu - visit the CPUs of a mask in rising order; @cpu is an int */
#define for_each_cpu(cpu, mask) \
	for ((cpu) = cpu_mask_next(mask, 0); (cpu) >= 0; (cpu) = cpu_mask_next(mask, (cpu) + 1U))

/**
 * cpu_mask_parse - read the kernel's list format, "0-3,8"
 * @mask: replaced; undefined on errors
 * @list: without white space; the empty list is valid (a node that has only memory)
 *
 * Returns the number of CPUs, -EINVAL for anything malformed ("0-", "5-2", "0,,1"), -ERANGE for a
 * CPU number of CPU_MASK_BITS or more.
 */
int cpu_mask_parse(struct cpu_mask *mask, const char *list);

/**
 * cpu_mask_format - write the kernel's list format, "0-3,8"
 * @dst: receives the list; what does not fit ends in "..."
 * @size: size of @dst in bytes, 4 at least
 *
 * Returns @dst, for use in argument lists.
 */
const char *cpu_mask_format(char *dst, size_t size, const struct cpu_mask *mask);

/**
 * text_is_printable - true when @s is valid UTF-8 without control or invisible characters
 *
 * Invisible are line and paragraph separators, zero-width characters, and those that turn the
 * direction of the text that follows.
 */
bool text_is_printable(const char *s);

/** plural - what a noun in English has behind @nr: "" or "s" */
static inline const char *plural(size_t nr)
{
	return nr == 1 ? "" : "s";
}

/**
 * escape_text - make foreign text safe to print
 * @dst: receives @src with each byte that text_is_printable() objects to written as \xNN
 * @size: size of @dst; text that does not fit ends in "..."
 *
 * A backslash stays as it is: systemd's names are full of \x2d, and what we print should be fit for
 * pasting. Returns @dst, for use in argument lists.
 */
const char *escape_text(char *dst, size_t size, const char *src);

/**
 * path_normalise - drop doubled and trailing slashes and "." components, in place
 *
 * Text only, nothing is looked up. ".." is kept: what it means depends on links.
 */
void path_normalise(char *path);

#endif /* QUMUN_UTIL_H */
