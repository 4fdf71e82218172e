"""What roles are called where people read of them."""

from app.identity.models import Role

ROLES: dict[str, dict[str, str]] = {
    Role.GRID_STAFF: {"zh": "网格员", "en": "grid staff"},
    Role.GRID_HEAD: {"zh": "网格长", "en": "head of a grid"},
    Role.DISPATCHER: {"zh": "派遣员", "en": "dispatcher"},
    Role.HANDLER: {"zh": "处置人员", "en": "handler"},
    Role.CHECKER: {"zh": "核查员", "en": "checker"},
}
