"""Routing (分派规则): ordered rules as data, the duty roster, the fallback ladder, and trials."""
