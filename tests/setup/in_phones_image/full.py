"""Run in the phones' image: a phone that calls itself until it has all the calls that a phone may have."""

import json
import os
import sys
import time

import pjsua2

CALLS = int(sys.argv[1])
WITHIN_S = 30.0


class Call(pjsua2.Call):
    """Counts when both ends are up."""

    up = 0

    def onCallState(self, _: object) -> None:  # noqa: N802 - pjsua2 names it
        Call.up += self.getInfo().state == pjsua2.PJSIP_INV_STATE_CONFIRMED


class Phone(pjsua2.Account):
    """Answers."""

    def __init__(self, address: str) -> None:
        super().__init__()
        self.calls = []
        config = pjsua2.AccountConfig()
        config.idUri = f"sip:101@{address}"
        config.mediaConfig.transportConfig.boundAddress = "127.0.0.1"
        config.mediaConfig.transportConfig.port = 0
        self.create(config)

    def onIncomingCall(self, prm: pjsua2.OnIncomingCallParam) -> None:  # noqa: N802
        self.calls.append(Call(self, prm.callId))
        answer = pjsua2.CallOpParam()
        answer.statusCode = 200
        self.calls[-1].answer(answer)


config = pjsua2.EpConfig()
config.uaConfig.threadCnt = 0
config.uaConfig.mainThreadOnly = True
config.uaConfig.maxCalls = CALLS
config.logConfig.level = config.logConfig.consoleLevel = 0
endpoint = pjsua2.Endpoint()
endpoint.libCreate()
endpoint.libInit(config)
endpoint.audDevManager().setNullDev()
endpoint.libStart()
transport = pjsua2.TransportConfig()
transport.boundAddress = "127.0.0.1"
address = endpoint.transportGetInfo(endpoint.transportCreate(pjsua2.PJSIP_TRANSPORT_UDP, transport)).localAddress
phone = Phone(address)
for _ in range(CALLS // 2):
    phone.calls.append(Call(phone))
    phone.calls[-1].makeCall(f"sip:{address}", pjsua2.CallOpParam(True))  # noqa: FBT003 - SWIG takes no keywords
deadline = time.monotonic() + WITHIN_S
while Call.up < CALLS and time.monotonic() < deadline:
    endpoint.libHandleEvents(10)
said = {
    "user": os.getuid(),
    "up": Call.up,
    "codecs": sorted({codec.codecId.partition("/")[0] for codec in endpoint.codecEnum2()}),
    "version": endpoint.libVersion().full,
}
sys.stdout.write(f"{json.dumps(said)}\n")
sys.stdout.flush()
os._exit(0)  # destroying the library would take a second
