"""Rows of WeChat's push, refused without a reason unless it is WeChat's, and of its codes."""

from matrix.row import MARKER, PROGRAM, REPORTERS, Row, but

from app.identity.models import Role

CODE = "/v1/wechat/code?scene=store%3D7&page=pages/index/index"

ROWS: dict[str, Row] = {
    "GET /v1/wechat/push": Row("/v1/wechat/push", 403),
    "POST /v1/wechat/push": Row("/v1/wechat/push", 403),
    # Nobody is given one here: the stage has no WeChat.
    "GET /v1/wechat/code": Row(
        CODE, by="sun", wrong_state=(("sun", CODE, None, 503, "wechat_off"),),
        forbidden={"role_missing": (*REPORTERS, *but(Role.ADMINISTRATOR, Role.KEEPER)),
                   "person_only": PROGRAM},
        bad_urls=("", f"?scene={MARKER}", f"?page={MARKER}", f"?scene={MARKER * 6}&page=a",
                  f"?scene=a&page=/{MARKER}", f"?scene=a&page={MARKER}?a=1",
                  f"?scene=a&page={MARKER * 30}")),
}  # fmt: skip
