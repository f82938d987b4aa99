-- SPDX-License-Identifier: GPL-2.0-or-later
-- The record of treatments, version 1. Times are ISO 8601 UTC, mono_ns is CLOCK_MONOTONIC of the boot that
-- the session's "open" event names. Rows are added and never changed, but for the columns of session that
-- are empty until it ends.

CREATE TABLE session (
	id		INTEGER PRIMARY KEY,
	session		TEXT NOT NULL UNIQUE,	-- UUID, also the driver's treatment id
	operator	TEXT NOT NULL,
	operator_uid	INTEGER NOT NULL,
	patient		TEXT NOT NULL,		-- pseudonym
	indication	TEXT NOT NULL,
	area		TEXT NOT NULL,
	device_serial	TEXT NOT NULL,
	opened		TEXT NOT NULL,
	ended		TEXT,
	outcome		TEXT,
	strokes		INTEGER
) STRICT;

CREATE INDEX session_operator ON session (operator_uid, id);
CREATE INDEX session_patient ON session (patient, area, id);

-- Every event carries the hash of the one before it in the whole database, see daemon/PROTOCOL.md.
-- The "open" event holds all that the session was opened with, the "end" event its summary.
CREATE TABLE event (
	seq		INTEGER PRIMARY KEY,	-- 1, 2, 3, ... without a gap
	session_id	INTEGER NOT NULL REFERENCES session (id),
	kind		TEXT NOT NULL,
	time		TEXT NOT NULL,
	mono_ns		INTEGER NOT NULL,
	data		TEXT NOT NULL,		-- JSON, the bytes that were hashed
	prev		BLOB NOT NULL CHECK (length(prev) = 32),
	hash		BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT;

CREATE INDEX event_session ON event (session_id, seq);

-- Every stroke; a "strokes" event holds the digest of each batch, so that the chain covers them.
CREATE TABLE stroke (
	session_id	INTEGER NOT NULL REFERENCES session (id),
	position	INTEGER NOT NULL,	-- in the session: 0, 1, 2, ...
	number		INTEGER NOT NULL,	-- the handpiece's count
	mono_ns		INTEGER NOT NULL,
	depth_um	INTEGER NOT NULL,
	period_us	INTEGER NOT NULL,
	current_ma	INTEGER NOT NULL,
	PRIMARY KEY (session_id, position)
) STRICT, WITHOUT ROWID;
