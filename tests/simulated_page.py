"""docs/simulated-network.md, from what is planted: `python -m tests.simulated_page > docs/simulated-network.md`."""

from __future__ import annotations

from features.simulate import closing, conditions, delivery, layout, planted, reasons
from features.simulate.ground import HOSPITAL_EFFECTS
from features.simulate.population import LANGUAGES

OPENING = """# The simulated network

This page is written by `python -m tests.simulated_page` from the planted truth in `features/simulate/`; a test fails
when they differ.

    afterward simulate --members 20000 --years 3 --seed 7 --out DIR

writes what a clinically integrated network would receive about invented people: claims with their lag, their reversals
and adjustments, enrolment with gaps, laboratory results, orders with results still to come, appointments, ADT messages,
contact details, attribution, clinicians and places. Nobody in it is real: names, telephone numbers (555-01xx) and
addresses say so. Codes are real: ICD-10-CM, ICD-10-PCS, HCPCS, NDC, LOINC, CVX, MS-DRG, revenue centres. The network's
today is 31 December 2024, 23:59 in New York; what would have come later is not in the files. The same seed gives the
same bytes.

## Files

One Parquet file each. Those that the Tuva Input Layer knows have exactly its columns (`appointment` also says when it
was booked: `booked_datetime`); `order`, `adt_event` and `contact` are ours. Dates are dates, times are wall-clock times
of America/New_York without a zone, amounts are decimals, a column that nothing fills is null.

{files}

`truth.parquet` is never loaded. It has one row for each acute stay that ended alive: both risks given what the files
show by discharge (`..._visible`) and given the hidden state as well (`..._hidden`), what really happened
(`readmitted_30d`, `adverse_event_21d`), what illness asked for (`needed_readmission_30d`), the hospital's effect, every
visible fact (`fact_...`) and every hidden one (`hidden_...`).

## When things are known

- A claim is paid a median of {median:.0f} days after the service, with a long tail, and comes with the payer's file at
  the next month's end; so half of the services are known within about 30 days. `file_date` is that delivery.
- {reversed:.0%} of the bills are taken back later: the same claim number again with every amount negative (frequency
  digit 8 on an institutional bill). Half of those are billed anew under another number. {adjusted:.0%} come again with
  other amounts and without their last diagnosis (digit 7). Each version is a row of its own delivery.
- 97 % of the stays and emergency visits are told by ADT messages as they happen: A04 at registration, A01 at admission,
  A03 at the very moment of discharge, some A02 and A08; a few wrong A01 and A03 are cancelled (A11, A13) and sent
  again.
- A stay's own bill is never known at discharge. Working diagnosis, times, disposition, results, orders and
  appointments are.

## How people live through it

A person has an age, a home, a practice, a language, an underlying frailty, and {conditions} kinds of chronic condition
that begin before or during the years and bring one another about. Conditions decide medicines, values, visits and how
often and why someone is admitted ({reasons} reasons; {planned} of them planned). People run side by side, stay after
stay: at each discharge the visible facts are read from what has been generated *and delivered* so far, the risks follow
from them, chance decides, and a readmission that happens becomes part of the history from which later facts are read.
Without a
readmission the next own admission is at least 31 days away (planned cycles of chemotherapy excepted), so the label is
exactly what was drawn; without an adverse event nobody dies and no harm code is written in the 21 days.

## The planted risk

Log-odds of an unplanned readmission within 30 days, and of an adverse event within 21 days (death, or an emergency,
observation or inpatient encounter with a harm code), are sums:

- intercept: {intercept:.2f} for readmission, {adverse_intercept:.2f} for an adverse event;
- the hospital's effect (below), halved for an adverse event;
- the weight of every fact that holds.

### Visible facts

{visible}

### Hidden facts

Drawn after everything visible. The probability depends on two visible things only, so the visible risk is an exact
mean of the risk over all combinations of hidden facts.

{hidden}

For the 3 % of stays without any message, the facts of the stay itself (length, admission type, how it ended) cannot be
seen at discharge. There the visible risk is the mean risk of the told discharges with about the same other facts.

### Hospital effects

Log-odds of readmission, by the order of `location.parquet`; a smaller network has the first ones:
{hospitals}.

## The planted closing of care gaps

Each month of a year in which a gap is open it closes with a probability that the person, the measure and the month
decide. The care that closes it is written on a day of that month (the 1st to the 24th, so that everything that tells of
it is delivered by the month's end); in the months before nothing is that would. So the chance that a gap open at a
month's end is still open at the end of the year is the product, over the months left, of the chances that it does not
close. `gap_truth.parquet` (never loaded) holds it: `person_id`, `measure`, `as_of` (each month's end at which the gap
is open), `still_open_chance`, `closes_next_month`, and `still_open` (what chance made of it), for whoever has the
condition at any time, stays in the network and lives; the measures themselves ask for more (age, a visit, a diagnosis
that is known).

Log-odds of closing in a month are a sum of what the measure starts from, {season_push:+.2f} from September on, the
person's hidden habit (normal, standard deviation {habit:.1f}, the same for every measure and year), and what holds of
the person:

{closings}

{pushes}

A poorly controlled person with diabetes has a test above 9 per cent in {high:.0%} of the months before closing. Of
visits of people with hypertension before closing {read:.0%} of the pressures are on record, all of them high. A statin
that was begun is filled every {supply} days, later by as much as the person is unsteady, and closes the gap of later
years as well. It is told by the pharmacy alone: the planted facts of a discharge do not count it.

## Groups

- Every sixth practice gives 55 % of the usual visits (practices 6, 12, ...), every sixth 120 % (3, 9, ...).
- Languages {languages}: people who need an interpreter have 25 % fewer visits, and a visit after discharge is
  booked for them at 60 % of the usual chance.
- Three of ten ZIP codes are deprived; Black and Hispanic people live there more often, and Medicaid is commoner there.
- `--label-bias 0.3` takes 30 % of the visits, emergency visits, admissions and readmissions from the members recorded
  as black or african american while their illness and need stay as they are, the way recorded cost understates need
  (Obermeyer and others, Science 2019;366:447-453). `needed_readmission_30d` keeps the need.

## What it is not

The sizes of effects are invented. Conditions act on readmission through what is on record, not through what is true but
unwritten; medicines once begun are not stopped; people do not move; prices are rough. It is a place to check that a
method finds what is there, not a source of medical facts.
"""


