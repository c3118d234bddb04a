"""Run in the phones' image: so many INVITEs at once to one phone, which refuses each; says how it answered them."""

import collections
import json
import os
import select
import socket
import sys
import threading
import time

import pjsua2

INVITES = int(sys.argv[1])
WITHIN_S = 30.0
SENT_AGAIN_AFTER_S = 0.5
SDP = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 10000 RTP/AVP 8\r\n"


class Phone(pjsua2.Account):
    """Refuses."""

    def onIncomingCall(self, prm: pjsua2.OnIncomingCallParam) -> None:  # noqa: N802 - pjsua2 names it
        call = pjsua2.Call(self, prm.callId)
        answer = pjsua2.CallOpParam()
        answer.statusCode = 486
        call.answer(answer)
        calls.append(call)


class Pbx(threading.Thread):
    """Sends the INVITEs, again where no answer comes, and an ACK for each answer."""

    def __init__(self, phone: tuple[str, int]) -> None:
        super().__init__()
        self.codes = {}
        self.took_s = 0.0
        self._phone = phone
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._own = "{}:{}".format(*self._socket.getsockname())

    def run(self) -> None:
        begun = time.monotonic()
        sent = {}
        while len(self.codes) < INVITES and time.monotonic() - begun < WITHIN_S:
            now = time.monotonic()
            for number in range(INVITES):
                if number not in self.codes and now - sent.get(number, -9.0) > SENT_AGAIN_AFTER_S:
                    sent[number] = now
                    self._send("INVITE", number, "", SDP)
                    self._receive(0)
            self._receive(0.01)
        self.took_s = time.monotonic() - begun

    def _receive(self, wait_s: float) -> None:
        while select.select([self._socket], [], [], wait_s)[0]:
            answer = self._socket.recv(65536).decode()
            code = int(answer.split(" ", 2)[1])
            number = int(answer.partition("Call-ID: ")[2].partition("\r")[0])
            if code >= 200:
                self.codes[number] = code
                tag = answer.partition("To: ")[2].partition("\r")[0].partition(">")[2]
                self._send("ACK", number, tag, "")

    def _send(self, method: str, number: int, tag: str, body: str) -> None:
        uri = "sip:101@{}:{}".format(*self._phone)
        lines = [
            f"{method} {uri} SIP/2.0",
            f"Via: SIP/2.0/UDP {self._own};branch=z9hG4bK{number}",
            f"From: <sip:{self._own}>;tag={number}",
            f"To: <{uri}>{tag}",
            f"Contact: <sip:{self._own}>",
            f"Call-ID: {number}",
            f"CSeq: 1 {method}",
            "Max-Forwards: 70",
            "Content-Type: application/sdp",
            f"Content-Length: {len(body)}",
        ]
        self._socket.sendto("\r\n".join([*lines, "", body]).encode(), self._phone)


calls: list[pjsua2.Call] = []
config = pjsua2.EpConfig()
config.uaConfig.threadCnt = 0
config.uaConfig.mainThreadOnly = True
config.logConfig.level = config.logConfig.consoleLevel = 0
endpoint = pjsua2.Endpoint()
endpoint.libCreate()
endpoint.libInit(config)
transport = pjsua2.TransportConfig()
transport.boundAddress = "127.0.0.1"
number = endpoint.transportCreate(pjsua2.PJSIP_TRANSPORT_UDP, transport)
host, _, port = endpoint.transportGetInfo(number).localAddress.rpartition(":")
endpoint.audDevManager().setNullDev()
endpoint.libStart()
phone = Phone()
account = pjsua2.AccountConfig()
account.idUri = f"sip:101@{host}:{port}"
phone.create(account)
pbx = Pbx((host, int(port)))
pbx.start()
while pbx.is_alive():
    endpoint.libHandleEvents(10)
    calls.clear()
said = {"codes": collections.Counter(pbx.codes.values()), "took_s": pbx.took_s}
sys.stdout.write(f"{json.dumps(said)}\n")
sys.stdout.flush()
os._exit(0)  # destroying the library would take a second
