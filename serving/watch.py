"""The champions that answer now. A pointer that moved is followed without anybody waiting for it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from threading import Lock, Thread

from features.errors import Failure, places
from models import pointer
from serving.score import Champion, champion

log = logging.getLogger("afterward")


class Watch:
    """Holds one champion a model. While a newly promoted release is loaded and checked, the one before it answers; a
    release that does not verify never answers, and is tried again only when the pointer moves again.
    """

    def __init__(self, load: Callable[[str], Champion] = champion) -> None:
        self._load = load
        self._standing: dict[str, Champion] = {}
        self._tried: dict[str, Path] = {}
        self._first, self._state = Lock(), Lock()

    def of(self, model: str) -> Champion:
        """The champion of a model. Raises BadModel where there is none yet, or none that verifies."""
        standing = self._standing.get(model)
        if standing is None:
            with self._first:  # whoever comes first waits, and the others with them
                if model not in self._standing:
                    self._standing[model] = self._load(model)
                return self._standing[model]
        wanted = self._pointed(model)
        if wanted is not None and wanted != standing.release.path and self._claims(model, wanted):
            Thread(target=self._follow, args=(model,), daemon=True).start()
        return standing

    def versions(self) -> dict[str, int]:
        """The version that answers, by model."""
        return {model: standing.release.version for model, standing in sorted(self._standing.items())}

    def _pointed(self, model: str) -> Path | None:
        try:
            return pointer.champion(model)
        except Failure:  # the pointer is gone or names nothing: what answers goes on
            return None

    def _claims(self, model: str, wanted: Path) -> bool:
        with self._state:
            if self._tried.get(model) == wanted:
                return False
            self._tried[model] = wanted
            return True

    def _follow(self, model: str) -> None:
        try:
            self._standing[model] = self._load(model)
            log.info("%s version %d answers from now on", model, self._standing[model].release.version)
        except Failure as failure:
            log.error("%s: the promoted version does not answer, the one before it goes on: %s", model, failure)
        except Exception as fault:
            log.error("%s: the promoted version cannot be loaded: %s in %s", model, type(fault).__name__, places(fault))
