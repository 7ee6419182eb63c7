"""Noticing a new configuration, and putting it in the place of the old one between two turns of the reactor."""

from astcti.config.watcher.service import ConfigurationWatcher

__all__ = ["ConfigurationWatcher"]
