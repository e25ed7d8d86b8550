"""The format of a framework table: which keys there are, and what each of them may be.

A table is TOML; docs/frameworks.md describes every key. An unknown key, a missing field or a value
of the wrong type raises :class:`bnlint.frameworks.records.TableError`, which names the file and the
key.
"""

from __future__ import annotations

from bnlint.frameworks import fields as f
from bnlint.frameworks.records import UNKNOWN

#: What each argument of an API may be to batch normalisation.
ROLES = frozenset(
    {
        "channels", "eps", "momentum", "affine", "scale", "center", "axis", "data_format",
        "training", "inference", "input", "running_mean", "running_var", "weight", "bias", "groups",
        "shape", "reduced", "grouping", "learned", "size", "alpha", "beta", "k",
    }
)  # fmt: skip

#: What each argument of a neighbouring layer (a convolution, say) may be to batch normalisation.
NEIGHBOUR_ROLES = frozenset(
    {
        "channels", "data_format", "bias", "padding", "amount", "stride", "kernel", "dilation",
        "input", "normalizer", "normalizer_params", "activation", "size", "batched",
    }
)  # fmt: skip

KINDS = ("layer", "function", "functional")
NEIGHBOUR_KINDS = (
    "convolution", "pooling", "dense", "activation", "pointwise", "merge", "reshape", "sequence",
    "embedding",
)  # fmt: skip
PADDING_MODES = ("none", "end", "amount")
BIAS_OFF = ("false", "none")
GIVES = ("layer", "class")
#: The kinds of normalisation beside that of batches.
NORMS = ("layer", "group", "instance", "rms", "local")
PLACES = ("inside", "outside", UNKNOWN)
#: What layers of other kinds normalise together, and of what their learned arrays are.
REDUCES = (
    "trailing", "axes", "axis", "from-axis", "channels", "example", "spatial", "groups", "window",
    UNKNOWN,
)  # fmt: skip
LEARNED = ("reduced", "channels", "groups")
GROUPINGS = ("contiguous", "interleaved")
#: What a size says of the channels in a window; see docs/frameworks.md.
WINDOWS = ("radius", "before", "after", "fewer", "more")
CONVENTIONS = ("new-weight", "old-weight", "none", UNKNOWN)
ESTIMATORS = ("biased", "unbiased", "none", UNKNOWN)
DEFAULT_MODES = ("training", "inference", "required", "none", UNKNOWN)
MODE_SWITCHES = ("object", "call-argument", "argument", "global", "none", UNKNOWN)
RUNNING_UPDATES = (
    "ema", "first-then-ema", "zero-debiased", "debiased-from-initial", "none", UNKNOWN,
)  # fmt: skip
TRAINING_STATISTICS = ("batch", "running", UNKNOWN)
AFFINE_OFF = ("absent", "untrained", UNKNOWN)
SINGLE_VALUES = ("raises", "zero-variance", "identity", "nan-variance", UNKNOWN)
VARIANCE_FORMULAS = ("two-pass", "one-pass", UNKNOWN)
MOMENTUM_NONE = ("cumulative", "rejected", "never", "not-applicable", UNKNOWN)

#: The words a framework has for the things around a layer; see docs/frameworks.md for each.
VOCABULARY = (
    "modules", "forward", "sequential", "functional_models", "graph_ends", "walks", "load_methods",
    "loaders", "savers", "builders", "wrappers", "keeps", "parameters", "buffers", "drivers",
    "driver_methods", "train_steps", "gradients", "apply_methods", "weights_attributes", "scopes",
    "format_setters", "layer_lists", "fillers", "exporters", "importers", "keeps_modes",
    "module_givers", "given_modules", "builds_once", "converters", "pads", "weights_arguments",
    "lazy_layers", "visits", "grows", "adds", "setup_methods", "training_methods",
    "inference_methods", "detaches", "reshapes", "plain_parts", "norm_parts", "weight_names",
    "part_names", "named_walks", "parts_in_order", "recomputes", "identities", "format_words",
    "device_arguments", "empty_devices", "script_methods", "script_contexts", "inspectors",
    "inspecting_methods", "makes_by_name", "name_arguments", "square_roots", "means", "squares",
    "powers", "inverse_roots", "divides", "multiplies", "configuration_classes",
    "same_values",
    "stores_into", "shares_memory", "moves_towards", "scales", "sums", "plain_builders",
    "gives_weights", "takes_weights",
    "array_readers", "same_arrays", "without_statistics", "fills_weights", "variable_savers",
    "graph_optimizers", "update_collections", "runs_updates", "updates_arguments", "sessions",
    "session_methods", "groups", "graph_paths",
    "statistics_collections", "stateful_makers", "stateless_makers", "unbiased_variances",
    "gives_buffers", "gives_states", "permutes", "swaps", "dropouts", "keeping_values",
    "training_values", "tracing_switches", "batch_loaders", "batch_size_arguments",
    "shuffle_arguments", "drop_arguments", "splits", "counts_all", "counts_elements",
    "newest_only", "changes_training", "sync_converters", "single_process_wrappers",
    "synchronising_wrappers", "buffer_arguments", "halves", "compilers", "mutable_arguments",
    "aux_arguments", "dependency_scopes", "variable_arguments", "estimator_arguments",
    "variances_called_std", "strict_arguments", "waking_drivers", "splits_by_number",
    "axis_arguments", "collate_arguments", "inference_values", "variable_averages",
    "averaging_methods", "restoring_methods", "all_variables", "synchronised_layers",
    "synchronising_arguments", "type_arguments", "half_types", "plain_attributes",
)  # fmt: skip

