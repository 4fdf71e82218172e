"""The canonical bytes and the tree, by vectors that anybody can compute again."""

import base64
import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from app.proofs import canonical, checker, merkle

VECTORS = json.loads((Path(__file__).parent / "vectors.json").read_text("utf-8"))
# The leaves and roots that the implementations of RFC 6962 share.
LEAVES = [
    bytes.fromhex(leaf)
    for leaf in (
        "", "00", "10", "2021", "3031", "40414243", "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]  # fmt: skip
ROOTS = (
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)


def facts_of(vector):
    return {
        section: [SimpleNamespace(**row) for row in rows]
        for section, rows in vector["facts"].items()
    }


@pytest.mark.parametrize("vector", VECTORS["journals"], ids=lambda v: v["name"])
class TestJournals:
    def test_bytes_and_leaf(self, vector):
        data = canonical.encode(facts_of(vector))
        assert base64.b64encode(data).decode() == vector["bytes"]
        assert merkle.leaf(data).hex() == vector["leaf"]

    def test_the_checker_reads_what_was_written(self, vector):
        read = checker.read(base64.b64decode(vector["bytes"]))
        for section, rows in vector["facts"].items():
            written = [{k: v if v is None else str(v) for k, v in row.items()} for row in rows]
            assert read[section] == sorted(written, key=lambda row: next(iter(row.values())))
        assert all(not rows for name, rows in read.items() if name not in vector["facts"])

    def test_the_order_of_reading_does_not_matter(self, vector):
        facts = {name: rows[::-1] for name, rows in facts_of(vector).items()}
        assert base64.b64encode(canonical.encode(facts)).decode() == vector["bytes"]

    def test_every_field_of_every_row_matters(self, vector):
        facts, seen = facts_of(vector), {vector["bytes"]}
        for rows in facts.values():
            for row in rows:
                for name, value in vars(row).items():
                    for other in ("other", None) if value is not None else ("",):
                        setattr(row, name, other)
                        seen.add(base64.b64encode(canonical.encode(facts)).decode())
                    setattr(row, name, value)
        fields = [v for rows in vector["facts"].values() for row in rows for v in row.values()]
        assert len(seen) == 1 + sum(1 if value is None else 2 for value in fields)

    def test_a_row_more_or_less_matters(self, vector):
        for section in vector["facts"]:
            facts = facts_of(vector)
            for rows in (facts[section][:-1], [*facts[section], facts[section][0]]):
                encoded = canonical.encode({**facts, section: rows})
                assert base64.b64encode(encoded).decode() != vector["bytes"]

    def test_cut_or_longer_bytes_are_no_journal(self, vector):
        data = base64.b64decode(vector["bytes"])
        for wrong in (data[:-1], data + b"\x00", b"\x02" + data[1:], b""):
            with pytest.raises(ValueError, match="journal"):
                checker.read(wrong)


def test_chain_and_published_root():
    chain = merkle.START
    for link in VECTORS["chain"]:
        chain = merkle.link(chain, bytes.fromhex(link["leaf"]))
        assert chain.hex() == link["chain"]
    tree = merkle.root([bytes.fromhex(link["leaf"]) for link in VECTORS["chain"]])
    said = VECTORS["notice"]
    words = (said["notice_id"], said["period"], said["first_position"], said["last_position"])
    assert merkle.published(tree, chain, [str(word) for word in words]).hex() == said["root"]


def test_a_whole_proof():
    lines = checker.check(json.dumps(VECTORS["proof"]), VECTORS["notice"]["root"])
    assert lines[-1] == "INCLUDED in the published root"


def test_the_checker_knows_the_same_columns():
    columns = {section: tuple(names.split()) for section, names in checker.SECTIONS.items()}
    assert columns == canonical.SECTIONS


def test_the_description_names_every_column():
    readme = (Path(canonical.__file__).parent / "README.md").read_text("utf-8")
    for section, names in canonical.SECTIONS.items():
        assert f"| `{section}` | {', '.join(names)} |" in readme


class TestTree:
    @pytest.mark.parametrize("size", range(1, 9))
    def test_roots_that_others_found(self, size):
        hashes = [merkle.leaf(leaf) for leaf in LEAVES[:size]]
        assert merkle.root(hashes).hex() == ROOTS[size - 1]

    @pytest.mark.parametrize("size", range(1, 36))
    def test_every_path_leads_to_the_root_and_no_other(self, size):
        hashes = [merkle.leaf(bytes([n])) for n in range(size)]
        root = merkle.root(hashes)
        for index, leaf in enumerate(hashes):
            path = merkle.path(hashes, index)
            assert checker.climb(leaf, index, size, path) == root
            for wrong in range(size):
                if wrong != index:
                    assert not leads(leaf, wrong, size, path, root)
            assert not leads(leaf, index, size, [*path, leaf], root)
            assert not leads(leaf, index, size, path[:-1], root) or not path

    @pytest.mark.parametrize("size", range(1, 36))
    def test_blocks_join_where_the_leaves_would(self, size, monkeypatch):
        monkeypatch.setattr(merkle, "BLOCK", 4)
        hashes, blocks = [merkle.leaf(bytes([n])) for n in range(size)], merkle.Blocks()
        for leaf in hashes:
            blocks.add(leaf)
        roots = blocks.all()
        assert merkle.root(roots) == merkle.root(hashes)
        for index in range(size):
            first = index // 4 * 4
            inside = merkle.path(hashes[first : first + 4], index % 4)
            assert inside + merkle.path(roots, index // 4) == merkle.path(hashes, index)


def leads(leaf, index, size, path, root):
    try:
        return checker.climb(leaf, index, size, path) == root
    except ValueError:
        return False
