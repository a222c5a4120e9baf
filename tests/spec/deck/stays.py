"""Vignettes of what one stay is."""

from __future__ import annotations

from tests.spec.deck.vignette import Chapter, Vignette

ONE_STAY = Chapter(
    "What one stay is",
    "A stay is one continuous time in acute hospitals. Bills, hospital messages and discharge notices "
    "tell of it; which "
    "of them belong together is decided by hospital and day.",
    (
        Vignette(
            "One bill",
            "One inpatient bill is one stay.",
            bills="""
            claim | in    | out   | hospital | status | principal
            c1    | 03-01 | 03-05 | General  | 01     | I5023 acute heart failure
            """,
            expected="""
            in    | out   | hospitals | scored | measured | readmission
            03-01 | 03-05 | General   | yes    | yes      | 0
            """,
        ),
        Vignette(
            "In and out within a day",
            "A stay may begin and end on one day.",
            bills="""
            claim | in    | out   | hospital | status | principal
            c1    | 03-01 | 03-01 | General  | 01     | R0789 chest pain
            """,
            expected="""
            in    | out   | hospitals | scored | measured | readmission
            03-01 | 03-01 | General   | yes    | yes      | 0
            """,
        ),
        Vignette(
            "Interim bills of one admission",
            "Interim bills (type of bill 112 to 114, patient status 30 until the last) are one stay, whose end "
            "the last "
            "of them tells.",
            bills="""
            claim | type | in    | out   | hospital | status | principal
            c1    | 112  | 01-10 | 01-31 | General  | 30     | A419 sepsis
            c2    | 113  | 01-10 | 02-29 | General  | 30     | A419 sepsis
            c3    | 114  | 01-10 | 03-08 | General  | 03     | A419 sepsis
            """,
            expected="""
            in    | out   | hospitals | scored | measured | readmission
            01-10 | 03-08 | General   | yes    | yes      | 0
            """,
        ),
        Vignette(
            "Interim bills that begin where the one before ended",
            "The same where each bill writes its own first day as the day of admission.",
            bills="""
            claim | type | in    | out   | hospital | status | principal
            c1    | 112  | 01-10 | 01-31 | General  | 30     | A419 sepsis
            c2    | 113  | 02-01 | 02-29 | General  | 30     | A419 sepsis
            c3    | 114  | 03-01 | 03-08 | General  | 03     | A419 sepsis
            """,
            expected="""
            in    | out   | hospitals | scored | measured | readmission
            01-10 | 03-08 | General   | yes    | yes      | 0
            """,
        ),
        Vignette(
            "An interim bill without a patient status",
            "The type of bill alone (112, 113) says that another bill goes on with the stay.",
            bills="""
            claim | type | in    | out   | hospital | status | principal
            c1    | 112  | 01-10 | 01-31 | General  | -      | A419 sepsis
            c2    | 114  | 02-01 | 02-20 | General  | 01     | A419 sepsis
            """,
            expected="""
            in    | out   | hospitals | scored | measured | readmission
            01-10 | 02-20 | General   | yes    | yes      | 0
            """,
        ),
        Vignette(
            "An interim bill and no last one",
            "A stay of which only interim bills ever came has begun and has no end: it is no index stay.",
            bills="""
            claim | type | in    | out   | hospital | status | principal
            c1    | 112  | 01-10 | 01-31 | General  | 30     | A419 sepsis
            """,
            expected="""
            in    | out | hospitals | scored         | measured       | readmission
            01-10 | -   | General   | not discharged | not discharged | -
            """,
        ),
        Vignette(
            "The last interim bill alone",
            "A last bill (114) that tells the day of admission tells of the whole stay, though those before it are "
            "lost.",
            bills="""
            claim | type | begins | in    | out   | hospital | status | principal
            c3    | 114  | 03-01  | 01-10 | 03-08 | General  | 03     | A419 sepsis
            """,
            expected="""
            in    | out   | hospitals | scored | measured | readmission
            01-10 | 03-08 | General   | yes    | yes      | 0
            """,
        ),
        Vignette(
            "Swing beds under a number of their own",
            "The number of a hospital's swing beds (U, W, Y or Z in the third place) names no acute hospital, whatever "
            "the type of bill.",
            bills="""
            claim | in    | out   | hospital | status | principal
            c1    | 03-01 | 03-05 | General  | 61     | J189 pneumonia
            c2    | 03-05 | 03-20 | GenSwing | 01     | J189 pneumonia
            """,
            expected="""
            in    | out   | hospitals | scored | measured | readmission
            03-01 | 03-05 | General   | yes    | yes      | 0
            """,
        ),
        Vignette(
            "The same bill twice",
            "Two bills that claim the same days at one hospital are one stay told twice.",
            bills="""
            claim | in    | out   | hospital | status | principal
            c1    | 03-01 | 03-05 | General  | 01     | J189 pneumonia
            c2    | 03-01 | 03-05 | General  | 01     | J189 pneumonia
            """,
            expected="""
            in    | out   | hospitals | scored | measured | readmission
            03-01 | 03-05 | General   | yes    | yes      | 0
            """,
        ),
        Vignette(
            "Bills that overlap",
            "Nobody lies in two beds of one hospital at night: bills that share one are one stay.",
            bills="""
            claim | in    | out   | hospital | status | principal
            c1    | 03-01 | 03-05 | General  | 01     | J189 pneumonia
            c2    | 03-03 | 03-07 | General  | 01     | N179 kidney failure
            """,
            expected="""
            in    | out   | hospitals | scored | measured | readmission
            03-01 | 03-07 | General   | yes    | yes      | 0
            """,
        ),
        Vignette(
            "A late bill",
            "A bill that comes half a year late changes what is measured, and not what was scored at discharge.",
            messages="""
            sent        | event | visit | in    | out   | hospital | status
            03-05 15:00 | A03   | v1    | 03-01 | 03-05 | General  | 01
            """,
            bills="""
            claim | known | in    | out   | hospital | status | principal
            c1    | 09-30 | 03-01 | 03-05 | General  | 01     | J189 pneumonia
            """,
            expected="""
            in    | out   | hospitals | scored | measured | readmission
            03-01 | 03-05 | General   | yes    | yes      | 0
            """,
        ),
        Vignette(
            "A bill taken back",
            "A bill that was cancelled and not sent again tells of no stay in the end.",
            bills="""
            claim | known | version | cancels | in    | out   | hospital | status | principal
            c1    | 04-10 | 0       | 0       | 03-01 | 03-05 | General  | 01     | J189 pneumonia
            c1    | 06-20 | 1       | 1       | 03-01 | 03-05 | General  | 01     | J189 pneumonia
            """,
            expected="""
            in | out | hospitals | scored | measured | readmission
            """,
        ),
        Vignette(
            "A bill taken back and sent anew",
            "Cancelled under one number and billed under another, it is one stay.",
            bills="""
            claim | known | version | cancels | in    | out   | hospital | status | principal
            c1    | 04-10 | 0       | 0       | 03-01 | 03-05 | General  | 01     | J189 pneumonia
            c1    | 06-20 | 1       | 1       | 03-01 | 03-05 | General  | 01     | J189 pneumonia
            c2    | 06-20 | 0       | 0       | 03-01 | 03-05 | General  | 01     | J189 pneumonia
            """,
            expected="""
            in    | out   | hospitals | scored | measured | readmission
            03-01 | 03-05 | General   | yes    | yes      | 0
            """,
        ),
        Vignette(
            "An adjusted bill",
            "The last version of a bill tells where the person went; what was scored knew the first.",
            bills="""
            claim | known | version | in    | out   | hospital | status | principal
            c1    | 04-10 | 0       | 03-01 | 03-05 | General  | 01     | J189 pneumonia
            c1    | 06-20 | 1       | 03-01 | 03-05 | General  | 07     | J189 pneumonia
            """,
            expected="""
            in    | out   | hospitals | scored | measured                       | readmission
            03-01 | 03-05 | General   | yes    | no: not against medical advice | 0
            """,
        ),
        Vignette(
            "Over the end of a year",
            "A stay may run from one year into the next.",
            bills="""
            claim | in         | out        | hospital | status | principal
            c1    | 2023-12-28 | 2024-01-03 | General  | 01     | J189 pneumonia
            """,
            covered="from | to\n2022-01 | 2024-12",
            expected="""
            in         | out   | hospitals | scored | measured | readmission
            2023-12-28 | 01-03 | General   | yes    | yes      | 0
            """,
        ),
        Vignette(
            "Observation, then inpatient",
            "Observation is no stay. The stay begins with the inpatient admission.",
            visits="""
            claim | known | day   | setting
            o1    | 04-10 | 02-29 | observation
            """,
            bills="""
            claim | in    | out   | hospital | status | principal
            c1    | 03-01 | 03-05 | General  | 01     | R0789 chest pain
            """,
            expected="""
            in    | out   | hospitals | scored | measured | readmission
            03-01 | 03-05 | General   | yes    | yes      | 0
            """,
        ),
        Vignette(
            "Observation after discharge",
            "An observation stay or an emergency visit after discharge is no readmission.",
            visits="""
            claim | known | day   | setting
            o1    | 04-20 | 03-10 | observation
            e1    | 04-20 | 03-15 | emergency
            """,
            bills="""
            claim | in    | out   | hospital | status | principal
            c1    | 03-01 | 03-05 | General  | 01     | R0789 chest pain
            """,
            expected="""
            in    | out   | hospitals | scored | measured | readmission
            03-01 | 03-05 | General   | yes    | yes      | 0
            """,
        ),
        Vignette(
            "Swing bed and skilled nursing",
            "A swing bed (type of bill 18x) or a skilled nursing facility (21x) is no stay in an acute hospital.",
            bills="""
            claim | type | in    | out   | hospital | status | principal
            c1    | 111  | 03-01 | 03-05 | General  | 61     | J189 pneumonia
            c2    | 181  | 03-05 | 03-20 | General  | 01     | J189 pneumonia
            c3    | 211  | 03-21 | 04-20 | General  | 01     | J189 pneumonia
            """,
            expected="""
            in    | out   | hospitals | scored | measured | readmission
            03-01 | 03-05 | General   | yes    | yes      | 0
            """,
        ),
    ),
)

