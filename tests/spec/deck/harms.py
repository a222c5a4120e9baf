"""Vignettes of the 21-day adverse event: which encounter, which code, what is new."""

from __future__ import annotations

from tests.spec.deck.vignette import Chapter, Vignette

_INDEX = "c1 | 03-01 | 03-05 | General | 01 | J189 pneumonia"
_UNSURE = "not known: not told whether on admission"
_HEAD = "claim | in | out | hospital | status | principal"
# each bill with the first day of service that stands on it
_WINDOW = "claim | begins | in | out | hospital | status | principal\n" + _INDEX.replace("c1 |", "c1 | 03-01 |")


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


def _part(name: str, said: str, harm: str, readmission: str = "0", *later: str) -> str:
    rows = "\n".join(later)
    return f"""
    in    | out   | hospitals | scored | measured | readmission   | harm   | {name}
    03-01 | 03-05 | General   | yes    | yes      | {readmission} | {harm} | {said}
    {rows}
    """


_DEATHS = (
    Vignette(
        "Dead in a long-term hospital",
        "The bill of any setting tells of a death, where no notice does.",
        bills=_bills("c2 | 03-05 | 03-12 | LongTerm | 20 | J9600 respiratory failure"),
        expected=_harm("1: 03-12", "0: death 03-12"),
    ),
    Vignette(
        "Said to have died before the discharge",
        "One of the two days is wrong. Whoever is told to be dead is dead by the discharge: it competes, and is harm.",
        bills=_bills(),
        deaths="day\n03-04",
        expected="""
        in    | out   | hospitals | scored | measured | readmission | harm
        03-01 | 03-05 | General   | yes    | no: discharged alive | 0: death 03-05 | 1: 03-05
        """,
    ),
)

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
                "1: 03-12",
                "1: 03-10",
                "03-10 | 03-12 | General | yes | no: discharged alive | 0: death 03-12 | 1: 03-12",
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
            "A fall before the second stay, its flag left blank",
            "A blank flag may mean that the code needs none, or that nobody wrote one: whether the fall came before "
            "that stay or in it nobody told, and the label is not known.",
            bills=_bills("r1 | 03-10 | 03-12 | General | 01 | A419 sepsis"),
            codes=_codes("r1 | W1830XA | -", "r1 | I10 | Y"),
            expected=_harm(_UNSURE, "1: 03-10", "03-10 | 03-12 | General | yes | yes | 0 | 0"),
        ),
        Vignette(
            "A fall told to be exempt",
            "A code that its flag (1) calls exempt from the question counts.",
            bills=_bills("r1 | 03-10 | 03-12 | General | 01 | A419 sepsis"),
            codes=_codes("r1 | W1830XA | 1", "r1 | I10 | Y"),
            expected=_harm("1: 03-10", "1: 03-10", "03-10 | 03-12 | General | yes | yes | 0 | 0"),
        ),
        Vignette(
            "A fall without a flag, then one for certain",
            "The harm that is told for certain makes the label 1, on its own day.",
            bills=_bills("r1 | 03-10 | 03-12 | General | 01 | A419 sepsis"),
            visits=_visit("03-20"),
            codes=_codes("r1 | W1830XA | -", "v1 | F05 | -"),
            expected=_harm("1: 03-20", "1: 03-10", "03-10 | 03-12 | General | yes | yes | 0 | 1: 03-20"),
        ),
        Vignette(
            "Not documented well enough to tell",
            "The flag U counts as N does.",
            bills=_bills("r1 | 03-10 | 03-12 | General | 01 | A419 sepsis"),
            codes=_codes("r1 | F05 | U"),
            expected=_harm("0", "1: 03-10", "03-10 | 03-12 | General | yes | yes | 0 | 0"),
        ),
        Vignette(
            "A fall on a bill without any flag",
            "Whether it came before that stay or in it nobody told.",
            bills=_bills("r1 | 03-10 | 03-12 | General | 01 | A419 sepsis"),
            codes=_codes("r1 | W1830XA | -"),
            expected=_harm(_UNSURE, "1: 03-10", "03-10 | 03-12 | General | yes | yes | 0 | 0"),
        ),
        Vignette(
            "A broken hip, seen again at follow-up",
            "The seventh character says only how far the treatment is: a later visit (D) is no new harm.",
            bills="""
            claim | in    | out   | hospital | status | principal
            c1    | 03-01 | 03-05 | General  | 01     | S72001A broken hip
            """,
            visits=_visit("03-12"),
            codes=_codes("c1 | W1830XA | Y", "v1 | S72001D | -", "v1 | W1830XD | -"),
            expected=_harm("0"),
        ),
        Vignette(
            "A broken hip on the day of discharge",
            "A stay that begins on the day of discharge is a readmission, and its harm counts.",
            bills=_bills("c2 | 03-05 | 03-09 | General | 01 | S72001A broken hip"),
            codes=_codes("c2 | W1830XA | Y"),
            expected="""
            in    | out   | hospitals | scored | measured | readmission | harm
            03-01 | 03-05 | General   | yes    | yes      | 1: 03-05    | 1: 03-05
            03-05 | 03-09 | General   | yes    | yes      | 0           | 0
            """,
        ),
        Vignette(
            "Observed on the day of discharge, and fallen again",
            "What began on the day of discharge came after the stay, so it makes no later harm an old one.",
            bills=_bills(),
            visits="claim | known | day | setting\nv1 | 05-01 | 03-05 | observation\nv2 | 05-01 | 03-08 | emergency",
            codes=_codes("v1 | W1830XA | -", "v2 | W1830XA | -"),
            expected=_harm("1: 03-08"),
        ),
        Vignette(
            "A broken hip in a hospital that flags nothing",
            "Critical access hospitals need not say what was present on admission; the principal diagnosis is what "
            "brought the person in.",
            bills=_bills("r1 | 03-10 | 03-12 | Cottage | 01 | S72001A broken hip"),
            codes=_codes("r1 | F05 | -"),
            expected=_harm("1: 03-10", "1: 03-10", "03-10 | 03-12 | Cottage | yes | yes | 0 | 0"),
        ),
        Vignette(
            "Fallen in the second stay, sent on to another hospital",
            "Present on admission there is not present on admission to the stay: it happened within it.",
            bills=_bills(
                "r1 | 03-10 | 03-12 | Cottage | 02 | A419 sepsis", "r2 | 03-12 | 03-16 | General | 01 | S72001A hip"
            ),
            codes=_codes("r1 | W1830XA | N", "r2 | W1830XA | Y"),
            expected=_harm("0", "1: 03-10", "03-10 | 03-16 | Cottage > General | yes | yes | 0 | 0"),
        ),
        Vignette(
            "Delirium, the bill beginning before the discharge",
            "Services of up to three days before are billed with a stay (the three-day payment window): the bill is "
            "from its day of admission, and its own codes make nothing old.",
            bills=_WINDOW + "\nr1 | 03-04 | 03-07 | 03-09 | General | 01 | A419 sepsis",
            codes=_codes("r1 | F05 | Y"),
            expected=_harm("1: 03-07", "1: 03-07", "03-07 | 03-09 | General | yes | yes | 0 | 0"),
        ),
        Vignette(
            "Admitted on day 22 with services of day 20",
            "The day of admission counts, not the first day on the bill.",
            bills=_WINDOW + "\nr1 | 03-25 | 03-27 | 03-29 | General | 01 | A419 sepsis",
            codes=_codes("r1 | F05 | Y"),
            expected=_harm("0", "1: 03-27", "03-27 | 03-29 | General | yes | yes | 0 | 0"),
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
            expected=_harm("1: 03-10", "0: death 03-10"),
        ),
        Vignette(
            "Claims end on day 20",
            "The window was not seen whole.",
            bills=_bills(),
            files_end="2024-03-25",
            expected=_harm("not known: the data end", "not known: the data end"),
        ),
        *_DEATHS,
        Vignette(
            "Kidney injury on the last interim bill",
            "The bill of the last day is the stay's own: what it tells is not new afterwards.",
            bills="""
            claim | type | in    | out   | hospital | status | principal
            c1    | 112  | 03-01 | 03-04 | General  | 30     | J189 pneumonia
            c2    | 114  | 03-05 | 03-05 | General  | 01     | J189 pneumonia
            """,
            visits=_visit("03-10"),
            codes=_codes("c2 | N179 | N", "v1 | N179 | -"),
            expected="""
            in    | out   | hospitals | scored                           | measured | readmission | harm
            03-01 | 03-05 | General   | no: discharge known within a day | yes      | 0           | 0
            """,
        ),
        Vignette(
            "Kidney injury in the hospital that had the last day",
            "The bill of the hospital where the chain ended is the stay's own, also where it is of one day.",
            bills=_bills("c2 | 03-05 | 03-05 | County | 01 | J189 pneumonia"),
            visits=_visit("03-10"),
            codes=_codes("c2 | N179 | N", "v1 | N179 | -"),
            expected="""
            in    | out   | hospitals        | scored | measured | readmission | harm
            03-01 | 03-05 | General > County | yes    | yes      | 0           | 0
            """,
        ),
        Vignette(
            "A broken hip on the day of a stay within a day",
            "What the return began with is no code of the stay before.",
            bills="""
            claim | in    | out   | hospital | status | principal
            c1    | 03-01 | 03-01 | General  | 01     | R0789 chest pain
            c2    | 03-01 | 03-04 | General  | 01     | S72001A broken hip
            """,
            codes=_codes("c2 | W1830XA | Y"),
            expected="""
            in    | out   | hospitals | scored | measured | readmission | harm
            03-01 | 03-01 | General   | yes    | yes      | 1: 03-01    | 1: 03-01
            03-01 | 03-04 | General   | yes    | yes      | 0           | 0
            """,
        ),
    ),
)

