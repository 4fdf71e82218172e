"""The application of a test, in the one house of this process."""

from fastapi import FastAPI

from app import main
from app.settings import Settings

_houses: dict[bool, FastAPI] = {}
# An application of a test lives for a second; what is there from the first is settled once.
main.settle_memory = lambda: None


def make_app(settings: Settings) -> FastAPI:
    """As `create_app`; building the routes takes half a second, so that is done once.

    One at a time: whoever needs two beside each other calls `create_app`.
    """
    app = _houses.get(settings.in_development)
    if app is None:
        app = _houses[settings.in_development] = main.build(settings)
    app.user_middleware.clear()
    app.middleware_stack = None
    main.fit_out(app, settings)
    # Most tests send no photo; a child then starts with the first.
    app.state.decoder.start = _later
    return app


async def _later() -> None:
    pass
