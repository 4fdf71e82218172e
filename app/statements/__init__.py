"""Statements: a member's points by period, a station's day, a fund's report; read or printed."""
