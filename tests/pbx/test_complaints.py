"""What Asterisk's log complains of, and what of it refuses a boot.

The lines are those of Asterisk 16 to 22, except for what `app_of_nobody.c` says.
"""

from __future__ import annotations

import pytest
from ringproof.pbx.complaints import BootPolicy, Complaint, allowed_by, is_fatal, missing_sounds, read_complaints

HEAD = "[2026-11-28 02:34:26.073] "
HARMLESS = [
    (
        "WARNING[22] loader.c: Module 'app_macro' has been loaded but was deprecated in Asterisk version 16 and will "
        "be removed in Asterisk version 21. Its replacement is 'app_stack (GoSub)'."
    ),
    (
        "WARNING[22] loader.c: Module 'chan_sip' has been loaded but was deprecated in Asterisk version 17 and will be "
        "removed in Asterisk version 21."
    ),
    (
        "WARNING[22] loader.c: Module 'chan_skinny' has been loaded but will be deprecated in Asterisk version 19 and "
        "will be removed in Asterisk version 21."
    ),
    "WARNING[22] loader.c: Module 'res_adsi' has been loaded but may be removed in a future release.",
    "WARNING[47932] chan_sip.c: chan_sip has no official maintainer and is deprecated.  Migration to",
    "WARNING[47932] chan_sip.c: chan_pjsip is recommended.  See guides at the Asterisk Wiki:",
    "WARNING[47932] chan_sip.c: https://wiki.asterisk.org/wiki/display/AST/Configuring+res_pjsip",
    "WARNING[22] config_options.c: At line 7 of res_parking.conf option 'a' is deprecated. Use 'b' instead",
    "WARNING[22] pbx_config.c: users.conf is deprecated and will be removed in a future version of Asterisk",
    (
        "WARNING[22] pbx_config.c: The use of '_.' for an extension is strongly discouraged and can have unexpected "
        "behavior.  Please use '_X.' instead at line 12 of extensions.conf"
    ),
    (
        "WARNING[22] config.c: '/etc/asterisk/more.conf', line 3:  Same File included more than once! This data will "
        "be saved in /etc/asterisk/extensions.conf if saved back to disk."
    ),
    "WARNING[22] pbx_config.c: Context 'x' already included in 'y' context on include at line 9 of extensions.conf",
    "WARNING[22] res_musiconhold.c: No music on hold classes configured, disabling music on hold.",
    "ERROR[22] res_timing_timerfd.c: timerfd_create() not supported by the kernel.  Not loading.",
    "ERROR[22] loader.c: res_timing_timerfd declined to load.",
    "WARNING[22] loader.c: Some non-required modules failed to load.",
    "WARNING[22] netsock2.c: Unable to set UDPTL CoS to 7: Operation not permitted",
    "WARNING[22] logger.c: rotatetimestamp option has been deprecated.  Please use rotatestrategy instead.",
    "WARNING[22] chan_iax2.c: Default auth method is set to deprecated 'plaintext' at line 9 of iax.conf",
]
"""All that was written is in force: told, whoever wrote it."""
FATAL = [
    "WARNING[22] config.c: No '=' (equal sign) in line 4 of /ringproof/conf/rtp.conf",
    "WARNING[22] config.c: parse error: No category context for line 310 of /etc/asterisk/geolocation.conf",
    "WARNING[22] config.c: Unknown directive '#inclde' at line 3 of extensions.conf",
    "WARNING[22] config.c: Inheritance requested, but category 'phone' does not exist, line 17 of pjsip.conf",
    "WARNING[22] config.c: Unterminated comment detected beginning on line 12",
    "WARNING[22] pbx_config.c: No closing parenthesis found? 'Dial(${PHONES:1},15,r' at line 57 of extensions.conf",
    "WARNING[22] pbx_config.c: Can't use 'next' priority on the first entry at line 5 of extensions.conf!",
    "WARNING[22] pbx_config.c: ==!!== Unknown directive: extn at line 49 of extensions.conf -- IGNORING!!!",
    "WARNING[22] pbx_config.c: Unable to register extension at line 49 of extensions.conf",
    "WARNING[22] pbx.c: Context 'from-trunk' tries to include nonexistent context 'of-nobody'",
    "WARNING[22] pbx_config.c: There is no existence of context 'of-nobody' included at line 9 of extensions.conf",
    "WARNING[22] res_rtp_asterisk.c: Unreasonable values for RTP start/end port in rtp.conf",
    "WARNING[22] res_rtp_asterisk.c: Odd start value for RTP port in rtp.conf, rounding up to 10002",
    "WARNING[22] res_pjsip_endpoint_identifier_ip.c: Identify 'trunk' is not configured to match anything.",
    "WARNING[22] features_config.c: The option 'xfersound' is no longer configurable in features.conf.",
    "WARNING[22] app_queue.c: No call queueing config file (queues.conf), so no call queues",
    "WARNING[22] cel_tds.c: cel_tds module had config problems; declining load",
    "WARNING[22] app_festival.c: No such configuration file festival.conf",
    "WARNING[22] res_pjsip/pjsip_configuration.c: Unrecognized option value smoke for 100rel on endpoint 102",
    "WARNING[22] res_pjsip/config_system.c: Timer T1 setting is too low. Setting to 100",
    "WARNING[22] options.c: 'smoke' is not a valid setting for the lockmode option, defaulting to 'lockfile'",
    "WARNING[22] pbx.c: Extension '5' priority 2 in 'x', label 'a' already in use at priority 1",
    "WARNING[22] pbx.c: Context x contains too many includes (64). Maximum is 64.",
    "WARNING[22] res_musiconhold.c: Music on Hold class 'default' already exists",
    (
        "WARNING[22] loader.c: Module 'app_x' was not compiled with the same compile-time options as this version of "
        "Asterisk."
    ),
    "WARNING[22] loader.c: Module 'app_x' will not be initialized as it may cause instability.",
    "ERROR[22] loader.c: res_odbc declined to load.",
    "ERROR[22] loader.c: Declined modules which depend on res_odbc: res_config_odbc, cdr_odbc",
    "ERROR[22] config_options.c: Error parsing dtmf_mode=smoke at line 20 of",
    (
        "ERROR[22] res_sorcery_config.c: Could not create an object of type 'endpoint' with id '102' from "
        "configuration file 'pjsip.conf'"
    ),
    "ERROR[47854] ari/config.c: No configured users for ARI",
    "ERROR[22] app_of_nobody.c: A sentence that nobody has seen before",
    "WARNING[22] app_of_nobody.c: Something in line 4 of extensions.conf",
]
"""Something that was written is not in force, or an ERROR that nobody knows."""
UNKNOWN = [
    "WARNING[48058] loader.c: Module 'chan_sip.so' already loaded and running.",
    "WARNING[22] pbx_app.c: Already have an application 'VoiceMail'",
    "WARNING[22] pbx_variables.c: Please avoid unnecessary spaces on variables as it may lead to unexpected results",
    "WARNING[22] app_of_nobody.c: A sentence that nobody has seen before",
]
"""Warnings that say nothing of the kind: refused of what Ringproof renders."""


