"""A real district without the demo: the packaged seeds, and that every kind goes out and in."""

from typing import get_args

from bringing import *  # noqa: F403 - fixtures are found by their names
from sqlalchemy import delete, func, select

from app.categories.models import Category, CategoryKeyword, PlainChoice
from app.cli.kinds import KINDS, TableKind
from app.kit.db import work
from app.posts.models import Net, Post


def counts(db):
    with work(db, write=False) as tx:
        return [
            tx.scalar(select(func.count()).select_from(m))
            for m in (Net, Post, Category, PlainChoice, CategoryKeyword)
        ]


def test_the_seed_is_there_after_one_call_with_its_nets(xinxin, db):
    done = xinxin("import-seed")
    assert done.exit_code == 0, done.output
    nets, posts, categories, choices, keywords = counts(db)
    for line in (f"nets: {nets} added", f"posts: {posts} added", f"choices: {choices} added",
                 f"keywords: {keywords} added"):  # fmt: skip
        assert line in done.output
    assert "added grid_head\n" in done.output
    assert "added 井盖 C0101\n" in done.output
    assert min(nets, posts, categories, choices, keywords) > 3
    with work(db, write=False) as tx:
        assert tx.get_one(Category, "C0101").net_code == "city"
    second = xinxin("import-seed")
    assert second.output == (
        "nets: nothing\nposts: nothing\ncategories: nothing\nchoices: nothing\nkeywords: nothing\n"
    )


def test_a_districts_own_edits_stay_and_only_what_is_absent_comes(xinxin, db):
    xinxin("import-seed")
    with work(db, write=True) as tx:
        tx.get_one(Post, "grid_head").name = "总网格长"
        tx.execute(delete(PlainChoice).where(PlainChoice.code == "manhole"))
        tx.get_one(CategoryKeyword, ("井盖", "C0101")).weight = 0.5
        tx.execute(delete(CategoryKeyword).where(CategoryKeyword.word == "窨井"))
    assert "choices: 1 added\nadded 窨井 C0101\nkeywords: 1 added" in xinxin("import-seed").output
    with work(db, write=False) as tx:
        assert tx.get_one(Post, "grid_head").name == "总网格长"
        assert tx.get_one(CategoryKeyword, ("井盖", "C0101")).weight == 0.5


def test_a_dry_run_lists_the_same_and_writes_nothing(xinxin, db):
    dry = xinxin("import-seed", "--dry-run")
    assert dry.exit_code == 0
    assert counts(db) == [0, 0, 0, 0, 0]
    assert xinxin("import-seed").output == dry.output


def test_every_kind_is_known():
    assert set(KINDS) == set(get_args(TableKind))


def test_what_stands_in_a_new_district_goes_out_and_in(xinxin, db, again):
    """Also where there is nothing yet: the file is its head, for people to fill in."""
    xinxin("import-seed")
    xinxin("add-staff", "sun", "孙", input="a fine password\na fine password\n")
    found = {kind for kind in KINDS if again(kind, "--by", "sun")}
    assert found == {"nets", "posts", "categories", "choices", "keywords"}


def test_an_import_in_somebodys_name(xinxin, bring, db, cast):
    net = {"code": "n-1", "name": "环保", "name_en": "Environment", "position": "9"}
    assert bring("nets", net, by="sun").exit_code == 0
    unknown = bring("nets", net, by="liu")
    assert (unknown.exit_code, "signs in as liu" in unknown.output) == (2, True)
