"""What a PBX gets of the container of the phones, since the packages `pbx` and `phones` do not know each other."""

from __future__ import annotations

from ringproof.pbx.container import PhonesNetwork
from ringproof.phones.container import RESOLV_CONF_OF_PBX, PhonesContainer


def phones_network_of(phones: PhonesContainer) -> PhonesNetwork:
    """Return how sockets towards a PBX are made, and the resolv.conf that names its name server."""
    return PhonesNetwork(
        new_socket=lambda: phones.new_socket("tcp"),
        resolv_conf=phones.folder / RESOLV_CONF_OF_PBX,
    )
