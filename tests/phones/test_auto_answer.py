"""Headers that command a phone to pick up by itself, and those that do not."""

from __future__ import annotations

import pytest
from ringproof.phones.commands import Command, command_in
from ringproof.phones.sip_text import display_name, diverted_by, headers

INVITE = (
    "INVITE sip:101@172.18.0.3 SIP/2.0\r\nFrom: <sip:7@h>\r\n{}\r\nContent-Length: 0\r\n\r\nCall-Info: answer-after=0"
)


@pytest.mark.parametrize(
    "header",
    [
        "Alert-Info: <http://www.example.org>;info=alert-autoanswer;delay=0",
        "Alert-Info: Ring Answer",
        "Alert-Info: Auto Answer",
        "alert-info : Intercom",
        "Alert-Info: AA",
        "Alert-Info: <http://office>;auto",
        "Alert-Info: http://www.example.com;info=alert-autoanswer",
        "Alert-Info: info = alert-autoanswer",
        "Alert-Info: answer-after = 0",
        "Alert-Info: <ring-answer>",
        "Alert-Info: <answer>",
        "Alert-Info: intercom=true",
        "Call-Info: ;answer-after=0",
        "Call-Info: <sip:127.0.0.1>;info=alert-autoanswer;delay=0",
        "Call-Info: <sip:office>;answer-after=0",
        "Call-Info: <sip:office>;\r\n answer-after=0",
        "Call-Info: <http://logo>\r\nCall-Info: <sip:office>;answer-after=0",
        "Answer-Mode: Auto",
        "Priv-Answer-Mode: Auto;require",
        "P-Auto-Answer: normal",
    ],
)
def test_commands(header: str) -> None:
    """Whichever a vendor's phones go by."""
    name, _, value = header.splitlines()[-1 if header.count("Call-Info") == 2 else 0].partition(":")
    for method in ("INVITE", "UPDATE"):
        found = command_in(INVITE.format(header).replace("INVITE", method))
        assert found is not None
        assert found.does == "pick up"
        assert found.header.lower().startswith(f"{name.strip().lower()}: {value.strip().lower()}")


@pytest.mark.parametrize(
    "header",
    [
        "Alert-Info: <http://office/ring2.wav>",
        "Alert-Info: <http://office>;info=alert-internal",
        "Alert-Info: <http://www.notused.com>;info=alert-external;x-line-id=0",
        "Alert-Info: <http://127.0.0.1/Bellcore-dr1>",
        "Alert-Info: Bellcore-dr1",
        "Alert-Info: <http://office/intercom.wav>;info=family",
        "Alert-Info: http://office/auto-answer.wav",
        "Alert-Info: <normal>",
        "Alert-Info: info=auto parts",
        "Alert-Info: info=MAAS",
        "Call-Info: <sip:intercom@office>;purpose=info",
        "Call-Info: <http://logo>;purpose=icon",
        "Answer-Mode: Manual",
        "X: Auto",
    ],
)
def test_no_commands(header: str) -> None:
    """Another ring tone, a picture, another header; and nothing in the body is a header."""
    assert command_in(INVITE.format(header)) is None


def test_a_request_uri_commands() -> None:
    """As Snom's and Yealink's phones have it; a phone whose name has the word in it is only called."""
    invite = INVITE.format("X: y")
    line = "INVITE sip:101@172.18.0.3;intercom=true SIP/2.0"
    assert command_in(invite.replace("172.18.0.3", "172.18.0.3;intercom=true")) == Command("pick up", line)
    assert command_in(invite.replace("sip:101@", "sip:intercom@")) is None


@pytest.mark.parametrize(
    ("event", "command"),
    [
        ("Event: talk", Command("pick up", "Event: talk")),
        ("o: Talk;id=1", Command("pick up", "Event: Talk;id=1")),
        ("Event: answer", Command("pick up", "Event: answer")),
        ("Event: hold", Command("hold", "Event: hold")),
        ("Event: check-sync;reboot=true", None),
        ("Event: message-summary\r\nX: talk", None),
        ("X: y", None),
    ],
)
def test_remote_control(event: str, command: Command | None) -> None:
    """A NOTIFY commands by its event; a phone that is to fetch its configuration anew picks up nothing."""
    notify = INVITE.replace("INVITE", "NOTIFY").format(event)
    assert command_in(notify) == command
    assert command_in(notify.replace("NOTIFY", "INVITE")) is None


@pytest.mark.parametrize(
    ("headers_", "by"),
    [
        ("X: y", ""),
        ('Diversion: "Sales, Ltd" <sip:84950000001@h>;reason=no-answer;counter=1', "84950000001"),
        ("Diversion: <sip:100@h>, <tel:+7495>\r\ndiversion : <sip:100@h>", "100, +7495"),
        ("Diversion: Reception", "Reception"),
        ("History-Info: <sip:100@h?Reason=SIP%3Bcause%3D302>;index=1, <sip:101@h>;index=1.1", "100"),
        ("History-Info: <sip:101@h>;index=1", ""),
        ("History-Info: <sip:100@h>;index=1\r\nDiversion: <sip:000@h>", "000, 100"),
    ],
)
def test_by_whom_a_call_was_diverted(headers_: str, by: str) -> None:
    """Each number once, by whichever header; the phone's own is that of the call."""
    assert diverted_by(INVITE.format(headers_)) == by


def test_all_values_of_a_header() -> None:
    """In their order."""
    assert headers("A: b\r\nC: 1\r\nc : 2\r\n\r\nC: 3", "C") == ["1", "2"]


@pytest.mark.parametrize(
    ("name_addr", "name"),
    [
        ('"Anna" <sip:7@h>', "Anna"),
        ('"An \\"na" <sip:7@h>;tag=1', 'An "na'),
        ("Anna Petrova <sip:7@h>", "Anna Petrova"),
        ("<sip:7@h>;tag=1", ""),
        ("sip:7@h;tag=1", ""),
    ],
)
def test_display_names(name_addr: str, name: str) -> None:
    """With quotes, without, and none."""
    assert display_name(name_addr) == name
