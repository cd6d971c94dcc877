"""The demonstration: the equation of state of silicon, written as anyone would write a plugin."""
