// SPDX-License-Identifier: GPL-2.0-or-later
#include "modules.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

int module_load(const char *name)
{
	char path[64];
	int fd, err;

	snprintf(path, sizeof(path), "/modules/%s.ko", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno;
	err = syscall(SYS_finit_module, fd, "", 0) ? errno : 0;
	close(fd);
	return err;
}

/* At once or not at all: who still uses it would be waited for without end. */
int module_unload(const char *name)
{
	char its_name[64];
	size_t n = 0;

	for (; name[n] && n + 1 < sizeof(its_name); n++) {
		its_name[n] = name[n];
		if (name[n] == '-')
			its_name[n] = '_';
	}
	its_name[n] = 0;
	return syscall(SYS_delete_module, its_name, O_NONBLOCK) ? errno : 0;
}
