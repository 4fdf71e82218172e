"""What can go wrong with grids."""

from app.kit.errors import NotFound, Words


class GridNotFound(NotFound):
    code = "grid_not_found"
    title = Words("没有这个网格", "No such grid")
