"""Webhooks: events told to other programs, signed by the Standard Webhooks scheme, with retries."""
