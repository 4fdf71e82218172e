"""The limit for reads: `GET /<n>` answers n bytes of JSON, with no framework and no work."""

from typing import Any


async def app(scope: dict[str, Any], _receive: Any, send: Any) -> None:
    """A bare ASGI application; the answers are as long as the service's own."""
    if scope["type"] != "http":
        return
    size = int(scope["path"][1:])
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % size)]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b" " * size})
