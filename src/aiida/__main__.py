"""`python -m aiida` is `verdi`."""

from importlib import import_module

if __name__ == "__main__":
    # By name: the face lives above everything, and this file below everything.
    import_module("aiida.cmdline.commands.cmd_verdi").verdi()
