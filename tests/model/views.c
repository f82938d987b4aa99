// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The ways to look at the rules. All that varies at once would be too much: each view has some of
 * it vary in every way, and the rest stand still.
 */
#include "model.h"

#define USB_SOURCES                                                                                \
	(BIT_OF(MN_SOURCE_ABSOLUTE) | BIT_OF(MN_SOURCE_CEILING) | BIT_OF(MN_SOURCE_DEVICE) |       \
	 BIT_OF(MN_SOURCE_ADMIN) | BIT_OF(MN_SOURCE_SESSION))
#define BOARD_SOURCES (USB_SOURCES ^ BIT_OF(MN_SOURCE_DEVICE) ^ BIT_OF(MN_SOURCE_BOARD))
#define WITH_CARTRIDGE(sources) ((sources) | BIT_OF(MN_SOURCE_CARTRIDGE))

static const u32 usb_required[MN_QUANTITY_NR] = {
	[MN_QUANTITY_DEPTH] = WITH_CARTRIDGE(USB_SOURCES),
	[MN_QUANTITY_RATE] = WITH_CARTRIDGE(USB_SOURCES),
	[MN_QUANTITY_DOSE] = WITH_CARTRIDGE(USB_SOURCES),
	[MN_QUANTITY_RUN_TIME] = USB_SOURCES,
};

static const u32 board_required[MN_QUANTITY_NR] = {
	[MN_QUANTITY_DEPTH] = WITH_CARTRIDGE(BOARD_SOURCES),
	[MN_QUANTITY_RATE] = WITH_CARTRIDGE(BOARD_SOURCES),
	[MN_QUANTITY_DOSE] = WITH_CARTRIDGE(BOARD_SOURCES),
	[MN_QUANTITY_RUN_TIME] = BOARD_SOURCES,
};

#define SENSES (MN_MEASURES_DEPTH | MN_MEASURES_RATE | MN_MEASURES_HOME)
#define ANY_HANDPIECE                                                                              \
	.limit = { 300, 60000, 3, 1500 }, .depth_step_um = MODEL_STEP, .rate_step_mhz = 20000,     \
	.rate_min_mhz = MN_RATE_LOWEST_MHZ, .tolerance_um = MODEL_TOLERANCE, .run_up_ms = 300,     \
	.run_down_ms = 80, .lease_ms = 100, .max_current_ma = 1000, .max_temp_mc = 60000,          \
	.calibration_valid_days = 365
#define USB_HANDPIECE                                                                              \
	ANY_HANDPIECE, .required = usb_required, .source = MN_SOURCE_DEVICE,                       \
		       .measures = SENSES | MN_MEASURES_CURRENT | MN_MEASURES_TEMPERATURE

#define PEN                                                                                        \
	{                                                                                          \
		USB_HANDPIECE, .has_trigger = true                                                 \
	}
#define CONSOLE                                                                                    \
	{                                                                                          \
		USB_HANDPIECE                                                                      \
	}
/* Its motor does not brake. */
#define COASTER                                                                                    \
	{                                                                                          \
		USB_HANDPIECE, .coast_strokes = 1                                                  \
	}
/* Its depth is counted, and it neither remembers nor reads a tag. */
#define BOARD                                                                                      \
	{                                                                                          \
		ANY_HANDPIECE, .required = board_required, .source = MN_SOURCE_BOARD,              \
			       .measures = SENSES | MN_MEASURES_COUNTED, .has_trigger = true,      \
			       .restarts = true, .tagless = true                                   \
	}

#define FORGET_MOST                                                                                \
	(FORGET_DOSE | FORGET_DONE | FORGET_NUMBERS | FORGET_DEPTHS | FORGET_FAULTS |              \
	 FORGET_PAST | FORGET_WARNING | FORGET_LAST)

const struct view views[] = {
	{ "dose", CONSOLE, MN_QUANTITY_DOSE, 1, FORGET_MOST ^ FORGET_DOSE ^ FORGET_DONE, 0,
	  380000 },
	{ "depth", CONSOLE, MN_QUANTITY_DEPTH, 1, FORGET_MOST ^ FORGET_DEPTHS, VARY_STROKES,
	  140000 },
	{ "told", PEN, MN_QUANTITY_NR, 1, FORGET_MOST, VARY_TOLD, 140000 },
	{ "pen", PEN, MN_QUANTITY_NR, 2, FORGET_MOST, VARY_INPUTS | VARY_TROUBLE, 130000 },
	{ "coasting", COASTER, MN_QUANTITY_NR, 1, FORGET_MOST ^ FORGET_DONE ^ FORGET_LAST, 0,
	  88000 },
	{ "rate", CONSOLE, MN_QUANTITY_RATE, 1, FORGET_MOST, VARY_STROKES, 85000 },
	{ "run-time", CONSOLE, MN_QUANTITY_RUN_TIME, 1, FORGET_MOST, 0, 85000 },
	{ "board", BOARD, MN_QUANTITY_NR, 2, FORGET_MOST, VARY_INPUTS | VARY_TROUBLE, 54000 },
	{ "numbers", CONSOLE, MN_QUANTITY_NR, 1, FORGET_MOST ^ FORGET_NUMBERS, VARY_STROKES,
	  45000 },
	{ "power", CONSOLE, MN_QUANTITY_NR, 2, FORGET_MOST, VARY_POWER, 42000 },
	{ "faults", CONSOLE, MN_QUANTITY_NR, 1, FORGET_MOST ^ FORGET_FAULTS,
	  VARY_FAULTS | VARY_TROUBLE, 33000 },
	{ "lease", PEN, MN_QUANTITY_NR, 2, FORGET_MOST ^ FORGET_WARNING, VARY_TROUBLE, 29000 },
	{ "cartridges", CONSOLE, MN_QUANTITY_NR, 1, FORGET_MOST ^ FORGET_PAST, VARY_TAGS, 25000 },
	{ "console", CONSOLE, MN_QUANTITY_NR, 2, FORGET_MOST, VARY_TROUBLE, 15000 },
	{ "declared", BOARD, MN_QUANTITY_NR, 2, FORGET_MOST ^ FORGET_PAST, VARY_TAGS, 10000 },
};

const unsigned int views_nr = sizeof(views) / sizeof(views[0]);

/* A handpiece that was just plugged in; one that was restarted left a fault and a treatment. */
void view_start(const struct view *view, bool restarted, struct mn_safety *s)
{
	struct mn_keep keep;

	mn_keep_init(&keep, MODEL_CEILING);
	if (restarted) {
		keep.faults = FAULT_BIT(MN_FAULT_UNPLUGGED);
		keep.first = MN_FAULT_UNPLUGGED;
		keep.declared = view->caps.tagless;
	}
	mn_safety_init(s, &view->caps, &keep, MODEL_CEILING, 0);
	mn_safety_today(s, MODEL_TODAY);
}
