"""The same script, run by aiida-core and by us on one profile, writes the same rows; and each loads what the other wrote."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aiida import orm
from aiida.common.slots import current_store
from aiida.graph.records import LinkRow, NodeRow
from aiida.storage.sqlite_dos.backend import SqliteDosStorage
from tests.real.test_aiida_core_profile import home, load, pytestmark, run  # noqa: F401

# Uses public names only; `label` tells the two runs apart.
SCRIPT = """
import io
import numpy as np
from aiida import orm
from aiida.common.datastructures import CalcJobState, StashMode
from aiida.common.links import LinkType
from aiida.schedulers.datastructures import JobState

computer = orm.Computer(label, 'localhost', transport_type='core.local', scheduler_type='core.direct', workdir='/tmp/w').store()
computer.set_minimum_job_poll_interval(0.5)
computer.set_default_mpiprocs_per_machine(2)
computer.set_default_memory_per_machine(100)
computer.set_mpirun_command(['mpirun', '-np', '{tot_num_mpiprocs}'])
computer.set_shebang('#!/bin/sh')
computer.set_use_double_quotes(True)
computer.configure(use_login_shell=False, safe_interval=0)
folder = orm.FolderData()
folder.base.repository.put_object_from_bytes(b'abc', 'x/y.txt')
array = orm.ArrayData(np.zeros((2, 3)))
array.set_array('other', np.arange(3))
nodes = [
    orm.Int(3), orm.Float(3), orm.Bool(True), orm.Str('x'), orm.List([1, (2, 'b')]), orm.Dict({'a': {'b': (1, None)}, 'np': np.float64(1.5)}),
    orm.Int(1, source={'uri': 'http://x'}), orm.EnumData(StashMode.COPY), folder, array,
    orm.SinglefileData(io.BytesIO(b'abc')), orm.SinglefileData(io.BytesIO(b'abc'), filename='z.txt'),
    orm.RemoteData(remote_path='/tmp/x', computer=computer),
    orm.RemoteStashFolderData(StashMode.COPY, '/tmp', ['a'], computer=computer),
    orm.RemoteStashCompressedData(StashMode.COMPRESS_TAR, '/tmp', ['a'], True, computer=computer),
    orm.RemoteStashCustomData(StashMode.SUBMIT_CUSTOM_CODE, '/tmp', ['a'], computer=computer),
    orm.InstalledCode(label='c', computer=computer, filepath_executable='/bin/bash', default_calc_job_plugin='core.arithmetic.add', with_mpi=True),
    orm.PortableCode(label='p', filepath_executable='run.sh', filepath_files=files),
    orm.ContainerizedCode(
        label='d', computer=computer, filepath_executable='/bin/sh', image_name='i', engine_command='docker run {image_name}'
    ),
    orm.Code(label='o', input_plugin_name='core.arithmetic.add', remote_computer_exec=[computer, '/bin/true']),
    orm.OrbitalData(),
]
for node in nodes:
    node.store()
work = orm.WorkChainNode(process_type='aiida.workflows:core.arithmetic.multiply_add').store()
job = orm.CalcJobNode(process_type='aiida.calculations:core.arithmetic.add', computer=computer)
job.set_option('resources', {'num_machines': 1})
job.set_metadata_inputs({'options': {'resources': {'num_machines': 1}}})
job.base.links.add_incoming(nodes[0], LinkType.INPUT_CALC, 'ns__x')
job.base.links.add_incoming(work, LinkType.CALL_CALC, 'CALL')
job.store()
job.set_state(CalcJobState.RETRIEVING)
job.set_job_id(15)
job.set_scheduler_state(JobState.DONE)
job.set_remote_workdir('/tmp/w/1')
job.set_retrieve_list(['a', ('b', '.', 0)])
job.set_process_state('finished')
job.set_exit_status(None)
job.set_exit_message('fine')
job.set_process_label('L')
job.set_process_status('s')
job.delete_state()
result = orm.Dict({'sum': 4})
result.base.links.add_incoming(job, LinkType.CREATE, 'out')
result.store()
result.base.links.add_incoming(work, LinkType.RETURN, 'res__out')
work.pause()
work.set_exception('boo')
work.set_stepper_state_info('1:do')
work.unpause()
for node in (orm.CalcFunctionNode(), orm.WorkFunctionNode(), orm.CalculationNode(), orm.WorkflowNode()):
    node.store().set_process_state('excepted')
    node.seal()
