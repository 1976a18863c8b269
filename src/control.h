/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The client's end of the daemon's control socket: one JSON object per line, a request and its
 * answer. What the daemon does with them is in control_server.[ch] and control_order.[ch].
 *
 *	{"v":1,"do":"add","target":"container:web","weight":4096,"for_sec":600}
 *	{"v":1,"do":"del","target":"container:web"}
 *	{"v":1,"do":"list"}
 *	→ {"v":1,"code":0,"message":"...","rules":[...]}
 *
 * "code" is an enum qumun_exit, "message" is for people and safe to print; it is there with code
 * 0, too. "weight" and "for_sec" may be left out: 4096, and without an end. An unknown key is an
 * error.
 *
 * An add may come with a descriptor of a cgroup's directory (SCM_RIGHTS, opened with O_PATH): then
 * the rule is about that cgroup and ends with it, and the target is only its name. From anybody but
 * root it must, except for pid:N/tree: names are resolved by the client, as that user. Without a
 * descriptor the daemon resolves the name, again and again: the rule outlives the cgroup.
 * Where a user's weight is too large, the answer has "weight_max": N, unless it is 0.
 * A del needs no descriptor: it is found by its target, among the sender's rules; root's del finds
 * everybody's.
 *
 * A list has "all": false when rules of others are left out: users other than root see their own.
 * Its "rules" come in the order of who wins last:
 *
 *	{"target":"container:web","weight":4096,"origin":"boost add","uid":0,
 *	 "left_sec":null,"waits":null,"cgroups":[{"id":47,"path":"/sys/fs/cgroup/...","about":"...",
 *	 "counts":true}]}
 *
 * "origin" is "command line", "config file" or "boost add"; "left_sec" the time to the end of the
 * rule; "waits" says why there is no cgroup at present; "counts" is false where another rule, or
 * another tool, wins. Rules about pid:N/tree have no cgroups.
 */
#ifndef QUMUN_CONTROL_H
#define QUMUN_CONTROL_H

#include <jansson.h>

#define CONTROL_SOCKET	"/run/scx_qumun/control.sock"
#define CONTROL_VERSION	1
#define CONTROL_WHY_LEN	512

/* A line with its newline; longer ones are refused. */
#define CONTROL_REQUEST_MAX	(32 << 10)
#define CONTROL_ANSWER_MAX	(16 << 20)

/**
 * control_request - ask the daemon, and wait for its answer
 * @request: "v" is added
 * @dir_fd: directory of a cgroup that goes with it, or -1
 * @answer: receives the answer when there is one, to be released with json_decref(); else NULL
 * @why: on errors, what is wrong; safe to print; CONTROL_WHY_LEN bytes
 *
 * Returns the "code" of the answer; QUMUN_EXIT_NOT_FOUND when no daemon listens; _ENVIRONMENT when
 * it does not answer within seconds, or with something else.
 */
int control_request(json_t *request, int dir_fd, json_t **answer, char *why);

/** control_request_at - the same, to another socket; for tests */
int control_request_at(const char *path, json_t *request, int dir_fd, json_t **answer, char *why);

/**
 * control_probe - does a daemon listen? For those to whom preparing a request is a burden.
 * @why: as above
 *
 * Returns QUMUN_EXIT_OK, or what control_request() would.
 */
int control_probe(char *why);

#endif /* QUMUN_CONTROL_H */
