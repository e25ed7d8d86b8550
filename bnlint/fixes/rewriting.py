"""What fixers build calls with: LibCST nodes of a call, its arguments and the space between.

A call is written as its author writes calls: one argument to a line where arguments stand so, with
a comma after the last where there was one, with spaces around ``=`` where there are some. Comments
stay with what they stand beside.
"""

from __future__ import annotations

from collections.abc import Sequence

import libcst as cst

_NEWLINES = ("\n", "\r\n", "\r")


class Refused(Exception):  # the answer to a request, not an error
    """A change that cannot be written here; the message says why."""


def parse_call(text: str) -> cst.Call:
    """Return the call that ``text`` is.

    Raises:
        Refused: the text is no call.
    """
    for candidate in (text, f"({text})"):
        try:
            node = cst.parse_expression(candidate)
        except Exception:  # noqa: S112  # not an expression: tried in parentheses, then refused
            continue
        if isinstance(node, cst.Call):
            return node
    raise Refused("the text there is no call that LibCST can read")


def parse_value(text: str) -> cst.BaseExpression:
    """Return the expression that ``text`` is.

    Raises:
        Refused: the text is no expression.
    """
    try:
        return cst.parse_expression(text)
    except Exception:
        raise Refused(f"{text!r} is no expression") from None


def code(before: cst.Call, after: cst.Call, text: str) -> str:
    """Return the code of ``after``, which was made of ``before``, the call that ``text`` is.

    Raises:
        Refused: the text cannot be written back as it stands.
    """
    for newline in _NEWLINES:
        module = cst.Module([], default_newline=newline)
        whole = module.code_for_node(before)
        if whole == text:
            return module.code_for_node(after)
        if whole == f"({text})":  # line breaks that parentheses further out allow
            return module.code_for_node(after)[1:-1]
    raise Refused("the line ends of the call are mixed")


def keyword_index(call: cst.Call, name: str) -> int | None:
    """Return the place of the keyword argument ``name`` among the arguments of ``call``."""
    for index, argument in enumerate(call.args):
        if argument.keyword is not None and argument.keyword.value == name:
            return index
    return None


def replace_argument(call: cst.Call, index: int, argument: cst.Arg) -> cst.Call:
    """Return ``call`` with ``argument`` in the place of the one at ``index``."""
    return call.with_changes(args=[*call.args[:index], argument, *call.args[index + 1 :]])


def with_value(argument: cst.Arg, value: cst.BaseExpression) -> cst.Arg:
    """Return ``argument`` with another value.

    Raises:
        Refused: a comment stands inside the present value.
    """
    if comments(argument.value):
        raise Refused("a comment stands inside the value")
    return argument.with_changes(value=value)


def as_keyword(
    call: cst.Call, argument: cst.Arg, name: str, value: cst.BaseExpression | None = None
) -> cst.Arg:
    """Return the positional ``argument`` of ``call`` as the keyword ``name``.

    Raises:
        Refused: it is a splatted argument, or a comment stands inside a value to be replaced.
    """
    if argument.star:
        raise Refused("the arguments are splatted")
    if value is not None:
        argument = with_value(argument, value)
    return argument.with_changes(keyword=cst.Name(name), equal=_equal(call))


