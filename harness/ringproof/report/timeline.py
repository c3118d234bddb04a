"""Render `timeline.txt`: one play as text, with everything that rang drawn over the story's time."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence

from ringproof.core.duration import format_duration
from ringproof.observe.model import CallerView, Observation, ObservedRing
from ringproof.report.bars import observed_bars
from ringproof.report.calls import calls_text
from ringproof.report.chart import axis_over, draw_rows, in_order, steps_for
from ringproof.scenario.model.scenario import Scenario

COLUMNS = 84
"""The columns of the chart; with label and word a line stays under 100."""


def timeline_text(scenario: Scenario, observation: Observation) -> str:
    """Return the play as text: for each caller the call, the chart and the rings; then what belongs to no caller.

    All times are seconds of PBX time from the first step, as in events.ndjson. Of a story that is played many times the
    last call is rendered like this, and before it a summary of all calls.
    """
    head = [scenario.name, f"{scenario.source.file}:{scenario.source.line}"]
    if observation.earlier:
        head += [*calls_text(scenario, observation), "", "the last call"]
    watched = format_duration(observation.watched)
    lines = [
        *head,
        f"the story was over at {format_duration(observation.over)}; then watched for {watched}",
    ]
    lines += _cut_off(observation)
    for number, reason in observation.failed_steps:
        lines.append(f"step {number + 1} could not be done: {reason}")
    for view in observation.callers.values():
        lines += ["", *_caller(scenario, observation, view)]
    for title, rings in (
        ("rings that are nobody's call", observation.strays),
        ("rings after the story was over", observation.late_rings),
    ):
        if rings:
            lines += ["", title, *_chart(rings, observation), "", *_list(rings)]
    besides = list(_besides(observation))
    if besides:
        lines += ["", "what else was seen", *besides]
    return "\n".join(lines) + "\n"


def _cut_off(observation: Observation) -> Iterator[str]:
    """Yield why the story was not played to its end."""
    if observation.crashed is not None:
        yield f"Asterisk crashed by signal {observation.crashed}"
    if observation.endless is not None:
        yield f"a call ran in a circle in the dialplan, at {observation.endless}"
    for lead in observation.elsewhere:
        at = f"at {format_duration(lead.at)}" if lead.at >= 0 else "before the story began"
        yield f"the PBX sent {lead.who} to {lead.address} {at}: its {lead.message} says `{lead.line}`"
    for phone, code, because in observation.registrations_refused:
        why = f" ({because})" if because else ""
        did = f"refused the registration of {phone} with {code}" if code else f"did not answer the REGISTER of {phone}"
        yield f"the PBX {did}{why}: no story was played"
    for phone, because in observation.registrations_lost:
        why = f" ({because})" if because else ""
        yield f"the PBX dropped the registration of {phone}{why}: no story was played"
    for phone, code, because in observation.talks_refused:
        yield f"{phone} refused its first call with {code} ({because}): no story was played"


def _besides(observation: Observation) -> Iterator[str]:
    yield from (f"{at:10.2f}  the PBX dialled {target}: {said}" for at, target, said in observation.dial_failures)
    yield from (f"{at:10.2f}  a call left by the trunk" for at in observation.trunk_legs)
    for phone, seconds in observation.late_legs:
        length = f"for {format_duration(seconds)}" if math.isfinite(seconds) else "to the end"
        yield f"   the call at {phone} went on {length} after its caller had hung up"


def _caller(scenario: Scenario, observation: Observation, view: CallerView) -> list[str]:
    caller = scenario.callers[view.caller]
    lines = [f"{view.caller} ({caller.shows}) calls {caller.dials}"]
    if view.placed is None:
        return [*lines, "   never placed the call"]
    if view.pressed or view.keys:
        heard = "heard by the PBX" if view.keys == view.pressed else f"but the PBX heard {view.keys or 'no key'}"
        lines.append(f"   pressed {view.pressed or 'no key'}: {heard}")
    lines += _chart(view.rings, observation, view)
    for talk in view.talks:
        for who, tones in ((view.caller, talk.caller_hears), (talk.phone, talk.phone_hears)):
            lines.append(f"   {who} hears {', '.join(tones) or 'nothing of anybody'}")
    code = f"final response {view.code}" if view.code is not None else "no final response"
    if view.ended is None:
        ended = "the call has no end"
    else:
        ended = f"ended by {view.ended_by} at {format_duration(view.ended)}"
    lines.append(f"   {code}; {ended}")
    if view.rings:
        lines += ["", *_list(view.rings)]
    return lines


def _chart(rings: Sequence[ObservedRing], observation: Observation, view: CallerView | None = None) -> Iterable[str]:
    phones = in_order(ring.phone for ring in rings)
    if not phones:
        return ["   nobody rang"]
    bars = observed_bars(rings, view.waves if view is not None else ())
    begun = view.placed if view is not None and view.placed is not None else 0.0
    moments = [begun, observation.over] if view is not None else []
    axis = axis_over(bars, moments, next(iter(steps_for(bars, moments, COLUMNS))))
    broad = max(len(phone) for phone in phones)
    rows = [f"   {phone.rjust(broad)} {row}" for phone, row in zip(phones, draw_rows(phones, bars, axis), strict=True)]
    return [*rows, f"   {' ' * broad} {axis.ticks()}"]


def _list(rings: Iterable[ObservedRing]) -> list[str]:
    rings = list(rings)
    broad = max(len("phone"), *(len(ring.phone) for ring in rings))
    lines = [f"      from       to    lasts  {'phone':<{broad}}  how it ended"]
    for ring in rings:
        how = ring.ending if ring.code is None else f"{ring.ending} with {ring.code}"
        how += f" ({ring.because})" if ring.because else ""
        how += "" if ring.to is None else f" to {ring.to}"
        how += "" if ring.alerted or ring.ending == "unseen" else ", never rang aloud"
        how += ", missed call" if ring.missed else ""
        lines.append(f"  {ring.start:8.2f} {ring.end:8.2f} {ring.end - ring.start:8.2f}  {ring.phone:<{broad}}  {how}")
    return lines
