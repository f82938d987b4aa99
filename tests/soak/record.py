# SPDX-License-Identifier: GPL-2.0-or-later
"""The daemon's record: its chain, and its strokes against those that a listener was told."""

import contextlib
import hashlib
import json
import sqlite3

from judge import MS, Wrong, seconds

DATABASE = "/var/lib/microneedle/record.db"
# Strokes are written five times a second; the last ones of a daemon that was killed are lost
UNWRITTEN_NS = 400 * MS
# Between its row and its end a session hears what came just before
EDGE_NS = 20 * MS
STROKE = "number, mono_ns, depth_um, period_us, current_ma"


def number(value):
    return (value & (1 << 64) - 1).to_bytes(8, "little")


def text(value):
    data = value.encode()
    return number(len(data)) + data


def event_hash(prev, seq, session, kind, time, mono_ns, data):
    return hashlib.sha256(prev + number(seq) + text(session) + text(kind) + text(time) +
                          number(mono_ns) + text(data)).digest()


def strokes_hash(position, strokes):
    digest = hashlib.sha256(number(position) + number(len(strokes)))
    for stroke in strokes:
        digest.update(b"".join(number(value) for value in stroke))
    return digest.hexdigest()


class Record:
    """Checked from where the last check ended."""

    def __init__(self):
        self.seq = 0
        self.hash = bytes(32)
        self.session = 0
        self.sessions = 0
        self.strokes = 0

    def check(self, stretch):
        with contextlib.closing(sqlite3.connect(f"file:{DATABASE}?mode=ro", uri=True)) as database:
            self.chain(database)
            rows = database.execute(
                "SELECT id, session, strokes, ended FROM session WHERE id > ? ORDER BY id",
                (self.session,)).fetchall()
            names = [self.compare(database, stretch, *row) for row in rows]
        self.sessions += len(rows)
        return names

    def chain(self, database):
        rows = database.execute(
            "SELECT seq, session, kind, time, mono_ns, data, prev, hash, session_id FROM event "
            "JOIN session ON id = session_id WHERE seq > ? ORDER BY seq", (self.seq,))
        for seq, session, kind, time, mono_ns, data, prev, digest, row in rows:
            if seq != self.seq + 1:
                raise Wrong(f"the record's event {seq} follows {self.seq}")
            if prev != self.hash or digest != event_hash(prev, seq, session, kind, time, mono_ns,
                                                         data):
                raise Wrong(f"the chain of the record is broken at event {seq}, {kind}")
            if kind == "strokes":
                self.batch(database, row, seq, json.loads(data))
            self.seq, self.hash = seq, digest

    @staticmethod
    def batch(database, session, seq, data):
        strokes = database.execute(
            f"SELECT {STROKE} FROM stroke WHERE session_id = ? AND position >= ? AND position < ? "
            "ORDER BY position",
            (session, data["position"], data["position"] + data["count"])).fetchall()
        if strokes_hash(data["position"], strokes) != data["sha256"]:
            raise Wrong(f"the strokes of the record's event {seq} are not those that were hashed")

    def compare(self, database, stretch, row, session, count, ended):
        if ended is None:
            raise Wrong(f"session {session} was never closed")
        events = database.execute(
            "SELECT kind, mono_ns, data FROM event WHERE session_id = ? ORDER BY seq",
            (row,)).fetchall()
        opened_ns = events[0][1]
        end_ns = next(mono_ns for kind, mono_ns, _ in events if kind == "end")
        if any(kind == "lost" for kind, _, _ in events):
            raise Wrong(f"session {session}: the kernel lost records for a daemon that kept up")
        written = database.execute(f"SELECT {STROKE} FROM stroke WHERE session_id = ? "
                                   "ORDER BY position", (row,)).fetchall()
        if count != len(written):
            raise Wrong(f"session {session} says {count} strokes and has {len(written)}")
        killed = [at for at in stretch.journal.kills if opened_ns <= at <= end_ns]
        told = [(r.number, r.mono_ns, r.depth_um, r.period_us, r.current_ma)
                for _, r, _ in stretch.strokes
                if opened_ns <= r.mono_ns <= (killed[0] if killed else end_ns)]
        if killed:
            missing = told[len(written):]
            if missing and missing[0][1] < killed[0] - UNWRITTEN_NS:
                raise Wrong(f"session {session}: the daemon was killed at {seconds(killed[0])}, "
                            f"and the strokes from {seconds(missing[0][1])} on are not there")
            told = told[:len(written)]
        if written != told:
            self.differ(session, written, told, opened_ns, end_ns)
        self.strokes += len(written)
        self.session = row
        return session

    @staticmethod
    def differ(session, written, told, opened_ns, end_ns):
        lacking = [stroke for stroke in told if stroke not in set(written)]
        foreign = [stroke for stroke in written if stroke not in set(told)]
        lacking = [stroke for stroke in lacking
                   if opened_ns + EDGE_NS < stroke[1] < end_ns - EDGE_NS]
        if lacking or foreign:
            raise Wrong(f"session {session}: told and not in the record {lacking[:3]}, in the "
                        f"record and not told {foreign[:3]}")
