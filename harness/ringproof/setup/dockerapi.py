"""Send the few requests of the set-up to a Docker engine, over its HTTP API and with the standard library only.

API reference: https://docs.docker.com/reference/api/engine/ (version 1.41 is that of Debian 12's docker.io).
"""

from __future__ import annotations

import http.client
import io
import json
import os
import socket
import ssl
import tarfile
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from ringproof.setup.named import DEFAULT_ADDRESS, TO_OWN, named_engine
from ringproof.setup.output import SetupError

ASK_SECONDS = 10.0
BUILD_SECONDS = 600.0
CHUNK_BYTES = 1 << 20


class EngineError(SetupError):
    """The engine answered a request with an error; the sentence quotes it."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"the engine says: {message}")
        self.status = status


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


@dataclass(frozen=True)
class Engine:
    """A Docker engine by its address: unix:///path, tcp://host:port (TLS as DOCKER_TLS_VERIFY says)."""

    address: str
    by: str = "DOCKER_HOST"
    """What names it, where it is not this machine's own: a variable, or a context of the docker command."""
    way_back: str = f"unset DOCKER_HOST {TO_OWN}"
    """How to use this machine's own engine in its place."""

    @classmethod
    def of_environment(cls) -> Engine:
        """Return the engine that DOCKER_HOST or the docker command's context names, else this machine's own."""
        named = named_engine()
        return cls(named.address, named.by, named.way_back)

    @property
    def is_this_machines_own(self) -> bool:
        """Return whether this is the address at which a dockerd started here would answer."""
        return self.address in {DEFAULT_ADDRESS, "unix:///run/docker.sock"}

    def answers(self, within: float = ASK_SECONDS) -> OSError | None:
        """Ping the engine; return None if it answers within that many seconds, else the error."""
        try:
            with self._asked("GET", "/_ping", timeout=within) as answer:
                answer.read()
        except OSError as error:
            return error
        except (http.client.HTTPException, EngineError) as error:
            return OSError(f"what listens at {self.address} is no Docker engine: {error}")
        return None

    def ask(self, path: str, *, timeout: float = ASK_SECONDS, **query: object) -> Any:  # noqa: ANN401 - JSON
        """Return the engine's answer to a GET request, which changes nothing."""
        with self._asked("GET", f"{path}?{urlencode(query)}", timeout=timeout) as answer:
            return json.load(answer)

    def architecture(self) -> str:
        """Return the processor that the engine's containers run on, as images name it: amd64."""
        return str(self.ask("/version")["Arch"])

    def labels(self, image: str) -> dict[str, str] | None:
        """Return the labels of an image, None where the engine has no such image."""
        facts = self._facts(image)
        return None if facts is None else dict(facts["Config"].get("Labels") or {})

    def identity(self, image: str) -> str | None:
        """Return the id of an image, which stays when it loses its name; None where the engine has no such image."""
        facts = self._facts(image)
        return None if facts is None else str(facts["Id"])

    def _facts(self, image: str) -> dict[str, Any] | None:
        try:
            with self._asked("GET", f"/images/{quote(image)}/json", timeout=ASK_SECONDS) as answer:
                return dict(json.load(answer))
        except EngineError as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return None
            raise

    def with_label(self, label: str, value: str) -> list[str]:
        """Return the ids of the images that carry this label and that no other image is made of."""
        found = self.ask("/images/json", filters=json.dumps({"label": [f"{label}={value}"]}))
        return [str(image["Id"]) for image in found]

    def name(self, image: str, repository: str, tag: str) -> None:
        """Give an image of the engine a name; an image that had it loses it."""
        asked = urlencode({"repo": repository, "tag": tag})
        with self._asked("POST", f"/images/{quote(image)}/tag?{asked}", timeout=ASK_SECONDS) as answer:
            answer.read()

    def discard(self, image: str) -> None:
        """Remove an image, unless a container still runs on it."""
        try:
            with self._asked("DELETE", f"/images/{quote(image)}", timeout=BUILD_SECONDS) as answer:
                answer.read()
        except EngineError as error:
            if error.status not in {HTTPStatus.CONFLICT, HTTPStatus.NOT_FOUND}:
                raise

    def pull(self, repository: str, tag: str, *, silence_seconds: float) -> None:
        """Pull an image. Raises TimeoutError where the engine is silent for longer than `silence_seconds`."""
        asked = urlencode({"fromImage": repository, "tag": tag})
        with self._asked("POST", f"/images/create?{asked}", timeout=silence_seconds) as answer:
            for _ in progress(answer):
                pass

    def import_image(self, chunks: Iterable[bytes], *, repository: str, tag: str, labels: dict[str, str]) -> None:
        """Make an image from a root file system that comes as a tar stream."""
        changes = [("changes", f"LABEL {key}={json.dumps(value)}") for key, value in labels.items()]
        asked = urlencode([("fromSrc", "-"), ("repo", repository), ("tag", tag), *changes])
        with self._asked("POST", f"/images/create?{asked}", chunks, timeout=BUILD_SECONDS) as answer:
            for _ in progress(answer):
                pass

    def build(self, context: bytes, *, tag: str, labels: dict[str, str], build_args: dict[str, str]) -> Iterator[str]:
        """Build an image from a tar with a Dockerfile, and yield what the builder prints, as it comes.

        The build uses this machine's network, so it reaches the mirror as this machine does.
        """
        asked = urlencode(
            {
                "t": tag,
                "labels": json.dumps(labels),
                "buildargs": json.dumps(build_args),
                "networkmode": "host",
                "rm": "1",
                "forcerm": "1",
                "version": "1",
            }
        )
        with self._asked("POST", f"/build?{asked}", [context], timeout=BUILD_SECONDS) as answer:
            for said in progress(answer):
                yield str(said.get("stream", said.get("status", "")))

    def archive(self, images: Iterable[str]) -> Iterator[bytes]:
        """Yield these images with their names as one tar, as it comes; what they share is in it once.

        Where the engine fails meanwhile, its tar ends early, with an error message in JSON.
        """
        asked = urlencode([("names", image) for image in images])
        with self._asked("GET", f"/images/get?{asked}", timeout=BUILD_SECONDS) as answer:
            while chunk := answer.read(CHUNK_BYTES):
                yield chunk

    def load(self, chunks: Iterable[bytes]) -> None:
        """Load the images of such a tar, with their names. Raises EngineError where the engine could not."""
        with self._asked("POST", "/images/load?quiet=1", chunks, timeout=BUILD_SECONDS) as answer:
            for _ in progress(answer):
                pass

    def file_of(self, image: str, path: str) -> bytes:
        """Return the content of a file in an image. Raises EngineError where there is none."""
        body = json.dumps({"Image": image, "Cmd": ["true"]}).encode()
        with self._asked("POST", "/containers/create", [body], kind="application/json", timeout=ASK_SECONDS) as answer:
            container = json.load(answer)["Id"]
        try:
            asked = f"/containers/{container}/archive?{urlencode({'path': path})}"
            with self._asked("GET", asked, timeout=BUILD_SECONDS) as answer:
                packed = io.BytesIO(answer.read())
        finally:
            with self._asked("DELETE", f"/containers/{container}?force=1", timeout=ASK_SECONDS) as answer:
                answer.read()
        with tarfile.open(fileobj=packed) as tar:
            content = tar.extractfile(tar.next() or path)
            if content is None:
                raise EngineError(HTTPStatus.NOT_FOUND, f"{path} in {image} is no file")
            return content.read()

    @contextmanager
    def _asked(
        self,
        method: str,
        path: str,
        body: Iterable[bytes] | None = None,
        *,
        timeout: float,
        kind: str = "application/x-tar",
    ) -> Iterator[http.client.HTTPResponse]:
        """Send a request, yield its answer, and close the connection. Raises EngineError for a status from 400 on."""
        connection = self._connection(timeout)
        headers = {} if body is None else {"Content-Type": kind}
        with closing(connection):
            with suppress(BrokenPipeError, ConnectionResetError):  # it answered before it had read all: see below
                connection.request(method, path, body=body, headers=headers, encode_chunked=body is not None)
            answer = connection.getresponse()
            if answer.status >= HTTPStatus.BAD_REQUEST:
                raise _says_no(answer.status, answer.read().decode(errors="replace"))
            yield answer

    def _connection(self, timeout: float) -> http.client.HTTPConnection:
        where = urlsplit(self.address)
        if where.scheme == "unix":
            return _UnixConnection(where.path, timeout)
        if where.scheme not in {"tcp", "http", "https"} or where.hostname is None:
            raise SetupError(
                f"{self.by}={self.address} is not understood: name an engine as unix:///path or tcp://host:port."
            )
        if where.scheme == "https" or os.environ.get("DOCKER_TLS_VERIFY"):
            return http.client.HTTPSConnection(
                where.hostname, where.port or 2376, timeout=timeout, context=_tls_context()
            )
        return http.client.HTTPConnection(where.hostname, where.port or 2375, timeout=timeout)


def _tls_context() -> ssl.SSLContext:
    place = Path(os.environ.get("DOCKER_CERT_PATH") or Path.home() / ".docker")
    context = ssl.create_default_context(cafile=str(place / "ca.pem"))
    context.load_cert_chain(place / "cert.pem", place / "key.pem")
    return context


def _says_no(status: int, text: str) -> EngineError:
    try:
        text = json.loads(text)["message"]
    except (ValueError, KeyError, TypeError):
        text = text.strip()
    return EngineError(status, text)


def progress(answer: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    """Yield the engine's progress, one JSON object for each line. Raises EngineError for an error in it."""
    for line in answer:
        if not line.strip():
            continue
        said = json.loads(line)
        if "error" in said:
            raise _says_no(HTTPStatus.INTERNAL_SERVER_ERROR, said["error"])
        yield said
