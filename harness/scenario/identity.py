"""The id of a scenario: readable, unique in a run, the same in every run, and fit to name a folder."""

from __future__ import annotations

import hashlib
import re
import unicodedata

_CYRILLIC = dict(
    zip(
        "абвгдеёжзийклмнопрстуфхцчшщъыьэюя",
        (*"abvgdee", "zh", *"ziyklmnoprstuf", "kh", "ts", "ch", "sh", "sch", "", "y", "", "e", "yu", "ya"),
        strict=True,
    )
)
_LONGEST = 60


def scenario_id(file: str, name: str) -> str:
    """Return `ring-all-one-is-offline-3fa9c1d2`: file stem and name as a slug, then a hash of both in full."""
    stem = re.sub(r"(\.ring)?\.ya?ml$", "", re.split(r"[/\\]", file)[-1])
    digest = hashlib.sha256(f"{file}\n{name}".encode()).hexdigest()[:8]
    slug = _slug(f"{stem} {name}")[:_LONGEST].strip("-")
    return f"{slug}-{digest}" if slug else digest


def _slug(text: str) -> str:
    latin = "".join(_CYRILLIC.get(sign, sign) for sign in text.lower())
    plain = unicodedata.normalize("NFKD", latin).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
