"""Results: laboratory values in and out of hospital, vital signs, immunizations; and the orders behind some of them."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from features.codes.laboratory import LABS, VITALS
from features.simulate import conditions, stay, therapies, write
from features.simulate.ambulatory import KEPT, Visits
from features.simulate.claims import member_columns
from features.simulate.closing import READ_BEFORE_CLOSING, Closings, high_tests
from features.simulate.frame import NO_DAY, Array, Flags, Floats, Frame, Ints, generator, stack, take
from features.simulate.ground import Ground
from features.simulate.population import YEAR, People, Period
from features.windows import SECONDS_A_DAY

ROOM = 10
TESTS: tuple[str, ...] = tuple(lab.name for lab in LABS)
TEST: dict[str, int] = {name: position for position, name in enumerate(TESTS)}
VITAL: dict[str, int] = {lab.name: position for position, lab in enumerate(VITALS)}
PENDING_TESTS: tuple[str, ...] = (
    "thyrotropin",
    "vitamin B12",
    "blood culture",
    "pathology report",
    "natriuretic peptide",
)
WORDS: tuple[str, ...] = ("negative", "positive", "see report")
WHOLE: tuple[str, ...] = ("sodium", "glucose", "filtration rate", "natriuretic peptide", "troponin", "platelets")
VACCINES: tuple[str, ...] = ("140", "133", "216", "208")
Table = tuple[dict[str, pa.Array], int]


def _rows(person: Array, test: int | Array, value: Array, collected: Array, resulted: Array, visit: Array) -> Frame:
    size = len(person)
    return {
        "person": person,
        "test": np.broadcast_to(np.asarray(test, dtype=np.int64), size),
        "value": np.asarray(value, dtype=np.float64),
        "collected": collected,
        "resulted": resulted,
        "visit": visit,
    }


def filtration(creatinine: Array, female: Flags, age: Array) -> Floats:
    """Estimated filtration rate from serum creatinine, the CKD-EPI equation of 2021, mL/min/1.73m2."""
    ratio = creatinine / np.where(female, 0.7, 0.9)
    power = np.where(female, -0.241, -0.302)
    rate = 142 * np.minimum(ratio, 1) ** power * np.maximum(ratio, 1) ** -1.2 * 0.9938**age
    return np.asarray((rate * np.where(female, 1.012, 1.0)).round(), dtype=np.float64)


def ward_results(people: People, stays: Frame, uses: therapies.Therapies, visit: Ints, seed: int, block: int) -> Frame:
    """What the ward measured: a first set after admission and, in stays over 30 hours, a last one before discharge."""
    random = generator(seed, block, ROOM)
    person = stays["person"]
    ill = conditions.active(people.onset[person], stays["day"])
    size = len(person)
    first_at = stays["admitted"] + random.integers(1800, 7200, size)
    last_at = np.maximum(stays["left"] - random.integers(5, 20, size) * 3600, first_at + 3600)
    wait = random.integers(2400, 9000, size)
    lots = []
    for which, at in (("first", first_at), ("last", last_at)):
        for name in stay.LABS:
            done = ~np.isnan(stays[f"{name} {which}"])
            value = stays[f"{name} {which}"][done]
            lots.append(_rows(person[done], TEST[name], value, at[done], (at + wait)[done], visit[done]))
        done = ~np.isnan(stays[f"creatinine {which}"])
        rate = filtration(stays[f"creatinine {which}"], people.female[person], stays["age"])[done]
        lots.append(_rows(person[done], TEST["filtration rate"], rate, at[done], (at + wait)[done], visit[done]))
    failing = ill[:, conditions.INDEX["heart failure"]]
    extra = (
        ("natriuretic peptide", np.exp(random.normal(4.2, 0.7, size) + 1.9 * failing),
         failing | (random.random(size) < 0.2)),
        ("troponin", np.exp(random.normal(2.3, 0.9, size)), random.random(size) < 0.3),
        ("clotting ratio", random.normal(1.1, 0.1, size) + random.gamma(2, 0.5, size) * therapies.flags(
            uses, ("anticoagulant",), person, stays["day"]), random.random(size) < 0.35),
        ("urea nitrogen", 17 + 14 * (stays["creatinine first"] - 0.9).clip(0), ~np.isnan(stays["creatinine first"])),
        ("platelets", random.normal(230, 60, size).clip(20), random.random(size) < 0.9),
    )  # fmt: skip
    for name, value, done in extra:
        rounded = value.round(0 if name in WHOLE else 1)[done]
        lots.append(_rows(person[done], TEST[name], rounded, first_at[done], (first_at + wait)[done], visit[done]))
    return stack(lots)


def pending_orders(stays: Frame, seed: int, block: int) -> Frame:
    """One order for each stay that leaves with a result to come: stay, test, ordered, resulted, reviewed (-1 never)."""
    random = generator(seed, block, ROOM + 100)
    rows = np.flatnonzero(stays["pending"])
    size = len(rows)
    test = np.array([TEST[name] for name in PENDING_TESTS])[random.integers(0, len(PENDING_TESTS), size)]
    left, admitted = stays["left"][rows], stays["admitted"][rows]
    ordered = np.maximum(left - random.integers(2, 48, size) * 3600, admitted + 600)
    resulted = left + (random.gamma(1.6, 1.9, size) * SECONDS_A_DAY).astype(np.int64) + 1800
    resulted = np.where(random.random(size) < 0.08, -1, resulted)
    reviewed = np.where(resulted > 0, resulted + (random.gamma(1.2, 2.0, size) * SECONDS_A_DAY).astype(np.int64), -1)
    reviewed = np.where(random.random(size) < 0.18, -1, reviewed)
    return {"stay": rows, "test": test, "ordered": ordered, "resulted": resulted, "reviewed": reviewed}


def pending_results(stays: Frame, orders: Frame, visit: Ints, seed: int, block: int) -> Frame:
    """The results that came after discharge. Cultures and reports are words: values 0, 1, 2 of WORDS."""
    random = generator(seed, block, ROOM + 200)
    done = take(orders, orders["resulted"] > 0)
    size = len(done["stay"])
    numeric = np.stack([random.normal(2.0, 1.2, size).clip(0.05), random.normal(420, 160, size).clip(90),
                        (random.random(size) < 0.08).astype(float), np.full(size, 2.0),
                        random.normal(140, 60, size).clip(5)])  # fmt: skip
    which = np.array([list(PENDING_TESTS).index(TESTS[test]) for test in done["test"].tolist()], dtype=np.int64)
    value = numeric[which, np.arange(size)].round(1) if size else np.zeros(0)
    return _rows(
        stays["person"][done["stay"]], done["test"], value, done["ordered"], done["resulted"], visit[done["stay"]]
    )


def clinic_results(people: People, visits: Visits, seed: int, block: int) -> Frame:
    """What practices measured: some tests at some of the kept visits."""
    random = generator(seed, block, ROOM + 300)
    rows = np.flatnonzero((visits.frame["status"] == KEPT) & (random.random(len(visits.keys)) < 0.33))
    frame = take(visits.frame, rows)
    person = frame["person"]
    size = len(person)
    ill = conditions.active(people.onset[person], frame["day"])

    def has(name: str) -> Flags:
        return np.asarray(ill[:, conditions.INDEX[name]], dtype=np.bool_)

    creatinine = (0.92 + 0.55 * has("kidney disease 3") + 1.5 * has("kidney disease 4")) * np.exp(
        random.normal(0, 0.12, size)
    )
    lots = []
    at = frame["day"] * SECONDS_A_DAY + frame["second"] + 1800
    wait = random.integers(6, 40, size) * 3600
    everything = np.ones(size, dtype=np.bool_)
    age, women = people.age(frame["day"], person), people.female[person]
    values = (
        ("haemoglobin", 13.4 - 0.6 * women - 1.6 * has("anaemia") + random.normal(0, 1, size), everything),
        ("sodium", 139.5 + random.normal(0, 2.2, size), everything),
        ("potassium", 4.2 + random.normal(0, 0.35, size), everything),
        ("creatinine", creatinine, everything),
        ("filtration rate", filtration(creatinine, women, age), everything),
        ("LDL cholesterol", 108 - 20 * has("lipids") + random.normal(0, 28, size), random.random(size) < 0.5),
    )  # fmt: skip
    for name, value, done in values:
        digits = 0 if name in (*WHOLE, "LDL cholesterol") else 2 if name == "creatinine" else 1
        rounded = value.clip(0.1).round(digits)[done]
        lots.append(_rows(person[done], TEST[name], rounded, at[done], (at + wait)[done], np.full(int(done.sum()), -1)))
    return stack(lots)


def closing_results(
    people: People, period: Period, closings: Closings, deaths: Ints, seed: int, block: int
) -> Frame:  # fmt: skip
    """The tests that close care gaps, and those of people with diabetes whose values stay high."""
    random = generator(seed, block, ROOM + 700)
    lots = []
    for measure in ("CMS122", "CMS951"):
        person, day = _seen(people, closings.of(measure), deaths)
        size = len(person)
        at = day * SECONDS_A_DAY + random.integers(16, 33, size) * 1800
        complicated = conditions.active(people.onset[person], day)[:, conditions.INDEX["diabetes complicated"]]
        values = (
            {"glycated haemoglobin": random.normal(7.1, 0.7, size).clip(5.2, 8.8).round(1)}
            if measure == "CMS122"
            else {
                "filtration rate": (76 - 12 * complicated + random.normal(0, 14, size)).clip(20).round(),
                "urine albumin to creatinine": np.exp(2.4 + 1.4 * complicated + random.normal(0, 0.8, size)).round(),
            }
        )
        wait = random.integers(6, 40, size) * 3600
        lots += [_rows(person, TEST[name], value, at, at + wait, np.full(size, -1)) for name, value in values.items()]
    person, day = _seen(people, high_tests(people, closings, period, seed, block), deaths)
    at = day * SECONDS_A_DAY + random.integers(16, 33, len(person)) * 1800
    high = (9.2 + random.gamma(2, 0.6, len(person))).clip(9.2, 14).round(1)
    lots.append(_rows(person, TEST["glycated haemoglobin"], high, at, at + SECONDS_A_DAY, np.full(len(person), -1)))
    return stack(lots)


def _seen(people: People, of: tuple[Ints, Ints], deaths: Ints) -> tuple[Ints, Ints]:
    """Those of some (person, day) who are alive and covered on it."""
    person, day = of
    there = people.covered(day, person) & ((deaths[person] == NO_DAY) | (day < deaths[person]))
    return person[there], day[there]


def lab_results(people: People, ground: Ground, period: Period, lots: list[Frame], first: int) -> Table:
    """Columns of lab_result and their length, by person and time."""
    frame = stack(lots)
    frame = take(frame, frame["resulted"] < (period.end + 1) * SECONDS_A_DAY)
    frame = take(frame, np.lexsort((frame["test"], frame["resulted"], frame["person"])))
    size = len(frame["person"])
    low = np.array([np.nan if lab.low is None else lab.low for lab in LABS])[frame["test"]]
    high = np.array([np.nan if lab.high is None else lab.high for lab in LABS])[frame["test"]]
    wordy = np.isin(frame["test"], (TEST["blood culture"], TEST["pathology report"]))
    flag = np.where(frame["value"] < low, 0, np.where(frame["value"] > high, 2, 1))
    flag = np.where(wordy, -1, flag)
    codes, names = [lab.loinc for lab in LABS], [lab.name for lab in LABS]
    units = [lab.unit for lab in LABS]
    words = write.coded(np.where(wordy, frame["value"], 0).astype(np.int32), WORDS).cast(pa.string())
    numbers = write.decimals(frame["value"], 0)
    result = pa.compute.if_else(pa.array(wordy), words, numbers)
    loinc = write.same("loinc", size)
    return {
        "lab_result_id": write.numbered("L", first + np.arange(size), 11),
        "person_id": member_columns(people, frame["person"])["person_id"],
        "encounter_id": write.numbered("V", frame["visit"], 9),
        "source_component_type": loinc,
        "source_component_code": write.coded(frame["test"], codes),
        "source_component_description": write.coded(frame["test"], names),
        "normalized_component_type": loinc,
        "normalized_component_code": write.coded(frame["test"], codes),
        "normalized_component_description": write.coded(frame["test"], names),
        "status": write.same("final", size),
        "result": result,
        "result_datetime": write.times(frame["resulted"]),
        "collection_datetime": write.times(frame["collected"]),
        "source_units": write.coded(frame["test"], units),
        "normalized_units": write.coded(frame["test"], units),
        "source_reference_range_low": write.decimals(low, 0),
        "source_reference_range_high": write.decimals(high, 0),
        "normalized_reference_range_low": write.decimals(low, 0),
        "normalized_reference_range_high": write.decimals(high, 0),
        "source_abnormal_flag": write.coded(flag, ("L", "N", "H")),
        "normalized_abnormal_flag": write.coded(flag, ("low", "normal", "high")),
        "ordering_practitioner_id": write.coded(people.clinician[frame["person"]], ground.clinician_npi),
        "data_source": write.same(write.SOURCE, size),
    }, size


def observations(people: People, period: Period, visits: Visits, stays: Frame, visit: Ints, closings: Closings,
                 deaths: Ints, first: int, seed: int, block: int) -> Table:  # fmt: skip
    """Vital signs of the day before discharge and of half of the kept visits, and some depression scores. Of people
    with hypertension the pressures follow the planted closing: high until the gap of the year closes, then not.
    """
    random = generator(seed, block, ROOM + 400)
    ward_day = np.maximum(stays["last"] - 1, stays["day"])
    rows = np.flatnonzero((visits.frame["status"] == KEPT) & (random.random(len(visits.keys)) < 0.5))
    frame = take(visits.frame, rows)
    person, size = frame["person"], len(rows)
    ill = conditions.active(people.onset[person], frame["day"])
    obese, thin = ill[:, conditions.INDEX["obesity"]], ill[:, conditions.INDEX["malnutrition"]] | people.thin[person]
    mass = np.where(thin, 18.9, np.where(obese, 34.0, 26.8)) + random.normal(0, 1.2, size)
    pressure = 131 + 6 * ill[:, conditions.INDEX["hypertension"]] + random.normal(0, 13, size)
    watched, closes = closings.day_of("CMS165", person, frame["day"], period)
    lower = watched & (closes != NO_DAY) & (frame["day"] >= closes)
    pressure = np.where(lower, np.minimum(pressure, 138), np.where(watched, 142 + np.abs(pressure - 140), pressure))
    told = ~watched | lower | (draws(seed, block, size) < READ_BEFORE_CLOSING)
    sad = 4 + 6 * ill[:, conditions.INDEX["depression"]] + random.normal(0, 3, size)
    none = np.full(size, -1)
    asked = random.random(size) < 0.2
    ward = (("systolic pressure", stays["systolic"]), ("diastolic pressure", stays["systolic"] * 0.58),
            ("body mass index", stays["bmi"]), ("weight", stays["bmi"] * 2.76))  # fmt: skip
    clinic = (("systolic pressure", pressure), ("diastolic pressure", pressure * 0.6), ("body mass index", mass),
              ("weight", mass * 2.76))  # fmt: skip
    lots = [_rows(stays["person"], VITAL[name], value, ward_day, ward_day, visit) for name, value in ward]
    for name, value in clinic:
        kept = told if "pressure" in name else np.ones(size, dtype=np.bool_)
        lots.append(_rows(person[kept], VITAL[name], value[kept], frame["day"][kept], frame["day"][kept], none[kept]))
    lots += _closing_pressures(people, closings, deaths, seed, block)
    lots.append(
        _rows(
            person[asked],
            VITAL["depression score"],
            sad[asked].clip(0, 27),
            frame["day"][asked],
            frame["day"][asked],
            none[asked],
        )
    )
    table = stack(lots)
    table = take(table, table["collected"] <= period.end)
    table = take(table, np.lexsort((table["test"], table["collected"], table["person"])))
    total = len(table["person"])
    whole = np.isin(table["test"], (VITAL["systolic pressure"], VITAL["diastolic pressure"], VITAL["depression score"]))
    codes, names, units = ([lab.loinc for lab in VITALS], [lab.name for lab in VITALS], [lab.unit for lab in VITALS])
    return {
        "observation_id": write.numbered("O", first + np.arange(total), 11),
        "person_id": member_columns(people, table["person"])["person_id"],
        "encounter_id": write.numbered("V", table["visit"], 9),
        "observation_date": write.dates(table["collected"]),
        "observation_type": write.coded((table["test"] == VITAL["depression score"]).astype(np.int32), (
            "vital-signs", "survey")),
        "source_code_type": write.same("loinc", total),
        "source_code": write.coded(table["test"], codes),
        "source_description": write.coded(table["test"], names),
        "normalized_code_type": write.same("loinc", total),
        "normalized_code": write.coded(table["test"], codes),
        "normalized_description": write.coded(table["test"], names),
        "result": write.decimals(np.where(whole, table["value"].round(), table["value"].round(1)), 0),
        "source_units": write.coded(table["test"], units),
        "normalized_units": write.coded(table["test"], units),
        "data_source": write.same(write.SOURCE, total),
    }, total  # fmt: skip


def draws(seed: int, block: int, size: int) -> Floats:
    """Uniform numbers of their own, so that nobody's other values change with them."""
    return np.asarray(generator(seed, block, ROOM + 800).random(size), dtype=np.float64)


