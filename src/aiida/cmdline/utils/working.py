"""The daemon's worker, reached by the one command that becomes it."""

from aiida.engine.daemon.worker import start_daemon_worker

__all__ = ("start_daemon_worker",)
