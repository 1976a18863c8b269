/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Trees of sysfs files in a temporary directory: what a test hands out as the machine's "/".
 */
#ifndef QUMUN_TESTS_TREE_H
#define QUMUN_TESTS_TREE_H

#include "topology.h"

#define CPU "sys/devices/system/cpu"
#define NODE "sys/devices/system/node"

/* The directory, while a ROOTED() test runs. */
extern char root[64];

/* setup and teardown of a test with an empty tree of its own */
int make_root(void **state);
int drop_root(void **state);

#define ROOTED(test) cmocka_unit_test_setup_teardown(test, make_root, drop_root)

/** put - write a file below the root, with a newline as sysfs has it, and the directories above */
__attribute__((format(printf, 2, 3)))
void put(const char *text, const char *fmt, ...);

/** drop - remove a file, which must be there */
__attribute__((format(printf, 1, 2)))
void drop(const char *fmt, ...);

/** group - the list "first-last" of the group of @size CPUs that @cpu belongs to; static text */
const char *group(int cpu, int size);

/** put_cache - describe one cache of @cpu */
void put_cache(int cpu, int index, const char *level, const char *type, const char *shared);

/* Sizes of the groups of a regular machine, in CPUs; without caches when @llc is 0. */
struct shape {
	int	cpus;
	int	core;
	int	llc;
	int	die;
	int	node;
};

/** put_machine - write all files of a regular machine */
void put_machine(const struct shape *s);

/** assert_sane - what must hold of any topology */
void assert_sane(const struct topology *t);

/** read_ok - topology_read() of the tree, which must succeed and be sane */
void read_ok(struct topology *t);

/** assert_note - a guess was made and the note about it holds @part */
void assert_note(const struct topology *t, enum topology_note which, const char *part);

/** assert_no_note - nothing of this sort was guessed */
void assert_no_note(const struct topology *t, enum topology_note which);

#endif /* QUMUN_TESTS_TREE_H */
