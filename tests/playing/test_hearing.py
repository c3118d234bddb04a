"""What callers hear and phones show: each office is green as it is meant, and red when somebody would notice."""

from __future__ import annotations

from playing.offices import Office, pair_of_tests
from playing.test_dialplans import MUSIC, QUEUE, agents

OFFICES = {
    "ringback while it rings": Office(
        "Dial(PJSIP/101,20)\nHangup(19)",
        """
        phones: {101: {answers: 12s}}
        when: [{call: anna}]
        expect:
          - ring: [101]
          - caller hears: ringing
          - answer: 101
        """,
        ("(PJSIP/101,20)", "(PJSIP/101,20,m)"),
        frozenset({"hears-other"}),
        ("res_musiconhold",),
        {"musiconhold.conf": "[general]\n"},
    ),
    # For less time than a caller who hears nothing waits, and still no ringback.
    "ringback while it rings for a moment": Office(
        "Dial(PJSIP/101,20)\nHangup(19)",
        """
        phones: {101: {answers: 4s}}
        when: [{call: anna}]
        expect:
          - ring: [101]
          - caller hears: ringing
          - answer: 101
        """,
        ("(PJSIP/101,20)", "(PJSIP/101,20,m)"),
        frozenset({"hears-other"}),
        ("res_musiconhold",),
        {"musiconhold.conf": "[general]\n"},
    ),
    # The PBX has answered, so it sends ringback itself; where a tone is left out there is a gap of 5 s.
    "ringback by its cadence": Office(
        "Answer()\nDial(PJSIP/101,30)\nHangup(19)",
        """
        phones: {101: {answers: 25s}}
        when: [{call: anna}]
        expect:
          - caller gets: {answered by: pbx}
          - ring: [101]
          - caller hears: ringing
          - answer: 101
        """,
        ("ring = 425/1000,0/2000", "ring = 425/1000,0/2000,425/1000,0/2000,425/1000,0/5000"),
        frozenset({"hears-other"}),
        (),
        {
            "indications.conf": "[general]\ncountry=xx\n[xx]\ndescription = Anywhere\nringcadence = 1000,2000\n"
            "ring = 425/1000,0/2000\n"
        },
    ),
    # Nothing is written of it, and dead air is found all the same.
    "nobody waits in dead air": Office(
        "Dial(PJSIP/101,20)\nHangup(19)",
        """
        phones: {101: {answers: 12s}}
        when: [{call: anna}]
        expect:
          - ring: [101]
          - answer: 101
        """,
        ("(PJSIP/101,20)", "(PJSIP/101,20,m)"),
        frozenset({"hears-nothing"}),
        ("res_musiconhold",),
        {"musiconhold.conf": "[general]\n"},
    ),
    "ringback before a phone rings": Office(
        "Ringing()\nWait(7)\nDial(PJSIP/101,20)\nHangup(19)",
        """
        phones: {101: {answers: 3s}}
        when: [{call: anna}]
        expect:
          - ring: [101]
            after: 7s
          - answer: 101
        """,
        ("Ringing()", "NoOp()"),
        frozenset({"hears-nothing"}),
    ),
    "music in the place of ringback": Office(
        "Dial(PJSIP/101,20,m)\nHangup(19)",
        """
        phones: {101: {answers: 12s}}
        when: [{call: anna}]
        expect:
          - ring: [101]
          - caller hears: music
          - answer: 101
        """,
        ("(PJSIP/101,20,m)", "(PJSIP/101,20)"),
        frozenset({"hears-other"}),
        ("res_musiconhold",),
        MUSIC,
    ),
    "a queue with music": Office(
        "Answer()\nQueue(agents,,,,30)\nHangup(19)",
        """
        phones: {102: {answers: 14s}}
        when: [{call: anna}]
        expect:
          - caller gets: {answered by: pbx}
          - ring: [101, 102]
          - caller hears: music
          - answer: 102
        """,
        ("(agents,,,,30)", "(agents,r,,,30)"),
        frozenset({"hears-other"}),
        QUEUE,
        agents("strategy=ringall timeout=15", "PJSIP/101", "PJSIP/102"),
    ),
    "a prompt, and then it rings": Office(
        "Answer()\nPlayback(vm-enter-num-to-call)\nDial(PJSIP/101,20)\nHangup(19)",
        """
        phones: {101: {answers: 12s}}
        when: [{call: anna}, {hear: prompt}]
        expect:
          - caller gets: {answered by: pbx}
          - caller hears: {prompt: vm-enter-num-to-call, language: en}
          - ring: [101]
            after: 2s
          - caller hears: ringing
          - answer: 101
        """,
        ("Playback(vm-enter-num-to-call)", "Playback(vm-and&vm-and&vm-and)"),
        frozenset({"hears-other"}),
        ("app_playback",),
    ),
    # Somebody else's redirect takes him away from it after 0.3 s of its 2 s.
    "a prompt to its end": Office(
        "Answer()\nPlayback(vm-enter-num-to-call)\nDial(PJSIP/101,20)\nHangup(19)\n[cut]\n"
        "exten => 1,1,Wait(0.3)\n same => n,ChannelRedirect(${SAYS},cut,2,1)\n same => n,Hangup()\n"
        "exten => 2,1,Wait(1.7)\n same => n,Dial(PJSIP/101,20)",
        """
        phones: {101: {answers: 3s}}
        when: [{call: anna}]
        expect:
          - caller gets: {answered by: pbx}
          - caller hears: {prompt: vm-enter-num-to-call}
          - ring: [101]
            after: 2s
          - answer: 101
        """,
        (
            "Answer()\nPlayback(vm-enter-num-to-call)",
            "Answer()\nSet(GLOBAL(SAYS)=${CHANNEL})\nOriginate(Local/1@cut,app,Wait,1,,,a)\nPlayback(vm-enter-num-to-call)",
        ),
        frozenset({"hears-other"}),
        ("app_playback", "app_originate", "func_global", "app_channelredirect"),
    ),
    "a prompt from its beginning": Office(
        "Answer()\nControlPlayback(vm-enter-num-to-call)\nDial(PJSIP/101,20)\nHangup(19)",
        """
        phones: {101: {answers: 3s}}
        when: [{call: anna}, {hear: prompt}]
        expect:
          - caller gets: {answered by: pbx}
          - caller hears: {prompt: vm-enter-num-to-call}
          - ring: [101]
            after: 2s
          - answer: 101
        """,
        ("(vm-enter-num-to-call)", "(vm-enter-num-to-call,,,,,,,o(400))\nWait(0.4)"),
        frozenset({"hears-other"}),
        ("app_controlplayback",),
    ),
    "a prompt that is ended by a key": Office(
        "Answer()\nBackground(vm-enter-num-to-call)\nWaitExten(3)\nHangup(19)\n"
        " same => n,Hangup(19)\nexten => 1,1,Dial(PJSIP/101,20)",
        """
        phones: {101: {answers: 3s}}
        when: [{call: anna}, {press: "1"}]
        expect:
          - caller gets: {answered by: pbx}
          - caller hears: {prompt: vm-enter-num-to-call}
          - ring: [101]
          - answer: 101
        """,
        ("Background(vm-enter-num-to-call)", "Background(pbx-invalid)"),
        frozenset({"hears-other"}),
    ),
    # 50 dB less is nothing that anybody hears.
    "a prompt that is heard": Office(
        "Answer()\nSet(VOLUME(TX)=0)\nPlayback(vm-enter-num-to-call)\nDial(PJSIP/101,20)\nHangup(19)",
        """
        phones: {101: {answers: 3s}}
        when: [{call: anna}]
        expect:
          - caller gets: {answered by: pbx}
          - caller hears: {prompt: vm-enter-num-to-call}
          - ring: [101]
            after: 2s
          - answer: 101
        """,
        ("(TX)=0", "(TX)=-300"),
        frozenset({"hears-other"}),
        ("app_playback", "func_volume"),
    ),
    "a prompt in the language of the callers": Office(
        "Answer()\nSet(CHANNEL(language)=en)\nPlayback(vm-enter-num-to-call)\nDial(PJSIP/101,20)\nHangup(19)",
        """
        phones: {101: {answers: 3s}}
        when: [{call: anna}, {hear: prompt}]
        expect:
          - caller gets: {answered by: pbx}
          - caller hears: {prompt: vm-enter-num-to-call, language: en}
          - ring: [101]
            after: 2s
          - answer: 101
        """,
        ("(language)=en", "(language)=ru"),
        frozenset({"hears-other"}),
        ("func_channel", "app_playback"),
    ),
    "a busy tone": Office(
        "Progress()\nPlaytones(busy)\nWait(10)\nHangup(17)",
        """
        when: [{call: anna}]
        expect:
          - caller hears: busy
          - ring: []
            for: 10s
          - nobody: rings
          - caller gets: {code: 486, ended by: pbx}
        """,
        ("Playtones(busy)", "Playtones(ring)"),
        frozenset({"hears-other"}),
        ("app_playtones",),
    ),
    "the number of the caller": Office(
        "Set(CALLERID(num)=0${CALLERID(num):2})\nDial(PJSIP/101,20)\nHangup(19)",
        """
        phones: {101: {answers: 3s}}
        when: [{call: anna}]
        expect:
          - ring: [101]
          - answer: 101
          - shows: {101: "04951234567"}
        """,
        ("=0${CALLERID(num):2}", "=000"),
        frozenset({"shows-other"}),
        ("func_callerid",),
    ),
    # A caller's name is one thing, and his number another.
    "the number of the caller, handed on": Office(
        "Set(CALLERID(num)=${CALLERID(num)})\nDial(PJSIP/101,20)\nHangup(19)",
        """
        phones: {101: {answers: 3s}}
        when: [{call: anna}]
        expect:
          - ring: [101]
          - answer: 101
          - shows: {101: "+74951234567"}
        """,
        ("=${CALLERID(num)}", "=${CALLERID(name)}"),
        frozenset({"shows-other"}),
        ("func_callerid",),
    ),
    # "Forwarded by" a number that is nobody's, whether it is written as RFC 5806 or as RFC 7044 has it.
    "a call that nobody diverted": Office(
        "Dial(PJSIP/101,20,b(says^s^1))\nHangup(19)\n[says]\n"
        "exten => s,1,Set(PJSIP_HEADER(add,X-Office)=<sip:84950000009@office>\\;reason=no-answer)\n"
        " same => n,Return()",
        """
        phones: {101: {answers: 3s}}
        when: [{call: anna}]
        expect:
          - ring: [101]
          - answer: 101
          - shows: {101: "+74951234567"}
        """,
        ("X-Office", "Diversion"),
        frozenset({"shows-other"}),
        ("app_stack", "res_pjsip_header_funcs"),
    ),
    "a call that nobody diverted, by its history": Office(
        "Dial(PJSIP/101,20,b(says^s^1))\nHangup(19)\n[says]\n"
        "exten => s,1,Set(PJSIP_HEADER(add,History-Info)=<sip:101@office>\\;index=1)\n same => n,Return()",
        """
        phones: {101: {answers: 3s}}
        when: [{call: anna}]
        expect:
          - ring: [101]
          - answer: 101
          - shows: {101: "+74951234567"}
        """,
        ("sip:101@office", "sip:84950000009@office"),
        frozenset({"shows-other"}),
        ("app_stack", "res_pjsip_header_funcs"),
    ),
    "a call that was diverted": Office(
        "Set(REDIRECTING(from-num)=84950000001)\nSet(REDIRECTING(count)=1)\nDial(PJSIP/101,20)\nHangup(19)",
        """
        phones: {101: {answers: 3s}}
        when: [{call: anna}]
        expect:
          - ring: [101]
          - answer: 101
          - shows: {101: {from: "+74951234567", diverted by: "84950000001"}}
        """,
        ("84950000001", "84950000009"),
        frozenset({"shows-other"}),
        ("func_callerid", "res_pjsip_diversion"),
    ),
    "a caller who hides his number": Office(
        'GotoIf($["${CALLERID(num)}" = "+74957654321"]?away)\nDial(PJSIP/101,20)\nHangup(19)\n'
        " same => n(away),Hangup(21)",
        """
        phones: {101: {answers: 3s}}
        when: [{call: hidden}]
        expect:
          - ring: [101]
          - answer: 101
          - shows: {101: anonymous}
        """,
        ("+74957654321", "anonymous"),
        frozenset({"ring-missing", "caller-ended-by"}),
        ("func_callerid",),
    ),
    "a phone that is not commanded": Office(
        "Dial(PJSIP/101,20,b(says^s^1))\nHangup(19)\n[says]\n"
        "exten => s,1,Set(PJSIP_HEADER(add,X-Office)=sales)\n same => n,Return()",
        """
        phones: {101: {answers: 3s}}
        when: [{call: anna}]
        expect:
          - ring: [101]
          - answer: 101
        """,
        ("(add,X-Office)=sales", "(add,Alert-Info)=<http://office>\\;info=alert-autoanswer"),
        frozenset({"command-unexpected"}),
        ("app_stack", "res_pjsip_header_funcs"),
    ),
    "an intercom": Office(
        "Dial(PJSIP/101,20,b(says^s^1))\nHangup(19)\n[says]\n"
        "exten => s,1,Set(PJSIP_HEADER(add,Call-Info)=<sip:office>\\;answer-after=0)\n same => n,Return()",
        """
        phones: {101: {answers: 1s}}
        when: [{call: anna}]
        expect:
          - ring: [101]
          - answer: 101
          - picks up by itself: [101]
        """,
        ("Call-Info", "X-Info"),
        frozenset({"command-missing"}),
        ("app_stack", "res_pjsip_header_funcs"),
    ),
    # Out of dialog to the endpoint, as one has a phone fetch its configuration.
    "a phone that is to fetch its configuration": Office(
        'System(asterisk -rx "pjsip send notify asked endpoint 101")\nDial(PJSIP/101,20)\nHangup(19)',
        """
        phones: {101: {answers: 3s}}
        when: [{call: anna}]
        expect:
          - ring: [101]
          - answer: 101
        """,
        ("=>check-sync", "=>talk"),
        frozenset({"command-unexpected"}),
        ("app_system", "res_pjsip_notify"),
        {"pjsip_notify.conf": "[asked]\nEvent=>check-sync\n"},
    ),
    # In the dialog of the ring: each caller's is the first channel of its play, and the phone's the second one.
    "a phone that is to fetch its configuration while it rings": Office(
        "Dial(PJSIP/101&Local/1@sends,20)\nHangup(19)\n[sends]\nexten => 1,1,Wait(1)\n"
        ' same => n,System(asterisk -rx "pjsip send notify asked channel PJSIP/101-00000001")\n same => n,Hangup(17)',
        """
        phones: {101: {answers: 3s}}
        when: [{call: anna}]
        expect:
          - ring: [101]
          - answer: 101
        """,
        ("Event=>check-sync", "Event=>talk"),
        frozenset({"command-unexpected"}),
        ("app_system", "res_pjsip_notify"),
        {"pjsip_notify.conf": "[asked]\nEvent=>check-sync\n"},
    ),
    "a phone that is to fetch its configuration while it talks": Office(
        "Dial(PJSIP/101,20,U(says))\nHangup(19)\n[says]\n"
        "exten => s,1,PJSIPNotify(,&Event=check-sync)\n same => n,Return()",
        """
        phones: {101: {answers: 3s}}
        when: [{call: anna}]
        expect:
          - ring: [101]
          - answer: 101
        """,
        ("=check-sync", "=hold"),
        frozenset({"command-unexpected"}),
        ("app_stack", "res_pjsip_notify"),
        {"pjsip_notify.conf": ""},
    ),
    "a talk of a minute": Office(
        "Dial(PJSIP/101,20)\nHangup(19)",
        """
        phones: {101: {answers: 3s}}
        when: [{call: anna}]
        expect:
          - ring: [101]
          - answer: 101
          - talk: [anna, 101]
            for: 60s
        """,
        ("(PJSIP/101,20)", "(PJSIP/101,20,L(30000))"),
        frozenset({"talk-too-short", "caller-ended-by"}),
    ),
    "a talk of an hour": Office(
        "Dial(PJSIP/101,20)\nHangup(19)",
        """
        phones: {101: {answers: 3s}}
        when: [{call: anna}]
        expect:
          - ring: [101]
          - answer: 101
          - talk: [anna, 101]
            for: 1h
        """,
        ("Dial(PJSIP/101,20)", "Set(TIMEOUT(absolute)=1800)\nDial(PJSIP/101,20)"),
        frozenset({"talk-too-short", "caller-ended-by"}),
        ("func_timeout",),
    ),
    "an announcement after the talk": Office(
        "Dial(PJSIP/101,20,g)\nPlayback(vm-enter-num-to-call)\nHangup(16)",
        """
        phones: {101: {answers: 3s, hangs up: 3s}}
        when: [{call: anna}, {wait: 12s}]
        expect:
          - ring: [101]
          - caller hears: ringing
          - answer: 101
          - caller hears: {prompt: vm-enter-num-to-call}
          - caller gets: {ended by: pbx}
        """,
        ("Playback(vm-enter-num-to-call)", "Wait(2)"),
        frozenset({"hears-other"}),
        ("app_playback",),
    ),
    # It is shorter than the moment within which a phone's hang-up ends the caller's call.
    "a short announcement after the talk": Office(
        "Dial(PJSIP/101,20,g)\nPlayback(beep)\nHangup(16)",
        """
        phones: {101: {answers: 3s, hangs up: 3s}}
        when: [{call: anna}, {wait: 12s}]
        expect:
          - ring: [101]
          - answer: 101
          - caller hears: {prompt: beep}
          - caller gets: {ended by: pbx}
        """,
        ("Playback(beep)", "Playback(vm-and)"),
        frozenset({"hears-other"}),
        ("app_playback",),
    ),
    # Without Answer() or Progress() nothing of it is sent, and the caller's own phone goes on with its ringback.
    "an announcement between two tries": Office(
        "Progress()\nRetryDial(pls-hold-while-try,4,2,PJSIP/101,6)\nHangup(19)",
        """
        when: [{call: anna}]
        expect:
          - ring: [101]
            for: 6s
          - ring: []
            for: 6.5s
          - caller hears: {prompt: pls-hold-while-try}
          - ring: [101]
            for: 6s
          - ring: []
            for: 6.5s
          - nobody: answers
          - missed: {101: 2}
          - caller gets: {code: 480, ended by: pbx}
        """,
        ("Progress()", "NoOp()"),
        frozenset({"hears-other"}),
    ),
}


test_right_is_green, test_broken_is_red = pair_of_tests(OFFICES)
