"""Framework tables as records: what an API is and what it means. Plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bnlint.startup.typed import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from typing import Any, Literal

    # What a fact may be, so that type checkers find a comparison with what it never is.
    ParameterKind = Literal["positional", "keyword", "extra"]
    Switch = Literal["object", "call-argument", "argument", "global", "none", "unknown"]
    ApiKind = Literal["layer", "function", "functional"]
    Convention = Literal["new-weight", "old-weight", "none", "unknown"]

#: What a table says where nobody has measured or read the fact.
UNKNOWN = "unknown"

#: What running statistics start at that are those of the batch a layer is initialised with.
FIRST_BATCH = "first-batch"


class TableError(Exception):
    """A framework table breaks the format. The message names the file and the key.

    It is no :class:`ValueError`, which a file that cannot be parsed raises too.
    """


class SourceText(NamedTuple):
    """A default that is not a literal, as source text (``mindspore.float32``)."""

    text: str


class Parameter(NamedTuple):
    """One parameter of a signature; ``default`` is a literal or a :class:`SourceText`."""

    name: str
    kind: ParameterKind  # extra: **kwargs
    required: bool
    default: object


class Freeze(NamedTuple):
    """One way to keep weights from being trained: an attribute, or a method, given ``value``.

    ``name`` is that of the attribute or method; ``statistics`` tells whether running statistics
    stand still too.
    """

    kind: str  # attribute or method
    name: str
    value: bool
    statistics: bool = False


class Ignored(NamedTuple):
    """An attribute that freezes in another framework, and that this one never reads.

    It is set to ``value``, of a ``layer`` or a ``weight`` (``of``). ``instead`` is the attribute,
    or the call of a method, that does what was meant; empty where there is none.
    """

    name: str
    value: bool
    of: str
    instead: str = ""


class Modes(NamedTuple):
    """How a framework switches between training and inference.

    ``to_inference`` and ``to_training`` hold pairs of a method name and the literal argument it
    must be given (``None``: no argument). ``argument`` is what a call is given to train, and
    ``inference_argument`` what it is given to infer; either may be empty. ``freezes`` is what
    keeps weights from being trained, and ``ignored`` what only seems to. With ``forwards``, layers
    that are called in a layer get the mode that it was called in; with ``drops_lists``, a layer
    does not find those that it keeps in plain containers.
    """

    switch: Switch
    initial: str
    attribute: str
    to_inference: tuple[tuple[str, bool | None], ...]
    to_training: tuple[tuple[str, bool | None], ...]
    argument: str
    freezes: tuple[Freeze, ...] = ()
    inference_argument: str = ""
    ignored: tuple[Ignored, ...] = ()
    forwards: bool = False
    drops_lists: bool = False


class Framework(NamedTuple):
    """One table's head. ``name`` is the family: the word for ``--from`` and in messages.

    ``worker`` names the worker script that can run the framework, empty where there is none.
    ``neighbours_from`` says which release the signatures of neighbouring layers are from.
    ``shorthand`` maps the names that people import packages under to the packages. Models written
    in the framework mostly leave the settings in ``kept_defaults`` at their default. ``names`` says
    what a layer is called by: ``attributes``, ``layers`` (its own name), empty where nobody said.
    ``distributions`` has for packages with several releases in the tables the names under which
    projects require them.
    """

    name: str
    title: str
    ecosystem: str
    imports: tuple[str, ...]
    reference: str
    checked: str
    modes: Modes
    worker: str = ""
    neighbours_from: Mapping[str, str] = {}
    shorthand: Mapping[str, str] = {}
    kept_defaults: tuple[str, ...] = ("eps",)
    names: str = ""
    distributions: Mapping[str, Sequence[str]] = {}


#: The kind of normalisation that is looked for first; :data:`NORM_NAMES` has the others.
BATCH = "batch"

#: What each kind of normalisation is called in words.
NORM_NAMES: Mapping[str, str] = {
    BATCH: "batch normalisation",
    "layer": "layer normalisation",
    "group": "group normalisation",
    "instance": "instance normalisation",
    "rms": "RMS normalisation",
    "local": "local response normalisation",
}


#: The roles of arrays that layers hold, and that functions are given.
ARRAYS = ("weight", "bias", "running_mean", "running_var")


class Api(NamedTuple):
    """One class, function or op that normalises, and what it means.

    ``roles`` maps a role (``eps``, ``momentum``, ``axis`` ...) to the parameter that plays it;
    a role that no parameter plays is absent. Fields nobody measured or read are ``"unknown"``.
    Shapes are counted per channel: ``parameters`` has strings such as ``2C``. ``bases`` are the
    import paths of classes that an ``isinstance`` test for this layer may name instead of an
    alias. ``releases`` says in which releases of a package its paths mean this API; an API that is
    ``only_declared`` is so old that nobody means it who does not say so. A call that gives an
    argument a value among ``refuses`` is an error there, and thus means another release.
    ``installed`` says where to look for the API in an installed framework; with the
    arguments in ``plain`` it normalises and does nothing else. What a training step computes,
    argument by argument, is in the fields after these; docs/frameworks.md defines their words.

    ``norm`` is the kind of normalisation. Of other kinds than that of batches less is known, and
    beside it what an eps of ``None`` stands for (``eps_none``), an eps that no argument sets
    (``eps_fixed``), what models often set it to (``usual_eps``), whether it stands inside the root
    (``place``), what is normalised together (``reduces``, ``grouping``), of what the learned arrays
    are (``learned``), how the scale is used (``weight_offset``), whether both can be switched off
    ``apart`` (``switched``), whether a shape of one size is to be a tuple (``shape_as``), and which
    arguments are needed for all that they have a default (``needed``). Local response normalisation
    divides by a power of ``k + a * sum``, a sum of squares over some channels: ``window`` says how
    many they are by the size, and ``a`` is alpha, divided by the size or not (``alpha_divided``).
    An axis below ``least_axis`` is refused.

    The last fields are those of a wrapper that a project declares, or of a class of its own that
    computes batch normalisation itself, which has no aliases: the id of the API it is
    ``like``, the parameters whose default is ``declared``, and what parameters that it calls by
    names of its own (``own_names``) are called there.
    """

    id: str
    framework: Framework
    aliases: tuple[str, ...]
    kind: ApiKind
    signature: tuple[Parameter, ...]
    call_signature: tuple[Parameter, ...]
    extra_keywords: frozenset[str]
    roles: Mapping[str, str]
    convention: Convention
    estimator: str | Mapping[str, str]
    estimator_when: tuple[Mapping[str, Any], ...]
    normalises_with: str
    default_mode: str
    mode_switch: Switch
    channel_axis: int | str
    data_formats: Mapping[str, int | str]
    ranks: tuple[int, ...] | str
    momentum_none: str
    momentum_none_how: str
    statistics: Mapping[str, Any]
    state: Mapping[str, tuple[str, ...]]
    saved_order: tuple[str, ...]
    parameters: Mapping[str, str]
    versions: str
    read: frozenset[str]
    notes: tuple[str, ...]
    bases: tuple[str, ...] = ()
    installed: tuple[Mapping[str, str], ...] = ()
    plain: Mapping[str, Any] = {}
    running_update: str = "ema"
    training_statistics: str = "batch"
    training_statistics_when: tuple[Mapping[str, Any], ...] = ()
    single_value: str = UNKNOWN
    variance_formula: str = UNKNOWN
    variance_formula_when: tuple[Mapping[str, Any], ...] = ()
    initial_statistics: Mapping[str, float | str] = {}
    inert: frozenset[str] = frozenset()
    affine_off: str = "absent"
    estimator_elsewhere: Mapping[str, Any] = {}
    eps_at_most: float | None = None
    attributes: Mapping[str, str] | None = None
    releases: tuple[Mapping[str, str], ...] = ()
    only_declared: bool = False
    refuses: tuple[Mapping[str, Any], ...] = ()
    like: str = ""
    declared: frozenset[str] = frozenset()
    own_names: Mapping[str, str] = {}
    norm: str = BATCH
    eps_none: float | None = None
    eps_fixed: float | None = None
    usual_eps: tuple[float, ...] = ()
    place: str = "inside"
    reduces: str = UNKNOWN
    learned: str = "channels"
    grouping: str = "contiguous"
    grouping_when: tuple[Mapping[str, Any], ...] = ()
    weight_offset: float = 0.0
    switched: str = "apart"
    shape_as: str = "any"
    needed: frozenset[str] = frozenset()
    window: str = ""
    least_axis: int | None = None
    alpha_divided: bool = False

    @property
    def short_name(self) -> str:
        """The last component of the id, as a user would call it: ``BatchNorm2d``."""
        return self.id.rpartition(".")[2]

    @property
    def by_hand(self) -> bool:
        """Whether it is a class of a project that computes batch normalisation itself."""
        return bool(self.like) and not self.aliases

    @property
    def in_tables(self) -> str:
        """The id of the table's entry: of a declared wrapper, that of the API it is like."""
        return self.like or self.id

    @property
    def takes_arrays(self) -> bool:
        """Whether its call is given the arrays that a layer would hold: weights, statistics."""
        return self.kind == "functional" and not self.roles.keys().isdisjoint(ARRAYS)

    def name_in_tables(self, name: str) -> str:
        """Return what the table's entry calls the parameter ``name``."""
        return self.own_names.get(name, name)

    def attribute(self, role: str) -> str:
        """Return the attribute of a layer that holds the argument in ``role``, if one does."""
        names = self.roles if self.attributes is None else self.attributes
        return names.get(role, "") if self.kind == "layer" else ""

    def parameter(self, name: str) -> Parameter | None:
        """Return the constructor's (or function's) parameter called ``name``, if it has one."""
        for parameter in self.signature:
            if parameter.name == name and parameter.kind != "extra":
                return parameter
        return None

    @property
    def default_eps(self) -> float | None:
        """The eps of a layer to which none is given, ``None`` if that is no number."""
        parameter = self.parameter(self.roles.get("eps", ""))
        default = parameter.default if parameter is not None and not parameter.required else None
        return float(default) if isinstance(default, (int, float)) else None

    def default(self, role: str) -> object:
        """Return the literal default of the parameter in ``role``.

        Raises:
            KeyError: no parameter plays the role, or it has no literal default.
        """
        parameter = self.parameter(self.roles[role])
        if parameter is None or parameter.required or isinstance(parameter.default, SourceText):
            raise KeyError(role)
        return parameter.default

    def estimator_at(self, rank: int) -> str:
        """Return the estimator of the running variance for inputs of ``rank``."""
        if isinstance(self.estimator, str):
            return self.estimator
        return self.estimator.get(str(rank), UNKNOWN)

    def leaves_on(self, role: str, value: object) -> bool | None:
        """Return whether ``value``, given for ``role``, leaves gamma or beta there.

        ``role`` is ``affine``, ``scale`` or ``center``. An argument that is ``None`` by default
        takes other settings too, and only false leaves a parameter out. ``None`` if ``value``
        does not say.
        """
        if isinstance(value, bool):
            return value
        parameter = self.parameter(self.roles[role])
        optional = parameter is not None and not parameter.required and parameter.default is None
        return True if optional else None

    def accepts(self, keyword: str) -> bool:
        """Tell whether the constructor or function takes ``keyword`` as a keyword argument."""
        return self.parameter(keyword) is not None or keyword in self.extra_keywords

    def decay(self, momentum: float) -> float | None:
        """Return the weight of the old running value, or ``None`` if the API has no convention."""
        if self.convention == "new-weight":
            return 1.0 - momentum
        if self.convention == "old-weight":
            return momentum
        return None


