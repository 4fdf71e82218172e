"""Search in Chinese on both engines: what is found, by whom, and that no substring is missed."""

from datetime import timedelta

import pytest
from cases.case_build import listed
from cast import GRID, INSIDE, INSIDE_OTHER, OTHER_GRID
from flows.story import moved
from hearing import heard
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from app.cases import indexing
from app.cases.indexing import open_word
from app.cases.models import Case, CaseText
from app.desk import queue, search
from app.identity.access import Actor, Held
from app.identity.models import Role
from app.kit import bigrams, clock
from app.kit.db import work
from app.kit.ids import new_id

CHINESE = st.characters(min_codepoint=0x3400, max_codepoint=0x9FFF)
TEXT = st.text(st.one_of(CHINESE, st.sampled_from("abcXYZ019 ，。、-_é!'\"")), max_size=40)
ABOVE = ("500152000000", "500152001000", "500152001001", GRID)
STREET_PATH = "/500152000000/500152001000/500152001001/"
PATH = f"{STREET_PATH}{GRID}/"
RUN = st.text(CHINESE, min_size=2, max_size=12)


def by_the_index(tx, way, given):
    """Instead of a glance, which meets the few cases here on a walk."""
    return search.hits(tx, way.told, given)


@pytest.fixture(scope="module")
def found(client, desk):
    """Whether a search of these words finds a case; by Wang unless told otherwise."""

    def asked(case, words, headers=None, **more):
        met = case["id"] in listed(client, headers or desk.wang, q=words, **more)
        with pytest.MonkeyPatch.context() as patch:
            # The few cases here are all met on a walk: the index finds the same.
            patch.setattr(queue, "glance", by_the_index)
            assert met == (case["id"] in listed(client, headers or desk.wang, q=words, **more))
        return met

    return asked


@pytest.fixture(scope="module")
def rails(desk):
    """A case whose words nobody else uses."""
    return desk.reported(
        description="滨江路人行道护栏松脱，旁边有 ATM 机（编号 TN-4411）", address="Café 门口"
    )


class TestWords:
    @pytest.mark.parametrize(
        "words",
        [
            "护栏",  # a pair
            "护栏松脱",  # pairs that overlap
            "行道护栏",  # across what a dictionary would cut
            "栏",  # one character, in the middle of a run
            "脱",  # the last one of a run
            "滨",  # the first one
            "护栏 滨江",  # two words, in any order
            "门口 护栏",  # text and address
            "atm", "ATM", "ＡＴＭ",  # case and width
            "4411", "tn-4411", "TN 4411",  # numbers, with what stands between
            "cafe", "CAFÉ",  # accents
            "护栏，松脱！",  # punctuation is none of it
            "护栏 ATM 4411",
        ],
    )  # fmt: skip
    def test_that_are_there(self, found, rails, words):
        assert found(rails, words)

    @pytest.mark.parametrize(
        "words",
        [
            "栏护",  # the other way round
            "护栏断裂",  # half of it
            "道路",  # both characters, not together
            "护栏 井盖",  # all of the words
            "AT", "441", "TN-44",  # whole words only
            "猫",
        ],
    )  # fmt: skip
    def test_that_are_not(self, found, rails, words):
        assert not found(rails, words)

    @pytest.mark.parametrize(
        "words", ["，", "。！？", "---", "' OR 1=1", '"', "*", ":*", " ", "()"]
    )
    def test_that_are_none(self, client, desk, rails, words):
        """Nothing that could be looked for finds nothing, and never breaks the query."""
        assert rails["id"] not in listed(client, desk.wang, q=words)

    @pytest.mark.parametrize(
        "words", ["护栏'", '护栏"', "护栏*", "护栏 & |", "护栏:*", "护栏 AND", "(护栏", "护栏\\"]
    )
    def test_signs_of_a_query_language_are_only_signs(self, client, desk, found, rails, words):
        # `AND` is a word like any other, and this case does not hold it.
        assert found(rails, words) is ("AND" not in words)

    def test_the_number_whole_and_in_part(self, found, rails):
        district, day, last = rails["number"].split("-")
        for words in (rails["number"], last, f"{day}-{last}", f"{district} {last}"):
            assert found(rails, words), words
        assert not found(rails, f"{district}-{day}-99999")

    def test_nothing_at_all(self, client, desk):
        assert listed(client, desk.qian, q="从来没有人写过") == set()

    def test_a_hundred_characters_and_no_more(self, client, desk, rails):
        assert rails["id"] not in listed(client, desk.wang, q="护" * 100)
        long = client.get("/v1/cases", headers=desk.wang, params={"q": "护" * 101})
        assert long.status_code == 422

    def test_narrowed_further(self, found, rails, desk):
        assert found(rails, "护栏", status="reported", open=True, region=GRID)
        assert not found(rails, "护栏", status="filed")
        assert not found(rails, "护栏", desk.qian, region=OTHER_GRID)
        assert not found(rails, "护栏", mine=True)


