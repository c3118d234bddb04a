"""Dialplans that offices have and nobody here renders: each is green as it is meant, and red when broken once."""

from __future__ import annotations

from playing.offices import Office, pair_of_tests

QUEUE = ("app_queue", "bridge_holding", "res_musiconhold")
MUSIC = {"musiconhold.conf": "[default]\nmode=files\ndirectory=/usr/share/asterisk/sounds/en/digits\n"}
VOICEMAIL = ("app_voicemail",)
MAILBOXES = {"voicemail.conf": "[general]\nformat=wav\nmaxsecs=60\n[default]\n101 => 1234,Anna\n102 => 1234,Boris\n"}


def agents(settings: str, *members: str) -> dict[str, str]:
    """Return the files of a queue with these settings and members."""
    lines = (*settings.split(), *(f"member={member}" for member in members))
    return {"queues.conf": "[general]\nautofill=yes\n[agents]\n" + "\n".join(lines) + "\n", **MUSIC}


def remembered(*entries: str) -> dict[str, str]:
    """Return the file that has a PBX put these entries into its database when it starts."""
    return {"cli.conf": "[startup_commands]\n" + "".join(f"database put {entry} = yes\n" for entry in entries)}


OFFICES = {
    # All agents at once, the commonest queue there is.
    "a queue that rings all": Office(
        "Answer()\nQueue(agents,,,,30)\nHangup(19)",
        """
        phones: {102: {answers: 4s}}
        when: [{call: anna}]
        expect:
          - ring: [101, 102]
            for: 4s
          - answer: 102
          - talk: [anna, 102]
          - caller gets: {answered by: pbx}
        """,
        ("member=PJSIP/102\n", ""),
        frozenset({"ring-missing"}),
        QUEUE,
        agents("strategy=ringall timeout=15", "PJSIP/101", "PJSIP/102"),
    ),
    # The front desk first, the back office only when it does not answer.
    "a queue in the order of its list": Office(
        "Answer()\nQueue(agents,,,,60)\nHangup(19)",
        """
        phones: {102: {answers: 3s}}
        when: [{call: anna}]
        expect:
          - ring: [101]
            for: 5s
          - ring: []
            for: 2s
          - ring: [102]
            for: 3s
          - answer: 102
          - missed: [101]
          - caller gets: {answered by: pbx}
        """,
        ("member=PJSIP/101\nmember=PJSIP/102", "member=PJSIP/102\nmember=PJSIP/101"),
        frozenset({"ring-instead", "missed-missing"}),
        QUEUE,
        agents("strategy=linear timeout=5 retry=2", "PJSIP/101", "PJSIP/102"),
    ),
    # Calls are to be shared: the next call goes to the next agent.
    "a queue that remembers whose turn it was": Office(
        "Answer()\nQueue(agents,,,,60)\nHangup(19)",
        """
        phones: {101: {answers: 2s, hangs up: 3s}, 102: {answers: 2s}}
        when:
          - call: anna
          - call: boris
            at: {after: 8s, of: {answer: 101}}
        expect:
          anna:
            - ring: [101]
              for: 2s
            - answer: 101
            - caller gets: {answered by: pbx, ended by: 101}
          boris:
            - ring: [102]
              for: 2s
            - answer: 102
            - caller gets: {answered by: pbx}
        """,
        ("strategy=rrmemory", "strategy=linear"),
        frozenset({"ring-instead", "answer-instead", "caller-ended-by"}),
        QUEUE,
        agents("strategy=rrmemory timeout=10 retry=1", "PJSIP/101", "PJSIP/102"),
    ),
    # An agent writes down what was said before the next call reaches him.
    "a queue that leaves time to write": Office(
        "Answer()\nQueue(agents,,,,60)\nHangup(19)",
        """
        phones: {101: {answers: 2s, hangs up: 3s}, 102: {answers: 2s}}
        when:
          - call: anna
          - call: boris
            at: {after: 8s, of: {answer: 101}}
        expect:
          anna:
            - ring: [101]
              for: 2s
            - answer: 101
            - caller gets: {answered by: pbx, ended by: 101}
          boris:
            - ring: [102]
              for: 2s
            - answer: 102
            - caller gets: {answered by: pbx}
        """,
        ("wrapuptime=30\n", ""),
        frozenset({"ring-instead", "answer-instead", "caller-ended-by"}),
        QUEUE,
        agents("strategy=linear timeout=10 retry=1 wrapuptime=30", "PJSIP/101", "PJSIP/102"),
    ),
    # The manager is rung only when no agent can be.
    "a queue with penalties": Office(
        "Answer()\nQueue(agents,,,,60)\nHangup(19)",
        """
        phones: {101: on a call, 102: {answers: 3s}}
        when: [{call: anna}]
        expect:
          - ring: [102]
            for: 3s
          - answer: 102
          - caller gets: {answered by: pbx}
        """,
        ("member=PJSIP/103,1", "member=PJSIP/103"),
        frozenset({"ring-unexpected"}),
        QUEUE,
        agents("strategy=ringall timeout=6 retry=1 ringinuse=no", "PJSIP/101,0", "PJSIP/102,0", "PJSIP/103,1"),
    ),
    # Who talks is not disturbed, though his phone would take a second call.
    "a queue that leaves alone who talks": Office(
        "Answer()\nQueue(agents,,,,60)\nHangup(19)",
        """
        phones: {101: {on a call: always, call waiting: rings}, 102: {answers: 3s}}
        when: [{call: anna}]
        expect:
          - ring: [102]
            for: 3s
          - answer: 102
          - caller gets: {answered by: pbx}
        """,
        ("ringinuse=no", "ringinuse=yes"),
        frozenset({"ring-unexpected"}),
        QUEUE,
        agents("strategy=ringall timeout=15 ringinuse=no", "PJSIP/101", "PJSIP/102"),
    ),
    # Agents are reached by the dialplan, and their state is that of their phone.
    "a queue of Local members that knows their phones": Office(
        "Answer()\nQueue(agents,,,,60)\nHangup(19)\n[leg]\nexten => _10X,1,Dial(PJSIP/${EXTEN},20)\n",
        """
        phones: {101: {on a call: always, call waiting: rings}, 102: {answers: 3s}}
        when: [{call: anna}]
        expect:
          - ring: [102]
            for: 3s
          - answer: 102
          - talk: [anna, 102]
          - caller gets: {answered by: pbx}
        """,
        ("One,PJSIP/101", "One"),
        frozenset({"ring-unexpected"}),
        QUEUE,
        agents(
            "strategy=ringall timeout=15 ringinuse=no",
            "Local/101@leg/n,0,One,PJSIP/101",
            "Local/102@leg/n,0,Two,PJSIP/102",
        ),
    ),
    # At night nobody has logged in, and nobody is to wait in an empty queue.
    "an empty queue sends the call on": Office(
        "Answer()\nQueue(agents,,,,60)\nDial(PJSIP/103,20)\nHangup(19)",
        """
        phones: {101: offline, 102: offline, 103: {answers: 3s}}
        when: [{call: anna}]
        expect:
          - ring: [103]
            for: 3s
          - answer: 103
          - caller gets: {answered by: pbx}
        """,
        ("joinempty=strict", "joinempty=no"),
        frozenset({"ring-missing"}),
        QUEUE,
        agents("strategy=ringall timeout=15 joinempty=strict", "PJSIP/101", "PJSIP/102"),
    ),
    # Who has waited long enough may leave a message.
    "a queue that ends in a mailbox": Office(
        "Answer()\nQueue(agents,,,,8)\nVoiceMail(101@default,u)\nHangup()",
        """
        when:
          - call: anna
          - hang up: anna
            at: {after: 9s, of: {ring: 101}}
        expect:
          - ring: [101]
            for: 8s
          - nobody: answers
          - missed: [101]
          - caller gets: {answered by: pbx, ended by: caller}
        """,
        ("Queue(agents,,,,8)", "Queue(agents,,,,6)"),
        frozenset({"ring-too-short"}),
        (*QUEUE, *VOICEMAIL),
        {**agents("strategy=ringall timeout=20", "PJSIP/101"), **MAILBOXES},
    ),
    # Who comes hears that he is next before anybody rings.
    "a queue that tells the position": Office(
        "Answer()\nQueue(agents,,,,60)\nHangup(19)",
        """
        phones: {101: {answers: 3s}}
        when: [{call: anna}]
        expect:
          - ring: [101]
            after: 7s
            for: 3s
          - answer: 101
          - talk: [anna, 101]
          - caller gets: {answered by: pbx}
        """,
        ("announce-to-first-user=yes\n", ""),
        frozenset({"ring-early"}),
        QUEUE,
        agents("strategy=ringall announce-frequency=30 announce-position=yes announce-to-first-user=yes", "PJSIP/101"),
    ),
    # Whoever hangs up while he waits must not be rung for any more.
    "a queue whose caller gives up": Office(
        "Answer()\nQueue(agents,,,,60)\nHangup(19)",
        """
        when:
          - call: anna
          - hang up: anna
            at: {after: 4s, of: {ring: 101}}
        expect:
          - ring: [101, 102]
            for: 4s
          - nobody: answers
          - missed: [101, 102]
          - caller gets: {answered by: pbx, ended by: caller}
        """,
        ("timeout=15", "timeout=2"),
        frozenset({"ring-too-short", "ring-unexpected"}),
        QUEUE,
        agents("strategy=ringall timeout=15 retry=1", "PJSIP/101", "PJSIP/102"),
    ),
    # One leg into another context, which leads to a third: as offices grow.
    "Local channels in Local channels with a handler": Office(
        """Dial(Local/one@first,20,b(before^s^1))\nHangup(19)
[first]\nexten => one,1,Dial(Local/101@second/n,20)\n[second]\nexten => _10X,1,Dial(PJSIP/${EXTEN},20)
[before]\nexten => s,1,Set(CHANNEL(language)=en)\n same => n,Return()\n""",
        """
        phones: {101: {answers: 3s}}
        when: [{call: anna}]
        expect:
          - ring: [101]
            for: 3s
          - answer: 101
          - talk: [anna, 101]
        """,
        (" same => n,Return()", " same => n,Hangup()"),
        frozenset({"ring-missing", "caller-ended-by"}),
    ),
    # The mobile's mailbox must not take the call: who does not press 1 has not answered.
    "a pick-up that nobody confirms": Office(
        """Dial(PJSIP/101,20,U(confirm))\nDial(PJSIP/102,20)\nHangup(19)
[confirm]\nexten => s,1,Read(KEY,vm-enter-num-to-call,1,,1,2)\n same => n,GotoIf($["${KEY}" = "1"]?yes)
 same => n,Set(GOSUB_RESULT=CONTINUE)\n same => n(yes),Return()\n""",
        """
        phones: {101: {answers: 3s}, 102: {answers: 4s}}
        when: [{call: anna}]
        expect:
          - ring: [101]
            for: 3s
          - ring: []
            for: 4.2s
          - ring: [102]
            for: 4s
          - answer: 102
          - talk: [anna, 102]
          - lost: [101]
        """,
        (" same => n,Set(GOSUB_RESULT=CONTINUE)\n", ""),
        frozenset({"silence-missing", "answer-instead", "lost-missing"}),
        ("app_read",),
    ),
    # His own phone, his colleague, his mailbox.
    "a chain that ends in a mailbox": Office(
        "Dial(PJSIP/101,10)\nDial(PJSIP/102,6)\nVoiceMail(101@default,u)\nHangup()",
        """
        when:
          - call: anna
          - hang up: anna
            at: {after: 7s, of: {ring: 102}}
        expect:
          - ring: [101]
            for: 10s
          - ring: [102]
            for: 6s
          - nobody: answers
          - missed: [101, 102]
          - caller gets: {answered by: pbx, ended by: caller}
        """,
        ("Dial(PJSIP/102,6)", "Dial(PJSIP/102)"),
        frozenset({"ring-too-long", "answer-not-by-pbx"}),
        VOICEMAIL,
        MAILBOXES,
    ),
    # Who talks has his caller leave a message at once.
    "a mailbox for who is busy": Office(
        """Dial(PJSIP/101,10)\nGotoIf($["${DIALSTATUS}" = "BUSY"]?busy)\nHangup(19)
 same => n(busy),VoiceMail(101@default,b)\n same => n,Hangup()\n""",
        """
        phones: {101: {refuses: 486}}
        when:
          - call: anna
          - hear: prompt
          - wait: 3s
          - hang up: anna
        expect:
          - refused: {101: 486}
          - nobody: answers
          - caller gets: {code: 200, ended by: caller}
        """,
        ("101@default,b", "105@default,b"),
        frozenset({"step-failed", "caller-ended-by"}),
        VOICEMAIL,
        MAILBOXES,
    ),
    # "This call is recorded", told before anything costs the caller money.
    "told something before it rings": Office(
        "Progress()\nPlayback(vm-enter-num-to-call,noanswer)\nDial(PJSIP/101,20)\nHangup(19)",
        """
        phones: {101: {answers: 3s}}
        when: [{call: anna}]
        expect:
          - ring: [101]
            after: 2.2s
            for: 3s
          - answer: 101
          - talk: [anna, 101]
        """,
        ("vm-enter-num-to-call,noanswer", "vm-enter-num-to-call"),
        frozenset({"answer-by-pbx"}),
        ("app_playback",),
    ),
    # The same by a PBX behind a trunk without early media.
    "answered and told something before it rings": Office(
        "Answer()\nPlayback(vm-enter-num-to-call)\nDial(PJSIP/101,20,r)\nHangup(19)",
        """
        phones: {101: {answers: 3s}}
        when: [{call: anna}]
        expect:
          - ring: [101]
            after: 2.2s
            for: 3s
          - answer: 101
          - talk: [anna, 101]
          - caller gets: {answered by: pbx}
        """,
        ("Answer()\nPlayback(vm-enter-num-to-call)", "Playback(vm-enter-num-to-call,noanswer)"),
        frozenset({"answer-not-by-pbx"}),
        ("app_playback",),
    ),
    # A provider bills what was answered: nobody there is a busy tone, without an answer.
    "early media and no answer": Office(
        "Progress()\nDial(PJSIP/101,8)\nPlayback(vm-nobodyavail,noanswer)\nHangup(19)",
        """
        when: [{call: anna}]
        expect:
          - ring: [101]
            for: 8s
          - ring: []
            for: 2.8s
          - nobody: answers
          - missed: [101]
          - caller gets: {code: 480, ended by: pbx}
        """,
        ("Hangup(19)", "Hangup(17)"),
        frozenset({"caller-code"}),
        ("app_playback",),
    ),
    # The only expert: the caller is told to hold on, and he is rung again.
    "rung again until nobody answers": Office(
        "RetryDial(pls-hold-while-try,4,2,PJSIP/101,6)\nHangup(19)",
        """
        when: [{call: anna}]
        expect:
          - ring: [101]
            for: 6s
          - ring: []
            for: 6.5s
          - ring: [101]
            for: 6s
          - ring: []
            for: 6.5s
          - nobody: answers
          - missed: {101: 2}
          - caller gets: {code: 480, ended by: pbx}
        """,
        (",4,2,", ",9,2,"),
        frozenset({"ring-too-long", "caller-code", "caller-ended-by"}),
    ),
    # The call is parked while the expert is looked for; if nobody fetches it, it comes back to the desk.
    "a parked call comes back": Office(
        "Answer()\nPark(default,t(8)c(back,s,1))\nHangup(19)\n[back]\nexten => s,1,Dial(PJSIP/101,20)\n",
        """
        phones: {101: {answers: 3s}}
        when: [{call: anna}]
        expect:
          - ring: [101]
            after: 8s
            for: 3s
          - answer: 101
          - talk: [anna, 101]
          - caller gets: {answered by: pbx}
        """,
        ("t(8)", "t(18)"),
        frozenset({"ring-missing"}),
        ("bridge_holding", "res_musiconhold", "res_parking"),
        {
            "res_parking.conf": "[default]\nparkext=700\nparkpos=701-720\ncontext=parkedcalls\ncomebacktoorigin=no\n",
            **MUSIC,
        },
    ),
    # The desk rings at once, the office after five seconds, and the desk gives up first.
    "each leg with a time of its own": Office(
        """Dial(Local/101@soon/n&Local/102@late/n,40)\nHangup(19)
[soon]\nexten => _10X,1,Dial(PJSIP/${EXTEN},12)\n[late]\nexten => _10X,1,Wait(5)
 same => n,Dial(PJSIP/${EXTEN},20)\n""",
        """
        phones: {102: {answers: 10s}}
        when: [{call: anna}]
        expect:
          - ring: [101]
            for: 5s
          - ring: [101, 102]
            for: 7s
          - ring: [102]
            for: 3s
          - answer: 102
          - talk: [anna, 102]
          - missed: [101]
        """,
        ("Wait(5)", "Wait(8)"),
        frozenset({"ring-too-long", "ring-too-short"}),
    ),
    # Who stands at the gate hears music until anybody opens.
    "a door that rings everybody": Office(
        "Dial(PJSIP/101&PJSIP/102&PJSIP/103,20,m(default))\nHangup(19)",
        """
        phones: {103: {answers: 5s}}
        when: [{call: anna}]
        expect:
          - ring: [101, 102, 103]
            for: 5s
          - answer: 103
          - talk: [anna, 103]
        """,
        ("&PJSIP/103", ""),
        frozenset({"ring-missing"}),
        ("bridge_holding", "res_musiconhold"),
        MUSIC,
    ),
    # After six the guard takes the calls.
    "another phone after hours": Office(
        """GotoIfTime(09:00-17:59,mon-fri,*,*?open)\nDial(PJSIP/103,20)\nHangup(19)
 same => n(open),Dial(PJSIP/101,20)\n same => n,Hangup(19)\n""",
        """
        clock: {starts: "2026-03-02 18:30:00 UTC"}
        phones: {103: {answers: 3s}}
        when: [{call: anna}]
        expect:
          - ring: [103]
            for: 3s
          - answer: 103
        """,
        ("17:59", "18:59"),
        frozenset({"ring-instead"}),
    ),
    # Who has been a nuisance is refused.
    "a black list": Office(
        """GotoIf(${DB_EXISTS(blacklist/${CALLERID(num)})}?out)\nDial(PJSIP/101,20)\nHangup(19)
 same => n(out),Hangup(21)\n""",
        """
        phones: {101: {answers: 3s}}
        when: [{call: anna}, {call: boris}]
        expect:
          anna:
            - nobody: rings
            - caller gets: {code: 403, ended by: pbx}
          boris:
            - ring: [101]
              for: 3s
            - answer: 101
        """,
        ("blacklist +7", "blacklist 7"),
        frozenset({"ring-unexpected", "answer-unexpected", "caller-code", "caller-ended-by"}),
        ("func_db", "func_callerid"),
        remembered("blacklist +74951234567 1"),
    ),
    # His calls go to whoever he has said, by a star code that wrote it down.
    "calls sent on by the database": Office(
        """GotoIf(${DB_EXISTS(CF/101)}?on)\nDial(PJSIP/101,20)\nHangup(19)
 same => n(on),Dial(PJSIP/${DB(CF/101)},20)\n same => n,Hangup(19)\n""",
        """
        phones: {103: {answers: 3s}}
        when: [{call: anna}]
        expect:
          - ring: [103]
            for: 3s
          - answer: 103
        """,
        ("DB_EXISTS(CF/101)", "DB_EXISTS(CFU/101)"),
        frozenset({"ring-instead"}),
        ("func_db",),
        remembered("CF 101 103"),
    ),
    # Do not disturb of the PBX: the phone knows nothing of it.
    "left alone by the database": Office(
        """Set(WHO=PJSIP/102)
ExecIf($["${DB(DND/101)}" = ""]?Set(WHO=${WHO}&PJSIP/101))\nDial(${WHO},20)\nHangup(19)""",
        """
        phones: {102: {answers: 3s}}
        when: [{call: anna}]
        expect:
          - ring: [102]
            for: 3s
          - answer: 102
        """,
        ('= ""', '!= ""'),
        frozenset({"ring-unexpected"}),
        ("app_exec", "func_db"),
        remembered("DND 101 YES"),
    ),
    # A menu in five lines.
    "a menu that reads a key": Office(
        """Answer()
Read(KEY,vm-enter-num-to-call,1,,1,5)\nGotoIf($["${KEY}" = "2"]?two)\nDial(PJSIP/101,20)\nHangup(19)
 same => n(two),Dial(PJSIP/102,20)\n same => n,Hangup(19)\n""",
        """
        phones: {102: {answers: 3s}}
        when: [{call: anna}, {press: "2"}]
        expect:
          - ring: [102]
            for: 3s
          - answer: 102
        """,
        ("vm-enter-num-to-call,1,,1,5", "vm-enter-num-to-call,3,,1,5"),
        frozenset({"ring-late"}),
        ("app_read",),
    ),
    # Followed through the house, then the desk. (Nobody picks up, so nobody need press 1.)
    "followed through the house": Office(
        "FollowMe(anna,N)\nDial(PJSIP/103,20)\nHangup(19)\n[leg]\nexten => _10X,1,Dial(PJSIP/${EXTEN},60)\n",
        """
        phones: {103: {answers: 3s}}
        when: [{call: anna}]
        expect:
          - ring: [101]
            for: 6s
          - ring: [102]
            for: 8s
          - ring: [103]
            for: 3s
          - answer: 103
          - missed: [101, 102]
          - caller gets: {answered by: pbx}
        """,
        ("number=>102,8", "number=>102,3"),
        frozenset({"ring-too-short"}),
        ("app_followme",),
        {"followme.conf": "[general]\n[anna]\ncontext=>leg\nnumber=>101,6\nnumber=>102,8\n"},
    ),
    # The same, and the caller is answered first: sound wakes FollowMe, which counts its time by that.
    "followed through the house, answered first": Office(
        "FollowMe(anna)\nDial(PJSIP/103,20)\nHangup(19)\n[leg]\nexten => _10X,1,Dial(PJSIP/${EXTEN},60)\n",
        """
        phones: {103: {answers: 3s}}
        when: [{call: anna}]
        expect:
          - ring: [101]
            for: 6s
            after: 3s            # it is told to hold on
          - caller hears: silence
          - ring: [102]
            for: 8s
          - caller hears: silence
          - ring: [103]
            for: 3s
          - answer: 103
          - missed: [101, 102]
          - caller gets: {answered by: pbx}
        """,
        ("number=>102,8", "number=>102,3"),
        frozenset({"ring-too-short"}),
        ("app_followme",),
        {"followme.conf": "[general]\n[anna]\ncontext=>leg\nnumber=>101,6\nnumber=>102,8\n"},
    ),
    # A question after the talk: the caller stays when the agent has hung up.
    "something told after the talk": Office(
        "Dial(PJSIP/101,20,g)\nPlayback(vm-enter-num-to-call)\nHangup()",
        """
        phones: {101: {answers: 3s, hangs up: 4s}}
        when: [{call: anna}]
        expect:
          - ring: [101]
            for: 3s
          - answer: 101
          - caller gets: {code: 200, ended by: pbx}
        """,
        ("20,g)", "20)"),
        frozenset({"caller-ended-by"}),
        ("app_playback",),
    ),
    # The agent is done and hands on to his colleague by hanging up.
    "the next phone after the talk": Office(
        "Dial(PJSIP/101,20,g)\nDial(PJSIP/102,20)\nHangup(19)",
        """
        phones: {101: {answers: 3s, hangs up: 4s}, 102: {answers: 5s}}
        when: [{call: anna}]
        expect:
          - ring: [101]
            for: 3s
          - answer: 101
          - ring: []
            for: 4s
          - ring: [102]
            for: 5s
          - answer: 102
        """,
        ("20,g)", "20)"),
        frozenset({"silence-missing", "answer-missing", "caller-ended-by"}),
    ),
    # The same mobile, whose owner hangs up instead of pressing 1: a call that nobody took.
    "a pick-up that is hung up unconfirmed": Office(
        """Dial(PJSIP/101,20,U(confirm))\nDial(PJSIP/102,6)\nHangup(19)
[confirm]\nexten => s,1,Set(GOSUB_RESULT=CONTINUE)\n same => n,Read(KEY,vm-enter-num-to-call,1,,1,9)
 same => n,GotoIf($["${KEY}" != "1"]?no)\n same => n,Set(GOSUB_RESULT=)\n same => n(no),Return()\n""",
        """
        phones: {101: {answers: 3s, hangs up: 4s}}
        when: [{call: anna}]
        expect:
          - ring: [101]
            for: 3s
          - ring: []
            for: 4s
          - ring: [102]
            for: 6s
          - nobody: answers
          - lost: [101]
          - missed: [102]
          - caller gets: {code: 480, ended by: pbx}
        """,
        ("PJSIP/102,6", "PJSIP/102,3"),
        frozenset({"ring-too-short"}),
        ("app_read",),
    ),
    # And with nobody behind him: the caller is refused, without an answer.
    "a pick-up that is hung up, and nobody else": Office(
        """Dial(PJSIP/101,20,U(confirm))\nHangup(19)
[confirm]\nexten => s,1,Set(GOSUB_RESULT=CONTINUE)\n same => n,Read(KEY,vm-enter-num-to-call,1,,1,9)
 same => n,GotoIf($["${KEY}" != "1"]?no)\n same => n,Set(GOSUB_RESULT=)\n same => n(no),Return()\n""",
        """
        phones: {101: {answers: 3s, hangs up: 4s}}
        when: [{call: anna}]
        expect:
          - ring: [101]
            for: 3s
          - ring: []
            for: 4s
          - nobody: answers
          - lost: [101]
          - caller gets: {code: 480, ended by: pbx}
        """,
        ("Hangup(19)", "Hangup(17)"),
        frozenset({"caller-code"}),
        ("app_read",),
    ),
}


test_right_is_green, test_broken_is_red = pair_of_tests(OFFICES)
