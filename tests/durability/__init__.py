"""Kill anywhere, interleave anyhow, lose any reply: the graph is the same, and the invariants hold."""
