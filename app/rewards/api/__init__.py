"""Earning over HTTP: the rules of it, and what came of them."""

from app.rewards.api import awards, rulebook

router = awards.router
others = (rulebook.router,)
