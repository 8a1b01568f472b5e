"""What entries make of an incident: for every order of things, and in detail."""

from __future__ import annotations

from functools import reduce
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ainur_tui.model.incident import (
    ROLES,
    SECTIONS,
    STATUSES,
    Breached,
    Change,
    Closed,
    Edited,
    EvidenceKept,
    ItemAdded,
    ItemDone,
    Noted,
    Published,
    RoleAccepted,
    RoleGiven,
    SeveritySet,
    StatusSet,
    Told,
    UpdateSent,
)
from ainur_tui.model.incidentwords import countdown, left, words
from ainur_tui.rules.incidents.incidents import begin, fault, step
from ainur_tui.rules.incidents.objectives import AT_A_CHANGE, Objectives, next_business_day
from ainur_tui.rules.severity import levels
from tests.rules.incidentworld import T0, Tale, fold, opened

OURS = Objectives()
WORDS = st.text(max_size=20)
PEOPLE = st.sampled_from(["mira", "jon", "ada"])
ANYTHING: st.SearchStrategy[Told] = st.one_of(
    st.builds(SeveritySet, severity=st.sampled_from(["P1", "P2", "P3", "P4"]), reason=WORDS),
    st.builds(StatusSet, status=st.sampled_from(STATUSES), text=WORDS),
    st.builds(RoleGiven, role=st.sampled_from(list(ROLES)), who=PEOPLE, domain=WORDS),
    st.builds(RoleAccepted, role=st.sampled_from(list(ROLES)), who=PEOPLE),
    st.builds(Noted, text=WORDS),
    st.builds(UpdateSent, text=st.text(max_size=200), via=st.just(["copied"])),
    st.builds(ItemAdded, id=st.sampled_from("abc"), text=WORDS, owner=PEOPLE),
    st.builds(ItemDone, id=st.sampled_from("abcd")),
    st.builds(Edited, section=st.sampled_from(list(SECTIONS)), text=WORDS),
    st.builds(EvidenceKept, name=WORDS, sha256=WORDS, size=st.integers(0, 9), about=WORDS),
    st.builds(Breached, clock=st.sampled_from(["response", "rto"]), due=st.just(T0)),
    st.builds(Published), st.builds(Closed, text=WORDS),
)  # fmt: skip
TALES = st.lists(st.tuples(st.floats(120, 1e6), ANYTHING, PEOPLE), max_size=25)


def tell(parts: list[tuple[float, Told, str]]) -> Tale:
    return reduce(lambda tale, part: tale.add(*part), parts, Tale())


@settings(max_examples=40)
@given(TALES)
def test_any_tale_can_be_told_and_counts_every_entry(parts: list[tuple[float, Told, str]]) -> None:
    tale = tell(parts)
    found = fold(tale.entries, OURS)
    assert found.entries == len(tale.entries)
    assert (found.resolved_at is None) == (found.status != "resolved")
    assert all(clock.due_at >= clock.since for clock in found.clocks)
    assert len([held for held in found.roles if held.role == "commander"]) == 1
    assert all(words(entry) for entry in tale.entries if not isinstance(entry.what, Noted))


@settings(max_examples=40)
@given(TALES, st.randoms())
def test_the_number_decides_not_the_order_of_arrival(
    parts: list[tuple[float, Told, str]], chance: Any
) -> None:
    tale = tell(parts)
    mixed = list(tale.entries)
    chance.shuffle(mixed)
    assert fold(mixed, OURS) == fold(tale.entries, OURS)


@settings(max_examples=40)
@given(TALES)
def test_step_by_step_is_all_at_once(parts: list[tuple[float, Told, str]]) -> None:
    first, *rest = tell(parts).entries
    known = begin(first, OURS)
    for entry in rest:
        known = step(known, entry, OURS)
    assert known == fold([first, *rest], OURS)


def test_without_a_declaration_there_is_no_incident() -> None:
    with pytest.raises(ValueError, match="declaration"):
        fold(Tale().add(130, Noted(text="x")).entries[1:], OURS)


def test_two_clocks_run_from_the_detection_and_end_where_they_should() -> None:
    tale = Tale()
    found = fold(tale.entries, OURS)
    response, rto = found.clock("response"), found.clock("rto")
    assert response
    assert rto
    assert (response.due_at, response.ended_at) == (T0 + 900, T0 + 120)
    assert (rto.due_at, rto.ended_at) == (T0 + 300, None)
    assert left(response, T0 + 500) == "met in 2m 00s"
    assert left(rto, T0 + 290) == "10 s left"
    assert left(rto, T0 + 310) == "late by 10 s"
    assert (countdown(rto, T0 + 41), countdown(rto, T0 + 310)) == ("4:19", "-0:10")
    after = fold(tale.add(400, StatusSet(status="resolved")).entries, OURS)
    rto, post = after.clock("rto"), after.clock("postmortem")
    assert rto
    assert post
    assert left(rto, T0 + 999) == "missed by 1m 40s"
    assert post.due_at == T0 + 400 + 86400
    again = fold(tale.add(500, StatusSet(status="fixing")).entries, OURS)
    assert again.resolved_at is None
    assert again.clock("postmortem") is None


