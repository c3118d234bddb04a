"""The id of a scenario: readable, unique in a run, the same in every run, and valid as the name of a folder."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from datetime import datetime

from ringproof.core.dates import write_date

_CYRILLIC = dict(
    zip(
        "абвгдеёжзийклмнопрстуфхцчшщъыьэюя",
        (*"abvgdee", "zh", *"ziyklmnoprstuf", "kh", "ts", "ch", "sh", "sch", "", "y", "", "e", "yu", "ya"),
        strict=True,
    )
)
_LONGEST = 60


def scenario_id(file: str, name: str, date: datetime | None = None) -> str:
    """Return `ring-all-one-is-offline-3fa9c1d2`: file stem and name as a slug, then a hash of both in full.

    With `date`, one of the scenario's dates, the slug ends in that date: `hours-at-night-2026-11-24-230000-3fa9c1d2`.
    """
    stem = re.sub(r"(\.ring)?\.ya?ml$", "", re.split(r"[/\\]", file)[-1])
    whole = name if date is None else name_at(name, date)
    digest = hashlib.sha256(f"{file}\n{whole}".encode()).hexdigest()[:8]
    end = "" if date is None else f"{date:%Y-%m-%d-%H%M%S}"
    slug = f"{_slug(f'{stem} {name}')[: _LONGEST - len(end)].strip('-')}-{end}".strip("-")
    return f"{slug}-{digest}" if slug else digest


def name_at(name: str, date: datetime) -> str:
    """Return the name of a scenario with one of its dates: `at night, Tue 2026-11-24 23:00:00 Europe/Berlin`."""
    return f"{name}, {write_date(date)}"


def _slug(text: str) -> str:
    latin = "".join(_CYRILLIC.get(sign, sign) for sign in text.lower())
    plain = unicodedata.normalize("NFKD", latin).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
