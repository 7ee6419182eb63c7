"""Tests of ``astcti doctor`` without a PBX; those with one are in ``tests/pbx/doctoring``."""
