/* SPDX-License-Identifier: GPL-2.0-or-later */
/* /dev/microneedle0 as its controller has it. Errors are the errno, 0 for none. */
#ifndef DEVICE_H
#define DEVICE_H

#include <linux/microneedle.h>
#include <stdbool.h>

int device_open(void);
struct mn_info device_info(int fd);
/* All ones where it can't be had */
struct mn_status device_status(int fd);
int device_acquire(int fd);
int device_limit(int fd);
int device_clear(int fd);
int device_declare(int fd);
int device_arm(int fd, unsigned int depth_um, unsigned int strokes);
int device_do(int fd, unsigned long command);

#endif /* DEVICE_H */
