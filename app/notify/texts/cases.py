"""What people are told of reports, cases, patrols and groups."""

from app.kit.errors import Words

TEXTS: dict[str, tuple[Words, Words]] = {
    "report.filed": (
        Words("已立案", "Case filed"),
        Words(
            "您上报的问题已立案，案件编号 {number}。感谢您的发现！",
            "What you reported is now case {number}. Thank you!",
        ),
    ),
    "report.dispatched": (
        Words("已派遣", "Someone is on it"),
        Words(
            "案件 {number} 已派给{unit}处置。",
            "Case {number} was given to {unit}.",
        ),
    ),
    "report.closed": (
        Words("已结案", "Case closed"),
        Words(
            "案件 {number} 已结案：{outcome}。{public_note}{points}",
            "Case {number} is closed: {outcome}. {public_note}{points}",
        ),
    ),
    "report.rejected": (
        Words("不予立案", "Not taken on"),
        Words(
            "案件 {number} 未予立案：{reason}。{public_note}",
            "Case {number} was not taken on: {reason}. {public_note}",
        ),
    ),
    "report.made_safe": (
        Words("已做临时防护", "The spot is guarded"),
        Words(
            "案件 {number} 现场已做临时防护，正在安排处置。{public_note}",
            "The spot of case {number} is guarded; the repair follows. {public_note}",
        ),
    ),
    "report.suspended": (
        Words("暂缓处置", "On hold"),
        Words(
            "案件 {number} 因客观原因暂缓处置，{until} 前复核。{public_note}",
            "Case {number} is on hold and will be looked at again by {until}. {public_note}",
        ),
    ),
    "report.resumed": (
        Words("恢复处置", "Going on"),
        Words("案件 {number} 已恢复处置。", "Work on case {number} goes on."),
    ),
    "report.reopened": (
        Words("重新办理", "Opened again"),
        Words("案件 {number} 将重新办理。", "Case {number} was opened again."),
    ),
    "report.upheld": (
        Words("申诉成立", "Your appeal was upheld"),
        Words("案件 {number} 将重新核实。", "Case {number} will be looked at again."),
    ),
    "report.merged": (
        Words("已并案办理", "Handled together with another case"),
        Words(
            "您上报的问题与案件 {into} 相同，已并案办理，进展会一并通知您。",
            "What you reported is the same as case {into}; you will get its news.",
        ),
    ),
    "report.unmerged": (
        Words("已单独办理", "Handled on its own again"),
        Words("案件 {number} 已恢复单独办理。", "Case {number} is handled on its own again."),
    ),
    "report.updated": (
        Words("处置进展", "News of your report"),
        Words("案件 {number} 有新进展：{public_note}", "Case {number}: {public_note}"),
    ),
    "case.given": (
        Words("新案件", "A new case"),
        Words("案件 {number} 在您的责任区，请核实。", "Case {number} is in your area."),
    ),
    "case.recalled": (
        Words("派遣已撤回", "A case was taken back"),
        Words(
            "案件 {number} 的派遣已撤回，您不必再处置。原因：{note}",
            "Case {number} was taken back from you; nothing more is asked of you. Why: {note}",
        ),
    ),
    "case.merged": (
        Words("案件已并案", "A case was merged"),
        Words(
            "案件 {number} 已并入另一案件办理，您不必再处理。",
            "Case {number} was merged into another; there is nothing more to do for it.",
        ),
    ),
    "case.unmerged": (
        Words("并案已撤销", "A merge was undone"),
        Words(
            "案件 {number} 已撤销并案，请继续核实。原因：{note}",
            "Case {number} stands on its own again; please verify it. Why: {note}",
        ),
    ),
    "case.reopened": (
        Words("案件重新办理", "A case again"),
        Words(
            "案件 {number} 经批准重新办理，请及时签收。",
            "Case {number} was opened again and waits for you to sign.",
        ),
    ),
    "approval.asked": (
        Words("待审批", "A request to decide"),
        Words(
            "案件 {number} 有{what}申请待审批。",
            "Case {number}: a request ({what}) waits for its decision.",
        ),
    ),
    "approval.granted": (
        Words("申请已批准", "Your request was granted"),
        Words(
            "案件 {number} 的{what}申请已批准。{answer}",
            "Case {number}: your request ({what}) was granted. {answer}",
        ),
    ),
    "approval.refused": (
        Words("申请未批准", "Your request was refused"),
        Words(
            "案件 {number} 的{what}申请未批准。{answer}",
            "Case {number}: your request ({what}) was refused. {answer}",
        ),
    ),
    "approval.withdrawn": (
        Words("申请已撤销", "Your request was withdrawn"),
        Words(
            "案件 {number} 情况已变化，{what}申请自动撤销。",
            "Case {number} moved on, so your request ({what}) was withdrawn.",
        ),
    ),
    "clock.warned": (
        Words("即将超时", "Due soon"),
        Words(
            "案件 {number}（{place}）的{clock}时限将于 {due} 到期。",
            "Case {number} ({place}): {clock} is due at {due}.",
        ),
    ),
    "clock.overdue": (
        Words("已超时", "Overdue"),
        Words(
            "案件 {number}（{place}）的{clock}时限已于 {due} 到期，请立即处理。",
            "Case {number} ({place}): {clock} was due at {due}. See to it now.",
        ),
    ),
    "clock.escalated": (
        Words("超时升级", "Overdue below you"),
        Words(
            "案件 {number}（{place}）{clock}超时，应于 {due} 完成，请督促办理。",
            "Case {number} ({place}): {clock} was due at {due} and is not done. Please step in.",
        ),
    ),
    "supervision.ordered": (
        Words("收到督办", "A supervision order"),
        Words(
            "案件 {number} 被督办（{order}），请于 {due} 前书面回复。",
            "Order {order} about case {number}: answer in writing by {due}.",
        ),
    ),
    "supervision.answered": (
        Words("督办已回复", "Your order was answered"),
        Words(
            "督办单 {order}（案件 {number}）已回复：{answer}",
            "Order {order} about case {number} was answered: {answer}",
        ),
    ),
    "supervision.overdue": (
        Words("督办逾期未回复", "No answer to your order"),
        Words(
            "督办单 {order}（案件 {number}）应于 {due} 前回复，至今未回复。",
            "Order {order} about case {number} was to be answered by {due}, and was not.",
        ),
    ),
    "rule.found_empty": (
        Words("分派规则指向空岗", "A routing rule points at nobody"),
        Words(
            "第 {version} 版分派规则第 {position} 条“{name}”指向的{target}无人任职，"
            "案件已按后续规则分派。请尽快任命人员或修改规则。",
            "Rule {position} of version {version} of the routing rules points at {target}, where"
            " nobody is appointed; cases go on to the next rule. Appoint someone or change it.",
        ),
    ),
    "patrol.missed": (
        Words("巡查未开始", "Patrol missed"),
        Words(
            "{day} {hours} 的巡查“{plan}”（{name}）未按时开始。",
            'The patrol "{plan}" of {name} on {day}, {hours}, was not begun.',
        ),
    ),
    "group.robot_refused": (
        Words("群机器人失效", "Group robot refused"),
        Words(
            "企业微信不再接受群“{group}”的机器人，请重新填写机器人地址。",
            'WeCom no longer accepts the robot of the group "{group}"; enter its address again.',
        ),
    ),
}
