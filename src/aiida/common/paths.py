"""Where the configuration folder lies, and what lies where in it. Public home: `aiida.manage.configuration.settings`.

`$AIIDA_PATH` may name several folders separated by colons. The first that holds a `.aiida` is taken; if none does, one is made
in the last. Without it, the home directory counts. Nothing is made before somebody asks. (Touches the world: files, environment.)
"""

from __future__ import annotations

import os
import pathlib
import warnings
from typing import TYPE_CHECKING, Any, ClassVar

from aiida.common.exceptions import ConfigurationError

if TYPE_CHECKING:
    from aiida.common.profile import Profile

__all__ = ("AiiDAConfigDir", "AiiDAConfigPathResolver", "profile_filepaths")

DEFAULT_UMASK = 0o0077
DEFAULT_AIIDA_PATH_VARIABLE = "AIIDA_PATH"
DEFAULT_AIIDA_PATH = "~"
DEFAULT_AIIDA_USER = "aiida@localhost"
DEFAULT_CONFIG_DIR_NAME = ".aiida"
DEFAULT_CONFIG_FILE_NAME = "config.json"
DEFAULT_CONFIG_INDENT_SIZE = 4
DEFAULT_DAEMON_DIR_NAME = "daemon"
DEFAULT_DAEMON_LOG_DIR_NAME = "log"
DEFAULT_PROFILE_LOG_DIR_NAME = "log"
DEFAULT_ACCESS_CONTROL_DIR_NAME = "access"
DEFAULT_ZMQ_BROKER_SERVICE_BASE_DIR_NAME = "broker"


class AiiDAConfigDir:
    """The configuration folder of this process: found at the first `get`, or set."""

    _glb_aiida_config_folder: ClassVar[pathlib.Path | None] = None

    @classmethod
    def get(cls) -> pathlib.Path:
        """Return the folder; find it, and make it if there is none, at the first call."""
        if cls._glb_aiida_config_folder is None:
            cls.set(None)
        assert cls._glb_aiida_config_folder is not None
        return cls._glb_aiida_config_folder

    @classmethod
    def set(cls, aiida_config_folder: pathlib.Path | None = None) -> None:
        """Set the folder and make it; `None` finds it anew from the environment."""
        folder = _find_config_folder() if aiida_config_folder is None else pathlib.Path(aiida_config_folder)
        _create_instance_directories(folder)
        cls._glb_aiida_config_folder = folder


class AiiDAConfigPathResolver:
    """Paths within a configuration folder, by default that of this process."""

    def __init__(self, config_folder: pathlib.Path | None = None) -> None:
        self._aiida_path = config_folder or AiiDAConfigDir.get()

    @property
    def aiida_path(self) -> pathlib.Path:
        """The configuration folder itself."""
        return self._aiida_path

    @property
    def daemon_dir(self) -> pathlib.Path:
        """State of daemons."""
        return self._aiida_path / DEFAULT_DAEMON_DIR_NAME

    @property
    def daemon_log_dir(self) -> pathlib.Path:
        """Logs of daemons."""
        return self.daemon_dir / DEFAULT_DAEMON_LOG_DIR_NAME

    @property
    def profile_log_dir(self) -> pathlib.Path:
        """Logs of profiles."""
        return self._aiida_path / DEFAULT_PROFILE_LOG_DIR_NAME

    @property
    def access_control_dir(self) -> pathlib.Path:
        """Who uses which profile."""
        return self._aiida_path / DEFAULT_ACCESS_CONTROL_DIR_NAME

    @property
    def _zmq_broker_service_base_dir(self) -> pathlib.Path:
        return self._aiida_path / DEFAULT_ZMQ_BROKER_SERVICE_BASE_DIR_NAME


def _find_config_folder() -> pathlib.Path:
    text = os.environ.get(DEFAULT_AIIDA_PATH_VARIABLE) or DEFAULT_AIIDA_PATH
    candidates = []
    for part in text.split(":"):
        if part:
            path = pathlib.Path(part).expanduser()
            candidates.append(path if path.name == DEFAULT_CONFIG_DIR_NAME else path / DEFAULT_CONFIG_DIR_NAME)
    if not candidates:
        candidates = [pathlib.Path(DEFAULT_AIIDA_PATH).expanduser() / DEFAULT_CONFIG_DIR_NAME]
    return next((path for path in candidates if path.is_dir()), candidates[-1])


def _create_instance_directories(folder: pathlib.Path) -> None:
    resolver = AiiDAConfigPathResolver(folder)
    wanted = (
        resolver.aiida_path,
        resolver.daemon_dir,
        resolver.daemon_log_dir,
        resolver.profile_log_dir,
        resolver.access_control_dir,
        resolver._zmq_broker_service_base_dir,
    )
    missing = [path for path in wanted if not path.is_dir()]
    if not missing:
        return
    if folder in missing and not os.environ.get("_AIIDA_QUIET"):
        warnings.warn(f"Creating AiiDA configuration folder `{folder}`.", stacklevel=4)
    umask = os.umask(DEFAULT_UMASK)
    try:
        for path in missing:
            path.mkdir(parents=True, exist_ok=True)
    except PermissionError as exc:
        if folder.is_dir():
            return  # somebody else's folder that we may read: reading needs none of the sub-folders
        raise ConfigurationError(
            f"cannot create the configuration folder `{folder}`: {exc.strerror}. "
            f"Set the environment variable `{DEFAULT_AIIDA_PATH_VARIABLE}` to a folder that you may write to"
        ) from exc
    except OSError as exc:
        if folder.is_dir():
            return
        raise ConfigurationError(
            f"cannot create the configuration folder `{folder}`: {exc}. "
            f"Set the environment variable `{DEFAULT_AIIDA_PATH_VARIABLE}` to a folder that you may write to"
        ) from exc
    finally:
        os.umask(umask)


def profile_filepaths(profile: Profile, resolver: AiiDAConfigPathResolver | None = None) -> dict[str, Any]:
    """Return where the files of a profile lie: logs, daemon, broker service."""
    paths = resolver or AiiDAConfigPathResolver()
    daemon, logs, name = paths.daemon_dir, paths.daemon_log_dir, profile.name
    broker = paths._zmq_broker_service_base_dir / f"{profile.uuid}-{name}"
    return {
        "profile": {"log": str(paths.profile_log_dir / f"aiida-{name}.log")},
        "circus": {
            "log": str(logs / f"circus-{name}.log"),
            "pid": str(daemon / f"circus-{name}.pid"),
            "port": str(daemon / f"circus-{name}.port"),
            "socket": {
                "file": str(daemon / f"circus-{name}.sockets"),
                "controller": "circus.c.sock",
                "pubsub": "circus.p.sock",
                "stats": "circus.s.sock",
            },
        },
        "daemon": {
            "log": str(logs / f"aiida-{name}.log"),
            "pid": str(daemon / f"aiida-{name}.pid"),
            "daemon_env_info": str(daemon / f"aiida-{name}-env-info.json"),
        },
        "broker_service": {"dir": str(broker), "log": str(broker / "broker.log")},
    }
