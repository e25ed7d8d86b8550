"""Runs one framework in a process of its own: reads requests, writes answers.

Started as ``python -I worker.py NAME`` with the interpreter that has the framework, which may be
older than the one that runs bnlint. This file and the ``worker_NAME.py`` beside it, which knows
the framework, import nothing but the standard library, NumPy and the framework.

Each line on standard input is a request and each line on standard output its answer: one JSON
object. Arrays travel as ``{"npy": base64 of an .npy file}``. Whatever the framework itself prints
to standard output goes to standard error. Requests, by ``op``:

``find``
    ``candidates``: a list of ``{path, module, at_least, below}`` (all but ``path`` optional).
    Answers ``{path, version}`` for the first that can be imported and whose module has a version
    in the range, or ``{path: null, reason}``: why the first is not.
``signature``
    ``path``, and ``call`` where the signature of that method is wanted. Answers ``{rows}``:
    ``[name, kind, default]`` as in a framework table.
``accepts``
    ``path``, ``arguments``, ``keywords``. Answers ``{accepted}``: the keywords that the class
    takes beside ``arguments``, whatever it thinks of their value.
``devices``
    Answers ``{devices}``: the devices that the framework sees, ``cpu`` always among them.
``use``
    ``device``: where to compute from now on, in full float32. Answers ``{driver}``: what drives
    it, with its version.
``run``
    Builds one layer (or calls one function) and calls it once for each of ``steps``; see
    ``bnlint.confirm.workers.Experiment``. Answers ``{outputs, states}``.

An error is answered by ``{error}``: one line of text.
"""

from __future__ import annotations

import base64
import contextlib
import importlib
import importlib.util
import inspect
import io
import json
import os
import queue
import re
import sys
import sysconfig
import threading
import typing
from pathlib import Path
from typing import Any


def main(name: str) -> None:
    """Answer requests until standard input ends, or whoever asks is gone."""
    leave_out(filter(None, os.environ.get("BNLINT_LINTED", "").split(os.pathsep)))
    requests: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=listen, args=(os.fdopen(os.dup(0), "rb"), requests)).start()
    answers = os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    framework = None
    while True:
        line = requests.get()
        try:
            request = decoded(json.loads(line.decode("utf-8")))
            if framework is None:
                framework = load(name)
            answer = answered(framework, request)
        except (Exception, SystemExit) as error:
            answer = {"error": one_line(error)}
        answers.write(json.dumps(encoded(answer)).encode("utf-8") + b"\n")
        answers.flush()


