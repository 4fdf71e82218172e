"""Rows of direct uploads."""

from matrix.row import ABSENT, MARKER, ME, Row

from app.media.remote import Place

ROWS: dict[str, Row] = {
    "POST /v1/uploads": Row("/v1/uploads", **ME),
    "POST /v1/uploads/{upload_id}/complete": Row(
        "/v1/uploads/{upload}/complete", strangers=("chen", "wang", "administrator"),
        absent=f"/v1/uploads/{ABSENT}/complete", bad_urls=(f"/v1/uploads/{MARKER}/complete",),
        wrong_state=(("liu_bo", "/v1/uploads/{upload}/complete", None, 409, "upload_missing"),),
        **ME),
}  # fmt: skip


def things(there) -> dict[str, str]:
    """An upload of Liu Bo's that never came; a form is signed without asking the store."""
    there.app.state.upload_place = Place(
        "s3", "photos", "http://127.0.0.1:9", "us-east-1", "", "AKID", "of the tests"
    )
    made = there.client.post("/v1/uploads", headers=there.who["liu_bo"])
    return {"upload": made.json()["upload_id"]}
