"""What can go wrong with rules, campaigns, awards and objections."""

from app.kit.errors import Conflict, Forbidden, NotFound, TooMany, Unprocessable, Words


class RuleNotFound(NotFound):
    code = "rule_not_found"
    title = Words("没有这条积分规则", "No such rule of earning")


class RuleForbidden(Forbidden):
    code = "rule_forbidden"
    title = Words(
        "该规则使用其他区域的资金池", "The rule pays from a fund outside the regions you manage"
    )


class RuleEventFixed(Conflict):
    code = "rule_event_fixed"
    title = Words(
        "新版本不能改变规则的事件，请使用新的规则编号",
        "A version keeps its rule's event: take another code",
    )


class RulePlanned(Conflict):
    """`effective_from` says when the planned version begins."""

    code = "rule_planned"
    title = Words(
        "已有计划在此之后生效的版本，请先停用",
        "A version that begins later is planned: end it first",
    )


class RuleOverlaps(Conflict):
    """`rule` is the code of the other one."""

    code = "rule_overlaps"
    title = Words(
        "同一区域、事件、类别和职业已有其他规则",
        "Another rule of this region pays the same people for the same event and category",
    )


class RuleEnded(Conflict):
    code = "rule_ended"
    title = Words("规则已停用", "The rule has ended")


class RulePaused(Conflict):
    code = "rule_paused"
    title = Words("规则已暂停", "The rule is paused already")


class RuleNotPaused(Conflict):
    code = "rule_not_paused"
    title = Words("规则没有暂停", "The rule is not paused")


class BeginsInPast(Unprocessable):
    code = "begins_in_past"
    title = Words("生效时间不能早于现在", "It may begin now or later, not in the past")


class CampaignNotFound(NotFound):
    code = "campaign_not_found"
    title = Words("没有这个活动", "No such campaign")


class CampaignExists(Conflict):
    code = "campaign_exists"
    title = Words("活动编号已使用", "A campaign has this code already")


class CampaignOverlaps(Conflict):
    """`campaign` is the code of the other one."""

    code = "campaign_overlaps"
    title = Words(
        "同一资金池和事件在此期间已有活动",
        "Another campaign of this fund for the same event lies in these dates",
    )


class CampaignEnded(Conflict):
    code = "campaign_ended"
    title = Words("活动已结束", "The campaign has ended")


class AwardNotFound(NotFound):
    code = "award_not_found"
    title = Words("没有这笔积分奖励", "No such award")


class AwardNotSettled(Conflict):
    code = "award_not_settled"
    title = Words(
        "该奖励尚未到账或已经撤销", "The award is not spendable, or was taken back already"
    )


class CapReached(Conflict):
    """`left` is what the caps leave."""

    code = "cap_reached"
    title = Words("超过该规则的上限", "The caps of the rule leave fewer points")


class RuleMissing(Conflict):
    code = "rule_missing"
    title = Words("该区域没有人工加分规则", "No rule in this region gives points by hand")


class PointsOverRule(Conflict):
    """`most` is what one such award may give."""

    code = "points_over_rule"
    title = Words("超过规则允许的单次加分", "More than one award by hand may give")


class OwnAward(Forbidden):
    code = "own_award"
    title = Words("不能对本人的奖励提出或处理异议", "Not about an award of one's own")


class ObjectionLate(Conflict):
    """The points are spendable: taking them back is a correction by two persons."""

    code = "objection_late"
    title = Words(
        "积分已到账，请联系资金池管理员申请冲正（POST /v1/corrections）",
        "The points are spendable already: ask the fund's manager to reverse them"
        " (POST /v1/corrections)",
    )


class ObjectionPointless(Conflict):
    code = "objection_pointless"
    title = Words("该奖励没有积分或已撤销", "The award gives no points, or was taken back")


class ObjectionRaised(Conflict):
    code = "objection_raised"
    title = Words("您已对该奖励提出过异议", "You objected to this award already")


class ObjectionsTooOften(TooMany):
    code = "objections_too_often"
    title = Words("异议提交过多，请稍后再试", "Too many objections; try again later")


class ObjectionNotFound(NotFound):
    code = "objection_not_found"
    title = Words("没有这条异议", "No such objection")


class ObjectionDecided(Conflict):
    code = "objection_decided"
    title = Words("异议已处理", "The objection is decided already")


class DeciderNeeded(Forbidden):
    code = "decider_needed"
    title = Words(
        "异议须由提出人以外的资金审批人或审计员处理",
        "Decided by an approver or auditor of the region who did not raise it",
    )
