"""Accounts over HTTP: one's own sign-in, staff accounts, roles and broken glass, API clients."""

from app.accounts.api import clients, own, roles, staff

routers = (own.router, staff.router, roles.router, clients.router)
