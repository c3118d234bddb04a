"""Forks the workers of pytest-xdist from one process that has already imported everything.

A new worker would import modules for a second before it plays; six of them on two cores would delay the run by
seconds. execnet starts its workers with a command line, `PYTHON -u -c CODE`, and speaks with them through stdin and
stdout. Here PYTHON is this file: it hands its descriptors and the code to the fork server, which forks a worker, and
ends when that worker ends. The file is run by a bare interpreter, so it imports little, and nothing of Ringproof.
"""

from __future__ import annotations

import array
import json
import os
import signal
import socket
import struct
import sys

_DESCRIPTORS = 3
_LONGEST = 65536


def command(address: str) -> str:
    """Return what to give execnet as `python=`, so that workers come from the fork server at `address`."""
    return f"{sys.executable} -I -S {os.path.abspath(__file__)} {address}"  # noqa: PTH100 - no pathlib in the bare interpreter


def open_fork_server() -> str:
    """Fork the fork server from this process, as it is now, and return its address.

    The server ends with this process. This process must have a single thread at this moment.
    """
    address = f"\0ringproof-{os.getpid()}-{os.urandom(6).hex()}"
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(address)
    listener.listen(64)
    alive, held = os.pipe()
    if os.fork() == 0:
        os.close(held)
        _serve(listener, alive)
    listener.close()
    os.close(alive)
    os.set_inheritable(held, False)  # noqa: FBT003 - open until this process ends, which ends the fork server, too
    return address[1:]


def _serve(listener: socket.socket, alive: int) -> None:
    """Fork a worker for every connection, until the process that opened the fork server is gone."""
    import gc  # noqa: PLC0415 - not for the bare interpreter
    import selectors  # noqa: PLC0415 - as above

    gc.collect()
    gc.freeze()  # garbage collection in a worker leaves out the objects that all share, and so copies no pages of them
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    hang_up = signal.SIG_IGN if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN else signal.SIG_DFL
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # no zombies: how a worker ended is not needed
    with selectors.DefaultSelector() as ready:
        ready.register(listener, selectors.EVENT_READ)
        ready.register(alive, selectors.EVENT_READ)
        while True:
            for key, _ in ready.select():
                if key.fileobj == alive:
                    os._exit(0)
                connection, _ = listener.accept()
                if not _is_own(connection):
                    connection.close()
                elif os.fork() == 0:
                    listener.close()
                    os.close(alive)
                    ready.close()
                    signal.signal(signal.SIGHUP, hang_up)  # nohup holds for workers, too
                    _work(connection)
                else:
                    connection.close()


def _is_own(connection: socket.socket) -> bool:
    """Return True if the other end is of the same user: every user of the machine can reach an abstract address."""
    _, user, _ = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    return bool(user == os.getuid())


def _work(connection: socket.socket) -> None:
    """Become the worker: take over the descriptors and run the code, as `python -c` would."""
    message, descriptors = _receive(connection)
    for number, descriptor in enumerate(descriptors):
        os.dup2(descriptor, number)
        os.close(descriptor)
    for number in (signal.SIGTERM, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.stdin, sys.stdout, sys.stderr = (
        open(number, mode, buffering=1, encoding="utf-8", errors="backslashreplace", closefd=False)  # noqa: SIM115
        for number, mode in enumerate(("r", "w", "w"))
    )
    import random  # noqa: PLC0415 - not for the bare interpreter

    random.seed()
    sys.argv = ["-c"]
    status = 1
    try:
        exec(message["code"], {"__name__": "__main__", "__builtins__": __builtins__})  # noqa: S102 - execnet's own
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
    except BaseException:  # noqa: BLE001 - the process ends: it can only print why
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)  # the fork server's exit handlers are not this worker's


def _receive(connection: socket.socket) -> tuple[dict[str, str], list[int]]:
    received = array.array("i")
    text, ancillary, _, _ = connection.recvmsg(_LONGEST, socket.CMSG_SPACE(_DESCRIPTORS * received.itemsize))
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            received.frombytes(data)
    return json.loads(text), list(received)


def _ask(address: str, code: str) -> None:
    """Have a worker forked with this process's descriptors, and wait until it ends, which closes the connection."""
    for ignored in (signal.SIGINT, signal.SIGHUP):  # a terminal sends it to the worker too; this process ends after it
        signal.signal(ignored, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect("\0" + address)
        rights = array.array("i", range(_DESCRIPTORS))
        connection.sendmsg([json.dumps({"code": code}).encode()], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)])
        for number in range(_DESCRIPTORS):
            os.close(number)
        connection.recv(1)


if __name__ == "__main__":
    _ask(sys.argv[1], sys.argv[-1])
