"""The server: BentoML runs it, the routes answer, and Guard stands before all of it, BentoML's own routes included."""

from __future__ import annotations

import os
from typing import Any

os.environ["BENTOML_DO_NOT_TRACK"] = "True"  # read when bentoml is imported

import bentoml

from serving.auth import Guard
from serving.auth.veil import veil_bentoml
from serving.database import current, upgrade
from serving.routes import answers, app


@bentoml.service(name="afterward", workers=1, traffic={"timeout": 60}, logging={"access": {"enabled": False}})
@bentoml.asgi_app(app, path="/v1")
class Scoring:
    """Opens the store and loads the champions when the server starts, so that the first caller does not wait."""

    def __init__(self) -> None:
        upgrade(current())
        answers().prepare()


veil_bentoml()
service: Any = Scoring
service.add_asgi_middleware(Guard)
