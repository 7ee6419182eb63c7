"""Pauses and after-call work on a real Asterisk; mixed into the tests of each version."""
