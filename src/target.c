// SPDX-License-Identifier: GPL-2.0-only
/*
 * Text of targets; the contract is in target.h. Names are held to what runtimes, Kubernetes and
 * systemd accept, so that no target carries anything that is odd to print or to compare.
 */
#include "target.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exit_codes.h"
#include "util.h"

#define LOWER		"abcdefghijklmnopqrstuvwxyz"
#define UPPER		"ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS		"0123456789"

/* The kernel's PID_MAX_LIMIT. */
#define PID_MAX		(4 * 1024 * 1024)

/* Longest file name, and longest name in the DNS, which those of pods are. */
#define NAME_LEN	255
#define POD_LEN		253
#define LABEL_LEN	63

/* More digits than any weight has, so that what is called one fits into a message. */
#define WEIGHT_DIGITS	9

#define TREE		"/tree"

__attribute__((format(printf, 2, 3)))
static int refuse(char *why, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(why, TARGET_WHY_LEN, fmt, args);
	va_end(args);
	return QUMUN_EXIT_USAGE;
}

/*
 * "container:web:8192", as --boost has it: the weight at the end is not a part of the target, and
 * what takes a target alone should say so.
 */
static bool ends_in_weight(const char *name)
{
	const char *colon = strrchr(name, ':');
	size_t digits = colon ? strspn(colon + 1, DIGITS) : 0;

	return digits && digits <= WEIGHT_DIGITS && !colon[1 + digits];
}

static int refuse_weight(const char *name, char *why)
{
	return refuse(why, "'%s' looks like a weight (--weight=%s, in the config file weight = %s; only "
		      "--boost has it behind the target)", strrchr(name, ':'), strrchr(name, ':') + 1,
		      strrchr(name, ':') + 1);
}

/* Copies @len bytes into *@slot. */
static int keep(char **slot, const char *text, size_t len, char *why)
{
	*slot = strndup(text, len);
	if (*slot)
		return QUMUN_EXIT_OK;
	refuse(why, "%s", strerror(ENOMEM));
	return QUMUN_EXIT_ENVIRONMENT;
}

/* True when @text has 1..@max characters, of @accepted ones, and begins with no '-' or '.'. */
static bool is_name(const char *text, size_t len, size_t max, const char *accepted)
{
	return len && len <= max && !strchr("-.", *text) && strspn(text, accepted) >= len;
}

static bool has_dot_dot(const char *path)
{
	const char *at = path;

	while ((at = strstr(at, "/.."))) {
		if (at[3] == '/' || !at[3])
			return true;
		at += 3;
	}
	return false;
}

static int parse_cgroup(const char *text, struct target *target, char *why)
{
	static const char accepted[] = "an absolute path below /sys/fs/cgroup";
	int code;

	if (strlen(text) >= PATH_MAX)
		return refuse(why, "path too long (%s)", accepted);
	if (!text_is_printable(text))
		return refuse(why, "control or invisible characters, or invalid UTF-8 (%s)",
			      accepted);
	if (has_dot_dot(text))
		return refuse(why, "'..' in the path (%s)", accepted);
	code = keep(&target->name, text, strlen(text), why);
	if (!code)
		path_normalise(target->name);
	return code;
}

static int parse_container(const char *text, struct target *target, char *why)
{
	if (!is_name(text, strlen(text), NAME_LEN, LOWER UPPER DIGITS "_.-"))
		return refuse(why, "not the name of a container (container:NAME or "
			      "container:ID: letters, digits, '_', '.', '-')");
	return keep(&target->name, text, strlen(text), why);
}

static int parse_pod(const char *text, struct target *target, char *why)
{
	const char *pod = strchr(text, '/');
	const char *container = pod ? strchr(pod + 1, '/') : NULL;
	size_t pod_len = pod ? strcspn(pod + 1, "/") : 0;
	int code;

	if (!pod || !is_name(text, (size_t)(pod - text), LABEL_LEN, LOWER DIGITS "-") ||
	    !is_name(pod + 1, pod_len, POD_LEN, LOWER DIGITS "-.") ||
	    (container && !is_name(container + 1, strlen(container + 1), LABEL_LEN,
				   LOWER DIGITS "-")))
		return refuse(why, "not the name of a pod (pod:NAMESPACE/NAME or "
			      "pod:NAMESPACE/NAME/CONTAINER: lower case, digits, '-', '.')");
	code = keep(&target->space, text, (size_t)(pod - text), why);
	if (!code)
		code = keep(&target->name, pod + 1, pod_len, why);
	if (!code && container)
		code = keep(&target->container, container + 1, strlen(container + 1), why);
	return code;
}