def add_keyword(call: cst.Call, name: str, value: cst.BaseExpression) -> cst.Call:
    """Return ``call`` with the keyword argument ``name=value`` after its last, before ``**``.

    Raises:
        Refused: the only argument is a generator without parentheses of its own.
    """
    args = list(call.args)
    if len(args) == 1 and isinstance(args[0].value, cst.GeneratorExp) and not args[0].value.lpar:
        raise Refused("a generator without parentheses takes no argument beside it")
    new = cst.Arg(value, keyword=cst.Name(name), equal=_equal(call))
    place = len(args)
    while place > 0 and args[place - 1].star == "**":
        place -= 1
    if not args:
        return _with_only(call, new)
    if place < len(args):  # before the first **: the separator in front of that is repeated
        if place > 0:
            before, after = _parted(args[place - 1].comma)
            args[place - 1] = args[place - 1].with_changes(comma=before)
            new = new.with_changes(comma=after)
        else:
            new = new.with_changes(comma=_comma(_separator(call)))
        return call.with_changes(args=[*args[:place], new, *args[place:]])
    last = args[-1]
    between = _separator(call)
    if isinstance(last.comma, cst.Comma):
        end = last.comma.whitespace_after
        if isinstance(end, cst.ParenthesizedWhitespace):
            new = new.with_changes(comma=_comma(_bare(end)))
            between = _continued(end, between)
        else:
            new = new.with_changes(comma=_comma(end))
        args[-1] = last.with_changes(comma=last.comma.with_changes(whitespace_after=between))
    else:
        end = last.whitespace_after_arg
        if isinstance(end, cst.ParenthesizedWhitespace):
            new = new.with_changes(whitespace_after_arg=_bare(end))
            between = _continued(end, between)
        else:
            new = new.with_changes(whitespace_after_arg=end)
        last = last.with_changes(whitespace_after_arg=cst.SimpleWhitespace(""))
        args[-1] = last.with_changes(comma=_comma(between))
    return call.with_changes(args=[*args, new])


def remove_argument(call: cst.Call, index: int) -> cst.Call:
    """Return ``call`` without the argument at ``index``; comments beside it stay.

    Raises:
        Refused: a comment stands inside the argument itself.
    """
    args = list(call.args)
    gone = args.pop(index)
    if comments(gone.value):
        raise Refused("a comment stands inside the argument")
    after = _after(gone)
    if index < len(args):  # what separated it from the next now separates its neighbours
        if index == 0:
            before = _joined(call.whitespace_before_args, after)
            return call.with_changes(args=args, whitespace_before_args=before)
        previous = args[index - 1]
        args[index - 1] = previous.with_changes(comma=_comma(_joined(_after(previous), after)))
        return call.with_changes(args=args)
    if not args:
        before = _joined(call.whitespace_before_args, after)
        return call.with_changes(args=[], whitespace_before_args=before)
    previous = args[-1]
    end = _joined(_after(previous), after)
    if not comments(end) and not comments(_after(previous)):
        end = after
    if isinstance(gone.comma, cst.Comma):
        args[-1] = previous.with_changes(comma=gone.comma.with_changes(whitespace_after=end))
    else:
        args[-1] = previous.with_changes(comma=cst.MaybeSentinel.DEFAULT, whitespace_after_arg=end)
    return call.with_changes(args=args)


def comments(node: cst.CSTNode) -> list[str]:
    """Return the comments inside ``node``, in order."""
    found: list[str] = []

    class Collector(cst.CSTVisitor):
        def visit_Comment(self, node: cst.Comment) -> None:  # noqa: N802  # LibCST's name
            found.append(node.value)

    node.visit(Collector())
    return found


def _equal(call: cst.Call) -> cst.AssignEqual:
    """Return the ``=`` as the keywords of ``call`` have it; without spaces if there are none."""
    for argument in reversed(call.args):
        if isinstance(argument.equal, cst.AssignEqual) and not comments(argument.equal):
            return argument.equal
    nothing = cst.SimpleWhitespace("")
    return cst.AssignEqual(whitespace_before=nothing, whitespace_after=nothing)


def _comma(after: cst.BaseParenthesizableWhitespace) -> cst.Comma:
    return cst.Comma(whitespace_after=after)


def _with_only(call: cst.Call, argument: cst.Arg) -> cst.Call:
    """Return ``call``, which has no arguments, with one, and with the comments it has."""
    inside = call.whitespace_before_args
    if not isinstance(inside, cst.ParenthesizedWhitespace):
        return call.with_changes(args=[argument], whitespace_before_args=cst.SimpleWhitespace(""))
    own = [line for line in inside.empty_lines if line.comment is not None]
    indent = own[-1].whitespace.value if own else f"{inside.last_line.value}{' ' * 4}"
    before = inside.with_changes(last_line=cst.SimpleWhitespace(indent))
    argument = argument.with_changes(whitespace_after_arg=_bare(inside))
    return call.with_changes(args=[argument], whitespace_before_args=before)


