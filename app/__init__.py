"""新新e家 (xinxin-ejia): report what is broken, see it fixed, be thanked."""
