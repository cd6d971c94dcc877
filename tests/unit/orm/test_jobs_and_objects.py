"""Nodes of jobs, objects as JSON, and the doors to process classes."""

from __future__ import annotations

from typing import Any

import pytest

from aiida import orm
from aiida.common import exceptions
from aiida.common.datastructures import CalcJobState
from aiida.common.links import LinkType
from aiida.schedulers.datastructures import JobInfo, JobState


class Box:
    """Can be made a dictionary and made again from one."""

    def __init__(self, **facts: Any) -> None:
        self.facts = facts

    def as_dict(self) -> dict[str, Any]:
        return {"@module": __name__, "@class": "Box", **self.facts}

    @classmethod
    def from_dict(cls, facts: dict[str, Any]) -> Box:
        return cls(**{key: value for key, value in facts.items() if not key.startswith("@")})


def test_jsonable() -> None:
    node = orm.JsonableData(Box(a=1, b=[float("inf"), {"c": None}])).store()
    loaded = orm.load_node(node.pk)
    assert type(loaded.obj) is Box and loaded.obj.facts == {"a": 1, "b": [float("inf"), {"c": None}]}
    assert (loaded.the_class, loaded.the_module) == ("Box", __name__) and loaded.obj is loaded.obj
    with pytest.raises(TypeError, match="as_dict"):
        orm.JsonableData(object())
    with pytest.raises(TypeError, match="JSON-serializable"):
        orm.JsonableData(Box(a=object()))
    lost = orm.JsonableData(Box(a=1))
    lost._row.attributes["@module"] = "no.such.module"
    with pytest.raises(ImportError, match="could not be loaded from module `no.such.module`"):
        _ = orm.load_node(lost.store().clone().store().pk).obj


def test_state_of_a_job() -> None:
    job = orm.CalcJobNode().store()
    assert [job.get_state(), job.get_job_id(), job.get_scheduler_state(), job.get_remote_workdir(), job.get_last_job_info()] == [None] * 5
    job.set_state(CalcJobState.UPLOADING)
    job.set_job_id(12)
    job.set_scheduler_state(JobState.QUEUED)
    job.set_remote_workdir("/w")
    info = JobInfo()
    info.job_id = "12"
    info.job_state = JobState.RUNNING
    job.set_last_job_info(info)
    job.set_detailed_job_info({"stdout": "x"})
    job.set_retrieve_temporary_list([("a*", ".", 1)])
    loaded = orm.load_node(job.pk)
    assert loaded.get_state() is CalcJobState.UPLOADING and loaded.get_job_id() == "12" and loaded.get_scheduler_state() is JobState.QUEUED
    assert loaded.get_last_job_info().job_state is JobState.RUNNING and loaded.get_detailed_job_info() == {"stdout": "x"}
    assert loaded.get_scheduler_lastchecktime().tzinfo is not None and loaded.get_retrieve_temporary_list() == [["a*", ".", 1]]
    job.delete_state()
    assert loaded.get_state() is None
    for wrong in ("x", [3], [("a", ".")], [(1, ".", 0)], [("a", 1, 0)], [("a", ".", "x")]):
        with pytest.raises((TypeError, ValueError)):
            job.set_retrieve_list(wrong)  # type: ignore[arg-type]


def test_options_and_results_by_the_process_class(current: Any) -> None:
    job = orm.CalcJobNode(process_type="aiida.calculations:core.arithmetic.add")
    job.set_options({"resources": {"num_machines": 1}, "scheduler_stdout": "out", "scheduler_stderr": "err", "parser_name": "core.arithmetic.add"})
    job.base.attributes.set("not_an_option", 1)
    job.store()
    assert set(job.get_options()) == {"resources", "scheduler_stdout", "scheduler_stderr", "parser_name"}
    assert job.process_class.__name__ == "ArithmeticAddCalculation" and job.get_parser_class().__name__ == "ArithmeticAddParser"
    assert job.get_scheduler_stdout() is None
    with pytest.raises(AttributeError):
        _ = job.res.sum
    folder = orm.FolderData()
    folder.put_object_from_bytes(b"said", "out")
    folder.base.links.add_incoming(job, LinkType.CREATE, "retrieved")
    folder.store()
    assert job.get_scheduler_stdout() == "said" and job.get_scheduler_stderr() is None
    with pytest.raises(ValueError, match="set_option|invalid|could not load process class"):
        _ = orm.CalcJobNode(process_type="aiida.calculations:no.such").process_class
    with pytest.raises(exceptions.ModificationNotAllowed):
        job.set_option("resources", {})


def test_builders(current: Any) -> None:
    computer = orm.Computer("builds", "h", transport_type="core.local", scheduler_type="core.direct", workdir="/w").store()
    code = orm.InstalledCode(computer, "/bin/bash", default_calc_job_plugin="core.arithmetic.add").store()
    builder = code.get_builder()
    assert builder.code == code and builder.process_class.__name__ == "ArithmeticAddCalculation"
    with pytest.raises(ValueError, match="No default calculation"):
        orm.InstalledCode(computer, "/bin/bash").get_builder()
    job = orm.CalcJobNode(process_type="aiida.calculations:core.arithmetic.add", computer=computer)
    x = orm.Int(1).store()
    job.base.links.add_incoming(x, LinkType.INPUT_CALC, "x")
    job.base.links.add_incoming(code, LinkType.INPUT_CALC, "code")
    job.set_metadata_inputs({"metadata": {"label": "l", "options": {"resources": {"num_machines": 1}}}})
    restart = job.store().get_builder_restart()
    assert restart.x == x and restart.code == code and restart.metadata.label == "l"
    assert restart._inputs(prune=True)["metadata"]["options"]["resources"] == {"num_machines": 1}


def test_exports(tmp_path: Any) -> None:
    node = orm.ArrayData({"x": __import__("numpy").array([1.0, float("nan")])}).store()
    assert orm.ArrayData.get_export_formats() == ["json"]
    path = tmp_path / "out.json"
    assert node.export(path) == [str(path)] and '"x": [1.0, null]' in path.read_text()
    with pytest.raises(OSError, match="already found"):
        node.export(path)
    node.export(path, overwrite=True)
    with pytest.raises(ValueError, match="not implemented"):
        node.export(tmp_path / "out.xyz")
    with pytest.raises(ValueError, match="not implemented"):
        node.importstring("x", "xyz")
    with pytest.raises(ValueError, match="not implemented"):
        node.convert("ase")


def test_sources() -> None:
    node = orm.Int(1, source={"uri": "http://x", "license": "CC-BY"})
    assert node.store().source == {"uri": "http://x", "license": "CC-BY"}
    with pytest.raises(KeyError, match="Unknown source"):
        orm.Int(1, source={"nonsense": 1})
    with pytest.raises(exceptions.ValidationError, match="attribution"):
        orm.Int(1, source={"license": "CC-BY"}).store()
