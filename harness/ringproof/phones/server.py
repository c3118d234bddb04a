"""The first process of the phones' container: it forks phones quickly, because pjsua2 is imported once, here.

`ringproof.phones.container` starts it as `python3 -m ringproof.phones.server FOLDER` and connects to the Unix socket
`FOLDER/socket` (SOCK_SEQPACKET: a request is one message, file descriptors come with it as SCM_RIGHTS). The first
request on a connection decides what the connection is for:

* `{"hold": true}`: the container lives as long as this connection. On it the runner asks for sockets of this network
  namespace by `{"socket": "tcp" | "udp"}`, `{"resolver": true}` and `{"capture": true}`; each answer carries one
  descriptor.
* `{"phone": SETTINGS}` with the descriptors of its channel, its log and, where it has a clock, the clock's page: a
  phone is forked, and `{"pid": N}` is the answer. After that, `{"stop": true}` stops its process (the answer is
  `{"stopped": true}`), and `{"kill": true}` kills it. Its end is reported as `{"status": N}`, negative for a signal.
  The phone is also killed when this connection ends.

The server uses only the standard library and pjsua2, and one thread, because it forks.
"""

from __future__ import annotations

import ctypes
import gc
import os
import select
import signal
import socket
import sys
from typing import TYPE_CHECKING, NoReturn

from ringproof.phones import process
from ringproof.phones.wire import receive, send

if TYPE_CHECKING:
    from ringproof.phones.wire import Request

DNS_PORT = 53
CAPTURE = "RINGPROOF_CAPTURE"
"""Environment variable with the number of the packet socket that the container's seal has opened."""
LIBSRTP = "libsrtp2.so.1"
"""Initialised here, once: else each phone would test all its ciphers (phones-image/config_site.h)."""
HELD_WITHIN_S = 60.0
"""Seconds after which the process that started the container and never connected is taken for dead."""
NOT_HELD = 75
"""Exit status (EX_TEMPFAIL) where no process has held the container in time."""
_SOCKETS = {"tcp": socket.SOCK_STREAM, "udp": socket.SOCK_DGRAM}


class _Connection:
    """One connection, and the phone that was forked for it, if any."""

    def __init__(self, link: socket.socket) -> None:
        self.link = link
        self.pid = 0
        self.pidfd = -1
        self.holds = False


