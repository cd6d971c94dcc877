"""What helps to work with entities: loading them, their links, their log, their text form."""

from aiida._lazy import front_door

__getattr__, __dir__, __all__ = front_door(
    __name__,
    {
        "AbstractNodeMeta": "aiida.orm.utils.node",
        "AttributeManager": "aiida.orm.utils.managers",
        "CalcJobResultManager": "aiida.orm.utils.calcjob",
        "CalculationEntityLoader": "aiida.orm.utils.loaders",
        "CodeEntityLoader": "aiida.orm.utils.loaders",
        "ComputerEntityLoader": "aiida.orm.utils.loaders",
        "GroupEntityLoader": "aiida.orm.utils.loaders",
        "LinkManager": "aiida.orm.utils.links",
        "LinkPair": "aiida.orm.utils.links",
        "LinkTriple": "aiida.orm.utils.links",
        "NodeEntityLoader": "aiida.orm.utils.loaders",
        "NodeLinksManager": "aiida.orm.utils.managers",
        "OrmEntityLoader": "aiida.orm.utils.loaders",
        "get_loader": "aiida.orm.utils.loaders",
        "get_query_type_from_type_string": "aiida.orm.utils.node",
        "get_type_string_from_class": "aiida.orm.utils.node",
        "load_code": "aiida.orm.utils.loaders",
        "load_computer": "aiida.orm.utils.loaders",
        "load_entity": "aiida.orm.utils.loaders",
        "load_group": "aiida.orm.utils.loaders",
        "load_node": "aiida.orm.utils.loaders",
        "load_node_class": "aiida.orm.utils.node",
        "validate_link": "aiida.orm.utils.links",
    },
)
