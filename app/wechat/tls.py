"""Whom the clients of WeChat and WeCom trust."""

import ssl
from functools import cache

import httpx


@cache
def trusted() -> ssl.SSLContext:
    """The public authorities, read once a process: it takes longer than a request."""
    return httpx.create_ssl_context(trust_env=False)
