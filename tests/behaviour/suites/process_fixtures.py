"""A plugin's test suite that runs processes, here and by the daemon; run by `test_l_fixtures.py` in an interpreter of its own."""

import asyncio

import pytest
from plugin_module import AddOne, add

from aiida import orm
from aiida.engine import ProcessState, run_get_node, submit
from aiida.engine.utils import instantiate_process


def test_by_the_daemon(submit_and_await, started_daemon_client):
    assert started_daemon_client.is_daemon_running
    node = submit_and_await(AddOne, timeout=60, x=orm.Int(3))
    assert node.is_finished_ok and node.outputs.y.value == 4
    builder = AddOne.get_builder()
    builder.x = orm.Int(5)
    assert submit_and_await(builder, timeout=60).outputs.y.value == 6
    assert submit_and_await(submit(AddOne, x=orm.Int(-1)), timeout=60).exit_status == 300


def test_by_the_daemon_another_state(submit_and_await):
    with pytest.raises(RuntimeError, match="instead of ProcessState.KILLED"):
        submit_and_await(AddOne, state=ProcessState.KILLED, timeout=60, x=orm.Int(3))


def test_stopped(stopped_daemon_client):
    assert not stopped_daemon_client.is_daemon_running


def test_clean_before_processes(aiida_profile_clean, aiida_manager):
    runner = aiida_manager.get_runner()
    process = instantiate_process(runner, AddOne, x=orm.Int(1))
    assert process.node.is_stored and process.runner is runner
    results, node = run_get_node(AddOne, x=orm.Int(2))
    assert results["y"] == 3 and node.is_finished_ok
    assert orm.QueryBuilder().append(orm.WorkChainNode).count() == 2


def test_clean_between_processes(aiida_profile_clean):
    assert orm.QueryBuilder().append(orm.Node).count() == 0
    assert run_get_node(AddOne, x=orm.Int(2))[1].is_finished_ok
    aiida_profile_clean.reset_storage()
    assert run_get_node(AddOne, x=orm.Int(2))[1].is_finished_ok


def test_l13_inside_a_running_event_loop(aiida_manager):
    async def cell():
        node = run_get_node(AddOne, x=orm.Int(2))[1]
        process = instantiate_process(aiida_manager.get_runner(), AddOne, x=orm.Int(1))
        return node, add(1, 2), process

    for _ in range(2):  # a foreign loop that has ended does no harm to later runs
        node, result, process = asyncio.run(cell())
        assert node.is_finished_ok and result == 3 and process.node.is_stored
    assert run_get_node(AddOne, x=orm.Int(2))[1].is_finished_ok
