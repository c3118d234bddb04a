"""How a mutant is chosen, tried and judged; no PBX: what the plays say is made up."""

from __future__ import annotations

from concurrent.futures import Future
from pathlib import Path

import pytest
from ringproof.scenario.model.scenario import Scenario

from .coverage import Coverage, Ran, lines_run
from .dialplan import DIALPLAN, read
from .equivalent import (
    dead_code,
    either_way,
    independent,
    never_so_often,
    no_circle,
    proven,
    reviewed,
    single_keys,
)
from .not_looked_at import not_looked_at, ringback
from .operators import Slip, slips
from .players import BROKEN, INVALID, Players, Seen
from .report import report
from .stories import office_of, stories_of
from .test_operators import SAMPLE, TEXT
from .trial import Chosen, Mutation, Tried, choose, mutations, try_all

STORIES = stories_of("ring-all")[:3]
ELSEWHERE = stories_of("hours")[:2]
GREEN, RED = Seen(frozenset(), (), 1.0), Seen(frozenset({"ring-late"}), ("late",), 1.0)
BAD, REFUSED = Seen(frozenset({BROKEN}), ("broken",), 0.0), Seen(frozenset({INVALID}), ("refused",), 0.0)


class MadeUp(Players):
    """Says of each play what a test has it say."""

    def __init__(self, *said: Seen) -> None:
        """One after the other; the last one again and again."""
        self.said = list(said)
        self.played: list[str] = []

    def play(self, story: Scenario, rendered: Path, name: str, **_: object) -> Future[Seen]:  # noqa: ARG002 - as above
        self.played.append(story.name)
        future: Future[Seen] = Future()
        future.set_result(self.said.pop(0) if len(self.said) > 1 else self.said[0])
        return future

    def forget(self, name: str) -> None:
        pass


class Reading(MadeUp):
    """Keeps the dialplans that it plays on."""

    def __init__(self, *said: Seen) -> None:
        """None yet."""
        super().__init__(*said)
        self.read: list[str] = []

    def play(self, story: Scenario, rendered: Path, name: str, **_: object) -> Future[Seen]:
        self.read.append((rendered / DIALPLAN).read_text("utf-8"))
        return super().play(story, rendered, name)


@pytest.fixture
def coverage(tmp_path: Path) -> Coverage:
    """Three stories: all run through every line, the second oftener, the third takes longest."""
    made = Coverage(STORIES, tmp_path / "offices")
    (dialplan,) = made.dialplans.values()
    walls, times = (1.0, 1.0, 9.0), (1, 4, 1)
    made.ran = {
        story.id: Ran(wall, {code.index: often for code in dialplan.code})
        for story, wall, often in zip(STORIES, walls, times, strict=True)
    }
    return made


@pytest.fixture
def offices(tmp_path: Path) -> Coverage:
    """Two offices that share lines: three stories of the one, two of the other; all run through every line."""
    made = Coverage([*STORIES, *ELSEWHERE], tmp_path / "offices")
    made.ran = {
        story.id: Ran(1.0, {code.index: 1 for code in made.dialplans[office_of(story)].code}) for story in made.stories
    }
    return made


def some_slip(coverage: Coverage, operator: str = "context") -> Mutation:
    """Any slip."""
    ((office, dialplan),) = coverage.dialplans.items()
    return Mutation(office, next(slip for slip in slips(dialplan) if slip.operator == operator))


def shared_slip(coverage: Coverage, context: str, operator: str) -> Chosen:
    """A slip at a line that both offices have."""
    chosen = choose(coverage.dialplans, 9999, "1")
    both = [each for each in chosen if len(each.places) > 1 and each.slip.operator == operator]
    return next(each for each in both if each.slip.place.context == context)


def tried(coverage: Coverage, players: Players, mutation: Mutation, folder: Path) -> Tried:
    """Try one."""
    (one,) = try_all([mutation], coverage, players, folder, 1)
    return one


def test_the_first_red_kills(coverage: Coverage, tmp_path: Path) -> None:
    """Stories that run through it often come first, then those that are short."""
    players = MadeUp(GREEN, RED)
    result = tried(coverage, players, some_slip(coverage), tmp_path)
    assert players.played == [STORIES[1].name, STORIES[0].name]
    assert (result.verdict, result.story, result.kinds) == ("killed", STORIES[0].name, ("ring-late",))


