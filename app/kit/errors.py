"""What can go wrong: exceptions that carry an HTTP status, a stable code and two languages."""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, NamedTuple

from sqlalchemy.orm import Session

PROBLEM_TYPE = "urn:xinxin-ejia:problem:"


class Words(NamedTuple):
    """One sentence for people, in Chinese and in English."""

    zh: str
    en: str

    def in_language(self, language: str) -> str:
        return self.en if language == "en" else self.zh


class FieldError(NamedTuple):
    """One field that is refused: its place, a stable code, and words that tell no value."""

    loc: tuple[str | int, ...]
    code: str
    words: Words

    def problem(self, language: str) -> dict[str, Any]:
        return {
            "loc": [*self.loc], "code": self.code, "message": self.words.in_language(language),
        }  # fmt: skip


class AppError(Exception):
    """A refusal that the caller can understand; subclasses name one situation each.

    `keep` is work that must survive the refusal (an attempt counter, a revoked token family): it
    runs in the same unit after the refused function was rolled back. `fields` are those that are
    refused, one by one; `extra` joins the answer.
    """

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal_error"
    title: ClassVar[Words] = Words("服务器内部错误", "Internal error")

    def __init__(
        self,
        detail: Words | None = None,
        *,
        keep: Callable[[Session], None] | None = None,
        headers: dict[str, str] | None = None,
        fields: Sequence[FieldError] = (),
        **extra: Any,
    ) -> None:
        super().__init__(detail.en if detail else self.title.en)
        self.detail = detail
        self.keep = keep
        self.headers = headers or {}
        self.fields = fields
        self.extra = extra

    def problem(self, language: str, request_id: str) -> dict[str, Any]:
        """The RFC 9457 document of this refusal; it never repeats what the caller sent."""
        errors = [field.problem(language) for field in self.fields]
        return {
            "type": PROBLEM_TYPE + self.code,
            "title": self.title.in_language(language),
            "status": self.status,
            "detail": (self.detail or self.title).in_language(language),
            "code": self.code,
            "request_id": request_id,
            **({"errors": errors} if errors else {}),
            **self.extra,
        }


class Invalid(AppError):
    status = 400
    code = "invalid_request"
    title = Words("请求无效", "Invalid request")


class Unauthenticated(AppError):
    status = 401
    code = "unauthenticated"
    title = Words("请先登录", "Sign in first")

    def __init__(self, detail: Words | None = None, **kw: Any) -> None:
        super().__init__(detail, headers={"WWW-Authenticate": "Bearer"}, **kw)


class Forbidden(AppError):
    status = 403
    code = "forbidden"
    title = Words("没有权限", "Not allowed")


class NotFound(AppError):
    status = 404
    code = "not_found"
    title = Words("没有找到", "Not found")


class MethodNotAllowed(AppError):
    status = 405
    code = "method_not_allowed"
    title = Words("不支持这种请求方法", "Method not allowed")


class RequestTimeout(AppError):
    status = 408
    code = "request_timeout"
    title = Words("请求发送得太慢", "The request arrived too slowly")


class Conflict(AppError):
    status = 409
    code = "conflict"
    title = Words("现在不能这样做", "Not possible now")


class Gone(AppError):
    status = 410
    code = "gone"
    title = Words("已经失效", "No longer valid")


class Stale(AppError):
    status = 412
    code = "stale_version"
    title = Words("内容已被别人更新，请刷新后再试", "Changed by someone else; read it again first")


class TooLarge(AppError):
    status = 413
    code = "too_large"
    title = Words("内容太大", "Too large")


class UnsupportedMedia(AppError):
    status = 415
    code = "unsupported_media"
    title = Words("不支持这种文件类型", "Unsupported file type")


class RangeNotSatisfiable(AppError):
    status = 416
    code = "range_not_satisfiable"
    title = Words("要的这一段超出了文件", "The range begins after the end of the file")


class Unprocessable(AppError):
    status = 422
    code = "unprocessable"
    title = Words("填写的内容有误", "The content could not be read")


class MissingPrecondition(AppError):
    status = 428
    code = "precondition_required"
    title = Words("缺少 If-Match 版本号", "If-Match is required")


class TooMany(AppError):
    status = 429
    code = "too_many_requests"
    title = Words("操作太频繁，请稍后再试", "Too many requests; try again later")


class Unavailable(AppError):
    status = 503
    code = "unavailable"
    title = Words("服务暂时不可用，请稍后再试", "Temporarily unavailable; try again later")

    def __init__(self, detail: Words | None = None, *, retry_after_s: int = 2, **kw: Any) -> None:
        super().__init__(detail, headers={"Retry-After": str(retry_after_s)}, **kw)


class NoSpace(AppError):
    status = 507
    code = "no_space"
    title = Words("存储空间不足", "No space left")
