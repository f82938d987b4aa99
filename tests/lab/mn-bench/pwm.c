// SPDX-License-Identifier: GPL-2.0-only
/* The board's PWMs: nothing is modulated, but every change of what is asked for is recorded. */

#include <linux/err.h>
#include <linux/module.h>
#include <linux/version.h>

#include "bench.h"

static struct bench *bench_of(struct pwm_chip *chip);

static int apply(struct pwm_chip *chip, struct pwm_device *pwm, const struct pwm_state *state)
{
	struct bench *bench = bench_of(chip);
	struct bench_pwm *as = &bench->pwm[pwm->hwpwm];
	unsigned long flags;

	if (state->period > U32_MAX)
		return -EINVAL;
	raw_spin_lock_irqsave(&bench->lock, flags);
	as->period = state->period;
	as->duty = state->duty_cycle;
	as->state = (state->enabled ? MN_BENCH_PWM_ON : 0) |
		    (state->polarity == PWM_POLARITY_INVERSED ? MN_BENCH_PWM_INVERSED : 0);
	bench_record(bench, MN_BENCH_PWM_PERIOD | pwm->hwpwm, as->period);
	bench_record(bench, MN_BENCH_PWM_DUTY | pwm->hwpwm, as->duty);
	bench_record(bench, MN_BENCH_PWM_STATE | pwm->hwpwm, as->state);
	raw_spin_unlock_irqrestore(&bench->lock, flags);
	bench_wake(bench);
	return 0;
}

static int read_state(struct pwm_chip *chip, struct pwm_device *pwm, struct pwm_state *state)
{
	const struct bench_pwm *as = &bench_of(chip)->pwm[pwm->hwpwm];

	state->period = as->period;
	state->duty_cycle = as->duty;
	state->enabled = as->state & MN_BENCH_PWM_ON;
	state->polarity = as->state & MN_BENCH_PWM_INVERSED ? PWM_POLARITY_INVERSED :
							      PWM_POLARITY_NORMAL;
	return 0;
}

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 9, 0)
static const struct pwm_ops bench_pwm_ops = {
	.apply = apply,
	.get_state = read_state,
};

static struct bench *bench_of(struct pwm_chip *chip)
{
	return pwmchip_get_drvdata(chip);
}

int bench_add_pwms(struct bench *bench)
{
	struct pwm_chip *chip = devm_pwmchip_alloc(bench->dev, MN_BENCH_PWMS, 0);

	if (IS_ERR(chip))
		return PTR_ERR(chip);
	chip->ops = &bench_pwm_ops;
	chip->atomic = true;
	pwmchip_set_drvdata(chip, bench);
	return devm_pwmchip_add(bench->dev, chip);
}
#else
static const struct pwm_ops bench_pwm_ops = {
	.owner = THIS_MODULE,
	.apply = apply,
	.get_state = read_state,
};

struct bench_pwm_chip {
	struct pwm_chip chip;
	struct bench *bench;
};

static struct bench *bench_of(struct pwm_chip *chip)
{
	return container_of(chip, struct bench_pwm_chip, chip)->bench;
}

int bench_add_pwms(struct bench *bench)
{
	struct bench_pwm_chip *mine = devm_kzalloc(bench->dev, sizeof(*mine), GFP_KERNEL);

	if (!mine)
		return -ENOMEM;
	mine->bench = bench;
	mine->chip.dev = bench->dev;
	mine->chip.ops = &bench_pwm_ops;
	mine->chip.npwm = MN_BENCH_PWMS;
	return devm_pwmchip_add(bench->dev, &mine->chip);
}
#endif