def logged(line: str) -> Complaint:
    """Read one line as a boot's log has it."""
    ((complaint,), since) = read_complaints(f"{HEAD}{line}\n")
    assert since == []
    return complaint


@pytest.mark.parametrize("line", HARMLESS)
def test_a_notice_is_no_refusal(line: str) -> None:
    """Deprecation, advice, and what the container does not offer."""
    assert not is_fatal(logged(line), strict=True)
    assert not is_fatal(logged(line), strict=False)


@pytest.mark.parametrize("line", FATAL)
def test_what_is_dropped_is_fatal(line: str) -> None:
    """Whoever wrote it."""
    assert is_fatal(logged(line), strict=False)
    assert is_fatal(logged(line), strict=True)


@pytest.mark.parametrize("line", UNKNOWN)
def test_an_unknown_warning_is_fatal_for_what_was_rendered_alone(line: str) -> None:
    """Ringproof's own configurations boot without any."""
    assert is_fatal(logged(line), strict=True)
    assert not is_fatal(logged(line), strict=False)


def test_the_log_is_cut_where_the_boot_ends() -> None:
    """What is no complaint is left out, and so is what every play causes."""
    log = "\n".join(
        HEAD + line
        for line in [
            "NOTICE[22] loader.c: 52 modules will be loaded.",
            "ERROR[22] confbridge/conf_config_parser.c: Unable to load config. Not loading module. ",
            "VERBOSE[22] asterisk.c: Asterisk Ready.",
            'VERBOSE[62][C-00000001] pbx.c: Executing [s@x:1] Log("PJSIP/1", "WARNING,] WARNING[1] a.c: b")',
            "ERROR[62][C-00000001] pbx_functions.c: Function CALLERID not registered",
            "WARNING[64] func_channel.c: Unknown or unavailable item requested: 'pjsip,call-id'",
            "WARNING[70][C-00000001] app_channelredirect.c: No such channel: Local/wait@await-00000006;2",
            "WARNING[70][C-00000001] app_channelredirect.c: No such channel: PJSIP/101-00000006",
        ]
    )
    boot, since = read_complaints(log)
    assert [each.text for each in boot] == [
        "confbridge/conf_config_parser.c: Unable to load config. Not loading module."
    ]
    assert [(each.level, each.text) for each in since] == [
        ("ERROR", "pbx_functions.c: Function CALLERID not registered"),
        ("WARNING", "app_channelredirect.c: No such channel: PJSIP/101-00000006"),
    ]
    assert since[0].line == f"{HEAD}ERROR[62][C-00000001] pbx_functions.c: Function CALLERID not registered"


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        ("*declined to load*", True),
        ("res_odbc declined to load.", True),
        ("loader.c: res_*", True),
        ("declined to load", False),
        ("RES_ODBC*", False),
    ],
)
def test_a_shell_pattern_is_about_the_whole_text(pattern: str, *, matches: bool) -> None:
    """With or without the name of Asterisk's source file before it; what is allowed does not refuse."""
    complaint = logged("ERROR[22] loader.c: res_odbc declined to load.")
    assert allowed_by(complaint, ("nothing", pattern)) == ((pattern,) if matches else ())
    for strict in (True, False):
        assert BootPolicy(strict=strict, allow=("nothing", pattern)).refuses(complaint) is not matches
        assert BootPolicy(strict=strict).refuses(complaint)


