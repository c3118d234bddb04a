"""An office: the small description of a PBX from which its Asterisk configuration is written.

These models say the shape only. Whether names refer to something that exists, and where in the file a mistake
stands, is told by the reader (`harness.scenario.reading`).
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from harness.scenario.duration import PbxSeconds, parse_duration


def _duration(value: object) -> object:
    return parse_duration(value) if isinstance(value, str) else value


Duration = Annotated[PbxSeconds, BeforeValidator(_duration)]
"""Written as `20s`, held as PbxSeconds."""
Number = Annotated[str, StringConstraints(pattern=r"^[0-9*#+]{1,32}$")]
"""What can be dialled; always text: `0555123`, `*97`, `+4512345678` arrive as written."""
ExtensionNumber = Annotated[str, StringConstraints(pattern=r"^[0-9]{2,8}$")]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,38}$")]
"""Of a group or menu: becomes a context's name in the dialplan."""
Key = Annotated[str, StringConstraints(pattern=r"^[0-9*#]$")]
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

    name: Annotated[str, StringConstraints(max_length=60)] = ""


class GroupBase(Written):
    """What all strategies share."""

    members: Annotated[tuple[ExtensionNumber, ...], Field(min_length=1, max_length=20)]
    ring_time: Duration
    """Of the whole group (ring_all), of one step (progressive), of one member (hunts)."""
    destination: Destination
    """Where the call goes when nobody answered."""


class RingAll(GroupBase):
    """All free members at once, one ring time."""

    strategy: Literal["ring_all"]


class Progressive(GroupBase):
    """First, first two, first three...; who rings keeps ringing, one INVITE each."""

    strategy: Literal["progressive"]
    keep: Literal["true"] = "true"


class FirstFree(GroupBase):
    """The first free member in list order."""

    strategy: Literal["first_free"]
    on_no_answer: Literal["stop"] = "stop"


Group = RingAll | Progressive | FirstFree
"""Discriminated by `strategy:`."""


class BundledSound(Written):
    """A sound of the image, by its name without ending: `vm-enter-num-to-call`."""

    sound: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_/-]{1,80}$")]


class OwnSound(Written):
    """A WAV file (8 kHz, mono, 16 bit) beside the office file."""

    wav: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_./-]{1,200}$")]


Prompt = BundledSound | OwnSound
"""Exactly one of `sound:`, `wav:`."""


class WrongKey(Written):
    """What a key that means nothing does: prompt and menu again, at most `times` keys, then the destination."""

    prompt: Prompt | None = None
    times: Annotated[int, Field(ge=1, le=9)]
    """The wrong key number `times` leads to the destination."""
    destination: Destination


class Silence(Written):
    """What happens when no key comes within `after` of the greeting's end."""

    after: Duration
    destination: Destination


class Menu(Written):
    """A voice menu (IVR)."""

    greeting: Prompt
    direct_dialling: bool = False
    digit_timeout: Duration = PbxSeconds(2.0)
    """How long the PBX waits for a further digit when more than one number begins with what was dialled."""
    keys: dict[Key, Destination]
    wrong_key: WrongKey
    silence: Silence


class Trunk(Written):
    """Calls from outside: the numbers of the office and where each leads."""

    numbers: Annotated[dict[Number, Destination], Field(min_length=1)]


class Office(Written):
    """A whole PBX."""

    office: Annotated[str, StringConstraints(min_length=1, max_length=80)]
    language: Literal["en", "ru"] = "en"
    extensions: Annotated[dict[ExtensionNumber, Extension], Field(min_length=1)]
    groups: dict[Name, Group] = {}
    extension_ring_time: Duration
    extension_destination: Destination
    """Where a call goes when a directly dialled extension does not answer, refuses or is not free."""
    menus: dict[Name, Menu] = {}
    trunk: Trunk
