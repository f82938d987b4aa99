// SPDX-License-Identifier: GPL-2.0-or-later
// What in the driver has to do with motion, told as facts: kind, what, function, file, line. one_gate.py judges them.

@initialize:python@
@@
def fact(kind, what, p):
    print("\t".join(("fact", kind, what, p[0].current_element, p[0].file, p[0].line)))

// ---- the transports' tables ----

@start_called@
expression E;
position p;
@@
(
  E->start@p(...)
|
  E.start@p(...)
)

@script:python@
p << start_called.p;
@@
fact("start", "called", p)

@start_asked@
expression E;
position p;
@@
  !E->start@p

@script:python@
p << start_asked.p;
@@
fact("start", "asked for", p)

@start_taken@
expression E;
position p != { start_called.p, start_asked.p };
@@
(
  E->start@p
|
  E.start@p
)

@script:python@
p << start_taken.p;
@@
fact("start", "taken", p)

@ops_called@
expression E;
identifier f;
position p;
@@
  E->ops@p->f(...)

@ops_asked@
expression E, E1, E2;
position p;
@@
(
  !E->ops@p
|
  !READ_ONCE(E->ops@p)
|
  E1 && E->ops@p
|
  E->ops@p && E1
|
  E->ops@p ? E1 : E2
)

@ops_asked_if@
expression E;
statement S1, S2;
position p;
@@
  if (E->ops@p) S1 else S2

@ops_other@
expression E;
position p != { ops_called.p, ops_asked.p, ops_asked_if.p };
@@
(
  E->ops@p
|
  E.ops@p
)

@script:python@
p << ops_other.p;
@@
fact("ops", "handed on", p)

@table@
position p;
@@
(
  mn_usb_ops@p
|
  mn_gpio_ops@p
)

@script:python@
p << table.p;
@@
fact("table", "named", p)

@starter@
position p;
@@
(
  mn_usb_start@p
|
  mn_gpio_start@p
)

@script:python@
p << starter.p;
@@
fact("starter", "named", p)

// ---- words and lines that move ----

@word@
position p;
@@
(
  MNP_REQ_START@p
|
  MNP_TYPE_START@p
)

@script:python@
p << word.p;
@@
fact("word", "START", p)

@request@
expression E, R;
position p;
@@
  request_out@p(E, R, ...)

@script:python@
p << request.p;
R << request.R;
@@
fact("request", R, p)

@line@
identifier f =~ "^gpiod?_(set|direction|toggle)";
expression G, V;
identifier l;
position p;
@@
  f@p(G->l, V)

@script:python@
p << line.p;
l << line.l;
V << line.V;
@@
fact("line", "%s %s" % (l, "low" if V == "0" else "high"), p)

@line_other@
identifier f =~ "^gpiod?_(set|direction|toggle)";
position p != line.p;
@@
  f@p(...)

@script:python@
p << line_other.p;
f << line_other.f;
@@
fact("line", f, p)

@call@
identifier f =~ "^(pwm_(apply|config|enable|set|disable)|mn_pwm_|usb_(control|bulk|interrupt)_msg|usb_(fill_control|submit)_urb|mn_stepper_(go|test|seek|home|end)$|mn_gpio_(enable|set_motor|start)$|(enable|send|set_speed|toggle_watchdog|give_order|take_order|mn_gate)$)";
position p;
@@
  f@p(...)

@script:python@
p << call.p;
f << call.f;
@@
fact("call", f, p)

// ---- what is written ----

@written@
expression L, V;
assignment operator op;
position p;
@@
(
  L@p op V
|
  L@p++
|
  ++L@p
|
  L@p--
|
  --L@p
)

@script:python@
p << written.p;
L << written.L;
@@
if "safety" in L:
    fact("written", "safety", p)
elif L.endswith("duty"):
    fact("written", "duty", p)

@safety_given@
expression E;
identifier f;
position p;
@@
  f(..., &E->safety@p, ...)

@script:python@
p << safety_given.p;
f << safety_given.f;
@@
fact("safety", "given to " + f, p)

@safety_other@
expression E;
position p != safety_given.p;
@@
  &E->safety@p

@script:python@
p << safety_other.p;
@@
fact("safety", "address taken", p)
