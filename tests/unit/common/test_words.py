"""Links, exit codes, hashing, folders, text: the rest of the vocabulary."""

import asyncio
import logging
import os
from collections import OrderedDict
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

import aiida.engine.processes.exit_code as classic
from aiida.common import constants, exceptions, utils
from aiida.common import timezone as tz
from aiida.common.clock import ManualClock
from aiida.common.escaping import escape_for_bash, escape_for_sql_like, sql_string_match
from aiida.common.exit_code import ExitCode, ExitCodesNamespace
from aiida.common.folders import Folder, SandboxFolder, SubmitTestFolder
from aiida.common.hashing import float_to_text, make_hash
from aiida.common.lang import classproperty, type_check
from aiida.common.links import GraphTraversalRules, LinkType, validate_link_label
from aiida.common.log import AIIDA_LOGGER, LOG_LEVEL_REPORT, capture_logging, override_log_level
from aiida.common.slots import Slot
from aiida.common.warnings import AiidaDeprecationWarning, warn_deprecation


@pytest.mark.parametrize("label", ["a", "a__b", "A1", "a___b"])
def test_good_link_labels(label):
    validate_link_label(label)


@pytest.mark.parametrize("label", ["", "_a", "a_", "1a", "é", "a.b", "a-b", "for", "a\n"])
def test_bad_link_labels(label):
    with pytest.raises(ValueError, match="invalid link label"):
        validate_link_label(label)


def test_traversal_rules_of_deletion():
    rules = GraphTraversalRules.DELETE.value
    assert rules["create_forward"] == (LinkType.CREATE, "forward", True, True)
    assert rules["input_calc_backward"] == (LinkType.INPUT_CALC, "backward", False, False)
    assert all(len(member.value) == 12 for member in GraphTraversalRules)


def test_c12_exit_codes():
    code = ExitCode(3, "no {what}", True)
    assert code == (3, "no {what}", True)
    assert code.format(what="luck") == ExitCode(3, "no luck", True)
    with pytest.raises(ValueError, match="insufficient or incorrect format parameters"):
        code.format()
    assert classic.ExitCode is ExitCode


def test_a15_namespace_of_exit_codes():
    codes = ExitCodesNamespace()
    codes["ERROR"] = ExitCode(3)
    assert codes.ERROR == codes["ERROR"] == codes(3) == codes("ERROR") == ExitCode(3)
    assert list(codes.items()) == [("ERROR", ExitCode(3))]
    with pytest.raises(AttributeError):
        codes.OTHER  # noqa: B018
    with pytest.raises(ValueError, match="does not correspond to a valid exit code"):
        codes(5)


def test_errors_are_one_tree():
    for name in exceptions.__all__:
        cls = getattr(exceptions, name)
        assert issubclass(cls, (exceptions.AiidaException, ValueError)), name
    assert issubclass(exceptions.NotExistentAttributeError, AttributeError)
    assert str(exceptions.NotExistentKeyError("it's gone")) == "it's gone"


def test_hash_tells_values_apart():
    values = [
        None,
        True,
        1,
        2,
        "1",
        b"1",
        1.5,
        [1],
        [[1]],
        {"a": 1},
        {"a": "1"},
        {1},
        1j,
        ["ab"],
        ["a", "b"],
        OrderedDict(a=1),
    ]
    assert len({make_hash(value) for value in values}) == len(values)


def test_hash_is_the_same_for_the_same():
    assert make_hash({"a": 1, "b": 2}) == make_hash({"b": 2, "a": 1})
    assert make_hash([1]) == make_hash((1,))
    assert make_hash(0.1 + 0.2) == make_hash(0.3)
    assert make_hash(0.0) == make_hash(-0.0)
    assert make_hash(np.array([0.1 + 0.2])) == make_hash(np.array([0.3]))
    assert make_hash(np.float64(1.5)) == make_hash(1.5)
    assert make_hash(np.array([1, 2])) != make_hash(np.array([[1, 2]]))
    # Written down: a hash must not change from release to release without a reason.
    assert make_hash({"a": [1, 2.5, None]}) == "399ec740cb70cc8b88397e43fc81e6e0358a27e861cfc8a2d1792ff2f6ae626b"
    assert len(make_hash("x")) == 64


