"""What a PBX gets of the container of the phones: neither knows the other."""

from __future__ import annotations

from ringproof.pbx.container import Surroundings
from ringproof.phones.container import RESOLV_CONF_OF_PBX, PhonesContainer


def surroundings_of(phones: PhonesContainer) -> Surroundings:
    """Return by which sockets a PBX is dialled, and which name server it asks."""
    return Surroundings(
        new_socket=lambda: phones.new_socket("tcp"),
        resolv_conf=phones.folder / RESOLV_CONF_OF_PBX,
    )
