"""Households (户): people who agreed to share one balance of points; lots keep their earner."""