def _closing_pressures(people: People, closings: Closings, deaths: Ints, seed: int, block: int) -> list[Frame]:
    """Two readings on two days, the second in case that the first day is one in hospital."""
    random = generator(seed, block, ROOM + 900)
    person, day = _seen(people, closings.of("CMS165"), deaths)
    lots = []
    for later in (0, 2):
        on = day + later
        pressure = random.normal(127, 7, len(person)).clip(95, 138)
        none = np.full(len(person), -1)
        for name, value in (("systolic pressure", pressure), ("diastolic pressure", pressure * 0.6)):
            lots.append(_rows(person, VITAL[name], value, on, on, none))
    return lots


def orders(
    people: People, ground: Ground, period: Period, stays: Frame, pending: Frame, visit: Ints, first: int, seed: int,
    block: int,
) -> Table:  # fmt: skip
    """Orders of hospital stays: results that came, results to come, and care arranged for afterwards."""
    random = generator(seed, block, ROOM + 500)
    size = len(stays["person"])
    rows = np.arange(size)
    early = stays["admitted"] + random.integers(600, 1800, size)
    codes = ("58410-2", "51990-0", "71046", "G0151", "E0143", *(LABS[TEST[name]].loinc for name in PENDING_TESTS))
    kinds = (0, 0, 1, 2, 3, 0, 0, 0, 0, 0)
    home = np.flatnonzero(stays["disposition"] == stay.INDEX[stay.HOME_CARE])
    walker = np.flatnonzero((stays["age"] > 75) & (random.random(size) < 0.12))
    chest = np.flatnonzero(stays["emergency"] & (random.random(size) < 0.5))
    never = np.full(size, -1)

    def lot(which: Array, code: int, ordered: Array, resulted: Array, reviewed: Array, status: int) -> Frame:
        return {"stay": which, "code": np.full(len(which), code), "ordered": ordered, "resulted": resulted,
                "reviewed": reviewed, "status": np.full(len(which), status)}  # fmt: skip

    late = np.array([5 + list(PENDING_TESTS).index(TESTS[test]) for test in pending["test"].tolist()], dtype=np.int64)
    lots = [
        lot(rows, 0, early, early + 5400, early + 9000, 0),
        lot(rows, 1, early, early + 5400, early + 9000, 0),
        lot(chest, 2, early[chest], early[chest] + 7200, early[chest] + 10_800, 0),
        lot(home, 3, stays["left"][home] - 7200, never[home], never[home], 1),
        lot(walker, 4, stays["left"][walker] - 5400, never[walker], never[walker], 1),
        {**{name: pending[name] for name in ("stay", "ordered", "resulted", "reviewed")}, "code": late,
         "status": np.where(pending["resulted"] > 0, 0, 1)},
    ]  # fmt: skip
    table = stack(lots)
    after = (period.end + 1) * SECONDS_A_DAY
    table = take(table, table["ordered"] < after)
    table["status"] = np.where(table["resulted"] >= after, 1, table["status"])
    for name in ("resulted", "reviewed"):
        table[name] = np.where(table[name] >= after, -1, table[name])
    table = take(table, np.lexsort((table["code"], table["ordered"], stays["person"][table["stay"]])))
    total = len(table["stay"])
    kind = np.array(kinds)[table["code"]]
    doctors = np.flatnonzero(ground.clinician_specialty == 9)
    hospital = stays["hospital"][table["stay"]]
    return {
        "order_id": write.numbered("D", first + np.arange(total), 10),
        "person_id": member_columns(people, stays["person"][table["stay"]])["person_id"],
        "order_type": write.coded(kind, ("laboratory", "imaging", "service", "device")),
        "code_type": write.coded((kind > 0).astype(np.int32), ("loinc", "hcpcs")),
        "code": write.coded(table["code"], codes),
        "status": write.coded(table["status"], ("completed", "active")),
        "intent": write.same("order", total),
        "encounter_id": write.numbered("V", visit[table["stay"]], 9),
        "ordering_practitioner_id": write.coded(doctors[hospital * 2 % len(doctors)], ground.clinician_npi),
        "ordered_datetime": write.times(table["ordered"]),
        "resulted_datetime": write.times(table["resulted"]),
        "reviewed_datetime": write.times(table["reviewed"]),
        "facility_id": write.coded(hospital, [facility.npi for facility in ground.facilities]),
        "data_source": write.same(write.SOURCE, total),
    }, total


