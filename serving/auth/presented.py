"""The way of machines: which key a request presents, and whose it is."""

from __future__ import annotations

import hmac
from time import monotonic
from typing import TYPE_CHECKING

from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool

from features import windows
from serving.auth.caller import INTEGRATION, Caller
from serving.auth.keys import MARK, Key, every, hashed, is_valid
from serving.auth.refusal import Refusal
from serving.database import current
from serving.settings import settings

if TYPE_CHECKING:
    from starlette.types import Scope

BOOTSTRAP = Caller("AFTERWARD_API_KEY", frozenset({INTEGRATION}))
SECONDS_KEPT = 2.0  # a key that is taken back opens nothing after this long, in any process


class _Keyring:
    """The keys as they were read last. They are few; a request must not wait for the database each time."""

    def __init__(self) -> None:
        self.keys: dict[str, Key] = {}
        self.read = float("-inf")

    async def present(self) -> dict[str, Key]:
        if monotonic() - self.read > SECONDS_KEPT:
            began = monotonic()
            try:
                self.keys = {key.key_id: key for key in await run_in_threadpool(every, current())}
            except SQLAlchemyError:
                raise Refusal(
                    503, "service", "a database that cannot be read", "one that keys are checked with"
                ) from None
            self.read = began
        return self.keys

    def forget(self) -> None:
        """Read anew at the next request."""
        self.read = float("-inf")


KEYRING = _Keyring()


async def by_key(scope: Scope) -> Caller | None:
    """Whose key the request presents, in either header; null where none is valid. Raises Refusal for one that was."""
    given = presented(scope)
    first = settings().api_key
    if first is not None and any(hmac.compare_digest(one, first.reveal().encode()) for one in given):
        return BOOTSTRAP
    ours = [parts for one in given if len(parts := one.decode("latin-1").split("_", 2)) == 3 and parts[0] == MARK]
    for _, key_id, secret in ours:
        key = (await KEYRING.present()).get(key_id)
        if key is None or not hmac.compare_digest(hashed(secret), key.hash):
            continue
        if not is_valid(key, windows.now()):
            raise Refusal(401, "Authorization", "a key that has run out or was taken back", "a valid one")
        return key.caller
    return None


def presented(scope: Scope) -> list[bytes]:
    """What stands in X-API-Key and as bearer token."""
    found = []
    for name, value in scope["headers"]:
        if name == b"x-api-key":
            found.append(value)
        elif name == b"authorization" and value[:7].lower() == b"bearer ":
            found.append(value[7:].strip())
    return found
