"""What goes over the wire under /v1, as Pydantic models. Tests, documents and clients take it from here."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    FailFast,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)

from features import windows
from features.errors import BadInput
from models.specs import OF_DISCHARGES

MOST_IDS = 10_000
MOST_EXPLAINED = 100
MOST_LISTED = 1_000
MOST_WITH_REASONS = 1_000
MOST_PROBLEMS = 100
MODELS = tuple(spec.name for spec in OF_DISCHARGES)
Identifier = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Row = dict[str, Any]
EXAMPLE_PERSON = {"person_id": "P0000017", "known_at": "2024-05-01T09:00:00-04:00", "source": "ehr"}
EXAMPLE_ASKED: list[Any] = [
    {"model": "readmission_30d", "persons": ["P0000017"]},
    {"model": "readmission_30d", "stays": ["0a1b2c3d4e5f6071"]},
    {"model": "readmission_30d", "records": {"person": [{**EXAMPLE_PERSON, "birth_day": "1950-03-01"}]}},
]


def _of_a_model(name: str) -> str:
    if name not in MODELS:
        raise ValueError(f"one of {', '.join(MODELS)} is expected")
    return name


ModelName = Annotated[
    str,
    AfterValidator(_of_a_model),
    Field(description="The model; its champion answers.", json_schema_extra={"enum": list(MODELS)}),
]


class _Asked(BaseModel):
    """Whom to answer for, in one of four ways: ids of stays, ids of people (their latest index stay), rows of the
    record, or a FHIR R4 Bundle. Rows and Bundle are read together with what the store holds of the same people.
    """

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": EXAMPLE_ASKED})

    model: ModelName
    stays: list[Identifier] | None = Field(
        default=None, min_length=1, max_length=MOST_IDS, description="Ids of index stays."
    )
    persons: list[Identifier] | None = Field(
        default=None, min_length=1, max_length=MOST_IDS, description="Ids of people."
    )
    records: dict[str, Annotated[list[Row], FailFast()]] | None = Field(
        default=None, description="Rows of canonical tables by table name (docs/data.md); never computed features."
    )
    bundle: dict[str, Any] | None = Field(default=None, description="A FHIR R4 Bundle.")

    @model_validator(mode="after")
    def one_way(self) -> Self:
        """Exactly one of stays, persons, records and bundle is given."""
        if sum(way is not None for way in (self.stays, self.persons, self.records, self.bundle)) != 1:
            raise ValueError("exactly one of stays, persons, records and bundle")
        return self


class ScoreRequest(_Asked):
    """Whom to score; from one to 10,000."""

    reasons: int = Field(
        default=MOST_WITH_REASONS,
        ge=0,
        le=MOST_WITH_REASONS,
        description="How many are told why, those at highest risk first: reasons cost far more than scores.",
    )


class ExplainRequest(_Asked):
    """Whose score to take apart; from one to 100."""

    @model_validator(mode="after")
    def few(self) -> Self:
        """No more than are explained at once."""
        if max(len(self.stays or ()), len(self.persons or ())) > MOST_EXPLAINED:
            raise ValueError(f"at most {MOST_EXPLAINED} ids")
        return self


class ReasonOut(BaseModel):
    """One group's part in the score, in log-odds, worded with the person's own value."""

    group: str
    sentence: str
    value: str
    direction: Literal["raises", "lowers"]
    log_odds: float
    actionable: bool


class ScoreOut(BaseModel):
    """One index stay's calibrated risk, as known at `as_of`."""

    person_id: str
    stay_id: str
    as_of: str = Field(description="ISO 8601")
    discharge_date: str
    risk: float = Field(ge=0, le=1)
    tier: Literal["high", "medium", "low"]
    reasons: list[ReasonOut] | None = Field(description="Null of whom no reasons were asked for.")
    base_log_odds: float | None = Field(description="The model's log-odds before anything is known of the person.")
    other_log_odds: float | None = Field(
        description="What no reason tells: base, reasons and other add up to the log-odds before calibration."
    )


class ScoreResponse(BaseModel):
    """The scores, in the order asked for."""

    model: str
    version: int
    scores: list[ScoreOut]
    warnings: list[str] = Field(
        default=[], description="How the data scored differ from those that the model was trained on."
    )


class PartOut(BaseModel):
    """One column's part in a score. `value` is null where nothing is known."""

    column: str
    sentence: str
    value: float | None
    log_odds: float


class GroupOut(BaseModel):
    """The columns that a person would speak of together, the strongest first, and their sum."""

    group: str
    log_odds: float
    parts: list[PartOut]


