"""Parser of the template replacer: hands the output file over as it is."""

from __future__ import annotations

import os
from typing import Any, cast

from aiida.common.exit_code import ExitCode
from aiida.orm import Dict
from aiida.parsers.parser import Parser

__all__ = ("TemplatereplacerParser",)


class TemplatereplacerParser(Parser):
    """Return the content of the output file, and of temporary files if any, as a dictionary."""

    def parse(self, **kwargs: Any) -> ExitCode | None:
        """Read the files that the template names."""
        template = self.node.inputs.template.get_dict()
        name = template.get("output_file_name")
        if not name:
            return cast(ExitCode, self.exit_codes.ERROR_NO_OUTPUT_FILE_NAME_DEFINED)
        results: dict[str, Any] = {}
        try:
            results["value"] = self.retrieved.base.repository.get_object_content(name)
        except OSError:
            self.logger.error("could not read the file %s of the retrieved folder", name)
            return cast(ExitCode, self.exit_codes.ERROR_READING_OUTPUT_FILE)
        results["retrieved_temporary_files"] = []
        temporary = template.get("retrieve_temporary_files")
        if temporary:
            folder = kwargs.get("retrieved_temporary_folder")
            if folder is None:
                return cast(ExitCode, self.exit_codes.ERROR_NO_TEMPORARY_RETRIEVED_FOLDER)
            for filename in temporary:
                try:
                    with open(os.path.join(folder, filename), encoding="utf-8") as handle:
                        results["retrieved_temporary_files"].append((filename, handle.read().strip()))
                except OSError:
                    self.logger.error("the file %s was not found in the temporary retrieved folder %s", filename, folder)
                    return cast(ExitCode, self.exit_codes.ERROR_READING_TEMPORARY_RETRIEVED_FILE)
        self.out("output_parameters", Dict(dict=results))
        return None
