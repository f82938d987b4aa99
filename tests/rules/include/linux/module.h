/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RULES_MODULE_H
#define RULES_MODULE_H

#define MODULE_DESCRIPTION(text) struct rules_no_module
#define MODULE_LICENSE(text) struct rules_no_module

#endif
