"""A working day of operators, with everything real: PBX, phones, data base, directory."""