class Neighbour(NamedTuple):
    """A layer that stands next to batch normalisation and decides its layout or its numbers.

    ``rank`` is that of the tensor it gives, 0 where that follows from its input.
    ``channel_axis`` is where its channels are unless a data format says otherwise;
    ``data_formats`` maps the values of its data format argument to a channel axis. A convolution
    may be ``transposed``; ``padding_modes`` says what words for its padding mean, ``bias_off``
    which value of its bias argument means that it has none: ``false`` or ``none``.
    """

    aliases: tuple[str, ...]
    framework: Framework
    kind: str
    signature: tuple[Parameter, ...]
    roles: Mapping[str, str]
    rank: int
    channel_axis: int | str = UNKNOWN
    data_formats: Mapping[str, int | str] = {}
    transposed: bool = False
    padding_modes: Mapping[str, str] = {}
    bias_off: str = "false"


class Maker(NamedTuple):
    """A function that makes the layer whose name it is given, or gives its class.

    The parameter ``chooses`` takes the name, or a dictionary that has it under ``key`` and
    arguments of the layer beside it. ``layers`` maps names to the ids of APIs. ``roles`` says which
    parameters are passed on, and as what; keywords of other names go to the layer. A maker has no
    defaults of its own beside those of the layers.
    """

    aliases: tuple[str, ...]
    framework: Framework
    signature: tuple[Parameter, ...]
    chooses: str
    gives: str
    layers: Mapping[str, str]
    key: str = ""
    roles: Mapping[str, str] = {}


class Wrapper(NamedTuple):
    """What a project declares the class or function at the import path ``path`` to be.

    ``like`` names a known API. ``settings`` pairs arguments of that API with the defaults that
    the wrapper has for them, ``parameters`` arguments of that API with the wrapper's names.
    ``positional`` are those arguments of that API, by its names, that the wrapper takes by place,
    in this order; ``None``: those that the API does.
    """

    path: str
    like: str
    settings: tuple[tuple[str, object], ...] = ()
    parameters: tuple[tuple[str, str], ...] = ()
    positional: tuple[str, ...] | None = None

    @property
    def name(self) -> str:
        """The last component of the path."""
        return self.path.rpartition(".")[2]
