"""Compare what bnlint says of real layers with the layers themselves.

Models of timm, segmentation-models-pytorch, torchvision and keras.applications are built (without
weights). While they are built, every batch normalisation constructor notes the lines of the package
that are on the stack; when they are built, eps and momentum are read off every layer and compared
with what ``bnlint sites`` said of the innermost of those lines that is a site.

A site whose settings are statically known (given in the code, or left to the API's default) must
agree with every layer built there. A site whose settings are presumed may differ where a caller
overrides them; such differences are listed.

    python benchmarks/ground_truth.py [--models N] [--json FILE]

Needs PyTorch, timm, torchvision, segmentation-models-pytorch and Keras in the running interpreter;
what is missing is said and left out. Exits with 1 if anything known is wrong.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import importlib.util
import json
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bnlint.engine.facts import facts_of  # noqa: E402
from bnlint.engine.inventory import SiteRow, rows  # noqa: E402
from bnlint.finding import Problem  # noqa: E402  # the checkout, not an install

PACKAGES = ("timm", "segmentation_models_pytorch", "torchvision", "keras")


class Layer(NamedTuple):
    """A layer that was built: its settings, and the package lines on the stack, innermost first."""

    layer: Any
    stack: tuple[tuple[str, int], ...]


class Span(NamedTuple):
    """A site with the lines its call covers."""

    row: SiteRow
    end: int


class Verdicts(NamedTuple):
    """What came of one package: counts by verdict, and the differences to explain."""

    counts: Counter[str]
    wrong: list[str]
    overridden: Counter[str]


def main() -> int:
    """Build the models, compare and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", type=int, default=50, help="how many timm models to build")
    parser.add_argument("--json", type=Path, default=None, help="write the figures to this file")
    options = parser.parse_args()
    make_torchvision_importable()
    figures: dict[str, dict[str, int]] = {}
    failed = False
    print(
        f"{'package':32} {'models':>6} {'layers':>7} {'known':>7} {'presumed':>9} {'unknown':>8} "
        f"{'no site':>8} {'WRONG':>6}"
    )
    for package, models in (
        ("timm", timm_models(options.models)),
        ("segmentation_models_pytorch", smp_models()),
        ("torchvision", torchvision_models()),
        ("keras", keras_models()),
    ):
        if importlib.util.find_spec(package) is None:
            print(f"{package:32} not installed")
            continue
        layers, built = build(package, models)
        verdicts = judge(package, layers)
        c = verdicts.counts
        print(
            f"{package:32} {built:6} {len(layers):7} {c['known']:7} {c['presumed']:9} "
            f"{c['unknown']:8} {c['no site']:8} {len(verdicts.wrong):6}"
        )
        for line in sorted(set(verdicts.wrong)):
            print(f"    WRONG {line}")
        for line, count in verdicts.overridden.most_common():
            print(f"    presumed, and a caller says otherwise ({count} layers): {line}")
        figures[package] = {"models": built, "layers": len(layers), **c}
        failed = failed or bool(verdicts.wrong)
    if options.json is not None:
        options.json.write_text(json.dumps(figures, indent=2), encoding="utf-8")
    return 1 if failed else 0


# ------------------------------------------------------------------------------ building