TOLD_BY_TWO = Chapter(
    "One stay, told by messages and by a bill",
    "When hospital messages (ADT) and bills tell of one stay it is one stay. The bill's word counts "
    "before the message's, "
    "the message's before a notice's; of days of discharge the latest counts. Where the two differ it is reported.",
    (
        Vignette(
            "Messages, then the bill",
            "Message and bill tell of one stay.",
            messages="""
            sent        | event | visit | in    | out   | hospital | status
            03-01 10:00 | A01   | v1    | 03-01 | -     | General  | -
            03-05 15:00 | A03   | v1    | 03-01 | 03-05 | General  | 01
            """,
            bills="""
            claim | in    | out   | hospital | status | principal
            c1    | 03-01 | 03-05 | General  | 06     | J189 pneumonia
            """,
            expected="""
            in    | out   | hospitals | scored | measured | readmission | disputed
            03-01 | 03-05 | General   | yes    | yes      | 0           | discharge disposition code
            """,
        ),
        Vignette(
            "The bill counts from the emergency visit",
            "Days of admission that differ make one stay where the days in hospital overlap.",
            messages="""
            sent        | event | visit | in    | out   | hospital | status
            03-05 15:00 | A03   | v1    | 03-02 | 03-05 | General  | 01
            """,
            bills="""
            claim | in    | out   | hospital | status | principal
            c1    | 03-01 | 03-05 | General  | 01     | J189 pneumonia
            """,
            expected="""
            in    | out   | hospitals | scored | measured | readmission | disputed
            03-01 | 03-05 | General   | yes    | yes      | 0           | admit day
            """,
        ),
        Vignette(
            "Over midnight by one account",
            "A bill for one day and a message that ends on it tell of one stay, not of a return on the day of "
            "discharge.",
            messages="""
            sent        | event | visit | in          | out         | hospital | status
            03-02 01:00 | A03   | v1    | 03-01 23:00 | 03-02 01:00 | General  | 01
            """,
            bills="""
            claim | in    | out   | hospital | status | principal
            c1    | 03-02 | 03-02 | General  | 01     | R0789 chest pain
            """,
            expected="""
            in    | out   | hospitals | scored | measured | readmission | disputed
            03-01 | 03-02 | General   | yes    | yes      | 0           | admit day
            """,
        ),
        Vignette(
            "The bill tells a later discharge",
            "Of two days of discharge the later holds. Who was scored on the earlier day was scored too soon, "
            "and has no "
            "label for that day.",
            messages="""
            sent        | event | visit | in    | out   | hospital | status
            03-05 15:00 | A03   | v1    | 03-01 | 03-05 | General  | 01
            """,
            bills="""
            claim | in    | out   | hospital | status | principal
            c1    | 03-01 | 03-06 | General  | 01     | J189 pneumonia
            """,
            expected="""
            in    | out   | hospitals | scored                           | measured | readmission | disputed
            03-01 | 03-06 | General   | no: discharge known within a day | yes      | 0           | discharge day
            """,
        ),
        Vignette(
            "A cancelled discharge",
            "A13 takes a discharge back; the stay ends with the next A03.",
            messages="""
            sent        | event | visit | in    | out   | hospital | status
            03-01 10:00 | A01   | v1    | 03-01 | -     | General  | -
            03-05 15:00 | A03   | v1    | 03-01 | 03-05 | General  | 01
            03-05 18:00 | A13   | v1    | 03-01 | -     | General  | -
            03-09 15:00 | A03   | v1    | 03-01 | 03-09 | General  | 01
            """,
            expected="""
            in    | out   | hospitals | scored | measured   | readmission
            03-01 | 03-09 | General   | yes    | no: billed | 0
            """,
        ),
        Vignette(
            "A corrected day of admission",
            "A correction on the day of discharge renames the stay; it is still one stay, scored once.",
            messages="""
            sent        | event | visit | in    | out   | hospital | status
            03-05 15:00 | A03   | v1    | 03-02 | 03-05 | General  | 01
            03-05 18:00 | A08   | v1    | 03-01 | 03-05 | General  | 01
            """,
            expected="""
            in    | out   | hospitals | scored | measured   | readmission
            03-01 | 03-05 | General   | yes    | no: billed | 0
            """,
        ),
        Vignette(
            "Moved to the unit under one visit number",
            "A transfer message (A02) to a unit ends the acute stay on that day; the unit's part of the visit is no "
            "acute stay.",
            messages="""
            sent        | event | visit | in    | out   | hospital | status | service
            03-01 10:00 | A01   | v1    | 03-01 | -     | General  | -      | MED
            03-05 11:00 | A02   | v1    | 03-01 | -     | General  | -      | REHAB
            03-20 15:00 | A03   | v1    | 03-01 | 03-20 | General  | 01     | REHAB
            """,
            bills="""
            claim | in    | out   | hospital | status | principal
            c1    | 03-01 | 03-05 | General  | 62     | S72001A broken hip
            c2    | 03-05 | 03-20 | GenRehab | 01     | Z5189 aftercare
            """,
            expected="""
            in    | out   | hospitals | scored | measured | readmission
            03-01 | 03-05 | General   | yes    | yes      | 0
            """,
        ),
        Vignette(
            "Back from the unit under one visit number",
            "Who comes back from the unit to the acute ward is readmitted: the acute stay before had ended.",
            messages="""
            sent        | event | visit | in    | out   | hospital | status | service
            03-01 10:00 | A01   | v1    | 03-01 | -     | General  | -      | MED
            03-05 11:00 | A02   | v1    | 03-01 | -     | General  | -      | REHAB
            03-09 11:00 | A02   | v1    | 03-01 | -     | General  | -      | MED
            03-20 15:00 | A03   | v1    | 03-01 | 03-20 | General  | 01     | MED
            """,
            expected="""
            in    | out   | hospitals | scored | measured   | readmission
            03-01 | 03-05 | General   | yes    | no: billed | 1: 03-09
            03-09 | 03-20 | General   | yes    | no: billed | 0
            """,
        ),
        Vignette(
            "A move to the unit that was taken back",
            "A cancelled transfer (A12) has ended nothing.",
            messages="""
            sent        | event | visit | in    | out   | hospital | status | service
            03-01 10:00 | A01   | v1    | 03-01 | -     | General  | -      | MED
            03-05 11:00 | A02   | v1    | 03-01 | -     | General  | -      | REHAB
            03-05 11:30 | A12   | v1    | 03-01 | -     | General  | -      | MED
            03-20 15:00 | A03   | v1    | 03-01 | 03-20 | General  | 01     | MED
            """,
            expected="""
            in    | out   | hospitals | scored | measured   | readmission
            03-01 | 03-20 | General   | yes    | no: billed | 0
            """,
        ),
        Vignette(
            "Hospice, told by a message alone",
            "A rule is asked of whatever was told, by whomever.",
            messages="""
            sent        | event | visit | in    | out   | hospital | status
            03-05 15:00 | A03   | v1    | 03-01 | 03-05 | General  | 50
            """,
            expected="""
            in    | out   | hospitals | scored             | measured   | readmission
            03-01 | 03-05 | General   | no: not to hospice | no: billed | 0
            """,
        ),
        Vignette(
            "A cancelled admission",
            "A11 takes an admission back: no stay.",
            messages="""
            sent        | event | visit | in    | out | hospital
            03-01 10:00 | A01   | v1    | 03-01 | -   | General
            03-02 09:00 | A11   | v1    | 03-01 | -   | General
            """,
            expected="""
            in | out | hospitals | scored | measured | readmission
            """,
        ),
        Vignette(
            "Interim bills with days that nobody billed",
            "A hospital that bills on within a week after an interim bill has told no discharge.",
            bills="""
            claim | type | in    | out   | hospital | status | principal
            c1    | 112  | 03-01 | 03-10 | General  | 30     | I5023 acute heart failure
            c2    | 113  | 03-11 | 03-20 | General  | 30     | I5023 acute heart failure
            c3    | 114  | 03-22 | 03-25 | General  | 01     | I5023 acute heart failure
            """,
            expected="""
            in    | out   | hospitals | scored | measured | readmission
            03-01 | 03-25 | General   | yes    | yes      | 0
            """,
        ),
        Vignette(
            "Still a patient, then billed with another diagnosis",
            "Patient status 30 alone says that the stay goes on.",
            bills="""
            claim | type | in    | out   | hospital | status | principal
            c1    | 111  | 03-01 | 03-10 | General  | 30     | I5023 acute heart failure
            c2    | 111  | 03-10 | 03-15 | General  | 01     | J189 pneumonia
            """,
            expected="""
            in    | out   | hospitals | scored | measured | readmission
            03-01 | 03-15 | General   | yes    | yes      | 0
            """,
        ),
        Vignette(
            "An admission that was foreseen and cancelled",
            "A foreseen admission (A05, A14) is none, and so is one that was taken back.",
            messages="""
            sent        | event | visit | in    | out   | hospital | status
            03-05 15:00 | A03   | v1    | 03-01 | 03-05 | General  | 01
            03-06 09:00 | A05   | v2    | 03-25 | -     | General  | -
            03-20 09:00 | A38   | v2    | 03-25 | -     | General  | -
            """,
            expected="""
            in    | out   | hospitals | scored | measured   | readmission
            03-01 | 03-05 | General   | yes    | no: billed | 0
            """,
        ),
        Vignette(
            "Bill and message a day apart",
            "A bill and a message that touch and end within a day of one another tell of one short stay.",
            messages="""
            sent        | event | visit | in    | out   | hospital | status
            03-05 15:00 | A03   | v1    | 03-04 | 03-05 | General  | 01
            """,
            bills="""
            claim | in    | out   | hospital | status | principal
            c1    | 03-05 | 03-06 | General  | 01     | J189 pneumonia
            """,
            expected="""
            in    | out   | hospitals | scored | measured | readmission | disputed
            03-04 | 03-06 | General   | no: discharge known within a day | yes | 0 | admit day
            """,
        ),
        Vignette(
            "A lost discharge message",
            "Where no message and no bill tells the end of a stay, it is over when the person is admitted again; "
            "it has no "
            "day of discharge, and the later stay stands alone.",
            messages="""
            sent        | event | visit | in    | out   | hospital | status
            03-01 10:00 | A01   | v1    | 03-01 | -     | General  | -
            06-01 10:00 | A01   | v2    | 06-01 | -     | General  | -
            06-04 15:00 | A03   | v2    | 06-01 | 06-04 | General  | 01
            """,
            expected="""
            in    | out   | hospitals | scored         | measured       | readmission
            03-01 | -     | General   | not discharged | not discharged | -
            06-01 | 06-04 | General   | yes            | no: billed     | 0
            """,
        ),
        Vignette(
            "An admission of which nothing more was heard",
            "After 120 days without a word nobody believes that someone is still in hospital: the stay is over, has no "
            "day of discharge and is no index stay.",
            messages="""
            sent        | event | visit | in    | out | hospital | status
            03-01 10:00 | A01   | v1    | 03-01 | -   | General  | -
            """,
            expected="""
            in    | out | hospitals | scored         | measured       | readmission | ended
            03-01 | -   | General   | not discharged | not discharged | -           | over, nobody told when
            """,
        ),
        Vignette(
            "A lost discharge message before a transfer",
            "Where the next admission says that the person came from a hospital, the stay goes on there.",
            messages="""
            sent        | event | visit | in    | out   | hospital | status | from
            03-01 10:00 | A01   | v1    | 03-01 | -     | General  | -      | 1
            03-04 10:00 | A01   | v2    | 03-04 | -     | County   | -      | 4
            03-09 15:00 | A03   | v2    | 03-04 | 03-09 | County   | 01     | 4
            """,
            expected="""
            in    | out   | hospitals        | scored | measured   | readmission
            03-01 | 03-09 | General > County | yes    | no: billed | 0
            """,
        ),
        Vignette(
            "Two hospitals, one number",
            "Each hospital numbers its own visits: visit v1 of one is not visit v1 of the other.",
            messages="""
            sent        | event | visit | in    | out   | hospital | status
            03-05 15:00 | A03   | v1    | 03-01 | 03-05 | General  | 01
            04-25 15:00 | A03   | v1    | 04-20 | 04-25 | County   | 01
            """,
            expected="""
            in    | out   | hospitals | scored | measured   | readmission
            03-01 | 03-05 | General   | yes    | no: billed | 0
            04-20 | 04-25 | County    | yes    | no: billed | 0
            """,
        ),
        Vignette(
            "Emergency patient, then inpatient",
            "A visit is a stay from when the messages call it one of an inpatient.",
            messages="""
            sent        | event | visit | class | in    | out   | hospital | status
            03-01 10:00 | A04   | v1    | E     | 03-01 | -     | General  | -
            03-01 20:00 | A06   | v1    | I     | 03-01 | -     | General  | -
            03-05 15:00 | A03   | v1    | I     | 03-01 | 03-05 | General  | 01
            """,
            expected="""
            in    | out   | hospitals | scored | measured   | readmission
            03-01 | 03-05 | General   | yes    | no: billed | 0
            """,
        ),
        Vignette(
            "Inpatient, then observation",
            "A visit that the hospital turns into an outpatient one (A07) was no stay.",
            messages="""
            sent        | event | visit | class | in    | out   | hospital | status
            03-01 10:00 | A01   | v1    | I     | 03-01 | -     | General  | -
            03-01 20:00 | A07   | v1    | O     | 03-01 | -     | General  | -
            03-02 15:00 | A03   | v1    | O     | 03-01 | 03-02 | General  | 01
            """,
            expected="""
            in | out | hospitals | scored | measured | readmission
            """,
        ),
        Vignette(
            "The bill names the unit",
            "What the message calls a stay in General, the bill calls one in its rehabilitation unit: one stay, "
            "and none in "
            "an acute hospital.",
            messages="""
            sent        | event | visit | in    | out   | hospital | status
            03-20 15:00 | A03   | v1    | 03-05 | 03-20 | General  | 01
            """,
            bills="""
            claim | in    | out   | hospital | status | principal
            c1    | 03-05 | 03-20 | GenRehab | 01     | Z5189 aftercare
            """,
            expected="""
            in | out | hospitals | scored | measured | readmission
            """,
        ),
        Vignette(
            "The unit's days within one visit",
            "Where the messages never tell of a move and the unit's own bill stands within the visit, the acute stay "
            "ends on the day on which that bill begins. Who was scored at the end of the visit was scored too late.",
            messages="""
            sent        | event | visit | in    | out   | hospital | status
            03-01 10:00 | A01   | v1    | 03-01 | -     | General  | -
            03-20 15:00 | A03   | v1    | 03-01 | 03-20 | General  | 01
            """,
            bills="""
            claim | in    | out   | hospital | status | principal
            c1    | 03-01 | 03-05 | General  | 62     | S72001A broken hip
            c2    | 03-05 | 03-20 | GenRehab | 01     | Z5189 aftercare
            """,
            expected="""
            in    | out   | hospitals | scored                           | measured | readmission
            03-01 | 03-05 | General   | no: discharge known within a day | yes      | 0
            """,
        ),
        Vignette(
            "The unit's days in the middle of one visit",
            "What the visit tells of days after the unit's bill is an acute stay of its own, and a readmission.",
            messages="""
            sent        | event | visit | in    | out   | hospital | status
            03-01 10:00 | A01   | v1    | 03-01 | -     | General  | -
            03-20 15:00 | A03   | v1    | 03-01 | 03-20 | General  | 01
            """,
            bills="""
            claim | in    | out   | hospital | status | principal       | beds
            c2    | 03-05 | 03-10 | General  | 01     | Z5189 aftercare | 0118 rehabilitation
            """,
            expected="""
            in    | out   | hospitals | scored                           | measured   | readmission
            03-01 | 03-05 | General   | no: discharge known within a day | no: billed | 1: 03-10
            03-10 | 03-20 | General   | yes                              | no: billed | 0
            """,
        ),
        Vignette(
            "A visit within the unit's days",
            "A visit that names no service and lies within the unit's bill is the unit's.",
            messages="""
            sent        | event | visit | in    | out   | hospital | status
            03-20 15:00 | A03   | v1    | 03-06 | 03-20 | General  | 01
            """,
            bills="""
            claim | in    | out   | hospital | status | principal
            c2    | 03-05 | 03-20 | GenRehab | 01     | Z5189 aftercare
            """,
            expected="""
            in | out | hospitals | scored | measured | readmission
            """,
        ),
        Vignette(
            "Rehabilitation beds under the hospital's number",
            "Room and board in beds of rehabilitation (revenue centre 0118 to 0158) or psychiatry (0114 to 0154, 0204) "
            "and in no others tells of a unit, also where the bill stands under the hospital's own number.",
            bills="""
            claim | in    | out   | hospital | status | principal          | beds
            c1    | 03-01 | 03-05 | General  | 62     | S72001A broken hip | 0120 two to a room
            c2    | 03-05 | 03-20 | General  | 01     | Z5189 aftercare    | 0128 rehabilitation
            """,
            expected="""
            in    | out   | hospitals | scored | measured | readmission
            03-01 | 03-05 | General   | yes    | yes      | 0
            """,
        ),
        Vignette(
            "Psychiatric beds under the hospital's number",
            "A stay in such beds is no readmission.",
            bills="""
            claim | in    | out   | hospital | status | principal       | beds
            c1    | 03-01 | 03-05 | General  | 01     | J189 pneumonia  | -
            c2    | 03-10 | 03-20 | General  | 01     | F329 depression | 0114 psychiatry
            """,
            expected="""
            in    | out   | hospitals | scored | measured | readmission
            03-01 | 03-05 | General   | yes    | yes      | 0
            """,
        ),
        Vignette(
            "Depression in an ordinary bed",
            "A general hospital's ordinary bed is acute care whatever the diagnosis: a readmission, which is itself "
            "not measured.",
            bills="""
            claim | in    | out   | hospital | status | principal       | beds
            c1    | 03-01 | 03-05 | General  | 01     | J189 pneumonia  | 0120 two to a room
            c2    | 03-10 | 03-20 | General  | 01     | F329 depression | 0120 two to a room
            """,
            expected="""
            in    | out   | hospitals | scored | measured            | readmission
            03-01 | 03-05 | General   | yes    | yes                 | 1: 03-10
            03-10 | 03-20 | General   | yes    | no: not psychiatric | 0
            """,
        ),
        Vignette(
            "The message names the unit, the bill ordinary beds",
            "The bill's word counts, and the difference is reported.",
            messages="""
            sent        | event | visit | in    | out   | hospital | status | service
            03-05 15:00 | A03   | v1    | 03-01 | 03-05 | General  | 01     | REHAB
            """,
            bills="""
            claim | in    | out   | hospital | status | principal      | beds
            c1    | 03-01 | 03-05 | General  | 01     | J189 pneumonia | 0120 two to a room
            """,
            expected="""
            in    | out   | hospitals | scored                           | measured | readmission | disputed
            03-01 | 03-05 | General   | no: discharge known within a day | yes      | 0           | kind
            """,
        ),
        Vignette(
            "The message names the unit, the bill no beds",
            "The hospital's number alone tells less than the service: a stay in the unit.",
            messages="""
            sent        | event | visit | in    | out   | hospital | status | service
            03-05 15:00 | A03   | v1    | 03-01 | 03-05 | General  | 01     | PSYCH
            """,
            bills="""
            claim | in    | out   | hospital | status | principal
            c1    | 03-01 | 03-05 | General  | 01     | F329 depression
            """,
            expected="""
            in | out | hospitals | scored | measured | readmission
            """,
        ),
        Vignette(
            "The directory names the unit",
            "A place that the directory calls a unit is one, though its number is the hospital's.",
            bills="""
            claim | in    | out   | hospital | status | principal
            c1    | 03-01 | 03-05 | General  | 01     | J189 pneumonia
            c2    | 03-05 | 03-20 | GenWard  | 01     | F329 depression
            """,
            expected="""
            in    | out   | hospitals | scored | measured | readmission
            03-01 | 03-05 | General   | yes    | yes      | 0
            """,
        ),
        Vignette(
            "Observed, then inpatient, under one visit number",
            "The stay begins when a message says that the observed person is now an inpatient (A06), though it repeats "
            "the time at which observation began. Observation is kept apart.",
            messages="""
            sent        | event | visit | class | in    | out   | hospital | status
            03-01 10:00 | A04   | v1    | O     | 03-01 | -     | General  | -
            03-02 09:00 | A06   | v1    | I     | 03-01 | -     | General  | -
            03-05 15:00 | A03   | v1    | I     | 03-01 | 03-05 | General  | 01
            """,
            bills="""
            claim | in    | out   | hospital | status | principal
            c1    | 03-02 | 03-05 | General  | 01     | J189 pneumonia
            """,
            expected="""
            in    | out   | hospitals | scored | measured | readmission | disputed
            03-02 | 03-05 | General   | yes    | yes      | 0           | -
            """,
        ),
        Vignette(
            "Observed on day 30, inpatient on day 31",
            "From 31 January thirty days reach 1 March: observed within them, admitted after them.",
            messages="""
            sent        | event | visit | class | in    | out   | hospital | status
            01-31 15:00 | A03   | v1    | I     | 01-25 | 01-31 | General  | 01
            03-01 20:00 | A04   | v2    | O     | 03-01 | -     | General  | -
            03-02 09:00 | A06   | v2    | I     | 03-01 | -     | General  | -
            03-05 15:00 | A03   | v2    | I     | 03-01 | 03-05 | General  | 01
            """,
            expected="""
            in    | out   | hospitals | scored | measured   | readmission
            01-25 | 01-31 | General   | yes    | no: billed | 0
            03-02 | 03-05 | General   | yes    | no: billed | 0
            """,
        ),
        Vignette(
            "Observed, then inpatient, told a day late",
            "A message that tells a time of admission of its own is believed, whenever it was sent.",
            messages="""
            sent        | event | visit | class | in          | out   | hospital | status
            03-01 10:00 | A04   | v1    | O     | 03-01       | -     | General  | -
            03-03 09:00 | A06   | v1    | I     | 03-02 20:00 | -     | General  | -
            03-05 15:00 | A03   | v1    | I     | 03-02 20:00 | 03-05 | General  | 01
            """,
            expected="""
            in    | out   | hospitals | scored | measured   | readmission
            03-02 | 03-05 | General   | yes    | no: billed | 0
            """,
        ),
        Vignette(
            "Inpatient by the word of the discharge alone",
            "A discharge that is the first to call an observed person an inpatient does not tell since when: the "
            "visit's beginning counts, unless a bill tells the day of admission.",
            messages="""
            sent        | event | visit | class | in    | out   | hospital | status
            03-01 10:00 | A04   | v1    | O     | 03-01 | -     | General  | -
            03-05 15:00 | A03   | v1    | I     | 03-01 | 03-05 | General  | 01
            """,
            expected="""
            in    | out   | hospitals | scored | measured   | readmission
            03-01 | 03-05 | General   | yes    | no: billed | 0
            """,
        ),
        Vignette(
            "Inpatient by the word of the discharge, and a bill",
            "The bill tells the day of admission, which the messages do not.",
            messages="""
            sent        | event | visit | class | in    | out   | hospital | status
            03-01 10:00 | A04   | v1    | O     | 03-01 | -     | General  | -
            03-05 15:00 | A03   | v1    | I     | 03-01 | 03-05 | General  | 01
            """,
            bills="""
            claim | in    | out   | hospital | status | principal
            c1    | 03-02 | 03-05 | General  | 01     | J189 pneumonia
            """,
            expected="""
            in    | out   | hospitals | scored | measured | readmission | disputed
            03-02 | 03-05 | General   | yes    | yes      | 0           | admit day
            """,
        ),
        Vignette(
            "The message names the unit",
            "A message whose service is psychiatry or rehabilitation tells of a unit, which is no acute hospital.",
            messages="""
            sent        | event | visit | in    | out   | hospital | status | service
            03-05 15:00 | A03   | v1    | 03-01 | 03-05 | General  | 62     | MED
            03-20 15:00 | A03   | v2    | 03-05 | 03-20 | General  | 01     | REHAB
            """,
            expected="""
            in    | out   | hospitals | scored | measured   | readmission
            03-01 | 03-05 | General   | yes    | no: billed | 0
            """,
        ),
    ),
)

