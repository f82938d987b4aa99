// SPDX-License-Identifier: GPL-2.0-or-later
/* The handpiece as JSON. */
#include "commands.h"

#include <endian.h>
#include <inttypes.h>
#include <string.h>

static const char *const state_names[] = {
	[MNP_STATE_IDLE] = "idle",
	[MNP_STATE_RUNNING] = "running",
	[MNP_STATE_STOPPING] = "stopping",
	[MNP_STATE_FAULT] = "fault",
};

static const char *const fault_names[] = {
	"emergency_stop", "lease",     "over_depth", "stall",  "over_temperature",
	"over_current",	  "brown_out", "not_home",   "sensor", "internal",
};

static const char *const self_test_names[] = { "never", "passed", "failed", "busy" };

static void put(json_t *o, const char *key, uint64_t value)
{
	json_object_set_new(o, key, json_integer((json_int_t)value));
}

static void put_bool(json_t *o, const char *key, bool value)
{
	json_object_set_new(o, key, json_boolean(value));
}

static json_t *fault_list(uint32_t faults)
{
	json_t *list = json_array();

	for (unsigned int i = 0; i < sizeof(fault_names) / sizeof(fault_names[0]); i++) {
		if (faults & 1U << i)
			json_array_append_new(list, json_string(fault_names[i]));
	}
	return list;
}

static json_t *describe_cartridge(const struct hp_firmware *fw)
{
	const struct hp_cartridges *c = &fw->cartridges;
	const struct mnp_cartridge *tag;
	json_t *o = json_object();
	char hex[40];

	put_bool(o, "present", hp_cartridge_present(c));
	if (!hp_cartridge_present(c))
		return o;
	tag = &c->tag[c->inserted];
	put_bool(o, "valid", hp_cartridge_valid(c) != NULL);
	snprintf(hex, sizeof(hex), "%016" PRIx64, le64toh(tag->uid));
	json_object_set_new(o, "uid", json_string(hex));
	put(o, "needle_um", le32toh(tag->needle_um));
	put(o, "needles", le16toh(tag->needles));
	put(o, "max_rate_mhz", le32toh(tag->max_rate_mhz));
	put(o, "max_strokes", le32toh(tag->max_strokes));
	put(o, "expiry_days", le32toh(tag->expiry_days));
	json_object_set_new(o, "lot", json_stringn(tag->lot, strnlen(tag->lot, sizeof(tag->lot))));
	put_bool(o, "used", tag->mark == MNP_MARK_USED);
	for (unsigned int i = 0; i < sizeof(tag->treatment); i++)
		snprintf(hex + (size_t)2 * i, 3, "%02x", tag->treatment[i]);
	json_object_set_new(o, "treatment", json_string(tag->mark == MNP_MARK_USED ? hex : ""));
	return o;
}

static json_t *describe_counters(const struct hp_stats *s)
{
	json_t *o = json_object();

	put(o, "requests", s->requests);
	put(o, "stops", s->stops);
	put(o, "kills", s->kills);
	put(o, "leases", s->leases);
	put(o, "starts", s->starts);
	put(o, "bad_packets", s->bad_packets);
	put(o, "statuses_sent", s->statuses_sent);
	put(o, "reports_sent", s->reports_sent);
	put(o, "reports_dropped", s->reports_dropped);
	put(o, "samples_sent", s->samples_sent);
	put(o, "samples_dropped", s->samples_dropped);
	return o;
}