result.base.extras.set_many({'k': [1, {'x': None}]})
result.label = 'labelled'
"""

THEIRS = "import warnings\nwarnings.simplefilter('ignore')\nfrom aiida import load_profile\nload_profile()\nlabel, files = {label!r}, {files!r}\n"
READ = """
import json
from aiida import load_profile, orm
load_profile()
rows = []
for (node,) in orm.QueryBuilder().append(orm.Node, filters={'id': {'>': START}}).order_by({orm.Node: 'id'}).iterall():
    assert type(node) is not orm.Data, node
    rows.append([type(node).__name__, node.base.attributes.all, sorted(link.link_label for link in node.base.links.get_incoming().all())])
work = orm.QueryBuilder().append(orm.WorkChainNode, filters={'id': {'>': START}}).one()[0]
job = work.called[0]
print(json.dumps({
    'rows': rows, 'exit_code': list(job.exit_code), 'state': job.get_scheduler_state().value, 'retrieve': job.get_retrieve_list(),
    'out': work.outputs.res.out.get_dict(), 'x': job.inputs.ns.x.value, 'ok': job.is_finished_ok,
    'code': str(orm.load_code('c@ours').filepath_executable), 'hostname': orm.load_computer('ours').hostname,
    'array': orm.QueryBuilder().append(orm.ArrayData, filters={'id': {'>': START}}).one()[0].get_array('other').tolist(),
}))
"""


@pytest.fixture
def store(home: Path) -> Iterator[Any]:  # noqa: F811
    backend = SqliteDosStorage(load(home))
    with current_store.override(backend):
        yield backend
    backend.close()


def facts(store: Any, start: int) -> list[Any]:
    """What was written after row `start`, without what differs by nature: identity, times, the value of the hash."""
    rows = [row for row in sorted(store.find(NodeRow), key=lambda row: row.id) if row.id > start]
    numbers = {row.id: index for index, row in enumerate(rows)}
    links = [(numbers[link.input_id], numbers[link.output_id], link.type, link.label) for link in store.find(LinkRow) if link.output_id > start]
    found: list[Any] = [sorted(links)]
    for row in rows:
        attributes = {key: value for key, value in row.attributes.items() if key != "scheduler_lastchecktime"}
        extras = {key: None if key == "_aiida_hash" else value for key, value in row.extras.items()}
        found.append(
            [row.node_type, row.process_type, row.label, row.description, attributes, extras, row.repository_metadata]
            + [row.dbcomputer_id is not None, row.user_id]
        )
    return found


@pytest.mark.filterwarnings("ignore::aiida.common.warnings.AiidaDeprecationWarning")
def test_the_same_script_writes_the_same_rows(home: Path, store: Any, tmp_path: Path) -> None:  # noqa: F811
    (tmp_path / "run.sh").write_text("#!/bin/sh\n")
    last = max(row.id for row in store.find(NodeRow))
    run(home, "python", "-c", THEIRS.format(label="theirs", files=str(tmp_path)) + SCRIPT)
    theirs = facts(store, last)
    start = max(row.id for row in store.find(NodeRow))
    exec(SCRIPT, {"label": "ours", "files": str(tmp_path)})
    ours = facts(store, start)
    for one, two in zip(ours, theirs, strict=True):
        assert one == two
    assert {**orm.load_computer("ours").metadata} == orm.load_computer("theirs").metadata
    assert orm.load_computer("ours").get_configuration() == orm.load_computer("theirs").get_configuration()

    read = json.loads(run(home, "python", "-W", "ignore", "-c", f"START = {start}\n{READ}").splitlines()[-1])
    mine = [node for (node,) in orm.QueryBuilder().append(orm.Node, filters={"id": {">": start}}).order_by({orm.Node: "id"}).all()]
    assert read.pop("rows") == [
        [type(node).__name__, node.base.attributes.all, sorted(node.base.links.get_incoming().all_link_labels())] for node in mine
    ]
    assert read == {
        "exit_code": [0, "fine", False], "state": "done", "retrieve": ["a", ["b", ".", 0]], "out": {"sum": 4}, "x": 3, "ok": True,
        "code": "/bin/bash", "hostname": "localhost", "array": [0, 1, 2],
    }  # fmt: skip
