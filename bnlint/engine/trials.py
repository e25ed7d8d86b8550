"""The layers of an experiment, made of what is known of a site or of its reference."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from bnlint.frameworks.tables import Api, Framework, Frameworks, catalogue
from bnlint.semantics.layers.references import Counterpart
from bnlint.semantics.layers.sites import STATISTICS as USED_STATISTICS
from bnlint.semantics.layers.sites import Site
from bnlint.semantics.values.value import Value
from bnlint.semantics.weights.kinds import MEAN, SCALE, SHIFT, VARIANCE
from bnlint.trial import (
    INFERENCE,
    OUTPUT,
    STATISTICS,
    TRAINING,
    Layer,
    Literal,
    Trial,
    is_literal,
)


def layer_of(site: Site, *roles: str, mode: str = "") -> Layer | None:
    """Return the layer that ``site`` makes, as far as the arguments in ``roles`` go.

    ``None`` if one of these is not known. All else is left at its default: an experiment is about
    few arguments, and layers that differ in others share it.
    """
    return _layer(site.api, site.value, roles, mode)


def layer_of_reference(reference: Counterpart, *roles: str, mode: str = "") -> Layer | None:
    """Return the layer that a site is compared with, in the same way."""
    return _layer(reference.api, reference.value, roles, mode)


def layers_of_pair(
    site: Site, reference: Counterpart | None, *roles: str, mode: str = ""
) -> tuple[Layer, Layer] | None:
    """Return the layers of ``site`` and of what it is compared with, if both are known."""
    port = layer_of(site, *roles, mode=mode)
    against = reference and layer_of_reference(reference, *roles, mode=mode)
    return (port, against) if port is not None and against is not None else None


def layer_of_family(family: str, mode: str = "", *, eps: float | None = None) -> Layer:
    """Return a new layer of a framework, everything at its default but ``eps`` where given."""
    row = catalogue().reference_row(family)
    given = ((str(row["roles"]["eps"]), eps),) if eps is not None else ()
    return Layer(str(row["id"]), given, mode)


def trial_of_modes(
    framework: Framework, measured: str, runs: str = TRAINING, wanted: str = INFERENCE
) -> Trial:
    """Return the experiment that runs a new layer in one mode, and in the one that is wanted.

    ``measured`` is ``OUTPUT`` or ``STATISTICS``. If ``runs`` is empty, the layer is run in the mode
    in which it starts.
    """
    fixed = layer_of_family(framework.name, wanted)
    port = fixed._replace(mode=runs)
    about = "running statistics" if measured == STATISTICS else "output in inference"
    return Trial(measured, port, fixed, fixed, about=about)


#: The role of each kind of array, as trials have it.
_ROLES = {SCALE: "weight", SHIFT: "bias", MEAN: "running_mean", VARIANCE: "running_var"}


def trial_of_arrays(
    frameworks: Frameworks, name: str, arrays: Iterable[tuple[str, str]]
) -> Trial | None:
    """Return the experiment on a layer whose arrays stand in each other's places, or are new.

    It is of the first framework whose layers have an array called ``name``, or that takes weights
    as a list where that is none. ``arrays`` pairs kinds of arrays with what is in their place: a
    kind, ``INITIAL`` or ``ROOT``.
    """
    family = next(
        (
            api.framework.name
            for apis in frameworks.by_alias.values()
            for api in apis
            if api.kind == "layer"
            and any(
                one.replace("/", ".").rpartition(".")[2] == name
                for names in api.state.values()
                for one in names
            )
        ),
        "",
    )
    if not family:
        takers = [
            f for word in ("takes_weights", "gives_buffers") for f in frameworks.word(word).values()
        ]
        if not takers:
            return None
        family = takers[0].name
    right = layer_of_family(family, INFERENCE)
    moved = tuple((_ROLES[kind], _ROLES.get(source, source)) for kind, source in arrays)
    port = right._replace(arrays=tuple(sorted(moved)))
    return Trial(
        OUTPUT, port, right, right, variances=_VARIANCES, affine=True, about="output in inference"
    )


#: Variances as trained layers have them, in trials on arrays.
_VARIANCES = (0.1, 0.5, 2.0)


def opposite(api: Api, momentum: float) -> Layer | None:
    """Return a layer whose momentum means the opposite of that of ``api``, with this number."""
    convention = {"new-weight": "old-weight", "old-weight": "new-weight"}.get(api.convention, "")
    row = catalogue().row_of_convention(convention)
    if row is None:
        return None
    return Layer(str(row["id"]), ((str(row["roles"]["momentum"]), momentum),), TRAINING)


def _layer(
    api: Api, value_of: Callable[[str], Value], roles: Sequence[str], mode: str
) -> Layer | None:
    if api.by_hand and not _stands_for(api):
        return None
    arguments: dict[str, Literal] = {}
    for role in roles:
        name = api.roles.get(role) if role != USED_STATISTICS else api.statistics.get("argument")
        if name is None:
            continue
        value = value_of(role)
        if not value.is_known:
            return None
        if value.from_default:
            continue
        if not is_literal(value.value):
            return None
        arguments[api.name_in_tables(str(name))] = value.value
    return Layer(api.in_tables, tuple(sorted(arguments.items())), mode)


def _stands_for(api: Api) -> bool:
    """Tell whether the layer that a class of a project is like computes what the class does."""
    tables = catalogue().load((api.framework.name,))
    found = tables.apis.get(api.like) or tables.norms.apis.get(api.like)
    return found is not None and (found.convention, found.place) == (api.convention, api.place)
