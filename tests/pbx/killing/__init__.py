"""What stands between a real Asterisk and its agents is killed, cut and held: nothing is lost, nothing doubled."""
