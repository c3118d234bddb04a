"""The set-up short of the engine, in a Debian 12 that has python3 and make and nothing else."""

from pathlib import Path

import pytest
from bare_debian import copy_checkout, in_chroot, lay_out
from ringproof.setup import apt


@pytest.mark.bare
@pytest.mark.alone
def test_the_python_step_works_on_a_bare_debian(root: Path) -> None:
    """`make venv`, then a second one that does nothing; what Ringproof stands on can be imported."""
    lay_out(root)
    checkout = root / "ringproof"
    checkout.mkdir()
    copy_checkout(checkout)

    assert not (root / "usr/lib/python3/dist-packages/pip").exists()
    assert not Path(f"{root}{apt.CA_BUNDLE}").exists()
    first = in_chroot(root, "make -C /ringproof venv")
    assert "installing python3-venv ca-certificates with apt: done in" in first
    assert "installing requirements.lock with pip: done in" in first
    assert in_chroot(root, "make -s -C /ringproof venv") == ""
    in_chroot(root, "cd / && /ringproof/.venv/bin/python -c 'import ringproof, pydantic, docker, yaml'")
