"""The ordered matching against a naive reference, and what is found wrong with a list of rules."""

from dataclasses import replace
from datetime import datetime, timedelta
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kit.clock import SHANGHAI
from app.routing import rules
from app.routing.rules import ALWAYS, WEEK, Facts, Ground, Held, Rule

MONDAY = datetime(2026, 11, 23, tzinfo=SHANGHAI)
PARENTS = {"A": None, "A1": "A", "A2": "A", "B": None, "B1": "B"}
PATHS = {"d": "/d/", "s": "/d/s/", "g": "/d/s/g/", "h": "/d/s/h/"}
OPEN = Rule(1, "规则", None, None, None, None, (), None, None, "doctor", None)

times = st.tuples(st.integers(0, 23), st.sampled_from([0, 1, 30, 59])).map(
    lambda t: f"{t[0]:02}:{t[1]:02}"
)
hours = st.one_of(
    st.just((None, None)), st.tuples(times, st.one_of(times, st.just("24:00")))
)  # fmt: skip
conditions = st.builds(
    lambda category, net, region, source, days, span, target: replace(
        OPEN, category_code=category, net_code=net, region_code=region, source=source,
        weekdays=tuple(sorted(days)), starts=span[0], ends=span[1],
        post_code=target[0], unit_code=target[1],
    ),
    st.sampled_from([None, *PARENTS]), st.sampled_from([None, "n", "m"]),
    st.sampled_from([None, *PATHS]), st.sampled_from([None, "report", "patrol"]),
    st.sets(st.integers(1, 7)), hours,
    st.sampled_from([("doctor", None), ("police", None), (None, "U")]),
)  # fmt: skip
lists = st.lists(conditions, max_size=8).map(
    lambda found: [replace(rule, position=n) for n, rule in enumerate(found, start=1)]
)
asked = st.builds(
    lambda category, net, region, source, minute: (category, net, region, source, minute),
    st.sampled_from([None, *PARENTS]), st.sampled_from([None, "n", "m"]),
    st.sampled_from([*PATHS]), st.sampled_from(["report", "patrol", "split"]),
    st.integers(0, WEEK - 1),
)  # fmt: skip
holders = st.lists(
    st.builds(
        Held, st.sampled_from(["doctor", "police"]), st.sampled_from([None, "U"]),
        st.sampled_from([*PATHS.values()]),
    ),
    max_size=4,
)  # fmt: skip


def facts(category, net, region, source, minute):
    own = {category, PARENTS.get(category)} - {None}
    path = PATHS[region].strip("/").split("/")
    at = MONDAY + timedelta(minutes=minute)
    return Facts(frozenset(own), net, frozenset(path), source, at)


def naive(rule, category, net, region, source, minute):
    """The words of the documentation, one after the other."""
    own = {category, PARENTS.get(category)}
    return (
        (rule.category_code is None or rule.category_code in own)
        and (rule.net_code is None or rule.net_code == net)
        and (rule.region_code is None or f"/{rule.region_code}/" in PATHS[region])
        and (rule.source is None or rule.source == source)
        and in_time(rule, minute)
    )


def in_time(rule, minute):
    at = MONDAY + timedelta(minutes=minute)
    today, yesterday, time = at.isoweekday(), (at - timedelta(days=1)).isoweekday(), f"{at:%H:%M}"
    days = rule.weekdays or range(1, 8)
    if rule.starts is None:
        return today in days
    if rule.starts < rule.ends:
        return today in days and rule.starts <= time < rule.ends
    return (today in days and time >= rule.starts) or (yesterday in days and time < rule.ends)


@given(lists, asked)
def test_the_matching_is_what_the_words_say(found, spot):
    expected = [rule.position for rule in found if naive(rule, *spot)]
    assert [rule.position for rule in rules.matching(found, facts(*spot))] == expected


@given(conditions, conditions, asked)
def test_what_covers_holds_wherever_the_other_does(earlier, later, spot):
    if rules.covers(earlier, later, Ground("d", PARENTS, PATHS, [])) and naive(later, *spot):
        assert naive(earlier, *spot)


@given(conditions)
def test_every_rule_covers_itself_and_nothing_more_is_open(rule):
    ground = Ground("d", PARENTS, PATHS, [])
    assert rules.covers(rule, rule, ground)
    assert rules.covers(OPEN, rule, ground)


@given(lists, asked, holders)
def test_what_is_called_never_reached_never_is(found, spot, held):
    """The first rule that holds and points at somebody on the path is none of those."""
    ground = Ground("d", PARENTS, PATHS, held)
    never = {f.position for f in rules.findings(found, ground) if f.kind == "never_reached"}
    path = PATHS[spot[2]]

    def somebody(rule):
        if rule.unit_code:
            return any(h.unit_code == rule.unit_code for h in held)
        return any(h.post_code == rule.post_code and path.startswith(h.path) for h in held)

    taken = next((rule for rule in found if naive(rule, *spot) and somebody(rule)), None)
    assert taken is None or taken.position not in never


class TestTimes:
    def test_always(self):
        assert rules.times((), None, None) == ALWAYS
        assert rules.times((), "08:00", "08:00") == ALWAYS
        assert rules.times(tuple(range(1, 8)), "00:00", "24:00") == ALWAYS

    def test_a_minute(self):
        assert rules.times((1,), "00:00", "00:01") == 1
        assert rules.times((7,), "23:59", "24:00") == 1 << (WEEK - 1)

    def test_the_night_of_sunday_lasts_into_monday(self):
        assert rules.times((7,), "23:59", "00:01") == 1 << (WEEK - 1) | 1


