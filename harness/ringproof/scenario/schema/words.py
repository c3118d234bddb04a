"""Every key of a scenario file: its meaning and the schema of its value.

The readers define which keys exist. If one is missing here, or one here does not exist,
`ringproof.scenario.schema.scenario_file` raises LookupError when the schema is made, so `make check` fails.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ringproof.core.needs import VERSION
from ringproof.core.speed import FASTEST, SLOWEST
from ringproof.scenario.model.version import FILE_VERSION
from ringproof.scenario.parse.behaviour import ALWAYS, DIALS
from ringproof.scenario.parse.chance import MOST_CALLS, MOST_OFTEN, MOST_SHARE, RAREST, RATE
from ringproof.scenario.parse.clock import MOST_DATES, STARTS
from ringproof.scenario.parse.expectations import ANSWERED_BY, CHOICE_NAME, NOBODY
from ringproof.scenario.parse.hearing import SOUNDS
from ringproof.scenario.parse.participants import SHOWS
from ringproof.scenario.parse.steps import DIGITS
from ringproof.scenario.schema.scalars import Schema, code, number_from, one_of_words, text
from ringproof.scenario.syntax.version import KEY


@dataclass(frozen=True, slots=True)
class Word:
    """A key: its meaning, which editors show as a hover text, and the schema of its value."""

    says: str
    value: Schema


def ref(name: str) -> Schema:
    """Return a reference to a definition of the scenario file's schema."""
    return {"$ref": f"#/definitions/{name}"}


def listed(part: Schema, **more: object) -> Schema:
    """Return the schema of a list of parts."""
    return {"type": "array", "items": part, **more}


TIME, SPAN, CALLER, EXTENSION, WHOM = (ref(name) for name in ("time", "span", "caller", "extension", "whom"))
BEHAVIOUR, STEPS, EXPECTATIONS = (ref(name) for name in ("behaviour", "steps", "expectations"))
PHONES = listed(WHOM, uniqueItems=True)
COUNTED: Schema = {"anyOf": [PHONES, {"type": "object", "additionalProperties": number_from(1, 99, "[1-9][0-9]?")}]}
CODE = code(400, 699)
DATE = text(STARTS.pattern)

TOP_WORDS: Mapping[str, Word] = {
    KEY: Word(
        f"The version of the language that this file is written in; {FILE_VERSION}, where nothing is said.",
        number_from(FILE_VERSION, FILE_VERSION, str(FILE_VERSION)),
    ),
    "pbx": Word("The office file: a path counted from the folder of this file.", text()),
    "scenarios": Word("The stories, each by its name.", ref("scenarios")),
}
"""Keys that stand only at file level; its other keys are SHARED_WORDS."""

SHARED_WORDS: Mapping[str, Word] = {
    "callers": Word("Who calls from outside, by name.", ref("callers")),
    "phones": Word(
        "What phones do when they are called, by extension; those not named ring and nobody picks up.", ref("phones")
    ),
    "rung": Word(
        "What the phones that `phones` does not name do, in the order in which they are rung; for groups that choose.",
        listed(BEHAVIOUR),
    ),
    "when": Word("What the callers do, one step after the other.", STEPS),
    "expect": Word(
        "What must be observed; whatever else rings or ends is a finding. With several callers a list for each; or "
        "`together:`, as many lists as callers, of which each may be anybody's.",
        {"anyOf": [EXPECTATIONS, ref("expectations by caller")]},
    ),
    "tolerance": Word("How far a moment may be from the expected one; 400ms where nothing is said.", TIME),
    "quiet": Word("How long nothing may ring after the story; 40s, where the clock cannot race 5s.", TIME),
    "speed": Word(
        "The highest speed of the PBX's clock: 1 is real time.",
        number_from(SLOWEST, FASTEST, r"[0-9]+(\.[0-9]+)?", "number"),
    ),
    "dialplan step": Word(
        "How much time each step of the dialplan takes the PBX, from 1ms to 100ms: calls at the same moment then meet "
        "between any two steps.",
        TIME,
    ),
    "clock": Word("What the PBX's clock shows; at several dates each is a scenario of its own.", ref("clock")),
    "needs": Word("The oldest Asterisk that it is played on, and why; on an older one it is skipped.", ref("needs")),
}
"""Keys that stand at file level, for all scenarios, or in a scenario."""

SCENARIO_WORDS: Mapping[str, Word] = {
    "calls": Word(
        "How many times the story is told, one call after the other on the same PBX; `over` says what then holds.",
        number_from(2, MOST_CALLS, "[1-9][0-9]*"),
    ),
}
"""Keys that stand only in a scenario."""

