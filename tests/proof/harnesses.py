# SPDX-License-Identifier: GPL-2.0-or-later
"""What is proved, of which sources, and the bug with which each proof must fail."""

from dataclasses import dataclass

INCLUDES = ("tests/proof", "tests/proof/include", "tests/rules/include", "driver/include/uapi")
RULES = ("safety.c", "safety_stop.c", "safety_limits.c", "safety_cartridge.c", "safety_reports.c")
STATE = ("proof_state.c", "library.c")
PARSER = ("usb_parse.c",)
PACKET = ("proof_packet.c", "library.c")
OTHERS = tuple((f"OTHER=MN_HAPPENS_{other}",) for other in ("STOP", "CLOSE", "REPORT", "STROKE"))
RATE_STEPS = ((), *((f"RATE_STEP={step}",) for step in (1, 7, 10, 100, 500, 1000, 2500, 12345)))
UNSIGNED = ("--unsigned-overflow-check",)

# More rounds than the rest has: loops over sources, faults, deadlines, ids.
UNWIND = ("mn_safety_limit.0:8", "is_past.0:33", "memcmp.0:17", "all_zero.0:17",
          "mn_safety_report.0:28", "mn_safety_next_deadline.0:12", "prove.0:12", "prove_exact.0:9")


def strokes():
    """One part for the size of each number of strokes, with the last of them, and the rest."""
    last = tuple((f"STROKES={count}", f"STROKE={count - 1}") for count in range(1, 16))
    return ((), *last, ("STROKES=15", "STROKE=0"), ("STROKES=15", "STROKE=7"))


@dataclass(frozen=True)
class Harness:
    """One proof: a file with prove(), and the driver's sources that it is about."""

    name: str
    about: str
    bug: tuple                      # source, what is there once, what is put there
    sources: tuple = RULES
    parts: tuple = STATE            # what it shares with others
    source: str = ""                # its file, if not named after it
    unwind: tuple = ()
    cells: str = "16"               # arrays of up to so many members are taken apart
    checks: tuple = ()
    undefined: bool = True          # look for undefined behaviour, too
    parts_of_proof: tuple = ((),)   # the defines of each part
    control: tuple = ()             # the defines of the part that the bug is in


HARNESSES = (
    Harness("limits", "the effective limit is the least of what is required",
            ("safety_limits.c", "if (!any || value < least) {", "if (!any || value > least) {"),
            checks=UNSIGNED),
    Harness("set", "a set point is granted within its limits",
            ("safety_limits.c", "if (asked(want, quantity) > limit) {",
             "if (asked(want, quantity) > limit + 1) {"), checks=UNSIGNED),
    Harness("steps", "and rounded to what the device can do",
            ("safety_limits.c", "set->depth.um -= set->depth.um % s->caps.depth_step_um;",
             "set->depth.um -= set->depth.um & (s->caps.depth_step_um - 1);"),
            parts_of_proof=RATE_STEPS, checks=UNSIGNED),
    Harness("caps", "what a handpiece says of itself is checked",
            ("safety_limits.c", "if ((caps->required[quantity] & need) != need ||",
             "if (!(caps->required[quantity] & need) ||"), parts=("library.c",), checks=UNSIGNED),
    # Epochs wrap, so that unsigned overflow is meant.
    Harness("epochs", "the later epoch is the later one, and every stop has the next",
            ("safety_stop.h", "return (s32)(have - want) >= 0;", "return have >= want;")),
    Harness("times", "deadlines do not overflow, and the next one is the earliest",
            ("safety.c", "if (deadlines[i] && (!next || deadlines[i] < next))",
             "if (deadlines[i] && (!next || deadlines[i] > next))")),
    Harness("identify", "identify, of any bytes",
            ("usb_parse.c", "if (!length || length == size)", "if (!length)"), PARSER, PACKET,
            cells="64",
            unwind=("strnlen.0:33", "take_name.0:33", "take_name.1:33", "our_faults.0:11")),
    Harness("strokes", "strokes, of any bytes",
            ("usb_parse.c", "if (!n || n > MNP_STROKES_MAX)", "if (!n)"), PARSER, PACKET,
            cells="600", unwind=("mnp_parse_strokes.0:16", "prove.0:16"),
            parts_of_proof=strokes()),
    Harness("status", "status and result, of any bytes",
            ("usb_parse.c", "if (p->result > MNP_RESULT_MARK)", "if (p->result > 99)"),
            PARSER, PACKET, cells="64", unwind=("our_faults.0:11", "mnp_own_faults.0:11")),
    Harness("cartridge", "the cartridge's tag, of any bytes",
            ("usb_parse.c", "if (!tag->present ||\n", "if (\n"), PARSER, PACKET, cells="64",
            unwind=("strnlen.0:25", "take_name.0:25", "take_name.1:25")),
    Harness("waveform", "a waveform, of any bytes",
            ("usb_parse.c", "if (size != sizeof(*p) + block->count * sizeof(p->sample[0]))",
             "if (size < sizeof(*p) + block->count)"), PARSER, PACKET, cells="64"),
    Harness("init", "the invariant holds in the beginning",
            ("safety.c", "s->keep.first = MN_FAULT_RESTART;", "s->keep.first = 0;")),
    Harness("sequence", "twelve steps from the beginning, through a treatment and a fault",
            ("safety.c", "case MN_HAPPENS_CLOSE:\n\t\tif (s->state == MN_STATE_RUNNING)",
             "case MN_HAPPENS_CLOSE:\n\t\tif (s->state == MN_STATE_RUNNING && s->starting)"),
            RULES[1:], ("proof_sequence.c", "reduced_safety.c", *STATE), unwind=("prove.0:13",),
            undefined=False, parts_of_proof=((), *OTHERS), control=OTHERS[1]),
    Harness("stroke", "a stroke that is too deep, too fast or otherwise wrong stops it",
            ("safety_reports.c", "if (k->depth_um > s->bound.depth.um + s->caps.tolerance_um)",
             "if (k->depth_um > s->bound.depth.um + 2 * s->caps.tolerance_um)")),
    Harness("report", "a status that tells of something wrong stops it",
            ("safety_reports.c", "if (r->inputs & MN_INPUT_EMERGENCY_STOP)",
             "if (first && r->inputs & MN_INPUT_EMERGENCY_STOP)")),
)
