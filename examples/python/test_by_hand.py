"""Steps by hand, in PBX time, for what a story does not say: what a phone does depends on what it sees."""

import pytest
import ringproof


@pytest.fixture
def ringproof_office():
    return ringproof.Scenario(pbx="office.yaml", callers={"anna": {"from": "+74951234567", "to": "84950000001"}})


def test_the_call_comes_to_whoever_has_not_refused(asterisk, phones, callers):
    anna = callers["anna"]
    anna.dial("84950000002")
    for phone in ("101", "102", "103"):
        assert phones[phone].rings()
    phones["101"].refuse(603)
    asterisk.clock.advance(10)
    assert not phones["101"].is_ringing
    phones["103"].answer()
    assert anna.talks_with == ["103"]
    assert not phones["102"].is_ringing
    phones["103"].hang_up()
    asterisk.clock.advance("1s")
    assert not anna.has_call


def test_a_key_in_the_menu_is_followed_by_a_second_call(asterisk, phones, callers):
    anna = callers["anna"]
    anna.dial()
    anna.press("2")
    assert phones["101"].rings()
    assert not phones["102"].rings(within=14)
    assert phones["102"].rings(within=2)
    anna.hang_up()
    asterisk.clock.advance(1)
    assert not phones["101"].is_ringing
    anna.dial("84950000002")
    assert phones["103"].rings()
