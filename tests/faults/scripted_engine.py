"""A Docker engine that speaks its API at a Unix socket, has no containers in truth, and refuses what a test says.

docker-py and testcontainers are the real ones: what they raise of an answer is what they raise of Docker's.
"""

from __future__ import annotations

import contextlib
import json
import re
import secrets
import socketserver
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

FULL = "all predefined address pools have been fully subnetted"
Json = dict[str, Any]


@dataclass
class Refusal:
    """A request that is not granted: `status` and the engine's sentence, so many `times`."""

    request: str
    """A pattern of method and path, such as `POST /containers/.*/start`."""
    status: int
    sentence: str
    times: int = 1000


@dataclass
class EngineContainer:
    """What the engine knows of a container."""

    number: str
    name: str
    settings: Json
    """As it was asked for."""
    networks: dict[str, str]
    """Its addresses."""
    ports: Json = field(default_factory=dict)
    log: bytes = b""
    state: str = "created"
    status: int = 0
    over: threading.Event = field(default_factory=threading.Event)
    is_gone: bool = False
    files: list[tuple[str, bytes]] = field(default_factory=list)
    """Archives that were put into it, by folder."""
    signals: list[str] = field(default_factory=list)
    on_end: Callable[[], None] = lambda: None
    """What happens to its connections."""

    def end(self, status: int) -> None:
        """Have its first process end."""
        if not self.over.is_set():
            self.state, self.status = "exited", status
            self.over.set()
            self.on_end()

    def mounted_at(self, inside: str) -> Path:
        """Return what of this machine is mounted there."""
        mounts = self.settings["HostConfig"]["Mounts"]
        return next(Path(mount["Source"]) for mount in mounts if mount["Target"] == inside)

    def inspected(self) -> Json:
        """Return what `docker inspect` shows, as far as anybody looks."""
        networks = {name: {"IPAddress": address} for name, address in self.networks.items()}
        return {
            "Id": self.number,
            "Name": f"/{self.name}",
            "Config": {"Tty": True, "Labels": self.settings.get("Labels") or {}},
            "State": {"Status": self.state, "ExitCode": self.status},
            "NetworkSettings": {"Networks": networks, "Ports": self.ports},
        }


