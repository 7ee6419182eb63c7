"""The scenarios that are played on real Asterisks: what happens, and whose screen must pop."""

from __future__ import annotations

from tests.pbx.scenarios.scenario import ANNA, MARIO, Pop, Scenario, all_scenarios

__all__ = ["ANNA", "MARIO", "Pop", "Scenario", "all_scenarios"]