def test_who_is_green_everywhere_survives(coverage: Coverage, tmp_path: Path) -> None:
    """And it is said that all were played, or that none runs through it."""
    chosen = some_slip(coverage)
    result = tried(coverage, MadeUp(GREEN), chosen, tmp_path)
    assert (result.verdict, result.played, result.through) == ("survived", 3, 3)
    coverage.ran = {name: Ran(1.0, {}) for name in coverage.ran}
    result = tried(coverage, MadeUp(GREEN), chosen, tmp_path)
    assert (result.verdict, result.played, result.reason) == ("survived", 0, "no story runs through it")
    assert "no story runs through it" in report(coverage, [result], slips=1, seed="1")


def test_a_rule_is_not_believed_against_a_red(coverage: Coverage, tmp_path: Path) -> None:
    """Equivalent is only what no story sees."""
    ((office, dialplan),) = coverage.dialplans.items()
    chosen = Mutation(office, next(slip for slip in slips(dialplan) if no_circle(dialplan, slip)))
    assert proven(coverage.dialplans[chosen.office], chosen.slip)
    assert tried(coverage, MadeUp(GREEN), chosen, tmp_path).verdict == "equivalent"
    assert tried(coverage, MadeUp(GREEN, RED), chosen, tmp_path).verdict == "killed"


def test_what_somebody_could_notice_is_no_equivalent(coverage: Coverage, tmp_path: Path) -> None:
    """It has a column of its own, after all stories have been played; a red kills it, too."""
    chosen = some_slip(coverage, "option")
    assert not proven(coverage.dialplans[chosen.office], chosen.slip)
    result = tried(coverage, MadeUp(GREEN), chosen, tmp_path)
    assert (result.verdict, result.played) == ("not looked at", 3)
    assert "the ringback of the Dial before" in result.reason
    assert tried(coverage, MadeUp(GREEN, RED), chosen, tmp_path).verdict == "killed"
    text = report(coverage, [result], slips=1, seed="1")
    assert "0 killed, 0 refused at boot, 0 equivalent, 1 not looked at, 0 survived." in text
    assert text.partition("## Not looked at\n")[2].endswith(f"{result.reason}\n")


def test_what_asterisk_refuses_is_dead_at_boot(coverage: Coverage, tmp_path: Path) -> None:
    """Nobody plays on it."""
    assert tried(coverage, MadeUp(REFUSED), some_slip(coverage), tmp_path).verdict == "refused at boot"


def test_a_broken_play_is_made_again(coverage: Coverage, tmp_path: Path) -> None:
    """A machine that stalled kills nobody; what breaks every time is told as broken, which is no green."""
    assert tried(coverage, MadeUp(BAD, BAD, GREEN), some_slip(coverage), tmp_path).verdict == "survived"
    assert tried(coverage, MadeUp(BAD), some_slip(coverage), tmp_path).kinds == (BROKEN,)


def test_a_seed_chooses_the_same_although_lines_are_added_elsewhere() -> None:
    """At most one of each operator at each line."""
    more = read(TEXT.replace("[group-b]", "[group-new]\nexten => s,1,Hangup(16)\n\n[group-b]"))
    told = [
        [(each.slip.operator, each.slip.lines[0][1]) for each in choose({"o": dialplan}, 20, "a")]
        for dialplan in (SAMPLE, more)
    ]
    assert len(set(told[0]) & set(told[1])) >= 17
    assert choose({"o": SAMPLE}, 20, "a") != choose({"o": SAMPLE}, 20, "b")
    places = [(each.slip.operator, each.slip.place.index) for each in choose({"o": SAMPLE}, 999, "a")]
    assert len(places) == len(set(places)) > 30


def test_what_offices_share_is_chosen_once() -> None:
    """A mistake in a template is one mistake, with a place in each office."""
    chosen = choose({"one": SAMPLE, "other": read(TEXT.replace("[group-a]", "[group-z]"))}, 999, "a")
    assert {tuple(each.places) for each in chosen if each.slip.place.context == "extensions"} == {("one", "other")}
    assert {tuple(each.places) for each in chosen if each.slip.place.context == "group-z"} == {("other",)}


