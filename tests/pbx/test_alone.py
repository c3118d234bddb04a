"""AsteriskContainer in anybody's pytest: no run, no lease, testcontainers' own defaults."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest
from docker.errors import DockerException, NotFound
from ringproof.containers.engine import OWNED
from ringproof.containers.run import RunEnvironment
from ringproof.pbx import Ami, AsteriskContainer, AsteriskEndedError, AsteriskReady, ManagerError, asterisk_container
from testcontainers.core.config import testcontainers_config
from testcontainers.core.container import Reaper
from testcontainers.core.exceptions import ContainerStartException
from testcontainers.core.labels import LABEL_SESSION_ID, SESSION_ID
from testcontainers.core.network import Network
from testcontainers.core.wait_strategies import LogMessageWaitStrategy

IMAGE = "ringproof-asterisk:22"
FILES = {
    "modules.conf": """\
[modules]
autoload=no
load=pbx_config.so
load=res_sorcery_config.so
load=res_sorcery_memory.so
load=res_sorcery_astdb.so
load=res_pjproject.so
load=res_pjsip.so
load=func_channel.so
load=app_dial.so
""",
    "pjsip.conf": """\
[udp]
type=transport
protocol=udp
bind=0.0.0.0

[200]
type=endpoint
context=office
aors=200
disallow=all
allow=alaw

[200]
type=aor
max_contacts=1
""",
    "extensions.conf": """\
[globals]
OFFICE=trading

[office]
exten => 200,1,Answer()
 same => n,Wait(30)
""",
}
BREAKS = "[modules]\nautoload=no\nrequire=no_such_module.so\n"
ENDS_WITHIN_S = 15
"""Far below the 30 s in which Asterisk has to be ready; alone it takes about 2 s."""


@pytest.fixture(autouse=True)
def _no_ryuk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ryuk is an image of a registry, which there may be none of."""
    monkeypatch.setattr(testcontainers_config, "ryuk_disabled", True)


@pytest.fixture(autouse=True)
def _nothing_left() -> Iterator[None]:
    """Neither a container of this process nor a volume of one is there after a test."""
    engine = docker.from_env()
    yield
    label = f"{LABEL_SESSION_ID}={SESSION_ID}"
    left = engine.containers.list(all=True, filters={"label": label})
    engine.close()
    # those of a run, which other tests of this process have open, go with that run
    assert [container.name for container in left if OWNED not in container.labels] == []


@pytest.fixture
def etc(tmp_path: Path) -> Path:
    """A small configuration, written by hand."""
    folder = tmp_path / "etc-asterisk"
    folder.mkdir()
    for name, text in FILES.items():
        (folder / name).write_text(text)
    return folder


def volumes_of(pbx: AsteriskContainer) -> list[str]:
    """Return the names of the volumes of a container."""
    pbx.reload()
    return [mount["Name"] for mount in pbx.get_wrapped_container().attrs["Mounts"] if mount["Type"] == "volume"]


def exists(volume: str) -> bool:
    """Say whether the engine has a volume."""
    engine = docker.from_env()
    try:
        engine.volumes.get(volume)
    except NotFound:
        return False
    finally:
        engine.close()
    return True


@pytest.mark.pbx
def test_a_test_that_is_written_straight_down(etc: Path) -> None:
    """The configuration runs, a call is seen, and the folder is as it was."""
    before = {path: (path.read_text(), path.stat().st_mtime_ns) for path in etc.iterdir()}
    with AsteriskContainer(IMAGE).with_configuration(etc) as pbx:
        ami = pbx.ami()
        assert isinstance(ami, Ami)
        assert pbx.ami() is ami
        assert [entry["ObjectName"] for entry in ami.listing("PJSIPShowEndpoints")] == ["200"]
        assert ami.listing("PJSIPShowContacts") == [], "Asterisk refuses it: No Contacts found"
        assert any("res_pjsip.so" in line for line in ami.command("module show like res_pjsip.so"))
        assert ami.command("nonsense")[0].startswith("No such command")
        assert ami.value("OFFICE") == "trading"
        assert ami.value("NONE") == ""
        ami.action("Originate", Channel="Local/200@office", Application="Wait", Data=20, Async="true", Timeout=5000)
        leg = ami.wait_for("Newchannel", within=5, Exten=200)
        assert leg["Channel"].startswith("Local/200@office-")
        assert ami.variable(leg["Channel"], "CHANNEL(language)") == "en"
        assert leg["Channel"] in {entry["Channel"] for entry in ami.listing("CoreShowChannels")}
        with pytest.raises(
            TimeoutError, match=r"^no event Newchannel Exten=300 within 0.1 s; 1 of this name came: Ext"
        ):
            ami.wait_for("Newchannel", within=0.1, Exten="300")
        ami.wait_for("OriginateResponse", within=5)
        ami.action("Hangup", Channel=leg["Channel"])
        for half in ("1", "2"):  # nothing comes of the call behind its end
            ami.wait_for("Hangup", within=5, Channel=leg["Channel"][:-1] + half)
        ami.forget()
        with pytest.raises(TimeoutError, match=r"^no event Newchannel within 0.1 s; none came last$"):
            ami.wait_for("Newchannel", within=0.1)
        with pytest.raises(ManagerError, match="refused the manager action Nonsense: Invalid/unknown command"):
            ami.listing("Nonsense")
        with pytest.raises(ManagerError, match="refused the manager action Redirect: Channel not specified"):
            ami.action("Redirect")
        volumes = volumes_of(pbx)
    with pytest.raises(RuntimeError, match="this session of the manager interface is closed"):
        ami.action("Ping")
    with pytest.raises(RuntimeError, match="closed"):
        ami.wait_for("Hangup")
    assert {path: (path.read_text(), path.stat().st_mtime_ns) for path in etc.iterdir()} == before
    assert len(volumes) == 1
    assert not exists(volumes[0])


