"""What can go wrong with a photo that was to go straight into the object store."""

from app.kit.errors import Conflict, NotFound, Words


class DirectUploadOff(Conflict):
    """The usual case: photos go through `POST /v1/photos`."""

    code = "direct_upload_off"
    title = Words("未启用直传，请使用普通上传", "Direct upload is off: upload through the API")


class UploadsOpen(Conflict):
    code = "uploads_open"
    title = Words("未完成的直传过多，请稍后再试", "Too many direct uploads are not finished yet")


class UploadNotFound(NotFound):
    code = "upload_not_found"
    title = Words("没有这个直传", "No such direct upload")


class UploadMissing(Conflict):
    code = "upload_missing"
    title = Words("照片尚未上传到对象存储", "The photo has not reached the object store yet")


class UploadCompleted(Conflict):
    code = "upload_completed"
    title = Words("该直传已完成", "The direct upload was completed already")