def test_what_offices_share_is_tried_in_each_until_its_own_first_red(offices: Coverage, tmp_path: Path) -> None:
    """A red in one office kills nothing in the other; both are counted, and the report names both."""
    mutated = mutations([shared_slip(offices, "rung", "negated")], offices)
    one, other = offices.rendered
    assert [each.office for each in mutated] == [one, other]
    players = MadeUp(GREEN, RED, GREEN)
    results = [*try_all(mutated, offices, players, tmp_path, 1)]
    assert [(each.verdict, each.played, each.through) for each in results] == [("killed", 2, 3), ("survived", 2, 2)]
    assert set(players.played[:2]) < {story.name for story in STORIES}
    assert set(players.played[2:]) == {story.name for story in ELSEWHERE}
    text = report(offices, results, slips=1, seed="1")
    assert "1 slips, 2 mutants, 4 plays;" in text
    assert "1 killed, 0 refused at boot, 0 equivalent, 0 not looked at, 1 survived." in text
    assert f"| {one} | 1 |  |  |  |  |\n" in text
    assert f"| {other} |  |  |  |  | 1 |\n" in text
    assert f"* {other} [rung] negated: " in text


def test_an_office_whose_line_no_story_runs_through_is_not_tried(offices: Coverage) -> None:
    """Where no office has such a story, the first one stands for it, and nobody kills it there."""
    chosen = shared_slip(offices, "rung", "negated")
    one, other = offices.rendered
    offices.ran |= {story.id: Ran(1.0, {}) for story in STORIES}
    assert [each.office for each in mutations([chosen], offices)] == [other]
    offices.ran |= {story.id: Ran(1.0, {}) for story in ELSEWHERE}
    assert [each.office for each in mutations([chosen], offices)] == [one]


def test_the_folder_that_is_played_is_the_offices_own(offices: Coverage, tmp_path: Path) -> None:
    """With its slip, and no other line changed."""
    for mutation in mutations([shared_slip(offices, "rung", "negated")], offices):
        players = Reading(GREEN)
        tried(offices, players, mutation, tmp_path)
        assert set(players.read) == {mutation.slip.apply(offices.dialplans[mutation.office])}


def test_the_log_tells_which_lines_ran() -> None:
    """How often, too."""
    step = '[2026] VERBOSE[1][C-1] pbx.c: Executing [{}] Dial("PJSIP/trunk-0", "x") in new stack\n'
    log = step.format("s@group-a:3") * 2 + step.format("101@group-b:1") + step.format("s@nowhere:1")
    ran = lines_run(log, SAMPLE)
    assert {SAMPLE.lines[index].strip().partition("(")[0]: times for index, times in ran.items()} == {
        "same => n,Dial": 2,
        "exten => 101,1,Hangup": 1,
    }


SETS = """\
[a]
exten => s,1,Set(ONE=1)
 same => n,Set(TWO=2)
 same => n,Set(THREE=${TWO})
 same => n,Set(LIST=${SHIFT(THREE,&)})
 same => n,Goto(s,end)
 same => n,Set(DEAD=1)
 same => n(end),Dial(${ONE:1},15,rb(rung^s^1))
"""


def lines_of(rule: object, operator: str) -> set[int]:
    """Lines, counted from 1 in the context, at which a rule holds for slips of this operator."""
    dialplan = read(SETS)
    return {slip.place.index for slip in slips(dialplan) if slip.operator == operator and holds(rule, slip)}


def holds(rule: object, slip: Slip) -> bool:
    """Ask a rule."""
    return rule(read(SETS), slip)  # type: ignore[operator, no-any-return]


