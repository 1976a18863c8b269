// SPDX-License-Identifier: GPL-2.0-only
/*
 * busctl sends the request. It comes with systemd, so it is there whenever somebody listens, and a
 * program of its own bears what games bring along: in Steam's environment LD_LIBRARY_PATH and
 * LD_PRELOAD name other people's libraries, for which a libsystemd inside of this process would be
 * the next victim; busctl gets an environment without them. systemd-run could do the same, but it
 * wants to execute the command itself, and then nobody is left to start it when that fails.
 */
#include "run_scope.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "util.h"

/* The answer takes milliseconds; a machine that is full, or emulated, takes its turn. */
#define PATIENCE_MS 8000

#define MAX_ENV 8

bool run_scope_possible(void)
{
	struct stat st;

	/* What sd_booted(3) is documented to look at. */
	return !lstat("/run/systemd/system", &st) && S_ISDIR(st.st_mode);
}

/* Adds NAME=VALUE of our environment, when it is there. */
static void pass_on(char **env, size_t *nr, const char *name)
{
	const char *value = getenv(name);
	char *entry;

	if (value && asprintf(&entry, "%s=%s", name, value) >= 0)
		env[(*nr)++] = entry;
}

/* What busctl needs to find the bus, and nothing else. */
static void make_env(char *env[MAX_ENV])
{
	char *entry;
	size_t nr = 0;

	pass_on(env, &nr, "PATH");
	pass_on(env, &nr, "DBUS_SESSION_BUS_ADDRESS");
	pass_on(env, &nr, "DBUS_SYSTEM_BUS_ADDRESS");
	if (getenv("XDG_RUNTIME_DIR"))
		pass_on(env, &nr, "XDG_RUNTIME_DIR");
	else if (asprintf(&entry, "XDG_RUNTIME_DIR=/run/user/%u", (unsigned int)getuid()) >= 0)
		env[nr++] = entry;
	entry = strdup("LC_ALL=C");
	if (entry)
		env[nr++] = entry;
	env[nr] = NULL;
}

static void free_env(char **env)
{
	for (size_t i = 0; env[i]; i++)
		free(env[i]);
}

/* Starts busctl with its stderr in a pipe. Returns its pid, or a negative errno. */
static pid_t start(char *const *argv, char *const *env, int error_fd)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t pipe_only;
	pid_t pid;
	int err;

	sigemptyset(&pipe_only);
	sigaddset(&pipe_only, SIGPIPE);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGDEF);
	posix_spawnattr_setsigdefault(&attr, &pipe_only);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, error_fd, STDERR_FILENO);
	err = posix_spawnp(&pid, argv[0], &actions, &attr, argv, env);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attr);
	return err ? -err : pid;
}

/* Returns true when @pid has ended well. It does not outlive this call. */
static bool ends_well(pid_t pid)
{
	const struct timespec pause = { .tv_nsec = 2000000 };
	int status = -1;

	for (int ms = 0; ms < PATIENCE_MS; ms += 2) {
		pid_t got = waitpid(pid, &status, WNOHANG);

		if (got == pid)
			return WIFEXITED(status) && !WEXITSTATUS(status);
		/* Who started us ignores SIGCHLD: its status is lost, the cgroup will tell. */
		if (got < 0 && errno == ECHILD)
			return true;
		nanosleep(&pause, NULL);
	}
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	return false;
}

/* The first line that busctl has left in the pipe. */
static void read_reason(int fd, char *why, size_t size)
{
	char text[256];
	ssize_t len;

	fcntl(fd, F_SETFL, O_NONBLOCK);
	len = read(fd, text, sizeof(text) - 1);
	text[len > 0 ? len : 0] = '\0';
	text[strcspn(text, "\n")] = '\0';
	escape_text(why, size, *text ? text : "no answer");
}

static bool run_busctl(char *const *argv, char *why, size_t size)
{
	char *env[MAX_ENV];
	bool good = false;
	int fds[2];
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC)) {
		snprintf(why, size, "pipe: %s", strerror(errno));
		return false;
	}
	make_env(env);
	pid = start(argv, env, fds[1]);
	close(fds[1]);
	free_env(env);
	if (pid < 0)
		snprintf(why, size, "busctl: %s", strerror((int)-pid));
	else if (ends_well(pid))
		good = true;
	else
		read_reason(fds[0], why, size);
	close(fds[0]);
	return good;
}

bool run_scope_request(const char *unit, const char *about, char *why, size_t size)
{
	bool system = geteuid() == 0;
	char pid[16], manager[16];
	/* In the order of StartTransientUnit(); "3" or "4" counts the properties. */
	const char *argv[] = {
		"busctl", manager, "--timeout=5", "--", "call", "org.freedesktop.systemd1",
		"/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager",
		"StartTransientUnit", "ssa(sv)a(sa(sv))", unit, "fail", system ? "3" : "4",
		"Description", "s", about,
		"CollectMode", "s", "inactive-or-failed",
		"PIDs", "au", "1", pid,
		/* Desktops want applications in this slice; the system's default is fine. */
		system ? "0" : "Slice", "s", "app.slice", "0", NULL,
	};

	snprintf(manager, sizeof(manager), "%s", system ? "--system" : "--user");
	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	if (system)
		argv[ARRAY_SIZE(argv) - 4] = NULL;
	return run_busctl((char *const *)argv, why, size);
}