ACUTE = Chapter(
    "Any acute care within 21 days",
    "A second outcome under its own name (`acute`): an emergency, observation or inpatient encounter 1 to 21 days "
    "after discharge, for whatever reason.",
    (
        Vignette(
            "An emergency visit on day 1",
            "The first day that counts.",
            bills=_bills(),
            visits=_visit("03-06"),
            expected=_part("acute", "1: 03-06", "0"),
        ),
        Vignette(
            "An emergency visit on the day of discharge",
            "It may have come before the discharge: the bill tells only the day.",
            bills=_bills(),
            visits=_visit("03-05"),
            codes=_codes("v1 | W1830XA | -"),
            expected=_part("acute", "0", "0"),
        ),
        Vignette(
            "Observed for a night",
            "Observation is acute care and no readmission.",
            bills=_bills(),
            visits=_visit("03-10", "observation"),
            expected=_part("acute", "1: 03-10", "0"),
        ),
        Vignette(
            "A planned stay on day 10",
            "Any acute care counts a planned stay too; it is not the readmission outcome.",
            bills="""
            claim | in    | out   | hospital | status | principal         | procedure
            c1    | 03-01 | 03-05 | General  | 01     | J189 pneumonia    | -
            c2    | 03-15 | 03-18 | General  | 01     | M1611 hip disease | 0SR90J9 new hip
            """,
            expected=_part(
                "acute", "1: 03-15", "0", "0: planned 03-15", "03-15 | 03-18 | General | yes | yes | 0 | 0 | 0"
            ),
        ),
        Vignette(
            "Back in hospital, the bill beginning before the discharge",
            "The bill's day of admission counts.",
            bills=_WINDOW + "\nr1 | 03-04 | 03-07 | 03-09 | General | 01 | A419 sepsis",
            expected=_part("acute", "1: 03-07", "0", "1: 03-07", "03-07 | 03-09 | General | yes | yes | 0 | 0 | 0"),
        ),
        Vignette(
            "Back in hospital, and no bill of it yet",
            "The message tells of the stay; a bill may come later or never.",
            bills=_bills(),
            messages="""
            sent        | event | visit | in    | out   | hospital | status
            03-13 15:00 | A03   | v2    | 03-10 | 03-13 | County   | 01
            """,
            expected="""
            in    | out   | hospitals | scored                           | measured   | readmission | harm | acute
            03-01 | 03-05 | General   | no: discharge known within a day | yes        | 1: 03-10    | 0    | 1: 03-10
            03-10 | 03-13 | County    | yes                              | no: billed | 0           | 0    | 0
            """,
        ),
        Vignette(
            "On to a rehabilitation hospital",
            "Rehabilitation, psychiatric and long-term hospitals give no acute care.",
            bills=_bills("c2 | 03-05 | 03-20 | Rehab | 01 | Z5189 aftercare"),
            codes=_codes("c2 | W1830XA | Y"),
            expected=_part("acute", "0", "0"),
        ),
        Vignette(
            "Dead on day 5, no acute care",
            "Death is no acute care: it competes with it.",
            bills=_bills(),
            deaths="day\n03-10",
            expected=_part("acute", "0: death 03-10", "1: 03-10", "0: death 03-10"),
        ),
    ),
)

