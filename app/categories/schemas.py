"""The words of categories at the edge."""

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from app.kit.fields import Unfit, each_once
from app.kit.schema import Code, Draft, Instant, Name, Note, Out, PlainText

Clock = Literal["working", "continuous"]
Kind = Literal["text", "number", "choice", "flag"]
# A year of hours is more than any district allows, and still no typing error of a date.
Hours = Annotated[int, Field(strict=True, ge=1, le=8760)]
Ask = Annotated[PlainText, StringConstraints(min_length=1, max_length=200)]
QuestionCode = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
CLOCK = "working: hours of the district's working time; continuous: all hours"


class QuestionDraft(Draft):
    """An extra question that is answered when a case is filed under the category."""

    code: QuestionCode = Field(examples=["depth_cm"])
    text: Ask = Field(examples=["井深多少厘米？"])
    text_en: Ask | None = None
    kind: Kind
    choices: list[Name] = Field(default=[], max_length=50, description="For kind choice only")
    required: bool = Field(default=False, strict=True)

    @model_validator(mode="after")
    def has_choices_if_it_is_a_choice(self) -> Self:
        """Choices stand with a choice, at least two, each once."""
        if (self.kind == "choice") != (len(self.choices) > 1):
            raise Unfit(
                "单选题至少两个选项，其他题没有选项",
                "a choice has at least two choices, another kind has none",
            )
        each_once(self.choices, "选项", "a choice")
        return self


class QuestionOut(Out):
    code: str
    text: str
    text_en: str | None = None
    kind: Kind
    choices: list[str] = []
    required: bool = False


class TermsDraft(Draft):
    """A district's own terms; what is left out is as the category says."""

    region_code: Code = Field(description="The district: a region of level 0")
    net_code: Code | None = Field(None, examples=["city"])
    level: Annotated[int, Field(strict=True, ge=0, le=9)] | None = Field(
        None, description="Handled at this level of the tree (分级办理); null: where it lies"
    )
    unit_code: Code | None = None
    clock: Clock | None = Field(None, description=CLOCK)
    accept_hours: Hours | None = None
    safe_hours: Hours | None = None
    due_hours: Hours | None = None
    check_hours: Hours | None = None
    most_returns: Annotated[int, Field(strict=True, ge=0, le=9)] | None = None
    hazard: Annotated[bool, Field(strict=True)] | None = None
    duplicate_radius_m: Annotated[int, Field(strict=True, ge=0, le=2000)] | None = None
    filing_condition: Note | None = None
    questions: list[QuestionDraft] = Field(default=[], max_length=20)

    @model_validator(mode="after")
    def asks_each_question_once(self) -> Self:
        """Each question has a code of its own."""
        each_once((question.code for question in self.questions), "问题代码", "a question")
        return self


class TermsOut(Out):
    """One version of a district's terms as it was written; null leaves the category's own."""

    category_code: str
    region_code: str
    version: int
    net_code: str | None
    level: int | None
    unit_code: str | None
    clock: Clock | None
    accept_hours: int | None
    safe_hours: int | None
    due_hours: int | None
    check_hours: int | None
    most_returns: int | None
    hazard: bool | None
    duplicate_radius_m: int | None
    filing_condition: str | None
    questions: list[QuestionOut]
    set_at: Instant


class TermsList(Out):
    items: list[TermsOut] = Field(description="Newest first")


class EffectiveTerms(Out):
    """What holds in the district: its own terms over the category's."""

    version: str = Field(examples=["C0101/1+500152000000/3"])
    net_code: str | None
    level: int | None
    unit_code: str | None = Field(description="The responsible unit (责任单位)")
    clock: Clock
    accept_hours: int
    safe_hours: int | None
    due_hours: int
    check_hours: int
    most_returns: int = Field(description="How often a case may be returned (退单)")
    hazard: bool
    duplicate_radius_m: int
    filing_condition: str = Field(description="When a case is filed (立案条件)")
    questions: list[QuestionOut]


class CategoryOut(Out):
    code: str = Field(examples=["C0101"])
    parent_code: str | None
    national_code: str = Field(examples=["0101"])
    kind: str = Field(description="component 部件 or event 事件")
    name: str = Field(examples=["上水井盖"])
    name_en: str
    hazard: bool = Field(description="Dangerous by its nature: fast lane, short clock")
    clock: Clock = Field(description=CLOCK)
    accept_hours: int = Field(description="Hours of `clock` until somebody has accepted it")
    safe_hours: int | None = Field(
        description="Hours, all of them, until somebody was on site and the spot is safe 临时防护"
    )
    due_hours: int = Field(description="Hours of `clock` from dispatch to the repair")
    check_hours: int = Field(description="Hours of `clock` from the repair to the check")
    net_code: str | None
    filing_condition: str = Field(description="When a case is filed (立案条件)")
    version: int
    source: str = Field(description="Where code and words come from")
    verified: bool = Field(description="Whether they were compared with that source")
    terms: EffectiveTerms | None = Field(None, description="With `region`: what holds there")


class ChoiceOut(Out):
    code: str = Field(examples=["manhole"])
    name: str = Field(examples=["井盖问题"])
    name_en: str
    category_code: str = Field(description="What staff are offered first when filing")
    position: int = Field(description="Where it stands among the others")


class ChoiceDraft(Draft):
    name: Name = Field(examples=["井盖问题"])
    name_en: Name
    category_code: Code = Field(description="A 小类 in use", examples=["C0101"])
    position: Annotated[int, Field(strict=True, ge=0, le=10_000)]


class KeywordDraft(Draft):
    word: Annotated[PlainText, StringConstraints(min_length=1, max_length=40)] = Field(
        examples=["窨井"]
    )
    weight: float = Field(
        strict=True, gt=0, le=10, allow_inf_nan=False, examples=[2.5],
        description="How strongly it speaks for the category: 2 is likely, 3 nearly sure",
    )  # fmt: skip


class KeywordsDraft(Draft):
    items: list[KeywordDraft] = Field(max_length=200, description="All words of the category")

    @model_validator(mode="after")
    def has_each_word_once(self) -> Self:
        """Each word stands once."""
        each_once((item.word for item in self.items), "关键词", "a word")
        return self


class KeywordOut(Out):
    word: str
    weight: float


class KeywordList(Out):
    items: list[KeywordOut] = Field(description="By their words")


class CategoryList(Out):
    choices: list[ChoiceOut] = Field(description="What a reporter chooses from")
    categories: list[CategoryOut] = Field(description="What staff file under")


class SuggestionDraft(Draft):
    text: Note = Field(examples=["路边井盖不见了，晚上骑车很危险"])
    region_code: Code | None = Field(None, description="Where; its district's own model is asked")


class SuggestionOut(Out):
    code: str
    name: str
    confidence: float = Field(ge=0, le=1)
    why: list[str] = Field(description="The words of the text that speak for it")


class SuggestionList(Out):
    items: list[SuggestionOut] = Field(description="At most three; a person decides")
