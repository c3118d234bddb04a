"""Reading SIP text: causes of a CANCEL, users of addresses, requests in pjsip's log."""

from __future__ import annotations

import pytest
from ringproof.phones import sip_text

_HEAD = "CANCEL sip:101@127.0.0.1 SIP/2.0\r\nCall-ID: a@b\r\n"


@pytest.mark.parametrize(
    ("headers", "causes"),
    [
        ("", (None, None)),
        ("Reason: Q.850;cause=26\r\n", (26, None)),
        ('Reason: SIP;cause=200;text="Call completed elsewhere"\r\n', (None, 200)),
        ("Reason: Q.850;cause=26\r\nReason: SIP;cause=200\r\n", (26, 200)),
        ('Reason: SIP ;cause=200 ;text="a, Q.850;cause=16" , Q.850 ; cause = 26\r\n', (26, 200)),
        ('reason: SIP;text="say \\"x, Q.850;cause=1";cause=480\r\n', (None, 480)),
        ("REASON : q.850;\r\n cause=19\r\n", (19, None)),
        ("Reason: Q.850;cause=26\r\nReason: Q.850;cause=16\r\n", (26, None)),
        ("Reason: preemption;cause=1\r\n", (None, None)),
        ("Reason: Q.850\r\n", (None, None)),
        ("X-Reason: Q.850;cause=26\r\n", (None, None)),
        ("Content-Length: 23\r\n\r\nReason: Q.850;cause=26\r\n", (None, None)),
    ],
)
def test_causes_are_those_of_the_reason_headers(headers: str, causes: tuple[int | None, int | None]) -> None:
    """In several headers or in one, quoted commas and folding notwithstanding; the body says nothing."""
    assert sip_text.reason_causes(f"{_HEAD}{headers}\r\n") == causes


@pytest.mark.parametrize(
    ("address", "user"),
    [
        ('"Anna" <sip:+74951234567@10.0.0.1:5060>;tag=1', "+74951234567"),
        ("sip:0555123@host", "0555123"),
        ("<sip:*97@host;user=phone>", "*97"),
        ('"sip:9@x" <sip:010@host>', "010"),
        ("<tel:+74951234567;phone-context=x>", "+74951234567"),
        ("<sip:host>", ""),
        ("Anonymous", ""),
    ],
)
def test_the_user_is_that_of_the_uri(address: str, user: str) -> None:
    """A number stays the text it is, and a display name is no number."""
    assert sip_text.user_of(address) == user


def test_the_request_uri_says_what_was_dialled() -> None:
    """It is read from the first line, whatever To says."""
    assert sip_text.request_user("INVITE sip:102@h:5060;ob SIP/2.0\r\nTo: <sip:777@h>\r\n\r\n") == "102"


def test_the_call_id_is_found_in_both_forms() -> None:
    """The compact form is a Call-ID too, and a message without one has none."""
    assert sip_text.call_id(_HEAD) == "a@b"
    assert sip_text.call_id("BYE sip:x SIP/2.0\r\ni: c\r\n\r\n") == "c"
    assert sip_text.call_id("BYE sip:x SIP/2.0\r\n\r\nCall-ID: body\r\n") is None


def test_only_a_received_request_of_the_method_is_taken_from_the_log() -> None:
    """What was sent, another method and talk about a method are none."""
    received = "22:50:27.544  pjsua_core.c  .RX 368 bytes Request msg CANCEL/cseq=1 (rdata0x5) from UDP 1.2.3.4:5:\n"
    assert sip_text.logged_request(received + _HEAD, "CANCEL") == _HEAD
    assert sip_text.logged_request(received + _HEAD, "BYE") is None
    assert sip_text.logged_request(received.replace("RX", "TX") + _HEAD, "CANCEL") is None
    assert sip_text.logged_request("22:50:27.544  sip_endpoint.c  Processing CANCEL\n" + _HEAD, "CANCEL") is None


def test_only_a_refused_invite_is_taken_from_the_log_of_what_is_sent() -> None:
    """Neither a provisional or good answer, nor one to another method, nor one that was received."""
    sent = "22:50:27.544  pjsua_core.c  ....TX 9 bytes Response msg 488/INVITE/cseq=6 (tdta0x5) to UDP 1.2.3.4:5:\n"
    text = "SIP/2.0 488 Not Acceptable Here\r\nCall-ID: a@b\r\n\r\n"
    assert sip_text.logged_refusal(sent + text) == (488, text)
    for other in (("488", "180"), ("488", "200"), ("INVITE", "REGISTER"), ("TX", "RX"), ("Response", "Request")):
        assert sip_text.logged_refusal(sent.replace(*other) + text) is None


def test_headers_and_body() -> None:
    """By the name of either form, folded or not; what stands in the body is no header."""
    message = "INVITE sip:x SIP/2.0\r\nf: <sip:1@h>;\r\n tag=a\r\nTo: <sip:2@h>\r\n\r\nContent-Type: text/plain\r\n"
    assert sip_text.header(message, "From", "f") == "<sip:1@h>;\r\n tag=a"
    assert sip_text.header(message, "Content-Type", "c") == ""
    assert sip_text.body(message) == "Content-Type: text/plain\r\n"
    assert sip_text.body("BYE sip:x SIP/2.0\r\n") == ""


@pytest.mark.parametrize(("to", "inside"), [("To: <sip:2@h>", False), ("t: <sip:2@h>;TAG=b", True)])
def test_a_request_of_a_dialog_has_a_tag_in_its_to(to: str, inside: bool) -> None:  # noqa: FBT001
    """That of From says nothing."""
    assert sip_text.in_dialog(f"INVITE sip:x SIP/2.0\r\nFrom: <sip:1@h>;tag=a\r\n{to}\r\n\r\n") is inside


def test_a_received_message_is_taken_from_the_log() -> None:
    """Request or response, but nothing that was sent, nor other talk."""
    request = "22:50:27.544  pjsua_core.c  .RX 368 bytes Request msg CANCEL/cseq=1 (rdata0x5) from UDP 1.2.3.4:5:\n"
    response = "22:50:27.544  pjsua_core.c !.RX 9 bytes Response msg 200/BYE/cseq=1 (rdata0x5) from UDP 1.2.3.4:5:\n"
    for received in (request, response):
        assert sip_text.logged_message(received + _HEAD) == _HEAD
        assert sip_text.logged_message(received.replace("RX", "TX") + _HEAD) is None
    assert sip_text.logged_message(f"22:50:27.544  pjsua_core.c  Processing\n{request}{_HEAD}") is None
