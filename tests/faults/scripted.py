"""A scripted PBX that speaks AMI and scripted phones that speak their channel, with faults in what they send.

They stand where containers stand (`AsteriskContainer`, `PhonesContainer`); all else is the play as it is. The PBX does
by heart what Asterisk does with one office: a group that rings all, a second target, a hang-up.
"""

from __future__ import annotations

import array
import asyncio
import contextlib
import math
import os
import re
import signal
import socket
import wave
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dpkt
from ringproof.clock.page import Page, PeerWord, Word
from ringproof.pbx.ended import READY
from ringproof.phones import protocol as say
from ringproof.phones import wire
from ringproof.phones.protocol import Message, Verb

from faults.virtual import VirtualLoop

OFFICE, TRUNK = "127.0.0.2", "127.0.0.3"
PBX_OFFICE, PBX_TRUNK = "127.0.0.4", "127.0.0.5"
RING_S = 15.0
MENU = "84950000001"


@dataclass
class Fault:
    """What happens to the `at`th thing that PBX and phones send."""

    kind: str = "none"
    """none, drop, delay, double, reorder, cut, kill (a phone), end (of the PBX), shrink (the clock's page)."""
    at: int = 0
    seconds: float = 0.0
    """Of a delay."""
    victim: int = 0
    """Which phone is killed, by which signal the PBX ends, or to how many bytes the page is shrunk."""


