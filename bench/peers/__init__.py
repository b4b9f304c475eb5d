"""Whom Meritbook is compared with. None of this is needed to run it."""