class ScriptedEngine:
    """Images, networks and containers by name, and what is refused."""

    def __init__(self, path: Path, address: str) -> None:
        """Listen at `path`; every container has `address` in each of its networks."""
        self.address = address
        self.images: dict[str, Json] = {}
        """What each starts by itself: `{"Cmd": [...], "Entrypoint": [...]}`."""
        self.networks: dict[str, Json] = {}
        self.containers: dict[str, EngineContainer] = {}
        self.refusals: list[Refusal] = []
        self.security_options: list[str] = []
        self.asked: list[str] = []
        """Method and path of every request, in their order."""
        self.pulled: list[str] = []
        self.on_start: Callable[[EngineContainer], None] = lambda _: None
        """What a container does when it is started."""
        self._server = _Server(str(path), _Talk)
        self._server.engine = self
        threading.Thread(target=self._server.serve_forever, args=[0.01], name="engine", daemon=True).start()

    def refuse(self, request: str, status: int, sentence: str, times: int = 1000) -> None:
        """Refuse a request, which is a pattern of method and path."""
        self.refusals.append(Refusal(request, status, sentence, times))

    @property
    def last(self) -> EngineContainer:
        """The container that was made last."""
        return list(self.containers.values())[-1]

    def close(self) -> None:
        """End all containers, and what waits for their ends with them."""
        for container in self.containers.values():
            container.end(137)
        self._server.shutdown()
        self._server.server_close()

    def answer(  # noqa: PLR0911 - a table of paths
        self, method: str, path: str, query: dict[str, str], body: bytes
    ) -> tuple[int, Any]:
        """Return status and content of the answer."""
        request = f"{method} {path}"
        self.asked.append(request)
        for refusal in self.refusals:
            if refusal.times and re.fullmatch(refusal.request, request):
                refusal.times -= 1
                return refusal.status, {"message": refusal.sentence}
        kind, _, rest = path.removeprefix("/").partition("/")
        match kind:
            case "_ping":
                return 200, b"OK"
            case "version":
                return 200, {"ApiVersion": "1.41", "Version": "20.10.24"}
            case "info":
                return 200, {"SecurityOptions": self.security_options}
            case "images":
                return self._image(method, rest, query)
            case "networks":
                return self._network(method, rest, json.loads(body or b"{}"))
            case "containers":
                return self._container(method, rest, query, body)
        return 404, {"message": "page not found"}

    def _image(self, method: str, rest: str, query: dict[str, str]) -> tuple[int, Any]:
        if method == "POST":
            name = f"{query['fromImage']}:{query['tag']}"
            self.pulled.append(name)
            self.images[name] = {"Cmd": ["asterisk"]}
            return 200, b""
        name = unquote(rest).removesuffix("/json")
        if name not in self.images:
            return 404, {"message": f"No such image: {name}"}
        return 200, {"Id": "sha256:1", "Config": self.images[name]}

    def _network(self, method: str, rest: str, body: Json) -> tuple[int, Any]:
        name, _, action = rest.partition("/")
        if name == "create":
            self.networks[body["Name"]] = {
                "Id": body["Name"], "Name": body["Name"], "Labels": body["Labels"],
                "IPAM": {"Config": [{"Subnet": "172.18.0.0/16", "Gateway": "172.18.0.1/16"}]},
            }  # fmt: skip
            return 201, {"Id": body["Name"]}
        if not name:
            return 200, list(self.networks.values())
        if name not in self.networks:
            return 404, {"message": f"network {name} not found"}
        if action == "connect":
            self.containers[body["Container"]].networks[name] = self.address
        if method == "DELETE":
            del self.networks[name]
            return 204, b""
        return 200, self.networks[name]

    def _container(  # noqa: C901, PLR0911 - a table of actions
        self, method: str, rest: str, query: dict[str, str], body: bytes
    ) -> tuple[int, Any]:
        number, _, action = rest.partition("/")
        if number == "create":
            return 201, {"Id": self._made(json.loads(body), query.get("name", "")).number}
        if number == "json":
            alive = [each for each in self.containers.values() if not each.is_gone]
            return 200, [
                {"Id": each.number, "Names": [f"/{each.name}"], "Labels": each.settings["Labels"]} for each in alive
            ]
        container = self.containers.get(number)
        if container is None or container.is_gone:
            return 404, {"message": f"No such container: {number}"}
        match method, action:
            case "GET", "json":
                return 200, container.inspected()
            case "GET", "logs":
                return 200, container.log
            case "POST", "start":
                container.state = "running"
                self.on_start(container)
            case "POST", "wait":
                container.over.wait()
                return 200, {"StatusCode": container.status}
            case "POST", "kill":
                container.signals.append(query["signal"])
                container.end(137)
            case "PUT", "archive":
                container.files.append((query["path"], body))
                return 200, b""
            case "DELETE", "":
                container.end(137)
                container.is_gone = True
        return 204, b""

    def _made(self, settings: Json, name: str) -> EngineContainer:
        number = secrets.token_hex(6)
        mode = settings["HostConfig"].get("NetworkMode") or "bridge"
        self.containers[number] = made = EngineContainer(number, name or number, settings, {mode: self.address})
        return made


class _Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64
    engine: ScriptedEngine


class _Talk(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def address_string(self) -> str:
        return "unix"

    def log_message(self, *_: object) -> None:
        """Print nothing."""

    def _talk(self) -> None:
        split = urlsplit(self.path)
        query = {key: values[0] for key, values in parse_qs(split.query).items()}
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.headers.get("Transfer-Encoding") == "chunked":
            body = self._chunks()
        path = re.sub(r"^/v\d+\.\d+", "", split.path)
        status, content = self.server.engine.answer(self.command, path, query, body)
        payload = content if isinstance(content, bytes) else json.dumps(content).encode()
        with contextlib.suppress(OSError):  # who asked has hung up
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            if status != 204:
                self.send_header("Content-Length", str(len(payload)))
            self.end_headers()
            self.wfile.write(payload if status != 204 else b"")

    def _chunks(self) -> bytes:
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    do_GET = do_POST = do_PUT = do_DELETE = _talk  # noqa: N815 - the base class's names