def test_hash_of_a_folder(tmp_path):
    (tmp_path / "f").write_text("x")
    (tmp_path / "sub").mkdir()
    first = make_hash(Folder(tmp_path))
    (tmp_path / "ignored").write_text("y")
    assert make_hash(Folder(tmp_path), ignored_folder_content=["ignored"]) == first != make_hash(Folder(tmp_path))


def test_unhashable():
    with pytest.raises(exceptions.HashingError, match="object"):
        make_hash(object())


def test_float_text():
    assert [float_to_text(x, 14) for x in (0.0, -0.0, 1.5, 1e-20)] == ["0", "0", "1.5", "1e-20"]


def test_folder_stays_inside(tmp_path):
    folder = Folder(tmp_path / "a")
    folder.create()
    with pytest.raises(ValueError, match="not within the folder_limit"):
        folder.get_subfolder("../b")
    with pytest.raises(ValueError, match="relative"):
        folder.get_abs_path("/etc")


def test_f01_folder_writes(tmp_path):
    folder = Folder(tmp_path)
    with folder.open("x.txt", "w", encoding="utf8") as handle:
        handle.write("é")
    sub = folder.get_subfolder("sub", create=True)
    sub.insert_path(folder.get_abs_path("x.txt"), "y.txt")
    assert sub.get_content_list() == ["y.txt"]
    assert sorted(folder.get_content_list(only_paths=False)) == [("sub", False), ("x.txt", True)]
    with pytest.raises(OSError, match="already exists"):
        sub.insert_path(folder.get_abs_path("x.txt"), "y.txt", overwrite=False)
    folder.remove_path("x.txt")
    assert not folder.isfile("x.txt") and folder.isdir("sub")
    copy = Folder(tmp_path / "copy")
    copy.replace_with_folder(sub.abspath)
    assert copy.get_content_list() == ["y.txt"]


def test_sandbox_goes_away():
    with pytest.raises(RuntimeError), SandboxFolder() as folder:
        assert folder.exists()
        raise RuntimeError
    assert not folder.exists()


