"""A server of the Model Context Protocol over standard input and output, for coding agents."""

from __future__ import annotations

import gc
import logging
import os
import threading
from collections.abc import Callable
from typing import Annotated, Any

from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import ToolAnnotations
from pydantic import BeforeValidator, Field

from bnlint import __version__
from bnlint.config.options import ConfigError
from bnlint.config.suggestions import suggestion
from bnlint.engine.crashes import crashed
from bnlint.serving.tools import RefusedError, Tools

INSTRUCTIONS = """\
bnlint finds batch normalisation that no longer computes what its reference computes, in models
ported between deep-learning frameworks. It reads source and runs nothing.

While porting: `sites` and `translate` before writing a layer, `compare` once the port of a file
stands beside its reference, `check` with from_framework after each change, `explain` for a finding
that is not clear. Findings name what to write; a fix that is unsafe says under which assumption
it is right. Remarks say what was compared with nothing: no finding is no proof there.
"""


def _listed(value: object) -> object:
    """Return one name as the list of it: agents often give what they mean without brackets."""
    return [value] if isinstance(value, str) else value


Paths = Annotated[
    list[str] | None,
    BeforeValidator(_listed),
    Field(description="files and folders below the root; none is all of it"),
]
Framework = Annotated[
    str | None,
    Field(description="the framework the code was ported from: keras, torch, paddle, ..."),
]
Rules = Annotated[
    list[str] | None,
    BeforeValidator(_listed),
    Field(description="codes of the only rules to run; none is the usual"),
]
Side = Annotated[
    str,
    Field(
        description="a file, a folder, file.py::Class, or an installed model by its import path, "
        "such as keras.applications.EfficientNetB0"
    ),
]
Frameworks = Annotated[
    list[str] | None,
    BeforeValidator(_listed),
    Field(description="the frameworks to write it for; none is all"),
]


def serve(root: str) -> None:
    """Serve an agent that works below ``root`` until it ends that."""
    gc.enable()  # a process that stays
    made(root).run("stdio")


class _Server(MCPServer):
    """Refuses arguments that a tool does not take, which would be passed over in silence."""

    async def call_tool(self, name: str, arguments: dict[str, Any], context: Any = None) -> Any:
        for tool in await self.list_tools():
            known = tool.input_schema["properties"]
            unknown = [argument for argument in arguments if argument not in known]
            if tool.name == name and unknown:
                near = suggestion(unknown[0], known)
                raise ToolError(f"{name} takes no argument {unknown[0]!r}{near}")
        return await super().call_tool(name, arguments, context)


def made(root: str) -> MCPServer:
    """Return the server, ready to be run."""
    root = os.path.realpath(root)
    os.chdir(root)  # what paths are shown relative to
    tools = Tools(root)
    lock = threading.Lock()  # what was read of files is kept for one question at a time
    server = _Server("bnlint", version=__version__, instructions=INSTRUCTIONS, log_level="CRITICAL")
    logging.getLogger().setLevel(logging.CRITICAL)

    def answer(ask: Callable[[], str]) -> str:
        with lock:
            try:
                return ask()
            except (RefusedError, ConfigError) as error:
                raise ToolError("; ".join(str(error).split("\n"))) from None
            except Exception as error:
                raise ToolError(crashed("bnlint", error).message) from None

    reads = ToolAnnotations(read_only_hint=True, idempotent_hint=True, open_world_hint=False)
    tool = server.tool(annotations=reads, structured_output=False)

    @tool
    def check(
        paths: Paths = None,
        from_framework: Framework = None,
        select: Rules = None,
    ) -> str:
        """Report batch normalisation that differs from its reference or is used in a wrong mode."""
        return answer(lambda: tools.check(paths or (), from_framework, select or ()))

    @tool
    def sites(paths: Paths = None, from_framework: Framework = None) -> str:
        """List every batch normalisation layer: eps, momentum, decay, mode, axis, parameters."""
        return answer(lambda: tools.sites(paths or (), from_framework))

    @tool
    def compare(reference: Side, port: Side, from_framework: Framework = None) -> str:
        """Pair the layers of a port with those of its reference, and report each difference."""
        return answer(lambda: tools.compare(reference, port, from_framework))

    @tool
    def translate(
        call: Annotated[str, Field(description="keras.layers.BatchNormalization(momentum=0.9)")],
        to: Frameworks = None,
        from_framework: Framework = None,
    ) -> str:
        """Write a call of a batch normalisation layer in other frameworks, argument by argument."""
        return answer(lambda: tools.translate(call, from_framework, to or ()))

    @tool
    def explain(
        rule: Annotated[str, Field(description="a code or a name: BN103, eps-differs")],
    ) -> str:
        """Explain a rule: what it looks at, why it matters, examples, and how to fix it."""
        return answer(lambda: tools.explain(rule))

    return server
