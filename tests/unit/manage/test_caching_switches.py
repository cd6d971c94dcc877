"""When results are reused."""

import pytest

from aiida.common.exceptions import ConfigurationError
from aiida.common.slots import current_settings
from aiida.manage.caching import disable_caching, enable_caching, get_use_cache

CALC = "aiida.calculations:core.arithmetic.add"


class Settings(dict):
    def get(self, name):
        return dict.get(self, name, False if name == "caching.default_enabled" else [])


@pytest.fixture
def options():
    settings = Settings()
    with current_settings.override(settings):
        yield settings


def test_off_by_default(options):
    assert not get_use_cache() and not get_use_cache(identifier=CALC)


def test_option_for_all_and_for_some(options):
    options["caching.enabled_for"] = ["aiida.calculations:core.*"]
    options["caching.disabled_for"] = ["*.add"]
    assert get_use_cache(identifier="aiida.calculations:core.other")
    options["caching.disabled_for"] = [CALC]
    assert not get_use_cache(identifier=CALC)
    options["caching.default_enabled"] = True
    assert get_use_cache() and get_use_cache(identifier="other.thing") and not get_use_cache(identifier=CALC)


def test_two_patterns_that_contradict(options):
    options["caching.enabled_for"] = [CALC]
    options["caching.disabled_for"] = [CALC]
    with pytest.raises(ConfigurationError, match="the most specific identifier is not unique"):
        get_use_cache(identifier=CALC)
    with enable_caching(identifier=CALC):
        assert get_use_cache(identifier=CALC)


def test_blocks(options):
    with enable_caching():
        assert get_use_cache() and get_use_cache(identifier="a.b")
        with disable_caching(identifier="a.*"):
            assert not get_use_cache(identifier="a.b") and get_use_cache(identifier="b")
            with enable_caching(identifier="a.b"):
                assert get_use_cache(identifier="a.b") and not get_use_cache(identifier="a.c")
            with enable_caching():
                assert get_use_cache(identifier="a.b")
        with disable_caching():
            assert not get_use_cache(identifier="a.b")
        assert get_use_cache(identifier="a.b")
    assert not get_use_cache(identifier="a.b")


def test_a_block_for_all_outweighs_options(options):
    options["caching.enabled_for"] = [CALC]
    with disable_caching():
        assert not get_use_cache(identifier=CALC)


def test_block_ends_when_something_is_raised(options):
    with pytest.raises(RuntimeError), enable_caching():
        raise RuntimeError
    assert not get_use_cache()


@pytest.mark.parametrize("pattern", ["a b", "1a", "a..b", "aiida.zz:*", "a:b:c", "a.for", "", "a.b-c"])
def test_bad_patterns(pattern, options):
    with pytest.raises(ValueError, match="Invalid identifier pattern"), enable_caching(identifier=pattern):
        pass


def test_strict_patterns_must_load(options):
    with enable_caching(identifier="aiida.calculations:zz"):
        pass
    with (
        pytest.raises(ValueError, match="cannot be loaded"),
        enable_caching(identifier="aiida.calculations:zz", strict=True),
    ):
        pass
