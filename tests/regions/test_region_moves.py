"""A region that moves takes what lies below it along: roles and cases follow the paths."""

from cast import DISTRICT, GRID, STREET, VILLAGE

from app.kit.db import work
from app.regions import service
from app.regions.models import Region
from app.regions.schemas import RegionDraft


def test_its_grids_come_along_though_the_file_does_not_list_them(db, cast):
    other = "500152009000"
    with work(db, write=True) as tx:
        service.import_regions(
            tx,
            [
                RegionDraft(other, "新镇", "新镇", 1, "镇", DISTRICT),
                RegionDraft(VILLAGE, "莲花社区", "莲花社区居民委员会", 2, "社区", other),
            ],
        )
    with work(db, write=False) as tx:
        assert tx.get_one(Region, GRID).path == f"/{DISTRICT}/{other}/{VILLAGE}/{GRID}/"
        assert tx.get_one(Region, STREET).path == f"/{DISTRICT}/{STREET}/"
