"""Tills of external stores: balances, holds by the code a member shows, a file per day."""