_VERSIONS: dict[str, f.Check] = {"module": f.text, "at_least": f.version, "below": f.version}

_RELEASES = f.records(f.record({**_VERSIONS, "or_with": f.text}, required=("module",)))

_FRAMEWORK = f.record(
    {
        "name": f.text,
        "title": f.text,
        "ecosystem": f.text,
        "imports": f.names,
        "roots": f.mapping(f.names),
        "reference": f.text,
        "checked": f.text,
        "known_for": f.one_of("new-weight", "old-weight"),
        "worker": f.text,
        "shorthand": f.mapping(f.text),
        "kept_defaults": f.texts,
        "names": f.one_of("attributes", "layers"),
        "reference_only": f.flag,
        "aliases": f.texts,
        "neighbours_from": f.record(_VERSIONS, required=("module",)),
        "distributions": f.mapping(f.texts),
    },
    required=("name", "title", "ecosystem", "imports", "reference", "checked"),
)

_SWITCH = f.records(f.record({"method": f.text, "argument": f.flag}, required=("method",)))

_FREEZE = f.record(
    {
        "kind": f.one_of("attribute", "method"), "name": f.text, "value": f.flag,
        "statistics": f.flag,
    },
    required=("kind", "name", "value"),
)  # fmt: skip

_IGNORED = f.record(
    {"name": f.text, "value": f.flag, "of": f.one_of("layer", "weight"), "instead": f.text},
    required=("name", "value", "of"),
)

_MODES = f.record(
    {
        "switch": f.one_of("object", "call-argument", "argument", "global"),
        "initial": f.one_of("training", "inference", "required"),
        "attribute": f.text,
        "to_inference": _SWITCH,
        "to_training": _SWITCH,
        "gradient_free": f.names,
        "tapes": f.names,
        "argument": f.text,
        "inference_argument": f.text,
        "phase_setters": f.names,
        "freezes": f.records(_FREEZE),
        "ignored": f.records(_IGNORED),
        "forwards": f.flag,
        "drops_lists": f.flag,
    },
    required=("switch", "initial"),
)

_PORTING = f.record(
    {
        "title": f.text,
        "words": f.texts,
        "short": f.texts,
        "statistics": f.texts,
        "shared_statistics": f.texts,
        "reads": f.texts,
        "fills": f.texts,
        "exports": f.texts,
        "pads": f.texts,
        "published": f.texts,
        "addresses": f.texts,
        "vetoes": f.flag,
    }
)

_VOCABULARY = f.record(dict.fromkeys(VOCABULARY, f.names))

_STATE = f.record(
    {
        "trainable": f.texts,
        "statistics": f.texts,
        "affine": f.texts,
        "counter": f.texts,
        "other": f.texts,
    },
    required=("trainable", "statistics"),
)


_INITIAL = f.record({"mean": f.initial, "variance": f.initial})


def _when(**changed: f.Check) -> f.Check:
    """Return a check for rows that say what an argument with a certain value changes."""
    return f.records(
        f.record({"argument": f.text, "value": f.literal, **changed}, ("argument", "value"))
    )


_STATISTICS = f.record(
    {
        "argument": f.text,
        "always_batch": f.literal,
        "always_running": f.flag,
        "updates_in_inference": f.flag,
        "drops_statistics": f.flag,
    },
    required=("argument",),
)

