# SPDX-License-Identifier: GPL-2.0-or-later
"""A mistake for each invariant, which it must notice: the view to look in, the source, what stands
there and is to be found once, and what stands there instead."""

SEEDS = {
    "controlled": (
        "console", "safety.c",
        "case MN_HAPPENS_RELEASE:\n\t\tif (active(s))",
        "case MN_HAPPENS_RELEASE:\n\t\tif (s->state == MN_STATE_RUNNING)"),
    "lease": (
        "console", "safety.c",
        "s->lease_warning = 0;\n\t\tif (active(s))",
        "s->lease_warning = 0;\n\t\tif (s->state == MN_STATE_RUNNING)"),
    "heard": (
        "console", "safety.c",
        "if (due(&s->status_deadline, now) && active(s))",
        "if (due(&s->status_deadline, now) && s->state == MN_STATE_ARMED)"),
    "awake": (
        "power", "safety.c",
        "!s->status_deadline || s->asleep || s->gone)\n\t\topen",
        "!s->status_deadline)\n\t\topen"),
    "emergency_stop": (
        "console", "safety_reports.c",
        "if (r->inputs & MN_INPUT_EMERGENCY_STOP)",
        "if ((r->inputs & MN_INPUT_EMERGENCY_STOP) && !r->idle)"),
    "cartridge": (
        "console", "safety_cartridge.c",
        "if (active(s) && !s->held)",
        "if (active(s) && !s->tag.marked)"),
    "cartridge_stays": (
        "cartridges", "safety_cartridge.c",
        "return a->uid == b->uid && a->needles",
        "return a->needles"),
    "temperature": (
        "told", "safety_reports.c",
        "r->temp_mc > s->caps.max_temp_mc)",
        "r->temp_mc > s->caps.max_temp_mc + 1)"),
    "set_point": (
        "depth", "safety.c",
        "s->keep.session_present |= what->valid;\n\tmn_safety_enforce(s, now, actions);",
        "s->keep.session_present |= what->valid;"),
    "quantised": (
        "depth", "safety_limits.c",
        "set->depth.um -= set->depth.um % s->caps.depth_step_um;",
        ""),
    "trigger_held": (
        "pen", "safety_reports.c",
        "if (s->state == MN_STATE_RUNNING && !pressed(s)) {",
        "if (s->state == MN_STATE_RUNNING && !pressed(s) && !s->starting) {"),
    "one_gate": (
        "console", "safety.c",
        "s->start_wanted = true;\n\ts->start_cause = MN_CAUSE_START;",
        "s->start_wanted = true;\n\tmn_safety_change(s, MN_STATE_RUNNING, MN_CAUSE_START);"),
    "one_way_to_arm": (
        "console", "safety.c",
        "if (!err && !s->held && !s->caps.tagless)",
        "if (!err && s->held)\n\t\tmn_safety_change(s, MN_STATE_ARMED, MN_CAUSE_ARM);\n"
        "\tif (!err && !s->held && !s->caps.tagless)"),
    "interlocks_at_arm": (
        "pen", "safety.c",
        "return refusal->interlocks ? -EAGAIN : 0;",
        "return refusal->interlocks & ~MN_INTERLOCK_TRIGGER ? -EAGAIN : 0;"),
    "interlocks_at_start": (
        "told", "safety.c",
        "if (refusal->interlocks || !s->held",
        "if (!s->held"),
    "order": (
        "depth", "safety.c",
        ".depth = s->set.depth,",
        ".depth = { s->set.depth.um + 1 },"),
    "press_counts": (
        "pen", "safety_reports.c",
        "now >= after_ms(s->released_since, MN_TRIGGER_RELEASED_MS)",
        "now + 1 >= after_ms(s->released_since, MN_TRIGGER_RELEASED_MS)"),
    "start_asked": (
        "pen", "safety_reports.c",
        "s->press_deadline = after_ms(now, MN_TRIGGER_DEBOUNCE_MS);",
        "s->start_wanted = true;\n\t\t*actions |= MN_ACT_START;"),
    "mark_asked": (
        "console", "safety.c",
        "if (!err && !s->held && !s->caps.tagless)",
        "if (!s->held && !s->caps.tagless)"),
    "stale": (
        "console", "safety.c",
        "if (what->epoch != s->epoch)\n\t\treturn -ECANCELED;\n\terr = check_arm",
        "err = check_arm"),
    "killed": (
        "dose", "safety_stop.c",
        "*actions |= MN_ACT_KILL;\n\t*actions &=",
        "if (cause != MN_CAUSE_COMPLETE)\n\t\t*actions |= MN_ACT_KILL;\n\t*actions &="),
    "new_epoch": (
        "pen", "safety_stop.c",
        "s->epoch++;\n\t*actions |= MN_ACT_KILL;\n\t*actions",
        "s->epoch += to != MN_STATE_ARMED;\n\t*actions |= MN_ACT_KILL;\n\t*actions"),
    "watched_home": (
        "console", "safety_stop.c",
        "s->home_deadline = after_ms(now, s->caps.run_down_ms + MN_HOME_REPORT_MS);",
        "s->home_deadline = to == MN_STATE_SAFE ? 0 : after_ms(now, s->caps.run_down_ms);"),
    "stop": (
        "console", "safety_stop.c",
        "if (active(s)) {",
        "if (s->state == MN_STATE_RUNNING) {"),
    "at_rest": (
        "console", "safety_stop.c",
        "s->start_wanted = false;\n\ts->starting = false;",
        "s->starting = false;"),
    "handpiece_lease": (
        "console", "safety_stop.c",
        "s->lease_refresh = 0;\n",
        "\n"),
    "kill_is_last": (
        "pen", "safety_stop.c",
        "*actions &= ~(MN_ACT_START | MN_ACT_MARK | MN_ACT_LEASE);",
        "*actions &= ~(MN_ACT_START | MN_ACT_MARK);"),
    "latched": (
        "console", "safety_stop.c",
        "mn_safety_halt(s, MN_STATE_FAULT, MN_CAUSE_FAULT, now, actions);",
        "mn_safety_halt(s, active(s) ? MN_STATE_FAULT : s->state, MN_CAUSE_FAULT, now, actions);"),
    "not_home": (
        "console", "safety.c",
        "s->report.inputs &= ~MN_INPUT_HOME;",
        ""),
    "cleared": (
        "console", "safety.c",
        "if (!at_home(s) || s->home_deadline || !s->status_deadline)",
        "if (!at_home(s) || !s->status_deadline)"),
    "clear_is_safe": (
        "console", "safety.c",
        "mn_safety_change(s, MN_STATE_SAFE, MN_CAUSE_CLEAR);",
        "mn_safety_change(s, s->held ? MN_STATE_ARMED : MN_STATE_SAFE, MN_CAUSE_CLEAR);"),
    "first_named": (
        "console", "safety.c",
        "if (!(remaining & FAULT_BIT(s->keep.first)))",
        "if (remaining & FAULT_BIT(s->keep.first))"),
    "lapsed": (
        "console", "safety.c",
        "mn_safety_latch(s, MN_FAULT_LEASE, (s32)s->lease_ms, 0, now, actions);",
        "mn_safety_halt(s, MN_STATE_SAFE, MN_CAUSE_STOP, now, actions);"),
    "never_revived": (
        "console", "safety.c",
        "if (!*deadline || now < *deadline)",
        "if (!*deadline || now <= *deadline)"),
    "closed": (
        "console", "safety.c",
        "mn_safety_latch(s, MN_FAULT_CONTROLLER_LOST, 0, 0, now, actions);",
        "mn_safety_halt(s, MN_STATE_SAFE, MN_CAUSE_RELEASE, now, actions);"),
    "restarted": (
        "told", "safety_reports.c",
        "if (!first && r->boot_id != was.boot_id) {",
        "if (active(s) && r->boot_id != was.boot_id) {"),
    "measured": (
        "depth", "safety_reports.c",
        "k->depth_um > s->bound.depth.um + s->caps.tolerance_um)",
        "k->depth_um > s->bound.depth.um + s->caps.tolerance_um + 1)"),
    "bound_follows": (
        "depth", "safety.c",
        "if (due(&s->bound_until, now))\n\t\ts->bound.depth = s->set.depth;",
        "due(&s->bound_until, now);"),
    "frozen": (
        "depth", "safety_reports.c",
        "s->same_depth >= MN_FROZEN_STROKES - 1",
        "s->same_depth >= MN_FROZEN_STROKES"),
    "silent": (
        "console", "safety.c",
        "mn_safety_latch(s, MN_FAULT_STROKE_SILENCE, MN_STROKE_SILENCE_MS, 0, now, actions);",
        "s->stroke_deadline = after_ms(now, MN_STROKE_SILENCE_MS);"),
    "dose_counts": (
        "dose", "safety.c",
        "s->tag.readable && s->tag.uid != keep->dose_uid)",
        "s->tag.readable)"),
    "overdosed": (
        "dose", "safety_reports.c",
        "else if (active(s) && s->strokes_done >= s->set.dose.strokes)",
        "else if (active(s) && s->strokes_done > s->set.dose.strokes)"),
    "held_is_marked": (
        "cartridges", "safety_cartridge.c",
        "s->held = written && same && !memcmp(tag->treatment, s->keep.treatment, 16);",
        "s->held = written && same;"),
    "tried_is_written": (
        "cartridges", "safety_cartridge.c",
        "s->tag.marked = written;",
        "s->tag.marked = written && same;"),
    "presence": (
        "console", "safety_cartridge.c",
        "if (!first && s->report.insertions == was->insertions &&",
        "if (!first &&"),
    "session_falls": (
        "depth", "safety.c",
        "what->value[quantity] > limit[quantity])",
        "what->value[quantity] > limit[quantity] + 1)"),
    "admin_falls": (
        "depth", "safety.c",
        "lower(what, s->keep.admin, BIT_OF(MN_QUANTITY_NR) - 1);",
        "lower(what, s->keep.admin, s->keep.session_present);"),
    "limit_falls": (
        "cartridges", "safety_cartridge.c",
        "!memcmp(a->limit, b->limit, sizeof(a->limit));",
        "a->present;"),
    "over_is_over": (
        "cartridges", "safety.c",
        "if (is_past(keep, what->treatment))\n\t\t\treturn -EINVAL;",
        ""),
    "refused": (
        "console", "safety.c",
        "if (all_zero(what->treatment)",
        "s->controlled = true;\n\tif (all_zero(what->treatment)"),
    "late": (
        "console", "safety.c",
        "\texpire(s, now, actions);\n",
        "\tif (what->type != MN_HAPPENS_HEARTBEAT)\n\t\texpire(s, now, actions);\n"),
    "next_deadline": (
        "console", "safety.c",
        "s->press_deadline, s->arm_deadline,   s->run_deadline,",
        "s->press_deadline, s->run_deadline,"),
}
