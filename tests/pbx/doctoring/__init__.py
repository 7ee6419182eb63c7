"""``astcti doctor`` on real Asterisks: what is broken on purpose is named, and what is sound is not."""