PARTS = Chapter(
    "Each kind of harm by itself",
    "Each part of the list is an outcome of its own, by the same window, encounters and look-backs. Death is no part "
    "of it: who dies without that harm has label 0.",
    (
        Vignette(
            "A fall is no delirium",
            "A part counts its own codes only.",
            bills=_bills(),
            visits=_visit("03-10"),
            codes=_codes("v1 | W1830XA | -"),
            expected=_part("delirium", "0", "1: 03-10"),
        ),
        Vignette(
            "A fall is a fall",
            "The same visit, asked for falls.",
            bills=_bills(),
            visits=_visit("03-10"),
            codes=_codes("v1 | W1830XA | -"),
            expected=_part("fall_or_fracture", "1: 03-10", "1: 03-10"),
        ),
        Vignette(
            "The later of two harms",
            "The headline tells the first harm, the part its own.",
            bills=_bills(),
            visits="claim | known | day | setting\nv1 | 05-01 | 03-08 | emergency\nv2 | 05-01 | 03-12 | emergency",
            codes=_codes("v1 | W1830XA | -", "v2 | E1164 | -"),
            expected=_part("hypoglycaemia", "1: 03-12", "1: 03-08"),
        ),
        Vignette(
            "Dead, and never a clot",
            "Death is the headline's event and competes with the part.",
            bills=_bills(),
            deaths="day\n03-10",
            expected=_part("vte", "0: death 03-10", "1: 03-10", "0: death 03-10"),
        ),
        Vignette(
            "Dead on the day of discharge",
            "Discharged alive and dead the same day: the harm of that day counts.",
            bills=_bills(),
            deaths="day | known\n03-05 | 04-20",
            expected="""
            in    | out   | hospitals | scored | measured             | readmission | harm
            03-01 | 03-05 | General   | yes    | no: discharged alive | 0: death 03-05    | 1: 03-05
            """,
        ),
        Vignette(
            "A complication, first treated",
            "Of T80-T88 only the first treatment counts: a seventh character A, where the code has one.",
            bills=_bills(),
            visits=_visit("03-10"),
            codes=_codes("v1 | T8141XA | -"),
            expected=_part("complication_of_care", "1: 03-10", "1: 03-10"),
        ),
        Vignette(
            "A complication, treated again",
            "A seventh character D is aftercare.",
            bills=_bills(),
            visits=_visit("03-10"),
            codes=_codes("v1 | T8141XD | -"),
            expected=_part("complication_of_care", "0", "0"),
        ),
        Vignette(
            "A complication whose code has no seventh character",
            "An amputation stump that broke open (T87) counts as it stands.",
            bills=_bills(),
            visits=_visit("03-10"),
            codes=_codes("v1 | T8781 | -"),
            expected=_part("complication_of_care", "1: 03-10", "1: 03-10"),
        ),
        Vignette(
            "A medicine's bad effect",
            "Intent 'adverse effect' of T36-T50.",
            bills=_bills(),
            visits=_visit("03-10"),
            codes=_codes("v1 | T45515A | -"),
            expected=_part("adverse_drug_effect", "1: 03-10", "1: 03-10"),
        ),
        Vignette(
            "Clostridioides within eight weeks",
            "Its recurrence is the same infection.",
            bills=_bills(),
            visits=_visit("03-10"),
            codes=_codes("c1 | A0472 | N", "v1 | A0471 | -"),
            expected=_part("c_difficile", "0", "0"),
        ),
        Vignette(
            "A pressure ulcer that grew worse",
            "Another stage is a new harm.",
            bills=_bills("r1 | 03-10 | 03-12 | General | 01 | A419 sepsis"),
            codes=_codes("c1 | L89152 | Y", "r1 | L89154 | Y"),
            expected=_part(
                "pressure_ulcer", "1: 03-10", "1: 03-10", "1: 03-10", "03-10 | 03-12 | General | yes | yes | 0 | 0 | 0"
            ),
        ),
        Vignette(
            "Kidney injury, weeks after",
            "New when no code of it stands on a claim of the 30 days up to the discharge.",
            bills=_bills(),
            visits=_visit("03-20"),
            codes=_codes("v1 | N179 | -"),
            expected=_part("acute_kidney_injury", "1: 03-20", "1: 03-20"),
        ),
        Vignette(
            "Bleeding on an anticoagulant, as a part",
            "Both codes on one encounter.",
            bills=_bills(),
            visits=_visit("03-10"),
            codes=_codes("v1 | K922 | -", "v1 | D6832 | -"),
            expected=_part("bleeding_on_anticoagulant", "1: 03-10", "1: 03-10"),
        ),
    ),
)