def _parted(comma: cst.Comma | cst.MaybeSentinel) -> tuple[cst.Comma, cst.Comma]:
    """Return the two commas around what comes into the place of ``comma``.

    A comment behind the comma stays there, those on the lines after it stay before what follows.
    """
    if not isinstance(comma, cst.Comma):
        return (_comma(cst.SimpleWhitespace(" ")),) * 2
    after = comma.whitespace_after
    if not isinstance(after, cst.ParenthesizedWhitespace):
        return comma, _comma(after)
    bare = _bare(after)
    return (
        comma.with_changes(whitespace_after=bare.with_changes(first_line=after.first_line)),
        _comma(bare.with_changes(empty_lines=after.empty_lines)),
    )


def _bare(space: cst.ParenthesizedWhitespace) -> cst.ParenthesizedWhitespace:
    """Return a line break like ``space``, without comments and empty lines."""
    first = cst.TrailingWhitespace(newline=space.first_line.newline)
    return space.with_changes(first_line=first, empty_lines=[])


def _separator(call: cst.Call) -> cst.BaseParenthesizableWhitespace:
    """Return the white space between the arguments of ``call``, judged by its last two."""
    for argument in reversed(call.args[:-1]):
        if isinstance(argument.comma, cst.Comma):
            after = argument.comma.whitespace_after
            if isinstance(after, cst.ParenthesizedWhitespace):
                return _bare(after)
            break
    else:
        before = call.whitespace_before_args
        if isinstance(before, cst.ParenthesizedWhitespace):
            return _bare(before)
    return cst.SimpleWhitespace(" ")


def _continued(
    end: cst.ParenthesizedWhitespace, between: cst.BaseParenthesizableWhitespace
) -> cst.BaseParenthesizableWhitespace:
    """Return ``between`` with the comments of ``end``, which stood after the last argument."""
    if not isinstance(between, cst.ParenthesizedWhitespace):
        if not comments(end):
            return between
        indent = end.last_line.value + " " * 4
        between = _bare(end).with_changes(last_line=cst.SimpleWhitespace(indent))
    return between.with_changes(first_line=end.first_line, empty_lines=end.empty_lines)


def _after(argument: cst.Arg) -> cst.BaseParenthesizableWhitespace:
    """Return the white space between an argument and what follows it and its comma."""
    before_comma = argument.whitespace_after_arg
    if not isinstance(argument.comma, cst.Comma):
        return before_comma
    if comments(before_comma) or comments(argument.comma.whitespace_before):
        raise Refused("a comment stands between an argument and its comma")
    return argument.comma.whitespace_after


def _joined(
    before: cst.BaseParenthesizableWhitespace, after: cst.BaseParenthesizableWhitespace
) -> cst.BaseParenthesizableWhitespace:
    """Return the white space in the place of an argument between ``before`` and ``after``."""
    if not isinstance(after, cst.ParenthesizedWhitespace):
        return before
    if not isinstance(before, cst.ParenthesizedWhitespace):
        return after
    lines: Sequence[cst.EmptyLine] = before.empty_lines
    if after.first_line.comment is not None:  # it stood on the line of the argument
        own = cst.EmptyLine(
            indent=before.indent,
            whitespace=before.last_line,
            comment=after.first_line.comment,
            newline=after.first_line.newline,
        )
        lines = [*lines, own]
    return after.with_changes(
        first_line=before.first_line, empty_lines=[*lines, *after.empty_lines]
    )


__all__: Sequence[str] = [
    "Refused",
    "add_keyword",
    "as_keyword",
    "code",
    "comments",
    "keyword_index",
    "parse_call",
    "parse_value",
    "remove_argument",
    "replace_argument",
    "with_value",
]
