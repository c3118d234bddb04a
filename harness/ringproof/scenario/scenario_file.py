"""Reader of scenario files: what the file says once for all scenarios, and what each scenario adds or replaces."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from ringproof.core.duration import PbxSeconds, write_duration
from ringproof.core.needs import Needs
from ringproof.core.problem import Complaints, ReadingError, told
from ringproof.scenario.check.answers import check_partners
from ringproof.scenario.check.boundaries import check_moments_apart
from ringproof.scenario.check.chance import check_calls
from ringproof.scenario.check.contradictions import check_contradictions
from ringproof.scenario.check.story import check_expectations, check_moments, check_steps
from ringproof.scenario.model.identity import name_at, scenario_id
from ringproof.scenario.model.office import Office
from ringproof.scenario.model.scenario import (
    CLOCK_RESOLUTION,
    DEFAULT_TOLERANCE,
    AsRung,
    Behaviour,
    Caller,
    RingsOn,
    Scenario,
    Step,
    choices_of,
)
from ringproof.scenario.model.split_waves import one_wave_each
from ringproof.scenario.parse.chance import read_calls
from ringproof.scenario.parse.clock import read_clock, read_speed
from ringproof.scenario.parse.needs import read_needs
from ringproof.scenario.parse.outcomes import Reading, check_names, read_expectations
from ringproof.scenario.parse.participants import (
    Participants,
    Told,
    phones_on_top,
    read_callers,
    read_phones,
    read_rung,
)
from ringproof.scenario.parse.steps import callers_who_call, read_steps
from ringproof.scenario.syntax.source_text import SourceText
from ringproof.scenario.syntax.tree import Entry, Table, Text, Value
from ringproof.scenario.syntax.values import entry, refuse_unknown, table_of, time_of
from ringproof.scenario.syntax.version import KEY

SHARED = (
    "callers",
    "phones",
    "rung",
    "when",
    "expect",
    "tolerance",
    "quiet",
    "speed",
    "clock",
    "dialplan step",
    "needs",
)
OWN = ("calls",)
"""Keys that a scenario may have and a file may not."""
TOP = (KEY, "pbx", *SHARED, "scenarios")
_EXAMPLE = "`a name for the story:` and below it `when:` and `expect:`"
_LOOSEST = PbxSeconds(5.0)
_LEAST_QUIET = PbxSeconds(1.0)
_SHORTEST_STEP = PbxSeconds(0.001)
_LONGEST_STEP = PbxSeconds(0.1)
LONGEST_NAME = 120


@dataclass(frozen=True, slots=True)
class _Shared:
    """What the file says once for all its scenarios."""

    callers: Mapping[str, Caller]
    phones: Mapping[str, Told]
    entries: Mapping[str, Entry]


class ScenarioFile:
    """A reader of the scenarios of one file; it adds mistakes to its complaints."""

    def __init__(
        self,
        source_text: SourceText,
        office: Office | None,
        office_file: str,
        complaints: Complaints,
        *,
        observed: bool = False,
    ) -> None:
        """Set up the reader; `office` is None if its file has problems: scenarios are then checked as far as possible.

        `observed`: a scenario without `expect:` is read, too, and nothing is expected of its calls.
        """
        self._observed = observed
        self._source_text = source_text
        self._office = office
        self._office_file = office_file
        self._complaints = complaints

    def read(self, root: Table) -> tuple[Scenario, ...]:
        """Return the scenarios without mistakes; the mistakes of the others are in the complaints."""
        shared = _Shared(
            self._callers(root), self._phones(root), {key: root.entries[key] for key in SHARED if key in root.entries}
        )
        value = entry(root.entries, "scenarios")
        if value is None:
            raise ReadingError(root.source, "this file has no `scenarios:`", f"write `scenarios:`, below it {_EXAMPLE}")
        table = table_of(value, "`scenarios`", _EXAMPLE)
        if not table.entries:
            raise ReadingError(table.source, "`scenarios` is empty", f"write {_EXAMPLE}")
        read: dict[str, Scenario] = {}
        calling: set[str] = set()
        for written in table.entries.values():
            with self._complaints:
                calling.update(self._calling(written, shared))
                for scenario in self._scenarios(written, shared):
                    first = read.setdefault(scenario.name, scenario)
                    if first is not scenario:
                        raise _same_name(scenario, first)
        for caller in shared.callers.values():
            if caller.name not in calling and not self._complaints:
                self._complaints.add(_never_calls(caller, "any scenario of this file"))
        return tuple(read.values())

    def _callers(self, table: Table) -> Mapping[str, Caller]:
        value = entry(table.entries, "callers")
        with self._complaints:
            return {} if value is None else read_callers(value, self._office, self._complaints)
        return {}

    def _phones(self, table: Table) -> Mapping[str, Told]:
        value = entry(table.entries, "phones")
        with self._complaints:
            return {} if value is None else read_phones(value, self._office, self._complaints)
        return {}

    def _calling(self, written: Entry, shared: _Shared) -> tuple[str, ...]:
        own = written.value.entries if isinstance(written.value, Table) else {}
        when = own.get("when", shared.entries.get("when"))
        return () if when is None else callers_who_call(when.value)

    def _scenarios(self, written: Entry, shared: _Shared) -> tuple[Scenario, ...]:
        """Return the scenario of one entry, or one for each of its dates, or none after at least one complaint."""
        before = len(self._complaints)
        name = written.key
        with self._complaints:
            _check_name(name)
        table = table_of(written.value, f"the scenario {told(name.text)}", "`when:` and `expect:` below its name")
        refuse_unknown(table, (*SHARED, *OWN), "a scenario")
        entries = {**shared.entries, **table.entries}
        own_callers = self._callers(table)
        calling = self._calling(written, shared)
        everybody = {**shared.callers, **own_callers}
        participants = Participants(
            office=self._office,
            callers=everybody,
            phones=phones_on_top(shared.phones, self._phones(table)),
            calling=tuple(caller for caller in calling if caller in everybody),
            strangers=tuple(caller for caller in calling if caller not in everybody),
            rung=self._rung(entries),
        )
        for own in own_callers.values():
            if own.name not in calling and not participants.strangers:
                self._complaints.add(_never_calls(own, "this scenario"))
        tolerance, quiet = self._tolerance(entries), self._quiet(entries)
        speed, starts, needs = self._speed(entries), self._starts(entries), self._needs(entries)
        dialplan_step = self._dialplan_step(entries)
        begin = f"`- call: {participants.example}`, say"
        when = _needed(entries, "when", name, "nobody calls in", f"write `when:` and below it {begin}")
        expect_value = self._expected(entries, name)
        steps = read_steps(when, participants, self._complaints)
        if len(self._complaints) == before and not callers_who_call(when):
            raise ReadingError(when.source, f"nobody calls in {told(name.text)}", f"begin with {begin}")
        readings = self._readings(expect_value, name, participants)
        calls = self._calls(table)
        if len(self._complaints) > before:
            return ()
        check_steps(steps, self._complaints)
        check_partners(participants, self._complaints)
        if expect_value is not None:
            self._check(readings, steps, participants, tolerance)
            if len(self._complaints) == before:
                check_contradictions(readings, steps, participants, tolerance, self._complaints)
        if len(self._complaints) == before:
            said = table.entries["calls"].key.source if "calls" in table.entries else name.source
            check_calls(calls, said, steps, readings, participants, self._complaints)
        if len(self._complaints) > before or self._office is None:
            return ()
        whole = [{caller: one_wave_each(listed) for caller, listed in reading.items()} for reading in readings]
        scenario = Scenario(
            id=scenario_id(self._source_text.file, name.text),
            name=name.text,
            source=name.source,
            office=self._office,
            office_file=self._office_file,
            callers={caller: participants.callers[caller] for caller in participants.calling},
            phones=self._all_phones(participants),
            rung=participants.rung,
            when=steps,
            expect=whole[0],
            otherwise=tuple(whole[1:]),
            calls=calls,
            tolerance=tolerance,
            quiet=quiet,
            speed=speed,
            dialplan_step=dialplan_step,
            needs=needs,
            lines=self._source_text.lines,
        )
        if isinstance(starts, tuple):
            return tuple(self._at(date, scenario) for date in starts)
        return (replace(scenario, starts=starts),)

    def _expected(self, entries: Mapping[str, Entry], name: Text) -> Value | None:
        """Return the value of `expect:`, or None if it is missing and the scenario is only observed."""
        if self._observed and "expect" not in entries:
            return None
        fix = "write `expect:` and below it `- ring: [101]`, say"
        return _needed(entries, "expect", name, "nothing is expected of", fix)

    def _readings(self, expect: Value | None, name: Text, participants: Participants) -> tuple[Reading, ...]:
        if expect is None:
            return (dict.fromkeys(participants.calling, ()),)
        return read_expectations(expect, name, participants, self._complaints)

    def _at(self, date: datetime, scenario: Scenario) -> Scenario:
        """Return the scenario at one of its dates, with an id and a name of its own."""
        return replace(
            scenario,
            id=scenario_id(self._source_text.file, scenario.name, date),
            name=name_at(scenario.name, date),
            starts=date,
        )

    def _all_phones(self, participants: Participants) -> dict[str, Behaviour]:
        """Return what every phone does; an extension with several phones is not a phone itself."""
        unnamed: Behaviour = AsRung() if participants.rung else RingsOn()
        extensions = self._office.extensions if self._office is not None else ()
        alone = {number: unnamed for number in extensions if not participants.contacts(number)}
        return alone | {phone: each.behaviour for phone, each in participants.phones.items()}

    def _check(
        self, readings: Sequence[Reading], steps: Sequence[Step], participants: Participants, tolerance: PbxSeconds
    ) -> None:
        """Check one reading after the other; stop after the first that has mistakes."""
        before = len(self._complaints)
        for reading in readings:
            of_reading = replace(participants, choices=dict(choices_of(reading)))
            check_names(reading, self._complaints)
            check_moments(steps, reading, of_reading, self._complaints)
            for caller, listed in reading.items():
                check_expectations(caller, listed, steps, of_reading, self._complaints)
            if len(self._complaints) > before:
                return
        check_moments_apart(readings, steps, participants, tolerance, self._complaints)

    def _calls(self, table: Table) -> int:
        value = entry(table.entries, "calls")
        with self._complaints:
            return 1 if value is None else read_calls(value)
        return 1

    def _rung(self, entries: Mapping[str, Entry]) -> tuple[Behaviour, ...]:
        value = entry(entries, "rung")
        with self._complaints:
            return () if value is None else read_rung(value, self._complaints)
        return ()

    def _tolerance(self, entries: Mapping[str, Entry]) -> PbxSeconds:
        value = entry(entries, "tolerance")
        with self._complaints:
            if value is None:
                return DEFAULT_TOLERANCE
            tolerance = time_of(value, "`tolerance`", "500ms")
            if tolerance < CLOCK_RESOLUTION:
                raise ReadingError(
                    value.source,
                    f"`tolerance` is tighter than the clock, which tells moments {write_duration(CLOCK_RESOLUTION)} "
                    "apart",
                    f"write at least {write_duration(CLOCK_RESOLUTION)}",
                )
            if tolerance > _LOOSEST:
                raise ReadingError(
                    value.source,
                    f"a `tolerance` of more than {write_duration(_LOOSEST)} would let almost anything pass",
                    f"write at most {write_duration(_LOOSEST)}",
                )
            return tolerance
        return DEFAULT_TOLERANCE

    def _quiet(self, entries: Mapping[str, Entry]) -> PbxSeconds | None:
        value = entry(entries, "quiet")
        with self._complaints:
            return None if value is None else time_of(value, "`quiet`", "40s", _LEAST_QUIET)
        return None

    def _speed(self, entries: Mapping[str, Entry]) -> float | None:
        value = entry(entries, "speed")
        with self._complaints:
            return None if value is None else read_speed(value)
        return None

    def _dialplan_step(self, entries: Mapping[str, Entry]) -> PbxSeconds | None:
        value = entry(entries, "dialplan step")
        with self._complaints:
            if value is None:
                return None
            takes = time_of(value, "`dialplan step`", "20ms", _SHORTEST_STEP)
            if takes > _LONGEST_STEP:
                raise ReadingError(
                    value.source,
                    f"a `dialplan step` of more than {write_duration(_LONGEST_STEP)} would make every ring late",
                    f"write at most {write_duration(_LONGEST_STEP)}",
                )
            return takes
        return None

    def _starts(self, entries: Mapping[str, Entry]) -> datetime | tuple[datetime, ...] | None:
        value = entry(entries, "clock")
        with self._complaints:
            return None if value is None else read_clock(value)
        return None

    def _needs(self, entries: Mapping[str, Entry]) -> Needs | None:
        value = entry(entries, "needs")
        with self._complaints:
            return None if value is None else read_needs(value)
        return None


def _needed(entries: Mapping[str, Entry], key: str, name: Text, sentence: str, fix: str) -> Value:
    value = entry(entries, key)
    if value is None:
        suffix = ", so it can never fail" if key == "expect" else ""
        raise ReadingError(name.source, f"{sentence} {told(name.text)}{suffix}", fix)
    return value


def _never_calls(caller: Caller, where: str) -> ReadingError:
    return ReadingError(
        caller.source,
        f"{caller.name} never calls in {where}",
        f"add the step `- call: {caller.name}`, or delete the caller",
    )


def _same_name(scenario: Scenario, first: Scenario) -> ReadingError:
    """Return the error about a name that equals the name of another scenario with its date."""
    return ReadingError(
        scenario.source,
        f"two scenarios of this file have the same name, {told(scenario.name)}: one has it with its date",
        "give one of them another name",
        first.source,
    )


def _check_name(name: Text) -> None:
    for part in ("::", "[", "]"):
        if part in name.text:
            raise ReadingError(
                name.source,
                f"the name of a scenario cannot hold `{part}`: pytest reads it as its own",
                "write it without",
            )
    if not name.text.isprintable():
        raise ReadingError(name.source, "the name of a scenario holds a control character", "write it on one line")
    if name.text != name.text.strip() or not name.text:
        raise ReadingError(name.source, "the name of a scenario begins or ends with a space", "delete the space")
    if len(name.text) > LONGEST_NAME or re.fullmatch(r"\W+", name.text):
        raise ReadingError(
            name.source,
            f"{told(name.text)} is no name for a scenario",
            f"write a sentence of at most {LONGEST_NAME} characters",
        )