class TestWho:
    def test_words_of_another_grid_are_not_found(self, desk, found):
        here = desk.reported(INSIDE, description="路灯不亮了三天")
        there = desk.reported(INSIDE_OTHER, description="路灯不亮了五天")
        for words in ("路灯不亮", "路", "灯", "不亮了五天"):
            assert not found(there, words), words
            assert found(there, words, desk.zhao) is found(there, words, desk.qian) is True
        assert found(here, "路灯")
        assert not found(here, "路灯", desk.zhao)

    def test_nor_by_naming_its_scope(self, desk, found):
        there = desk.reported(INSIDE_OTHER, description="树枝折断")
        for words in (f"r{OTHER_GRID}", f"树枝 r{OTHER_GRID}", f"r{OTHER_GRID} OR r{GRID}"):
            assert not found(there, words), words

    def test_a_text_that_names_another_scope_shows_it_to_nobody_there(self, desk, found):
        here = desk.reported(INSIDE, description=f"水管爆裂 r{OTHER_GRID}")
        assert found(here, "水管爆裂")
        assert not found(here, "水管爆裂", desk.zhao)

    def test_after_a_correction_the_new_grid_finds_it(self, client, desk, found):
        case = desk.reported(INSIDE, description="雨棚垮塌")
        assert (found(case, "雨棚"), found(case, "雨棚", desk.zhao)) == (True, False)
        moved(client, desk.wang, case, "correct", note="在隔壁", place=INSIDE_OTHER)
        assert (found(case, "雨棚"), found(case, "雨棚", desk.zhao)) == (False, True)

    def test_of_whom_it_was_given_to(self, client, desk, newcomer, as_, found):
        handler = newcomer((Role.HANDLER, "500152001000"))
        case = desk.dispatched(to=handler, description="广告牌摇晃")
        assert found(case, "广告牌", as_(handler))
        assert not found(desk.filed(description="广告牌歪斜"), "广告牌", as_(handler))


class TestWhileOpen:
    """An open case has words of its own in the index, which a search among the open ones asks."""

    def opens(self, db, case):
        with work(db, write=False) as tx:
            told = tx.scalars(select(CaseText.words).where(CaseText.case_id == case["id"])).one()
        return {word for word in told.split() if word in {open_word(code) for code in ABOVE}}

    def test_until_it_ends(self, client, desk, db, found):
        case = desk.reported(description="电线垂落")
        assert len(self.opens(db, case)) == len(ABOVE)
        assert found(case, "电线垂落", open=True)
        desk.moved(case, "reject", by=desk.qian, reason_code="not_found", public_note="未发现")
        assert self.opens(db, case) == set()
        assert found(case, "电线垂落")
        assert not found(case, "电线垂落", open=True)
        assert not found(case, "电线垂落", desk.qian, open=True)
        assert found(case, "电线垂落", desk.qian)
        assert found(case, "电线垂落", status="rejected")

    def test_and_again_once_it_is_open_again(self, desk, db, found):
        into, case = desk.reported(), desk.reported(description="电缆外露")
        case = desk.moved(case, "merge", by=desk.qian, into=into["number"], note="同一处")
        assert self.opens(db, case) == set()
        desk.moved(case, "unmerge", by=desk.qian, note="不是同一处")
        assert len(self.opens(db, case)) == len(ABOVE)
        assert found(case, "电缆外露", open=True)

    def test_in_its_new_place(self, client, desk, db, found):
        case = desk.reported(INSIDE, description="水沟堵塞")
        moved(client, desk.wang, case, "correct", note="在隔壁", place=INSIDE_OTHER)
        assert not found(case, "水沟堵塞", open=True)
        assert found(case, "水沟堵塞", desk.zhao, open=True)