def test_what_the_rules_prove() -> None:
    """And what they do not."""
    assert lines_of(independent, "lines swapped") == {1}
    assert lines_of(dead_code, "number") == {6}
    assert lines_of(dead_code, "dropped") == {6}
    counted = read("[a]\nexten => s,1,Gosub(sent-on,s,1)\n same => n,Set(ONE=1)\n same => n,Goto(b,s,1)\n")
    found = {slip.operator for slip in slips(counted) if no_circle(counted, slip)}
    assert found == {"dropped", "lines swapped", "number"}
    back = read("\n".join([*counted.lines, "[b]", "exten => s,1,Goto(c,s,1)", "[c]", "exten => 1,1,Goto(a,s,1)"]))
    assert not [slip for slip in slips(back) if no_circle(back, slip)]
    assert not [slip for slip in slips(read(SETS)) if holds(ringback, slip)]
    sent_on_to = read(SETS.replace("[a]", "[extensions]"))
    dropped = [slip.lines[0][1] for slip in slips(sent_on_to) if ringback(sent_on_to, slip)]
    assert dropped == [" same => n(end),Dial(${ONE:1},15,b(rung^s^1))"]


def test_it_is_all_one_which_question_about_the_time_comes_first() -> None:
    """Where both lead to the same place."""
    text = "[a]\nexten => s,1,GotoIfTime(9:00-12:00,mon,*,*?{})\n same => n,GotoIfTime(9:00-12:00,tue,*,*?open)\n"
    for way, found in (("open", ["lines swapped"]), ("closed", [])):
        hours = read(text.format(way))
        assert [slip.operator for slip in slips(hours) if either_way(hours, slip)] == found


def test_a_way_past_the_count_is_seen_only_where_it_leads_back() -> None:
    """Goto(b,s,2) where the first line of b counts."""
    text = "[a]\nexten => s,1,Goto(b,s,1)\n[b]\nexten => s,1,Gosub(sent-on,s,1)\n same => n,{}\n"
    for onward, told in (("Hangup(16)", {"number"}), ("Goto(a,s,1)", set()), ("Goto(b,s,1)", set())):
        dialplan = read(text.format(onward))
        found = [slip for slip in slips(dialplan) if slip.place.context == "a" and no_circle(dialplan, slip)]
        assert {slip.operator for slip in found} == told
        assert {slip.lines[0][1] for slip in found} <= {"exten => s,1,Goto(b,s,2)"}


def test_what_is_called_in_the_place_of_the_count_has_to_do_nothing() -> None:
    """Where the log has an error it is no equivalent, and nobody looks at the log."""
    ends = "[{}]\nexten => s,1,Return()\n"
    text = "[group-a]\nexten => s,1,Gosub(sent-on,s,1)\n" + ends.format("rung") + ends.format("refusal")
    dialplan = read(text)
    called = {slip.lines[0][1]: slip for slip in slips(dialplan) if slip.operator == "context"}
    rung, refusal = (called[f"exten => s,1,Gosub({name},s,1)"] for name in ("rung", "refusal"))
    assert (no_circle(dialplan, rung), no_circle(dialplan, refusal)) == (True, False)
    assert (not_looked_at(dialplan, rung), "error in the log" in not_looked_at(dialplan, refusal)) == ("", True)


def test_whoever_is_counted_before_a_circle_is_counted_for_somebody() -> None:
    """One turn more or fewer could be noticed; so could a name that two contexts use."""
    text = "[a]\nexten => s,1,Gosub(sent-on,s,1)\n same => n,Set(ONE={})\n same => n,Goto(b,s,1)\n"
    text += "[b]\nexten => s,1,Set(TWO={})\n same => n,{}\n[c]\nexten => s,1,Goto(a,s,1)\n same => n,Set(X={})\n"
    for one, onward, before, proves in (
        ("1", "Hangup(16)", "1", True),
        ("1", "Goto(b,s,1)", "1", False),
        ("${SENT_ON}", "Hangup(16)", "1", True),
        ("1", "Hangup(16)", "${SENT_ON}", True),
        ("${SENT_ON}", "Hangup(16)", "${SENT_ON}", False),
    ):
        dialplan = read(text.format(one, 2, onward, before))
        assert any(no_circle(dialplan, slip) for slip in slips(dialplan)) is proves, (one, onward, before)


