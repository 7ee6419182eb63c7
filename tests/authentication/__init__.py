"""Tests of the sources of authentication."""
