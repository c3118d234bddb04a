"""`timeline.txt`."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from ringproof.core.duration import PbxSeconds
from ringproof.observe.model import ObservedLead
from ringproof.report.timeline import timeline_text
from stories import ring, seen, story, view, wave

Golden = Callable[[str, str], None]


def test_a_play(golden: Golden) -> None:
    """One caller, three phones, one who refused, one who answered."""
    rings = [
        ring("101", 2.1, 2.15, "refused", 486, alerted=False),
        ring("102", 2.1, 24.1, missed=True),
        dataclasses.replace(ring("104", 2.1, 2.15, "refused", 488, alerted=False), because="no common codec"),
        ring("103", 17.1, 24.1, "answered"),
    ]
    golden("report/timeline.txt", timeline_text(story([wave(12, "102", 15)]), seen(rings)))


def test_everything_that_is_wrong(golden: Golden) -> None:
    """What belongs to nobody, came too late or failed stands there, too."""
    observation = dataclasses.replace(
        seen([ring("101", 2.1, 7.1)]),
        callers={"anna": dataclasses.replace(view([ring("101", 2.1, 7.1)]), keys="", code=None, ended=None)},
        strays=(ring("102", 3.0, 4.0),),
        late_rings=(ring("103", 31.0, 33.0),),
        failed_steps=((1, "not heard"),),
        dial_failures=((PbxSeconds(5.0), "PJSIP/105", "Unable to create channel of type 'PJSIP'"),),
        trunk_legs=(PbxSeconds(6.0),),
        late_legs=(("101", PbxSeconds(float("inf"))), ("102", PbxSeconds(1.5))),
        registrations_refused=(("103", 403, ""), ("104", 0, "it listens for SIP by nothing")),
        registrations_lost=(("105", "106 registered later"),),
        talks_refused=(("107", 488, "no common codec"),),
        crashed=11,
        endless="s@group-sales",
        elsewhere=(
            ObservedLead(
                who="anna",
                at=PbxSeconds(4.25),
                address="198.51.100.77",
                message="200 OK to INVITE",
                line="c=IN IP4 198.51.100.77",
            ),
        ),
    )
    golden("report/timeline-wrong.txt", timeline_text(story([wave(12, "101", 5)]), observation))


def test_who_was_sent_elsewhere_before_the_story_began() -> None:
    """It has no moment of the story."""
    lead = ObservedLead(who="101", at=PbxSeconds(-0.01), address="a.b.c", message="INVITE", line="Contact: <sip:a.b.c>")
    told = timeline_text(story([]), dataclasses.replace(seen([]), elsewhere=(lead,)))
    assert "the PBX sent 101 to a.b.c before the story began: its INVITE says `Contact: <sip:a.b.c>`\n" in told


def test_a_caller_who_never_called(golden: Golden) -> None:
    """Nothing rang."""
    silent = dataclasses.replace(view([]), placed=None, acted=None, pressed="", keys="")
    observation = dataclasses.replace(seen([]), callers={"anna": silent})
    golden("report/timeline-silent.txt", timeline_text(story([]), observation))
