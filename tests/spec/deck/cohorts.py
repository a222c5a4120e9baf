"""Vignettes of who is scored and who is measured."""

from __future__ import annotations

from tests.spec.deck.vignette import Chapter, Vignette


def _bill(status: str = "01", hospital: str = "General", principal: str = "J189 pneumonia", more: str = "-") -> str:
    return f"""
    claim | in    | out   | hospital   | status   | principal   | procedure
    c1    | 03-01 | 03-05 | {hospital} | {status} | {principal} | {more}
    """


_TOLD = """
sent        | event | visit | in    | out   | hospital   | status
03-05 15:00 | A03   | v1    | 03-01 | 03-05 | {hospital} | {status}
"""


def _message(status: str = "01", hospital: str = "General") -> str:
    return _TOLD.format(status=status, hospital=hospital)


def _one(scored: str, measured: str, readmission: str = "0", hospital: str = "General") -> str:
    return f"""
    in    | out   | hospitals  | scored   | measured   | readmission
    03-01 | 03-05 | {hospital} | {scored} | {measured} | {readmission}
    """


SCORED = Chapter(
    "Who is scored",
    "The prediction cohort uses only rules that can be decided at the prediction time, from what was known then.",
    (
        Vignette(
            "Died in hospital",
            "Nobody can be called after death.",
            messages=_message("20"),
            bills=_bill("20"),
            deaths="day\n03-05",
            expected=_one("no: discharged alive", "no: discharged alive", "0: death 03-05"),
        ),
        Vignette(
            "Home to hospice",
            "The aims of care are others. HWR measures such stays.",
            messages=_message("50"),
            bills=_bill("50"),
            expected=_one("no: not to hospice", "yes"),
        ),
        Vignette(
            "To a hospice house",
            "The same.",
            messages=_message("51"),
            bills=_bill("51"),
            expected=_one("no: not to hospice", "yes"),
        ),
        Vignette(
            "Against medical advice",
            "Scored, since a call may help most here; not measured, since the hospital could not prepare the "
            "discharge.",
            messages=_message("07"),
            bills=_bill("07"),
            expected=_one("yes", "no: not against medical advice"),
        ),
        Vignette(
            "Seventeen years old",
            "The outcome has another meaning in children.",
            messages=_message(),
            bills=_bill(),
            born="2006-03-02",
            expected=_one("no: adult", "no: old enough"),
        ),
        Vignette(
            "Eighteen on the day of admission",
            "An adult from that day. HWR asks for 65.",
            messages=_message(),
            bills=_bill(),
            born="2006-03-01",
            expected=_one("yes", "no: old enough"),
        ),
        Vignette(
            "Enrolled the month before",
            "Enrolment filters nobody who is scored; HWR asks for twelve months.",
            messages=_message(),
            bills=_bill(),
            covered="from | to\n2024-02 | 2024-12",
            expected=_one("yes", "no: enrolled for 12 months before"),
        ),
        Vignette(
            "Word of the discharge after two days",
            "Later news cannot be scored at discharge.",
            messages="""
            sent        | event | visit | in    | out   | hospital | status
            03-07 09:00 | A03   | v1    | 03-01 | 03-05 | General  | 01
            """,
            bills=_bill(),
            expected=_one("no: discharge known within a day", "yes"),
        ),
        Vignette(
            "Nobody tells where they went",
            "What nobody tells excludes nobody.",
            messages=_message("-"),
            bills=_bill("-"),
            expected=_one("yes", "yes"),
        ),
        Vignette(
            "A death that was known only later",
            "At discharge nobody knew, so the stay was scored; measured by what finally became known, it ended "
            "in death.",
            messages=_message(),
            bills=_bill(),
            deaths="day | known\n03-05 | 04-20",
            expected=_one("yes", "no: discharged alive", "0: death 03-05"),
        ),
    ),
)

