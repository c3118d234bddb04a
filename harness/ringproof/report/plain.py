"""Turn an observation into plain JSON values."""

from __future__ import annotations

import math
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import fields, is_dataclass, replace
from typing import Any

from ringproof.observe.model import Observation


def plain_observation(observation: Observation) -> dict[str, Any]:
    """Return `observation` as JSON values: seconds to the millisecond, sets sorted, infinite times as null.

    Of a story that is played many times the last call is there in full, and each earlier call in short (`earlier`).
    """
    plain = _plain(replace(observation, earlier=()))
    assert isinstance(plain, dict)  # noqa: S101 - shows mypy what a dataclass becomes
    return {**plain, "earlier": [_in_short(call) for call in observation.earlier]}


def _in_short(call: Observation) -> dict[str, object]:
    return {
        name: {
            "placed": _plain(view.placed),
            "rang": [ring.phone for ring in view.rings],
            "answered": [phone for phone, _ in view.answers],
            "code": view.code,
            "ended": _plain(view.ended),
            "ended_by": view.ended_by,
        }
        for name, view in call.callers.items()
    }


def _plain(value: object) -> object:
    if is_dataclass(value):
        return {part.name: _plain(getattr(value, part.name)) for part in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, AbstractSet):
        return sorted(str(entry) for entry in value)
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value]
    if isinstance(value, float):
        return round(value, 3) if math.isfinite(value) else None
    return value
