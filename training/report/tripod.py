"""The items of TRIPOD+AI, in our own words, and where in the report each is answered.

Collins et al., TRIPOD+AI statement, BMJ 2024;385:e078378. 27 main items; some have parts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from features.pages.content import Section, Table, Text

PAPER = "Collins et al., BMJ 2024;385:e078378"
NOT_ANSWERED = "not answered"


@dataclass(frozen=True)
class Item:
    """One item: its number, what it asks for, the sections that answer it (none: not answered), and what is missing."""

    number: str
    asks: str
    sections: tuple[str, ...] = ()
    missing: str = ""

    @property
    def main(self) -> int:
        """The number of its main item, 1 to 27."""
        return int(self.number.rstrip("abcdefg"))


ITEMS = (
    Item("1", "A title that names the study as developing or evaluating a prediction model, the people and the outcome",
         ("summary",)),
    Item("2", "An abstract", ("summary",), "a summary in the form that TRIPOD+AI for abstracts asks for"),
    Item("3a", "The setting in health care, why the model is made, and what models there are already",
         ("use", "performance"), "a review of published models; simpler scores stand beside on the same rows"),
    Item("3b", "Whom it is for, its place in care, and who uses it", ("use",)),
    Item("3c", "Known inequalities in health between groups", (), "inequalities in the network's own region"),
    Item("4", "The aims, and whether a model is developed, evaluated or both", ("summary", "use")),
    Item("5a", "Where the data of development and evaluation come from and whether they represent the people meant",
         ("inputs", "people")),
    Item("5b", "Dates of the data: first and last person, end of follow-up", ("split",)),
    Item("6a", "The setting: kind, number and place of the centres", ("inputs",), "number and place of the hospitals"),
    Item("6b", "Who is eligible", ("cohort", "use")),
    Item("6c", "Treatments received, and how they were dealt with", (), "who was called is not read yet"),
    Item("7", "How data were prepared and checked, alike for all groups", ("inputs",),
         "an account of data quality by group"),
    Item("8a", "The outcome, its window, how and when it is determined, alike for all groups",
         ("summary", "cohort")),
    Item("8b", "Who judged the outcome, where it takes judgement", ("summary",)),
    Item("8c", "Whether those who judged the outcome were blinded", ("summary",)),
    Item("9a", "How the first set of predictors was chosen", ("inputs",)),
    Item("9b", "Each predictor, when and how it is measured", ("inputs", "making")),
    Item("9c", "Who judged predictors, where it takes judgement", ("inputs",)),
    Item("10", "How the size of the study came about, and whether it is enough", ("split",), "a calculation of size"),
    Item("11", "How missing data were dealt with, and why some were left out", ("inputs", "cohort")),
    Item("12a", "How data were used and split, and the size of each part", ("split",)),
    Item("12b", "How predictors were handled: form, scale, transformation", ("inputs", "making")),
    Item("12c", "The kind of model, how it is built, tuned and validated", ("making", "split")),
    Item("12d", "Whether results differ between clusters such as hospitals", (), "results by hospital"),
    Item("12e", "Which measures of performance, and why", ("performance", "calibration", "decision", "lists")),
    Item("12f", "Whether the model was updated after evaluation", ("making",)),
    Item("12g", "For an evaluation, how predictions were worked out", ("making",)),
    Item("13", "Whether class imbalance was dealt with, how, and what was done to recalibrate",
         ("split", "calibration")),
    Item("14", "What was done for fairness, and why", ("civil-rights", "subgroups", "gates")),
    Item("15", "What the model gives (a probability, a class), and how thresholds came about", ("use",)),
    Item("16", "Differences between development and evaluation data", ("split", "people")),
    Item("17", "Approval by an ethics committee, and consent", (), "the network's own approval"),
    Item("18a", "Funding", (), "who paid for this version"),
    Item("18b", "Conflicts of interest", (), "declarations of those who made and deploy it"),
    Item("18c", "Where the protocol is", (), "a protocol"),
    Item("18d", "Whether the study is registered", (), "a registration"),
    Item("18e", "Whether the data are available", (), "patients' rows stay in the network; sums are in the release"),
    Item("18f", "Whether the code is available", ("making",)),
    Item("19", "How patients and the public took part", (), "whom the network asked"),
    Item("20a", "The flow of participants, with and without the outcome, and follow-up", ("cohort", "split")),
    Item("20b", "Characteristics of the people, and missing data", ("people",), "missing values by input and group"),
    Item("20c", "For an evaluation, the people beside those of development", ("people", "split")),
    Item("21", "Numbers of people and of outcomes in each analysis", ("split", "calibration", "subgroups")),
    Item("22", "The whole model, so that others can use it, and any limits on its use", ("making", "use")),
    Item("23a", "Performance with intervals, also in key groups", ("performance", "calibration", "subgroups")),
    Item("23b", "How performance differs between clusters, if looked at", (), "results by hospital"),
    Item("24", "Results of updating, if the model was updated", (), "this version was not updated"),
    Item("25", "An interpretation of the results, with fairness", ("summary", "subgroups", "civil-rights")),
    Item("26", "Limits: people, size, overfitting, missing data", ("limits",)),
    Item("27a", "What happens in use when input data are poor or missing", ("inputs", "limits")),
    Item("27b", "What users have to do and know", ("use",)),
    Item("27c", "Next steps for use, and for research", (), "the network's own plan"),
)  # fmt: skip


def tripod(sections: Sequence[Section]) -> Section:
    """Each item with the titles of the sections of a page that answer it."""
    titles = {section.name: section.title for section in sections}
    rows = tuple(
        (item.number, item.asks, "; ".join(titles[name] for name in item.sections) or NOT_ANSWERED, item.missing)
        for item in ITEMS
    )
    text = (
        f"What a report of a prediction model should tell, after TRIPOD+AI ({PAPER}), in our own short words: read the "
        "paper for the items themselves. Named are the sections of this page."
    )
    table = Table("Items of TRIPOD+AI", ("item", "asks for", "answered in", "missing"), rows)
    return Section("tripod", "TRIPOD+AI", (Text(text), table))
