// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs the VM tests, one after the other: there is one slot for a scheduler.
 *
 *	vmtest			the tests of the group "default"
 *	vmtest GROUP		those of another one: "nosched" (a kernel without sched_ext), "llcs",
 *				"nodes" (machines of that kind), and so on: see scripts/test.sh
 *	vmtest -t NAME...	the tests of these names
 *
 * Each test is a process of its own. It ends with one of these exit codes.
 */
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vmtest.h"

enum { RESULT_OK = 0, RESULT_FAIL = 77, RESULT_SKIP = 78 };

#define MAX_TESTS 128
#define TEST_TIMEOUT_S 240

static const struct vm_test *tests[MAX_TESTS];
static int nr_tests;
static int message_fd = -1;

void vm_test_register(const struct vm_test *test)
{
	if (nr_tests == MAX_TESTS)
		abort();
	tests[nr_tests++] = test;
}

void note(const char *fmt, ...)
{
	va_list args;

	printf("# ");
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	printf("\n");
	fflush(stdout);
}

/* The parent prints the reason in the line of the result. */
__attribute__((noreturn)) static void finish(int result, char *text)
{
	for (char *c = text; *c; c++)
		if (*c == '\n')
			*c = '|';
	if (write(message_fd, text, strlen(text)) < 0)
		result = RESULT_FAIL;
	exit(result);
}

void fail(const char *fmt, ...)
{
	char text[1024];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	finish(RESULT_FAIL, text);
}

void skip(const char *fmt, ...)
{
	char text[1024];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	finish(RESULT_SKIP, text);
}

static bool nothing_loaded(const void *arg)
{
	(void)arg;
	return scx_is("disabled") && !qumun_programs();
}

/* What is wrong after a test, whatever it tested; NULL if nothing. */
static const char *check_left_behind(const struct vm_test *test, bool has_scx)
{
	static char text[600];
	const char *trouble = dmesg_trouble(test->dmesg_ok);

	if (trouble) {
		snprintf(text, sizeof(text), "dmesg: %.500s", trouble);
		return text;
	}
	if (has_scx && !wait_for(nothing_loaded, NULL, 10000)) {
		snprintf(text, sizeof(text), "still enabled or loaded: scheduler \"%s\", %d programs",
			 scx_ops(), qumun_programs());
		return text;
	}
	if (!access(PIN_DIR, F_OK))
		return PIN_DIR " is left behind";
	return NULL;
}

/* Run in a process group of its own, so that nothing survives a failed test. */
static int run_isolated(const struct vm_test *test, char *message, size_t size)
{
	int fds[2], status;
	ssize_t len = 0, got;
	pid_t pid;

	if (pipe(fds))
		abort();
	pid = fork();
	if (!pid) {
		setpgid(0, 0);
		message_fd = fds[1];
		alarm(TEST_TIMEOUT_S);
		test->run();
		exit(RESULT_OK);
	}
	close(fds[1]);
	if (waitpid(pid, &status, 0) != pid)
		abort();
	kill(-pid, SIGKILL);
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
	/* Tasks of the test may hold the pipe open for a moment: read what is there. */
	if (WIFEXITED(status) && WEXITSTATUS(status)) {
		got = read(fds[0], message, size - 1);
		len = got > 0 ? got : 0;
	}
	message[len] = '\0';
	close(fds[0]);
	if (WIFSIGNALED(status)) {
		snprintf(message, size, "killed by signal %d%s", WTERMSIG(status),
			 WTERMSIG(status) == SIGALRM ? " (took too long)" : "");
		return RESULT_FAIL;
	}
	return WEXITSTATUS(status);
}

static int run_test(const struct vm_test *test, int number)
{
	bool has_scx = !access(SCX "/state", F_OK);
	char message[1100];
	const char *left;
	uint64_t start = now_ns();
	int result;

	dmesg_mark();
	result = run_isolated(test, message, sizeof(message));
	left = check_left_behind(test, has_scx);
	if (left && result != RESULT_FAIL) {
		snprintf(message, sizeof(message), "%s", left);
		result = RESULT_FAIL;
	}
	note("%s took %.1f s", test->name, (now_ns() - start) / 1e9);
	if (result == RESULT_SKIP)
		printf("ok %d - %s # SKIP %s\n", number, test->name, message);
	else if (result == RESULT_OK)
		printf("ok %d - %s: %s\n", number, test->name, test->about);
	else
		printf("not ok %d - %s: %s: %s\n", number, test->name, test->about,
		       message[0] ? message : "ended without a word");
	fflush(stdout);
	return result == RESULT_FAIL || (result && result != RESULT_SKIP);
}

static bool is_selected(const struct vm_test *test, int argc, char **argv)
{
	if (argc > 2 && !strcmp(argv[1], "-t")) {
		for (int i = 2; i < argc; i++)
			if (!strcmp(argv[i], test->name))
				return true;
		return false;
	}
	return !strcmp(test->group ? test->group : "default", argc > 1 ? argv[1] : "default");
}

int main(int argc, char **argv)
{
	int number = 0, failed = 0, planned = 0;

	/* Orphans of a test come to us, and are reaped. */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	for (int i = 0; i < nr_tests; i++)
		planned += is_selected(tests[i], argc, argv);
	printf("1..%d\n", planned);
	fflush(stdout);
	for (int i = 0; i < nr_tests; i++)
		if (is_selected(tests[i], argc, argv))
			failed += run_test(tests[i], ++number);
	return failed ? 1 : 0;
}
