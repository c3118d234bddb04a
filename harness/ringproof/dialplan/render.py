"""Write the Asterisk configuration of an office into a folder."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from types import MappingProxyType

from ringproof.dialplan import safety, wording
from ringproof.dialplan.modules import HUNTS, NEEDED, SWITCHED_OFF, TELLS
from ringproof.dialplan.opening_hours import hours_of
from ringproof.dialplan.strategies import context_of
from ringproof.dialplan.templating import fill
from ringproof.scenario.model.office import BundledSound, Destination, Hunt, Menu, Office, Progressive, Prompt

CONF = "/ringproof/conf"
"""The path of the rendered folder in the PBX's container."""
EVIDENCE = "/ringproof/evidence"
"""The folder in the container into which the PBX writes its log."""
TRUNK = "trunk"
TRUNK_ADDRESS_FILE = "pjsip_trunk_address.conf"
KEPT = "`render` writes it anew; `run --rendered` plays on it as it stands."
LOST = "Each play writes it anew: changes made here are lost."
MOST_HOPS = 50
"""A call that is sent on more often is in a loop."""
MAX_CONTACTS = 10
TONE_ZONE = {"en": "us", "ru": "ru"}
FIRST_RTP_PORT = 10000
LAST_RTP_PORT = 10199


@dataclass(frozen=True, slots=True)
class PlayAddresses:
    """The address that differs from play to play: the PBX sees outside callers come from it."""

    trunk_provider: str = "198.51.100.10"


def _fixed_password(extension: str) -> str:
    return f"ringproof-{extension}"


