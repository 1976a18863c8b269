// SPDX-License-Identifier: GPL-2.0-only
/*
 * container:NAME and container:ID. Names are not unique: those of Kubernetes containers least of
 * all, and who starts a container chooses its name. So of several that run with one name none is
 * taken, but all are listed; an id is always clear.
 */
#include <stdio.h>
#include <string.h>

#include "exit_codes.h"
#include "resolve_parts.h"
#include "util.h"

/* Shorter beginnings of ids are guesses. */
#define ID_PREFIX_MIN	4

/* As many candidates as a person reads. */
#define CANDIDATES_MAX	16

static bool has_name(const struct container *c, const char *name)
{
	return !c->sandbox && c->name && !strcmp(c->name, name);
}

static bool has_id(const struct container *c, const char *id)
{
	size_t len = strlen(id);

	return len >= ID_PREFIX_MIN && is_full_id(c->id) && !strncmp(c->id, id, len);
}

struct search {
	const struct inventory *inv;
	bool (*fits)(const struct container *c, const char *text);
	const char *text;
	const struct container *first;
	size_t nr_running;
	const struct container *stopped;
};

static void search(struct search *s)
{
	for (size_t i = 0; i < s->inv->nr_containers; i++) {
		const struct container *c = &s->inv->containers[i];

		if (!s->fits(c, s->text))
			continue;
		if (!c->path)
			s->stopped = c;
		else if (!s->nr_running++)
			s->first = c;
	}
}

static int explain_ambiguous(const struct search *s, char *why)
{
	/* So that all of them fit. */
	char about[190];
	size_t used, shown = 0;

	resolve_explain(0, why, "ambiguous, %zu containers run with this %s (use more of an id, "
			"or pod:NAMESPACE/NAME/CONTAINER):", s->nr_running,
			s->fits == has_name ? "name" : "beginning of an id");
	for (size_t i = 0; i < s->inv->nr_containers && shown < CANDIDATES_MAX; i++) {
		const struct container *c = &s->inv->containers[i];

		if (!c->path || !s->fits(c, s->text))
			continue;
		used = strlen(why);
		snprintf(why + used, RESOLVE_WHY_LEN - used, "\n  %s",
			 container_about(c, about, sizeof(about)));
		shown++;
	}
	used = strlen(why);
	if (shown < s->nr_running)
		snprintf(why + used, RESOLVE_WHY_LEN - used, "\n  and %zu more",
			 s->nr_running - shown);
	return QUMUN_EXIT_USAGE;
}

/* Returns -1 to look elsewhere. */
static int judge(struct resolver *r, const struct search *s, struct matches *matches, char *why)
{
	char about[ABOUT_LEN];

	if (s->nr_running > 1)
		return explain_ambiguous(s, why);
	if (!s->nr_running)
		return -1;
	if (matches_add(r, matches, s->first->path,
			s->fits == has_name ? "its name" : "its id", "%s",
			container_about(s->first, about, sizeof(about))))
		return resolve_no_memory(why);
	return QUMUN_EXIT_OK;
}

static int explain_missing(const struct inventory *inv, const struct container *stopped, char *why)
{
	char about[ABOUT_LEN];

	if (stopped)
		return resolve_explain(QUMUN_EXIT_NOT_FOUND, why, "does not run (%s)",
				       container_about(stopped, about, sizeof(about)));
	return resolve_explain(QUMUN_EXIT_NOT_FOUND, why, "no container with this name or this "
			       "beginning of an id, of 4 digits or more (looked in %s)",
			       inv->looked);
}

static int find(struct resolver *r, const struct inventory *inv, const char *text,
		struct matches *matches, char *why)
{
	struct search by_id = { .inv = inv, .fits = has_id, .text = text };
	struct search by_name = { .inv = inv, .fits = has_name, .text = text };
	int code;

	search(&by_id);
	/* A full id is never meant as a name, and a name comes before the beginning of an id. */
	code = is_full_id(text) ? judge(r, &by_id, matches, why) : -1;
	if (code < 0) {
		search(&by_name);
		code = judge(r, &by_name, matches, why);
	}
	/* A stopped container of that name makes the id of another one too good a coincidence. */
	if (code < 0 && !by_name.stopped)
		code = judge(r, &by_id, matches, why);
	if (code < 0)
		code = explain_missing(inv, by_name.stopped ? by_name.stopped : by_id.stopped, why);
	return code;
}

int resolve_container(struct resolver *r, const struct target *target, struct matches *matches,
		      char *why)
{
	struct inventory inv;
	int code = inventory_read(r, &inv, why);

	if (!code)
		code = find(r, &inv, target->name, matches, why);
	inventory_free(&inv);
	return code;
}
