"""Hand-written events of a play, folded."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ringproof.core.duration import PbxSeconds as S
from ringproof.events.model import (
    Bridged,
    CallEndless,
    CallerEnded,
    CallerGot,
    CallerPlaced,
    ChannelGone,
    ChannelLinked,
    ChannelMade,
    ChannelOriginated,
    DialFailed,
    Event,
    KeyHeard,
    LedElsewhere,
    LegAlerting,
    LegBelongs,
    LegCame,
    LegCancelled,
    LegCommanded,
    LegFinal,
    LegInvited,
    LegLeft,
    MusicBegan,
    NextCall,
    PbxCrashed,
    PhoneCancelled,
    PhoneForwarded,
    PhoneHungUp,
    PhoneInvited,
    PhoneLost,
    PhonePickedUp,
    PhoneRefused,
    PhoneTidied,
    PromptPlayed,
    QuietOver,
    RegistrationLost,
    RegistrationRefused,
    SoundCame,
    SoundHeard,
    SoundRecorded,
    StepDone,
    StepFailed,
    StoryOver,
    TalkDropped,
    TalkRefused,
    Unbridged,
)
from ringproof.observe import BrokenPlayError, observe
from ringproof.observe.model import ObservedCommand, ObservedLead
from ringproof.scenario.model.scenario import CallerHears, Moment, Nobody, Press, RingsOn, Scenario, Silent
from story_book import CALL, at, scenario

STORY = scenario(Nobody(source=at(11), does="rings"))
PLACED: list[Event] = [
    CallerPlaced(at=S(0.0), caller="anna", call_id="a"),
    LegCame(at=S(0.001), call_id="a"),
    StepDone(at=S(0.01), step=0, verb="call", caller="anna"),
    ChannelMade(at=S(0.02), channel="PJSIP/trunk-1", endpoint="trunk", linked="L1", outgoing=False),
    LegBelongs(at=S(0.02), call_id="a", channel="PJSIP/trunk-1", endpoint="trunk", linked="L1"),
]
OVER: list[Event] = [
    StoryOver(at=S(30.0), deadline=False),
    CallerEnded(at=S(30.1), caller="anna", by="harness", code=487),
    QuietOver(at=S(35.0), watched=S(5.0)),
]


def leg(phone: str, call_id: str, start: float, *, linked: str = "L1") -> list[Event]:
    """The start of a ring as both witnesses tell it."""
    return [
        LegInvited(at=S(start), call_id=call_id, target=phone),
        LegAlerting(at=S(start + 0.005), call_id=call_id),
        PhoneInvited(at=S(start + 0.003), phone=phone, call_id=call_id, shows="+7495"),
        LegBelongs(at=S(start), call_id=call_id, channel=f"PJSIP/{phone}-{call_id}", endpoint=phone, linked=linked),
    ]


def cancelled(phone: str, call_id: str, end: float, q850: int | None = None, sip: int | None = None) -> list[Event]:
    """Its end by CANCEL."""
    return [
        LegCancelled(at=S(end), call_id=call_id),
        PhoneCancelled(at=S(end + 0.002), phone=phone, call_id=call_id, q850=q850, sip=sip),
    ]


def test_a_cancelled_ring_has_the_pbx_stamps() -> None:
    """When is told by the PBX, not by the phone; no cause at all means a missed call."""
    view = observe(STORY, [*PLACED, *leg("101", "r", 1.0), *cancelled("101", "r", 16.0), *OVER]).callers["anna"]
    (ring,) = view.rings
    assert (ring.phone, ring.start, ring.end, ring.ending, ring.missed) == ("101", 1.0, 16.0, "cancelled", True)
    assert (view.placed, view.acted, view.ended_by, view.code) == (0.0, 0.0, "harness", 487)


def test_a_command_belongs_to_the_ring_of_its_dialog() -> None:
    """Whatever has no ring is the play's; before the story begins nothing is commanded in it."""

    def commanded(at: float, call_id: str) -> LegCommanded:
        return LegCommanded(
            at=S(at), call_id=call_id, target="101", message="NOTIFY", header="Event: talk", does="pick up"
        )

    def seen(at: float) -> ObservedCommand:
        return ObservedCommand(phone="101", at=S(at), message="NOTIFY", header="Event: talk", does="pick up")

    commands = [commanded(-1.0, "x"), commanded(2.0, "r"), commanded(3.0, "of no ring")]
    observation = observe(STORY, [*PLACED, *leg("101", "r", 1.0), *cancelled("101", "r", 16.0), *commands, *OVER])
    (ring,) = observation.callers["anna"].rings
    assert ring.commands == (seen(2.0),)
    assert observation.commands == (seen(3.0),)


