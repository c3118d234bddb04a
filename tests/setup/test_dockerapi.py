"""The engine's API as far as the set-up speaks it, against an engine made of a socket."""

import json
import socketserver
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from harness.setup.dockerapi import Engine, EngineError
from harness.setup.telling import SetupError


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
