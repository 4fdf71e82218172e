"""The words of direct uploads at the edge."""

from uuid import UUID

from pydantic import Field

from app.kit.schema import Instant, Out


class UploadOut(Out):
    upload_id: UUID
    url: str = Field(description="Where to post the photo: `wx.uploadFile`'s `url`")
    fields: dict[str, str] = Field(description="Form fields before `file`: its `formData`")
    expires_at: Instant = Field(description="Until then the store takes the photo")
