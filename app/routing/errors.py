"""What can go wrong with rules and trials."""

from app.kit.errors import Forbidden, NotFound, Unprocessable, Words


class RuleSetNotFound(NotFound):
    code = "rule_set_not_found"
    title = Words("没有这个版本的分派规则", "No such version of the routing rules")


class RulesInvalid(Unprocessable):
    code = "rules_invalid"
    title = Words("分派规则里有不存在的代码", "The routing rules name codes that do not exist")


class RegionOutside(Forbidden):
    code = "region_outside"
    title = Words("该区域不在您的管辖范围内", "This region is not one of yours")
