"""Agents dial, on real Asterisks."""
