"""The worklist as an application of its own, to be mounted at /worklist: every address and who may ask for it."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Engine
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from serving.worklist import actions, pages, sign_in
from serving.worklist.shield import Shield
from serving.worklist.web import HERE, form, page


def worklist(database: Callable[[], Engine]) -> Starlette:
    """The pages on a database, which is asked for when the first request comes."""
    routes = [
        Route("/", page(pages.listing_page), methods=["GET"]),
        Route("/list.csv", page(pages.export), methods=["GET"]),
        Route("/people/{item:int}", page(pages.person_page), methods=["GET"]),
        Route("/people/{item:int}", form(actions.record), methods=["POST"]),
        Route("/people/{item:int}/sheet", page(pages.sheet), methods=["GET"]),
        Route("/assign", form(actions.assign), methods=["POST"]),
        Route("/supervisor", page(pages.supervisor), methods=["GET"]),
        Route("/sign-in", sign_in.ask, methods=["GET"]),
        Route("/sign-in", sign_in.signing_in(actions.carried_on), methods=["POST"]),
        Route("/sign-out", form(sign_in.sign_out), methods=["POST"]),
        Mount("/static", StaticFiles(directory=HERE / "static")),
    ]
    app = Starlette(routes=routes, middleware=[Middleware(Shield)])
    app.state.database = database
    return app
