"""The figure that says whether a risk of 20 % means one in five."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import numpy.typing as npt

from models.metrics import calibration_curve

TENTHS = 10


def reliability(y: npt.NDArray[np.float64], risk: npt.NDArray[np.float64], title: str) -> bytes:
    """PNG: observed share against told risk, smoothed and by tenths of the rows, with the diagonal."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.5, 5.5), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    told, observed = calibration_curve(y, risk)
    axes.plot(told, observed, color="#1f5f8b", label="smoothed")
    groups = [rows for rows in np.array_split(np.argsort(risk, kind="stable"), TENTHS) if len(rows)]
    axes.plot([risk[g].mean() for g in groups], [y[g].mean() for g in groups], "o", color="#c0562f", label="tenths")
    top = float(max(risk.max(), max(y[g].mean() for g in groups))) * 1.05
    axes.plot([0, top], [0, top], "--", color="#777777", linewidth=1, label="right")
    axes.set(xlim=(0, top), ylim=(0, top), xlabel="risk told", ylabel="share observed", title=title)
    axes.legend(frameon=False)
    out = BytesIO()
    figure.savefig(out, format="png", metadata={"Software": None})
    return out.getvalue()
