"""Tests with a real MariaDB of their own."""
