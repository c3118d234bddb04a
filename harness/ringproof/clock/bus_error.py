"""Keeps this process alive where somebody shrinks a file that it has mapped.

The kernel then sends SIGBUS at the next access, which ends a process at once. PBX and phones map the page from
containers, and who may write to a file may shrink it: neither a mount nor a mode separates the two, and no engine can
mount a sealed memfd, which has no path. To read and write by pread and pwrite takes nine times as long, and does not
promise that a word is stored whole.
"""

from __future__ import annotations

import ctypes
import mmap
import signal
import weakref

_ADDRESS_AT = 16
"""Where `si_addr` stands in siginfo_t (64-bit Linux)."""
_SA_SIGINFO = 4
_MAP_FIXED = 0x10
_HANDLER = ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
_libc = ctypes.PyDLL(None)  # keeps the interpreter's lock: the handler runs in the middle of an access of Python's
_libc.mmap.restype = ctypes.c_void_p
_libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long]


class _SigAction(ctypes.Structure):
    """`struct sigaction` of the C library."""

    _fields_ = (
        ("handler", ctypes.c_void_p),
        ("mask", ctypes.c_ulong * 16),
        ("flags", ctypes.c_int),
        ("restorer", ctypes.c_void_p),
    )


_ranges: dict[int, int] = {}
"""Sizes of the mapped files, by their first address."""
_before = _SigAction()
"""What is done about SIGBUS elsewhere, such as by faulthandler."""


def survive_shrinking(owner: object, first: int, size: int) -> None:
    """Have zeros stand in the place of a mapped file as soon as it is too short, for as long as `owner` lives.

    `first` is the mapping's first address. Nothing reports it here: who owns the mapping has to look at its content.
    """
    _ranges[first] = size
    weakref.finalize(owner, _ranges.pop, first, None).atexit = False
    _install()


def _install() -> None:
    """Handle SIGBUS; again where somebody has replaced the handler since."""
    present = _SigAction()
    _libc.sigaction(signal.SIGBUS, None, ctypes.byref(present))
    if present.handler != _ours.handler:
        ctypes.pointer(_before)[0] = present
        _libc.sigaction(signal.SIGBUS, ctypes.byref(_ours), None)


def _replace(_number: int, info: int, _context: int) -> None:
    """Map zeros where the access failed; it is made again when this returns. Other accesses fail as they did before."""
    address = ctypes.c_uint64.from_address(info + _ADDRESS_AT).value
    for first, size in list(_ranges.items()):
        if first <= address < first + size:
            flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | _MAP_FIXED
            _libc.mmap(first, size, mmap.PROT_READ | mmap.PROT_WRITE, flags, -1, 0)
            return
    _libc.sigaction(signal.SIGBUS, ctypes.byref(_before), None)


_callback = _HANDLER(_replace)
_ours = _SigAction(handler=ctypes.cast(_callback, ctypes.c_void_p).value, flags=_SA_SIGINFO)
