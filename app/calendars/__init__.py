"""Calendars (工作日历): working days with 调休, a district's own days, and working time."""
