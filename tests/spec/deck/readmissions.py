"""Vignettes of the 30-day outcome: days, planned or not, death, leaving the network, the end of the files."""

from __future__ import annotations

from tests.spec.deck.vignette import Chapter, Vignette

_INDEX = "c1    | 03-01 | 03-05 | General  | 01     | I5023 acute heart failure"


def _index_and(*later: str) -> str:
    head = "claim | in    | out   | hospital | status | principal"
    return "\n".join((head, _INDEX, *later))


def _and_operated(*later: str) -> str:
    head = "claim | in | out | hospital | status | principal | procedure"
    return "\n".join((head, f"{_INDEX} | -", *later))


def _interim(second: str) -> str:
    """A readmission billed twice, the second bill with this day of admission."""
    return f"""
    claim | type | in       | begins   | out   | hospital | status | principal           | procedure
    c1    | 111  | 03-01    | 03-01    | 03-05 | General  | 01     | J189 pneumonia      | -
    c2    | 112  | 03-20    | 03-20    | 03-31 | General  | 30     | S72001A hip fracture | 0SR90J9 hip replacement
    c3    | 114  | {second} | 04-01    | 04-12 | General  | 01     | M1611 hip arthrosis | -
    """


def _two(scored: str, measured: str, readmission: str, second: str) -> str:
    return f"""
    in    | out   | hospitals | scored | measured | readmission
    03-01 | 03-05 | General   | {scored} | {measured} | {readmission}
    {second}
    """


DAYS = Chapter(
    "Thirty days",
    "Days count from the day of discharge: 0 to 30, both included. The first readmission decides. A "
    "readmission may itself "
    "be an index stay.",
    (
        Vignette(
            "Day 29",
            "Within the window.",
            bills=_index_and("c2    | 04-03 | 04-06 | General  | 01     | I5023 acute heart failure"),
            expected=_two("yes", "yes", "1: 04-03", "04-03 | 04-06 | General   | yes    | yes      | 0"),
        ),
        Vignette(
            "Day 30",
            "The last day that counts.",
            bills=_index_and("c2    | 04-04 | 04-06 | County   | 01     | A419 sepsis"),
            expected=_two("yes", "yes", "1: 04-04", "04-04 | 04-06 | County    | yes    | yes      | 0"),
        ),
        Vignette(
            "Day 31",
            "One day too late.",
            bills=_index_and("c2    | 04-05 | 04-06 | General  | 01     | I5023 acute heart failure"),
            expected=_two("yes", "yes", "0", "04-05 | 04-06 | General   | yes    | yes      | 0"),
        ),
        Vignette(
            "Day 30 over a leap day",
            "From 31 January 2024 thirty days reach 1 March.",
            bills="""
            claim | in    | out   | hospital | status | principal
            c1    | 01-28 | 01-31 | General  | 01     | I5023 acute heart failure
            c2    | 03-01 | 03-04 | General  | 01     | I5023 acute heart failure
            """,
            expected="""
            in    | out   | hospitals | scored | measured | readmission
            01-28 | 01-31 | General   | yes    | yes      | 1: 03-01
            03-01 | 03-04 | General   | yes    | yes      | 0
            """,
        ),
        Vignette(
            "Day 31 in a common year",
            "From 30 January 2023 thirty days reach 1 March; 2 March is a day too late.",
            bills="""
            claim | in         | out        | hospital | status | principal
            c1    | 2023-01-28 | 2023-01-30 | General  | 01     | I5023 acute heart failure
            c2    | 2023-03-02 | 2023-03-04 | General  | 01     | I5023 acute heart failure
            """,
            covered="from | to\n2021-01 | 2024-12",
            expected="""
            in         | out        | hospitals | scored | measured | readmission
            2023-01-28 | 2023-01-30 | General   | yes    | yes      | 0
            2023-03-02 | 2023-03-04 | General   | yes    | yes      | 0
            """,
        ),
        Vignette(
            "Three stays in a row",
            "Each readmission is itself an index stay.",
            bills=_index_and(
                "c2    | 03-20 | 03-22 | General  | 01     | I5023 acute heart failure",
                "c3    | 04-10 | 04-12 | General  | 01     | I5023 acute heart failure",
            ),
            expected="""
            in    | out   | hospitals | scored | measured | readmission
            03-01 | 03-05 | General   | yes    | yes      | 1: 03-20
            03-20 | 03-22 | General   | yes    | yes      | 1: 04-10
            04-10 | 04-12 | General   | yes    | yes      | 0
            """,
        ),
        Vignette(
            "Back and gone again on the day of discharge",
            "Two discharges on one day, each an index stay of its own, each answered by the next admission. Nobody is "
            "scored at the first: by the end of its day the return is known.",
            bills=_index_and(
                "c2    | 03-05 | 03-05 | General  | 01     | A419 sepsis",
                "c3    | 03-20 | 03-22 | General  | 01     | I5023 acute heart failure",
            ),
            expected="""
            in    | out   | hospitals | scored | measured | readmission
            03-01 | 03-05 | General   | no: not back in hospital already | yes      | 1: 03-05
            03-05 | 03-05 | General   | yes    | yes      | 1: 03-20
            03-20 | 03-22 | General   | yes    | yes      | 0
            """,
        ),
        Vignette(
            "A readmission without an end",
            "Back in hospital and still there when the files end: readmitted all the same.",
            messages="""
            sent        | event | visit | in    | out   | hospital | status
            12-05 15:00 | A03   | v1    | 12-01 | 12-05 | General  | 01
            12-20 10:00 | A01   | v2    | 12-20 | -     | General  | -
            """,
            expected="""
            in    | out   | hospitals | scored         | measured       | readmission
            12-01 | 12-05 | General   | yes            | no: billed     | 1: 12-20
            12-20 | -     | General   | not discharged | not discharged | -
            """,
        ),
    ),
)

