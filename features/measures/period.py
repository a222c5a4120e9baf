"""A span of days, both edges included, as measures count back from the measurement period."""

from __future__ import annotations

from dataclasses import dataclass, replace

from features import windows


@dataclass(frozen=True)
class Period:
    """The days `first` to `last`."""

    first: int
    last: int

    def from_years_before(self, years: int) -> Period:
        """The same, begun so many years earlier."""
        return replace(self, first=windows.years_before(self.first, years))

    def first_months(self, months: int) -> Period:
        """The first months of it."""
        return Period(self.first, windows.months_after(self.first, months) - 1)

    @property
    def year(self) -> int:
        """The year in which it starts."""
        return windows.year_of(self.first)