def timm_models(number: int) -> Iterator[Callable[[], object]]:
    """Yield builders for models of timm, spread evenly over the list of those with BatchNorm."""
    if importlib.util.find_spec("timm") is None:
        return
    timm = importlib.import_module("timm")
    families: dict[str, str] = {}
    for name in timm.list_models():
        families.setdefault(timm.models.model_entrypoint(name).__module__, name)
    names = sorted(families.values())
    extra = [n for n in timm.list_models("tf_*") if n not in names][:: max(1, 60 // 10)]
    chosen = [*names[:: max(1, len(names) // max(1, number - len(extra)))], *extra]
    for name in chosen:
        yield partial(timm.create_model, name, pretrained=False)


def make_torchvision_importable() -> None:
    """Define the operators that a torchvision built for another PyTorch lacks.

    Building a model needs none of them, but importing torchvision registers them.
    """
    if importlib.util.find_spec("torch") is None or importlib.util.find_spec("torchvision") is None:
        return
    torch = importlib.import_module("torch")
    library = torch.library.Library("torchvision", "DEF")
    _LIBRARIES.append(library)
    while True:
        try:
            importlib.import_module("torchvision")
            return
        except RuntimeError as error:
            missing = re.search(r"operator torchvision::(\w+) does not exist", str(error))
            if missing is None:
                raise
            for name in [name for name in sys.modules if name.startswith("torchvision")]:
                del sys.modules[name]
            library.define(f"{missing[1]}(Tensor a) -> Tensor")


#: Libraries of operators live as long as their objects.
_LIBRARIES: list[Any] = []


def smp_models() -> Iterator[Callable[[], object]]:
    """Yield builders for ten segmentation models with different decoders and encoders."""
    if importlib.util.find_spec("segmentation_models_pytorch") is None:
        return
    smp = importlib.import_module("segmentation_models_pytorch")
    for decoder, encoder in (
        ("Unet", "resnet18"), ("UnetPlusPlus", "resnet34"), ("MAnet", "efficientnet-b0"),
        ("Linknet", "mobilenet_v2"), ("FPN", "densenet121"), ("PSPNet", "resnet18"),
        ("PAN", "resnet34"), ("DeepLabV3", "resnet18"), ("DeepLabV3Plus", "timm-efficientnet-b0"),
        ("UPerNet", "efficientnet-b1"), ("Unet", "xception"),
    ):  # fmt: skip
        yield partial(getattr(smp, decoder), encoder_name=encoder, encoder_weights=None)


def torchvision_models() -> Iterator[Callable[[], object]]:
    """Yield builders for every model torchvision lists."""
    if importlib.util.find_spec("torchvision") is None:
        return
    models = importlib.import_module("torchvision.models")
    for name in models.list_models():
        yield partial(torchvision_model, models, name)


def torchvision_model(models: Any, name: str) -> object:
    """Build one model of torchvision without fetching any weights."""
    try:
        return models.get_model(name, weights=None, weights_backbone=None)
    except TypeError:  # most models have no backbone to load
        return models.get_model(name, weights=None)


def keras_models() -> Iterator[Callable[[], object]]:
    """Yield builders for every model of keras.applications."""
    if importlib.util.find_spec("keras") is None:
        return
    keras = importlib.import_module("keras")
    for name in sorted(dir(keras.applications)):
        builder = getattr(keras.applications, name)
        if callable(builder) and name[0].isupper():
            yield partial(builder, weights=None)


def build(package: str, models: Iterator[Callable[[], object]]) -> tuple[list[Layer], int]:
    """Build the models, noting every layer; return the layers and how many models were built."""
    layers: list[Layer] = []
    built = 0
    for make in models:
        for on_meta in (True, False):  # without storage where that works
            noted: list[Layer] = []
            try:
                with noting(package, noted, on_meta=on_meta):
                    make()
            except NotImplementedError:
                continue
            except Exception as error:
                print(f"    not built: {type(error).__name__}: {str(error)[:100]}")
                break
            layers += noted
            built += 1
            break
    return layers, built


@contextlib.contextmanager
def noting(package: str, layers: list[Layer], *, on_meta: bool) -> Iterator[None]:
    """Note every batch normalisation layer built, and the lines of packages on the stack."""
    undo: list[tuple[type, Any]] = []

    def patch(cls: type) -> None:
        original = cls.__init__  # type: ignore[misc]  # the point of the exercise

        def init(self: Any, *args: Any, **kwargs: Any) -> None:
            original(self, *args, **kwargs)
            layers.append(Layer(self, stack()))

        undo.append((cls, original))
        cls.__init__ = init  # type: ignore[misc]

    context: contextlib.AbstractContextManager[Any] = contextlib.nullcontext()
    if importlib.util.find_spec("torch") is not None:
        torch = importlib.import_module("torch")
        patch(torch.nn.modules.batchnorm._BatchNorm)
        if on_meta:
            context = torch.device("meta")
    if package == "keras" and importlib.util.find_spec("keras") is not None:
        patch(importlib.import_module("keras").layers.BatchNormalization)
    try:
        with context:
            yield
    finally:
        for cls, original in undo:
            cls.__init__ = original  # type: ignore[misc]


def stack() -> tuple[tuple[str, int], ...]:
    """Return (file, line) of the frames inside the packages looked at, innermost first."""
    found = []
    folders = tuple(f"{package_folder(p)}/" for p in PACKAGES if importlib.util.find_spec(p))
    frame = sys._getframe(2)
    while frame is not None:
        name = frame.f_code.co_filename
        if name.startswith(folders):
            found.append((name, frame.f_lineno))
        frame = frame.f_back  # type: ignore[assignment]
    return tuple(found)


def package_folder(package: str) -> Path:
    """Return the folder of an installed package."""
    spec = importlib.util.find_spec(package)
    assert spec is not None
    assert spec.submodule_search_locations is not None
    return Path(spec.submodule_search_locations[0])


# ------------------------------------------------------------------------------ judging


def judge(package: str, layers: list[Layer]) -> Verdicts:
    """Compare every layer with the site it was built at."""
    sites: dict[str, list[Span]] = {}
    verdicts = Verdicts(Counter(), [], Counter())
    for layer in layers:
        span = site_of(layer, sites)
        if span is None:
            verdicts.counts["no site"] += 1
            continue
        compare(package, layer, span.row, verdicts)
    return verdicts


def site_of(layer: Layer, sites: dict[str, list[Span]]) -> Span | None:
    """Return the site on the innermost line of the stack that is one."""
    for file, line in layer.stack:
        if file not in sites:
            sites[file] = read_sites(file)
        here = [s for s in sites[file] if s.row.row <= line <= s.end]
        if here:
            return min(here, key=lambda s: s.end - s.row.row)
    return None


def read_sites(file: str) -> list[Span]:
    """Return the sites of a file, with the lines they cover."""
    facts = facts_of(Path(file).read_bytes(), file, str(Path(file).parent))
    if facts is None or isinstance(facts, Problem):
        return []
    ends = {(c.lineno, c.col_offset): c.end_lineno or c.lineno for c in facts.module.calls}
    listed = []
    for row in rows(facts):
        calls = [end for (line, _), end in ends.items() if line == row.row]
        listed.append(Span(row, max(calls, default=row.row)))
    return listed


def compare(package: str, layer: Layer, row: SiteRow, verdicts: Verdicts) -> None:
    """Add the verdict on one layer."""
    built = layer.layer
    actual = {
        "eps": getattr(built, "eps", getattr(built, "epsilon", None)),
        "momentum": built.momentum,
    }
    place = f"{Path(row.path).relative_to(package_folder(package).parent)}:{row.row}"
    verdict = "known"
    for name, setting in (("eps", row.eps), ("momentum", row.momentum)):
        if setting.kind == "unknown":
            verdict = "unknown"
            continue
        if setting.kind == "presumed" and verdict == "known":
            verdict = "presumed"
        if same(setting.value, actual[name]):
            continue
        text = f"{place}: {name} {setting.value!r} ({setting.kind}), built with {actual[name]!r}"
        if setting.kind == "presumed":
            verdicts.overridden[f"{text}; {setting.why}"] += 1
        else:
            verdicts.wrong.append(text)
    verdicts.counts[verdict] += 1


def same(left: object, right: object) -> bool:
    """Tell whether two settings are the same number, or both None."""
    if isinstance(left, (int, float)) and isinstance(right, (int, float)):
        return abs(left - right) <= 1e-12
    return left == right


if __name__ == "__main__":
    sys.exit(main())