PLANNED = Chapter(
    "Planned or not",
    "The first readmission decides; if it is planned, the label is 0 and a later unplanned one does not "
    "count. Planned: an "
    "always planned procedure or principal diagnosis, or a potentially planned procedure where the "
    "principal diagnosis is "
    "neither acute nor a complication. A principal diagnosis that the tables do not know counts as acute.",
    (
        Vignette(
            "A planned hip replacement",
            "A potentially planned procedure, for osteoarthritis: planned.",
            bills=_and_operated("c2 | 03-20 | 03-23 | General | 01 | M1611 hip arthrosis | 0SR90J9 hip replacement"),
            expected=_two("yes", "yes", "0: planned 03-20", "03-20 | 03-23 | General | yes | yes | 0"),
        ),
        Vignette(
            "A hip replaced for a fracture",
            "The same procedure, for an acute injury: unplanned.",
            bills=_and_operated("c2 | 03-20 | 03-23 | General | 01 | S72001A hip fracture | 0SR90J9 hip replacement"),
            expected=_two("yes", "yes", "1: 03-20", "03-20 | 03-23 | General | yes | yes | 0"),
        ),
        Vignette(
            "An operation for a complication",
            "A potentially planned procedure for a complication of care: unplanned.",
            bills=_and_operated("c2 | 03-20 | 03-23 | General | 01 | T8149XA infection | 0SR90J9 hip replacement"),
            expected=_two("yes", "yes", "1: 03-20", "03-20 | 03-23 | General | yes | yes | 0"),
        ),
        Vignette(
            "Chemotherapy",
            "An always planned principal diagnosis.",
            bills=_and_operated("c2 | 03-20 | 03-22 | General | 01 | Z5111 chemotherapy | -"),
            expected=_two(
                "yes",
                "yes",
                "0: planned 03-20",
                "03-20 | 03-22 | General | yes | no: no medical treatment of cancer | 0",
            ),
        ),
        Vignette(
            "A kidney transplant, whatever the diagnosis",
            "An always planned procedure, even with an acute principal diagnosis.",
            bills=_and_operated("c2 | 03-20 | 03-28 | General | 01 | N179 kidney failure | 0TY00Z0 transplant"),
            expected=_two("yes", "yes", "0: planned 03-20", "03-20 | 03-28 | General | yes | yes | 0"),
        ),
        Vignette(
            "Bypass after a heart attack elsewhere",
            "A readmission begins for the diagnosis of the hospital that admitted: for the heart attack, not for the "
            "coronary disease of the second hospital, where the planned procedure was done.",
            bills=_and_operated(
                "c2 | 03-20 | 03-21 | General | 02 | I214 heart attack | -",
                "c3 | 03-21 | 03-28 | County | 01 | I2510 coronary disease | 021009W bypass",
            ),
            expected=_two("yes", "yes", "1: 03-20", "03-20 | 03-28 | General > County | yes | yes | 0"),
        ),
        Vignette(
            "Sent on for a bypass",
            "What was planned is asked of the hospital that admitted: an operation of the next one plans nothing.",
            bills="""
            claim | in    | out   | hospital | status | principal       | procedure
            c1    | 03-01 | 03-05 | General  | 01     | J189 pneumonia  | -
            c2    | 03-10 | 03-11 | Cottage  | 02     | I2510 coronary  | -
            c3    | 03-11 | 03-18 | County   | 01     | I214 infarction | 02100Z9 bypass
            """,
            expected="""
            in    | out   | hospitals        | scored | measured | readmission
            03-01 | 03-05 | General          | yes    | yes      | 1: 03-10
            03-10 | 03-18 | Cottage > County | yes    | yes      | 0
            """,
        ),
        Vignette(
            "Planned, then unplanned",
            "The first readmission was planned: the later one does not count for the first stay, and does for "
            "the second.",
            bills=_and_operated(
                "c2 | 03-15 | 03-18 | General | 01 | M1611 hip arthrosis | 0SR90J9 hip replacement",
                "c3 | 03-25 | 03-28 | General | 01 | A419 sepsis | -",
            ),
            expected="""
            in    | out   | hospitals | scored | measured | readmission
            03-01 | 03-05 | General   | yes    | yes      | 0: planned 03-15
            03-15 | 03-18 | General   | yes    | yes      | 1: 03-25
            03-25 | 03-28 | General   | yes    | yes      | 0
            """,
        ),
        Vignette(
            "Unplanned, then planned",
            "The first readmission was unplanned.",
            bills=_and_operated(
                "c2 | 03-15 | 03-18 | General | 01 | A419 sepsis | -",
                "c3 | 03-25 | 03-28 | General | 01 | M1611 hip arthrosis | 0SR90J9 hip replacement",
            ),
            expected="""
            in    | out   | hospitals | scored | measured | readmission
            03-01 | 03-05 | General   | yes    | yes      | 1: 03-15
            03-15 | 03-18 | General   | yes    | yes      | 0: planned 03-25
            03-25 | 03-28 | General   | yes    | yes      | 0
            """,
        ),
        Vignette(
            "Interim bills, the diagnosis of the last",
            "Whether a readmission was planned is asked of the first hospital's last word over all its interim bills: "
            "at the end it called the stay one for osteoarthritis.",
            bills=_interim("03-20"),
            expected=_two("yes", "yes", "0: planned 03-20", "03-20 | 04-12 | General | yes | yes | 0"),
        ),
        Vignette(
            "Interim bills with days of admission of their own",
            "The same where each bill writes its own first day as the day of admission.",
            bills=_interim("04-01"),
            expected=_two("yes", "yes", "0: planned 03-20", "03-20 | 04-12 | General | yes | yes | 0"),
        ),
        Vignette(
            "Planned, then dead",
            "The planned readmission came first; the death after it does not compete.",
            bills=_and_operated("c2 | 03-15 | 03-18 | General | 01 | M1611 hip arthrosis | 0SR90J9 hip replacement"),
            deaths="day\n03-28",
            expected=_two("yes", "yes", "0: planned 03-15", "03-15 | 03-18 | General | yes | yes | 0: death 03-28"),
        ),
        Vignette(
            "A diagnosis that no table knows",
            "It counts as acute, so the operation does not make the stay a planned one; the report counts such codes.",
            bills=_and_operated("c2 | 03-20 | 03-23 | General | 01 | U999 | 0SR90J9 hip replacement"),
            expected=_two("yes", "yes", "1: 03-20", "03-20 | 03-23 | General | yes | yes | 0"),
        ),
        Vignette(
            "COVID-19",
            "U07.1 is newer than the tables; our supplement sorts it with viral infections, which are acute.",
            bills=_and_operated("c2 | 03-20 | 03-23 | General | 01 | U071 COVID-19 | 0SR90J9 hip replacement"),
            expected=_two("yes", "yes", "1: 03-20", "03-20 | 03-23 | General | yes | yes | 0"),
        ),
        Vignette(
            "Chronic kidney disease, a newer code",
            "N18.30 is newer than the tables; like its elders it is not acute, so the operation was planned.",
            bills=_and_operated("c2 | 03-20 | 03-23 | General | 01 | N1830 kidney disease | 0FT44ZZ gallbladder"),
            expected=_two("yes", "yes", "0: planned 03-20", "03-20 | 03-23 | General | yes | yes | 0"),
        ),
        Vignette(
            "A readmission that only a message tells",
            "Without a bill nothing says that it was planned: it counts as unplanned, and the report counts such "
            "stays.",
            bills=_index_and(),
            messages="""
            sent        | event | visit | in    | out   | hospital | status | admit
            03-05 15:00 | A03   | v1    | 03-01 | 03-05 | General  | 01     | 1
            03-23 15:00 | A03   | v2    | 03-20 | 03-23 | General  | 01     | 3
            """,
            expected=_two("yes", "yes", "1: 03-20", "03-20 | 03-23 | General | yes | no: billed | 0"),
        ),
        Vignette(
            "A hip replacement coded in ICD-9",
            "No table groups procedures of ICD-9: that it was planned is not evaluable, and it counts as unplanned.",
            bills="""
            claim | in    | out   | hospital | status | principal           | procedure            | icd
            c1    | 03-01 | 03-05 | General  | 01     | 486 pneumonia       | -                    | 9
            c2    | 03-20 | 03-23 | General  | 01     | 71535 hip arthrosis | 8151 hip replacement | 9
            """,
            expected=_two("yes", "yes", "1: 03-20", "03-20 | 03-23 | General | yes | yes | 0"),
        ),
        Vignette(
            "Chemotherapy coded in ICD-9",
            "A principal diagnosis that makes a stay planned needs no procedure.",
            bills="""
            claim | in    | out   | hospital | status | principal         | icd
            c1    | 03-01 | 03-05 | General  | 01     | 486 pneumonia     | 9
            c2    | 03-20 | 03-22 | General  | 01     | V5811 chemotherapy | 9
            """,
            expected=_two(
                "yes",
                "yes",
                "0: planned 03-20",
                "03-20 | 03-22 | General | yes | no: no medical treatment of cancer | 0",
            ),
        ),
        Vignette(
            "No planned procedure",
            "A stay for a chronic disease without a planned procedure is unplanned.",
            bills=_and_operated("c2 | 03-20 | 03-23 | General | 01 | I4891 atrial fibrillation | 3E0333Z infusion"),
            expected=_two("yes", "yes", "1: 03-20", "03-20 | 03-23 | General | yes | yes | 0"),
        ),
    ),
)