json_t *hp_describe_state(const struct hp_machine *m, uint64_t now)
{
	struct hp_firmware *fw = m->fw;
	json_t *o = json_object(), *inputs = json_object();

	put_bool(o, "ok", true);
	put(o, "mono_ns", now);
	json_object_set_new(o, "serial", json_string(fw->id.serial));
	put_bool(o, "plugged", m->plugged(m->ctx));
	put_bool(o, "configured", fw->link.up);
	json_object_set_new(o, "state", json_string(state_names[hp_fw_state(fw)]));
	put(o, "epoch", fw->epoch);
	put_bool(o, "stop_seen", fw->stop_seen);
	put(o, "boot_id", fw->boot_id);
	put_bool(inputs, "foot_switch", fw->foot_switch);
	put_bool(inputs, "emergency_stop", fw->emergency_stop);
	put_bool(inputs, "cartridge", hp_cartridge_present(&fw->cartridges));
	put_bool(inputs, "home", fw->home);
	json_object_set_new(o, "inputs", inputs);
	put_bool(o, "lease_fresh", hp_fw_lease_fresh(fw, now));
	put(o, "strokes", fw->stroke_number);
	put(o, "set_depth_um", fw->run.depth_um);
	put(o, "set_rate_mhz", fw->run.rate_mhz);
	put(o, "strokes_left", fw->motion == HP_TURNING ? fw->run.left : 0);
	put(o, "position_um", hp_model_position_um(&fw->model, now));
	put(o, "depth_um", fw->last_depth_um);
	put(o, "rate_mhz", hp_model_rate_mhz(&fw->model, now));
	put(o, "current_ma", hp_fw_current_ma(fw));
	json_object_set_new(o, "temp_mc", json_integer(hp_fw_temp_mc(fw, now)));
	json_object_set_new(o, "faults", fault_list(fw->latched));
	put(o, "insertions", fw->insertions);
	json_object_set_new(o, "self_test", json_string(self_test_names[fw->self_test]));
	put(o, "refusal", fw->refusal);
	put_bool(o, "capturing", fw->waveform.on);
	json_object_set_new(o, "cartridge", describe_cartridge(fw));
	json_object_set_new(o, "counters", describe_counters(&fw->stats));
	return o;
}

static json_t *describe_stop(const struct hp_stop_stats *s, uint32_t strokes)
{
	json_t *o = json_object();

	put(o, "received_ns", s->received_ns);
	put(o, "epoch", s->epoch);
	json_object_set_new(o, "by", json_string(s->by_kill ? "kill" : "ep0"));
	put_bool(o, "obeyed", s->obeyed);
	put(o, "strokes_before", s->strokes_at_arrival);
	put(o, "strokes_after", strokes - s->strokes_at_arrival);
	return o;
}

static json_t *describe_waveform(const struct hp_waveform_stats *s)
{
	json_t *o = json_object();

	put(o, "begin_ns", s->begin_ns);
	put(o, "end_ns", s->end_ns);
	put(o, "tag", s->tag);
	put(o, "period_ns", s->period_ns);
	put(o, "samples", s->samples);
	put(o, "taken", s->taken);
	put(o, "sent", s->sent);
	put(o, "dropped", s->dropped);
	return o;
}

json_t *hp_describe_stats(const struct hp_firmware *fw)
{
	const struct hp_stats *s = &fw->stats;
	json_t *o = json_object(), *over = json_object(), *lease = json_object();
	json_t *start = json_object();

	json_object_set_new(o, "stop",
			    s->stop.received_ns ? describe_stop(&s->stop, s->strokes_begun)
						: json_null());
	json_object_set_new(o, "kill",
			    s->kill.received_ns ? describe_stop(&s->kill, s->strokes_begun)
						: json_null());
	put(over, "number", s->over_depth_number);
	put(over, "depth_um", s->over_depth_um);
	put(over, "queued_ns", s->over_depth_queued_ns);
	put(over, "completed_ns", s->over_depth_completed_ns);
	put(over, "strokes_after", s->strokes_begun - s->strokes_at_over_depth);
	json_object_set_new(o, "over_depth", s->over_depth_queued_ns ? over : json_null());
	if (!s->over_depth_queued_ns)
		json_decref(over);
	put(lease, "number", s->lease_number);
	put(lease, "renewed_ns", s->lease_ns);
	put(lease, "due_ns", s->lease_due_ns);
	put(lease, "expired_ns", s->lease_expired_ns);
	put(lease, "longest_gap_ns", s->lease_gap_ns);
	json_object_set_new(o, "lease", lease);
	put(start, "received_ns", s->start_ns);
	put(start, "epoch", s->start_epoch);
	put(start, "result", s->start_result);
	put(start, "first_stroke_ns", s->first_stroke_ns);
	json_object_set_new(o, "start", start);
	json_object_set_new(o, "waveform",
			    s->waveform.begin_ns ? describe_waveform(&s->waveform) : json_null());
	put(o, "strokes", s->strokes_begun);
	put(o, "home_ns", s->home_ns);
	put(o, "stroke_completed_ns", s->stroke_completed_ns);
	put(o, "enabled_ns", s->enabled_ns);
	put(o, "identified_ns", s->identified_ns);
	json_object_set_new(o, "counters", describe_counters(s));
	return o;
}
