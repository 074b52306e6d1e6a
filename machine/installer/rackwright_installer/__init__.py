"""Executes an install plan in the ephemeral system. Python 3.9 or newer, standard library only."""
