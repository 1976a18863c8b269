/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The client's end of the daemon's control socket: one JSON object per line, a request and its
 * answer. What the daemon does with them is in control_server.[ch].
 *
 *	{"v":1,"do":"add","target":"container:web","weight":4096,"for_sec":600}
 *	{"v":1,"do":"del","target":"container:web"}
 *	{"v":1,"do":"list"}
 *	→ {"v":1,"code":0,"message":"...","rules":[...]}
 *
 * "code" is an enum qumun_exit, "message" is for people and safe to print. A request about a cgroup
 * comes with a descriptor of its directory (SCM_RIGHTS), which is what the daemon believes; from
 * anybody but root, it must: names are resolved by the client, as that user.
 */
#ifndef QUMUN_CONTROL_H
#define QUMUN_CONTROL_H

#include <jansson.h>

#define CONTROL_SOCKET	"/run/scx_qumun/control.sock"
#define CONTROL_VERSION	1
#define CONTROL_WHY_LEN	512

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

#endif /* QUMUN_CONTROL_H */