class TestMany:
    def test_words_of_hundreds_of_cases_are_found_page_by_page(self, db, cast, monkeypatch):
        """Taken by their ids, met on a walk that knows rows or texts, or from the index's end."""
        wang = (Role.GRID_STAFF, PATH)
        zhao = (Role.GRID_STAFF, f"{STREET_PATH}{OTHER_GRID}/")
        made = {}
        for code, (_, path) in ((GRID, wang), (OTHER_GRID, zhao)):
            with work(db, write=True) as tx:
                made[code] = {
                    make(tx, code, path, n, f"化粪池满溢 Gully{'' if n % 2 else ' '}")
                    for n in range(search.SELDOM_OPEN + 20)
                }
            with work(db, write=True) as tx:
                # Whoever is indexed anew keeps their place.
                old = [tx.get_one(Case, case_id) for case_id in sorted(made[code])[::7]]
                indexing.reindex(tx, [(case, path) for case in old])
        for code, (role, path), who in ((GRID, wang, cast.wang), (OTHER_GRID, zhao, cast.zhao)):
            actor = Actor(who.id, new_id(), who.member_no, (Held(role, path),))
            few = dict.fromkeys(search.MANY, 100)
            for large, many in ((search.LARGE, search.MANY), (search.LARGE, few), (100, few)):
                monkeypatch.setattr(search, "LARGE", large)
                monkeypatch.setattr(search, "MANY", many)
                self.found(db, actor, made[code])
            with monkeypatch.context() as patch:
                patch.setattr(queue, "glance", by_the_index)
                self.found(db, actor, made[code])
            self.asks_the_index_for_what_is_rare(db, actor)

    def found(self, db, actor, made):
        for is_open in (False, True):
            for words in ("化粪池满溢", "池", "化粪池 gully", "溢"):
                seen = pages(db, actor, queue.Filters(words=words, open=is_open), 70)
                assert seen == sorted(made, reverse=True), words
            for words in ("化粪池溢", "化粪池满溢 oil", "gul"):
                assert pages(db, actor, queue.Filters(words=words, open=is_open), 70) == [], words

    def asks_the_index_for_what_is_rare(self, db, actor):
        """On PostgreSQL, where the index would gather all that is common before a page of it."""
        if db.is_sqlite:
            return
        assert not self.index_reads(db, actor, "化粪池")
        assert self.index_reads(db, actor, "oil")

    def index_reads(self, db, actor, words):
        """Whether a list of all matches is made for a page of them."""
        plans = []
        with work(db, write=False) as tx, heard(db.reader) as said:
            queue.queue(tx, actor, queue.Filters(words=words), 20, None)
            for statement, values in [one for one in said if "@@" in one[0]]:
                told = tx.connection().exec_driver_sql(f"EXPLAIN ANALYZE {statement}", values)
                plans.append(told.scalars().all())
        # The line of what makes the list stands below that of its name.
        made = [plan[i + 1] for plan in plans for i, line in enumerate(plan) if "CTE found" in line]
        assert len(made) == len(plans) > 0
        return any("never executed" not in line for line in made)


@pytest.fixture(scope="module")
def mixed(db, newcomer):
    """The cases of two grids by turns, every other one given to this person; newest first."""
    person = newcomer((Role.GRID_STAFF, GRID))
    made = []
    with work(db, write=True) as tx:
        for n in range(48):
            code, mine = GRID if n % 4 < 2 else OTHER_GRID, n % 2 == 1
            given = {
                "assignee_id": person.id,
                "category_code": "C0101",
                "handle_due_at": clock.now(),
            }
            path = f"{STREET_PATH}{code}/"
            case_id = make(tx, code, path, n, "喷泉漏水", **(given if mine else {}))
            made.append((case_id, code, mine))
    actor = Actor(person.id, new_id(), person.member_no, (Held(Role.GRID_STAFF, PATH),))
    return actor, made[::-1]


