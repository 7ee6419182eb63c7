"""Tests against a real directory server."""