def test_an_extension_to_which_a_phone_may_send_a_call_leads_on() -> None:
    """So a group that dials reaches whatever an extension leads to; extensions themselves are no circle."""
    text = "[group-a]\nexten => s,1,Gosub(sent-on,s,1)\n same => n,Dial(x,1)\n same => n,Hangup(16)\n"
    text += "[extensions]\nexten => 1,1,Dial(x,1)\n same => n,{}\n"
    for onward, proves in (("Hangup(16)", True), ("Goto(group-a,s,1)", False)):
        dialplan = read(text.format(onward))
        assert any(no_circle(dialplan, slip) for slip in slips(dialplan)) is proves


LIMIT = """\
[sent-on]
exten => s,1,Set(__SENT_ON=$[0${SENT_ON} + 1])
 same => n,GotoIf($[${SENT_ON} > 50]?enough)
 same => n,Return()
 same => n(enough),Hangup(34)
[a]
"""


def test_the_limit_is_seen_only_in_an_office_with_a_circle() -> None:
    """And a caller who is turned away at once sees it everywhere."""
    straight = read(LIMIT + "exten => s,1,Hangup(16)\n")
    proved = {slip.lines[0][1] for slip in slips(straight) if never_so_often(straight, slip)}
    assert {" same => n,GotoIf($[${SENT_ON} >= 50]?enough)", " same => n(enough),Hangup(35)"} < proved
    assert "exten => s,1,Set(__SENT_ON=$[0${SENT_ON} + 2])" in proved
    assert "exten => s,1,Set(SENT_ON=$[0${SENT_ON} + 1])" in proved
    assert not {line for line in proved if line and ("< 50" in line or "!(" in line)}
    circle = read(LIMIT + "exten => s,1,Goto(a,s,1)\n")
    assert not [slip for slip in slips(circle) if never_so_often(circle, slip)]
    named = read(LIMIT + "exten => s,1,Set(X=${SENT_ON})\n")
    assert not [slip for slip in slips(named) if slip.operator == "not inherited" and never_so_often(named, slip)]


def test_how_long_a_second_key_is_awaited_is_seen_where_there_may_be_one() -> None:
    """Two keys of which one begins the other, or extensions that are dialled."""
    text = "[menu-a]\n{}exten => s,1,Set(TIMEOUT(digit)=2)\nexten => 1,1,Hangup(16)\nexten => {},1,Hangup(16)\n"
    for include, key, proves in (("", "2", True), ("", "12", False), ("include => extensions\n", "2", False)):
        dialplan = read(text.format(include, key))
        found = {slip.operator for slip in slips(dialplan) if single_keys(dialplan, slip)}
        assert found == ({"dropped", "number"} if proves else set())


def test_what_somebody_has_looked_at_is_played_to_the_end(coverage: Coverage, tmp_path: Path) -> None:
    """He may be wrong; and a slip that he has not looked at has no reason."""
    ((office, dialplan),) = coverage.dialplans.items()
    for why, verdict, context in (
        (reviewed, "equivalent", "extensions"),
        (not_looked_at, "not looked at", "phones-if-free"),
    ):
        chosen = next(slip for slip in slips(dialplan) if why(dialplan, slip) and slip.place.context == context)
        result = tried(coverage, MadeUp(GREEN), Mutation(office, chosen), tmp_path)
        assert (result.verdict, result.played, result.reason) == (verdict, 3, why(dialplan, chosen))
        assert not any(why(dialplan, slip) for slip in slips(dialplan) if slip.place.context == "from-trunk")


def test_no_slip_of_any_office_is_both_equivalent_and_not_looked_at(offices: Coverage) -> None:
    """What a rule proves may be what an entry names, too; what somebody has reviewed stands in one list."""
    for dialplan in offices.dialplans.values():
        assert not [slip for slip in slips(dialplan) if reviewed(dialplan, slip) and not_looked_at(dialplan, slip)]


def test_offices_that_are_left_out_are_tried_for_nothing_that_another_office_has() -> None:
    """Nor for anything of their own."""
    assert choose({"two-lines": SAMPLE}, 999, "a") == []
    shared = choose({"two-lines": SAMPLE, "one": SAMPLE}, 999, "a")
    assert {tuple(each.places) for each in shared} == {("one",)}
    own = read(TEXT.replace("[group-a]", "[group-z]"))
    assert "group-z" not in {each.slip.place.context for each in choose({"two-lines": own, "one": SAMPLE}, 999, "a")}
