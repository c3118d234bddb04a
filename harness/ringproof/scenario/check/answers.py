"""Checks of answers and talks: a phone's partner answers, talks can be heard, and chance is written as such."""

from __future__ import annotations

from collections.abc import Sequence

from ringproof.core.duration import PbxSeconds, write_duration
from ringproof.core.problem import Complaints, ReadingError
from ringproof.scenario.model.scenario import HEARS_IN, Answer, Answers, AnswersWith, Expectation, HangUp, Step, Talk
from ringproof.scenario.parse.participants import Participants


def check_answers(
    caller: str,
    listed: Sequence[Expectation],
    steps: Sequence[Step],
    participants: Participants,
    complaints: Complaints,
) -> None:
    """Add answers that are left to chance, and talks that are too short to hear anything."""
    for expectation in listed:
        with complaints:
            if isinstance(expectation, Talk):
                _check_talk(caller, expectation, listed, steps, participants)
            elif isinstance(expectation, Answer):
                _check_answer(expectation, participants)


def check_partners(participants: Participants, complaints: Complaints) -> None:
    """Add the phones that answer with another phone which never answers."""
    for phone, told in participants.phones.items():
        behaviour = told.behaviour
        if not isinstance(behaviour, AnswersWith):
            continue
        partner = participants.phones.get(behaviour.phone)
        if partner is None or not isinstance(partner.behaviour, Answers):
            complaints.add(
                ReadingError(
                    told.source,
                    f"{phone} answers with {behaviour.phone}, and nothing tells {behaviour.phone} to answer",
                    f"write `{behaviour.phone}: {{answers: 5s}}` beside it",
                    None if partner is None else partner.source,
                )
            )


def _check_talk(
    caller: str, talk: Talk, listed: Sequence[Expectation], steps: Sequence[Step], participants: Participants
) -> None:
    """Raise ReadingError unless the phone of a talk answers, and phone and caller stay long enough to be heard."""
    answers = [entry for entry in listed if isinstance(entry, Answer)]
    if not any(talk.phone in (entry.phone, entry.name, *entry.one_of) for entry in answers):
        raise ReadingError(
            talk.source, f"nothing says that {talk.phone} answers {caller}", f"add `- answer: {talk.phone}` above"
        )
    stays = HEARS_IN if talk.lasts is None else PbxSeconds(talk.lasts + HEARS_IN)
    long_enough = "to hear anything" if talk.lasts is None else f"to hear each other after {write_duration(talk.lasts)}"
    for step in steps:
        leaves = isinstance(step, HangUp) and step.caller == caller and step.at is not None
        if leaves and step.at is not None and step.at.event == "answer" and step.at.after < stays:
            raise ReadingError(
                talk.source,
                f"{caller} hangs up {write_duration(step.at.after)} after the answer, too soon {long_enough}",
                f"let the call last {write_duration(stays)}",
                step.source,
            )
    for behaviour in participants.behaviours(talk.phone):
        if isinstance(behaviour, Answers) and behaviour.hangs_up is not None and behaviour.hangs_up < stays:
            raise ReadingError(
                talk.source,
                f"{talk.phone} hangs up {write_duration(behaviour.hangs_up)} after it has answered, too soon "
                f"{long_enough}",
                f"let it talk for {write_duration(stays)}",
            )


def _check_answer(answer: Answer, participants: Participants) -> None:
    """Raise ReadingError for an answer of one phone where another answers at the same moment: which wins is chance."""
    if answer.one_of:
        return
    for phone, told in participants.phones.items():
        behaviour = told.behaviour
        if isinstance(behaviour, AnswersWith) and answer.phone in (phone, behaviour.phone):
            both = f"{behaviour.phone}, {phone}"
            raise ReadingError(
                answer.source,
                f"{phone} answers at the same moment as {behaviour.phone}: which of them gets the call is chance",
                f"write `- answer: {{one_of: [{both}], as: winner}}`",
                told.source,
            )
