"""What can go wrong with an uploaded photo and with the place where photos are kept."""

from app.kit.errors import (
    Conflict,
    Forbidden,
    NoSpace,
    NotFound,
    TooLarge,
    Unavailable,
    Unprocessable,
    UnsupportedMedia,
    Words,
)


class PhotoEmpty(Unprocessable):
    code = "photo_empty"
    title = Words("照片是空文件", "The photo is an empty file")


class PhotoUnreadable(Unprocessable):
    code = "photo_unreadable"
    title = Words("照片已损坏，无法读取", "The photo is damaged and cannot be read")


class PhotoTypeRefused(UnsupportedMedia):
    """Judged by the content: a file's name and declared type prove nothing."""

    code = "photo_type_refused"
    title = Words("只接受 JPEG、PNG 或 WebP 照片", "Only JPEG, PNG or WebP photos are accepted")


class PhotoTooLarge(TooLarge):
    code = "photo_too_large"
    title = Words("照片不能超过 10 MB", "The photo is larger than 10 MB")


class PhotoTooManyPixels(Unprocessable):
    code = "photo_too_many_pixels"
    title = Words(
        "照片像素过多，请缩小后再上传", "The photo has too many pixels; send a smaller one"
    )


class PhotoTooCostly(Unprocessable):
    """Too many scans, too much time or too much memory: the marks of a file made to do harm."""

    code = "photo_too_costly"
    title = Words("照片过于复杂，无法处理", "The photo is too complex to process")


class PhotoAnimated(Unprocessable):
    code = "photo_animated"
    title = Words("不接受动图，请上传静态照片", "Moving pictures are not accepted")


class DecoderBusy(Unavailable):
    code = "photo_decoder_busy"
    title = Words("照片处理繁忙，请稍后再试", "Photo processing is busy; try again shortly")


class FacesUnavailable(Unavailable):
    """Without an answer whether there are faces no copy is made."""

    code = "photo_faces_unavailable"
    title = Words(
        "人脸识别失败，未生成新的公开照片，请稍后再试",
        "Looking for faces failed and no new public copy was made; try again shortly",
    )


class BucketFull(NoSpace):
    code = "photo_storage_full"
    title = Words("照片存储空间不足", "No space left for photos")


class BucketUnavailable(Unavailable):
    code = "photo_storage_unavailable"
    title = Words("照片存储暂时不可用", "Photo storage is temporarily unavailable")


class PhotoNotFound(NotFound):
    code = "photo_not_found"
    title = Words("没有这张照片", "No such photo")


class PhotoUsed(Conflict):
    code = "photo_used"
    title = Words("照片已用于其他上报或处置", "The photo is already used")


class PhotoSame(Conflict):
    code = "photo_same"
    title = Words("处置后照片不能与上报照片相同", "The after-photo must not be the before-photo")


class PhotoLinkInvalid(Forbidden):
    code = "photo_link_invalid"
    title = Words("照片链接无效或已过期", "The photo link is not valid or has expired")