def test_what_a_caller_hears_is_known_where_it_was_recorded() -> None:
    """His sound, and files and music that are played to any channel of his call."""
    local = ChannelMade(at=S(0.1), channel="Local/1@x-1;2", endpoint="", linked="L1", outgoing=False)
    sound: list[Event] = [
        local,
        SoundCame(at=S(0.2), caller="anna", lasts=S(9.8), kind="sound"),
        SoundCame(at=S(10.0), caller="anna", lasts=S(20.0), kind="sound"),
        SoundCame(at=S(0.2), caller="boris", lasts=S(29.8), kind="voices", voices=("101",)),
        PromptPlayed(at=S(0.2), channel="PJSIP/trunk-1", name="welcome", language="en"),
        PromptPlayed(at=S(0.3), channel="PJSIP/trunk-9", name="of another call", language="en"),
        ChannelMade(at=S(0.3), channel="PJSIP/101-1", endpoint="101", linked="L1", outgoing=True),
        PromptPlayed(at=S(0.4), channel="PJSIP/101-1", name="for the phone alone", language="en"),
        MusicBegan(at=S(0.4), channel="PJSIP/101-1"),
        MusicBegan(at=S(10.0), channel=local.channel),
    ]
    recorded = SoundRecorded(at=S(30.0))
    view = observe(STORY, [*PLACED, *sound, recorded, *OVER]).callers["anna"]
    assert [(each.kind, each.start, each.end) for each in view.hears] == [
        ("silence", 0.0, 0.2),
        ("sound", 0.2, 10.0),
        ("music", 10.0, 30.0),
    ]
    assert [(prompt.name, prompt.language) for prompt in view.prompts] == [("welcome", "en")]
    assert observe(STORY, [*PLACED, *sound, *OVER]).callers["anna"].hears == ()


def test_what_is_to_be_heard_is_not_judged_where_it_was_not_recorded() -> None:
    """A green would mean nothing."""
    hears = CallerHears(source=at(12), sounds=("ringing",))
    story = replace(STORY, expect={"anna": (*STORY.expect["anna"], hears)})
    with pytest.raises(BrokenPlayError, match=r"not recorded, or not all of it \(line 12;"):
        observe(story, [*PLACED, *OVER])
    observe(story, [*PLACED, SoundRecorded(at=S(30.0)), *OVER])


def test_both_times_that_a_talk_was_listened_to() -> None:
    """At its beginning, and when it had lasted as long as it was to."""
    talk = [
        *leg("101", "r", 1.0),
        PhonePickedUp(at=S(5.0), phone="101", call_id="r"),
        LegFinal(at=S(5.0), call_id="r", code=200),
        Bridged(at=S(5.1), channel="PJSIP/trunk-1", bridge="b", technology="simple_bridge"),
        Bridged(at=S(5.1), channel="PJSIP/101-r", bridge="b", technology="simple_bridge"),
    ]
    for again in (False, True):
        talk += [
            SoundHeard(at=S(6.0 + again), who=who, call_id="r", tones=tones, again=again)
            for who, tones in (("anna", ("101",)), ("101", ("anna",) if not again else ()))
        ]
    view = observe(STORY, [*PLACED, *talk, *OVER]).callers["anna"]
    assert [(each.again, each.caller_hears, each.phone_hears) for each in view.talks] == [
        (False, ("101",), ("anna",)),
        (True, ("101",), ()),
    ]


def test_a_ring_that_tidying_up_ends_is_no_missed_call() -> None:
    """The harness hung up the caller after the story: that is not what the PBX did to the phone."""
    view = observe(STORY, [*PLACED, *leg("101", "r", 1.0), *cancelled("101", "r", 30.1), *OVER]).callers["anna"]
    assert view.rings[0].missed is False
    own = [event for event in OVER if not isinstance(event, CallerEnded)]
    own.append(CallerEnded(at=S(29.99), caller="anna", by="caller", code=487))
    view = observe(STORY, [*PLACED, *leg("101", "r", 1.0), *cancelled("101", "r", 30.1), *own]).callers["anna"]
    assert view.rings[0].missed is True


def test_a_ring_that_began_after_the_story_and_rings_on() -> None:
    """Nobody ends it: it is a ring after the end, and no defect of the harness."""
    seen = observe(STORY, [*PLACED, *OVER[:2], *leg("101", "r", 33.0), OVER[2]])
    (ring,) = seen.late_rings
    assert (ring.start, ring.end, ring.missed) == (33.0, 35.0, False)


@pytest.mark.parametrize(("q850", "sip", "missed"), [(26, None, False), (16, 200, False), (16, None, True)])
def test_answered_elsewhere_is_no_missed_call(q850: int | None, sip: int | None, *, missed: bool) -> None:
    """Q.850 cause 26 or SIP cause 200 in any Reason header."""
    events = [*PLACED, *leg("101", "r", 1.0), *cancelled("101", "r", 5.0, q850, sip), *OVER]
    assert observe(STORY, events).callers["anna"].rings[0].missed is missed


def test_a_phone_that_sent_no_18x_did_not_ring_aloud() -> None:
    """Only the PBX's capture tells: the 18x came, or it did not."""
    silent = [event for event in leg("101", "r", 1.0) if not isinstance(event, LegAlerting)]
    for start, alerted in ((leg("101", "r", 1.0), True), (silent, False)):
        view = observe(STORY, [*PLACED, *start, *cancelled("101", "r", 5.0), *OVER]).callers["anna"]
        assert (view.rings[0].alerted, len(view.waves), len(view.brief)) == (alerted, int(alerted), int(not alerted))


def test_of_a_silent_phone_the_pbx_alone_tells() -> None:
    """It lasts until the PBX gives up its channel; of any other phone one witness alone is a broken play."""
    alone = [event for event in leg("101", "r", 1.0) if not isinstance(event, PhoneInvited | LegAlerting)]
    events = [*PLACED, *alone, ChannelGone(at=S(16.0), channel="PJSIP/101-r", cause=19), *OVER]
    view = observe(replace(STORY, phones={**STORY.phones, "101": Silent()}), events).callers["anna"]
    (ring,) = view.rings
    assert (ring.phone, ring.start, ring.end, ring.ending, ring.alerted) == ("101", 1.0, 16.0, "unseen", False)
    assert (view.waves, view.brief, ring.missed) == ((), (ring,), False)
    with pytest.raises(BrokenPlayError, match="never saw it"):
        observe(STORY, events)


