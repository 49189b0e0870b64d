"""What a scenario is written with: layouts of guests, fixture scripts, and a case that judges."""
