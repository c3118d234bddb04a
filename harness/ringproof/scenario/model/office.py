"""An office: the small description of a PBX from which its Asterisk configuration is written.

These models say the shape only. Whether names refer to something that exists, and where in the file a mistake
stands, is told by the reader (`ringproof.scenario.reading`).
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    WithJsonSchema,
)

from ringproof.core.duration import FORM, PbxSeconds, parse_duration
from ringproof.scenario.model.hours import Holiday, Spans, TimeZone, Weekdays
from ringproof.scenario.model.version import FILE_VERSION


def _duration(value: object) -> object:
    return parse_duration(value) if isinstance(value, str) else value


BREAKS_CONF = frozenset(';[]"|,$\\<>')
"""Signs that mean something in Asterisk's configuration files or in a dialplan's arguments."""


def _fit_for_conf(value: str) -> str:
    for sign in value:
        if sign in BREAKS_CONF or not sign.isprintable():
            shown = sign if sign.isprintable() else repr(sign)[1:-1]
            raise ValueError(f"`{shown}` would break Asterisk's configuration files")
    return value


_NUMBER = r"^[0-9*#+]{1,32}$"
EXTENSION = r"^[0-9]{2,8}$"
_NAME = r"^[a-z][a-z0-9-]{0,38}$"
_KEY = r"^[0-9*#]$"
_SOUND = r"^[A-Za-z0-9_/-]{1,80}$"
_WAV = r"^[A-Za-z0-9_./-]{1,200}$"
FORMS = {
    _NUMBER: "a number has digits, *, # and + only",
    EXTENSION: "an extension has from 2 to 8 digits",
    _NAME: "a name has small Latin letters, digits and -, and begins with a letter (at most 39)",
    _KEY: "a key is one of 0 to 9, * and #",
    _SOUND: "a bundled sound is named without its ending, by letters, digits, -, _ and /",
    _WAV: "a path has Latin letters, digits, -, _, . and /",
}
"""What each pattern means, in words, for messages."""
FreeText = Annotated[str, AfterValidator(_fit_for_conf)]
"""For people to read; goes into .conf files as it is written."""
Duration = Annotated[
    PbxSeconds, BeforeValidator(_duration), WithJsonSchema({"type": "string", "pattern": FORM.pattern})
]
"""Written as `20s`, held as PbxSeconds."""
Number = Annotated[str, StringConstraints(pattern=_NUMBER)]
"""What can be dialled; always text: `0555123`, `*97`, `+4512345678` arrive as written."""
ExtensionNumber = Annotated[str, StringConstraints(pattern=EXTENSION)]
Name = Annotated[str, StringConstraints(pattern=_NAME)]
"""Of a group or menu: becomes a context's name in the dialplan."""
Key = Annotated[str, StringConstraints(pattern=_KEY)]
HangUpCause = Literal["normal", "busy", "no answer", "congestion"]