def test_a_refusal_keeps_its_code() -> None:
    """The phone tells the code, the PBX the moment."""
    refused = [
        LegFinal(at=S(1.02), call_id="r", code=486),
        PhoneRefused(at=S(1.01), phone="101", call_id="r", code=486),
    ]
    (ring,) = observe(STORY, [*PLACED, *leg("101", "r", 1.0), *refused, *OVER]).callers["anna"].rings
    assert (ring.ending, ring.code, ring.end, ring.because) == ("refused", 486, 1.02, "")
    refused[1] = PhoneRefused(at=S(1.01), phone="101", call_id="r", code=488, because="no common codec")
    (ring,) = observe(STORY, [*PLACED, *leg("101", "r", 1.0), *refused, *OVER]).callers["anna"].rings
    assert (ring.ending, ring.code, ring.because) == ("refused", 488, "no common codec")


def test_why_a_phone_could_not_take_a_call_is_of_no_ring_that_ended_otherwise() -> None:
    """A CANCEL that crossed the refusal was there first."""
    crossed = [*cancelled("101", "r", 1.01), PhonePickedUp(at=S(1.01), phone="101", call_id="r")]
    crossed += [PhoneRefused(at=S(1.02), phone="101", call_id="r", code=488, because="no common codec")]
    crossed += [LegFinal(at=S(1.02), call_id="r", code=200)]
    (ring,) = observe(STORY, [*PLACED, *leg("101", "r", 1.0), *crossed, *OVER]).callers["anna"].rings
    assert (ring.ending, ring.because) == ("lost", "")


ANSWER: list[Event] = [
    LegFinal(at=S(4.0), call_id="r", code=200),
    PhonePickedUp(at=S(4.01), phone="101", call_id="r"),
]


def test_answered_means_bridged_with_the_caller() -> None:
    """A 200 alone is no answer; a common bridge is."""
    events = [*PLACED, *leg("101", "r", 1.0), *ANSWER, *OVER]
    assert observe(STORY, events).callers["anna"].answers == ()
    met: list[Event] = [
        Bridged(at=S(4.1), channel="PJSIP/trunk-1", bridge="B"),
        Bridged(at=S(4.2), channel="PJSIP/101-r", bridge="B"),
    ]
    assert observe(STORY, [*events, *met]).callers["anna"].answers == (("101", 4.2),)


def test_whoever_else_is_in_the_bridge_is_company() -> None:
    """Another caller, or a phone of another call; at the same time, not one after the other."""
    met: list[Event] = [
        *PLACED,
        *leg("101", "r", 1.0),
        *ANSWER,
        Bridged(at=S(4.1), channel="PJSIP/trunk-1", bridge="B"),
        Bridged(at=S(4.2), channel="PJSIP/101-r", bridge="B"),
        Unbridged(at=S(20.0), channel="PJSIP/trunk-1", bridge="B"),
    ]
    other = LegBelongs(at=S(3.0), call_id="o", channel="PJSIP/102-o", endpoint="102", linked="another")
    assert observe(STORY, [*met, other, *OVER]).callers["anna"].company == ()
    joins = Bridged(at=S(6.0), channel="PJSIP/102-o", bridge="B")
    assert observe(STORY, [*met, other, joins, *OVER]).callers["anna"].company == (("102", 6.0),)
    assert observe(STORY, [*met, other, replace(joins, at=S(21.0)), *OVER]).callers["anna"].company == ()
    assert observe(STORY, [*met, other, replace(joins, bridge="C"), *OVER]).callers["anna"].company == ()


def test_a_talk_that_breaks_while_the_call_goes_on() -> None:
    """The bridge falls apart and the caller sits alone; a phone that is moved from bridge to bridge talks on."""
    met: list[Event] = [
        *PLACED,
        *leg("101", "r", 1.0),
        *ANSWER,
        PhoneHungUp(at=S(30.2), phone="101", call_id="r", by="pbx"),
        Bridged(at=S(4.1), channel="PJSIP/trunk-1", bridge="B"),
        Bridged(at=S(4.2), channel="PJSIP/101-r", bridge="B"),
    ]
    assert observe(STORY, [*met, *OVER]).callers["anna"].parted == ()
    left = Unbridged(at=S(4.5), channel="PJSIP/101-r", bridge="B")
    assert observe(STORY, [*met, left, *OVER]).callers["anna"].parted == (("101", 4.5),)
    back = Bridged(at=S(4.6), channel="PJSIP/101-r", bridge="B")
    assert observe(STORY, [*met, left, back, *OVER]).callers["anna"].parted == ()


def test_a_call_that_leaves_to_a_strange_address() -> None:
    """Not by the trunk's endpoint, and yet out of the office; by the trunk it is told once."""
    stranger = LegLeft(at=S(2.0), call_id="x", target="10.0.0.1:5060")
    assert observe(STORY, [*PLACED, stranger, *OVER]).trunk_legs == (2.0,)
    trunk = LegBelongs(at=S(2.0), call_id="x", channel="PJSIP/trunk-2", endpoint="trunk", linked="L1")
    made = ChannelMade(at=S(1.9), channel="PJSIP/trunk-2", endpoint="trunk", linked="L1", outgoing=True)
    assert observe(STORY, [*PLACED, stranger, trunk, made, *OVER]).trunk_legs == (1.9,)


