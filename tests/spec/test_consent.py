"""Consent and sensitive data by example: who is taken out, and what is not worded without the scope."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from features.catalogue import CATALOGUE
from features.catalogue.conditions import CHARLSON_CONDITIONS, COMORBIDITIES
from features.codes.groupings import CCS_DIAGNOSIS, CHARLSON, ELIXHAUSER
from features.codes.hcc import HCC_V28
from features.codes.sensitive import (
    CATEGORIES,
    HIV,
    MENTAL,
    REPRODUCTIVE,
    SENSITIVE,
    SUBSTANCE,
    TELLS,
    allowed,
    categories_of,
)
from features.codes.systems import HCPCS, ICD9CM, ICD10CM, LOINC, MSDRG, RevenueCentre, System
from features.dataset import columns
from features.definitions.cohort import prediction_cohort
from features.record.consent import PRIVACY, opted_out
from features.record.record import known_by, open_record
from features.record.tables import CLAIM_LINE, CONSENT, CONTACT_DETAILS, PERSON, TABLES
from models.explain import Contributions, explanations, reasons, within
from serving.outreach import OutreachList, outreach_list, write_csv
from serving.page import page
from tests.champions import longer_is_riskier, riskier_with
from tests.feeds import load_feed, rows_of, write_feed
from tests.histories import Rows, end, record_of, row
from tests.spec.tables import day, person_rows, together

DAY = day("06-30")


def consent(known: str, person: str = "out", name: str = "c1", **told: object) -> dict[str, object]:
    """An active denial of every use, unless told otherwise."""
    usual = {"consent_id": name, "status": "active", "scope": PRIVACY, "provision": "deny", "action": None}
    return row(day(known), day(known), end(day(known)), person_id=person, **{**usual, "end_day": None, **told})


# ---- who does not share their data


@pytest.mark.parametrize(
    ("told", "out"),
    [
        ([consent("03-01")], True),
        ([consent("03-01", action="disclose")], True),
        ([consent("03-01", action="correct")], False),
        ([consent("03-01", scope="research")], False),
        ([consent("03-01", scope=None)], True),
        ([consent("03-01", provision="permit")], False),
        ([consent("03-01", provision="permit", status="rejected")], True),
        ([consent("03-01", status="rejected")], False),
        ([consent("03-01"), consent("04-01", status="inactive")], False),
        ([consent("03-01", end_day=day("06-29"))], False),
        ([consent("03-01", end_day=day("06-30"))], True),
        ([consent("03-01"), consent("04-01", name="c2", provision="permit")], False),
        ([consent("03-01", name="c2", provision="permit"), consent("04-01")], True),
        ([consent("03-01"), consent("04-01", name="c2", provision="permit", action="access")], True),
        ([consent("03-01"), consent("04-01", name="c2", provision="permit", scope="research")], True),
        ([consent("03-01"), consent("03-01", name="c2", provision="permit")], True),
        ([consent("03-01"), consent("04-01", provision="permit")], False),
    ],
)
def test_an_opt_out_holds_until_it_ends_or_everything_is_permitted_again(
    told: list[dict[str, object]], out: bool
) -> None:
    assert opted_out(told, DAY) == (frozenset({"out"}) if out else frozenset())
    assert opted_out(told[::-1], DAY) == opted_out(told, DAY), "the order of rows decides nothing"


STAYS = "sent | event | visit | in | out | hospital | status\n03-05 12:00 | A03 | v1 | 03-01 | 03-05 12:00 | h1 | 01"
BILLS = "claim | in | out\nb1 | 02-01 | 02-04"


def _people(*more: dict[str, object]) -> Rows:
    people = [person_rows(name, bills=BILLS, messages=STAYS) for name in ("out", "in")]
    return {**together(people), "consent": list(more)}


@pytest.mark.slow
def test_whoever_opted_out_is_in_no_table_but_that_of_consents() -> None:
    record = record_of(_people(consent("03-06")))
    for table in (table for table in TABLES if table.about == "person"):
        people = set(record.con.to_pyarrow(record[table])["person_id"].to_pylist())
        assert "out" not in people or table is CONSENT, table.name
    assert set(record.con.to_pyarrow(record[PERSON])["person_id"].to_pylist()) == {"in"}
    rows = prediction_cohort(record).rows
    assert set(rows.person_id) == {"in"}, "neither scored nor trained on"


def test_as_known_before_the_opt_out_the_person_is_there() -> None:
    record = record_of(_people(consent("03-06")))
    before, after = (known_by(record, end(day(told))) for told in ("03-05", "03-06"))
    assert before.con.to_pyarrow(before[PERSON])["person_id"].to_pylist() == ["out", "in"]
    assert after.con.to_pyarrow(after[PERSON])["person_id"].to_pylist() == ["in"]


def test_an_opt_out_of_one_number_counts_for_every_number_of_the_person() -> None:
    merge = {"merge_id": "m", "absorbed_id": "out", "status": "merged", "evidence": "message"}
    merged = row(day("03-07"), day("03-07"), end(day("03-07")), person_id="in", **merge)
    record = record_of({**_people(consent("03-06")), "person_merge": [merged]})
    for part in (record, *record.former):
        assert part.con.to_pyarrow(part[CLAIM_LINE]).num_rows == 0


@pytest.mark.slow
def test_the_list_has_nobody_who_opted_out(champion_rows: OutreachList) -> None:
    assert [entry.person_id for entry in champion_rows.entries] == ["in"]


@pytest.fixture(scope="module")
def champion_rows() -> OutreachList:
    return outreach_list(record_of(_people(consent("03-06"))), longer_is_riskier(), day("03-05"), day("03-06"), 50)


def test_a_contact_file_can_say_that_somebody_does_not_share_their_data(tmp_path: Path) -> None:
    rows = [
        {"person_id": "out", "updated_date": "2024-03-01", "data_sharing_opt_out": "yes"},
        {"person_id": "in", "updated_date": "2024-03-01", "data_sharing_opt_out": "yes"},
        {"person_id": "in", "updated_date": "2024-04-01", "data_sharing_opt_out": "no"},
        {"person_id": "silent", "updated_date": "2024-03-01"},
    ]
    load_feed(write_feed(tmp_path / "in", "contact", rows), tmp_path / "store")
    told = rows_of(tmp_path / "store", CONSENT, "person_id", "provision", "scope")
    assert told == [("in", "deny", PRIVACY), ("in", "permit", PRIVACY), ("out", "deny", PRIVACY)]
    record = open_record(tmp_path / "store")
    people = record.con.to_pyarrow(record[CONTACT_DETAILS])["person_id"].to_pylist()
    assert sorted(people) == ["in", "in", "silent"]


# ---- which codes are sensitive


@pytest.mark.parametrize(
    ("system", "code", "categories"),
    [
        (ICD10CM, "F1020", (SUBSTANCE,)),
        (ICD10CM, "F17210", ()),
        (ICD9CM, "3051", ()),
        (ICD9CM, "30500", (SUBSTANCE,)),
        (ICD10CM, "F332", (MENTAL,)),
        (ICD10CM, "F0390", ()),
        (ICD10CM, "B20", (HIV,)),
        (ICD10CM, "Z3009", (REPRODUCTIVE,)),
        (ICD10CM, "I10", ()),
        (HCPCS, "H0020", (SUBSTANCE,)),
        (HCPCS, "G0439", ()),
        (RevenueCentre, "0906", (SUBSTANCE,)),
        (MSDRG, "885", (MENTAL,)),
        (LOINC, "2160-0", ()),
    ],
)
def test_a_code_is_of_its_category(system: System, code: str, categories: tuple[str, ...]) -> None:
    assert categories_of(system, code) == categories


SPEAKING = re.compile(
    r"\b(alcohol|drug (use|abuse)|psych\w*|depress\w+|antidepress\w+|antipsychotic|mood|mental|hiv|schizo\w*|"
    r"substance\w*|bipolar|personality|suicid\w*|pregnan\w*|contracept\w*|abortion|opioid use)\b",
    re.IGNORECASE,
)


def test_every_feature_whose_words_speak_of_something_sensitive_says_so() -> None:
    silent = [c.name for c in columns(CATALOGUE) if SPEAKING.search(c.sentence) and not c.tells]
    assert silent == [], "it would be worded for people who may not be told"
    assert {name for c in columns(CATALOGUE) for name in c.tells.split()} <= set(CATEGORIES)


def test_what_a_label_tells_follows_from_its_codes() -> None:
    """A label of which more than half the codes are of a category says so. Reproductive codes repeat the whole of
    medicine under pregnancy, so there the words decide.
    """
    groupings = {"elixhauser": ELIXHAUSER, "charlson": CHARLSON, "ccs": CCS_DIAGNOSIS, "hcc": HCC_V28}
    used = {c.name for c in columns(CATALOGUE)}
    for name, grouping in groupings.items():
        for label in grouping.labels:
            if not any(f"_{label}_" in column for column in used):
                continue
            codes = [SENSITIVE.labels_of(ICD10CM, code) for code in grouping.codes(label, ICD10CM)]
            for category in (SUBSTANCE, MENTAL, HIV):
                share = sum(category in told for told in codes) / max(1, len(codes))
                assert share <= 0.5 or category in TELLS[name].get(label, "").split(), (name, label, category)


# ---- what is not worded


def _declared(tells: str) -> tuple[object, ...]:
    chosen = [c for c in columns(CATALOGUE) if c.name in ("elixhauser_alcohol_abuse_days_365d", "length_of_stay")]
    assert [bool(c.tells) for c in chosen].count(True) == 1
    return tuple(replace(c, tells=c.tells and tells) for c in chosen)


def test_a_sensitive_column_stays_in_the_score_and_in_no_word() -> None:
    declared = _declared(SUBSTANCE)
    added = np.asarray([[0.3 if not c.tells else 0.9 for c in declared]])  # type: ignore[attr-defined]
    told = Contributions(added, -2.0)
    [hidden] = explanations(told, np.asarray([[4.0, 4.0]]), declared)  # type: ignore[arg-type]
    [shown] = explanations(told, np.asarray([[4.0, 4.0]]), declared, scopes=(SUBSTANCE,))  # type: ignore[arg-type]
    assert not any("alcohol" in reason.sentence.lower() for reason in hidden.reasons)
    assert [reason.tells for reason in shown.reasons] == [SUBSTANCE, ""]
    for one in (hidden, shown):
        assert one.base + sum(reason.log_odds for reason in one.reasons) + one.other == pytest.approx(-0.8)
    assert hidden.other == pytest.approx(0.9)
    fewer = within(shown, ())
    assert fewer.reasons == hidden.reasons
    assert fewer.other == pytest.approx(hidden.other)


def test_who_may_be_told_of_one_category_is_not_told_of_another() -> None:
    assert allowed("", ())
    assert allowed(f"{MENTAL} {SUBSTANCE}", (SUBSTANCE, MENTAL))
    assert not allowed(f"{MENTAL} {SUBSTANCE}", (SUBSTANCE,))
    declared = _declared(f"{MENTAL} {SUBSTANCE}")
    found = reasons(np.asarray([0.3, 0.9]), [4.0, 4.0], declared, scopes=(MENTAL,))  # type: ignore[arg-type]
    assert [reason.tells for reason in found] == [""]


SECRETS = {"alcohol", "depress", "mood", "aids", "hiv", "psych"}


@pytest.mark.slow
def test_nothing_sensitive_stands_on_list_page_or_csv_without_the_scope(tmp_path: Path) -> None:
    """Somebody with all of it, whose risk rests on it, discharged to a psychiatric hospital."""
    told = "claim | in | out | known | principal\n" + "\n".join(
        f"b{n} | 01-{n:02d} | 01-{n + 1:02d} | 02-01 | {code}" for n, code in ((2, "F1020"), (6, "F332"), (10, "B20"))
    )
    left = "sent | event | visit | in | out | hospital | status\n03-05 12:00 | A03 | v | 03-01 | 03-05 12:00 | h1 | 65"
    record = record_of(person_rows("p", bills=told, messages=left))
    champion = riskier_with(
        (COMORBIDITIES, CHARLSON_CONDITIONS),
        ("elixhauser_alcohol_abuse_days_365d", "elixhauser_depression_days_365d", "charlson_aids_hiv_any_730d"),
    )
    risks = []
    for scopes, secret in (((), False), (tuple(CATEGORIES), True)):
        made = outreach_list(record, champion, day("03-05"), day("03-05"), 5, scopes=scopes)
        write_csv(made, tmp_path / "list.csv")
        texts = [str(made), page(made), (tmp_path / "list.csv").read_text()]
        for text in texts:
            assert any(word in text.lower() for word in SECRETS) is secret
        risks.append(made.entries[0].risk)
        assert made.entries[0].went_to == ("a psychiatric hospital or unit" if secret else "another institution")
    assert risks[0] == risks[1], "the score is the same for whoever reads it"
