"""Settings as TOML, for who asks what holds for a file and why (``--show-settings``)."""

from __future__ import annotations

from bnlint.config.options import COMMAND_LINE, OPTIONS, Config
from bnlint.config.spelling import toml
from bnlint.files.display import clean


def show(config: Config) -> str:
    """Return the settings as TOML, with a comment on each that says where it was set."""
    lines = [
        clean(f"# configuration file: {config.file or 'none'}"),
        clean(f"# globs and paths are relative to {config.folder}"),
    ]
    for option in OPTIONS:
        value = getattr(config.chosen if option.of_selection else config, option.field)
        if option.key in ("port", "apis"):
            continue
        if option.key == "per-file-ignores":
            value = {toml(pattern): selectors for pattern, selectors in value}
        if value is None:
            lines.append(f"# {option.key} is not set")
        else:
            origin = config.origins.get(option.key, "default")
            lines.append(f"{option.key} = {toml(value)}  # {clean(origin)}")
        if option.of_selection:
            value = getattr(config.chosen_on_command_line, option.field)
            if value:
                lines.append(f"{option.key} = {toml(value)}  # {COMMAND_LINE}")
    for port in config.ports:
        lines += ["", f"[[port]]  # {clean(config.file or '')}", f"paths = {toml(port.paths)}"]
        if port.reference is not None:
            lines.append(f"reference = {toml(port.reference)}")
        if port.from_family is not None:
            lines.append(f"from = {toml(port.from_family)}")
    for wrapper in config.wrappers:
        lines += ["", f"[apis.{toml(wrapper.path)}]  # {clean(config.file or '')}"]
        lines.append(f"like = {toml(wrapper.like)}")
        lines += [f"{name} = {toml(value)}" for name, value in wrapper.settings]
        if wrapper.parameters:
            lines.append(f"parameters = {toml(dict(wrapper.parameters))}")
        if wrapper.positional is not None:
            lines.append(f"positional = {toml(wrapper.positional)}")
    return "\n".join(lines) + "\n"
