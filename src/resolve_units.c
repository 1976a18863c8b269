// SPDX-License-Identifier: GPL-2.0-only
/*
 * unit:NAME and unit:PATTERN, by the names of cgroups: systemd has one for each unit that runs, and
 * need not be asked.
 *
 * A user may call a unit of their own nginx.service. So units of the system come first: only where
 * none of them matches, those of users do. A normal user means the own ones first, and never those
 * of other users.
 */
#include <errno.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exit_codes.h"
#include "resolve_parts.h"
#include "util.h"

#define SYSTEM		(-1)

static bool ends_with(const char *text, const char *end)
{
	size_t len = strlen(text), end_len = strlen(end);

	return len > end_len && !strcmp(text + len - end_len, end);
}

/* The N of "user@N.service", or SYSTEM for other names. */
static int64_t manager_of(const char *name)
{
	static const char start[] = "user@";
	size_t start_len = sizeof(start) - 1, digits;

	if (strncmp(name, start, start_len))
		return SYSTEM;
	name += start_len;
	digits = strspn(name, "0123456789");
	if (!digits || digits > 10 || strcmp(name + digits, ".service"))
		return SYSTEM;
	return strtoll(name, NULL, 10);
}

/* Whose unit lies at @path: of the first user manager on the way there. */
static int64_t owner_of(const char *path)
{
	char part[NAME_MAX + 1];

	for (;;) {
		size_t len = strcspn(path, "/");
		int64_t user;

		if (!path[len] || len > NAME_MAX)
			return SYSTEM;
		memcpy(part, path, len);
		part[len] = '\0';
		user = manager_of(part);
		if (user != SYSTEM)
			return user;
		path += len + 1;
	}
}

struct visitor {
	int (*visit)(void *data, const struct unit *unit);
	void *data;
	int err;
};

static enum walk_on see_cgroup(void *data, const char *path, const char *name)
{
	struct visitor *v = data;
	struct unit unit = { .path = path, .name = name, .user = owner_of(path) };
	bool is_slice = ends_with(name, ".slice");

	if (!is_slice && !ends_with(name, ".service") && !ends_with(name, ".scope"))
		return WALK_PAST;
	v->err = v->visit(v->data, &unit);
	if (v->err)
		return WALK_STOP;
	if (is_slice || (unit.user == SYSTEM && manager_of(name) != SYSTEM))
		return WALK_INTO;
	return WALK_PAST;
}

int units_visit(struct resolver *r, int (*visit)(void *data, const struct unit *unit), void *data)
{
	struct visitor v = { .visit = visit, .data = data };
	const struct walk walk = { .visit = see_cgroup, .data = &v, .foreign = true };
	int err = walk_cgroups(r, &walk);

	return err ? err : v.err;
}

struct search {
	struct resolver *r;
	const char *pattern;
	/* Of those who come first, and of the others. */
	struct matches *first, *second;
};

static int add_unit(struct search *s, struct matches *matches, const struct unit *unit)
{
	char shown[512], user[32] = "";

	if (unit->user != SYSTEM)
		snprintf(user, sizeof(user), " of user %" PRId64, unit->user);
	return matches_add(s->r, matches, unit->path, "its name", "unit %s%s",
			   escape_text(shown, sizeof(shown), unit->name), user);
}

static int compare_unit(void *data, const struct unit *unit)
{
	struct search *s = data;
	bool is_first = s->r->user ? unit->user == s->r->user : unit->user == SYSTEM;

	/* systemd's names are full of backslashes: they escape nothing here. */
	if (fnmatch(s->pattern, unit->name, FNM_NOESCAPE))
		return 0;
	if (is_first)
		return add_unit(s, s->first, unit);
	if (s->r->user && unit->user != SYSTEM)
		return 0;
	return add_unit(s, s->second, unit);
}

int resolve_unit(struct resolver *r, const struct target *target, struct matches *matches,
		 char *why)
{
	struct matches second = { 0 };
	struct search s = { .r = r, .pattern = target->name, .first = matches, .second = &second };
	char shown[256];
	int err;

	err = units_visit(r, compare_unit, &s);
	if (!err && !matches->nr) {
		*matches = second;
		second = (struct matches){ 0 };
	}
	matches_free(&second);
	if (err)
		return resolve_explain(QUMUN_EXIT_ENVIRONMENT, why, "units cannot be listed: %s",
				       strerror(-err));
	if (matches->nr)
		return QUMUN_EXIT_OK;
	return resolve_explain(QUMUN_EXIT_NOT_FOUND, why, "no such unit runs (looked for services, "
			       "scopes and slices in %s)",
			       escape_text(shown, sizeof(shown), r->mount.path));
}