RETURN_OR_ONE = Chapter(
    "Back on the day of discharge",
    "A return to the same hospital on the day of discharge is the same stay only where the principal diagnosis is the "
    "same; otherwise it is a readmission on day 0. On the next day it is always a readmission.",
    (
        Vignette(
            "Same day, same diagnosis",
            "One stay.",
            bills="""
            claim | in    | out   | hospital | status | principal
            c1    | 03-01 | 03-05 | General  | 01     | J189 pneumonia
            c2    | 03-05 | 03-09 | General  | 01     | J189 pneumonia
            """,
            expected="""
            in    | out   | hospitals | scored | measured | readmission
            03-01 | 03-09 | General   | yes    | yes      | 0
            """,
        ),
        Vignette(
            "Same day, another diagnosis",
            "A readmission on day 0. It counts in the label of the first stay; that stay is scored only where "
            "the return "
            "was not yet known when it was to be scored. Here only days are known, so it was.",
            bills="""
            claim | in    | out   | hospital | status | principal
            c1    | 03-01 | 03-05 | General  | 01     | J189 pneumonia
            c2    | 03-05 | 03-09 | General  | 01     | N179 kidney failure
            """,
            expected="""
            in    | out   | hospitals | scored | measured | readmission
            03-01 | 03-05 | General   | yes    | yes      | 1: 03-05
            03-05 | 03-09 | General   | yes    | yes      | 0
            """,
        ),
        Vignette(
            "Same day, the return known at once",
            "By the end of the day of discharge a message had told of the return: nothing is left to foretell.",
            messages="""
            sent        | event | visit | in          | out         | hospital | status
            03-05       | A03   | v1    | 03-01 10:00 | 03-05 11:00 | General  | 01
            03-05 18:00 | A01   | v2    | 03-05 18:00 | -           | General  | -
            03-09 15:00 | A03   | v2    | 03-05 18:00 | 03-09 15:00 | General  | 01
            """,
            bills="""
            claim | in    | out   | hospital | status | principal
            c1    | 03-01 | 03-05 | General  | 01     | J189 pneumonia
            c2    | 03-05 | 03-09 | General  | 01     | N179 kidney failure
            """,
            expected="""
            in    | out   | hospitals | scored                           | measured | readmission
            03-01 | 03-05 | General   | no: not back in hospital already | yes      | 1: 03-05
            03-05 | 03-09 | General   | yes                              | yes      | 0
            """,
        ),
        Vignette(
            "Twice admitted on one day",
            "Home at noon, back at night for something else: two stays that began on one day.",
            bills="""
            claim | in    | out   | hospital | status | principal
            c1    | 03-01 | 03-01 | General  | 01     | R0789 chest pain
            c2    | 03-01 | 03-04 | General  | 01     | N179 kidney failure
            """,
            expected="""
            in    | out   | hospitals | scored | measured | readmission
            03-01 | 03-01 | General   | yes    | yes      | 1: 03-01
            03-01 | 03-04 | General   | yes    | yes      | 0
            """,
        ),
        Vignette(
            "The next day, same diagnosis",
            "At the same hospital any return on the next day is a readmission.",
            bills="""
            claim | in    | out   | hospital | status | principal
            c1    | 03-01 | 03-05 | General  | 01     | J189 pneumonia
            c2    | 03-06 | 03-09 | General  | 01     | J189 pneumonia
            """,
            expected="""
            in    | out   | hospitals | scored | measured | readmission
            03-01 | 03-05 | General   | yes    | yes      | 1: 03-06
            03-06 | 03-09 | General   | yes    | yes      | 0
            """,
        ),
        Vignette(
            "Same day, two messages and no bill yet",
            "Without principal diagnoses nobody can say that it was the same illness: two stays, until bills say "
            "otherwise.",
            messages="""
            sent        | event | visit | in          | out         | hospital | status
            03-05 11:00 | A03   | v1    | 03-01 10:00 | 03-05 11:00 | General  | 01
            03-05 18:00 | A01   | v2    | 03-05 18:00 | -           | General  | -
            03-09 15:00 | A03   | v2    | 03-05 18:00 | 03-09 15:00 | General  | 01
            """,
            expected="""
            in    | out   | hospitals | scored | measured   | readmission
            03-01 | 03-05 | General   | yes    | no: billed | 1: 03-05
            03-05 | 03-09 | General   | yes    | no: billed | 0
            """,
        ),
    ),
)

