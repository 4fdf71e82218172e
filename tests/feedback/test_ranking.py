"""The order of answer templates, as properties over random templates and occasions."""

from itertools import pairwise
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from app.feedback.ranking import Occasion, Template, fits, ranked, specificity

PATH = ("district", "street", "village", "grid")
REGIONS = st.sampled_from((*PATH, "elsewhere"))
CATEGORIES = st.sampled_from(("C0101", "C01", "C0201", None))
REASONS = st.sampled_from(("fixed", "unable", None))
MOVES = st.sampled_from(("close", "reject"))
TEMPLATES = st.builds(
    Template, id=st.uuids(), region_code=REGIONS, category_code=CATEGORIES, move=MOVES,
    reason_code=REASONS, name=st.sampled_from("甲乙"), text=st.just("好"),
)  # fmt: skip
LISTS = st.lists(TEMPLATES, max_size=12, unique_by=lambda t: t.id)
FILED = st.builds(
    Occasion, move=MOVES, reason=REASONS, category=st.just("C0101"), main_category=st.just("C01"),
    path=st.just(PATH),
)  # fmt: skip
UNFILED = st.builds(
    Occasion, move=MOVES, reason=REASONS, category=st.none(), main_category=st.none(),
    path=st.just(PATH),
)  # fmt: skip
OCCASIONS = FILED | UNFILED


@given(LISTS, OCCASIONS)
def test_those_that_fit_and_no_others_each_once(templates, at):
    assert {t.id for t in ranked(templates, at)} == {t.id for t in templates if fits(t, at)}
    assert len(ranked(templates, at)) == len({t.id for t in ranked(templates, at)})


@given(LISTS, OCCASIONS)
def test_never_more_specific_later(templates, at):
    order = [specificity(t, at) for t in ranked(templates, at)]
    assert all(before >= after for before, after in pairwise(order))


@given(LISTS, OCCASIONS, st.randoms())
def test_the_order_they_come_in_does_not_matter(templates, at, random):
    shuffled = random.sample(templates, len(templates))
    assert ranked(shuffled, at) == ranked(templates, at)


@given(LISTS, OCCASIONS)
def test_what_it_was_narrowed_to_is_so(templates, at):
    for template in ranked(templates, at):
        assert template.move == at.move
        assert template.region_code in PATH
        assert template.reason_code in {None, at.reason}
        assert template.category_code in {None, at.category, at.main_category}


@given(LISTS, FILED)
def test_the_order_of_the_criteria(templates, at):
    """Said once more in words: reason, then 小类, 大类, any; then the nearer region."""
    for first, second in pairwise(ranked(templates, at)):
        if (first.reason_code is None) != (second.reason_code is None):
            assert first.reason_code is not None
            continue
        kinds = ["C0101", "C01", None]
        one, other = (kinds.index(t.category_code) for t in (first, second))
        assert one <= other
        if one == other:
            assert PATH.index(first.region_code) >= PATH.index(second.region_code)


@given(TEMPLATES, FILED)
def test_without_a_chosen_reason_only_those_for_any(template, at):
    unknown = Occasion(at.move, None, at.category, at.main_category, at.path)
    if fits(template, unknown):
        assert template.reason_code is None


def test_one_case():
    at = Occasion("close", "fixed", "C0101", "C01", PATH)

    def template(n, region, category, reason):
        return Template(UUID(int=n), region, category, "close", reason, "n", "t")

    templates = [
        template(1, "grid", "C0101", None), template(2, "district", None, "fixed"),
        template(3, "district", "C01", "fixed"), template(4, "street", "C01", "fixed"),
        template(5, "grid", None, None), template(6, "grid", "C0201", "fixed"),
        template(7, "grid", None, "unable"), template(8, "village", "C01", None),
    ]  # fmt: skip
    assert [t.id.int for t in ranked(templates, at)] == [4, 3, 2, 1, 8, 5]
