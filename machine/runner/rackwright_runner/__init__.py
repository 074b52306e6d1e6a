"""What runs in the ephemeral system: fetch scripts, run them in the documented order, report."""
