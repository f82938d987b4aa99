/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef STEPS_H
#define STEPS_H

/* A treatment from probe to removal; mn-bench.ko is loaded */
void steps(void);

#endif /* STEPS_H */