class Server:
    """The server with all that it has open: one instance, one thread."""

    def __init__(self, folder: str) -> None:
        """Listen on the socket in `folder`, and open the UDP socket of the run's name server."""
        self._capture = int(os.environ[CAPTURE])
        os.set_inheritable(self._capture, False)  # noqa: FBT003  the os module takes no keyword
        self._resolver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._resolver.bind(("", DNS_PORT))
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        path = f"{folder}/socket"
        self._listener.bind(path)
        os.chmod(path, 0o666)  # noqa: S103, PTH101  the runner may be another user here; the folder is the runner's alone
        self._listener.listen(512)
        self._poll = select.epoll()
        self._poll.register(self._listener, select.EPOLLIN)
        self._by_descriptor: dict[int, _Connection] = {}
        self._held = False

    def run(self) -> NoReturn:
        """Serve until the process that holds the container closes its connection."""
        while True:
            events = self._poll.poll(None if self._held else HELD_WITHIN_S)
            if not events and not self._held:
                os._exit(NOT_HELD)
            for descriptor, _ in events:
                if descriptor == self._listener.fileno():
                    self._accept()
                elif (connection := self._by_descriptor.get(descriptor)) is not None:
                    if descriptor == connection.pidfd:
                        self._ended(connection)
                    else:
                        self._serve(connection)

    def _accept(self) -> None:
        link, _ = self._listener.accept()
        link.setblocking(False)  # noqa: FBT003  the socket module takes no keyword
        connection = _Connection(link)
        self._by_descriptor[link.fileno()] = connection
        self._poll.register(link, select.EPOLLIN)

    def _serve(self, connection: _Connection) -> None:
        try:
            request, descriptors = receive(connection.link)
        except BlockingIOError:
            return  # the event was for an earlier connection with the same descriptor
        except OSError:
            request, descriptors = None, []
        if request is None:
            self._hang_up(connection)
            return
        try:
            self._do(connection, request, descriptors)
        except OSError as fault:  # only this request failed: the others are served on
            _reply(connection, {"fault": str(fault)})
        finally:
            for descriptor in descriptors:
                os.close(descriptor)

    def _do(self, connection: _Connection, request: Request, descriptors: list[int]) -> None:
        match request:
            case {"phone": dict(settings)}:
                self._fork(connection, settings, descriptors)
            case {"stop": True} | {"kill": True} if not connection.pid:
                return  # the phone has ended, which has been reported
            case {"stop": True}:
                os.kill(connection.pid, signal.SIGSTOP)
                os.waitid(os.P_PID, connection.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
                _reply(connection, {"stopped": True})
            case {"kill": True}:
                os.kill(connection.pid, signal.SIGKILL)
            case {"hold": True}:
                connection.holds = self._held = True
                _reply(connection, {"held": True})
            case {"socket": str(kind)}:
                with socket.socket(socket.AF_INET, _SOCKETS[kind]) as made:
                    _reply(connection, {"made": True}, made.fileno())
            case {"capture": True}:
                _reply(connection, {"made": True}, self._capture)
            case {"resolver": True}:
                _reply(connection, {"made": True}, self._resolver.fileno())
            case _:
                _reply(connection, {"fault": f"no such request: {request}"})

    def _fork(self, connection: _Connection, settings: Request, descriptors: list[int]) -> None:
        pid = os.fork()
        if pid == 0:
            self._become(settings, descriptors)
        connection.pid, connection.pidfd = pid, os.pidfd_open(pid)
        self._by_descriptor[connection.pidfd] = connection
        self._poll.register(connection.pidfd, select.EPOLLIN)
        _reply(connection, {"pid": pid})

    def _become(self, settings: Request, descriptors: list[int]) -> NoReturn:
        """Become a phone, with the given descriptors and nothing of this server's."""
        status = 1
        try:
            channel, log, *page = descriptors
            os.dup2(log, 1)
            os.dup2(log, 2)
            keep = {0, 1, 2, channel, *page}
            for name in os.listdir("/proc/self/fd"):  # noqa: PTH208  pathlib would be one more import
                if int(name) not in keep:
                    try:
                        os.close(int(name))
                    except OSError:  # the descriptor of the listing itself
                        continue
            process.run(channel, page[0] if page else None, settings)
        except BaseException:  # noqa: BLE001  the end of a process: what is left to do is to report why
            sys.excepthook(*sys.exc_info())
        finally:
            os._exit(status)

    def _ended(self, connection: _Connection) -> None:
        """Report the end of a phone's process, with its status."""
        self._poll.unregister(connection.pidfd)
        del self._by_descriptor[connection.pidfd]
        os.close(connection.pidfd)
        _, status = os.waitpid(connection.pid, 0)
        connection.pid, connection.pidfd = 0, -1
        _reply(connection, {"status": os.waitstatus_to_exitcode(status)})

    def _hang_up(self, connection: _Connection) -> None:
        """Close a connection, and end the phone or the container that depends on it."""
        if connection.holds:
            os._exit(0)  # the kernel ends all other processes of the container
        self._poll.unregister(connection.link)
        del self._by_descriptor[connection.link.fileno()]
        connection.link.close()
        if connection.pid:
            os.kill(connection.pid, signal.SIGKILL)
            self._poll.unregister(connection.pidfd)
            del self._by_descriptor[connection.pidfd]
            os.close(connection.pidfd)
            os.waitpid(connection.pid, 0)


def _reply(connection: _Connection, answer: Request, *descriptors: int) -> None:
    """Send an answer. A peer that has closed its connection gets none; `receive` notices the end."""
    try:
        send(connection.link, answer, *descriptors)
    except OSError:
        return


def main() -> NoReturn:
    """Serve in the folder that the command line names. Raises RuntimeError where libsrtp cannot be initialised."""
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))  # without a handler process 1 of a container ignores it
    if ctypes.CDLL(LIBSRTP).srtp_init() != 0:
        raise RuntimeError(f"{LIBSRTP} could not be begun")
    server = Server(sys.argv[1])
    gc.collect()
    gc.freeze()  # pages that phones share with this process stay shared
    server.run()


if __name__ == "__main__":
    main()
