// SPDX-License-Identifier: GPL-2.0-only
#include "pick.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "exit_codes.h"
#include "util.h"

/* A daemon that does not answer costs seconds each time. */
#define PAUSE_REFRESHES 10

static uint64_t now_usec(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* cpu.stat has the times with and without the cpu controller. */
static bool read_usage(void *arg, const char *path, uint64_t *usec)
{
	char file[PATH_MAX], text[4096];

	if (snprintf(file, sizeof(file), "%s/cpu.stat", path) >= (int)sizeof(file))
		return false;
	return read_file_str(arg, file, text, sizeof(text)) > 0 && pick_usage(text, usec);
}

static void ask_boosts(struct pick *pick)
{
	json_t *order, *answer = NULL;
	int code;

	if (pick->pause) {
		pick->pause--;
		return;
	}
	order = json_pack("{s:s}", "do", "list");
	code = QUMUN_EXIT_ENVIRONMENT;
	if (order)
		code = control_request(order, -1, &answer, pick->daemon);
	if (!code)
		*pick->daemon = '\0';
	else if (code == QUMUN_EXIT_ENVIRONMENT)
		pick->pause = PAUSE_REFRESHES;
	pick_list_boosts(&pick->list, json_object_get(answer, "rules"));
	json_decref(answer);
	json_decref(order);
}

int pick_refresh(struct pick *pick, char *why)
{
	struct things things = { 0 };
	int code;

	code = resolve_list(pick->resolver, &things, why);
	if (!code && pick_list_update(&pick->list, &things, now_usec(), read_usage,
				      (void *)pick->root)) {
		snprintf(why, RESOLVE_WHY_LEN, "%s", strerror(ENOMEM));
		code = QUMUN_EXIT_ENVIRONMENT;
	}
	things_free(&things);
	if (!code)
		ask_boosts(pick);
	return code;
}

/*
 * The cgroup that goes with a request. The daemon lets a normal user boost what belongs to them,
 * and believes a descriptor, not a name. For root the rule shall be about the name: it then holds
 * for the next cgroup of that name, too.
 */
static int open_cgroup_for(const struct pick_row *row)
{
	struct stat st;
	int fd;

	if (!geteuid())
		return -1;
	fd = open(row->path, O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	/* Another one has its path by now: the daemon will ask for a descriptor, and be right. */
	if (fd >= 0 && (fstat(fd, &st) || st.st_ino != row->cgroup_id)) {
		close(fd);
		fd = -1;
	}
	return fd;
}

/* @weight 0 drops the boost. */
static int request(struct pick *pick, const struct pick_row *row, uint32_t weight)
{
	json_t *order, *answer = NULL;
	int code = QUMUN_EXIT_ENVIRONMENT;
	int fd = -1;

	if (weight) {
		order = json_pack("{s:s, s:s, s:I}", "do", "add", "target", row->target,
				  "weight", (json_int_t)weight);
		fd = open_cgroup_for(row);
	} else {
		order = json_pack("{s:s, s:s}", "do", "del", "target", row->target);
	}
	if (order)
		code = control_request(order, fd, &answer, pick->message);
	else
		snprintf(pick->message, sizeof(pick->message), "%s", strerror(ENOMEM));
	if (!code && !*pick->message)
		snprintf(pick->message, sizeof(pick->message), "%s: %s", row->title,
			 weight ? "boosted" : "no longer boosted");
	if (fd >= 0)
		close(fd);
	json_decref(answer);
	json_decref(order);
	pick->pause = 0;
	ask_boosts(pick);
	return code;
}

int pick_toggle(struct pick *pick, const struct pick_row *row)
{
	return request(pick, row, row->ruled ? 0 : pick->weight);
}

int pick_reweigh(struct pick *pick, const struct pick_row *row, bool up)
{
	uint32_t weight = pick_weight_step(row && row->ruled ? row->weight : pick->weight, up);

	*pick->message = '\0';
	if (!row || !row->ruled) {
		pick->weight = weight;
		return QUMUN_EXIT_OK;
	}
	return weight == row->weight ? QUMUN_EXIT_OK : request(pick, row, weight);
}

const char *pick_weight_cell(const struct pick_row *row, char *cell)
{
	*cell = '\0';
	if (row->weight)
		snprintf(cell, 16, row->ruled ? "%u" : "(%u)", row->weight);
	return cell;
}
