"""What a PBX gets of the container of the phones: neither knows the other."""

from __future__ import annotations

from ringproof.pbx.container import PhonesNetwork
from ringproof.phones.container import RESOLV_CONF_OF_PBX, PhonesContainer


def phones_network_of(phones: PhonesContainer) -> PhonesNetwork:
    """Return by which sockets a PBX is dialled, and which name server it asks."""
    return PhonesNetwork(
        new_socket=lambda: phones.new_socket("tcp"),
        resolv_conf=phones.folder / RESOLV_CONF_OF_PBX,
    )
