"""What can go wrong with staff accounts, sessions, roles, broken glass and API clients."""

from app.kit.errors import Conflict, Forbidden, NotFound, TooMany, Words


class StaffNotFound(NotFound):
    code = "staff_not_found"
    title = Words("没有这个工作人员", "No such member of staff")


class AdministeredElsewhere(Forbidden):
    code = "administered_elsewhere"
    title = Words(
        "此人在你管理的区域之外任职，请由上级管理员办理",
        "They hold a role outside your regions: ask an administrator of all of them",
    )


class SelfAdministration(Forbidden):
    code = "self_administration"
    title = Words("不能办理自己的账号和角色，请由其他管理员办理", "Ask another administrator")


class RegionForbidden(Forbidden):
    code = "region_forbidden"
    title = Words("不在你管理的区域内", "Outside the regions that you administer")


class AccountMissing(Forbidden):
    code = "staff_account_missing"
    title = Words("没有工作人员账号", "You have no staff account")


class PasswordWrong(Forbidden):
    code = "password_wrong"
    title = Words("原密码不正确", "The old password is wrong")


class TotpSetUp(Conflict):
    code = "totp_set_up"
    title = Words(
        "动态验证码已设置，更换手机请由管理员重置",
        "One-time codes are set up; for another phone an administrator resets them",
    )


class TotpMismatch(Conflict):
    code = "totp_mismatch"
    title = Words(
        "动态验证码不符，请核对手机时间", "The code does not fit: is the phone's clock right?"
    )


class SessionNotFound(NotFound):
    code = "session_not_found"
    title = Words("没有这个登录", "No such session")


class InvitationNotFound(NotFound):
    code = "invitation_not_found"
    title = Words("邀请码不存在、已用过或已过期", "No such invitation, or it was used or is over")


class BindingTooOften(TooMany):
    code = "binding_too_often"
    title = Words("尝试过多，请稍后再试", "Too many attempts; try again later")


class WechatMissing(Conflict):
    code = "wechat_missing"
    title = Words("请在小程序中用微信登录后绑定", "Sign in by WeChat, in the mini-program, first")


class WechatInUse(Conflict):
    code = "wechat_in_use"
    title = Words(
        "这个微信号已有随手拍、积分、家庭或角色，请换一个微信号",
        "This WeChat user has reports, points, a household or a role: bind another one",
    )


class GrantNotFound(NotFound):
    code = "grant_not_found"
    title = Words("没有这个角色授予", "No such grant of a role")


class GrantExists(Conflict):
    code = "grant_exists"
    title = Words("此人已有这个角色", "They hold this role there already")


class SecondAdministratorNeeded(Forbidden):
    """Whoever made an account, or handed out a way into it, could use its roles alone."""

    code = "second_administrator_needed"
    title = Words(
        "资金、审计和管理员角色不能由创建、重置或邀请此账号的管理员授予，请另一位管理员授予；"
        "没有另一位管理员时，在服务器上用命令 xinxin grant 授予",
        "Roles of money, audit and administration are given by another administrator than the one"
        " who made, reset or invited the account; if there is none, `xinxin grant` on the server",
    )


class GrantEnded(Conflict):
    code = "grant_ended"
    title = Words("角色已收回", "The grant has ended")


class GrantByAppointment(Conflict):
    code = "grant_by_appointment"
    title = Words("角色来自任职，请结束任职", "It comes with an appointment: end that one")


class GlassForbidden(Forbidden):
    code = "glass_forbidden"
    title = Words(
        "仅限在本区县任职的工作人员紧急启用",
        "Only for staff who hold a role in this district",
    )


class RoleHeld(Conflict):
    code = "role_held"
    title = Words("你已有这个角色", "You hold this role there already")


class ClientNotFound(NotFound):
    code = "client_not_found"
    title = Words("没有这个应用", "No such API client")


class ClientTaken(Conflict):
    code = "client_taken"
    title = Words("应用编号已被使用", "The client's id is taken")


class ClientDisabled(Conflict):
    code = "client_disabled"
    title = Words("应用已停用", "The client is disabled")