class Written(BaseModel):
    """Something that stands in a YAML file."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class ToExtension(Written):
    """The call goes on to an extension."""

    extension: ExtensionNumber


class ToGroup(Written):
    """The call goes on to a call group."""

    group: Name


class ToMenu(Written):
    """The call goes on to a voice menu."""

    menu: Name


class ToHangUp(Written):
    """The PBX ends the call: `normal` 16, `busy` 17 (486), `no answer` 19 (480), `congestion` 34 (503)."""

    hang_up: HangUpCause = Field(alias="hang up")


Destination = ToExtension | ToGroup | ToMenu | ToHangUp
"""Exactly one of `extension:`, `group:`, `menu:`, `hang up:`; the reader picks by the key."""


class Extension(Written):
    """A number inside the office and who sits there."""

    name: Annotated[FreeText, StringConstraints(max_length=60)] = ""
    """Who sits there."""


class GroupBase(Written):
    """What all strategies share."""

    members: Annotated[tuple[ExtensionNumber, ...], Field(min_length=1, max_length=20)]
    """Extensions, in list order."""
    ring_time: Duration
    """Of the whole group (ring_all), of one step (progressive), of one member (all others)."""
    free: Literal["idle", "registered"] = "idle"
    """Who is rung: `idle`, registered and neither ringing nor on a call; `registered`, whatever else he does."""
    destination: Destination
    """Where the call goes when nobody answered."""
    nobody_free: Destination | None = None
    """Where it goes instead when nobody could be rung."""
    all_refused: Destination | None = None
    """Where it goes instead when everybody who was rung refused."""

    @property
    def destinations(self) -> dict[str, Destination]:
        """Every destination that is written, by its key."""
        written = {
            "destination": self.destination,
            "nobody_free": self.nobody_free,
            "all_refused": self.all_refused,
        }
        return {key: destination for key, destination in written.items() if destination is not None}


class RingAll(GroupBase):
    """All free members at once, one ring time."""

    strategy: Literal["ring_all"]


class Progressive(GroupBase):
    """First, first two, first three...

    With `keep` who rings keeps ringing, one INVITE each; without, everybody is cancelled and rung anew at each step
    (FreePBX's blink), who refused before included, unless `refusers` says `out`.
    """

    strategy: Literal["progressive"]
    keep: Literal["true", "false"] = "true"
    """Who rings keeps ringing at the next step; `false`: is cancelled and rung anew."""
    refusers: Literal["again", "out"] | None = None
    """Of a group that does not keep: whether who has refused is rung `again` (where nothing is said), or is `out`."""


class Hunt(GroupBase):
    """One member at a time; who is looked at for one call is not taken for another, and no one is rung twice."""

    after_refusal: Literal["next", "stop"] = "next"
    """`stop`: a refusal ends the hunt as no answer does where that stops it; the destination follows."""


class InOrder(Hunt):
    """One by one in list order; who is not free when his turn comes is passed over (FreePBX's hunt)."""

    strategy: Literal["in_order"]


class RandomFree(Hunt):
    """A free member at random; on no answer another free one that has not been rung, until there is none."""

    strategy: Literal["random_free"]


class FirstFree(Hunt):
    """The first free member in list order; with `go_on`, on no answer, the first free one that has not been rung."""

    strategy: Literal["first_free"]
    on_no_answer: Literal["stop", "go_on"] = "stop"
    """`go_on`: the next free member rings; `stop`: the destination follows."""


Group = RingAll | Progressive | InOrder | RandomFree | FirstFree
"""Discriminated by `strategy:`."""


class BundledSound(Written):
    """A sound of the image, by its name without ending: `vm-enter-num-to-call`."""

    sound: Annotated[str, StringConstraints(pattern=_SOUND)]


class OwnSound(Written):
    """A WAV file (8 kHz, mono, 16 bit) beside the office file."""

    wav: Annotated[str, StringConstraints(pattern=_WAV)]


Prompt = BundledSound | OwnSound
"""Exactly one of `sound:`, `wav:`."""


class WrongKey(Written):
    """What a key that means nothing does: prompt and menu again, at most `times` keys, then the destination."""

    prompt: Prompt | None = None
    """What is said before the greeting comes again."""
    times: Annotated[int, Field(ge=1, le=9)]
    """The wrong key number `times` leads to the destination."""
    destination: Destination
    """Where the call goes then."""


class Silence(Written):
    """What happens when no key comes within `after` of the greeting's end."""

    after: Duration
    """Counted from the end of the greeting."""
    destination: Destination
    """Where the call goes then."""


class Menu(Written):
    """A voice menu (IVR)."""

    greeting: Prompt
    """What the caller hears; keys count while it plays."""
    direct_dialling: bool = False
    """Whether extensions may be dialled; a key with which one begins then acts `digit_timeout` later."""
    digit_timeout: Duration = PbxSeconds(2.0)
    """How long the PBX waits for a further digit when more than one number begins with what was dialled."""
    keys: dict[Key, Destination]
    """Where each key leads."""
    wrong_key: WrongKey
    """What any other key does."""
    silence: Silence
    """What happens when no key is pressed."""


class Hours(Written):
    """When calls from outside are put through; a holiday is closed all day."""

    timezone: TimeZone
    """Of the tz database: `Europe/Moscow`."""
    open: Annotated[dict[Weekdays, Spans], Field(min_length=1)]
    """Spans by weekdays: `mon-fri: "09:00-18:00"`; `sat: "22:00-06:00"` ends on Sunday."""
    holidays: tuple[Holiday, ...] = ()
    """Closed all day: `"12-25"` every year, `"2026-12-31"` once."""
    closed: Destination
    """Where calls from outside go then."""


class Trunk(Written):
    """Calls from outside: the numbers of the office and where each leads."""

    numbers: Annotated[dict[Number, Destination], Field(min_length=1)]


class Office(Written):
    """A whole PBX."""

    ringproof: Annotated[int, Field(ge=FILE_VERSION, le=FILE_VERSION)] = FILE_VERSION
    """The version of the language that this file is written in."""
    office: Annotated[FreeText, StringConstraints(min_length=1, max_length=80)]
    """Its name."""
    language: Literal["en", "ru"] = "en"
    """Of the sounds of the image."""
    extensions: Annotated[dict[ExtensionNumber, Extension], Field(min_length=1)]
    """The numbers inside, in quotes."""
    groups: dict[Name, Group] = {}
    """Call groups, by name."""
    extension_ring_time: Duration
    """How long a directly dialled extension rings, the operator's too."""
    extension_destination: Destination
    """Where a call goes when a directly dialled extension does not answer, refuses or is not free."""
    menus: dict[Name, Menu] = {}
    """Voice menus, by name."""
    hours: Hours | None = None
    """When the office is open; always, where nothing is said."""
    trunk: Trunk
    """Calls from outside."""