static bool ends_with(const char *text, const char *end)
{
	size_t len = strlen(text), end_len = strlen(end);

	return len > end_len && !strcmp(text + len - end_len, end);
}

/* As with systemctl: a name without a type is a service; a pattern is taken as it is. */
static const char *missing_type(const char *name)
{
	static const char *const types[] = { ".service", ".scope", ".slice" };

	if (strpbrk(name, "*?["))
		return "";
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		if (ends_with(name, types[i]))
			return "";
	}
	return types[0];
}

static int parse_unit(const char *text, struct target *target, char *why)
{
	char name[NAME_LEN + 1];
	int len;

	if (!*text || !text_is_printable(text) || strpbrk(text, "/ "))
		return refuse(why, "not the name of a unit (unit:NAME, or a pattern with *, ?, "
			      "[...] for services, scopes and slices)");
	len = snprintf(name, sizeof(name), "%s%s", text, missing_type(text));
	if (len >= (int)sizeof(name))
		return refuse(why, "the name of the unit is too long (%d bytes)", NAME_LEN);
	return keep(&target->name, name, (size_t)len, why);
}

static int parse_pid(const char *text, struct target *target, char *why)
{
	size_t len = strspn(text, DIGITS);
	char number[sizeof("00004194304")];
	uint64_t pid;

	target->tree = !strcmp(text + len, TREE);
	if ((text[len] && !target->tree) || len >= sizeof(number))
		return refuse(why, "not a process (pid:N or pid:N" TREE ", N is 1..%d)", PID_MAX);
	memcpy(number, text, len);
	number[len] = '\0';
	if (parse_u64(number, 1, PID_MAX, &pid))
		return refuse(why, "not a process (pid:N or pid:N" TREE ", N is 1..%d)", PID_MAX);
	target->pid = (pid_t)pid;
	return QUMUN_EXIT_OK;
}

/* How each kind begins; paths of cgroups begin with '/' instead. */
static const struct {
	const char		*prefix;
	enum target_kind	kind;
	int			(*parse)(const char *text, struct target *target, char *why);
} forms[] = {
	{ "/",		TARGET_CGROUP,		parse_cgroup },
	{ "container:",	TARGET_CONTAINER,	parse_container },
	{ "pod:",	TARGET_POD,		parse_pod },
	{ "unit:",	TARGET_UNIT,		parse_unit },
	{ "pid:",	TARGET_PID,		parse_pid },
};

int target_parse(const char *text, struct target *target, char *why)
{
	*target = (struct target){ 0 };
	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		size_t len = strlen(forms[i].prefix);

		if (strncmp(text, forms[i].prefix, len))
			continue;
		target->kind = forms[i].kind;
		if (target->kind != TARGET_CGROUP && target->kind != TARGET_PID &&
		    ends_in_weight(text + len))
			return refuse_weight(text, why);
		return forms[i].parse(text + (*text == '/' ? 0 : len), target, why);
	}
	return refuse(why, "not a target (an absolute path of a cgroup, container:NAME, "
		      "container:ID, pod:NAMESPACE/NAME, pod:NAMESPACE/NAME/CONTAINER, unit:NAME, "
		      "unit:PATTERN, pid:N or pid:N" TREE ")");
}

const char *target_format(const struct target *target, char *text, size_t size)
{
	switch (target->kind) {
	case TARGET_CGROUP:
		snprintf(text, size, "%s", target->name);
		break;
	case TARGET_CONTAINER:
		snprintf(text, size, "container:%s", target->name);
		break;
	case TARGET_POD:
		snprintf(text, size, "pod:%s/%s%s%s", target->space, target->name,
			 target->container ? "/" : "", target->container ? target->container : "");
		break;
	case TARGET_UNIT:
		snprintf(text, size, "unit:%s", target->name);
		break;
	case TARGET_PID:
		snprintf(text, size, "pid:%d%s", target->pid, target->tree ? TREE : "");
		break;
	}
	return text;
}

void target_free(struct target *target)
{
	free(target->name);
	free(target->space);
	free(target->container);
	*target = (struct target){ 0 };
}