@pytest.mark.pbx
def test_the_documentation_can_be_copied(etc: Path) -> None:
    """Its test, in a folder of somebody's, by a pytest of its own."""
    blocks = re.findall(r"```python\n(.*?)```", Path("docs/asterisk-container.md").read_text(), re.DOTALL)
    (block,) = (block for block in blocks if "AsteriskContainer" in block)
    (etc.parent / "test_copied.py").write_text(block.replace("some/asterisk:22", IMAGE))
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "test_copied.py"],
        cwd=etc.parent,
        env={**os.environ, "TESTCONTAINERS_RYUK_DISABLED": "true"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert (done.returncode, "1 passed" in done.stdout) == (0, True), done.stdout


@pytest.mark.pbx
def test_a_mistake_that_ends_asterisk_is_an_error_at_once(etc: Path) -> None:
    """With Asterisk's own line in the sentence, and the end of the log beside it; nothing is left."""
    (etc / "modules.conf").write_text(BREAKS)
    began = time.monotonic()
    line = r"loader\.c.*: \*\*\* Failed to load module no_such_module\.so - Required$"
    with (
        pytest.raises(AsteriskEndedError, match=rf"(?m)^Asterisk ended \(exit status 2\): .*{line}") as told,
        AsteriskContainer(IMAGE).with_configuration(etc),
    ):
        pass
    assert time.monotonic() - began < ENDS_WITHIN_S
    assert "no_such_module.so: cannot open shared object file" in told.value.__notes__[0]


@pytest.mark.pbx
def test_one_that_removes_itself_has_no_last_words(etc: Path) -> None:
    """`auto_remove` of the user's: the end is noticed, and stop() finds nothing to remove."""
    (etc / "modules.conf").write_text(BREAKS)
    pbx = AsteriskContainer(IMAGE).with_configuration(etc).with_kwargs(auto_remove=True)
    with pytest.raises(AsteriskEndedError, match=r"^Asterisk ended"), pbx:
        pass


@pytest.mark.pbx
def test_an_account_of_ones_own_in_a_manager_conf_that_is_kept(etc: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The interface was off, bound to one address and at another port; what is included stays, too."""
    (etc / "manager.conf").write_text(
        "[general]\nenabled=no\nport=5099\nbindaddr=127.0.0.1\n#include manager.d/*.conf\n"
    )
    (etc / "manager.d").mkdir()
    (etc / "manager.d" / "joe.conf").write_text("[joe]\nsecret=of-joe\nread=system,call\nwrite=all\n")
    (etc / "manager.d" / "jim.conf").write_text("[jim]\nsecret=of-jim\nread=call\nwrite=all\n")
    with AsteriskContainer(IMAGE).with_configuration(etc) as pbx:
        assert "5099" in "".join(pbx.ami().command("manager show settings"))
        with pbx.ami("joe", "of-joe") as joe:
            assert joe is not pbx.ami()
            assert joe.action("Ping")["Response"] == "Success"
        assert not joe.is_open
        with pytest.raises(ManagerError, match=r"refused the manager action Login: Authentication failed$"):
            pbx.ami("joe", "wrong")
        monkeypatch.setattr(asterisk_container, "BOOT_DEADLINE_S", 1.0)
        with pytest.raises(TimeoutError, match="or the account jim may not read events of the class `system`"):
            pbx.ami("jim", "of-jim")
        assert pbx.ami().is_open


@pytest.mark.pbx
def test_the_end_of_asterisk_ends_every_wait(etc: Path) -> None:
    """Who waits for an event, asks, or wants another session learns it at once."""
    with AsteriskContainer(IMAGE).with_configuration(etc) as pbx:
        ami = pbx.ami()
        began = time.monotonic()
        pbx.get_wrapped_container().kill()
        for ask in (lambda: ami.wait_for("Newchannel", within=60), lambda: ami.action("Ping"), pbx.ami):
            with pytest.raises(AsteriskEndedError, match=r"^Asterisk ended \(exit status 137\)"):
                ask()
        assert time.monotonic() - began < ENDS_WITHIN_S


@pytest.mark.pbx
def test_two_at_once_on_a_network_of_their_own(etc: Path) -> None:
    """Each has its own ports, secret and calls; what testcontainers offers works beside the configuration."""
    with Network() as network:
        one = AsteriskContainer(IMAGE).with_configuration(etc).with_network(network).with_network_aliases("one")
        other = (
            AsteriskContainer(IMAGE, manager_port=1)
            .with_configuration(etc)
            .with_copy_into_container(b"[home]\nexten => 300,1,Wait(9)\n", "/etc/asterisk/extensions.conf")
            .with_env("WHOSE", "of the test")
            .with_exposed_ports("5060/udp")
            .with_network(network)
            .with_kwargs(hostname="other", mem_limit="1g")
        )
        with one, other:
            assert one.get_exposed_port(5038) != other.get_exposed_port(5038)
            assert other.get_exposed_port(5060)
            assert other.exec(["sh", "-c", "echo $WHOSE; hostname"]).output == b"of the test\nother\n"
            assert other.exec(["getent", "hosts", "one"]).exit_code == 0
            assert any("300" in line for line in other.ami().command("dialplan show home"))
            assert not any("300" in line for line in one.ami().command("dialplan show home"))
            one.ami().action("Originate", Channel="Local/200@office", Application="Wait", Data=9, Async="true")
            one.ami().wait_for("Newchannel", within=5)
            with pytest.raises(TimeoutError):
                other.ami().wait_for("Newchannel", within=0.1)


@pytest.mark.pbx
def test_sip_is_reached_at_a_published_port(etc: Path) -> None:
    """As docs/asterisk-container.md says: the host's port is the engine's choice, or the test's."""
    (etc / "modules.conf").write_text("[modules]\nautoload=yes\n")
    pbx = AsteriskContainer(IMAGE).with_configuration(etc).with_exposed_ports("5060/udp")
    with pbx, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as phone:
        phone.settimeout(5)
        phone.connect((pbx.get_container_host_ip(), pbx.get_exposed_port(5060)))
        branch = "Via: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK1;rport"
        parties = ["From: <sip:a@127.0.0.1>;tag=1", "To: <sip:200@pbx>", "Call-ID: 1", "CSeq: 1 OPTIONS"]
        phone.send("\r\n".join(["OPTIONS sip:200@pbx SIP/2.0", branch, *parties, "Content-Length: 0", "", ""]).encode())
        assert phone.recv(2000).startswith(b"SIP/2.0 ")


@pytest.mark.pbx
def test_another_wait_strategy_and_a_second_start(etc: Path) -> None:
    """`ami()` itself waits until Asterisk answers; a container can be started again."""
    pbx = AsteriskContainer(IMAGE).with_configuration(etc).waiting_for(LogMessageWaitStrategy("PBX UUID"))
    with pytest.raises(ContainerStartException, match="Container is not started"):
        pbx.ami()
    for _ in range(2):
        with pbx:
            assert pbx.ami().action("Ping")["Response"] == "Success"


@pytest.fixture(scope="module")
def other_image(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An image with a command, a user of its own, and its configuration on a volume in another place."""
    name = f"ringproof-test-alone:{os.getpid()}"
    context = tmp_path_factory.mktemp("image")
    # its layers are of this process alone, too: another one removes its own image while this one is built
    (context / "asterisk.conf").write_text(f"; of {name}\n[directories]\nastetcdir => /opt/pbx\n")
    (context / "modules.conf").write_text(FILES["modules.conf"])
    (context / "extensions.conf").write_text("[of_the_image]\nexten => 1,1,Wait(1)\n")
    (context / "manager.conf").write_text("[general]\nenabled=yes\nport=5040\n[joe]\nsecret=of-joe\nread=all\n")
    (context / "cdr.conf").write_text("[general]\nenable=no\n")
    (context / "Dockerfile").write_text(f"""\
FROM {IMAGE}
COPY *.conf /opt/pbx/
VOLUME /opt/pbx
USER asterisk
CMD ["asterisk", "-f", "-C", "/opt/pbx/asterisk.conf"]
""")
    engine = docker.from_env()
    engine.images.build(path=str(context), tag=name, forcerm=True)
    yield name
    engine.images.remove(name)
    engine.close()


@pytest.mark.pbx
def test_an_image_that_keeps_its_configuration_elsewhere(etc: Path, other_image: str) -> None:
    """Its own command starts Asterisk, as its own user; of its own configuration nothing is left."""
    (etc / "asterisk.conf").write_text("[directories]\nastetcdir => /srv/of/the/real/one\n")
    with AsteriskContainer(other_image).with_configuration(etc, at="/opt/pbx") as pbx:
        assert pbx.exec(["cat", "/proc/1/comm"]).output == b"asterisk\n"
        assert pbx.exec(["id", "-un"]).output == b"asterisk\n"
        assert [entry["ObjectName"] for entry in pbx.ami().listing("PJSIPShowEndpoints")] == ["200"]
        assert "of_the_image" not in "".join(pbx.ami().command("dialplan show"))
        files = pbx.exec(["ls", "/opt/pbx"]).output.decode().split()
        assert files == sorted([*FILES, "asterisk.conf", "manager.conf"]), "the image's cdr.conf is not among them"


@pytest.mark.pbx
def test_an_asterisk_that_reads_another_folder_is_told(etc: Path, other_image: str) -> None:
    """Its manager interface answers, and does not know the account."""
    (etc / "manager.conf").write_text("[general]\nport=5040\n")
    hint = r"its Asterisk does not read /etc/asterisk, give at=FOLDER$"
    with pytest.raises(ManagerError, match=hint), AsteriskContainer(other_image).with_configuration(etc):
        pass


@pytest.mark.pbx
def test_an_image_with_everything_in_it(other_image: str) -> None:
    """Without `with_configuration` there are the accounts of the image."""
    with AsteriskContainer(other_image, manager_port=5040) as pbx:
        joe = pbx.ami("joe", "of-joe")
        with pytest.raises(ManagerError, match="refused the value of CHANNEL: Permission denied"):
            joe.value("CHANNEL")
        with pytest.raises(ManagerError, match="refused the command dialplan show: Permission denied"):
            joe.command("dialplan show")
        assert (
            pbx.exec(["asterisk", "-C", "/opt/pbx/asterisk.conf", "-rx", "dialplan show of_the_image"]).exit_code == 0
        )
        with pytest.raises(
            ValueError, match=r"^there is no account: with_configuration\(folder\) makes one, or call ami"
        ):
            pbx.ami()


@pytest.mark.pbx
def test_an_asterisk_that_does_not_answer_is_a_timeout(other_image: str) -> None:
    """The sentence names the port; testcontainers adds the log."""
    pbx = AsteriskContainer(other_image).waiting_for(AsteriskReady().with_startup_timeout(2))
    sentence = r"(?m)^Asterisk did not answer at its manager port, 5038, within 2 s$"
    with pytest.raises(TimeoutError, match=sentence) as told, pbx:
        pass
    assert "Asterisk Ready" in told.value.__notes__[0]


@pytest.mark.pbx
def test_an_image_that_no_registry_has_is_dockers_own_error(etc: Path) -> None:
    """Nobody listens at that port of this machine."""
    pbx = AsteriskContainer("localhost:1/nobody/asterisk:22").with_configuration(etc)
    with pytest.raises(DockerException, match="localhost:1"), pbx:
        pass


@pytest.mark.pbx
def test_ryuk_is_asked_for_as_for_any_container(etc: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By testcontainers itself, before anything is created; the container has the label by which Ryuk finds it."""
    asked: list[int] = []
    pbx = AsteriskContainer(IMAGE).with_configuration(etc)
    monkeypatch.setattr(testcontainers_config, "ryuk_disabled", False)
    monkeypatch.setattr(
        Reaper, "get_instance", lambda: asked.append(len(pbx.get_docker_client().client.api.containers()))
    )
    with pbx:
        assert len(asked) == 1
        assert pbx.get_wrapped_container().labels[LABEL_SESSION_ID] == SESSION_ID
        assert not any(
            label.startswith("ringproof") for label in pbx.get_wrapped_container().labels if "image" not in label
        )


@pytest.mark.pbx
def test_what_makes_no_sense_is_refused(etc: Path) -> None:
    """A configuration is mounted in a run; the wait strategy is for this class alone."""
    run = RunEnvironment(*[""] * 11)
    with pytest.raises(ValueError, match=r"^in a run the configuration is mounted"):
        AsteriskContainer(IMAGE, run).with_configuration(etc)
    with pytest.raises(TypeError, match=r"^AsteriskReady waits for an AsteriskContainer, and this is a Network$"):
        AsteriskReady().wait_until_ready(Network())  # type: ignore[arg-type]
