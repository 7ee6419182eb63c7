"""Tests. What programs of ours keep for their users is kept in a folder of its own while they run."""

import atexit
import os
import tempfile

_state = tempfile.TemporaryDirectory(prefix="astcti-state-")
atexit.register(_state.cleanup)
os.environ["XDG_STATE_HOME"] = _state.name
