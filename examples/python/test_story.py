"""A story as text: it says itself what must happen, and is red where it does not."""


def test_support_grows_by_one_phone_every_15_s(play):
    play("""
        pbx: office.yaml
        callers:
          anna: {from: "+74951234567", to: "84950000001"}
        phones:
          103: {answers: 3s}
        when:
          - call: anna
          - press: "2"
        expect:
          - ring: [101]
            for: 15s
          - ring: [101, 102]
            for: 15s
          - ring: [101, 102, 103]
            for: 3s
          - answer: 103
    """)


def test_who_rang_is_asked_of_what_was_seen(play):
    seen = play({
        "pbx": "office.yaml",
        "callers": {"anna": {"from": "+74951234567", "to": "84950000003"}},
        "phones": {102: {"answers": "2s"}},
        "when": [{"call": "anna"}],
    })  # fmt: skip
    assert seen.order() == ["101", "102"]
    assert seen.answered_by == "102"
    assert not seen.rang("103")
    assert seen.missed == []
    assert "ringing" in seen.of("anna").heard
