"""astcti: a CTI server for Asterisk."""

__version__ = "26.11.0"
