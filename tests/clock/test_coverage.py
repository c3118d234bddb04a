"""What an Asterisk could use to tell the time or to wait: covered by the library, or written down as not covered.

The tables are those of asterisk-image/clock/README.md. A new Asterisk, or a new library of it, that waits in a way of
its own is noticed here, before its waves are wrong.
"""

from __future__ import annotations

import re
import subprocess
from functools import cache
from pathlib import Path

import pytest
from ringproof.setup import image, library

README = image.image_dir() / "clock" / "README.md"
EVERYTHING = """
modules=$(dirname "$(find /usr/lib -name res_pjsip.so)")
for file in "$(command -v asterisk)" "$modules"/*.so; do echo "$file"; ldd "$file" | grep -o '/[^ ]*'; done |
    sort -u | grep -vE '/(libc|libm|libpthread|librt|libresolv|libdl|libutil|libanl|libnsl|ld-linux[^/]*)[.-][^/]*$' |
    tar --create --dereference --files-from=-
"""
"""Binary, modules, and all that they load but the C library itself."""

TIME_AND_WAIT = frozenset(
    """
    time gettimeofday clock_gettime timespec_get ftime clock times
    nanosleep clock_nanosleep usleep sleep pause
    poll __poll_chk ppoll __ppoll_chk select pselect epoll_wait epoll_pwait epoll_pwait2
    pthread_cond_init pthread_cond_destroy pthread_cond_wait pthread_cond_timedwait pthread_cond_clockwait
    pthread_cond_signal pthread_cond_broadcast
    cnd_init cnd_wait cnd_timedwait cnd_signal cnd_broadcast mtx_lock mtx_timedlock thrd_create thrd_join thrd_sleep
    sem_init sem_open sem_destroy sem_wait sem_trywait sem_timedwait sem_clockwait sem_post sem_getvalue
    pthread_mutex_lock pthread_mutex_timedlock pthread_mutex_clocklock pthread_spin_lock
    pthread_rwlock_rdlock pthread_rwlock_wrlock pthread_rwlock_timedrdlock pthread_rwlock_timedwrlock
    pthread_rwlock_clockrdlock pthread_rwlock_clockwrlock
    pthread_create pthread_kill pthread_join pthread_timedjoin_np pthread_clockjoin_np pthread_barrier_wait
    fork vfork _Fork clone posix_spawn posix_spawnp system popen daemon forkpty
    wait waitpid waitid wait3 wait4
    alarm ualarm setitimer timer_create timer_settime timerfd_create timerfd_settime timerfd_gettime
    sigwait sigwaitinfo sigtimedwait sigsuspend signalfd
    read __read_chk readv recv __recv_chk recvfrom __recvfrom_chk recvmsg recvmmsg accept accept4 connect
    write writev send sendto sendmsg sendmmsg sendfile
    fread __fread_chk fread_unlocked fgets __fgets_chk fgets_unlocked fgetc fgetc_unlocked getc getc_unlocked getline
    getdelim __getdelim fscanf __isoc99_fscanf __isoc23_fscanf
    flock lockf fcntl fcntl64
    getaddrinfo gethostbyname gethostbyname_r gethostbyname2_r gethostbyaddr gethostbyaddr_r
    res_query res_search res_nquery res_nsearch __res_query __res_search __res_nquery __res_nsearch
    syscall io_uring_enter aio_suspend lio_listio mq_receive mq_timedreceive mq_send mq_timedsend
    msgrcv msgsnd semop semtimedop
    stat lstat fstat fstatat stat64 lstat64 fstat64 fstatat64 __xstat __lxstat __fxstat __fxstatat
    __vsnprintf_chk vsnprintf
    __xstat64 __lxstat64 __fxstat64 __fxstatat64 statx utime utimes utimensat futimes futimens futimesat
    """.split()  # noqa: SIM905 - two hundred names, to be read
)
"""What the C library has of the kind; none of it can be left out of this list because nobody uses it today."""

Imports = dict[str, set[str]]


