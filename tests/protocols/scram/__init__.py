"""SCRAM without I/O."""
