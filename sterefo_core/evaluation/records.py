"""Scores as files: records with the same names in the same order, as JSON or as CSV."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from typing import Any

Record = dict[str, Any]


def as_json(records: Sequence[Record]) -> str:
    """A list of objects."""
    return json.dumps(records, indent=1)


def as_csv(records: Sequence[Record]) -> str:
    """A head line and a line for each record, at least one; nothing is written for None."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(records[0]))
    writer.writeheader()
    writer.writerows(records)
    return text.getvalue()
