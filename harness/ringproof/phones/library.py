"""Sets pjsua2 up for a phone, and avoids every trap of it that configuration can avoid."""

from __future__ import annotations

import os
import stat
import sys
from typing import TYPE_CHECKING, Any

import pjsua2 as pj

from ringproof.phones.guard import guarded

if TYPE_CHECKING:
    from collections.abc import Callable

    from ringproof.phones.guard import FaultReporter

Pj = Any
"""A value of pjsua2, which has no types."""

_SAMPLE_RATE = 8000
CODECS = ("PCMA", "PCMU")
"""The codecs of a phone; by default the library would choose speex between two phones."""
_TONE_LOUDNESS = 0.15


class Endpoint(pj.Endpoint):  # type: ignore[misc]  # pjsua2 has no types
    """The only Endpoint of the process; a second one would abort it."""

    def __init__(self, phone: FaultReporter, call_rejected: Callable[[int], None]) -> None:
        """Take `call_rejected`, to be called with the code of each call that the library itself refused."""
        super().__init__()
        self.phone = phone
        self._call_rejected = call_rejected

    @guarded
    def onRejectedIncomingCall(self, prm: Pj) -> None:  # noqa: N802  pjsua2 names it
        """Report a call that the library refused."""
        self._call_rejected(prm.statusCode)


class Log(pj.LogWriter):  # type: ignore[misc]
    """Writes the log, and passes it to the phone: much is reported nowhere else."""

    def __init__(self, phone: FaultReporter, seen: Callable[[str], None]) -> None:
        """Take `seen`, to be called with each entry; a message received is logged before the library acts on it."""
        super().__init__()
        self.phone = phone
        self._seen = seen

    @guarded
    def write(self, entry: Pj) -> None:
        """Take a log entry; one entry is one SIP message."""
        text: str = entry.msg
        os.write(sys.stderr.fileno(), text.encode(errors="replace"))
        self._seen(text)


def start(endpoint: Endpoint, log: Log, name: str, address: str, calls: int) -> tuple[int, set[int]]:
    """Start the library with one UDP transport on `address`; return its port and the descriptor of its socket.

    `calls` is how many there may be at once. Above PJSUA_MAX_CALLS (phones-image/config_site.h) the library reduces it
    silently.
    """
    config = pj.EpConfig()
    # every callback comes on this thread, out of libHandleEvents
    config.uaConfig.threadCnt = 0
    config.uaConfig.mainThreadOnly = True
    config.uaConfig.maxCalls = calls
    config.uaConfig.userAgent = f"Ringproof phone {name}"
    # SIP messages reach a LogWriter from level 4 on, and consoleLevel is the level that counts
    config.logConfig.level = config.logConfig.consoleLevel = 4
    config.logConfig.msgLogging = 1
    config.logConfig.writer = log
    config.medConfig.clockRate = config.medConfig.sndClockRate = _SAMPLE_RATE
    config.medConfig.noVad = True
    # the null sound device would close after 1 s without a call, and RTP and digits stop with it, without error
    config.medConfig.sndAutoCloseTime = -1
    config.medConfig.ecTailLen = 0
    endpoint.libCreate()
    endpoint.libInit(config)
    codecs = endpoint.codecEnum2()
    spoken = tuple(f"{name}/{_SAMPLE_RATE}" for name in CODECS)
    for codec in codecs:
        endpoint.codecSetPriority(codec.codecId, 128 if codec.codecId.startswith(spoken) else 0)
    transport = pj.TransportConfig()
    transport.port = 0
    transport.boundAddress = address
    before = _sockets()
    number = endpoint.transportCreate(pj.PJSIP_TRANSPORT_UDP, transport)
    sip = _sockets() - before
    endpoint.libStart()
    info = endpoint.transportGetInfo(number)
    return int(info.localAddress.rpartition(":")[2]), sip


def begin_sound(endpoint: Endpoint) -> None:
    """Use the null sound device, which runs at its own pace; by default the library would open a real device."""
    endpoint.audDevManager().setNullDev()


def account(uri: str, address: str) -> Pj:
    """Return the configuration of an account without registration, its RTP bound to `address` too."""
    config = pj.AccountConfig()
    config.idUri = uri
    config.regConfig.registerOnAdd = False
    config.regConfig.retryIntervalSec = config.regConfig.firstRetryIntervalSec = 0
    config.callConfig.timerUse = pj.PJSUA_SIP_TIMER_INACTIVE
    config.callConfig.prackUse = pj.PJSUA_100REL_NOT_USED
    config.mwiConfig.enabled = False
    config.natConfig.udpKaIntervalSec = 0
    config.natConfig.contactRewriteUse = 0
    config.natConfig.viaRewriteUse = 0
    config.natConfig.sdpNatRewriteUse = 0
    # after an answer with several codecs pjsua would send an UPDATE with one, a moment after the call is connected
    config.mediaConfig.lockCodecEnabled = False
    config.mediaConfig.transportConfig.boundAddress = address
    config.mediaConfig.transportConfig.port = 0  # by default each phone tries the same 100 ports, from 4000 on
    return config


def registered_account(registrar: str, user: str, password: str, expires: int, address: str) -> Pj:
    """Return the configuration of an account that registers as soon as it is in use."""
    config = account(f"sip:{user}@{registrar}", address)
    config.regConfig.registrarUri = f"sip:{registrar}"
    config.regConfig.registerOnAdd = True
    config.regConfig.timeoutSec = expires
    config.sipConfig.authCreds.append(pj.AuthCredInfo("digest", "*", user, 0, password))
    return config


def steady_tone(hertz: int) -> Pj:
    """Return a quiet endless sine, ready to be sent into calls."""
    tone = pj.ToneGenerator()
    tone.createToneGenerator(_SAMPLE_RATE, 1)
    sine = pj.ToneDesc()
    sine.freq1, sine.freq2, sine.on_msec, sine.off_msec = hertz, 0, 1000, 0
    sines = pj.ToneDescVector()
    sines.append(sine)
    tone.play(sines, True)  # noqa: FBT003  SWIG takes no keywords here
    tone.adjustRxLevel(_TONE_LOUDNESS)
    return tone


def _sockets() -> set[int]:
    found = set()
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208  pathlib would be one more import for each phone
        try:
            if stat.S_ISSOCK(os.fstat(int(name)).st_mode):
                found.add(int(name))
        except OSError:  # the descriptor of the listing itself
            continue
    return found
