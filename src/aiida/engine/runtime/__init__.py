"""The durable engine: fold a journal, decide the next effect, perform it, append what came of it. Nothing else moves a process.

`decide` is pure. `perform` and `jobs` do things. `write` is the only way to the journal: fence, retry, lost replies. `drive` is the
loop over one process; `worker` is the loop over many (a daemon), `inline` the same inside a user's interpreter.
"""