def test_an_invite_on_its_way_when_the_caller_hangs_up_is_his() -> None:
    """The PBX cannot know yet: 50 ms, the clock's resolution, are allowed."""
    observation = observe(STORY, [*PLACED, *leg("101", "r", 30.03), *cancelled("101", "r", 30.1), *OVER])
    assert observation.late_rings == ()
    assert [ring.phone for ring in observation.callers["anna"].rings] == ["101"]


def test_one_after_the_other_in_a_bridge_is_no_meeting() -> None:
    """The caller left before the phone came."""
    apart: list[Event] = [
        Bridged(at=S(4.1), channel="PJSIP/trunk-1", bridge="B"),
        Unbridged(at=S(4.2), channel="PJSIP/trunk-1", bridge="B"),
        Bridged(at=S(4.3), channel="PJSIP/101-r", bridge="B"),
    ]
    assert observe(STORY, [*PLACED, *leg("101", "r", 1.0), *ANSWER, *apart, *OVER]).callers["anna"].answers == ()


def test_lost_is_not_answered() -> None:
    """A 200 that crossed the CANCEL."""
    lost: list[Event] = [
        LegCancelled(at=S(4.0), call_id="r"),
        LegFinal(at=S(4.01), call_id="r", code=200),
        PhoneLost(at=S(4.02), phone="101", call_id="r", q850=26, sip=200),
    ]
    (ring,) = observe(STORY, [*PLACED, *leg("101", "r", 1.0), *lost, *OVER]).callers["anna"].rings
    assert (ring.ending, ring.missed, ring.end) == ("lost", False, 4.0)


def test_whose_call_it_is_comes_from_the_linkedid() -> None:
    """A ring of another call is a stray, whatever number it shows."""
    events = [*PLACED, *leg("101", "r", 1.0, linked="L9"), *cancelled("101", "r", 5.0), *OVER]
    observation = observe(STORY, events)
    assert observation.callers["anna"].rings == ()
    assert [ring.phone for ring in observation.strays] == ["101"]


def test_a_ring_after_the_end_is_late() -> None:
    """It is kept apart from the caller's chart."""
    observation = observe(STORY, [*PLACED, *leg("101", "r", 31.0), *cancelled("101", "r", 33.0), *OVER])
    assert observation.callers["anna"].rings == ()
    assert [ring.start for ring in observation.late_rings] == [31.0]


def test_legs_that_outlive_their_caller() -> None:
    """1 s is allowed; an answered call that nobody ends has no end."""
    events = [*PLACED, *leg("101", "r", 1.0), *cancelled("101", "r", 31.2), *OVER]
    ((phone, seconds),) = observe(STORY, events).late_legs
    assert (phone, round(seconds, 3)) == ("101", 1.1)
    in_time = [*PLACED, *leg("101", "r", 1.0), *cancelled("101", "r", 31.0), *OVER]
    assert observe(STORY, in_time).late_legs == ()
    answered = [*PLACED, *leg("101", "r", 1.0), *ANSWER, *OVER]
    assert observe(STORY, answered).late_legs == (("101", float("inf")),)
    ended = PhoneHungUp(at=S(30.2), phone="101", call_id="r", by="pbx")
    assert observe(STORY, [*answered, ended]).late_legs == ()


def test_a_phone_that_hangs_up_ended_the_call() -> None:
    """The PBX only passed it on."""
    ended: list[Event] = [
        PhoneHungUp(at=S(8.0), phone="101", call_id="r", by="phone"),
        CallerEnded(at=S(8.1), caller="anna", by="pbx", code=200),
        CallerGot(at=S(4.0), caller="anna", code=200),
    ]
    view = observe(STORY, [*PLACED, *leg("101", "r", 1.0), *ANSWER, *ended, *OVER]).callers["anna"]
    assert (view.ended_by, view.code, view.ended) == ("101", 200, 8.1)


def test_a_pbx_that_goes_on_when_a_phone_has_hung_up() -> None:
    """The talk was over, not broken; and who ends the call later is the PBX."""
    went_on: list[Event] = [
        *PLACED,
        *leg("101", "r", 1.0),
        *ANSWER,
        Bridged(at=S(4.1), channel="PJSIP/trunk-1", bridge="B"),
        Bridged(at=S(4.2), channel="PJSIP/101-r", bridge="B"),
        PhoneHungUp(at=S(8.0), phone="101", call_id="r", by="phone"),
        Unbridged(at=S(8.1), channel="PJSIP/101-r", bridge="B"),
        CallerGot(at=S(4.0), caller="anna", code=200),
        CallerEnded(at=S(10.0), caller="anna", by="pbx", code=200),
    ]
    view = observe(STORY, [*went_on, *OVER]).callers["anna"]
    assert (view.ended_by, view.parted) == ("pbx", ())


def test_a_call_that_is_refused_when_a_phone_has_hung_up() -> None:
    """Picked up and not confirmed: a call that was never answered is ended by whoever refuses it."""
    refused: list[Event] = [
        PhoneHungUp(at=S(8.0), phone="101", call_id="r", by="phone"),
        CallerEnded(at=S(8.0), caller="anna", by="pbx", code=480),
    ]
    view = observe(STORY, [*PLACED, *leg("101", "r", 1.0), *ANSWER, *refused, *OVER]).callers["anna"]
    assert (view.ended_by, view.code) == ("pbx", 480)


def test_a_call_that_leaves_by_the_trunk() -> None:
    """Any channel that the PBX itself made on the trunk; one that nobody could identify in time came in."""
    leaving = ChannelMade(at=S(9.0), channel="PJSIP/trunk-2", endpoint="trunk", linked="L1", outgoing=True)
    assert observe(STORY, [*PLACED[:3], *OVER]).trunk_legs == ()
    assert observe(STORY, [*PLACED, leaving, *OVER]).trunk_legs == (9.0,)