def table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """A Markdown table."""
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def page() -> str:
    """The whole page, ending in a newline."""
    standing, reversed_, rebilled, adjusted = delivery.FATE_SHARES
    assert round(standing + reversed_ + rebilled + adjusted, 9) == 1
    return OPENING.format(
        files=table(
            ("file", "columns"), [(f"`{name}.parquet`", str(len(cols))) for name, cols in layout.FILES.items()]
        ),
        median=delivery.MEDIAN_DAYS_TO_PAY,
        reversed=reversed_ + rebilled,
        adjusted=adjusted,
        conditions=len(conditions.CONDITIONS),
        reasons=len(reasons.REASONS),
        planned=sum(reason.planned for reason in reasons.REASONS),
        intercept=planted.READMISSION_INTERCEPT,
        adverse_intercept=planted.ADVERSE_INTERCEPT,
        visible=table(
            ("fact", "holds when", "readmission", "adverse event", "shown by"),
            [
                (f"`{fact.key}`", fact.sentence, f"{fact.readmission:+.2f}", f"{fact.adverse:+.2f}", fact.files)
                for fact in planted.FACTS
            ],
        ),
        hidden=table(
            ("fact", "holds when", "readmission", "adverse event", "share", "more if long", "more if surgical"),
            [
                (f"`{fact.key}`", fact.sentence, f"{fact.readmission:+.2f}", f"{fact.adverse:+.2f}",
                 f"{fact.share:.2f}", f"{fact.long:+.2f}", f"{fact.surgical:+.2f}")
                for fact in planted.HIDDEN
            ],
        ),
        hospitals="\n".join(
            ", ".join(f"{effect:+.2f}" for effect in HOSPITAL_EFFECTS[first : first + 10]) for first in (0, 10)
        ),
        languages=", ".join(LANGUAGES),
        season_push=closing.LATE_PUSH,
        habit=closing.HABIT,
        high=closing.HIGH_TEST_SHARE,
        read=closing.READ_BEFORE_CLOSING,
        supply=closing.SUPPLY,
        closings=table(
            ("measure", "closed by", "asked of people with", "log-odds in a month"),
            [
                (each.measure, each.sentence, " or ".join(each.conditions), f"{each.intercept:+.2f}")
                for each in closing.CLOSINGS
            ],
        ),
        pushes=table(
            ("fact", "holds when", "log-odds"),
            [(f"`{push.key}`", push.sentence, f"{push.weight:+.2f}") for push in closing.PUSHES],
        ),
    )  # fmt: skip


if __name__ == "__main__":
    print(page(), end="")  # noqa: T201  # this is what the page is written with