API_FIELDS: dict[str, f.Check] = {
    "id": f.text,
    "aliases": f.names,
    "bases": f.names,
    "kind": f.one_of(*KINDS),
    "signature": f.signature,
    "call_signature": f.signature,
    "extra_keywords": f.texts,
    "roles": f.mapping(f.text, ROLES),
    "convention": f.one_of(*CONVENTIONS),
    "estimator": f.by_rank(f.one_of(*ESTIMATORS)),
    "estimator_when": f.records(
        f.record(
            {"argument": f.text, "value": f.literal, "estimator": f.one_of(*ESTIMATORS)},
            required=("argument", "estimator"),
        )
    ),
    "estimator_elsewhere": f.record(
        {"axes": f.axes, "estimator": f.one_of(*ESTIMATORS)}, required=("axes", "estimator")
    ),
    "normalises_with": f.one_of(*ESTIMATORS),
    "default_mode": f.one_of(*DEFAULT_MODES),
    "mode_switch": f.one_of(*MODE_SWITCHES),
    "channel_axis": f.axis,
    "data_formats": f.mapping(f.axis),
    "ranks": f.ranks,
    "momentum_none": f.one_of(*MOMENTUM_NONE),
    "momentum_none_how": f.text,
    "statistics": _STATISTICS,
    "running_update": f.one_of(*RUNNING_UPDATES),
    "training_statistics": f.one_of(*TRAINING_STATISTICS),
    "training_statistics_when": _when(
        training_statistics=f.one_of(*TRAINING_STATISTICS),
        running_update=f.one_of(*RUNNING_UPDATES),
        initial_statistics=_INITIAL,
    ),
    "single_value": f.one_of(*SINGLE_VALUES),
    "variance_formula": f.one_of(*VARIANCE_FORMULAS),
    "variance_formula_when": _when(variance_formula=f.one_of(*VARIANCE_FORMULAS)),
    "initial_statistics": _INITIAL,
    "eps_at_most": f.number,
    "attributes": f.mapping(f.text, ("eps", "momentum")),
    "state": _STATE,
    "saved_order": f.texts,
    "parameters": f.record(
        {"trainable": f.count, "counted": f.count, "stored": f.count},
        required=("trainable", "counted"),
    ),
    "versions": f.text,
    "installed": f.records(f.record({"path": f.text, **_VERSIONS}, required=("path",))),
    "releases": _RELEASES,
    "only_declared": f.flag,
    "refuses": _when(),
    "plain": f.mapping(f.literal),
    "inert": f.texts,
    "affine_off": f.one_of(*AFFINE_OFF),
    "read": f.texts,
    "notes": f.texts,
}

_API_REQUIRED = (
    "id", "aliases", "kind", "signature", "roles", "convention", "estimator", "normalises_with",
    "default_mode", "mode_switch", "channel_axis", "ranks", "momentum_none", "state",
    "parameters", "read",
)  # fmt: skip

API = f.record(API_FIELDS, required=_API_REQUIRED)

NEIGHBOUR = f.record(
    {
        "aliases": f.names,
        "kind": f.one_of(*NEIGHBOUR_KINDS),
        "signature": f.signature,
        "roles": f.mapping(f.text, NEIGHBOUR_ROLES),
        "rank": f.whole,
        "channel_axis": f.axis,
        "data_formats": f.mapping(f.axis),
        "transposed": f.flag,
        "padding_modes": f.mapping(f.one_of(*PADDING_MODES)),
        "bias_off": f.one_of(*BIAS_OFF),
    },
    required=("aliases", "kind", "signature", "roles"),
)

NORM_FIELDS: dict[str, f.Check] = {
    "id": f.text,
    "aliases": f.names,
    "norm": f.one_of(*NORMS),
    "kind": f.one_of(*KINDS),
    "signature": f.signature,
    "roles": f.mapping(f.text, ROLES),
    "reference": f.flag,
    "convention": f.one_of(*CONVENTIONS),
    "statistics": _STATISTICS,
    "tracked": f.texts,
    "estimator": f.one_of(*ESTIMATORS),
    "default_mode": f.one_of(*DEFAULT_MODES),
    "mode_switch": f.one_of(*MODE_SWITCHES),
    "momentum_none": f.one_of(*MOMENTUM_NONE),
    "eps_none": f.number,
    "eps_fixed": f.number,
    "usual_eps": f.numbers,
    "place": f.one_of(*PLACES),
    "reduces": f.one_of(*REDUCES),
    "channel_axis": f.axis,
    "data_formats": f.mapping(f.axis),
    "learned": f.one_of(*LEARNED),
    "grouping": f.one_of(*GROUPINGS),
    "grouping_when": _when(grouping=f.one_of(*GROUPINGS)),
    "weight_offset": f.number,
    "least_axis": f.whole,
    "window": f.one_of(*WINDOWS),
    "alpha_divided": f.flag,
    "switched": f.one_of("apart", "together"),
    "shape_as": f.one_of("any", "tuple"),
    "needed": f.texts,
    "eps_at_most": f.number,
    "plain": f.mapping(f.literal),
    "inert": f.texts,
    "ranks": f.ranks,
    "trainable": f.texts,
    "read": f.texts,
    "notes": f.texts,
}

NORM = f.record(
    NORM_FIELDS,
    required=("id", "aliases", "norm", "kind", "signature", "roles", "read"),
)

MAKER = f.record(
    {
        "aliases": f.names,
        "signature": f.signature,
        "chooses": f.text,
        "key": f.text,
        "gives": f.one_of(*GIVES),
        "layers": f.mapping(f.text),
        "roles": f.mapping(f.text, ROLES),
    },
    required=("aliases", "signature", "chooses", "gives", "layers"),
)

TABLE = f.record(
    {
        "framework": _FRAMEWORK,
        "modes": _MODES,
        "vocabulary": _VOCABULARY,
        "porting": _PORTING,
        "configurations": f.mapping(f.mapping(f.mapping(f.number))),
        "api": f.entries,
        "neighbour": f.entries,
        "maker": f.entries,
        "norm": f.entries,
    },
    required=("framework", "modes", "vocabulary", "api"),
)