def immunizations(
    people: People, ground: Ground, period: Period, deaths: Ints, first: int, seed: int, block: int
) -> Table:
    """Influenza in most autumns and pneumococcal once, for some."""
    random = generator(seed, block, ROOM + 600)
    size = len(people)
    rows = np.arange(size)
    lots: list[tuple[Ints, Ints, int]] = []
    years = int((period.end - period.start) / YEAR) + 1
    for year in range(years):
        autumn = period.end - 105 - int(year * YEAR) + random.integers(0, 70, size)
        lots.append((rows, np.where(random.random(size) < 0.55, autumn, -1), 0))
    lots.append((rows, np.where(random.random(size) < 0.3, random.integers(period.start, period.end, size), -1), 1))
    lots.append((rows, np.where(random.random(size) < 0.35, random.integers(period.start, period.end, size), -1), 3))
    person = np.concatenate([lot[0] for lot in lots])
    day = np.concatenate([lot[1] for lot in lots])
    vaccine = np.concatenate([np.full(size, lot[2]) for lot in lots])
    keep = (day >= period.start) & people.covered(day, person) & ((deaths[person] < 0) | (day < deaths[person]))
    person, day, vaccine = person[keep], day[keep], vaccine[keep]
    order = np.lexsort((vaccine, day, person))
    person, day, vaccine = person[order], day[order], vaccine[order]
    total = len(person)
    return {
        "immunization_id": write.numbered("I", first + np.arange(total), 10),
        "person_id": member_columns(people, person)["person_id"],
        "source_code_type": write.same("cvx", total),
        "source_code": write.coded(vaccine, VACCINES),
        "normalized_code_type": write.same("cvx", total),
        "normalized_code": write.coded(vaccine, VACCINES),
        "status": write.same("completed", total),
        "occurrence_date": write.dates(day),
        "practitioner_id": write.coded(people.clinician[person], ground.clinician_npi),
        "data_source": write.same(write.SOURCE, total),
    }, total