def leave_out(projects: Any) -> None:
    """Import nothing from the linted projects: a `.pth` file may have put them on the path.

    What the interpreter itself is made of stays, wherever that lies.
    """
    own = {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    kept = [os.path.join(os.path.realpath(folder), "") for folder in own if folder]
    linted = tuple([os.path.join(project, "") for project in projects])
    for entry in list(sys.path):
        path = os.path.join(os.path.realpath(entry), "")
        if path.startswith(linted) and not path.startswith(tuple(kept)):
            sys.path.remove(entry)


def listen(stream: Any, requests: Any) -> None:
    """Pass requests on, and end the process with them: not even a hang outlives bnlint."""
    for line in stream:
        requests.put(line)
    with contextlib.suppress(OSError):  # the folder may be gone, and whoever made it
        folder = os.getcwd()
        if os.path.basename(folder).startswith("bnlint-"):
            os.chdir(os.sep)
            os.rmdir(folder)
    os._exit(0)


def load(name: str) -> Any:
    """Return the module that knows the framework called ``name``."""
    path = Path(__file__).resolve().with_name("worker_" + name + ".py")
    spec: Any = importlib.util.spec_from_file_location(path.stem, path)
    module: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    if hasattr(module, "prepare"):
        module.prepare()
    return module


def answered(framework: Any, request: dict[str, Any]) -> Any:
    """Return the answer to one request."""
    op = request["op"]
    if op == "find":
        return find(request["candidates"])
    if op == "devices":
        return {"devices": framework.devices() if hasattr(framework, "devices") else ["cpu"]}
    if op == "use":
        return {"driver": use(framework, request["device"])}
    found = resolve(request["path"])
    if op == "signature":
        call = request.get("call")
        rows = None
        if call is None and hasattr(framework, "signature"):
            rows = framework.signature(found)
        return {"rows": signature(found, call) if rows is None else rows}
    if op == "accepts":
        return {"accepted": accepted(found, request["arguments"], request["keywords"])}
    if op == "run":
        return framework.run(found, request)
    raise ValueError(f"unknown op {op!r}")


def use(framework: Any, device: str) -> str:
    """Have the framework compute on ``device`` and return what drives it."""
    if hasattr(framework, "use"):
        return str(framework.use(device))
    if device != "cpu":
        raise ValueError("no way is known to use " + device + " here")
    return ""


def find(candidates: list[dict[str, str]]) -> dict[str, Any]:
    """Return the first candidate that is installed, or why the first of all is not."""
    reason = ""
    for candidate in candidates:
        try:
            version = wanted_version(candidate)
            resolve(candidate["path"])
            return {"path": candidate["path"], "version": version}
        except Exception as error:
            reason = reason or one_line(error)
    return {"path": None, "reason": reason or "no candidate"}


def wanted_version(candidate: dict[str, str]) -> str:
    """Return the version of the candidate's module; raise ImportError if it is out of range."""
    name = candidate.get("module") or candidate["path"].partition(".")[0]
    version = str(getattr(importlib.import_module(name), "__version__", ""))
    numbers = numbered(version)
    low, high = candidate.get("at_least"), candidate.get("below")
    if low and numbers < numbered(low):
        raise ImportError(f"{name} is {version}, older than {low}")
    if high and numbers >= numbered(high):
        raise ImportError(f"{name} is {version}, not older than {high}")
    return version


def numbered(version: str) -> list[int]:
    """Return the numbers at the head of a version."""
    return [int(number) for number in re.findall(r"\d+", version.partition("+")[0])[:3]]


def resolve(path: str) -> Any:
    """Import what the dotted ``path`` names."""
    parts = path.split(".")
    for end in range(len(parts), 0, -1):
        module = ".".join(parts[:end])
        try:
            found = importlib.import_module(module)
        except ModuleNotFoundError as error:
            missing = error.name or ""
            if end > 1 and (module + ".").startswith(missing + "."):
                continue
            raise
        for name in parts[end:]:
            found = getattr(found, name)
        return found
    raise ImportError(path)


def signature(found: Any, call: str | None) -> list[list[Any]]:
    """Return the parameters of a class, a function or one method of a class."""
    parameters = [*inspect.signature(getattr(found, call) if call else found).parameters.values()]
    takes_anything = all(parameter.kind in VARIADIC for parameter in parameters)
    if takes_anything and not call and isinstance(found, type):
        parameters = constructor(found)
    rows = [
        [parameter.name, KINDS.get(parameter.kind, "positional"), default(parameter)]
        for parameter in parameters
        if parameter.kind is not inspect.Parameter.VAR_POSITIONAL
    ]
    return rows[1:] if call else rows


def constructor(found: Any) -> list[inspect.Parameter]:
    """Return what a class is built from, where what runs before its constructor takes anything.

    An overload is written for people, where the constructor itself takes anything too.
    """
    overloads = getattr(typing, "get_overloads", lambda _: ())(found.__init__)
    written = overloads[0] if overloads else found.__init__
    return list(inspect.signature(written).parameters.values())[1:]


VARIADIC = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)

KINDS: dict[Any, str] = {
    inspect.Parameter.KEYWORD_ONLY: "keyword",
    inspect.Parameter.VAR_KEYWORD: "extra",
}


def default(parameter: inspect.Parameter) -> list[Any] | None:
    """Return a default as a framework table has it."""
    if parameter.default is inspect.Parameter.empty:
        return None
    if is_literal(parameter.default):
        return ["literal", parameter.default]
    return ["source", repr(parameter.default)]


def is_literal(value: object) -> bool:
    """Tell whether JSON can carry ``value`` (a tuple as a list)."""
    if isinstance(value, (tuple, list)):
        return all(is_literal(item) for item in value)
    return value is None or type(value) in (bool, int, float, str)


def accepted(build: Any, arguments: dict[str, Any], keywords: list[str]) -> list[str]:
    """Return the keywords that a class does not reject as unknown to it."""
    known = []
    for keyword in keywords:
        try:
            build(**{**arguments, keyword: None})
        except Exception as error:
            words = str(error).lower()
            if keyword.lower() in words and any(phrase in words for phrase in REJECTIONS):
                continue
        known.append(keyword)
    return known


#: How frameworks put it that a keyword is unknown.
REJECTIONS = ("unexpected keyword", "unrecognized keyword", "not understood", "multiple values")


def encoded(value: Any) -> Any:
    """Return ``value`` with arrays as text."""
    if isinstance(value, dict):
        return {key: encoded(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [encoded(item) for item in value]
    if hasattr(value, "__array__"):
        import numpy

        buffer = io.BytesIO()
        numpy.save(buffer, numpy.asarray(value), allow_pickle=False)
        return {"npy": base64.b64encode(buffer.getvalue()).decode("ascii")}
    return value


def decoded(value: Any) -> Any:
    """Return ``value`` with text turned back into arrays."""
    if isinstance(value, dict):
        if set(value) == {"npy"}:
            import numpy

            return numpy.load(io.BytesIO(base64.b64decode(value["npy"])), allow_pickle=False)
        return {key: decoded(item) for key, item in value.items()}
    return [decoded(item) for item in value] if isinstance(value, list) else value


def one_line(error: BaseException) -> str:
    """Return type and message of an exception on one line."""
    message = " ".join(re.split(r"-{8,}", str(error))[0].split())  # without the C++ stack
    return (type(error).__name__ + ": " + message)[:300]


if __name__ == "__main__":
    main(sys.argv[1])
