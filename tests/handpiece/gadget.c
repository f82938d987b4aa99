// SPDX-License-Identifier: GPL-2.0-or-later
#include "gadget.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "usb_protocol.h"

#define CONFIGFS "/sys/kernel/config"
#define GADGETS CONFIGFS "/usb_gadget"
#define RUN_DIR "/run/mn-handpiece"

static void in(char *out, size_t size, const struct hp_gadget *g, const char *entry)
{
	snprintf(out, size, "%s/%s", g->path, entry);
}

static int put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t n;
	int error;

	if (fd < 0)
		return -errno;
	n = write(fd, text, strlen(text));
	error = n < 0 ? errno : 0;
	close(fd);
	return -error;
}

static int set(const struct hp_gadget *g, const char *entry, const char *text)
{
	char path[PATH_MAX];
	int error;

	in(path, sizeof(path), g, entry);
	error = put(path, text);
	if (error)
		fprintf(stderr, "cannot write %s to %s: %s\n", text, path, strerror(-error));
	return error;
}

static int make_dir(const struct hp_gadget *g, const char *entry)
{
	char path[PATH_MAX];

	in(path, sizeof(path), g, entry);
	if (mkdir(path, 0755) && errno != EEXIST) {
		fprintf(stderr, "cannot make %s: %s\n", path, strerror(errno));
		return -1;
	}
	return 0;
}

static void modprobe(const char *module, const char *parameter)
{
	char *argv[] = { "modprobe", "-q", (char *)module, (char *)parameter, NULL };
	pid_t pid;

	/* built into the kernel or absent: what is missing shows in the step after */
	if (!posix_spawnp(&pid, argv[0], NULL, NULL, argv, environ))
		waitpid(pid, NULL, 0);
}

static bool exists(const char *path)
{
	return access(path, F_OK) == 0;
}

static int prepare(const struct hp_gadget *g)
{
	const struct timespec while_udc = { .tv_nsec = 10000000 };
	char path[PATH_MAX];

	if (!exists(CONFIGFS))
		modprobe("configfs", NULL);
	if (!exists(GADGETS)) {
		modprobe("libcomposite", NULL);
		if (!exists(GADGETS))
			mount("none", CONFIGFS, "configfs", 0, NULL);
	}
	if (!exists(GADGETS)) {
		fprintf(stderr, "no %s: this needs root and a kernel with USB_CONFIGFS_F_FS\n",
			GADGETS);
		return -1;
	}
	snprintf(path, sizeof(path), "/sys/class/udc/%s", g->udc);
	/* two, so that a second handpiece finds a bus */
	if (!exists(path))
		modprobe("dummy_hcd", "num=2");
	for (int i = 0; i < 100 && !exists(path); i++)
		nanosleep(&while_udc, NULL);
	if (!exists(path)) {
		fprintf(stderr,
			"no USB device controller %s: choose one of /sys/class/udc with --udc\n",
			g->udc);
		return -1;
	}
	return 0;
}

static void unlink_function(const struct hp_gadget *g)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/configs/c.1/ffs.%s", g->path, g->name);
	unlink(path);
}

static void remove_dirs(const struct hp_gadget *g)
{
	static const char *const dirs[] = { "configs/c.1/strings/0x409", "configs/c.1",
					    "strings/0x409" };
	char path[PATH_MAX];

	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		in(path, sizeof(path), g, dirs[i]);
		rmdir(path);
	}
	snprintf(path, sizeof(path), "%s/functions/ffs.%s", g->path, g->name);
	rmdir(path);
	rmdir(g->path);
}

void hp_gadget_remove(struct hp_gadget *g)
{
	char udc[PATH_MAX];

	if (!exists(g->path))
		return;
	in(udc, sizeof(udc), g, "UDC");
	put(udc, "\n");
	g->bound = false;
	unlink_function(g);
	while (!umount(g->mount))
		;
	rmdir(g->mount);
	remove_dirs(g);
}

static int describe(const struct hp_gadget *g, const char *serial, bool high_speed)
{
	char id[16];

	if (make_dir(g, "") || make_dir(g, "strings/0x409") || make_dir(g, "configs/c.1") ||
	    make_dir(g, "configs/c.1/strings/0x409"))
		return -1;
	snprintf(id, sizeof(id), "0x%04x", MNP_USB_VENDOR);
	if (set(g, "idVendor", id))
		return -1;
	snprintf(id, sizeof(id), "0x%04x", MNP_USB_PRODUCT);
	if (set(g, "idProduct", id) || set(g, "bcdDevice", "0x0100") ||
	    set(g, "strings/0x409/serialnumber", serial) ||
	    set(g, "strings/0x409/manufacturer", "microneedle") ||
	    set(g, "strings/0x409/product", "Simulated handpiece") ||
	    set(g, "configs/c.1/strings/0x409/configuration", "handpiece") ||
	    set(g, "max_speed", high_speed ? "high-speed" : "full-speed"))
		return -1;
	return 0;
}

int hp_gadget_make(struct hp_gadget *g, const char *serial, const char *udc, bool high_speed)
{
	char function[PATH_MAX], link[PATH_MAX];

	memset(g, 0, sizeof(*g));
	snprintf(g->name, sizeof(g->name), "mn-%s", serial);
	snprintf(g->path, sizeof(g->path), GADGETS "/%s", g->name);
	snprintf(g->mount, sizeof(g->mount), RUN_DIR "/%s", g->name);
	snprintf(g->udc, sizeof(g->udc), "%s", udc);
	if (prepare(g))
		return -1;
	hp_gadget_remove(g);
	if (describe(g, serial, high_speed))
		goto failed;
	snprintf(function, sizeof(function), "%s/functions/ffs.%s", g->path, g->name);
	if (mkdir(function, 0755)) {
		fprintf(stderr, "cannot make %s: %s: this needs a kernel with USB_CONFIGFS_F_FS\n",
			function, strerror(errno));
		goto failed;
	}
	snprintf(link, sizeof(link), "%s/configs/c.1/ffs.%s", g->path, g->name);
	if (symlink(function, link)) {
		fprintf(stderr, "cannot link %s: %s\n", link, strerror(errno));
		goto failed;
	}
	mkdir(RUN_DIR, 0755);
	mkdir(g->mount, 0755);
	if (mount(g->name, g->mount, "functionfs", 0, NULL)) {
		fprintf(stderr, "cannot mount functionfs on %s: %s\n", g->mount, strerror(errno));
		goto failed;
	}
	return 0;
failed:
	hp_gadget_remove(g);
	return -1;
}

static int write_udc(struct hp_gadget *g, const char *text)
{
	char path[PATH_MAX];

	in(path, sizeof(path), g, "UDC");
	return put(path, text);
}

int hp_gadget_bind(struct hp_gadget *g)
{
	int error = write_udc(g, g->udc);

	if (!error)
		g->bound = true;
	return error;
}

int hp_gadget_unbind(struct hp_gadget *g)
{
	int error = write_udc(g, "\n");

	if (!error)
		g->bound = false;
	return error;
}

bool hp_gadget_high_speed(const struct hp_gadget *g)
{
	char path[PATH_MAX], speed[32] = "";
	FILE *f;

	snprintf(path, sizeof(path), "/sys/class/udc/%s/current_speed", g->udc);
	f = fopen(path, "re");
	if (!f)
		return true;
	if (!fgets(speed, sizeof(speed), f))
		speed[0] = '\0';
	fclose(f);
	return strncmp(speed, "full", 4) != 0;
}
