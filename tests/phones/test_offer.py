"""Why the library refuses an INVITE by itself, from the messages as they were: pure."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ringproof.phones.offer import unacceptable

_SPOKEN = ("PCMA", "PCMU")
_ODD = "the phone cannot take what this INVITE asks for"


def invite(*media: str, headers: str = "Content-Type: application/sdp\r\n") -> str:
    """An INVITE whose session description has these lines."""
    lines = "".join(f"{line}\r\n" for line in ("v=0", "o=- 1 1 IN IP4 10.0.0.2", "s=-", "t=0 0", *media))
    return f"INVITE sip:101@10.0.0.1 SIP/2.0\r\nCall-ID: a@b\r\n{headers}\r\n{lines}"


@pytest.mark.parametrize(
    ("media", "clause"),
    [
        (
            ("m=audio 4000 RTP/AVP 3 101", "a=rtpmap:3 GSM/8000", "a=rtpmap:101 telephone-event/8000"),
            "no common codec: the PBX offers GSM, the phone speaks PCMA and PCMU",
        ),
        (
            ("m=audio 4000 RTP/AVP 9 18 111", "a=rtpmap:111 opus/48000/2"),
            "no common codec: the PBX offers G722, G729 and opus, the phone speaks PCMA and PCMU",
        ),
        (
            ("m=audio 4000 RTP/AVP 101", "a=rtpmap:101 telephone-event/8000"),
            "no common codec: the PBX offers none, the phone speaks PCMA and PCMU",
        ),
        (
            ("m=audio 4000 RTP/SAVP 8 0", "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x"),
            "the PBX asks for SRTP by RTP/SAVP, and the phone has RTP alone",
        ),
        (
            ("m=audio 4000 UDP/TLS/RTP/SAVPF 8 0", "a=fingerprint:SHA-256 AA"),
            "the PBX asks for SRTP by UDP/TLS/RTP/SAVPF, and the phone has RTP alone",
        ),
        (
            ("m=audio 4000 RTP/SAVP 8", "m=audio 4002 RTP/AVP 3"),
            "no common codec: the PBX offers GSM, the phone speaks PCMA and PCMU",
        ),
        (("m=image 4000 udptl t38",), "the PBX offers no sound, but image"),
        (("m=audio 0 RTP/AVP 8", "m=image 4000 udptl t38"), "the PBX offers no sound, but image"),
        (("m=audio 4000 TCP/RTP/AVP 8",), "the PBX asks for TCP/RTP/AVP, and the phone has RTP/AVP"),
        ((), "the PBX offers neither sound nor a codec: its session description has no media"),
        (("m=audio 4000 RTP/AVP 8",), _ODD),
    ],
)
def test_what_a_session_description_lacks(media: tuple[str, ...], clause: str) -> None:
    """Codecs by name, mapped or static; what is refused (port 0) is none, and events are no codec."""
    assert unacceptable(invite(*media), 488, "SIP/2.0 488 Not Acceptable Here\r\n\r\n", _SPOKEN) == clause


def test_a_number_means_what_its_own_medium_says() -> None:
    """Two media may map one number differently."""
    media = ("m=audio 4000 RTP/AVP 96", "a=rtpmap:96 opus/48000", "m=video 4002 RTP/AVP 96", "a=rtpmap:96 VP8/90000")
    assert "offers opus," in unacceptable(invite(*media), 488, "SIP/2.0 488 x\r\n\r\n", _SPOKEN)


@pytest.mark.parametrize(
    ("code", "header", "clause"),
    [
        (420, "Unsupported: tdialog", "the PBX requires the SIP extension tdialog, which the phone does not have"),
        (421, "Require: timer", "the phone requires the SIP extension timer, which the PBX does not have"),
        (420, "Server: x", _ODD),
    ],
)
def test_extensions(code: int, header: str, clause: str) -> None:
    """By the headers of the answer, whatever is offered."""
    offer = invite("m=audio 4000 RTP/AVP 8")
    assert unacceptable(offer, code, f"SIP/2.0 {code} x\r\n{header}\r\n\r\n", _SPOKEN) == clause


def test_a_body_that_is_no_session_description() -> None:
    """Nothing is read into it."""
    offer = invite("m=audio 4000 RTP/AVP 3", headers="Content-Type: text/plain\r\n")
    assert unacceptable(offer, 415, "SIP/2.0 415 Unsupported Media Type\r\n\r\n", _SPOKEN) == _ODD


@given(st.text(max_size=200), st.sampled_from([400, 415, 420, 421, 488, 500]))
def test_no_message_is_too_odd(text: str, code: int) -> None:
    """A reason is told of every refusal, on one line."""
    clause = unacceptable(invite("m=audio 4000 RTP/AVP 3") + text, code, f"SIP/2.0 {code} {text}", _SPOKEN)
    assert clause
    assert "\n" not in clause