@dataclass
class Pipe:
    """One direction of a connection, with the fault in it: AMI blocks or messages of a phone."""

    world: World
    write: Callable[[bytes], None]
    held: list[bytes] = field(default_factory=list)
    stalled: bool = False
    swapped: bytes | None = None

    def send(self, block: bytes) -> None:
        kind = self.world.next_fault()
        if kind == "cut":
            block = block[: len(block) // 2]
        elif kind == "double":
            block += block
        elif kind == "delay":
            self.stalled = True
            asyncio.get_running_loop().call_later(self.world.fault.seconds, self._go_on)
        if kind == "drop":
            return
        if kind == "reorder":
            self.swapped = block
            return
        if self.swapped is not None:
            block, self.swapped = block + self.swapped, None
        if self.stalled:
            self.held.append(block)
        else:
            self.write(block)

    def _go_on(self) -> None:
        self.stalled = False
        for block in self.held:
            self.write(block)
        self.held.clear()


@dataclass
class ScriptedPhone:
    """A process that is none: it does what it is told, and what the PBX does to it, at once."""

    world: World
    name: str
    address: str
    port: int
    number: int
    link: socket.socket
    channel: socket.socket
    told: int = 0
    done: int = 0
    half: bytes = b""
    is_caller: bool = False
    registered: str = ""
    password: str = ""
    tone_hz: int = 0
    frozen: bool = False
    code: int = 180
    pipe: Pipe = field(init=False)
    alive: bool = True

    def __post_init__(self) -> None:
        """Listen to what it is told."""
        self.pipe = Pipe(self.world, self._write)
        self.world.pipes.append(self.pipe)
        self.channel.setblocking(False)  # noqa: FBT003
        asyncio.get_running_loop().add_reader(self.channel, self._hear)

    def _write(self, data: bytes) -> None:
        if self.alive:
            with contextlib.suppress(OSError):
                self.channel.sendall(data)

    def say(self, kind: type[say.Message], **fields: object) -> None:
        if self.alive and not self.frozen:
            self.told += 1
            message = kind(at_ns=self.world.page.now(), **fields)
            self.pipe.send(say.to_numbered_line(message, self.told))

    def _hear(self) -> None:
        try:
            data = self.channel.recv(65536)
        except OSError:
            data = b""
        if not data:
            self.end(0)
            return
        *lines, self.half = (self.half + data).split(b"\n")
        for line in lines:
            verb = say.from_line(line)
            if self.alive and not self.frozen:
                self._do(verb)
                self.done += 1
                self.world.page.peer(self.number)[PeerWord.DONE] = self.done

    def _do(self, verb: Verb | Message) -> None:  # noqa: C901, PLR0912 - a table of verbs
        pbx = self.world.pbx
        match verb:
            case say.WhenInvited(code=code):
                self.code = code
                self.say(say.Prepared, code=code)
            case say.Register():
                self.registered, self.password = verb.user, verb.password
                pbx.register(self)
                self.say(say.Registered, expires=3600)
            case say.Reregister():
                self.say(say.Registered, expires=3600)
            case say.Attend():
                self.say(say.Attending)
            case say.Call():
                pbx.take_call(self, verb.target.removeprefix("sip:").partition("@")[0])
            case say.Answer(call_id=call_id):
                pbx.answer(self, call_id)
            case say.Refuse(call_id=call_id):
                pbx.refuse(self, call_id, verb.code)
            case say.Forward(call_id=call_id):
                pbx.forward(self, call_id, verb.to)
            case say.HangUp(call_id=call_id):
                pbx.hang_up(self, call_id)
            case say.Listen(call_id=call_id):
                if pbx.sounds(call_id):
                    self.say(say.Heard, call_id=call_id, number=verb.number)
            case say.Press(call_id=call_id):
                for digit in verb.digits:
                    self.say(say.KeySent, call_id=call_id, digit=digit)
                    pbx.key(call_id, digit)
            case say.Record():
                self.world.later(1.0, lambda: self.say(say.Recorded, call_id=verb.call_id, file=verb.file))
            case say.SendSound(call_id=call_id):
                self.say(say.SoundSent, call_id=call_id)
            case say.Quit():
                self.end(0)

    def end(self, status: int) -> None:
        if not self.alive:
            return
        self.alive = False
        asyncio.get_running_loop().remove_reader(self.channel)
        self.channel.close()
        with contextlib.suppress(OSError):
            wire.send(self.link, {"status": status})


@dataclass
class Leg:
    """A channel of the PBX and the phone at its other end."""

    phone: ScriptedPhone
    channel: str
    call_id: str
    state: str = "ringing"
    """ringing, up, gone."""


class ScriptedPbx:
    """Answers actions by heart, and routes calls: DID -> a list of targets, each rung for 15 s."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.pipe = Pipe(world, self._write)
        self.link: socket.socket | None = None
        self.half = b""
        self.heard = self.sent = 0
        self.registered: dict[str, ScriptedPhone] = {}
        self.legs: dict[str, Leg] = {}
        self.caller: Leg | None = None
        self.numbers = 0
        self.wave = 0
        self.connected = False
        """The caller is connected with a phone."""
        self.standing: list[Leg] = []
        """Legs of a call that is up before the story."""
        self.plan: list[list[str]] = []

    # --- the manager interface
    def serve(self, link: socket.socket) -> None:
        self.link = link
        link.setblocking(False)  # noqa: FBT003
        asyncio.get_running_loop().add_reader(link, self._hear)

    def close(self) -> None:
        if self.link is not None:
            self.world.loop.remove_reader(self.link)
            self.link.close()
            self.link = None

    def _write(self, data: bytes) -> None:
        if self.link is not None:
            with contextlib.suppress(OSError):
                self.link.sendall(data)

    def block(self, *lines: str) -> None:
        block = ("\r\n".join(lines) + "\r\n\r\n").encode()
        self.sent += len(block)
        self.world.page[Word.MANAGER_SENT] = self.sent
        self.pipe.send(block)

    def event(self, name: str, **headers: object) -> None:
        self.block(f"Event: {name}", f"Timestamp: {self.world.now():.6f}", *(f"{k}: {v}" for k, v in headers.items()))

    def _hear(self) -> None:
        assert self.link is not None
        try:
            data = self.link.recv(65536)
        except OSError:
            data = b""
        if not data:
            self.close()
            return
        *blocks, self.half = (self.half + data).split(b"\r\n\r\n")
        for block in blocks:
            headers = dict(line.split(": ", 1) for line in block.decode().split("\r\n"))
            self._answer(headers, f"ActionID: {headers['ActionID']}")

    def _answer(self, asked: dict[str, str], number: str) -> None:  # noqa: C901 - a table of actions
        success = ("Response: Success", number)
        match asked["Action"]:
            case "Login":
                self.block(*success, "Message: Authentication accepted")
                self.event("FullyBooted", Status="Fully Booted")
            case "Command":
                printed = self._printed(asked["Command"])
                self.block(*success, "Message: Command output follows", *(f"Output: {line}" for line in printed))
            case "Getvar":
                self._getvar(asked, number)
            case "PJSIPShowEndpoints":
                names = [*self.world.endpoints, "trunk"] if self.world.has_trunk else self.world.endpoints
                self._list(number, [f"ObjectName: {name}\r\nAuths: auth of {name}" for name in names])
            case "PJSIPShowAuths":
                found = [f"ObjectName: auth of {name}\r\nPassword: {p}" for name, p in self.world.passwords.items()]
                self._list(number, found)
            case "ModuleCheck" if asked["Module"] in self.world.unloaded:
                self.block("Response: Error", number, "Message: Module not loaded")
            case "PJSIPShowContacts":
                found = [f"Uri: sip:{name}@{p.address}:{p.port}" for name, p in self.registered.items()]
                self._list(number, found)
            case "PJSIPShowEndpoint":
                self._list(number, [f"Match: {self.world.trunk}/32"], event="IdentifyDetail")
            case "Originate":
                self.block(*success)
                self._call_up(asked["Channel"].split("/")[1], asked["Data"].rpartition(":")[2])
            case "CoreSettings":
                self.block(*success, "AsteriskVersion: 22.0.0")
            case _:
                self.block(*success)

    def _list(self, number: str, entries: list[str], event: str = "Entry") -> None:
        self.block("Response: Success", number, "EventList: start")
        for entry in entries:
            self.block(f"Event: {event}", number, entry)
        self.block("Event: ListComplete", number, "EventList: Complete")

    def _getvar(self, asked: dict[str, str], number: str) -> None:
        name = asked["Variable"]
        value = ""
        if name == "EPOCH":
            value = str(int(self.world.now()))
        elif name.startswith("DEVICE_STATE"):
            talking = {leg.phone.registered for leg in self.standing if leg.state == "up"}
            value = "INUSE" if name.removeprefix("DEVICE_STATE(PJSIP/").rstrip(")") in talking else "NOT_INUSE"
        elif "Channel" in asked:
            leg = next((leg for leg in self.legs.values() if leg.channel == asked["Channel"]), None)
            if leg is None or leg.state == "gone":
                self.block("Response: Error", number, "Message: No such channel")
                return
            value = leg.call_id
        self.block("Response: Success", number, f"Variable: {name}", f"Value: {value}")

    def _printed(self, line: str) -> list[str]:
        conf = self.world.configuration
        if line == "dialplan show":
            names = re.findall(r"^\[([^\]]+)\]", (conf / "extensions.conf").read_text(), re.MULTILINE)
            return [f"[ Context '{name}' created by 'pbx_config' ]" for name in names]
        if line == "module show":
            names = re.findall(r"^load\s*=>?\s*(\S+)", (conf / "modules.conf").read_text(), re.MULTILINE)
            return [f"{name}  it does   0  Running  core" for name in names]
        if line == "core show settings":
            folder = self.world.log_folder
            return [f"  Log directory:   {folder}", "  Configuration directory: /ringproof/conf"]
        if line.startswith("pjsip set logger pcap"):
            self.world.begin_capture()
        if line == "pjsip show transports":
            return ["Transport:  transport-udp      udp      0      0  0.0.0.0:5060"]
        return ["done"]

    # --- calls
    def register(self, phone: ScriptedPhone) -> None:
        self.registered[phone.registered] = phone
        where = f"IPV4/UDP/{phone.address}/{phone.port}"
        self.event("SuccessfulAuth", AccountID=phone.registered, RemoteAddress=where)

    def _call_up(self, endpoint: str, port: str) -> None:
        """Bring up the call of a phone with one outside: what ApplicationDial does for an Originate."""
        outside = next(phone for phone in self.world.phones if phone.port == int(port))
        for phone, name in ((self.registered[endpoint], endpoint), (outside, "trunk")):
            leg = self._leg(phone, name, outgoing=True)
            self.standing.append(leg)
            phone.say(say.Invited, call_id=leg.call_id, caller_id="", dialled=name)

    def _leg(self, phone: ScriptedPhone, endpoint: str, *, outgoing: bool) -> Leg:
        self.numbers += 1
        leg = Leg(phone, f"PJSIP/{endpoint}-{self.numbers:08x}", f"call-{self.numbers}")
        self.legs[leg.call_id] = leg
        linked = self.caller.channel if self.caller is not None else leg.channel
        state = "Down" if outgoing else "Ring"
        self.event("Newchannel", Channel=leg.channel, ChannelStateDesc=state, Linkedid=linked)
        return leg

    def take_call(self, phone: ScriptedPhone, number: str) -> None:
        self.world.on_call()
        self.caller = leg = self._leg(phone, "trunk", outgoing=False)
        self.world.packet(leg, "INVITE", sent=False)
        phone.say(say.CallPlaced, call_id=leg.call_id)
        phone.say(say.Progress, call_id=leg.call_id, code=100)
        self.event(
            "Newexten", Channel=leg.channel, Linkedid=leg.channel, Application="Dial", AppData="PJSIP/101&PJSIP/102"
        )
        if number in self.world.menus:
            leg.state = "up"
            self.world.later(0.01, lambda: phone.say(say.Progress, call_id=leg.call_id, code=200))
            return
        self.plan = list(self.world.plans[number])
        self.world.later(0.01, self._next)

    def _next(self) -> None:
        """Ring the next set of phones; with none left the caller is refused."""
        caller = self.caller
        if caller is None or caller.state == "gone" or self.connected:
            return
        if not self.plan:
            self._end_caller(480)
            return
        self.wave += 1
        wave = self.wave
        if caller.state == "ringing":
            caller.phone.say(say.Progress, call_id=caller.call_id, code=180)
        for name in self.plan.pop(0):
            phone = self.registered.get(name)
            if phone is not None and phone.alive:
                self._ring(phone, name)
        self.world.later(RING_S, lambda: self._give_up(wave))

    def _ring(self, phone: ScriptedPhone, name: str) -> None:
        leg = self._leg(phone, name, outgoing=True)
        self.world.packet(leg, "INVITE", sent=True)
        phone.say(say.Invited, call_id=leg.call_id, caller_id="+74951234567", dialled=name)
        if not phone.frozen:
            self.world.packet(leg, "INVITE", sent=False, code=phone.code)

    def _give_up(self, wave: int) -> None:
        if wave == self.wave and self.caller is not None and self.caller.state != "gone" and not self.connected:
            self._cancel_all("none")
            self._next()

    def _ringing(self) -> list[Leg]:
        legs = [leg for leg in self.legs.values() if leg is not self.caller and leg not in self.standing]
        return [leg for leg in legs if leg.state == "ringing"]

    def _cancel_all(self, but: str, q850: int | None = None) -> None:
        for leg in self._ringing():
            if leg.call_id != but:
                self.world.packet(leg, "CANCEL", sent=True)
                leg.phone.say(say.Cancelled, call_id=leg.call_id, q850=q850, sip=200 if q850 == 26 else None)
                self.world.packet(leg, "INVITE", sent=False, code=487)
                self._gone(leg)

    def _gone(self, leg: Leg) -> None:
        leg.state = "gone"
        assert self.caller is not None
        self.event("Hangup", Channel=leg.channel, Linkedid=self.caller.channel, Cause=16)

    def answer(self, phone: ScriptedPhone, call_id: str) -> None:
        leg, caller = self.legs[call_id], self.caller
        if leg in self.standing:
            leg.state = "up"
            phone.say(say.Confirmed, call_id=call_id)
            self.event("BridgeEnter", BridgeUniqueid="b0", Channel=leg.channel, Linkedid=self.standing[0].channel)
            return
        if leg.state != "ringing" or caller is None:
            return
        was_up = caller.state == "up"
        leg.state = caller.state = "up"
        self.connected = True
        self.world.packet(leg, "INVITE", sent=False, code=200)
        phone.say(say.Confirmed, call_id=call_id)
        self._cancel_all(call_id, 26)
        if not was_up:
            caller.phone.say(say.Progress, call_id=caller.call_id, code=200)
        for each in (leg, caller):
            self.event(
                "BridgeEnter", BridgeUniqueid="b1", BridgeTechnology="simple_bridge",
                Channel=each.channel, Linkedid=caller.channel,
            )  # fmt: skip

    def refuse(self, phone: ScriptedPhone, call_id: str, code: int) -> None:
        leg = self.legs[call_id]
        if leg.state != "ringing":
            return
        self.world.packet(leg, "INVITE", sent=False, code=code)
        phone.say(say.Refused, call_id=call_id, code=code)
        self._gone(leg)
        if not self._ringing():
            self._next()

    def forward(self, phone: ScriptedPhone, call_id: str, to: str) -> None:
        leg = self.legs[call_id]
        if leg.state == "ringing":
            self.world.packet(leg, "INVITE", sent=False, code=302)
            phone.say(say.Forwarded, call_id=call_id, to=to)
            self._gone(leg)
            self._ring(self.registered[to], to)

    def hang_up(self, phone: ScriptedPhone, call_id: str) -> None:
        leg, caller = self.legs[call_id], self.caller
        if leg in self.standing:
            self._end_standing(phone)
            return
        if leg.state == "gone" or caller is None:
            return
        if leg is not caller and leg.state == "ringing":
            self.refuse(phone, call_id, 487)
            return
        up = leg.state == "up"
        living = [each for each in self.legs.values() if each not in self.standing]
        for each in [each for each in living if each.state == "up" and each is not leg]:
            if each is caller:
                each.phone.say(say.Ended, call_id=each.call_id, by_us=False, code=200)
            else:
                each.phone.say(say.Ended, call_id=each.call_id, by_us=False, code=None)
        phone.say(say.Ended, call_id=call_id, by_us=True, code=(200 if up else 487) if leg is caller else None)
        self._cancel_all("none")
        for each in [each for each in living if each.state != "gone"]:
            if each.state == "up" and self.connected:
                self.event("BridgeLeave", BridgeUniqueid="b1", Channel=each.channel, Linkedid=caller.channel)
            self._gone(each)

    def _end_standing(self, by: ScriptedPhone) -> None:
        for leg in self.standing:
            if leg.state != "gone":
                leg.state = "gone"
                leg.phone.say(say.Ended, call_id=leg.call_id, by_us=leg.phone is by, code=None)
                self.event("BridgeLeave", BridgeUniqueid="b0", Channel=leg.channel)
                self.event("Hangup", Channel=leg.channel, Cause=16)

    def _end_caller(self, code: int) -> None:
        assert self.caller is not None
        caller = self.caller
        caller.phone.say(say.Progress, call_id=caller.call_id, code=code)
        caller.phone.say(say.Ended, call_id=caller.call_id, by_us=False, code=code)
        self._gone(caller)

    def sounds(self, call_id: str) -> bool:
        return self.legs[call_id].state == "up"

    def key(self, call_id: str, digit: str) -> None:
        leg = self.legs[call_id]
        self.event("DTMFEnd", Channel=leg.channel, Linkedid=leg.channel, Digit=digit, Direction="Received")
        if leg is self.caller and leg.state == "up" and not self.connected:
            self.plan = list(self.world.menus.get(digit, []))
            self.world.later(0.01, self._next)


class World:
    """Everything that is scripted in one play, and the fault in it."""

    def __init__(
        self, folder: Path, loop: VirtualLoop, plans: dict[str, list[list[str]]], endpoints: list[str], fault: Fault
    ) -> None:
        self.folder, self.loop, self.fault = folder, loop, fault
        self.plans, self.endpoints = plans, endpoints
        self.menus = {MENU: [], "1": plans["84950000002"]}
        """What its keys ring; the number of the menu itself is no key."""
        self.configuration = self.evidence = folder
        self.has_trunk = True
        self.trunk = TRUNK
        """Who is taken for the trunk."""
        self.passwords: dict[str, str] = {}
        """What the PBX has as passwords of its endpoints."""
        self.unloaded: set[str] = set()
        """Modules that are not loaded."""
        self.boot_log: list[str] = []
        """What Asterisk logs before it is ready."""
        self.log_folder = "/ringproof/evidence"
        self.logs = True
        """It writes a log there."""
        self.on_call: Callable[[], object] = lambda: None
        """What happens besides when the caller calls."""
        self.headers = ""
        """Of an INVITE to a phone: lines, each with its end."""
        self.page: Page
        self.container: ScriptedContainer | None = None
        self.pbx = ScriptedPbx(self)
        self.pipes: list[Pipe] = [self.pbx.pipe]
        self.phones: list[ScriptedPhone] = []
        self.sent = 0
        """How many things have been sent: AMI blocks and messages of phones."""
        self._capture: dpkt.pcap.Writer | None = None
        self.listeners: list[list[bytes]] = []
        """Of the network: what each has heard."""

    def take_page(self, page: Page) -> Page:
        self.page = page
        self.loop.drive(page)
        self.loop.is_waited_for = lambda: any(pipe.stalled for pipe in self.pipes)
        return page

    def now(self) -> float:
        return (self.page.now() + self.page[Word.EPOCH]) / 1e9

    def later(self, seconds: float, then: Callable[[], None]) -> None:
        self.loop.later(seconds, then)

    def next_fault(self) -> str:
        self.sent += 1
        if self.sent != self.fault.at:
            return "none"
        if self.fault.kind == "kill":
            alive = [phone for phone in self.phones if phone.alive]
            if alive:
                alive[self.fault.victim % len(alive)].end(-signal.SIGKILL)
            return "none"
        if self.fault.kind == "end" and self.container is not None:
            self.pbx.close()
            self.container.end(128 + self.fault.victim)
            return "none"
        if self.fault.kind == "shrink":
            os.truncate(self.page.path, self.fault.victim)
            return "none"
        return self.fault.kind

    def begin_capture(self) -> None:
        if self._capture is None:
            self._file = (self.evidence / "sip.pcap").open("wb")
            self._capture = dpkt.pcap.Writer(self._file)

    def packet(self, leg: Leg, method: str, *, sent: bool, code: int | None = None) -> None:
        """Write down what goes between PBX and phone, as Asterisk does it."""
        if self._capture is None or self._file.closed:
            return
        first = f"SIP/2.0 {code} X" if code else f"{method} sip:x@y SIP/2.0"
        more = self.headers if sent and method == "INVITE" else ""
        text = (
            f"{first}\r\nVia: SIP/2.0/UDP x\r\nTo: <sip:x@y>\r\nCall-ID: {leg.call_id}\r\nCSeq: 1 {method}\r\n"
            f"{more}Content-Length: 0\r\n\r\n"
        )
        phone = (socket.inet_aton(leg.phone.address), leg.phone.port)
        pbx = (b"\0\0\0\0", 5060)
        (src, sport), (dst, dport) = (pbx, phone) if sent else (phone, pbx)
        udp = dpkt.udp.UDP(sport=sport, dport=dport, data=text.encode())
        udp.ulen = len(udp)
        ip = dpkt.ip.IP(src=src, dst=dst, p=dpkt.ip.IP_PROTO_UDP, data=udp)
        ip.len = len(ip)
        for listener in self.listeners:
            listener.append(bytes(ip))
        self._capture.writepkt(bytes(dpkt.ethernet.Ethernet(data=ip)), ts=self.now())
        self._file.flush()

    def end(self) -> None:
        if self._capture is not None:
            self._file.close()


class ScriptedTap:
    """Stands where the packet socket of that container stands: nothing is lost, and nothing has to be read."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.link, _ = self._ends = socket.socketpair()

    def listen(self) -> list[bytes]:
        self.world.listeners.append([])
        return self.world.listeners[-1]

    def leave(self, packets: list[bytes]) -> None:
        self.world.listeners = [listener for listener in self.world.listeners if listener is not packets]

    def read(self) -> None:
        pass

    def lost(self) -> int:
        return 0


class ScriptedHouse:
    """Stands where the container of the phones stands: a server that makes scripted phones."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.folder = world.folder
        self.server = world.folder / "socket"
        self.office_address, self.trunk_address = OFFICE, TRUNK
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.listener.bind(str(self.server))
        self.listener.listen(64)
        self.listener.setblocking(False)  # noqa: FBT003
        self.links: list[socket.socket] = []
        world.loop.add_reader(self.listener, self._accept)

    def await_started(self) -> ScriptedHouse:
        return self

    def await_ready(self) -> None:
        pass

    def resolver(self) -> socket.socket:
        link = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        link.bind(("127.0.0.1", 0))
        return link

    def tap(self) -> ScriptedTap:
        return ScriptedTap(self.world)

    def recording(self, name: str) -> str:
        return f"/recordings/{name}"

    def keep_recording(self, name: str, file: Path) -> None:  # noqa: ARG002 - what the file's name says is enough
        """Write a second of the tone of whom the phone is connected with."""
        who = file.stem.split("-", 1)[1].removesuffix("-hears")
        others = [leg.phone for leg in self.world.pbx.legs.values() if leg.state == "up" and leg.phone.name != who]
        with wave.open(str(file), "wb") as sound:
            sound.setparams((1, 2, 8000, 0, "NONE", ""))
            hz = others[0].tone_hz if others else 0
            samples = (round(8000 * math.sin(2 * math.pi * hz * at / 8000)) for at in range(8000))
            sound.writeframes(array.array("h", samples).tobytes())

    def _accept(self) -> None:
        link, _ = self.listener.accept()
        link.setblocking(False)  # noqa: FBT003
        self.links.append(link)
        self.world.loop.add_reader(link, self._serve, link, [])

    def _serve(self, link: socket.socket, made: list[ScriptedPhone]) -> None:
        try:
            request, descriptors = wire.receive(link)
        except OSError:
            request, descriptors = None, []
        if request is None:
            self.world.loop.remove_reader(link)
            for phone in made:
                phone.end(-signal.SIGKILL)
            link.close()
        elif "phone" in request:
            settings = request["phone"]
            channel = socket.socket(fileno=descriptors[0])
            for other in descriptors[1:]:
                socket.close(other)
            phone = ScriptedPhone(
                self.world, settings["name"], settings["address"], 10000 + settings["number"],
                settings["number"], link, channel, tone_hz=settings["tone_hz"],
            )  # fmt: skip
            made.append(phone)
            self.world.phones.append(phone)
            wire.send(link, {"pid": 1000 + settings["number"]})
            phone.say(say.Ready, address=phone.address, port=phone.port)
        elif "stop" in request:
            for phone in made:
                phone.frozen = True
            wire.send(link, {"stopped": True})
        elif "kill" in request:
            for phone in made:
                phone.end(-signal.SIGKILL)

    def end(self) -> None:
        self.world.loop.remove_reader(self.listener)
        self.listener.close()
        for link in self.links:
            with contextlib.suppress(ValueError, OSError):
                self.world.loop.remove_reader(link)
            link.close()


class ScriptedContainer:
    """Stands where `AsteriskContainer` stands; its manager interface is the scripted PBX's."""

    def __init__(self, world: World, run: Any, on_end: Callable[[int], None]) -> None:  # noqa: ANN401
        self.world, self.run, self._on_end = world, run, on_end
        self.addresses = {run.office_network: PBX_OFFICE, run.trunk_network: PBX_TRUNK}
        self.manager: socket.socket | None = None
        world.container = self
        self.exit_status = -1

    def with_name(self, _: str) -> ScriptedContainer:
        return self

    def with_envs(self, **_: str) -> None:
        pass

    with_env = bind = live_in = lambda *_args, **_kwargs: None

    def start(self) -> None:
        if self.world.log_folder == "/ringproof/evidence" and self.world.logs:
            log = [*self.world.boot_log, f"VERBOSE[1] asterisk.c: {READY}"]
            text = "".join(f"[2026-01-01 00:00:00.000] {line}\n" for line in log)
            (self.world.evidence / "full.log").write_text(text)
        with socket.create_server(("127.0.0.1", 0)) as server:  # Asterisk's port is one of TCP
            self.manager = socket.create_connection(server.getsockname())
            theirs, _ = server.accept()
        for end in (self.manager, theirs):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.world.loop.call_soon_threadsafe(self.world.pbx.serve, theirs)

    def abandon(self) -> None:
        pass

    def signal(self, _: str) -> None:
        self.stop()

    def stop(self) -> None:
        self.world.loop.call_soon_threadsafe(self.world.pbx.close)
        self.end(137)

    def end(self, status: int) -> None:
        self._on_end(status)

    def let_go(self) -> None:
        pass
