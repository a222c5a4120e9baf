"""The server: BentoML runs it, the routes answer, and Guard stands before all of it, BentoML's own routes included."""

from __future__ import annotations

import os
from typing import Any

os.environ["BENTOML_DO_NOT_TRACK"] = "True"  # read when bentoml is imported

import bentoml

from serving import logs
from serving.auth import WAYS, Guard
from serving.auth.veil import veil_bentoml
from serving.database import current, upgrade
from serving.fhir.app import app as fhir
from serving.routes import answers, app
from serving.worklist.app import worklist
from serving.worklist.sign_in import ADDRESS, by_session

TRAFFIC = {"timeout": 120}  # seconds; ten thousand scores with reasons for a thousand take less


@bentoml.service(name="afterward", workers=1, traffic=TRAFFIC, logging={"access": {"enabled": False}})
@bentoml.asgi_app(app, path="/v1")
@bentoml.asgi_app(worklist(current), path="/worklist")
@bentoml.asgi_app(fhir, path="/fhir")
class Scoring:
    """Opens the store and loads the champions when the server starts, so that the first caller does not wait."""

    def __init__(self) -> None:
        logs.set_up()
        upgrade(current())
        answers().prepare()

    def __is_ready__(self) -> bool:
        """What /readyz follows; /v1/ready says what is missing."""
        return not answers().missing()


veil_bentoml()
service: Any = Scoring
service.add_asgi_middleware(logs.Logged)
service.add_asgi_middleware(Guard, ways=(*WAYS, by_session), sign_in=ADDRESS)
