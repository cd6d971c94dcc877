"""Names become classes."""

import pickle
import warnings

import pytest

from aiida.common import exceptions
from aiida.common.warnings import AiidaDeprecationWarning
from aiida.plugins import entry_point as ep
from aiida.plugins import factories
from aiida.plugins.groups import GROUPS


@pytest.fixture(autouse=True)
def as_before():
    with ep.preserved_overrides():
        yield


def add(group, name, obj):
    ep.set_override(group, name, ep.LiveEntryPoint(name, group, obj))


def make_base(name):
    """A class that looks as if it came from a package of ours."""
    return type(name, (), {"__module__": "aiida.somewhere"})


def test_names_of_our_own():
    assert {"core.local", "core.ssh"} <= set(ep.get_entry_point_names("aiida.transports"))
    assert ep.get_entry_point_names("no.such.group") == []
    assert ep.get_entry_point("aiida.data", "core.int").value == "aiida.orm.nodes.data.int:Int"


def test_missing():
    with pytest.raises(exceptions.MissingEntryPointError, match="Entry point 'zz' not found in group 'aiida.data'"):
        ep.get_entry_point("aiida.data", "zz")
    with pytest.raises(exceptions.MissingEntryPointError):
        factories.DataFactory("zz")


def test_old_name_without_prefix_warns_at_the_users_line():
    with pytest.warns(AiidaDeprecationWarning, match="replace it with `core.int`") as record:
        assert factories.DataFactory("int", load=False).name == "core.int"
    assert record[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ep.get_entry_point("aiida.data", "core.int")


@pytest.mark.parametrize(
    ("text", "fmt", "valid"),
    [
        ("aiida.data:core.int", "FULL", True),
        ("aiida.data:zz", "FULL", True),
        ("aiida.zz:a", "FULL", False),
        ("data:core.int", "PARTIAL", False),
        ("core.int", "MINIMAL", False),
        ("a:b:c", "MINIMAL", False),
    ],
)
def test_ways_of_writing(text, fmt, valid):
    assert ep.get_entry_point_string_format(text).name == fmt
    assert ep.is_valid_entry_point_string(text) is valid


def test_formatting_and_parsing():
    assert ep.format_entry_point_string("aiida.data", "core.int") == "aiida.data:core.int"
    assert ep.format_entry_point_string("aiida.data", "x", ep.EntryPointFormat.PARTIAL) == "data:x"
    assert ep.format_entry_point_string("aiida.data", "x", ep.EntryPointFormat.MINIMAL) == "x"
    assert ep.parse_entry_point_string("aiida.data:core.int") == ("aiida.data", "core.int")
    with pytest.raises(ValueError, match="invalid entry_point_string format"):
        ep.parse_entry_point_string("core.int")
    with pytest.raises(TypeError):
        ep.parse_entry_point_string(5)
    spec = ep.parse_entry_point("aiida.data", "a = b.c:D")
    assert (spec.name, spec.value, spec.group) == ("a", "b.c:D", "aiida.data")


def test_class_to_name():
    assert ep.get_entry_point_string_from_class("aiida.orm.nodes.data.int", "Int") == "aiida.data:core.int"
    assert ep.get_entry_point_string_from_class("x", "Int") is None
    assert ep.get_entry_point_from_class("x", "Int") == (None, None)
    assert ep.is_registered_entry_point("aiida.orm.nodes.data.int", "Int")
    assert not ep.is_registered_entry_point("aiida.orm.nodes.data.int", "Int", groups=["aiida.calculations"])


def test_l07_a_class_of_a_test_is_found_everywhere_and_forgotten():
    class Mine(make_base("Data")):
        pass

    with ep.preserved_overrides():
        add("aiida.data", "my.data", Mine)
        assert ep.load_entry_point_from_string("aiida.data:my.data") is Mine
        assert factories.DataFactory("my.data") is Mine
        assert "my.data" in ep.get_entry_point_names("aiida.data")
        assert ep.get_entry_point_string_from_class(Mine.__module__, "Mine") == "aiida.data:my.data"
        ep.set_override("aiida.data", "core.int", None)
        with pytest.raises(exceptions.MissingEntryPointError):
            ep.get_entry_point("aiida.data", "core.int")
    assert "my.data" not in ep.get_entry_point_names("aiida.data")
    assert ep.get_entry_point("aiida.data", "core.int")


def test_what_cannot_be_imported_says_why():
    ep.set_override("aiida.data", "broken", ep.EntryPoint("broken", "no_such_module_anywhere:X", "aiida.data"))
    with pytest.raises(
        exceptions.LoadingEntryPointError, match="(?s)Failed to load entry point 'broken'.*no_such_module_anywhere"
    ):
        ep.load_entry_point("aiida.data", "broken")


FACTORIES = [group for group in GROUPS.values() if group.factory]


@pytest.mark.parametrize("group", FACTORIES, ids=lambda group: group.factory)
def test_factories_check_what_they_load(group):
    factory = getattr(factories, group.factory)
    good = type("Good", (make_base(group.valid[0]),), {})
    add(group.name, "test.good", good)
    add(group.name, "test.bad", int)
    assert factory("test.good") is good
    assert factory("test.bad", load=False).name == "test.bad"
    with pytest.raises(
        exceptions.InvalidEntryPointTypeError, match=f"group `{group.name}` is invalid because its type is not"
    ):
        factory("test.bad")


def test_process_functions_are_told_apart():
    def function():
        pass

    function.is_process_function = True
    function.node_class = make_base("CalcFunctionNode")
    add("aiida.calculations", "test.f", function)
    add("aiida.workflows", "test.f", function)
    assert factories.CalculationFactory("test.f") is function
    with pytest.raises(exceptions.InvalidEntryPointTypeError, match="WorkChain, workfunction"):
        factories.WorkflowFactory("test.f")


def test_base_factory_checks_nothing():
    add("some.group", "x", int)
    assert factories.BaseFactory("some.group", "x") is int


def test_versions():
    from aiida.plugins import PluginVersionProvider

    provider = PluginVersionProvider()
    import numpy

    assert provider.get_version_info(numpy.ndarray) == {"version": {"core": "2.9.4", "plugin": numpy.__version__}}
    assert provider.get_version_info(numpy.ndarray) is provider.get_version_info(numpy.ndarray)
    with pytest.raises(exceptions.EntryPointError, match="could not load"):
        provider.get_version_info("aiida.data:zz")


def test_node_types_follow_the_entry_points():
    from aiida.orm import Data
    from aiida.orm.utils.node import load_node_class

    class Mine(Data):
        pass

    with ep.preserved_overrides():
        add("aiida.data", "my.data", Mine)
        assert Mine.class_node_type == "data.my.data.Mine."
        assert load_node_class("data.my.data.Mine.") is Mine
    assert not Mine.class_node_type.startswith("data.")
    assert load_node_class("data.my.data.Mine.") is Data
    with ep.preserved_overrides():
        add("aiida.data", "other.name", Mine)
        assert Mine.class_node_type == "data.other.name.Mine."


def test_entry_points_are_those_of_the_backport_too():
    entry_point = ep.get_entry_point("aiida.data", "core.int")
    backport = pytest.importorskip("importlib_metadata")  # a dependency; plugins import it to ask for the class
    for one in (entry_point, ep.parse_entry_point("aiida.data", "x = a.b:C")):
        assert isinstance(one, backport.EntryPoint) and isinstance(one, ep.EntryPoint)
        assert pickle.loads(pickle.dumps(one)) == one
    assert entry_point.dist.name == "radames" and entry_point.attr == "Int"