@dataclass(frozen=True, slots=True)
class Secrets:
    """The passwords of the phones and of the manager interface; by default fixed words that people can read."""

    sip_passwords: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Passwords by extension; an extension that is not here gets the fixed word `ringproof-<extension>`."""
    manager_user: str = "ringproof"
    manager_secret: str = "ringproof"  # noqa: S105 - the word of `ringproof render`; a play brings its own

    def sip_password(self, extension: str) -> str:
        """Return the password with which a phone of this extension registers."""
        return self.sip_passwords.get(extension) or _fixed_password(extension)


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedOffice:
    """The files that were written, and what the running PBX must have loaded from them."""

    folder: Path
    files: tuple[str, ...]
    """Names within the folder, sorted."""
    endpoints: tuple[str, ...]
    """PJSIP endpoints: every extension, then the trunk."""
    trunk: str
    """The endpoint as which outside callers are identified."""
    contexts: Mapping[str, tuple[str, ...]]
    """Dialplan contexts in the order of the file, and the extensions in each, without those it includes."""
    modules: tuple[str, ...]
    """Names of the modules that must run, such as `chan_pjsip.so`."""


@dataclass(frozen=True, slots=True)
class _Target:
    goto: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _MenuWords:
    name: str
    greeting: str
    digit_timeout: str
    direct_dialling: bool
    keys: Mapping[str, _Target]
    wrong_key_prompt: str
    wrong_keys: int
    wrong_key: _Target
    silence: str
    silence_destination: _Target


def render_office(
    office: Office,
    out: Path,
    *,
    office_folder: Path,
    addresses: PlayAddresses | None = None,
    secrets: Secrets | None = None,
) -> RenderedOffice:
    """Write the configuration of an office into the folder `out`, which is made where it is missing.

    Paths of the office's own WAV files are relative to `office_folder`. The same arguments give the same bytes.

    Raises ValueError with a sentence for a value that would break a .conf file, OSError for a missing WAV.
    """
    texts = dict(texts_of(office, addresses or PlayAddresses(), secrets or Secrets()))
    out.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (out / name).write_text(text, encoding="utf-8")
        (out / name).chmod(0o644)  # the PBX reads it as another user, whatever the umask here
    sounds = [_copy(wav, office_folder, out) for wav in sorted(_own_sounds(office))]
    return RenderedOffice(
        folder=out,
        files=tuple(sorted([*texts, *sounds])),
        endpoints=(*office.extensions, TRUNK),
        trunk=TRUNK,
        contexts=MappingProxyType(_contexts(texts["extensions.conf"])),
        modules=tuple(f"{module}.so" for group in _needed(office).values() for module in group),
    )


def texts_of(office: Office, addresses: PlayAddresses, secrets: Secrets) -> Iterator[tuple[str, str]]:
    """Yield the name and the text of every file except the office's own sounds."""
    title = safety.words(office.office, "The office's name")
    header = f"; Written by ringproof from the office {title!r}. {KEPT}"
    tone_zone = TONE_ZONE[office.language]
    shared = {"header": header, "language": office.language, "tone_zone": tone_zone, "trunk": TRUNK}
    yield "asterisk.conf", fill("asterisk.conf.j2", **shared, conf=CONF, evidence=EVIDENCE)
    yield "modules.conf", fill("modules.conf.j2", **shared, needed=_needed(office))
    for name, settings in SWITCHED_OFF.items():
        yield name, fill("switched_off.conf.j2", **shared, settings=settings)
    of_the_play = shared | {"header": f"; Written by ringproof from the office {title!r}. {LOST}"}
    yield "logger.conf", fill("logger.conf.j2", **of_the_play)
    yield "indications.conf", fill("indications.conf.j2", **shared)
    yield "rtp.conf", fill("rtp.conf.j2", **shared, first_port=FIRST_RTP_PORT, last_port=LAST_RTP_PORT)
    yield (
        "manager.conf",
        fill(
            "manager.conf.j2",
            **of_the_play,
            user=safety.secret(secrets.manager_user, "The manager's name"),
            secret=safety.secret(secrets.manager_secret, "The manager's secret"),
        ),
    )
    yield (
        "pjsip.conf",
        fill(
            "pjsip.conf.j2",
            **shared,
            max_contacts=MAX_CONTACTS,
            trunk_address_file=TRUNK_ADDRESS_FILE,
            extensions=[
                {
                    "number": safety.number(number, "The extension"),
                    "name": safety.words(extension.name, "The name"),
                    "password": safety.secret(secrets.sip_password(number), f"The password of {number}"),
                }
                for number, extension in office.extensions.items()
            ],
        ),
    )
    yield TRUNK_ADDRESS_FILE, trunk_address_conf(office, addresses)
    yield (
        "extensions.conf",
        fill(
            "extensions.conf.j2",
            **shared,
            hours=hours_of(office.hours) if office.hours else None,
            closed=_target(office.hours.closed, office) if office.hours else None,
            numbers={
                safety.number(number, "The trunk's number"): _target(destination, office)
                for number, destination in office.trunk.numbers.items()
            },
            extensions={number: wording.extension_in_words(number, office) for number in office.extensions},
            extension_ring_time=wording.seconds(office.extension_ring_time),
            extension_destination=_target(office.extension_destination, office),
            groups=[context_of(name, group, office) for name, group in office.groups.items()],
            menus=[_menu(name, menu, office) for name, menu in office.menus.items()],
            uses=_Uses.of(office),
            most_hops=MOST_HOPS,
            congestion=wording.Q850["congestion"],
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Uses:
    """What the groups of an office need in addition to their own contexts."""

    tells: bool
    reserves: bool
    registered: bool
    notes_refusals: bool

    @classmethod
    def of(cls, office: Office) -> _Uses:
        groups = office.groups.values()
        progressive = [group for group in groups if isinstance(group, Progressive)]
        return cls(
            tells=any(group.keep == "true" for group in progressive),
            reserves=any(isinstance(group, Hunt) and group.free == "idle" for group in groups),
            registered=any(group.free == "registered" for group in groups),
            notes_refusals=any(group.refusers == "out" for group in progressive),
        )


def _needed(office: Office) -> Mapping[str, tuple[str, ...]]:
    uses = _Uses.of(office)
    hunts = any(isinstance(group, Hunt) for group in office.groups.values())
    return {**NEEDED, **(TELLS if uses.tells else {}), **(HUNTS if hunts else {})}


def trunk_address_conf(office: Office, addresses: PlayAddresses) -> str:
    """Return the text of the file with the address that is taken for the trunk; it differs from play to play."""
    title = safety.words(office.office, "The office's name")
    header = f"; Written by ringproof from the office {title!r}. {LOST}"
    return fill(
        "pjsip_trunk_address.conf.j2", header=header, trunk=TRUNK, address=str(ip_address(addresses.trunk_provider))
    )


def _target(destination: Destination, office: Office) -> _Target:
    return _Target(wording.goto(destination), wording.destination_in_words(destination, office))


def _menu(name: str, menu: Menu, office: Office) -> _MenuWords:
    prompt = menu.wrong_key.prompt
    return _MenuWords(
        name=safety.name(name, "The menu"),
        greeting=_sound(menu.greeting),
        digit_timeout=wording.seconds(menu.digit_timeout),
        direct_dialling=menu.direct_dialling,
        keys={safety.number(key, "The key"): _target(target, office) for key, target in menu.keys.items()},
        wrong_key_prompt=_sound(prompt) if prompt else "",
        wrong_keys=menu.wrong_key.times,
        wrong_key=_target(menu.wrong_key.destination, office),
        silence=wording.seconds(menu.silence.after),
        silence_destination=_target(menu.silence.destination, office),
    )


def _sound(prompt: Prompt) -> str:
    """Return the name that Background plays: Asterisk adds the ending and, for a bundled sound, the language."""
    if isinstance(prompt, BundledSound):
        return safety.sound(prompt.sound, "The sound")
    return f"{CONF}/sounds/{_wav_name(prompt.wav).removesuffix('.wav')}"


def _wav_name(wav: str) -> str:
    """Return the name in the rendered folder of an office's own WAV: its path relative to the office, flattened."""
    name = safety.sound(wav, "The WAV file").removeprefix("./").removeprefix("sounds/").replace("/", "-")
    if not name.endswith(".wav"):
        raise ValueError(f"The WAV file {wav!r} does not end in .wav.")
    return name


def _own_sounds(office: Office) -> set[str]:
    prompts = [prompt for menu in office.menus.values() for prompt in (menu.greeting, menu.wrong_key.prompt) if prompt]
    return {prompt.wav for prompt in prompts if not isinstance(prompt, BundledSound)}


def _copy(wav: str, office_folder: Path, out: Path) -> str:
    name = f"sounds/{_wav_name(wav)}"
    (out / "sounds").mkdir(exist_ok=True)
    shutil.copyfile(office_folder / wav, out / name)
    return name


def _contexts(dialplan: str) -> dict[str, tuple[str, ...]]:
    """Return the contexts and extensions in a dialplan that was written, to be compared with what runs."""
    found: dict[str, list[str]] = {}
    context = ""
    for line in dialplan.splitlines():
        if section := re.fullmatch(r"\[([a-z0-9-]+)\]", line):
            context = section[1]
            if context != "general":
                found[context] = []
        elif extension := re.match(r"exten => ([^,]+),1", line):
            found[context].append(extension[1])
    return {name: tuple(extensions) for name, extensions in found.items()}