ALONE = [Held("doctor", None, "/d/"), Held("police", "U", "/d/s/g/")]


def found(*listed, held=ALONE):
    numbered = [replace(rule, position=n) for n, rule in enumerate(listed, start=1)]
    return [
        (f.position, f.kind, f.by)
        for f in rules.findings(numbered, Ground("d", PARENTS, PATHS, held))
    ]


class TestFindings:
    def test_none(self):
        assert (
            found(replace(OPEN, category_code="A1"), replace(OPEN, category_code="A"), OPEN) == []
        )

    @pytest.mark.parametrize(
        ("target", "region", "empty"),
        [
            (("doctor", None), None, False), (("nurse", None), None, True),
            (("police", None), None, False), (("police", None), "g", False),
            (("police", None), "s", False), (("police", None), "h", True),
            (("doctor", None), "h", False), ((None, "U"), "h", False), ((None, "V"), None, True),
        ],
    )  # fmt: skip
    def test_points_at_nobody(self, target, region, empty):
        rule = replace(OPEN, post_code=target[0], unit_code=target[1], region_code=region)
        assert found(rule) == ([(1, "points_at_nobody", None)] if empty else [])

    def test_never_reached(self):
        later = replace(OPEN, category_code="A1")
        assert found(OPEN, later, later) == [(2, "never_reached", 1), (3, "never_reached", 1)]

    @pytest.mark.parametrize(
        "narrower",
        [
            {"category_code": "A"}, {"net_code": "n"}, {"region_code": "s"}, {"source": "patrol"},
            {"weekdays": (1,)}, {"starts": "08:00", "ends": "18:00"},
        ],
    )  # fmt: skip
    def test_a_narrower_rule_first_lets_others_through(self, narrower):
        assert found(replace(OPEN, **narrower), OPEN) == []
        assert found(OPEN, replace(OPEN, **narrower)) == [(2, "never_reached", 1)]

    def test_the_parent_covers_its_children(self):
        first = replace(OPEN, category_code="A")
        assert found(first, replace(OPEN, category_code="A1")) == [(2, "never_reached", 1)]
        assert found(first, replace(OPEN, category_code="B1")) == []

    def test_the_region_covers_what_lies_below(self):
        below = replace(OPEN, region_code="g")
        assert found(replace(OPEN, region_code="s"), below) == [(2, "never_reached", 1)]
        assert found(replace(OPEN, region_code="h"), below) == []

    def test_a_post_that_is_not_held_everywhere_hands_on(self):
        police = replace(OPEN, post_code="police")
        assert found(police, OPEN) == []
        assert found(police, replace(OPEN, region_code="g")) == [(2, "never_reached", 1)]
        assert found(police, replace(OPEN, region_code="h")) == []

    def test_an_empty_unit_hands_on(self):
        unit = replace(OPEN, post_code=None, unit_code="V")
        assert found(unit, OPEN) == [(1, "points_at_nobody", None)]
        assert found(replace(unit, unit_code="U"), OPEN) == [(2, "never_reached", 1)]

    def test_its_words(self):
        told = rules.findings([replace(OPEN, post_code="nurse")], Ground("d", {}, PATHS, []))[0]
        assert "第1条" in told.zh
        assert told.en.isascii()


def slow(rule, earlier, ground):
    """The words of the documentation, one holder after the other."""
    path = ground.path(rule)
    if rule.unit_code is not None:
        alive = any(held.unit_code == rule.unit_code for held in ground.held)
    else:
        alive = any(
            held.post_code == rule.post_code
            and (held.path.startswith(path) or path.startswith(held.path))
            for held in ground.held
        )
    before = (
        e.position
        for e in earlier
        if rules.covers(e, rule, ground)
        and any(
            held.unit_code == e.unit_code
            if e.unit_code is not None
            else held.post_code == e.post_code and path.startswith(held.path)
            for held in ground.held
        )
    )
    return alive, next(before, None)


@given(lists, holders)
def test_findings_are_what_asking_each_holder_says(listed, held):
    ground = Ground("d", PARENTS, PATHS, held)
    expected = []
    for number, rule in enumerate(listed):
        alive, by = slow(rule, listed[:number], ground)
        expected += [] if alive else [(rule.position, "points_at_nobody", None)]
        expected += [] if by is None else [(rule.position, "never_reached", by)]
    found = [(f.position, f.kind, f.by) for f in rules.findings(listed, ground)]
    assert found == expected


def test_two_hundred_rules_and_twelve_thousand_holders_take_no_time():
    """Every rule covers every later one, and none of their posts is held where they speak of."""
    paths = {f"g{n}": f"/d/s/g{n}/" for n in range(12_000)}
    held = [Held(f"post{n % 40}", f"U{n % 300}", path) for n, path in enumerate(paths.values())]
    listed = [
        replace(OPEN, position=n, post_code=f"nobody{n}", weekdays=(1 + n % 7,), starts="08:00",
                ends=f"{9 + n % 12:02}:30" if n % 2 else "20:00")
        for n in range(1, 201)
    ]  # fmt: skip
    listed[1::3] = [replace(rule, weekdays=(), starts=None, ends=None) for rule in listed[1::3]]
    ground = Ground("d", {}, paths, held)
    begun = process_time()
    told = rules.findings(listed, ground)
    assert process_time() - begun < 0.3
    assert {f.kind for f in told} == {"points_at_nobody"}
    assert len(told) == 200
