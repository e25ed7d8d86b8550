"""What every run needs of :mod:`typing`, without importing it: ``NamedTuple`` above all.

Importing ``typing`` takes 2 ms, and building a class with its ``NamedTuple`` 85 microseconds: it
checks each annotation and compiles a constructor. A run on one file builds some ninety such classes
before it reads anything, which together took 10 ms of 60. :class:`NamedTuple` as defined here takes
the names of the fields and nothing else, in 18 microseconds.

What is made is the same: a tuple with named fields, defaults, ``_replace``, ``_asdict`` and
``_make``, equal to and hashed as the plain tuple, and pickled by value. Type checkers are told
that it is the one of ``typing``. The module of a record needs ``from __future__ import
annotations``: annotations are never evaluated.
"""

from __future__ import annotations

#: Type checkers take a constant of this name for true.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from typing import Generic as Generic
    from typing import NamedTuple as NamedTuple
    from typing import Protocol as Protocol
else:
    from collections import _tuplegetter  # what namedtuple makes its fields of

    class Protocol:
        """What an object must offer: read by type checkers only."""

    class Generic:
        """What is made for some types: read by type checkers only."""

        def __class_getitem__(cls, _):
            return cls

    class _Maker(type):
        """Turns a class body with annotated names into a tuple with fields."""

        def __new__(cls, name, bases, body):
            fields = tuple(body.get("__annotations__", ()))
            if not fields:  # NamedTuple itself, or a class derived from a record
                return super().__new__(cls, name, bases, body)
            defaults = {field: body.pop(field) for field in fields if field in body}
            for index, field in enumerate(fields):
                body[field] = _tuplegetter(index, None)
            body["_fields"] = body["__match_args__"] = fields
            body["_field_defaults"] = defaults
            body["_tail"] = tuple(defaults.values())
            body["__slots__"] = ()
            return super().__new__(cls, name, bases, body)

    class NamedTuple(tuple, metaclass=_Maker):
        """A tuple whose fields have the names that are annotated in the class body."""

        __slots__ = ()

        def __new__(cls, *values, **named):
            """Return the record of ``values``, the last ones by name or default."""
            if named:
                values = cls._complete(values, named)
            elif missing := len(cls._fields) - len(values):
                tail = cls._tail
                if not 0 < missing <= len(tail):
                    raise TypeError(f"{cls.__name__} takes {len(cls._fields)} values: {values!r}")
                values += tail[len(tail) - missing :]
            return tuple.__new__(cls, values)

        @classmethod
        def _complete(cls, values, named):
            """Return all values, with those given by name and the defaults.

            Raises:
                TypeError: a value is missing, given twice, or has no field.
            """
            given, defaults = named, cls._field_defaults
            rest = cls._fields[len(values) :]
            try:
                found = [given.pop(f) if f in given else defaults[f] for f in rest]
            except KeyError as missing:
                raise TypeError(f"{cls.__name__}: missing {missing}") from None
            if given or len(values) > len(cls._fields):
                raise TypeError(f"{cls.__name__}: unknown or given twice {list(given)}")
            return (*values, *found)

        @classmethod
        def _make(cls, values):
            return cls(*values)

        def _replace(self, **changes):
            changed = tuple.__new__(type(self), map(changes.pop, self._fields, self))
            if changes:
                raise TypeError(f"{type(self).__name__}: no such field {list(changes)}")
            return changed

        def _asdict(self):
            return dict(zip(self._fields, self, strict=True))

        def __getnewargs__(self):
            return tuple(self)

        def __repr__(self):
            values = ", ".join(f"{k}={v!r}" for k, v in self._asdict().items())
            return f"{type(self).__name__}({values})"