CALLER_WORDS: Mapping[str, Word] = {
    "from": Word("The number he shows; `anonymous`: he hides it.", text(SHOWS.pattern)),
    "to": Word("The number he dials: one of the office's trunk.", text(DIALS.pattern)),
}
CLOCK_WORDS: Mapping[str, Word] = {
    "starts": Word(
        "When the story begins: `2026-12-31 17:59:50 Europe/Moscow`; of a list it is played at each date.",
        {"anyOf": [DATE, listed(DATE, minItems=1, maxItems=MOST_DATES, uniqueItems=True)]},
    ),
    "every": Word(
        "It is played at each date from `starts` on, so far apart: `30m`, or `1d`, at the same time of each day.", SPAN
    ),
    "for": Word("How long after `starts` the last of these dates may be, itself not included: `7d`.", SPAN),
}
NEEDS_WORDS: Mapping[str, Word] = {
    "asterisk": Word('This version or a later one: `"22"`, `"20.17"`.', text(VERSION.pattern)),
    "because": Word("What an older one cannot do; told where the scenario is not played.", text(r".*\S.*")),
}

STEP_VERBS: Mapping[str, Word] = {
    "call": Word("This caller dials.", CALLER),
    "hear": Word("Wait until the caller hears 300 ms of sound since his last step.", one_of_words(["prompt"])),
    "press": Word(
        'Keys, in quotes: `"102"`. Pressed once the caller heard 300 ms of sound since his last step.',
        text(DIGITS.pattern),
    ),
    "wait": Word("Let this time pass.", TIME),
    "hang up": Word("This caller ends his call.", CALLER),
}
STEP_MODIFIERS: Mapping[str, Word] = {
    "at": Word("Not before this moment: `{after: 5s, of: {ring: 101}}`.", ref("moment")),
    "by": Word("Which caller does it; with one caller it need not be said.", CALLER),
    "within": Word("How long the prompt may keep him waiting; 10s where nothing is said.", TIME),
    "after": Word("Press so long after the last step, whatever was heard; `0s` at once.", TIME),
}
MOMENT_WORDS: Mapping[str, Word] = {
    "after": Word("How long after it.", TIME),
    "of": Word("What it is counted from: that a phone rings, or answers.", ref("moment of")),
}
MOMENT_OF_WORDS: Mapping[str, Word] = {
    "ring": Word("This phone rings; `any`: the first that does.", EXTENSION),
    "answer": Word("This phone answers; `any`: the first that does.", EXTENSION),
}