@pytest.mark.parametrize(
    ("channel", "outgoing", "leaves"),
    [
        ("IAX2/198.51.100.7:4569-1", True, True),
        ("UnicastRTP/198.51.100.7:9999-0x1", True, True),
        ("AudioSocket/198.51.100.7:9999-1", True, True),
        ("IAX2/198.51.100.7:4569-1", False, False),
        ("Local/101@leg-00000001;2", True, False),
        ("Announcer/ARI-00000001;1", True, False),
    ],
)
def test_a_call_that_leaves_by_another_protocol(channel: str, *, outgoing: bool, leaves: bool) -> None:
    """No phone of a play is reached so; the PBX's own channels stay inside."""
    made = ChannelMade(at=S(9.0), channel=channel, endpoint="", linked="L1", outgoing=outgoing)
    assert bool(observe(STORY, [*PLACED, made, *OVER]).trunk_legs) is leaves


def test_the_last_action_is_the_pbx_stamp_of_the_digit() -> None:
    """The sender's moment counts only where the PBX heard less than was sent."""
    story: Scenario = scenario(
        Nobody(source=at(11), does="rings"), when=(CALL, Press(caller="anna", source=at(9), digits="12"))
    )
    pressed = StepDone(at=S(3.0), step=1, verb="press", caller="anna")
    keys = [KeyHeard(at=S(2.0 + n), channel="PJSIP/trunk-1", digit=digit) for n, digit in enumerate("12")]
    view = observe(story, [*PLACED, pressed, *keys, *OVER]).callers["anna"]
    assert (view.acted, view.pressed, view.keys) == (3.0, "12", "12")
    view = observe(story, [*PLACED, pressed, keys[0], *OVER]).callers["anna"]
    assert (view.acted, view.pressed, view.keys) == (3.0, "12", "1")


def test_what_the_story_puts_behind_a_ring_is_no_cause_of_it() -> None:
    """The ring is counted from the call; a key without a moment comes before the ring, and is its cause."""
    silent = Nobody(source=at(11), does="rings")
    moment = Moment(after=S(2.0), event="ring", phone="101")
    done = [StepDone(at=S(9.0 + n), step=n, verb="press", caller="anna") for n in (1, 2)]
    keys = [KeyHeard(at=S(8.0 + n), channel="PJSIP/trunk-1", digit="1") for n in (1, 2)]

    def seen(first: Moment | None, second: Moment | None) -> tuple[float | None, tuple[float, ...]]:
        presses = (Press(caller="anna", source=at(9), digits="1", at=moment) for moment in (first, second))
        view = observe(scenario(silent, when=(CALL, *presses)), [*PLACED, *done, *keys, *OVER]).callers["anna"]
        return view.acted, view.other_acts

    assert seen(None, None) == (10.0, (0.0, 9.0))
    assert seen(None, moment) == (9.0, (0.0, 10.0))
    assert seen(moment, None) == (0.0, (9.0, 10.0))


def test_connected_through_local_channels() -> None:
    """As FreePBX dials: the caller is in one bridge, the phone in another, and a Local channel between them."""
    local = "Local/101@leg-00000001"
    chain = [
        Bridged(at=S(4.1), channel="PJSIP/trunk-1", bridge="A"),
        Bridged(at=S(4.1), channel=f"{local};1", bridge="A"),
        Bridged(at=S(4.2), channel=f"{local};2", bridge="B"),
        Bridged(at=S(6.2), channel="PJSIP/101-r", bridge="B"),
    ]
    rung = [*PLACED, *leg("101", "r", 1.0), *ANSWER]
    view = observe(STORY, [*rung, *chain, *OVER]).callers["anna"]
    assert (view.answers, view.rings[0].ending, view.parted) == ((("101", 6.2),), "answered", ())
    view = observe(STORY, [*rung, *chain[:3], *OVER]).callers["anna"]
    assert (view.answers, view.rings[0].ending) == ((), "lost")


def test_a_call_by_the_pbx_is_whose_it_becomes() -> None:
    """A ring by Originate has a linkedid of its own, also when it is in a bridge with the caller."""
    made = [
        ChannelMade(at=S(0.1), channel="PJSIP/trunk-1", endpoint="trunk", linked="L1", outgoing=False),
        ChannelMade(at=S(1.0), channel="PJSIP/101-r", endpoint="101", linked="L9", outgoing=True),
    ]
    rung = [*PLACED, *made, *leg("101", "r", 1.0, linked="L9"), *ANSWER]
    bridged = [Bridged(at=S(4.2), channel=name, bridge="B") for name in ("PJSIP/trunk-1", "PJSIP/101-r")]
    seen = observe(STORY, [*rung, *bridged, *OVER])
    assert (seen.strays, seen.callers["anna"].answers, seen.callers["anna"].company) == ((), (("101", 4.2),), ())
    linked = ChannelLinked(at=S(4.2), channel="PJSIP/101-r", linked="L1")
    assert observe(STORY, [*rung, linked, *OVER]).strays == ()
    assert [ring.phone for ring in observe(STORY, [*rung, *bridged[:1], *OVER]).strays] == ["101"]


