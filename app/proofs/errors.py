"""What can go wrong with seals, notices and proofs."""

from app.kit.errors import Conflict, Forbidden, NotFound, Words


class NoticeNotFound(NotFound):
    code = "notice_not_found"
    title = Words("没有这一期公示", "No such notice")


class EntryNotFound(NotFound):
    code = "entry_not_found"
    title = Words("没有这笔积分记录", "No such entry")


class ProofNotReady(Conflict):
    code = "proof_not_ready"
    title = Words(
        "这笔记录所在的月份尚未公示，公示后即可取证",
        "The period of this entry is not published yet; its proof comes with the notice",
    )


class NoticeForbidden(Forbidden):
    code = "notice_forbidden"
    title = Words(
        "公示涵盖全部账目，须由全区的审计员或管理员发布",
        "A notice covers the whole ledger: an auditor or administrator of all of it publishes it",
    )


class PeriodNotOver(Conflict):
    code = "period_not_over"
    title = Words("这个月还没有结束", "This period is not over yet")


class PeriodUnsealed(Conflict):
    code = "period_unsealed"
    title = Words(
        "这个月还有账目未封存，请几分钟后再试",
        "Journals of this period wait for their seals; try again in a few minutes",
    )


class PeriodEmpty(Conflict):
    code = "period_empty"
    title = Words("自上期公示以来没有账目", "Nothing was booked since the last notice")


class NoticePublished(Conflict):
    code = "notice_published"
    title = Words("这一期已经公示", "This period was published already")


class NoticeOutOfOrder(Conflict):
    code = "notice_out_of_order"
    title = Words("更晚的月份已经公示", "A later period was published already")
