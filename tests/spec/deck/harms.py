"""Vignettes of the 21-day adverse event: which encounter, which code, what is new."""

from __future__ import annotations

from tests.spec.deck.vignette import Chapter, Vignette

_INDEX = "c1 | 03-01 | 03-05 | General | 01 | J189 pneumonia"
_HEAD = "claim | in | out | hospital | status | principal"


def _bills(*later: str) -> str:
    return "\n".join((_HEAD, _INDEX, *later))


def _visit(day: str, setting: str = "emergency") -> str:
    return f"claim | known | day | setting\nv1 | 05-01 | {day} | {setting}"


def _codes(*told: str) -> str:
    return "claim | code | poa\n" + "\n".join(told)


def _harm(said: str, readmission: str = "0", *later: str) -> str:
    rows = "\n".join(later)
    return f"""
    in    | out   | hospitals | scored | measured | readmission   | harm
    03-01 | 03-05 | General   | yes    | yes      | {readmission} | {said}
    {rows}
    """


HARMS = Chapter(
    "Harm within 21 days",
    "An adverse event is death, or an emergency, observation or inpatient encounter 1 to 21 days after discharge that "
    "carries a code of harm new since discharge. The list of codes and the look-backs are ours.",
    (
        Vignette(
            "A fall on day 21",
            "Seen in the emergency department on the last day that counts.",
            bills=_bills(),
            visits=_visit("03-26"),
            codes=_codes("v1 | W1830XA | -"),
            expected=_harm("1: 03-26"),
        ),
        Vignette(
            "A fall on day 22",
            "A day too late.",
            bills=_bills(),
            visits=_visit("03-27"),
            codes=_codes("v1 | W1830XA | -"),
            expected=_harm("0"),
        ),
        Vignette(
            "A fall, seen in the office",
            "Only acute care counts.",
            bills=_bills(),
            visits=_visit("03-10", "office"),
            codes=_codes("v1 | W1830XA | -"),
            expected=_harm("0"),
        ),
        Vignette(
            "An emergency visit without harm",
            "It is any acute care, and no adverse event.",
            bills=_bills(),
            visits=_visit("03-10"),
            codes=_codes("v1 | I10 | -"),
            expected=_harm("0"),
        ),
        Vignette(
            "Kidney injury of the stay itself",
            "It stands on the index bill, so within 30 days it is not new.",
            bills=_bills(),
            visits=_visit("03-10"),
            codes=_codes("c1 | N179 | N", "v1 | N179 | -"),
            expected=_harm("0"),
        ),
        Vignette(
            "Kidney injury, another code of it",
            "The look-back for kidney injury takes any code of its kind.",
            bills=_bills(),
            visits=_visit("03-10"),
            codes=_codes("c1 | N170 | N", "v1 | N179 | -"),
            expected=_harm("0"),
        ),
        Vignette(
            "Kidney injury of a long stay",
            "A bill is of all its days: what stands on it is seen until the day of discharge, however long the stay.",
            bills="""
            claim | in    | out   | hospital | status | principal
            c1    | 01-15 | 03-05 | General  | 01     | A419 sepsis
            """,
            visits=_visit("03-10"),
            codes=_codes("c1 | N179 | N", "v1 | N179 | -"),
            expected="""
            in    | out   | hospitals | scored | measured | readmission | harm
            01-15 | 03-05 | General   | yes    | yes      | 0           | 0
            """,
        ),
        Vignette(
            "Death in the second stay",
            "A stay that ended in death (patient status 20) tells of a death, also where no other notice does.",
            bills=_bills("r1 | 03-10 | 03-12 | General | 20 | A419 sepsis"),
            expected=_harm(
                "1: 03-12", "1: 03-10", "03-10 | 03-12 | General | yes | no: discharged alive | 0: death | 1: 03-12"
            ),
        ),
        Vignette(
            "A bad effect of another medicine",
            "For effects of medicines the look-back takes the same code only: another medicine is another harm.",
            bills=_bills(),
            visits=_visit("03-10", "observation"),
            codes=_codes("c1 | T360X5A | Y", "v1 | T45515A | -"),
            expected=_harm("1: 03-10"),
        ),
        Vignette(
            "Poisoning and underdosing",
            "Only the intent 'adverse effect' counts.",
            bills=_bills(),
            visits=_visit("03-10"),
            codes=_codes("v1 | T360X1A | -", "v1 | T360X6A | -"),
            expected=_harm("0"),
        ),
        Vignette(
            "Delirium brought to the hospital",
            "On an inpatient bill a code counts where it was present on admission.",
            bills=_bills("r1 | 03-10 | 03-12 | General | 01 | A419 sepsis"),
            codes=_codes("r1 | F05 | Y"),
            expected=_harm("1: 03-10", "1: 03-10", "03-10 | 03-12 | General | yes | yes | 0 | 0"),
        ),
        Vignette(
            "Delirium that arose in the second stay",
            "It came after the readmission, not after the discharge.",
            bills=_bills("r1 | 03-10 | 03-12 | General | 01 | A419 sepsis"),
            codes=_codes("r1 | F05 | N"),
            expected=_harm("0", "1: 03-10", "03-10 | 03-12 | General | yes | yes | 0 | 0"),
        ),
        Vignette(
            "Bleeding alone",
            "Bleeding counts only with the disorder that an anticoagulant causes, on the same encounter.",
            bills=_bills(),
            visits=_visit("03-10"),
            codes=_codes("v1 | K922 | -"),
            expected=_harm("0"),
        ),
        Vignette(
            "Bleeding on an anticoagulant",
            "Both codes on one encounter.",
            bills=_bills(),
            visits=_visit("03-10"),
            codes=_codes("v1 | K922 | -", "v1 | D6832 | -"),
            expected=_harm("1: 03-10"),
        ),
        Vignette(
            "A clot treated since last year",
            "A clot in the look-back of a year is not new, whatever its place.",
            bills=_bills("e1 | 2023-06-01 | 2023-06-04 | General | 01 | I2699 pulmonary embolism"),
            visits=_visit("03-10"),
            codes=_codes("v1 | I82401 | -"),
            covered="from | to\n2022-01 | 2024-12",
            expected="""
            in         | out        | hospitals | scored | measured | readmission | harm
            2023-06-01 | 2023-06-04 | General   | yes    | yes      | 0           | 0
            03-01      | 03-05      | General   | yes    | yes      | 0           | 0
            """,
        ),
        Vignette(
            "Death on day 5",
            "Death is itself the adverse event.",
            bills=_bills(),
            deaths="day\n03-10",
            expected=_harm("1: 03-10", "0: death"),
        ),
        Vignette(
            "Claims end on day 20",
            "The window was not seen whole.",
            bills=_bills(),
            files_end="2024-03-25",
            expected=_harm("not known: the data end", "not known: the data end"),
        ),
    ),
)

CHAPTERS = (HARMS,)
