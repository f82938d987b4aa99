/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MODULES_H
#define MODULES_H

/* By its name, with dashes; 0 or an errno */
int module_load(const char *name);
int module_unload(const char *name);

#endif /* MODULES_H */
