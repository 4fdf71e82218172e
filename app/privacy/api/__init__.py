"""Privacy over HTTP: what anyone may read, what a person asks for, what staff look at."""

from app.privacy.api.common import router
from app.privacy.api.mine import router as mine
from app.privacy.api.staff import router as staff

others = (mine, staff)

__all__ = ["others", "router"]