class ExplanationOut(BaseModel):
    """One score taken apart: `base_log_odds` and the groups add up to `log_odds`, which calibration turns to `risk`."""

    person_id: str
    stay_id: str
    as_of: str
    risk: float
    log_odds: float
    base_log_odds: float
    groups: list[GroupOut]


class ExplainResponse(BaseModel):
    """The explanations, in the order asked for."""

    model: str
    version: int
    explanations: list[ExplanationOut]


class ModelOut(BaseModel):
    """A model, and which version of it answers. `version` is null where none was promoted."""

    name: str
    title: str
    outcome: str
    prediction_time: str
    intended_use: str
    misuse: str
    version: int | None
    columns: int | None = Field(description="How many columns the champion reads.")
    feature_fingerprint: str | None
    high_from: float | None = Field(description="The lowest risk of the high tier.")
    medium_from: float | None


class ModelsResponse(BaseModel):
    """Every model there is."""

    models: list[ModelOut]


def _a_day(text: str) -> str:
    try:
        windows.parse_day(text)
    except BadInput:
        raise ValueError("a day, YYYY-MM-DD, is expected") from None
    return text


Day = Annotated[str, AfterValidator(_a_day), Field(json_schema_extra={"format": "date", "examples": ["2024-12-31"]})]


class OutreachQuery(BaseModel):
    """Whose list: people discharged from one day to another, both included."""

    model_config = ConfigDict(extra="forbid")

    model: ModelName
    from_: Day = Field(alias="from", description="First day of discharge.")
    to: Day = Field(description="Last day of discharge; the list is of that evening.")
    top: int = Field(default=50, ge=1, le=MOST_LISTED, description="How many people.")


class OutreachEntry(BaseModel):
    """One person to call. What the record does not have is empty."""

    rank: int
    person_id: str
    stay_id: str
    name: str
    risk: float
    tier: str
    reasons: list[ReasonOut]
    discharge_date: str
    first_contact_due: str
    facility: str
    went_to: str
    practice: str
    phone: str
    language: str
    interpreter: bool


class OutreachResponse(BaseModel):
    """The ranked list of an evening, as far as the caller may see it."""

    model: str
    version: int
    title: str
    first_day: str
    last_day: str
    accounted: str = Field(description="Who was discharged, who is listed and who is not, in a sentence.")
    entries: list[OutreachEntry]
    warnings: list[str] = []


class ReadyResponse(BaseModel):
    """Whether scores can be given, and what is missing where not. `models` names the version that answers."""

    ready: bool
    missing: list[str]
    models: dict[str, int]


class Problem(BaseModel):
    """One thing that is wrong: the field, what kind of thing was got there, and what was expected. The value itself is
    never told.
    """

    field: str
    got: str
    expected: str


class Problems(BaseModel):
    """Why a request was refused."""

    errors: list[Problem]


def problems_of(wrong: ValidationError) -> list[Problem]:
    """Pydantic's findings, without the values."""
    found = wrong.errors(include_url=False, include_context=False)[:MOST_PROBLEMS]
    return [
        Problem(field=_place(error["loc"]), got=_kind(error), expected=_expected(str(error["msg"]))) for error in found
    ]


def problem_of(wrong: BadInput) -> Problem:
    """What `features.record.inline` found: its message begins with the field."""
    field, _, says = wrong.got.partition(" ")
    return Problem(field=field, got=says, expected=wrong.expected)


def _kind(error: Any) -> str:
    """In a word what stood there: its kind, and how much of it, never itself."""
    given = error["input"]
    if error["type"] == "missing":
        return "nothing"
    if error["type"] == "extra_forbidden":
        return "a field that is none"
    if isinstance(given, str):
        return f"text of {len(given)} characters"
    if isinstance(given, list):
        return f"a list of {len(given)}"
    kinds = ((bool, "true or false"), (int, "a whole number"), (float, "a number"), (dict, "an object"))
    return next((says for kind, says in kinds if isinstance(given, kind)), "nothing")


def _expected(message: str) -> str:
    said = message.removeprefix("Value error, ")
    said = re.sub(r" or instance of \w+$", "", said).removeprefix("Input should be ")
    known = {"Field required": "a value", "Extra inputs are not permitted": "only the fields of the document"}
    return known.get(said, said)


def _place(parts: tuple[int | str, ...]) -> str:
    """`records.person[3].sex`. A name that does not look like one of ours may be a patient's, so it is not repeated."""
    names = (f"[{part}]" if isinstance(part, int) else f".{_shown(part)}" for part in parts)
    return "".join(names).lstrip(".") or "body"


def _shown(name: str) -> str:
    return name if re.fullmatch("[a-z_]{1,40}", name) else "(unknown)"