EMERGENCY = Chapter(
    "Emergency visits within 30 days",
    "A third outcome under its own name (`emergency`): an emergency visit 1 to 30 days after discharge from which the "
    "person went home again.",
    (
        Vignette(
            "An emergency visit on day 30",
            "The last day that counts.",
            bills=_bills(),
            visits=_visit("04-04"),
            expected=_part("emergency", "1: 04-04", "0"),
        ),
        Vignette(
            "An emergency visit on day 31",
            "A day too late.",
            bills=_bills(),
            visits=_visit("04-05"),
            expected=_part("emergency", "0", "0"),
        ),
        Vignette(
            "A visit on the day of discharge is none after it",
            "A visit on the day of discharge may have come before it: the bill tells only the day.",
            bills=_bills(),
            visits=_visit("03-05"),
            expected=_part("emergency", "0", "0"),
        ),
        Vignette(
            "From the emergency department to observation",
            "Observation is told as observation, whichever door it began at; it is no emergency visit.",
            bills=_bills(),
            visits=_visit("03-10", "observation"),
            expected=_part("emergency", "0", "0"),
        ),
        Vignette(
            "From one emergency department to a bed elsewhere",
            "The visit led to a stay in another hospital on its day: that is the event, and no emergency visit.",
            bills=_bills("c2 | 03-10 | 03-12 | County | 01 | A419 sepsis"),
            visits=_visit("03-10"),
            expected=_part("emergency", "0", "0", "1: 03-10", "03-10 | 03-12 | County | yes | yes | 0 | 0 | 0"),
        ),
        Vignette(
            "An emergency visit, then a death",
            "The visit came first and counts.",
            bills=_bills(),
            visits=_visit("03-10"),
            deaths="day\n03-20",
            expected=_part("emergency", "1: 03-10", "1: 03-20", "0: death 03-20"),
        ),
        Vignette(
            "Dead without an emergency visit",
            "Whoever dies unseen stays in with 0, the death competing.",
            bills=_bills(),
            deaths="day\n03-20",
            expected=_part("emergency", "0: death 03-20", "1: 03-20", "0: death 03-20"),
        ),
    ),
)

CHAPTERS = (HARMS, ACUTE, EMERGENCY, PARTS)
