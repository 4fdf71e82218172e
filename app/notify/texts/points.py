"""What people are told of points, goods, money and households."""

from app.kit.errors import Words

TEXTS: dict[str, tuple[Words, Words]] = {
    "household.asked": (
        Words("邀请您加入家庭户", "An invitation to a household"),
        Words(
            "“{household}”邀请您加入家庭户，加入后积分合并使用。请在家庭户页面答复。",
            "Household {household} asks you to share your points. Please answer there.",
        ),
    ),
    "till.held": (
        Words("积分已冻结", "Points held"),
        Words(
            "{store}已冻结您的 {points} 积分，等待完成兑换。如非本人操作，请到积分超市咨询。",
            "{store} holds {points} of your points until you have your goods. If this was not you,"
            " ask at the points store.",
        ),
    ),
    "till.fulfilled": (
        Words("兑换成功", "Points spent"),
        Words(
            "您已在{store}用 {points} 积分完成兑换。",
            "You spent {points} points at {store}.",
        ),
    ),
    "till.returned": (
        Words("积分已退回", "Points returned"),
        Words(
            "{store}冻结的 {points} 积分已退回您的账户。",
            "The {points} points that {store} held are yours again.",
        ),
    ),
    "settlement.paid": (
        Words("结算款已支付", "Your settlement was paid"),
        Words(
            "{merchant} {first} 至 {last} 的结算单 {number} 已付款 {yuan} 元，凭证号 {payment}。",
            "{number} of {merchant} for {first} to {last} was paid: {yuan} yuan, reference"
            " {payment}.",
        ),
    ),
    "notice.published": (
        Words("积分公示", "Points published"),
        Words(
            "{period} 积分公示已发布，您的记录在内。校验值 {root}，可在积分明细中下载证明"
            "并自行核验。",
            "The points of {period} are published, and yours are among them. Root {root}: take the"
            " proof of any entry and check it yourself.",
        ),
    ),
    "notice.missed": (
        Words("积分公示尚未发布", "The points are not published yet"),
        Words(
            "{period} 已结束 {days} 天，积分公示仍未发布，请审计员或管理员尽快发布。",
            "{period} was over {days} days ago and its points are not published: an auditor or"
            " administrator can do it now.",
        ),
    ),
    "item.arrived": (
        Words("到货提醒", "On the shelf again"),
        Words(
            "您等候的“{item}”在{station}又有货了，先到先得。",
            "{item} is on the shelf of {station} again; first come, first served.",
        ),
    ),
    "fund.exhausted": (
        Words("资金池余额不足", "A fund has run dry"),
        Words(
            "资金池“{fund}”余额不足，{count} 笔奖励共 {points} 积分在等待注资，"
            "资金到账后按先后次序发放。",
            "The fund {fund} cannot pay: {count} awards of {points} points wait for money, and are"
            " paid in their order when it arrives.",
        ),
    ),
    "award.objected": (
        Words("积分被提出异议", "An objection to your points"),
        Words(
            "有人对您 {source} 的 {points} 积分提出异议，处理结果会通知您；此前积分暂不到账。",
            "Somebody objected to your {points} points for {source}. They wait until it is decided,"
            " and you will be told.",
        ),
    ),
    "objection.raised": (
        Words("待处理的积分异议", "An objection to decide"),
        Words(
            "{source} 的 {points} 积分被提出异议，请核实并作出决定。",
            "Somebody objected to {points} points for {source}. Please look into it and decide.",
        ),
    ),
    "objection.upheld": (
        Words("积分异议成立", "The objection was upheld"),
        Words(
            "对 {source} 的 {points} 积分的异议成立，积分已撤销。{decision}",
            "The objection to {points} points for {source} was upheld; they are taken back."
            " {decision}",
        ),
    ),
    "objection.dismissed": (
        Words("积分异议不成立", "The objection was dismissed"),
        Words(
            "对 {source} 的 {points} 积分的异议不成立，积分照常到账。{decision}",
            "The objection to {points} points for {source} was dismissed; they stand. {decision}",
        ),
    ),
    "correction.proposed": (
        Words("待审批的积分更正", "A correction to approve"),
        Words(
            "有一笔{what}待审批。",
            "A correction ({what}) waits for your approval.",
        ),
    ),
    "correction.approved": (
        Words("积分更正已批准", "Your correction was approved"),
        Words("您提出的{what}已批准。", "What you proposed ({what}) was approved."),
    ),
    "correction.declined": (
        Words("积分更正未批准", "Your correction was declined"),
        Words(
            "您提出的{what}未获批准。{decision}",
            "What you proposed ({what}) was declined. {decision}",
        ),
    ),
    "points.awarded": (
        Words("获得积分", "Points for you"),
        Words(
            "您获得 {points} 积分：{cause}",
            "You were given {points} points: {cause}",
        ),
    ),
    "points.reversed": (
        Words("积分已冲正", "Points were taken back"),
        Words(
            "{source} 的积分已冲正，收回 {taken} 积分：{cause}。{debt}",
            "Points for {source} were reversed and {taken} taken back: {cause}. {debt}",
        ),
    ),
    "redemption.refunded": (
        Words("兑换已退回", "Your goods were taken back"),
        Words(
            "您的兑换已退回，{points} 积分已退还：{cause}",
            "Your redemption was refunded and {points} points are yours again: {cause}",
        ),
    ),
    "points.expiring": (
        Words("积分即将到期", "Points are about to expire"),
        Words(
            "您有 {points} 积分将于 {day} 到期，请及时使用。",
            "{points} points expire at the end of {day}. Please use them.",
        ),
    ),
    "points.expired": (
        Words("积分已到期", "Points have expired"),
        Words("您有 {points} 积分已到期清零。", "{points} points have expired."),
    ),
    "points.settled": (
        Words("积分到账", "Points to spend"),
        Words(
            "{points} 积分已到账，可到积分超市兑换。",
            "{points} points can be spent in the points store.",
        ),
    ),
}
