#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Files of data are what their names say: JSON without doubled keys, SQL that SQLite runs."""

import json
import sqlite3
import sys

from sources import TOP, listed


def no_doubled_keys(pairs):
    keys = [key for key, _ in pairs]
    doubled = {key for key in keys if keys.count(key) > 1}
    if doubled:
        raise ValueError(f"doubled key: {', '.join(sorted(doubled))}")
    return dict(pairs)


def read_json(text):
    json.loads(text, object_pairs_hook=no_doubled_keys)


def read_sql(text):
    sqlite3.connect(":memory:").executescript(text)


def main():
    wrong = []
    for pattern, read in (("*.json", read_json), ("daemon/data/*.conf", read_json),
                          ("*.sql", read_sql)):
        for path in listed(pattern):
            try:
                read((TOP / path).read_text(encoding="utf-8"))
            except (ValueError, sqlite3.Error) as error:
                wrong.append(f"{path}: {error}")
    if wrong:
        print("\n".join(wrong))
        sys.exit(1)


main()
