"""What `scripts/bench compute` makes of the measuring program's numbers."""