TRANSFERS = Chapter(
    "Transfers",
    "Two stays chain only between two different short-term acute or critical access hospitals, the second beginning "
    "before the first ended, on that day or on the next. The discharge code is not asked. The outcome "
    "belongs to the last "
    "hospital, whose principal diagnosis decides the exclusions; how the stay began, and whether it was "
    "planned, is told "
    "by the first.",
    (
        Vignette(
            "Moved on the same day",
            "One stay, discharged from the second hospital.",
            bills="""
            claim | in    | out   | hospital | status | principal
            c1    | 03-01 | 03-05 | General  | 02     | I214 heart attack
            c2    | 03-05 | 03-09 | County   | 06     | I2510 coronary disease
            """,
            expected="""
            in    | out   | hospitals        | scored | measured | readmission
            03-01 | 03-09 | General > County | yes    | yes      | 0
            """,
        ),
        Vignette(
            "Moved on the next day, sent home by the code",
            "A patient status of 'home' changes nothing: the next day in another hospital is a transfer.",
            bills="""
            claim | in    | out   | hospital | status | principal
            c1    | 03-01 | 03-05 | General  | 01     | I214 heart attack
            c2    | 03-06 | 03-09 | County   | 01     | I2510 coronary disease
            """,
            expected="""
            in    | out   | hospitals        | scored | measured | readmission
            03-01 | 03-09 | General > County | yes    | yes      | 0
            """,
        ),
        Vignette(
            "Two days later elsewhere",
            "A readmission, whatever the code says.",
            bills="""
            claim | in    | out   | hospital | status | principal
            c1    | 03-01 | 03-05 | General  | 02     | I214 heart attack
            c2    | 03-07 | 03-09 | County   | 01     | I214 heart attack
            """,
            expected="""
            in    | out   | hospitals | scored | measured                                  | readmission
            03-01 | 03-05 | General   | yes    | no: not transferred out | 1: 03-07
            03-07 | 03-09 | County    | yes    | yes                                       | 0
            """,
        ),
        Vignette(
            "A chain of three",
            "Transfers chain, back to the first hospital too.",
            bills="""
            claim | in    | out   | hospital | status | principal
            c1    | 03-01 | 03-03 | Cottage  | 02     | I214 heart attack
            c2    | 03-03 | 03-07 | General  | 02     | I214 heart attack
            c3    | 03-08 | 03-12 | Cottage  | 01     | I214 heart attack
            """,
            expected="""
            in    | out   | hospitals | scored | measured | readmission
            03-01 | 03-12 | Cottage   | yes    | yes      | 0
            """,
        ),
        Vignette(
            "Over 29 February",
            "In a leap year the day after 28 February is the 29th, so 1 March is two days on.",
            bills="""
            claim | in    | out   | hospital | status | principal
            c1    | 02-25 | 02-28 | General  | 01     | I214 heart attack
            c2    | 03-01 | 03-03 | County   | 01     | I214 heart attack
            """,
            expected="""
            in    | out   | hospitals | scored | measured | readmission
            02-25 | 02-28 | General   | yes    | yes      | 1: 03-01
            03-01 | 03-03 | County    | yes    | yes      | 0
            """,
        ),
        Vignette(
            "Over New Year",
            "A transfer from 31 December to 1 January.",
            bills="""
            claim | in         | out        | hospital | status | principal
            c1    | 2023-12-28 | 2023-12-31 | General  | 02     | I214 heart attack
            c2    | 2024-01-01 | 2024-01-03 | County   | 01     | I214 heart attack
            """,
            covered="from | to\n2022-01 | 2024-12",
            expected="""
            in         | out   | hospitals        | scored | measured | readmission
            2023-12-28 | 01-03 | General > County | yes    | yes      | 0
            """,
        ),
        Vignette(
            "A short absence",
            "Whoever is taken to another hospital for a procedure and brought back has one stay, which the "
            "hospital that "
            "kept the bed discharges.",
            bills="""
            claim | in    | out   | hospital | status | principal
            c1    | 03-01 | 03-10 | General  | 03     | A419 sepsis
            c2    | 03-03 | 03-05 | County   | 02     | I2510 coronary disease
            """,
            expected="""
            in    | out   | hospitals | scored | measured | readmission
            03-01 | 03-10 | General   | yes    | yes      | 0
            """,
        ),
        Vignette(
            "To a rehabilitation hospital",
            "The acute stay ends where rehabilitation begins; rehabilitation is neither a transfer nor a readmission.",
            bills="""
            claim | in    | out   | hospital | status | principal
            c1    | 03-01 | 03-05 | General  | 62     | S72001A hip fracture
            c2    | 03-05 | 03-25 | Rehab    | 01     | Z5189 aftercare
            """,
            expected="""
            in    | out   | hospitals | scored | measured | readmission
            03-01 | 03-05 | General   | yes    | yes      | 0
            """,
        ),
        Vignette(
            "Acute, rehabilitation, acute",
            "A return from the rehabilitation hospital to an acute one is a readmission of the acute stay.",
            bills="""
            claim | in    | out   | hospital | status | principal
            c1    | 03-01 | 03-05 | General  | 62     | S72001A hip fracture
            c2    | 03-05 | 03-15 | Rehab    | 02     | Z5189 aftercare
            c3    | 03-15 | 03-19 | General  | 01     | A419 sepsis
            """,
            expected="""
            in    | out   | hospitals | scored | measured | readmission
            03-01 | 03-05 | General   | yes    | yes      | 1: 03-15
            03-15 | 03-19 | General   | yes    | yes      | 0
            """,
        ),
        Vignette(
            "To the rehabilitation unit next door",
            "The unit has its own number (T in the third place) and is no acute hospital.",
            bills="""
            claim | in    | out   | hospital | status | principal
            c1    | 03-01 | 03-05 | General  | 62     | S72001A hip fracture
            c2    | 03-05 | 03-15 | GenRehab | 01     | Z5189 aftercare
            """,
            expected="""
            in    | out   | hospitals | scored | measured | readmission
            03-01 | 03-05 | General   | yes    | yes      | 0
            """,
        ),
        Vignette(
            "To a long-term care hospital and back",
            "Long-term care hospitals never count; the return within 30 days does.",
            bills="""
            claim | in    | out   | hospital | status | principal
            c1    | 03-01 | 03-05 | General  | 63     | A419 sepsis
            c2    | 03-05 | 03-28 | LongTerm | 02     | A419 sepsis
            c3    | 03-28 | 04-02 | County   | 01     | A419 sepsis
            """,
            expected="""
            in    | out   | hospitals | scored | measured | readmission
            03-01 | 03-05 | General   | yes    | yes      | 1: 03-28
            03-28 | 04-02 | County    | yes    | yes      | 0
            """,
        ),
        Vignette(
            "A psychiatric hospital afterwards",
            "An admission to a psychiatric hospital is no readmission.",
            bills="""
            claim | in    | out   | hospital    | status | principal
            c1    | 03-01 | 03-05 | General     | 65     | J189 pneumonia
            c2    | 03-10 | 03-25 | Psychiatric | 01     | F329 depression
            """,
            expected="""
            in    | out   | hospitals | scored | measured | readmission
            03-01 | 03-05 | General   | yes    | yes      | 0
            """,
        ),
        Vignette(
            "A children's hospital",
            "Neither short-term acute nor critical access: no stay here.",
            bills="""
            claim | in    | out   | hospital | status | principal
            c1    | 03-01 | 03-05 | Children | 01     | J189 pneumonia
            """,
            expected="""
            in | out | hospitals | scored | measured | readmission
            """,
        ),
        Vignette(
            "A hospital of unknown kind",
            "Where neither number nor directory tells the kind, an inpatient bill is taken for one of an acute "
            "hospital, "
            "and the report counts how many.",
            bills="""
            claim | in    | out   | hospital  | status | principal
            c1    | 03-01 | 03-05 | Elsewhere | 01     | J189 pneumonia
            """,
            expected="""
            in    | out   | hospitals | scored | measured | readmission
            03-01 | 03-05 | Elsewhere | yes    | yes      | 0
            """,
        ),
        Vignette(
            "The second hospital decides the exclusion",
            "The principal diagnosis of the last hospital decides whether the chain is measured.",
            bills="""
            claim | in    | out   | hospital | status | principal
            c1    | 03-01 | 03-05 | General  | 02     | J189 pneumonia
            c2    | 03-05 | 03-12 | County   | 01     | F329 depression
            """,
            expected="""
            in    | out   | hospitals        | scored | measured            | readmission
            03-01 | 03-12 | General > County | yes    | no: not psychiatric | 0
            """,
        ),
        Vignette(
            "Sent on, and nobody tells where",
            "A discharge to another acute hospital that no file tells of: the stay goes on, so it is neither "
            "scored nor "
            "measured here.",
            messages="""
            sent        | event | visit | in    | out   | hospital | status
            03-05 15:00 | A03   | v1    | 03-01 | 03-05 | General  | 02
            """,
            bills="""
            claim | in    | out   | hospital | status | principal
            c1    | 03-01 | 03-05 | General  | 02     | I214 heart attack
            """,
            expected="""
            in    | out   | hospitals | scored                  | measured                       | readmission
            03-01 | 03-05 | General   | no: not transferred out | no: not transferred out | 0
            """,
        ),
    ),
)

CHAPTERS = (ONE_STAY, TOLD_BY_TWO, RETURN_OR_ONE, TRANSFERS)
