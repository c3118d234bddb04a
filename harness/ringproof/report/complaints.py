"""Read what Asterisk itself complained of in a play: it is often the reason of a red, and is reported with a green."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal

from ringproof.containers.evidence import read_evidence
from ringproof.pbx.complaints import Complaint as Logged
from ringproof.pbx.complaints import allowed_by, read_complaints
from ringproof.report.result import Complaint

LOG = Path("pbx") / "full.log"
"""Asterisk's log inside a scenario's evidence folder."""
MOST = 3
_CHANNEL = re.compile(r"-[0-9a-f]{8}\b")
"""The number of a channel: the end of `PJSIP/trunk-00000001`."""


def complaints_in(evidence: Path | None, allow: Sequence[str] = ()) -> tuple[Complaint, ...]:
    """Return Asterisk's complaints in a play's evidence: those of its boot, then those since.

    `allow` are the shell patterns of `--allow`. The tuple is empty where the evidence has no log.
    """
    boot, story = _logged(evidence)
    return (*_counted(boot, "boot", allow), *_counted(story, "story"))


def complaints(evidence: Path | None) -> list[str]:
    """Return the first lines like `Asterisk says: pbx.c: No application 'Diall' for extension (group-sales, s, 9)`.

    Each is there once, at most MOST of them, then a line if there are more. Those since the boot come first, as they
    are more likely the reason of a red. The list is empty where the evidence has no log.
    """
    boot, story = _logged(evidence)
    said = [*dict.fromkeys(each.text for each in [*story, *boot])]
    more = [f"Asterisk says more: see {LOG} in the evidence"] if len(said) > MOST else []
    return [f"Asterisk says: {each}" for each in said[:MOST]] + more


def _logged(evidence: Path | None) -> tuple[list[Logged], list[Logged]]:
    if evidence is None:
        return [], []
    try:
        return read_complaints(read_evidence(evidence / LOG))
    except OSError:
        return [], []


def _counted(
    logged: Sequence[Logged], when: Literal["boot", "story"], allow: Sequence[str] = ()
) -> Iterable[Complaint]:
    counts = Counter(_same(each) for each in logged)
    firsts: dict[str, Logged] = {}
    for each in logged:
        firsts.setdefault(_same(each), each)
    for same, each in firsts.items():
        yield Complaint(each.text, each.level, when, counts[same], allowed_by(each, allow))


def _same(complaint: Logged) -> str:
    return _CHANNEL.sub("", complaint.text)