def test_f04_submit_test_folder_stays(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with SubmitTestFolder() as first, SubmitTestFolder() as second:
        pass
    assert os.path.isdir(first.abspath) and first.abspath != second.abspath
    assert first.abspath.startswith(str(tmp_path / "submit_test"))


def test_escaping():
    assert escape_for_bash("a'b") == "'a'\"'\"'b'"
    assert escape_for_bash("$HOME", use_double_quotes=True) == '"$HOME"'
    assert escape_for_bash(None) == ""
    assert escape_for_sql_like("a%b_c") == "a\\%b\\_c"
    assert sql_string_match("a%bc", "a\\%%") and not sql_string_match("axbc", "a\\%%")


@pytest.mark.parametrize(
    ("seconds", "kwargs", "text"),
    [
        (5, {}, "0h:00m:05s ago"),
        (5, {"short": True}, "5s ago"),
        (3 * 86400 + 7507, {}, "3D:02h:05m ago"),
        (3 * 86400 + 7507, {"max_num_fields": 1}, "3D ago"),
        (-5, {"short": True}, "5s in the future"),
        (-5, {"short": True, "negative_to_zero": True}, "0s ago"),
        (0, {"short": True}, "0s ago"),
    ],
)
def test_time_differences(seconds, kwargs, text):
    assert utils.str_timedelta(timedelta(seconds=seconds), **kwargs) == text


def test_small_tools(tmp_path):
    assert utils.get_unique_filename("a.txt", ["a.txt", "a-1.txt"]) == "a-2.txt"
    assert [utils.format_directory_size(n) for n in (0, 1023, 1500000)] == ["0.00 B", "1023.00 B", "1.43 MB"]
    assert list(utils.batch_iter(range(3), 2, str)) == [(2, ["0", "1"]), (1, ["2"])]
    assert utils.validate_uuid(utils.get_new_uuid()) and not utils.validate_uuid("x")
    assert utils.get_object_from_string("aiida.common.links.LinkType") is LinkType
    assert utils.join_labels([(0.0, "A"), (0.0, "B"), (1.0, "C")]) == [[0.0, "A|B"], [1.0, "C"]]
    assert utils.prettify_labels([(0.0, "GAMMA")], "gnuplot_seekpath") == [(0.0, "Γ")]
    with pytest.raises(exceptions.ValidationError):
        utils.validate_list_of_string_tuples([("a", 1)], 2)
    with utils.Capturing(capture_stderr=True) as captured:
        print("x")
    assert list(captured) == ["x"]
    assert utils.are_dir_trees_equal(str(tmp_path), str(tmp_path))[0]


def test_elements():
    assert constants.elements[1] == {"mass": 1.00794, "name": "Hydrogen", "symbol": "H"}
    assert constants.elements[26]["symbol"] == "Fe"


def test_aware_times():
    assert tz.now().utcoffset() == timedelta(0)
    assert tz.make_aware(datetime(2020, 1, 1), UTC) == datetime(2020, 1, 1, tzinfo=UTC)
    with pytest.raises(ValueError, match="unknown timezone"):
        tz.timezone_from_name("Nowhere/None")


def test_lang():
    class Some:
        @classproperty
        def name(cls):
            return cls.__name__

    assert Some.name == "Some" and Some().name == "Some"
    assert type_check(None, int, allow_none=True) is None
    with pytest.raises(TypeError, match="expecting"):
        type_check("a", int)


def test_report_level_names_the_caller():
    logger = AIIDA_LOGGER.getChild("test_report")
    records = []

    class Keep(logging.Handler):
        def emit(self, record):
            records.append(record)

    handler = Keep()
    logger.addHandler(handler)
    logger.setLevel(LOG_LEVEL_REPORT)
    try:
        logger.report("said %s", "so")
        logging.LoggerAdapter(logger, {}).report("again")
        with override_log_level():
            logger.error("unheard")
    finally:
        logger.removeHandler(handler)
    assert [(r.levelname, r.getMessage(), r.funcName) for r in records] == [
        ("REPORT", "said so", "test_report_level_names_the_caller"),
        ("REPORT", "again", "test_report_level_names_the_caller"),
    ]
    with capture_logging(logger) as stream:
        logger.report("kept")
    assert stream.getvalue() == "kept\n"


def test_deprecation_names_the_line_of_the_caller():
    def old():
        warn_deprecation("`old` is old", version=3)

    with pytest.warns(AiidaDeprecationWarning, match=r"removed in v3") as record:
        old()
    assert record[0].filename == __file__


def test_slots():
    slot: Slot[int] = Slot("thing", "get one first")
    with pytest.raises(exceptions.ConfigurationError, match="there is no thing: get one first"):
        slot.get()
    assert slot.get_or_none() is None
    made = []
    slot.fill(lambda: made.append(1) or 7)
    assert not made
    assert slot.get() == 7
    with slot.override(8):
        assert slot.get() == 8
    assert slot.get() == 7
    slot.clear()
    assert not slot.is_filled


async def test_manual_clock():
    clock = ManualClock()
    waiting = asyncio.create_task(clock.wait(5))
    await asyncio.sleep(0)
    assert clock.next_alarm == 5
    clock.advance(4)
    await asyncio.sleep(0)
    assert not waiting.done()
    clock.advance(1)
    await waiting
    assert clock.monotonic() == 5