ENDS = Chapter(
    "Death, leaving the network, the end of the files",
    "Who dies within 30 days without having come back stays in, with label 0 and death as what competed. "
    "Only leaving the "
    "network or the end of the files makes the label unknown; neither is ever taken for having stayed well.",
    (
        Vignette(
            "Dead on day 3",
            "Label 0, death competing.",
            bills=_index_and(),
            deaths="day\n03-08",
            expected=_two("yes", "yes", "0: death 03-08", ""),
        ),
        Vignette(
            "Dead on day 30",
            "The last day of the window.",
            bills=_index_and(),
            deaths="day\n04-04",
            expected=_two("yes", "yes", "0: death 04-04", ""),
        ),
        Vignette(
            "Dead on day 31",
            "After the window: simply not readmitted.",
            bills=_index_and(),
            deaths="day\n04-05",
            expected=_two("yes", "yes", "0", ""),
        ),
        Vignette(
            "Back, then dead",
            "The readmission came first. That the second stay ended in death was known only later, so it was scored.",
            bills=_index_and("c2    | 03-12 | 03-14 | General  | 20     | A419 sepsis"),
            deaths="day\n03-14",
            expected=_two(
                "yes",
                "yes",
                "1: 03-12",
                "03-12 | 03-14 | General | yes | no: discharged alive | 0: death 03-14",
            ),
        ),
        Vignette(
            "Two days of death",
            "Of two days that are told the earlier counts.",
            bills=_index_and(),
            deaths="day\n03-20\n03-18",
            expected=_two("yes", "yes", "0: death 03-18", ""),
        ),
        Vignette(
            "Dead, told by the month",
            "A death of which only the month is known counts at the end of that month.",
            bills=_index_and(),
            deaths="day | precision\n03-08 | month",
            expected=_two("yes", "yes", "0: death 03-31", ""),
        ),
        Vignette(
            "Left the plan on day 10",
            "Nobody knows what happened afterwards.",
            bills="""
            claim | in    | out   | hospital | status | principal
            c1    | 02-15 | 02-19 | General  | 01     | I5023 acute heart failure
            """,
            covered="from | to\n2023-01 | 2024-02",
            expected="""
            in    | out   | hospitals | scored | measured                                 | readmission
            02-15 | 02-19 | General   | yes    | no: enrolled for 30 days after, or dead | not known: left the network
            """,
        ),
        Vignette(
            "Back before leaving the plan",
            "A readmission that was seen counts.",
            bills="""
            claim | in    | out   | hospital | status | principal
            c1    | 02-15 | 02-19 | General  | 01     | I5023 acute heart failure
            c2    | 02-25 | 02-27 | General  | 01     | I5023 acute heart failure
            """,
            covered="from | to\n2023-01 | 2024-02",
            expected="""
            in    | out   | hospitals | scored | measured                                | readmission
            02-15 | 02-19 | General   | yes    | no: enrolled for 30 days after, or dead | 1: 02-25
            02-25 | 02-27 | General   | yes    | no: enrolled for 30 days after, or dead | not known: left the network
            """,
        ),
        Vignette(
            "Dead before leaving",
            "Whoever dies cannot leave: covered to the month of death is covered.",
            bills=_index_and(),
            deaths="day\n03-20",
            covered="from | to\n2023-01 | 2024-03",
            expected=_two("yes", "yes", "0: death 03-20", ""),
        ),
        Vignette(
            "The files end on day 30",
            "The whole window was seen.",
            bills=_index_and(),
            files_end="2024-04-04",
            expected=_two("yes", "yes", "0", ""),
        ),
        Vignette(
            "The files end on day 29",
            "The last day was not seen: unknown, never 0.",
            bills=_index_and(),
            files_end="2024-04-03",
            expected=_two("yes", "yes", "not known: the data end", ""),
        ),
    ),
)

CHAPTERS = (DAYS, PLANNED, ENDS)
