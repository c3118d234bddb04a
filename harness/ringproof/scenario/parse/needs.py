"""Reader of `needs: {asterisk: "22", because: ...}`."""

from __future__ import annotations

from ringproof.core.needs import VERSION, Needs
from ringproof.core.problem import ReadingError, told
from ringproof.scenario.syntax.tree import Text, Value
from ringproof.scenario.syntax.values import refuse_unknown, table_of, text_of

NEEDS = ("asterisk", "because")
_VERSION_EXAMPLE = 'write `"22"` or `"20.17"`, say: that version or any later one'
_WHY = "write `because:` and what an older Asterisk cannot do: it is told where the scenario is not played"


def read_needs(value: Value) -> Needs:
    """Return what a scenario needs. Raises ReadingError."""
    table = table_of(value, "`needs`", '`needs: {asterisk: "22", because: an older one has no ...}`')
    refuse_unknown(table, NEEDS, "`needs`")
    if "asterisk" not in table.entries:
        raise ReadingError(table.source, "`needs` does not say what is needed", 'write `asterisk: "22"`, say')
    if "because" not in table.entries:
        raise ReadingError(table.source, "`needs` does not say why", _WHY)
    asterisk = text_of(table.entries["asterisk"].value, "`asterisk`", 'a version, such as `"22"`')
    if VERSION.fullmatch(asterisk.text) is None:
        raise ReadingError(
            asterisk.source, f"`asterisk`: {told(asterisk.text)} is no version of Asterisk", _VERSION_EXAMPLE
        )
    return Needs(asterisk.text, _reason(table.entries["because"].value), value.source)


def _reason(value: Value) -> str:
    because: Text = text_of(value, "`because`", "a sentence")
    if not because.text.strip():
        raise ReadingError(because.source, "`because` says nothing", _WHY)
    if not because.text.isprintable():
        raise ReadingError(because.source, "`because` holds a control character", "write it on one line")
    return because.text.strip()
