"""Run in the phones' image: 200 phones in one process, each with its account and port, half of them call the others."""

import json
import os
import sys
import time

import pjsua2

PHONES = 200
WITHIN_S = 30.0


class Call(pjsua2.Call):
    """Counts when both ends are up."""

    up = 0

    def onCallState(self, _: object) -> None:  # noqa: N802 - pjsua2 names it
        Call.up += self.getInfo().state == pjsua2.PJSIP_INV_STATE_CONFIRMED


class Phone(pjsua2.Account):
    """Answers."""

    def __init__(self, endpoint: pjsua2.Endpoint, number: int) -> None:
        super().__init__()
        self.calls = []
        transport = pjsua2.TransportConfig()
        transport.boundAddress = "127.0.0.1"
        config = pjsua2.AccountConfig()
        config.sipConfig.transportId = endpoint.transportCreate(pjsua2.PJSIP_TRANSPORT_UDP, transport)
        self.address = endpoint.transportGetInfo(config.sipConfig.transportId).localAddress
        config.idUri = f"sip:{number}@{self.address}"
        config.mediaConfig.transportConfig.boundAddress = "127.0.0.1"
        config.mediaConfig.transportConfig.port = 0  # from 4000 on it would find those of 100 others
        self.create(config)

    def onIncomingCall(self, prm: pjsua2.OnIncomingCallParam) -> None:  # noqa: N802
        self.calls.append(Call(self, prm.callId))
        answer = pjsua2.CallOpParam()
        answer.statusCode = 200
        self.calls[-1].answer(answer)


config = pjsua2.EpConfig()
config.uaConfig.threadCnt = 0
config.uaConfig.mainThreadOnly = True
config.uaConfig.maxCalls = PHONES
config.logConfig.level = config.logConfig.consoleLevel = 0
endpoint = pjsua2.Endpoint()
endpoint.libCreate()
endpoint.libInit(config)
endpoint.audDevManager().setNullDev()
endpoint.libStart()
phones = [Phone(endpoint, number) for number in range(PHONES)]
for caller, called in zip(phones[::2], phones[1::2], strict=True):
    caller.calls.append(Call(caller))
    caller.calls[-1].makeCall(f"sip:{called.address}", pjsua2.CallOpParam(True))  # noqa: FBT003 - SWIG takes no keywords
deadline = time.monotonic() + WITHIN_S
while Call.up < PHONES and time.monotonic() < deadline:
    endpoint.libHandleEvents(10)
said = {
    "user": os.getuid(),
    "phones": sum(phone.isValid() for phone in phones),
    "ports": len({phone.address for phone in phones}),
    "up": Call.up,
    "codecs": sorted({codec.codecId.partition("/")[0] for codec in endpoint.codecEnum2()}),
    "version": endpoint.libVersion().full,
}
sys.stdout.write(f"{json.dumps(said)}\n")
sys.stdout.flush()
os._exit(0)  # destroying the library would take a second
