"""What a machine runs whose system is in use: it tells the region of its hardware and is changed by nothing of it."""
