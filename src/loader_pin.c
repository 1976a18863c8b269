// SPDX-License-Identifier: GPL-2.0-only
#include "loader_pin.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "exit_codes.h"
#include "log.h"
#include "qumun.h"

static int pin_error(const char *path, const char *what)
{
	log_error("%s: %s", path, what);
	return QUMUN_EXIT_ENVIRONMENT;
}

static int map_info(int fd, struct bpf_map_info *info)
{
	__u32 len = sizeof(*info);

	memset(info, 0, sizeof(*info));
	return bpf_map_get_info_by_fd(fd, info, &len);
}

/*
 * A boost map of ours. The kernel cuts names to 15 characters. One whose values
 * have another size is of a version that we know nothing about, and not ours.
 */
static bool is_boost_map(const struct bpf_map_info *info)
{
	return info->type == BPF_MAP_TYPE_HASH && info->key_size == sizeof(__u64) &&
	       info->value_size == sizeof(struct qumun_boost) &&
	       !strncmp(info->name, QUMUN_BOOST_MAP_NAME, BPF_OBJ_NAME_LEN - 1);
}

static int check_foreign(int fd)
{
	struct bpf_map_info info;

	if (map_info(fd, &info))
		return pin_error(PIN_PATH, "not a BPF map, left untouched (remove it, or move it away)");
	if (!is_boost_map(&info)) {
		log_error("%s: a foreign map, left untouched: name \"%s\", type %u, key %u, value %u bytes"
			  " (expected \"%.15s\", type %u, key 8, value %zu bytes)",
			  PIN_PATH, info.name, info.type, info.key_size, info.value_size,
			  QUMUN_BOOST_MAP_NAME, BPF_MAP_TYPE_HASH, sizeof(struct qumun_boost));
		return QUMUN_EXIT_ENVIRONMENT;
	}
	return 0;
}

static int check_dir(void)
{
	struct stat st;

	if (lstat(PIN_DIR, &st))
		return errno == ENOENT ? 0 : pin_error(PIN_DIR, strerror(errno));
	if (!S_ISDIR(st.st_mode))
		return pin_error(PIN_DIR, "not a directory, left untouched");
	if (st.st_uid != geteuid())
		return pin_error(PIN_DIR, "belongs to another user, left untouched");
	return 0;
}

int pin_check(void)
{
	struct stat st;
	struct statfs fs;
	int fd, err;

	if (statfs(PIN_BPFFS, &fs) || fs.f_type != BPF_FS_MAGIC)
		return pin_error(PIN_BPFFS, "no bpf file system is mounted here"
				 " (mount -t bpf -o mode=0700 bpf " PIN_BPFFS ")");
	err = check_dir();
	if (err)
		return err;
	if (lstat(PIN_PATH, &st))
		return errno == ENOENT || errno == ENOTDIR ? 0 :
		       pin_error(PIN_PATH, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return pin_error(PIN_PATH, "not a pinned map, left untouched");
	fd = bpf_obj_get(PIN_PATH);
	if (fd < 0)
		return pin_error(PIN_PATH, strerror(errno));
	err = check_foreign(fd);
	close(fd);
	return err;
}

/*
 * Whoever can write the map rules the whole machine's scheduling. A bpffs that
 * was mounted by hand lets everybody make files in it: trust the directory
 * only once it is open and proves to be ours.
 */
static int make_dir(void)
{
	struct stat st;
	int fd, err = 0;

	if (mkdir(PIN_DIR, 0700) && errno != EEXIST)
		return pin_error(PIN_DIR, strerror(errno));
	fd = open(PIN_DIR, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return pin_error(PIN_DIR, strerror(errno));
	if (fstat(fd, &st) || st.st_uid != geteuid())
		err = pin_error(PIN_DIR, "belongs to another user, left untouched");
	else if (fchmod(fd, 0700))
		err = pin_error(PIN_DIR, strerror(errno));
	close(fd);
	return err;
}

int pin_create(int map_fd)
{
	int err = pin_check();

	if (err)
		return err;
	err = make_dir();
	if (err)
		return err;
	if (!unlink(PIN_PATH))
		log_info("%s: replaced, an earlier scx_qumun did not end properly", PIN_PATH);
	if (bpf_obj_pin(map_fd, PIN_PATH))
		return pin_error(PIN_PATH, strerror(errno));
	return 0;
}

void pin_remove(int map_fd)
{
	struct bpf_map_info ours, pinned;
	int fd = bpf_obj_get(PIN_PATH);

	if (fd < 0)
		return;
	if (!map_info(map_fd, &ours) && !map_info(fd, &pinned) && ours.id == pinned.id) {
		unlink(PIN_PATH);
		rmdir(PIN_DIR);
	}
	close(fd);
}
