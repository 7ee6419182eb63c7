"""Programs that use the AMI libraries of others; each runs in a process of its own."""