def test_who_was_only_met_in_a_conference_may_stay_there() -> None:
    """Its leg is the caller's, and does not end with him; one that Asterisk has linked to his does."""
    placed = ChannelMade(at=S(0.1), channel="PJSIP/trunk-1", endpoint="trunk", linked="L1", outgoing=False)
    made = ChannelMade(at=S(1.0), channel="PJSIP/101-r", endpoint="101", linked="L9", outgoing=True)
    met = [
        Bridged(at=S(4.2), channel=name, bridge="B", technology="softmix") for name in ("PJSIP/trunk-1", "PJSIP/101-r")
    ]
    rung = [*PLACED, placed, made, *leg("101", "r", 1.0, linked="L9"), *ANSWER, *met]
    assert observe(STORY, [*rung, *OVER]).late_legs == ()
    linked = ChannelLinked(at=S(4.2), channel="PJSIP/101-r", linked="L1")
    assert [phone for phone, _ in observe(STORY, [*rung, linked, *OVER]).late_legs] == ["101"]


def test_a_call_by_a_step_of_the_caller_is_his_unanswered_too() -> None:
    """And when he leaves while it rings, it is to end, unlike a member of a conference."""
    placed = ChannelMade(at=S(0.1), channel="PJSIP/trunk-1", endpoint="trunk", linked="L1", outgoing=False)
    made = ChannelMade(at=S(1.0), channel="PJSIP/101-r", endpoint="101", linked="L9", outgoing=True)
    step = ChannelOriginated(at=S(1.0), channel="PJSIP/101-r", by="PJSIP/trunk-1")
    rung = [*PLACED, placed, made, step, *leg("101", "r", 1.0, linked="L9")]
    seen = observe(STORY, [*rung, *cancelled("101", "r", 21.0), *OVER])
    assert ([ring.phone for ring in seen.callers["anna"].rings], seen.strays) == (["101"], ())
    answered = observe(STORY, [*rung, *ANSWER, *OVER])
    assert ([ring.ending for ring in answered.callers["anna"].rings], answered.late_legs[0][0]) == (["lost"], "101")


def test_what_ringproof_ends_after_the_story_is_nobodys_refusal() -> None:
    """A phone that still rings then is told to stop, and says 487: it did not refuse, and its ring did not end."""
    tidied = PhoneTidied(at=S(32.0), phone="101", call_id="r")
    final = LegFinal(at=S(32.0), call_id="r", code=487)
    seen = observe(STORY, [*PLACED, *leg("101", "r", 1.0), tidied, final, *OVER])
    (ring,) = seen.callers["anna"].rings
    assert (ring.ending, ring.code, ring.missed) == ("cancelled", None, False)
    assert seen.late_legs == (("101", float("inf")),)


@pytest.mark.parametrize(
    ("events", "sentence"),
    [
        (PLACED, "the story has no end"),
        ([event for event in [*PLACED, *OVER] if not isinstance(event, LegCame)], "it is missing, or cut"),
        ([*PLACED, OVER[0]], "the silence after the story was not watched"),
        ([*PLACED, leg("101", "r", 1.0)[0], *OVER], "that phone never saw it"),
        ([*PLACED, *leg("101", "r", 1.0)[1:], *OVER], "the PBX's own capture has no such INVITE"),
        ([*PLACED, *leg("101", "r", 1.0)[:3], *cancelled("101", "r", 2.0), *OVER], "could not be read from the PBX"),
        ([*PLACED, *leg("101", "r", 1.0), *OVER], "has no end that both"),
        ([*PLACED, *leg("101", "r", 1.0), ANSWER[1], *OVER], "has no 200 of it"),
    ],
)
def test_one_witness_alone_is_broken(events: list[Event], sentence: str) -> None:
    """The harness failed: nothing is said about the PBX."""
    with pytest.raises(BrokenPlayError, match=sentence):
        observe(STORY, events)


def unasked(phone: str, call_id: str, start: float, *, linked: str = "L1") -> list[Event]:
    """A ring that was over before the PBX could be asked whose it was: its channel came and went."""
    channel = f"PJSIP/{phone}-{call_id}"
    return [
        *leg(phone, call_id, start, linked=linked)[:3],
        ChannelMade(at=S(start + 0.02), channel=channel, endpoint=phone, linked=linked, outgoing=True),
        *cancelled(phone, call_id, start + 0.1),
        ChannelGone(at=S(start + 0.1), channel=channel, cause=127),
    ]


def test_whose_ring_it_was_is_known_where_only_one_call_can_be_meant() -> None:
    """A PBX that takes an INVITE back at once leaves no time to ask; its channel tells."""
    known = [
        ChannelMade(at=S(9.0), channel="PJSIP/101-k", endpoint="101", linked="L2", outgoing=True),
        *leg("101", "k", 9.0, linked="L2"),
        *cancelled("101", "k", 9.5),
    ]
    observation = observe(STORY, [*PLACED, *unasked("101", "r", 1.0), *unasked("101", "s", 5.0), *known, *OVER])
    rings = observation.callers["anna"].rings
    assert [(ring.phone, ring.call_id, ring.start) for ring in rings] == [("101", "r", 1.0), ("101", "s", 5.0)]
    assert [ring.call_id for ring in observation.strays] == ["k"]


def test_whose_call_it_was_is_known_where_only_one_was_placed() -> None:
    """A PBX that ends it at once leaves no time to ask for the caller's own leg, either; of two it is not guessed."""
    placed = PLACED[:4]
    (ring,) = observe(STORY, [*placed, *leg("101", "r", 1.0), *cancelled("101", "r", 2.0), *OVER]).callers["anna"].rings
    assert ring.call_id == "r"
    other = ChannelMade(at=S(0.02), channel="PJSIP/trunk-2", endpoint="trunk", linked="L9", outgoing=False)
    observation = observe(STORY, [*placed, other, *leg("101", "r", 1.0), *cancelled("101", "r", 2.0), *OVER])
    assert [ring.call_id for ring in observation.strays] == ["r"]


