"""What the suites of scripts/bench have in common. Standard library only."""
