"""Values that would break a .conf file are refused even where the reader never saw them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ringproof.core.duration import PbxSeconds
from ringproof.dialplan import safety
from ringproof.dialplan.render import PlayAddresses, Secrets, render_office
from ringproof.dialplan.wording import milliseconds, seconds
from ringproof.scenario.model.office import (
    Extension,
    Menu,
    Office,
    OwnSound,
    RingAll,
    Silence,
    ToExtension,
    ToGroup,
    ToMenu,
    Trunk,
    WrongKey,
)

HERE = Path(__file__).parent
BREAKING = [";", "]", "[", '"', "\n", "\r", "\x00", "\u2028", "${EXTEN}", "\\", "<", ">", "|", ","]


def refused(office: Office, tmp_path: Path, **more: Any) -> str:  # noqa: ANN401 - whatever render_office takes
    """Return the sentence with which rendering refuses."""
    with pytest.raises(ValueError) as refusal:  # noqa: PT011 - the sentence is what the tests look at
        render_office(office, tmp_path / "out", office_folder=HERE, **more)
    assert not (tmp_path / "out").exists(), "something was written before the refusal"
    return str(refusal.value)


@pytest.mark.parametrize("sign", BREAKING)
def test_names_that_break_a_line(corner_shop: Office, tmp_path: Path, sign: str) -> None:
    """Of the office and of a person."""
    text = f"A{sign}B"
    assert "would break the Asterisk configuration" in refused(
        corner_shop.model_copy(update={"office": text}), tmp_path
    )
    extensions = {**corner_shop.extensions, "10": Extension.model_construct(name=text)}
    assert "would break the Asterisk configuration" in refused(
        corner_shop.model_copy(update={"extensions": extensions}), tmp_path
    )


def _group(**changes: Any) -> dict[str, object]:  # noqa: ANN401 - any field of a group
    fields: dict[str, Any] = {
        "strategy": "ring_all",
        "members": ("10",),
        "ring_time": PbxSeconds(5),
        "destination": ToExtension(extension="10"),
    }
    return {"groups": {changes.pop("name", "bad"): RingAll.model_construct(**fields | changes)}}


def _menu(**changes: Any) -> dict[str, object]:  # noqa: ANN401 - any field of a menu
    end = ToExtension(extension="10")
    fields: dict[str, Any] = {
        "greeting": OwnSound(wav="sounds/greeting.wav"),
        "direct_dialling": False,
        "digit_timeout": PbxSeconds(2),
        "keys": {},
        "wrong_key": WrongKey.model_construct(prompt=None, times=1, destination=end),
        "silence": Silence.model_construct(after=PbxSeconds(1), destination=end),
    }
    return {"menus": {changes.pop("name", "bad"): Menu.model_construct(**fields | changes)}}


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (_group(name="a]\n[b"), "The group"),
        (_group(members=("_X.",)), "The member '_X.'"),
        (_group(members=("10", "10")), "a member twice"),
        (_group(ring_time=PbxSeconds(0)), "A time of 0 s"),
        (_group(ring_time=PbxSeconds(-1)), "A time of -1 s"),
        (_group(destination=ToGroup.model_construct(group="x,s,1)\n")), "The group"),
        (_menu(name="Main"), "The menu 'Main'"),
        (_menu(keys={"_.": ToExtension(extension="10")}), "The key '_.'"),
        (_menu(keys={"1": ToMenu.model_construct(menu="a b")}), "The menu 'a b'"),
        (_menu(greeting=OwnSound.model_construct(wav="../../etc/passwd.wav")), "leads out of its folder"),
        (_menu(greeting=OwnSound.model_construct(wav="a&b.wav")), "The WAV file 'a&b.wav'"),
        (_menu(greeting=OwnSound.model_construct(wav="greeting.mp3")), "does not end in .wav"),
        (_menu(digit_timeout=PbxSeconds(0.0001)), "A time of 0.0001 s"),
        ({"trunk": Trunk.model_construct(numbers={"_X!": ToExtension(extension="10")})}, "The trunk's number '_X!'"),
        ({"extensions": {"s": Extension()}}, "The extension 's'"),
    ],
)
def test_what_would_become_something_else(
    corner_shop: Office, tmp_path: Path, changes: dict[str, object], sentence: str
) -> None:
    """Patterns, other contexts, paths that climb, times that wait for ever."""
    assert sentence in refused(corner_shop.model_copy(update=changes), tmp_path)


@pytest.mark.parametrize("word", ["a;b", "a\nb", "a b", "[x]", "", "=", "#exec"])
def test_secrets_that_break_a_line_are_not_repeated(corner_shop: Office, tmp_path: Path, word: str) -> None:
    """The sentence names whose secret it is, not the secret."""
    for secrets, whose in (
        (Secrets(manager_secret=f"{word}"), "The manager's secret"),
        (Secrets(manager_user=f"{word}"), "The manager's name"),
    ):
        sentence = refused(corner_shop, tmp_path, secrets=secrets)
        assert sentence.startswith(whose)
        assert not word or word not in sentence
    if word:
        assert "The password of 10" in refused(corner_shop, tmp_path, secrets=Secrets(sip_passwords={"10": word}))


def test_an_address_that_is_none(corner_shop: Office, tmp_path: Path) -> None:
    """The trunk's address is an address, never a name or a second option."""
    assert "provider.example" in refused(
        corner_shop, tmp_path, addresses=PlayAddresses(trunk_provider="provider.example")
    )


def test_a_wav_that_is_not_there(corner_shop: Office, tmp_path: Path) -> None:
    """The missing file is named."""
    with pytest.raises(FileNotFoundError, match=r"sounds/greeting\.wav"):
        render_office(corner_shop, tmp_path / "out", office_folder=tmp_path)


def test_what_people_are_called_is_not_refused() -> None:
    """Only what breaks a line is; apostrophes, Cyrillic and brackets of the round kind are not."""
    for name in ("Жанна д'Юссон", "Müller & Söhne (EG)", "№ 1 / #2 = 50 %"):
        assert safety.words(name, "The name") == name


def test_times_are_written_without_noise() -> None:
    """As Dial takes them: no exponent, no trailing zeros."""
    assert [seconds(PbxSeconds(t)) for t in (15.0, 1.5, 0.1 + 0.2, 86400.0)] == ["15", "1.5", "0.3", "86400"]
    assert milliseconds(PbxSeconds(0.1 + 0.2)) == "300"
