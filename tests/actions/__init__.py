"""Tests of the actions. Laws are tried without a time limit for one example: the machine may be busy."""

from hypothesis import settings

settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")
