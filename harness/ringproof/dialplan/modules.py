"""List the Asterisk modules that a rendered office needs, and why."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

NEEDED: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "Configuration files, and where registrations are kept.": (
            "res_sorcery_config",
            "res_sorcery_memory",
            "res_sorcery_astdb",
        ),
        "The clock that paces sound.": ("res_timing_pthread",),
        "SIP: who calls, who registers, keys by RFC 4733, Reason headers.": (
            "res_pjproject",
            "res_pjsip",
            "res_pjsip_session",
            "res_pjsip_pubsub",
            "res_pjsip_authenticator_digest",
            "res_pjsip_endpoint_identifier_ip",
            "res_pjsip_endpoint_identifier_user",
            "res_pjsip_registrar",
            "res_pjsip_caller_id",
            "res_pjsip_rfc3326",
            "res_pjsip_sdp_rtp",
            "res_rtp_asterisk",
            "chan_pjsip",
        ),
        "Sound.": (
            "bridge_simple",
            "codec_alaw",
            "codec_ulaw",
            "codec_gsm",
            "codec_resample",
            "format_gsm",
            "format_pcm",
            "format_wav",
        ),
        "The dialplan: its file, then the applications and functions that it uses.": (
            "pbx_config",
            "app_channelredirect",
            "app_dial",
            "app_stack",
            "func_channel",
            "func_devstate",
            "func_groupcount",
            "func_logic",
            "func_strings",
            "func_timeout",
        ),
    }
)

TELLS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"The legs of progressive groups tell one another what has happened.": ("func_global", "func_math")}
)

HUNTS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"Hunts choose a member out of a list, one call at a time.": ("func_cut", "func_lock", "func_rand")}
)

SWITCHED_OFF: Mapping[str, str] = MappingProxyType(
    {
        "acl.conf": "",
        "ccss.conf": "[general]",
        "cdr.conf": "[general]\nenable=no",
        "cel.conf": "[general]\nenable=no",
        "features.conf": "[general]",
        "pjproject.conf": "",
        "stasis.conf": "",
        "udptl.conf": "[general]",
    }
)
"""Files of parts of Asterisk's core that always load and complain where their file is missing; no office needs them."""
