"""Builds the wheel, in which everything lies below one name: `boundary_service` (docs/decisions/0020-the-wheel.md)."""

import ast
import re
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

NAME = "boundary_service"
PACKAGES = frozenset(module.parent.name for module in Path(NAME).glob("*/__init__.py"))
COMMAND = re.compile(rf"\bpython -m (?={'|'.join(PACKAGES)}\b)")


def below_one_name(source: str) -> str:
    """Return a module's source with `boundary_service.` before our packages that it imports, or says how to run."""
    lines = source.splitlines(keepends=True)
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and not node.level and _is_ours(str(node.module)):
            start, end = f"from {node.module}", f"from {NAME}.{node.module}"
            lines[node.lineno - 1] = lines[node.lineno - 1].replace(start, end, 1)
        elif isinstance(node, ast.Import) and any(_is_ours(alias.name) for alias in node.names):
            raise SyntaxError(f"write `from package import …`: `{ast.unparse(node)}` binds a name that no wheel has")
    return COMMAND.sub(f"python -m {NAME}.", "".join(lines))


def _is_ours(module: str) -> bool:
    return module.partition(".")[0] in PACKAGES


class BuildBelowOneName(build_py):
    def build_module(self, module: str, module_file: str, package: str) -> tuple[str, bool]:
        built, copied = super().build_module(module, module_file, package)
        if not self.editable_mode:  # that installs the checkout, where the packages have their own names
            Path(built).write_text(below_one_name(Path(module_file).read_text("utf-8")), "utf-8")
        return built, copied


setup(cmdclass={"build_py": BuildBelowOneName})