MEASURED = Chapter(
    "Who is measured",
    "The retrospective cohort follows the CMS Hospital-Wide Readmission measure of 2021 and may use everything that "
    "finally became known. The two cohorts are never mixed.",
    (
        Vignette(
            "A cancer hospital",
            "Eleven hospitals that prospective payment leaves out are measured apart.",
            messages=_message(hospital="Oncology"),
            bills=_bill(hospital="Oncology"),
            expected=_one("yes", "no: no cancer hospital", hospital="Oncology"),
        ),
        Vignette(
            "Depression",
            "A psychiatric principal diagnosis in an acute hospital.",
            messages=_message(),
            bills=_bill(principal="F329 depression"),
            expected=_one("yes", "no: not psychiatric"),
        ),
        Vignette(
            "Fitting a prosthesis",
            "A principal diagnosis of rehabilitation.",
            messages=_message(),
            bills=_bill(principal="Z44001 arm prosthesis"),
            expected=_one("yes", "no: not rehabilitation"),
        ),
        Vignette(
            "Breast cancer, treated by medicine",
            "Medical treatment of cancer is not measured.",
            messages=_message(),
            bills=_bill(principal="C50911 breast cancer"),
            expected=_one("yes", "no: no medical treatment of cancer"),
        ),
        Vignette(
            "Breast cancer, operated",
            "With a procedure of the surgery cohort it is measured.",
            messages=_message(),
            bills=_bill(principal="C50911 breast cancer", more="0HTT0ZZ mastectomy"),
            expected=_one("yes", "yes"),
        ),
        Vignette(
            "Sixty-four",
            "HWR begins at 65.",
            messages=_message(),
            bills=_bill(),
            born="1959-03-02",
            expected=_one("yes", "no: old enough"),
        ),
        Vignette(
            "Sixty-five on the day of admission",
            "Old enough from that day.",
            messages=_message(),
            bills=_bill(),
            born="1959-03-01",
            expected=_one("yes", "yes"),
        ),
        Vignette(
            "Insured by another payer",
            "The scope of the measure is Medicare unless another is asked for: enrolment elsewhere does not count.",
            messages=_message(),
            bills=_bill(),
            covered="from | to | payer\n2023-01 | 2024-12 | commercial",
            expected=_one("yes", "no: enrolled for 12 months before"),
        ),
        Vignette(
            "Dead in the readmission, told by its bill alone",
            "A stay that ended in death tells of a death: the stay before it was followed to its end, and is measured.",
            bills="""
            claim | in    | out   | hospital | status | principal
            c1    | 03-01 | 03-20 | General  | 01     | J189 pneumonia
            c2    | 03-25 | 03-28 | General  | 20     | A419 sepsis
            """,
            covered="from | to\n2023-01 | 2024-03",
            expected="""
            in    | out   | hospitals | scored | measured             | readmission
            03-01 | 03-20 | General   | yes    | yes                  | 1: 03-25
            03-25 | 03-28 | General   | yes    | no: discharged alive | 0: death 03-28
            """,
        ),
        Vignette(
            "The first rule that excludes",
            "Several rules leave this stay out; the first in their order stands on the row.",
            messages=_message("07"),
            bills=_bill("07", principal="F329 depression"),
            covered="from | to\n2024-02 | 2024-12",
            born="1970-03-01",
            expected=_one("yes", "no: old enough"),
        ),
        Vignette(
            "In managed care",
            "In managed care claims may lack: months of it are no enrolment for HWR, which takes fee for service "
            "alone. The label counts whoever is in the network.",
            messages=_message(),
            bills=_bill(),
            covered="from | to | managed\n2023-01 | 2024-12 | 1",
            expected=_one("yes", "no: enrolled for 12 months before"),
        ),
        Vignette(
            "Breast cancer, operated, coded in ICD-9",
            "No table groups procedures of ICD-9, so whether it was an operation is not evaluable: the stay is kept, "
            "and counted as not evaluable.",
            messages=_message(),
            bills="""
            claim | in    | out   | hospital | status | principal          | procedure       | icd
            c1    | 03-01 | 03-05 | General  | 01     | 1749 breast cancer | 8541 mastectomy | 9
            """,
            expected=_one("yes", "yes"),
        ),
        Vignette(
            "Depression, coded in ICD-9",
            "Principal diagnoses of ICD-9 are grouped: rules that ask for them alone can be asked.",
            messages=_message(),
            bills="""
            claim | in    | out   | hospital | status | principal        | icd
            c1    | 03-01 | 03-05 | General  | 01     | 29620 depression | 9
            """,
            expected=_one("yes", "no: not psychiatric"),
        ),
        Vignette(
            "A bill without a principal diagnosis",
            "What the stay was for is not evaluable: it is kept, and counted as not evaluable.",
            messages=_message(),
            bills="""
            claim | in    | out   | hospital | status
            c1    | 03-01 | 03-05 | General  | 01
            """,
            expected=_one("yes", "yes"),
        ),
        Vignette(
            "A critical access hospital",
            "It counts as an acute hospital.",
            messages=_message(hospital="Cottage"),
            bills=_bill(hospital="Cottage"),
            expected=_one("yes", "yes", hospital="Cottage"),
        ),
    ),
)

CHAPTERS = (SCORED, MEASURED)
