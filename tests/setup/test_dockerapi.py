"""The engine's API as far as the set-up speaks it, against an engine made of a socket."""

import json
import socketserver
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from ringproof.setup.dockerapi import Engine, EngineError
from ringproof.setup.output import SetupError


class _Talk(BaseHTTPRequestHandler):
    """An engine that knows one image, pulls nothing and builds what it is told."""

    def address_string(self) -> str:
        return "unix"

    def log_message(self, *_: object) -> None:
        """Be quiet."""

    def do_GET(self) -> None:
        if self.path == "/_ping":
            self._answer(200, b"OK")
        elif self.path == "/images/known%3A1/json":
            self._answer(200, b'{"Config": {"Labels": {"a": "b"}}}')
        elif self.path == "/images/bare/json":
            self._answer(200, b'{"Config": {"Labels": null}}')
        elif self.path == "/version?":
            self._answer(200, b'{"Arch": "arm64", "Version": "20.10.24"}')
        elif self.path == "/images/get?names=a%3A1&names=b%3A2":
            self._answer(200, b"tar" * 1_000_000)
        elif self.path.startswith("/images/json?"):
            asked = json.loads(parse_qs(urlsplit(self.path).query)["filters"][0])
            self._answer(200, b'[{"Id": "sha256:1"}, {"Id": "sha256:2"}]' if asked == {"label": ["x=7"]} else b"[]")
        elif self.path == "/images/broken/json":
            self._answer(500, b'{"message": "disk full"}')
        else:
            self._answer(404, b'{"message": "No such image"}')

    def do_DELETE(self) -> None:
        self.server.discarded.append(self.path)  # type: ignore[attr-defined]
        status = {"/images/old": 200, "/images/busy": 409}.get(self.path, 500)
        self._answer(status, b'{"message": "it is in use"}')

    def do_POST(self) -> None:
        asked = parse_qs(urlsplit(self.path).query)
        if self.path.startswith("/images/load") and self.server.full:  # type: ignore[attr-defined]
            self._answer(500, b'{"message": "no space left on device"}')
            self.close_connection = True
            return
        if self.path.endswith("/tag?repo=known&tag=1"):
            self.server.asked = {"tag": [self.path]}  # type: ignore[attr-defined]
            self._answer(201, b"")
            return
        if "fromImage" in asked:
            self.server.quiet.wait(30)  # type: ignore[attr-defined]
            return
        self.server.sent = self._sent()  # type: ignore[attr-defined]
        self.server.asked = asked  # type: ignore[attr-defined]
        lines = [{"stream": "Step 1\n"}, {"error": "no space"} if asked.get("t") == ["bad"] else {"stream": "done\n"}]
        self._answer(200, b"".join(json.dumps(line).encode() + b"\r\n" for line in lines))

    def _sent(self) -> bytes:
        sent = b""
        while size := int(self.rfile.readline(), 16):
            sent += self.rfile.read(size)
            self.rfile.readline()
        return sent

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class _Socket(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, path: str) -> None:
        super().__init__(path, _Talk)
        self.quiet = threading.Event()
        self.sent = b""
        self.full = False
        self.discarded: list[str] = []
        self.asked: dict[str, list[str]] = {}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[_Socket]:
    """Run the engine."""
    with _Socket(str(tmp_path / "sock")) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield server
        server.quiet.set()
        server.shutdown()


@pytest.fixture
def engine(server: _Socket, tmp_path: Path) -> Engine:
    """Return the engine's address."""
    assert server
    return Engine(f"unix://{tmp_path / 'sock'}")


def test_an_engine_answers_or_tells_what_stands_in_the_way(engine: Engine, tmp_path: Path) -> None:
    """No socket, and a socket nobody listens at, are obstacles."""
    assert engine.answers() is None
    assert isinstance(Engine(f"unix://{tmp_path / 'none'}").answers(), FileNotFoundError)


def test_labels_of_an_image(engine: Engine) -> None:
    """An image without labels has none; an image that is not there is None; any other refusal is raised."""
    assert engine.labels("known:1") == {"a": "b"}
    assert engine.labels("bare") == {}
    assert engine.labels("unknown") is None
    with pytest.raises(EngineError, match="the engine says: disk full"):
        engine.labels("broken")


def test_a_superseded_image_is_removed_unless_it_is_in_use(engine: Engine, server: _Socket) -> None:
    """A container of another run may still stand on it."""
    engine.discard("old")
    engine.discard("busy")
    assert server.discarded == ["/images/old", "/images/busy"]
    with pytest.raises(EngineError):
        engine.discard("stuck")


def test_a_silent_registry_is_not_waited_for(engine: Engine) -> None:
    """The limit is on silence, so a slow pull goes on and one without an answer does not."""
    with pytest.raises(TimeoutError):
        engine.pull("debian", "forky-slim", silence_seconds=0.1)


def test_an_image_is_imported_from_a_stream(engine: Engine, server: _Socket) -> None:
    """All chunks arrive, with name and labels."""
    engine.import_image(iter([b"tar", b"ball"]), repository="base", tag="1", labels={"from": 'a "b"'})
    assert server.sent == b"tarball"
    assert server.asked == {
        "fromSrc": ["-"],
        "repo": ["base"],
        "tag": ["1"],
        "changes": [r'LABEL from="a \"b\""'],
    }


def test_images_leave_and_enter_as_one_tar(engine: Engine, server: _Socket) -> None:
    """With their names, in pieces, and as they are."""
    pieces = list(engine.archive(["a:1", "b:2"]))
    assert b"".join(pieces) == b"tar" * 1_000_000
    assert len(pieces) > 1
    with pytest.raises(EngineError, match="No such image"):
        next(engine.archive(["c:3"]))
    engine.load(iter([b"tar", b"ball"]))
    assert server.sent == b"tarball"


def test_an_engine_that_is_full_says_so_before_it_has_everything(engine: Engine, server: _Socket) -> None:
    """What it said is told, and not that it hung up."""
    server.full = True
    with pytest.raises(EngineError, match="no space left on device"):
        engine.load(bytes(1 << 20) for _ in range(64))


def test_an_image_is_found_by_a_label_and_gets_a_name(engine: Engine, server: _Socket) -> None:
    """What a build has left, and what had a name before."""
    assert engine.with_label("x", "7") == ["sha256:1", "sha256:2"]
    assert engine.with_label("x", "8") == []
    engine.name("sha256:1", "known", "1")
    assert server.asked == {"tag": ["/images/sha256%3A1/tag?repo=known&tag=1"]}


def test_the_processor_is_named_as_images_name_it(engine: Engine) -> None:
    """Not as the kernel does (aarch64)."""
    assert engine.architecture() == "arm64"


def test_a_build_tells_what_it_does_and_why_it_failed(engine: Engine, server: _Socket) -> None:
    """Its words come one by one; an error among them is raised."""
    assert list(engine.build(b"context", tag="good", labels={}, build_args={"BASE": "b"})) == ["Step 1\n", "done\n"]
    assert server.sent == b"context"
    assert json.loads(server.asked["buildargs"][0]) == {"BASE": "b"}
    words = engine.build(b"context", tag="bad", labels={}, build_args={})
    assert next(words) == "Step 1\n"
    with pytest.raises(EngineError, match="no space"):
        next(words)


def test_an_address_that_is_not_understood_is_named() -> None:
    """DOCKER_HOST=ssh://... is the docker command's own invention."""
    with pytest.raises(SetupError, match="DOCKER_HOST=ssh://me@there is not understood"):
        Engine("ssh://me@there").answers()
