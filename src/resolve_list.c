// SPDX-License-Identifier: GPL-2.0-only
/*
 * All that runs and can be named, each with the target that names it and nothing else. A name that
 * would be ambiguous is replaced by the id.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exit_codes.h"
#include "resolve_parts.h"
#include "util.h"

struct list {
	struct resolver *r;
	struct things *things;
};

/* Adds a row without its target and title, or nothing when the cgroup is gone by now. */
static int add_thing(struct list *list, const char *sort, const char *path, const char *about,
		     struct thing **added)
{
	struct matches one = { 0 };
	struct thing *rows;
	int err;

	*added = NULL;
	err = matches_add(list->r, &one, path, "it runs", "%s", about);
	if (err || !one.nr)
		return err;
	rows = reallocarray(list->things->rows, list->things->nr + 1, sizeof(*rows));
	if (!rows) {
		matches_free(&one);
		return -ENOMEM;
	}
	list->things->rows = rows;
	*added = &rows[list->things->nr++];
	**added = (struct thing){ .sort = sort, .match = one.rows[0] };
	free(one.rows);
	return 0;
}

__attribute__((format(printf, 2, 3)))
static int print_to(char **slot, const char *fmt, ...)
{
	va_list args;
	int len;

	va_start(args, fmt);
	len = vasprintf(slot, fmt, args);
	va_end(args);
	if (len < 0)
		*slot = NULL;
	return len < 0 ? -ENOMEM : 0;
}

/* The same, and safe to print. */
static int print_escaped(char **slot, const char *text)
{
	char shown[1024];

	return print_to(slot, "%s", escape_text(shown, sizeof(shown), text));
}

/* --- containers and pods ---------------------------------------------------------------------- */

static bool is_clear_name(const struct inventory *inv, const struct container *c)
{
	char why[TARGET_WHY_LEN], text[sizeof("container:") + NAME_MAX];
	struct target target;
	size_t nr = 0;
	int code;

	if (!c->name || strlen(c->name) > NAME_MAX)
		return false;
	snprintf(text, sizeof(text), "container:%s", c->name);
	code = target_parse(text, &target, why);
	target_free(&target);
	for (size_t i = 0; !code && i < inv->nr_containers; i++) {
		const struct container *other = &inv->containers[i];

		nr += other->path && !other->sandbox && other->name &&
		      !strcmp(other->name, c->name);
	}
	return nr == 1;
}

static int name_container(const struct inventory *inv, const struct container *c,
			  struct thing *thing)
{
	char title[600];

	if (c->pod_space && c->pod_name && c->name) {
		snprintf(title, sizeof(title), "%.128s/%.256s/%.128s", c->pod_space, c->pod_name,
			 c->name);
		if (print_escaped(&thing->title, title))
			return -ENOMEM;
		return print_to(&thing->target, "pod:%s/%s/%s", c->pod_space, c->pod_name, c->name);
	}
	if (print_escaped(&thing->title, c->name ? c->name : c->id))
		return -ENOMEM;
	if (is_clear_name(inv, c))
		return print_to(&thing->target, "container:%s", c->name);
	return print_to(&thing->target, "container:%s", c->id);
}

static int add_container(struct list *list, const struct inventory *inv, const struct container *c)
{
	char about[ABOUT_LEN];
	struct thing *thing;
	int err;

	if (!c->path || c->sandbox)
		return 0;
	err = add_thing(list, "container", c->path, container_about(c, about, sizeof(about)),
			&thing);
	if (!err && thing)
		err = name_container(inv, c, thing);
	return err;
}

static int add_pod(struct list *list, const struct pod *pod)
{
	char about[ABOUT_LEN], text[2 * NAME_MAX];
	struct thing *thing;
	int err;

	if (!pod->path || !pod->space || !pod->name)
		return 0;
	snprintf(text, sizeof(text), "%.128s/%.256s", pod->space, pod->name);
	snprintf(about, sizeof(about), "pod %s, %s", text, pod->uid);
	err = add_thing(list, "pod", pod->path, about, &thing);
	if (!err && thing)
		err = print_escaped(&thing->title, text);
	if (!err && thing)
		err = print_to(&thing->target, "pod:%s", text);
	return err;
}

