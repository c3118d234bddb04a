"""What Asterisk itself complained of while a story was played: often the reason of a red."""

from __future__ import annotations

import re
from pathlib import Path

from harness.containers.evidence import is_evidence, read_evidence

LOG = Path("pbx") / "full.log"
"""Asterisk's log inside a scenario's evidence folder. What it complains of while it boots breaks the play."""
MOST = 3
_COMPLAINT = re.compile(r"\[[^\]]+\] (?:WARNING|ERROR)\[\d+\](?:\[C-\w+\])? (?P<said>[\w.]+: .*)")
_OURS = "'pjsip,call-id'"
"""A channel that is gone cannot be asked for its Call-ID: we did."""


def complaints(evidence: Path | None) -> list[str]:
    """Return `Asterisk says: pbx.c: No application 'Diall' for extension (group-sales, s, 9)`, each once, a few.

    Empty where the evidence has no log.
    """
    if evidence is None or not is_evidence(evidence / LOG):
        return []
    lines = read_evidence(evidence / LOG).splitlines()
    found = [match["said"] for line in lines if (match := _COMPLAINT.match(line))]
    said = [*dict.fromkeys(each for each in found if _OURS not in each)]
    more = [f"Asterisk says more: see {LOG} in the evidence"] if len(said) > MOST else []
    return [f"Asterisk says: {each}" for each in said[:MOST]] + more
