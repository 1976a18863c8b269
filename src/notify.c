// SPDX-License-Identifier: GPL-2.0-only
#include "notify.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "log.h"

/* Returns the length of @address, or a negative errno. */
static int make_address(const char *name, struct sockaddr_un *address)
{
	size_t len = strlen(name);

	if ((*name != '/' && *name != '@') || len < 2)
		return -EINVAL;
	if (len >= sizeof(address->sun_path))
		return -ENAMETOOLONG;
	*address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	memcpy(address->sun_path, name, len);
	/* Names of abstract sockets begin with a NUL and have none at the end. */
	if (*name == '@')
		address->sun_path[0] = '\0';
	return (int)(offsetof(struct sockaddr_un, sun_path) + len + (*name == '/'));
}

int notify_send(const char *state)
{
	const char *name = getenv("NOTIFY_SOCKET");
	struct sockaddr_un address;
	int len, fd, err = 0;

	if (!name || !*name)
		return 0;
	len = make_address(name, &address);
	if (len < 0)
		return len;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (sendto(fd, state, strlen(state), MSG_NOSIGNAL | MSG_DONTWAIT,
		   (struct sockaddr *)&address, (socklen_t)len) < 0)
		err = -errno;
	close(fd);
	return err;
}

/* A manager that cannot be told is no reason not to schedule. */
static void tell(const char *state)
{
	int err = notify_send(state);

	if (err)
		log_warn("NOTIFY_SOCKET: %s; the service manager is not told", strerror(-err));
}

void notify_ready(void)
{
	tell("READY=1\nSTATUS=Schedules this machine.");
}

void notify_reloading(void)
{
	struct timespec now;
	char state[64];

	/* The time lets the manager tell this reload from one before. */
	clock_gettime(CLOCK_MONOTONIC, &now);
	snprintf(state, sizeof(state), "RELOADING=1\nMONOTONIC_USEC=%" PRIu64,
		 (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000);
	tell(state);
}

void notify_stopping(void)
{
	tell("STOPPING=1\nSTATUS=The kernel's own scheduler takes over.");
}