static int add_inventory(struct list *list, const struct inventory *inv)
{
	int err = 0;

	for (size_t i = 0; !err && i < inv->nr_containers; i++)
		err = add_container(list, inv, &inv->containers[i]);
	for (size_t i = 0; !err && i < inv->nr_pods; i++)
		err = add_pod(list, &inv->pods[i]);
	return err;
}

/* --- units and applications ------------------------------------------------------------------- */

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

/* Undoes systemd's "\x2d", in place. */
static void unescape(char *text)
{
	char *to = text;

	while (*text) {
		int high = text[0] == '\\' && text[1] == 'x' ? hex_value(text[2]) : -1;
		int low = high >= 0 ? hex_value(text[3]) : -1;

		if (low >= 0 && (high || low)) {
			*to++ = (char)(high << 4 | low);
			text += 4;
		} else {
			*to++ = *text++;
		}
	}
	*to = '\0';
}

/*
 * What desktops call "app-<launcher>-<application>-<random>.scope", the launcher being optional, or
 * "app-<launcher>-<application>@<random>.service": the application.
 */
static void application_of(const char *unit, char *name, size_t size)
{
	bool is_scope;
	char *end, *dash;

	snprintf(name, size, "%s", unit + strlen("app-"));
	end = strrchr(name, '.');
	is_scope = end && !strcmp(end, ".scope");
	if (end)
		*end = '\0';
	end = strrchr(name, is_scope ? '-' : '@');
	if (end && end != name)
		*end = '\0';
	/* A dash that is part of a name is written "\x2d". */
	dash = strrchr(name, '-');
	if (dash)
		memmove(name, dash + 1, strlen(dash));
	unescape(name);
}

static bool is_application(const struct unit *unit)
{
	return unit->user >= 0 && !strncmp(unit->name, "app-", strlen("app-")) &&
	       strstr(unit->path, "/app.slice/");
}

static bool is_pattern(const char *name)
{
	return strpbrk(name, "*?[") || !text_is_printable(name);
}

static int add_unit(void *data, const struct unit *unit)
{
	const char *end = strrchr(unit->name, '.');
	struct list *list = data;
	char about[ABOUT_LEN], shown[512], title[NAME_MAX + 1];
	struct thing *thing;
	bool is_app = is_application(unit);
	int err;

	if (is_pattern(unit->name) || !strcmp(end, ".slice"))
		return 0;
	if (!is_app && (unit->user >= 0 || strcmp(end, ".service")))
		return 0;
	if (is_app && list->r->user && unit->user != list->r->user)
		return 0;
	escape_text(shown, sizeof(shown), unit->name);
	if (is_app) {
		application_of(unit->name, title, sizeof(title));
		snprintf(about, sizeof(about), "unit %s of user %" PRId64, shown, unit->user);
	} else {
		snprintf(title, sizeof(title), "%.*s", (int)(end - unit->name), unit->name);
		snprintf(about, sizeof(about), "unit %s", shown);
	}
	err = add_thing(list, is_app ? "app" : "unit", unit->path, about, &thing);
	if (!err && thing)
		err = print_escaped(&thing->title, title);
	if (!err && thing)
		err = print_to(&thing->target, "unit:%s", unit->name);
	return err;
}

/* By sort, then by title. */
static int compare_things(const void *a, const void *b)
{
	const struct thing *one = a, *two = b;
	int order = strcmp(one->sort, two->sort);

	if (!order)
		order = strcmp(one->title, two->title);
	return order ? order : strcmp(one->match.path, two->match.path);
}

int resolve_list(struct resolver *r, struct things *things, char *why)
{
	struct list list = { .r = r, .things = things };
	struct inventory inv;
	int code, err;

	*things = (struct things){ 0 };
	*why = '\0';
	r->failure = 0;
	code = resolve_check_namespace(r, why);
	if (code)
		return code;
	code = inventory_read(r, &inv, why);
	if (code) {
		inventory_free(&inv);
		return code;
	}
	err = add_inventory(&list, &inv);
	inventory_free(&inv);
	if (!err)
		err = units_visit(r, add_unit, &list);
	if (!err)
		err = -r->failure;
	if (err)
		return resolve_explain(QUMUN_EXIT_ENVIRONMENT, why, "cannot list what runs: %s",
				       strerror(-err));
	if (things->nr)
		qsort(things->rows, things->nr, sizeof(*things->rows), compare_things);
	return QUMUN_EXIT_OK;
}
