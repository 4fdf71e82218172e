"""What can go wrong when somebody follows money by the code on a receipt."""

from app.kit.errors import NotFound, TooMany, Words


class TraceNotFound(NotFound):
    code = "trace_not_found"
    title = Words("没有这个查询码", "No receipt has this code")


class TraceCodesTooOften(TooMany):
    code = "trace_codes_too_often"
    title = Words("查询码输入错误过多，请稍后再试", "Too many wrong codes; try again later")
