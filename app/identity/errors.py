"""What can go wrong when somebody signs in or asks for more than they may."""

from app.kit.errors import Conflict, Forbidden, NotFound, TooMany, Unauthenticated, Words


class TokenInvalid(Unauthenticated):
    code = "token_invalid"
    title = Words("登录已失效，请重新登录", "The token is not valid; sign in again")


class SessionEnded(Unauthenticated):
    code = "session_ended"
    title = Words("登录已结束，请重新登录", "This session has ended; sign in again")


class CredentialsWrong(Unauthenticated):
    code = "credentials_wrong"
    title = Words("账号或密码不正确", "The name or the secret is wrong")


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
