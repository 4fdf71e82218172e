"""What can go wrong when somebody signs in or asks for more than they may."""

from app.kit.errors import (
    Conflict,
    Forbidden,
    NotFound,
    TooMany,
    Unauthenticated,
    Unprocessable,
    Words,
)  # fmt: skip


class TokenInvalid(Unauthenticated):
    code = "token_invalid"
    title = Words("登录已失效，请重新登录", "The token is not valid; sign in again")


class SessionEnded(Unauthenticated):
    code = "session_ended"
    title = Words("登录已结束，请重新登录", "This session has ended; sign in again")


class CredentialsWrong(Unauthenticated):
    code = "credentials_wrong"
    title = Words("账号或密码不正确", "The name or the secret is wrong")


class CodeRequired(Unauthenticated):
    code = "code_required"
    title = Words("请输入动态验证码", "Give the one-time code too")


class CodeWrong(Unauthenticated):
    code = "code_wrong"
    title = Words("动态验证码不正确或已用过", "The one-time code is wrong or was used")


class PasswordChangeRequired(Unauthenticated):
    code = "password_change_required"
    title = Words("请先修改密码", "Change the password first")


class TotpRequired(Unauthenticated):
    code = "totp_required"
    title = Words("请先设置动态验证码", "Set up one-time codes first")


class PasswordWeak(Unprocessable):
    code = "password_weak"
    title = Words("密码不符合要求", "The password is not good enough")


class PasswordReused(Unprocessable):
    code = "password_reused"
    title = Words("不能使用用过的密码", "This password was used before")


class SignInTooOften(TooMany):
    code = "sign_in_too_often"
    title = Words("登录尝试过多，请稍后再试", "Too many sign-in attempts; try again later")


class StaffOnly(Forbidden):
    code = "staff_only"
    title = Words("仅限工作人员", "Staff only")


class RoleMissing(Forbidden):
    code = "role_missing"
    title = Words("没有所需的角色", "The needed role was not granted")


class PersonOnly(Forbidden):
    code = "person_only"
    title = Words("仅限个人用户", "For people, not for programs")


class ScopeMissing(Forbidden):
    code = "scope_missing"
    title = Words("应用没有所需的权限范围", "The client lacks the needed scope")


class PersonNotFound(NotFound):
    code = "person_not_found"
    title = Words("没有这个用户", "No such person")


class UsernameTaken(Conflict):
    code = "username_taken"
    title = Words("用户名已被使用", "The user name is taken")


class PhoneUnknown(NotFound):
    code = "phone_unknown"
    title = Words("没有绑定手机号", "No phone number is bound")


class RealNameUnknown(NotFound):
    code = "real_name_unknown"
    title = Words("没有登记真实姓名", "No real name is on record")


class PhoneTaken(Conflict):
    code = "phone_taken"
    title = Words("该手机号已绑定其他账号", "The phone number belongs to another account")


class PhoneTooOften(TooMany):
    code = "phone_too_often"
    title = Words(
        "绑定手机号过于频繁，请稍后再试", "Too many tries to bind a phone; try again later"
    )


class ConsentMissing(Forbidden):
    """No consent to the privacy policy's current major version was given, or it was withdrawn."""

    code = "consent_missing"
    title = Words("请先同意隐私政策", "Consent to the privacy policy comes first")
