"""Checks that anyone may run: of a database against the rules it obeys, of plugins against what is asked of them."""

from aiida._lazy import front_door

__getattr__, __dir__, __all__ = front_door(
    __name__,
    {
        "check_objects": "aiida.tools.checks.objects",
        "check_parser": "aiida.tools.checks.parser",
        "check_scheduler": "aiida.tools.checks.scheduler",
        "check_store": "aiida.tools.checks.store",
        "check_transport": "aiida.tools.checks.transport",
        "find_broken_rules": "aiida.tools.checks.invariants",
    },
)
