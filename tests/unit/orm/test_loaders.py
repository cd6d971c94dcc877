"""Finding entities by what a user types."""

from __future__ import annotations

import pytest

from aiida import orm
from aiida.common.exceptions import MultipleObjectsError, NotExistent
from aiida.orm.utils.loaders import (
    CodeEntityLoader,
    ComputerEntityLoader,
    GroupEntityLoader,
    IdentifierType,
    NodeEntityLoader,
    OrmEntityLoader,
    get_loader,
    load_entity,
)


@pytest.fixture(scope="module")
def code(backend: object) -> orm.InstalledCode:
    from aiida.common.slots import current_store

    with current_store.override(backend):  # type: ignore[arg-type]
        computer = orm.Computer("here", "h", transport_type="core.local", scheduler_type="core.direct", workdir="/w").store()
        return orm.InstalledCode(computer, "/bin/x", label="fade_code").store()


@pytest.mark.parametrize(
    ("text", "value", "kind"),
    [
        (5, 5, "ID"),
        ("5", 5, "ID"),
        ("5!", "5", "LABEL"),
        ("abc", "abc", "UUID"),
        ("abcdef12-3", "abcdef12-3", "UUID"),
        ("label", "label", "LABEL"),
        ("a@b", "a@b", "LABEL"),
    ],
)
def test_what_an_identifier_is(text: object, value: object, kind: str) -> None:
    assert OrmEntityLoader.infer_identifier_type(text) == (value, IdentifierType(kind))  # type: ignore[arg-type]


def test_prefixes_of_every_length() -> None:
    node = orm.Int(1).store()
    for length in range(14, 36):
        assert orm.load_node(uuid=node.uuid[:length]) == node
        assert orm.load_node(uuid=node.uuid.replace("-", "")[: min(length, 32)]) == node
    assert orm.load_node(uuid=node.uuid[:13], query_with_dashes=False) == node
    with pytest.raises(MultipleObjectsError):
        orm.Int(2).store()
        orm.load_node(uuid="")


def test_sub_classes(code: orm.InstalledCode) -> None:
    assert orm.load_node(code.pk, sub_classes=(orm.Code,)) == code
    with pytest.raises(NotExistent, match=f"no Int or Str found with ID<{code.pk}>"):
        orm.load_node(code.pk, sub_classes=(orm.Int, orm.Str))
    with pytest.raises(ValueError, match="not a sub class"):
        orm.load_group("x", sub_classes=(orm.Int,))
    for cls, loader in ((orm.Int, NodeEntityLoader), (orm.InstalledCode, CodeEntityLoader), (orm.AutoGroup, GroupEntityLoader)):
        assert get_loader(cls) is loader
    with pytest.raises(ValueError, match="no OrmEntityLoader"):
        get_loader(orm.User)
    with pytest.raises(TypeError):
        load_entity(None, "x")


def test_completion(code: orm.InstalledCode) -> None:
    assert CodeEntityLoader.get_options("fade_", project=["label"]) == [["fade_code"]]
    assert CodeEntityLoader.get_options("fadeX", project=["label"]) == []
    assert CodeEntityLoader.get_options("fade_code@he", project=["label"]) == [["fade_code"]]
    assert ComputerEntityLoader.get_options("", project=["label"]) == [["here"]]
