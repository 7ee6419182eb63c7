"""A PBX that speaks AMI: for the demo, for load tests, and for tests on machines without Asterisk.

``pbx`` and what it stands on is a pure model of calls: no socket, no clock, no chance of its own. ``links`` and
``server`` serve it to AMI clients as Asterisk 16 or 22 would, ``traffic`` places the calls.
"""