def table(heading: str) -> set[str]:
    """Return the calls that the first column of a table of the README names."""
    part = README.read_text("utf-8").split(f"\n### {heading}\n")[1].split("\n\nAnd, ")[0].split("\n#")[0]
    rows = [line.split("|")[1] for line in part.splitlines() if line.startswith("| `")]
    return {name for row in rows for name in re.findall(r"`(\w+)`", row)}


@cache
def imports_of(version: str) -> Imports:
    """Return which calls of TIME_AND_WAIT are imported in the image of an Asterisk, and by whom."""
    image.ensure(library.BUILDER)
    everything = subprocess.Popen(
        ["docker", "run", "--rm", "--network=none", "--entrypoint=bash",
         image.ensure(image.recipe_of(version)), "-c", EVERYTHING],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    each = 'for file; do echo "file $file"; objdump -T "$file"; done'
    look = f"cd /tmp && tar --extract && find . -type f -exec sh -c '{each}' - {{}} +"
    with everything:
        dump = subprocess.run(
            ["docker", "run", "--rm", "--interactive", "--network=none", library.BUILDER.name, "sh", "-c", look],
            stdin=everything.stdout, capture_output=True, text=True, check=True, timeout=300,
        ).stdout  # fmt: skip
    imports: Imports = {}
    file = ""
    for line in dump.splitlines():
        if line.startswith("file "):
            file = Path(line.removeprefix("file ")).name
        elif "*UND*" in line and (name := line.split()[-1]) in TIME_AND_WAIT:
            imports.setdefault(name, set()).add(file)
    assert "asterisk" in imports["poll"], "what was looked into is no Asterisk"
    assert any(name.startswith("libasteriskpj") for name in imports["epoll_wait"]), "its libraries are missing"
    return imports


def exports() -> set[str]:
    """Return what the library stands before."""
    symbols = subprocess.run(
        ["docker", "run", "--rm", "--network=none", f"--volume={library.ensure().parent}:/made:ro",
         library.BUILDER.name, "nm", "--dynamic", "--defined-only", "/made/ringproof-clock.so"],
        capture_output=True, text=True, check=True, timeout=60,
    ).stdout  # fmt: skip
    return {line.split()[-1].partition("@")[0] for line in symbols.splitlines()}


def test_the_tables_do_not_overlap() -> None:
    """And name nothing that nobody looks for."""
    covered, not_covered = table("Covered"), table("Not covered")
    assert covered
    assert not_covered
    assert not covered & not_covered
    assert covered | not_covered <= TIME_AND_WAIT


@pytest.mark.pbx
def test_what_is_called_covered_is_what_the_library_has() -> None:
    """No call is missing in the table, none is promised."""
    assert table("Covered") == exports()


@pytest.mark.pbx
@pytest.mark.parametrize("version", image.RELEASES)
def test_every_wait_of_an_asterisk_is_covered_or_written_down(version: str) -> None:
    """What fails here belongs into the library, or with its consequence into the README."""
    unknown = imports_of(version).keys() - table("Covered") - table("Not covered")
    assert {name: sorted(imports_of(version)[name]) for name in unknown} == {}


@pytest.mark.pbx
def test_what_is_not_covered_is_used_by_somebody() -> None:
    """Else it is of no interest, and the table would only grow."""
    used = {name for version in image.RELEASES for name in imports_of(version)}
    assert table("Not covered") - used == set()


@pytest.mark.pbx
def test_asterisk_itself_has_no_timers_of_the_kernel() -> None:
    """They would ring in real time. res_timing_timerfd goes without its timer: it is refused."""
    for version in image.RELEASES:
        for timer in ("alarm", "setitimer", "timer_create", "timerfd_settime"):
            users = imports_of(version).get(timer, set())
            own = {
                name for name in users if name == "asterisk" or re.match(r"(app|chan|func|pbx|res|libasterisk)_?", name)
            }
            assert own <= {"res_timing_timerfd.so"}, (version, timer)