SHOWN_WORDS: Mapping[str, Word] = {
    "from": Word("What it shows of the caller: his number, his name, or `Anna <4951>`.", text(r".*\S.*")),
    "diverted by": Word(
        "By which number the call was diverted (Diversion, History-Info); by none where only the caller is written.",
        text(r".*\S.*"),
    ),
}
HEARD = {"anyOf": [one_of_words(SOUNDS), ref("prompt")]}
PROMPT_WORDS: Mapping[str, Word] = {
    "prompt": Word("The PBX plays this file of sound, by its name without a folder or format.", text()),
    "language": Word("The language in which it does; any where nothing is said.", text()),
}
EXPECTATION_VERBS: Mapping[str, Word] = {
    "ring": Word(
        "Exactly these ring, together; `[]` is silence; `{one_of: [101, 102], as: first}` one of these.",
        {"anyOf": [PHONES, ref("choice")]},
    ),
    "refused": Word(
        "These phones, and no others, refused, with these codes: `{101: 486}`, `{101: [486, 486]}` twice.",
        {
            "type": "object",
            "additionalProperties": {"anyOf": [CODE, listed(CODE, minItems=1)]},
            "minProperties": 1,
        },
    ),
    "forwarded": Word(
        "These phones, and no others, sent the call on, each to this number: "
        '`{101: "103"}`, `{101: ["103", "103"]}` twice.',
        {
            "type": "object",
            "additionalProperties": {"anyOf": [text(DIALS.pattern), listed(text(DIALS.pattern), minItems=1)]},
            "minProperties": 1,
        },
    ),
    "unseen": Word("These phones, and no others, were dialled and are silent; `{101: 2}` twice.", COUNTED),
    "answer": Word(
        "This phone is connected with the caller, and still so when the story ends; or exactly one of those who pick "
        "up at the same moment: `{one_of: [101, 102], as: winner}`.",
        {"anyOf": [WHOM, ref("answer choice")]},
    ),
    "talk": Word(
        "The caller and this phone are connected, and each hears the other's own tone: `[anna, 101]`.",
        listed(text(), uniqueItems=True, minItems=2, maxItems=2),
    ),
    "nobody": Word("Nobody `rings`, or nobody `answers`.", one_of_words(NOBODY)),
    "missed": Word(
        "These phones, and no others, show a missed call; `{101: 2}` so many. Nobody where nothing is said.",
        COUNTED,
    ),
    "lost": Word(
        "These phones, and no others, pick up and are never connected with the caller. Nobody where nothing is said.",
        PHONES,
    ),
    "caller gets": Word("The final response to his call, who answered it, and who ended it.", ref("caller gets")),
    "caller hears": Word(
        "What the caller hears where this stands, and nothing else: while the wave before it rings, before the first "
        "one, or after a talk; `[music, sound]` both, in any order.",
        {"anyOf": [HEARD, listed(HEARD, minItems=1)]},
    ),
    "shows": Word(
        'What phones show of the caller in each of his rings: `{101: "+74951234567"}`, his name, or `Anna <4951>`.',
        {
            "type": "object",
            "additionalProperties": {"anyOf": [text(r".*\S.*"), ref("shown")]},
            "minProperties": 1,
        },
    ),
    "picks up by itself": Word(
        "The PBX commands these phones, and no others, to pick up by themselves. Nobody where nothing is said.",
        PHONES,
    ),
    "over": Word(
        "Over all `calls` each phone of this choice is chosen as often as its share says, whoever was chosen before.",
        text(CHOICE_NAME.pattern),
    ),
    "either": Word(
        "Lists of expectations: one of them holds, as a whole and together with the lines beside it.",
        listed(EXPECTATIONS, minItems=2),
    ),
}
EXPECTATION_MODIFIERS: Mapping[str, Word] = {
    "for": Word(
        "How long they ring together; any time where nothing is said. How long a talk lasts, to be heard again.",
        TIME,
    ),
    "after": Word(
        "Of the first wave: how long after the caller's last call or key; within 500ms where nothing is said.", TIME
    ),
    "again": Word("Phones of the wave before that are invited anew here, not rung on.", PHONES),
    "shares": Word(
        "How often each phone is chosen, in whole numbers: `{101: 2, 102: 1}`; equally often where nothing is said.",
        {
            "type": "object",
            "additionalProperties": number_from(1, MOST_SHARE, "[1-9][0-9]*"),
            "minProperties": 2,
        },
    ),
    "independent": Word(
        "Whether what follows what is looked at, too: round robin is fair in its shares alone. True where nothing is "
        "said.",
        one_of_words(["true", "false"]),
    ),
    "false alarm": Word(
        "Of how many runs on a right PBX one may be red: 1e-6 where nothing is said, one in a million.",
        number_from(RAREST, MOST_OFTEN, RATE.pattern, "number"),
    ),
}
CHOICE_WORDS: Mapping[str, Word] = {
    "one_of": Word("The PBX chooses one of these.", listed(EXTENSION, uniqueItems=True, minItems=2)),
    "as": Word("The name by which the chosen phone is meant from here on.", text(CHOICE_NAME.pattern)),
    "not": Word("Choices made above that this one is not.", listed(text(CHOICE_NAME.pattern))),
}
ANSWER_CHOICE_WORDS: Mapping[str, Word] = {
    "one_of": Word("They pick up at the same moment, and one of them gets the call.", CHOICE_WORDS["one_of"].value),
    "as": Word("The name by which he is meant from here on.", text(CHOICE_NAME.pattern)),
}
CALLER_GETS_WORDS: Mapping[str, Word] = {
    "code": Word("The final response to his INVITE.", code(200, 699)),
    "answered by": Word(
        "`pbx`: the PBX itself answers, before any phone does, as a queue, a mailbox or an announcement does.",
        one_of_words(ANSWERED_BY),
    ),
    "ended by": Word("Who ended the call: `caller`, `pbx` or an extension.", EXTENSION),
}

BEHAVIOUR_WORDS: Mapping[str, str] = {
    "rings": "Rings and nobody picks up (the default).",
    "offline": "Not registered.",
    "silent": "Registered, and then answers nothing any more.",
    "on a call": "Talks when the story begins and to its end; refuses a second call with 486.",
    "do not disturb": "Refuses with 486 at once.",
}
BEHAVIOUR_VERBS: Mapping[str, Word] = {
    "answers": Word("Answers so long after the first INVITE of an unbroken ring.", TIME),
    "answers with": Word("Answers in the very instant in which this phone does.", EXTENSION),
    "forwards": Word("Sends the call on to this number by 302, at once or `after` some ringing.", text(DIALS.pattern)),
    "refuses": Word("Refuses with this SIP code, at once or `after` some ringing.", CODE),
    "do not disturb": Word("Refuses with this SIP code at once.", CODE),
    "on a call": Word(
        "Talks when the story begins, and so long from then; `always`: to the end.",
        {"anyOf": [TIME, one_of_words([ALWAYS])]},
    ),
}
BEHAVIOUR_MODIFIERS: Mapping[str, Word] = {
    "hangs up": Word("Ends the call so long after it answered.", TIME),
    "after": Word("Rings for so long first.", TIME),
    "call waiting": Word("What it does with a second call; refuses it where nothing is said.", BEHAVIOUR),
}