class TestTogether:
    """What lies in one's grid and what is one's own elsewhere are one list, page by page."""

    @pytest.mark.parametrize("way", ["common", "seldom", "often"])
    @pytest.mark.parametrize("region", [None, GRID, OTHER_GRID, ABOVE[1]])
    @pytest.mark.parametrize("mine", [False, True])
    @pytest.mark.parametrize("words", [None, "喷泉"])
    def test_each_once_newest_first(self, db, mixed, monkeypatch, words, mine, region, way):
        actor, made = mixed
        if way != "common":
            monkeypatch.setattr(queue, "glance", by_the_index)
        if way == "often":
            monkeypatch.setattr(search, "hits", lambda *_: search.Hits(10**6))
        wanted = queue.Filters(words=words, mine=mine, region=region)
        inside = {None: {GRID, OTHER_GRID}, ABOVE[1]: {GRID, OTHER_GRID}}.get(region, {region})
        expected = [
            case_id for case_id, code, own in made
            if (own or (code == GRID and not mine)) and code in inside
        ]  # fmt: skip
        seen = pages(db, actor, wanted, 5)
        # Without words the grid has the cases of other tests too.
        known = {case_id for case_id, _, _ in made}
        assert [case_id for case_id in seen if case_id in known] == expected
        assert words is None or len(seen) == len(expected)


class TestOrder:
    @pytest.mark.parametrize("by", ["walk", "index"])
    def test_newest_first_though_rows_are_numbered_in_another_order(
        self, db, cast, monkeypatch, by
    ):
        """Clocks of two processes differ, and none of them waits for the other's number."""
        if by == "index":
            monkeypatch.setattr(queue, "glance", by_the_index)
            monkeypatch.setattr(search, "LARGE", 10)
        words, began = f"喷淋{by}", clock.now()
        early = [n - 15 if n % 16 == 15 else n for n in range(64)]
        with work(db, write=True) as tx:
            made = [
                (at, make(tx, GRID, PATH, at, words, began + timedelta(seconds=at))) for at in early
            ]
        actor = Actor(cast.wang.id, new_id(), cast.wang.member_no, (Held(Role.GRID_STAFF, PATH),))
        expected = [case_id for _, case_id in sorted(made, reverse=True)]
        assert pages(db, actor, queue.Filters(words=words), 5) == expected


def pages(db, actor, wanted, limit):
    """The ids of a whole list, in its order."""
    seen, cursor = [], None
    while True:
        with work(db, write=False) as tx:
            page = queue.queue(tx, actor, wanted, limit, cursor)
        seen += [row.id for row in page.rows]
        cursor = page.next_cursor
        if cursor is None:
            return seen


def make(tx, code, path, n, description, now=None, **more):
    """A case straight in the tables, indexed."""
    now = now or clock.now()
    case = Case(
        id=new_id(), number=f"X-{code}-{n}-{new_id().hex[-6:]}", version=1, region_code=code,
        status="dispatched" if more else "reported", routing={}, hazard=False,
        description=description, rework=0, returns=0, accept_due_at=now, clock_rule={},
        created_at=now, updated_at=now, **more,
    )  # fmt: skip
    tx.add(case)
    tx.flush()
    indexing.index(tx, case, path)
    return case.id


class TestBigrams:
    @given(before=TEXT, run=RUN, after=TEXT, data=st.data())
    def test_every_substring_of_two_or_more_characters_is_found(self, before, run, after, data):
        text = before + run + after
        begin = data.draw(st.integers(0, len(run) - 2))
        end = data.draw(st.integers(begin + 2, len(run)))
        asked = bigrams.asked(run[begin:end])
        assert asked
        assert set(asked) <= set(bigrams.words(text))

    @given(text=TEXT)
    def test_a_text_finds_itself(self, text):
        held = bigrams.words(text)
        for word in bigrams.asked(text):
            if bigrams.is_prefix(word):
                assert any(one.startswith(word) for one in held)
            else:
                assert word in held

    @given(text=TEXT)
    def test_each_character_of_a_text_is_found_as_a_prefix(self, text):
        held = bigrams.words(text)
        for character in text:
            for word in bigrams.asked(character):
                if bigrams.is_prefix(word):
                    assert any(one.startswith(word) for one in held), (character, held)

    @given(text=st.text(max_size=60))
    def test_words_are_safe_for_every_query_language(self, text):
        for word in {*bigrams.words(text), *bigrams.asked(text)}:
            assert word
            assert all(c.isalnum() and c not in "'\"\\ " for c in word), word

    @given(text=TEXT)
    def test_each_word_is_there_once(self, text):
        for cut in (bigrams.words, bigrams.asked):
            assert len(cut(text)) == len(set(cut(text)))

    def test_as_the_docstring_says(self):
        assert bigrams.words("井盖坏") == ["井盖", "盖坏", "坏"]
        assert bigrams.asked("井盖坏") == ["井盖", "盖坏"]
        assert bigrams.asked("坏") == ["坏"]
        assert bigrams.words("ATM CAFÉ") == ["atm", "cafe"]