@pytest.mark.parametrize(
    ("said", "missing", "unopened"),
    [
        ("WARNING[7][C-00000001] file.c: File vm-goodbye does not exist in any format", ["vm-goodbye"], []),
        ("WARNING[7] file.c:663 ast_openstream_full: File beep does not exist in any format", ["beep"], []),
        ("WARNING[7] file.c: File of my own/hello does not exist in any format", ["of my own/hello"], []),
        ("WARNING[7] app_confbridge.c: File conf-kicked does not exist in any format", ["conf-kicked"], []),
        ('WARNING[7] app_dial.c: Announce file "sorry" specified in Retrydial does not exist', ["sorry"], []),
        ("WARNING[7] file.c: Unable to open x (format (ulaw|alaw)): No such file or directory", [], ["x"]),
        ("WARNING[7] file.c: Unable to open /a b/x (format 0x4 (ulaw)): Success", [], ["/a b/x"]),
        ("WARNING[7] pbx_config.c: File x does not exist in any format", [], []),
        ("WARNING[7] file.c: Unable to open x", [], []),
        ("WARNING[7] app_playback.c: Playback failed on PJSIP/trunk-00000000 for x", [], []),
    ],
)
def test_a_sound_that_is_not_played(said: str, missing: list[str], unopened: list[str]) -> None:
    """In each form in which Asterisk says so; what it says of the same sound a second time is no other one."""
    (complaint,) = read_complaints(f"{HEAD}{said}\n")[0]
    assert missing_sounds([complaint]) == (missing, unopened)
    if missing:
        again = Complaint("WARNING", "file.c", f"Unable to open {missing[0]} (format (ulaw)): No such file", "")
        assert missing_sounds([again, complaint, complaint]) == (missing, [])
