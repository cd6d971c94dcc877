"""What is true about a process: events, tables, folds. Pure: no clock, no file, no database.

A process is a fold over its journal. `events` is the closed list of what can happen, `machine` and `phases` are the tables
of where each event leads, `fold` applies them, `effects` is the closed list of what a process can ask of the world,
`retry` says when to ask again.
"""