def test_whose_call_it_was_is_known_by_when_it_came() -> None:
    """A channel is made after its caller's INVITE came, and gone after the INVITE to its phone was sent."""
    story = replace(STORY, callers={**STORY.callers, "boris": STORY.callers["anna"]})
    boris = [
        CallerPlaced(at=S(2.0), caller="boris", call_id="b"),
        LegCame(at=S(2.001), call_id="b"),
        ChannelMade(at=S(2.02), channel="PJSIP/trunk-2", endpoint="trunk", linked="L2", outgoing=False),
    ]
    placed = [*PLACED[:4], *boris]
    rings = [*unasked("101", "r", 0.1), *unasked("101", "s", 2.1, linked="L2")]
    callers = observe(story, [*placed, *rings, *OVER]).callers
    assert [ring.call_id for ring in callers["anna"].rings] == ["r"]
    assert [ring.call_id for ring in callers["boris"].rings] == ["s"]


@pytest.mark.parametrize(
    "more",
    [
        unasked("101", "s", 1.05, linked="L2"),
        [ChannelMade(at=S(5.0), channel="PJSIP/101-s", endpoint="101", linked="L1", outgoing=True)],
        unasked("101", "s", 5.0)[:3],
    ],
    ids=["another-call", "a-channel-is-left-over", "a-ring-is-left-over"],
)
def test_whose_ring_it_was_is_not_guessed(more: list[Event]) -> None:
    """Where two calls can be meant, or one witness tells of more than the other."""
    with pytest.raises(BrokenPlayError, match="could not be read from the PBX"):
        observe(STORY, [*PLACED, *unasked("101", "r", 1.0), *more, *OVER])


def test_a_call_that_a_phone_was_on_and_that_the_pbx_ended() -> None:
    """As long as the story is watched; later it is we who end it."""
    dropped = [TalkDropped(at=S(at), phone="102") for at in (3.0, 900.0)]
    assert observe(STORY, [*PLACED, *dropped, *OVER]).dropped == (("102", 3.0),)


def test_a_crash_an_endless_call_a_lead_and_a_refused_registration_end_the_story() -> None:
    """All are facts about the PBX: no second witness is asked for, nor that the story comes to its end."""
    crashed = observe(STORY, [*PLACED, leg("101", "r", 1.0)[2], PbxCrashed(at=S(2.0), signal=11), OVER[0]])
    assert crashed.crashed == 11
    endless = observe(STORY, [*PLACED, leg("101", "r", 1.0)[2], CallEndless(at=S(2.0), place="s@group-sales"), OVER[0]])
    assert endless.endless == "s@group-sales"
    sent = LedElsewhere(
        at=S(2.0), who="101", call_id="r", address="a.b.c", message="INVITE", line="Contact: <sip:a.b.c>"
    )
    led = observe(replace(STORY, calls=3), [*PLACED, leg("101", "r", 1.0)[2], sent, OVER[0]])
    assert led.elsewhere == (
        ObservedLead(who="101", at=S(2.0), address="a.b.c", message="INVITE", line="Contact: <sip:a.b.c>"),
    )
    refused = observe(STORY, [RegistrationRefused(at=S(0.0), phone="101", code=403), OVER[0]])
    assert refused.registrations_refused == (("101", 403, ""),)
    lost = observe(STORY, [RegistrationLost(at=S(0.0), phone="101", because="102 registered later"), OVER[0]])
    assert (lost.registrations_lost, lost.cut_off) == ((("101", "102 registered later"),), True)
    first = [leg("101", "r", -1.0)[0], TalkRefused(at=S(-1.0), phone="101", code=488, because="no common codec")]
    unprepared = observe(STORY, [*first, OVER[0]])
    assert (unprepared.talks_refused, unprepared.cut_off) == ((("101", 488, "no common codec"),), True)


def again(number: int, events: list[Event]) -> list[Event]:
    """The same events in call `number` of a story, ten seconds later each time, and on channels of their own."""

    def later(event: Event) -> Event:
        words = {"call_id", "channel", "linked"}
        own = {key: f"{getattr(event, key)}~{number}" for key in words if hasattr(event, key)}
        return replace(event, at=S(event.at + 10.0 * (number - 1)), **own)

    return [later(event) for event in events]


ONE_CALL: list[Event] = [
    *PLACED,
    *leg("101", "r", 1.0),
    *cancelled("101", "r", 1.3),
    StoryOver(at=S(1.4), deadline=False),
    CallerEnded(at=S(1.35), caller="anna", by="caller", code=487),
]


def test_a_story_that_is_told_many_times_is_cut_where_it_begins_anew() -> None:
    """By time, wherever an event stands; each call is an observation of its own, the last one has been watched."""
    third = replace(QuietOver(at=S(30.0), watched=S(8.6)))
    events = [*again(3, ONE_CALL), third, *again(1, ONE_CALL), *again(2, ONE_CALL)]
    events += [NextCall(at=S(9.0), number=2), NextCall(at=S(19.0), number=3)]
    observation = observe(replace(STORY, calls=3), events)
    assert [call.callers["anna"].hears for call in observation.calls] == [(), (), ()]
    recorded = observe(replace(STORY, calls=3), [*events, SoundRecorded(at=S(35.0))])
    assert all(call.callers["anna"].hears for call in recorded.calls)
    assert [len(call.callers["anna"].rings) for call in observation.calls] == [1, 1, 1]
    assert [call.callers["anna"].placed for call in observation.calls] == [0.0, 10.0, 20.0]
    assert [round(call.watched, 3) for call in observation.calls] == [7.6, 7.6, 8.6]
    assert [call.over for call in observation.calls] == [1.4, 11.4, 21.4]
    assert all(call.strays == call.late_rings == call.earlier == () for call in observation.earlier)