@pytest.mark.parametrize(
    ("target", "limit"), [("api", 300), ("frontend", 120), ("db", 900), ("node", 1800)]
)
def test_the_guides_recovery_times(target: str, limit: int) -> None:
    rto = fold(Tale(opened(target=target)).entries, OURS).clock("rto")
    assert rto is not None
    assert rto.due_at == T0 + limit


def test_storage_has_no_recovery_time_and_small_trouble_none_either() -> None:
    assert fold(Tale(opened(target="storage")).entries, OURS).clock("rto") is None
    assert fold(Tale(opened(severity="P3")).entries, OURS).clock("rto") is None


def test_response_by_severity_and_whose_word_it_is() -> None:
    for severity, limit, origin in (("P1", 900, "guide"), ("P2", 3600, "guide"),
                                    ("P3", 14400, "guide")):  # fmt: skip
        clock = fold(Tale(opened(severity=severity)).entries, OURS).clock("response")
        assert clock is not None
        assert (clock.due_at - T0, clock.origin) == (limit, origin)
    lowest = fold(Tale(opened(severity="P4")).entries, OURS).clock("response")
    assert lowest is not None
    assert (lowest.due_at, lowest.origin) == (next_business_day(T0), "not from the guide")
    own = fold(Tale().entries, Objectives(levels({"P1": 60.0}, {}))).clock("response")
    assert own is not None
    assert (own.due_at, own.origin) == (T0 + 60, "user")


def test_the_next_business_day_jumps_the_weekend() -> None:
    friday = T0 + 3 * 86400
    assert next_business_day(T0) == T0 + 86400 + 7 * 3600
    assert next_business_day(friday) == friday + 3 * 86400 + 7 * 3600


def test_messages_are_asked_for_and_timed() -> None:
    tale = Tale()
    first = fold(tale.entries, OURS)
    due = first.clock("update")
    assert first.asked == "it was declared"
    assert due is not None
    assert due.due_at == T0 + 120 + 1800
    told = fold(tale.add(200, UpdateSent(text="x", via=["copied"])).entries, OURS)
    due = told.clock("update")
    assert due is not None
    assert (told.asked, told.updates, due.due_at) == ("", 1, T0 + 200 + 1800)
    asked = fold(tale.add(300, StatusSet(status="fixing")).entries, OURS)
    assert asked.asked == "status is FIXING now"
    lower = fold(tale.add(400, SeveritySet(severity="P3")).entries, OURS)
    due = lower.clock("update")
    assert due is not None
    assert due.due_at == T0 + 400 + AT_A_CHANGE
    quiet = fold(tale.add(500, UpdateSent(text="y", via=["copied"])).entries, OURS)
    assert quiet.clock("update") is None


def test_a_role_changes_hands_only_when_it_is_accepted() -> None:
    tale = Tale().add(130, RoleGiven(role="commander", who="jon"))
    asked = fold(tale.entries, OURS)
    assert (asked.holder("commander"), asked.roles[0].who) == ("mira", "jon")
    assert fault(asked, RoleAccepted(role="commander", who="jon"), "mira") is not None
    assert fault(asked, RoleAccepted(role="commander", who="jon"), "jon") is None
    after = fold(tale.add(140, RoleAccepted(role="commander", who="jon"), "jon").entries, OURS)
    assert after.holder("commander") == "jon"
    tale.add(150, RoleGiven(role="expert", who="ada", domain="database"), "ada")
    both = fold(tale.add(160, RoleGiven(role="expert", who="mira")).entries, OURS)
    assert [held.who for held in both.roles if held.role == "expert"] == ["ada", "mira"]


@pytest.mark.parametrize(
    ("what", "why"),
    [
        (StatusSet(status="investigating"), "the others are"),
        (SeveritySet(severity="P1"), "already"),
        (RoleAccepted(role="technical", who="mira"), "nobody asked"),
        (ItemDone(id="zz"), "there is no item"),
        (Noted(text="  "), "no words"),
        (Closed(), "resolved first"),
    ],
)
def test_what_cannot_be_is_refused_with_the_way_out(what: Change, why: str) -> None:
    told = fault(fold(Tale().entries, OURS), what, "mira")
    assert told is not None
    assert why in told


def test_after_the_end_only_the_writing_goes_on() -> None:
    tale = Tale().add(300, StatusSet(status="resolved")).add(310, Closed())
    found = fold(tale.entries, OURS)
    assert fault(found, Noted(text="late insight"), "mira") is None
    assert "closed" in (fault(found, StatusSet(status="fixing"), "mira") or "")
    assert "closed" in (fault(found, Closed(), "mira") or "")


def test_what_is_not_lost_yet_has_not_to_be_recovered() -> None:
    ahead = Tale(opened(target="frontend", alert="CertificateExpiresSoon", severity="P2"))
    assert fold(ahead.entries, OURS).clock("rto") is None
    assert fold(Tale(opened(severity="P2")).entries, OURS).clock("rto") is not None