def test_a_dial_that_fails_is_of_the_call_in_which_it_was_logged() -> None:
    """Asterisk's log cuts its stamps to the millisecond, so that it may seem to be before its call."""
    failed = DialFailed(at=S(9.0), target="a phone", sentence="Unable to create channel of type 'PJSIP'")
    events = [*again(1, ONE_CALL), *again(2, ONE_CALL), NextCall(at=S(9.0005), number=2), failed, *OVER[2:]]
    observation = observe(replace(STORY, calls=2), events)
    assert [len(call.dial_failures) for call in observation.calls] == [0, 1]


def test_fewer_calls_than_there_were_to_be_need_a_reason() -> None:
    """A step that could not be done is one; else nobody knows why."""
    story = replace(STORY, calls=3)
    with pytest.raises(BrokenPlayError, match="told 1 time, and it was to be 3"):
        observe(story, [*ONE_CALL, OVER[2]])
    failed = StepFailed(at=S(1.2), step=0, verb="call", caller="anna", reason="call over")
    assert len(observe(story, [*ONE_CALL, failed, OVER[2]]).calls) == 1
    with pytest.raises(BrokenPlayError, match="a call of the story has no end"):
        observe(story, [*PLACED, NextCall(at=S(9.0), number=2), *OVER])


def test_steps_that_failed() -> None:
    """They are told by their number."""
    failed = StepFailed(at=S(9.0), step=0, verb="call", caller="anna", reason="not heard")
    assert observe(STORY, [*PLACED, failed, *OVER]).failed_steps == ((0, "not heard"),)


def test_a_forwarded_ring_says_where_the_call_went() -> None:
    """Its end is the 302's, and it shows no missed call."""
    sent_on = [
        LegFinal(at=S(4.0), call_id="r", code=302),
        PhoneForwarded(at=S(4.0), phone="101", call_id="r", to="103"),
    ]
    (ring,) = observe(STORY, [*PLACED, *leg("101", "r", 1.0), *sent_on, *OVER]).callers["anna"].rings
    assert (ring.ending, ring.to, ring.end, ring.missed) == ("forwarded", "103", 4.0, False)


def test_who_picks_up_and_meets_nobody_has_lost_the_call() -> None:
    """Two ACKs, one bridge: of those who pick up at the same moment one answered, and the other missed nothing."""
    both = [event for phone in ("101", "102") for event in leg(phone, phone, 1.0)]
    picked_up = [
        event
        for phone in ("101", "102")
        for event in (
            LegFinal(at=S(6.0), call_id=phone, code=200),
            PhonePickedUp(at=S(6.0), phone=phone, call_id=phone),
            PhoneHungUp(at=S(6.1 if phone == "102" else 30.1), phone=phone, call_id=phone, by="pbx"),
        )
    ]
    bridged = [Bridged(at=S(6.05), channel=name, bridge="b") for name in ("PJSIP/trunk-1", "PJSIP/101-101")]
    view = observe(STORY, [*PLACED, *both, *picked_up, *bridged, *OVER]).callers["anna"]
    assert view.answers == (("101", 6.05),)
    assert [(ring.phone, ring.ending, ring.missed) for ring in view.rings] == [
        ("101", "answered", False),
        ("102", "lost", False),
    ]


def test_what_both_ends_of_a_talk_hear() -> None:
    """By the leg whose pick-up began it; an end that was not listened to heard nothing."""
    heard = [
        SoundHeard(at=S(7.0), who="anna", call_id="r", tones=("101",)),
        SoundHeard(at=S(7.0), who="101", call_id="r", tones=("anna", "boris")),
    ]
    bridged = [Bridged(at=S(6.05), channel=name, bridge="b") for name in ("PJSIP/trunk-1", "PJSIP/101-r")]
    answered = [*PLACED, *leg("101", "r", 1.0), *ANSWER, *bridged]
    (talk,) = observe(STORY, [*answered, *heard, *OVER]).callers["anna"].talks
    assert (talk.phone, talk.caller_hears, talk.phone_hears) == ("101", ("101",), ("anna", "boris"))
    (talk,) = observe(STORY, [*answered, heard[0], *OVER]).callers["anna"].talks
    assert talk.phone_hears == ()
    assert observe(STORY, [*answered, *OVER]).callers["anna"].talks == ()


def test_each_of_several_phones_of_an_extension_rings_for_itself() -> None:
    """Known by its address, not by the extension that was dialled."""
    story = replace(STORY, phones={"101/desk": RingsOn(), "101/mobile": RingsOn()})
    events = [event for phone in story.phones for event in leg(phone, phone, 1.0)]
    ends = [event for phone in story.phones for event in cancelled(phone, phone, 9.0)]
    view = observe(story, [*PLACED, *events, *ends, *OVER]).callers["anna"]
    assert [ring.phone for ring in view.rings] == ["101/desk", "101/mobile"]
    assert view.waves[0].phones == {"101/desk", "101/mobile"}
