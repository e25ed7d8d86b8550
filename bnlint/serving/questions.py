"""What an editor asks about a place: what a layer means, and what can be done."""

from __future__ import annotations

from collections.abc import Sequence

from lsprotocol import types

from bnlint.config.options import ConfigError
from bnlint.engine.facts import Facts
from bnlint.engine.locating import Places
from bnlint.files.documents import Document
from bnlint.files.source import Lines
from bnlint.serving import layers, offers, protocol
from bnlint.serving.offers import Offer
from bnlint.serving.positions import Place
from bnlint.serving.protocol import Shown
from bnlint.serving.session import Session
from bnlint.serving.workspace import Workspace

#: The kinds of code actions. What is unsafe is none that editors make by themselves on saving.
FIX_ALL = "source.fixAll.bnlint"
TRANSLATE = "refactor.rewrite.bnlint"

_KINDS = {
    offers.FIX: str(types.CodeActionKind.QuickFix.value),
    offers.SUPPRESS: str(types.CodeActionKind.QuickFix.value),
    offers.FIX_ALL: FIX_ALL,
    offers.TRANSLATE: TRANSLATE,
}


async def hover(session: Session, params: types.HoverParams) -> types.Hover | None:
    """Return what is known of the layer at a place."""
    uri, place = params.text_document.uri, _place(params.position)
    shown = await session.current(session.documents.owner(uri))
    if shown is None:
        return None
    path = session.documents.paths[session.documents.owner(uri)]

    def ask(workspace: Workspace) -> types.Hover | None:
        facts = _facts(workspace, path)
        offset = _offset(shown, uri, place) if facts is not None else None
        if facts is None or offset is None:
            return None
        found = layers.hover(facts, offset, workspace.options(path))
        if found is None:
            return None
        text = types.MarkupContent(types.MarkupKind.Markdown, found.text)
        return types.Hover(text)

    return await session.work(ask)


async def hints(session: Session, params: types.InlayHintParams) -> list[types.InlayHint]:
    """Return the decay of the layers in a range, to be shown behind their calls."""
    uri = params.text_document.uri
    owner = session.documents.owner(uri)
    shown = await session.current(owner) if session.settings.inlay_hints else None
    if shown is None:
        return []
    path = session.documents.paths[owner]

    def ask(workspace: Workspace) -> list[types.InlayHint]:
        facts = _facts(workspace, path)
        if facts is None:
            return []
        places = Places(shown.result.path, facts.module.text, shown.result.document)
        found: list[types.InlayHint] = []
        for hint in layers.hints(facts):
            cell, row, column = places.place(*facts.module.lines.place(hint.offset))
            part = shown.parts.get(cell)
            if part is None or part.uri != uri:
                continue
            at = types.Position(*part.positions.at(row, column))
            if params.range.start.line <= at.line <= params.range.end.line:
                found.append(types.InlayHint(at, hint.text, tooltip=hint.why, padding_left=True))
        return found

    return await session.work(ask)


async def actions(session: Session, params: types.CodeActionParams) -> list[types.CodeAction]:
    """Return what can be done about the findings and the layer in a range."""
    uri = params.text_document.uri
    owner = session.documents.owner(uri)
    shown = await session.current(owner)
    if shown is None or not shown.is_whole:
        return []
    path = session.documents.paths[owner]
    start, end = _place(params.range.start), _place(params.range.end)
    only = [str(getattr(kind, "value", kind)) for kind in params.context.only or ()]
    numbers = list(shown.at(uri, start, end))

    def ask(workspace: Workspace) -> list[Offer]:
        found: list[Offer] = []
        if _is_asked(_KINDS[offers.FIX], only):
            found += offers.about([shown.result.findings[i] for i in numbers], shown.result)
        if _is_asked(TRANSLATE, only):
            facts, offset = _facts(workspace, path), _offset(shown, uri, start)
            if facts is not None and offset is not None:
                targets = session.settings.translate_to
                wrappers = workspace.options(path).wrappers
                found += offers.translating(facts, offset, wrappers, targets)
        return found

    made = [_action(session, shown, offer) for offer in await session.work(ask)]
    if _is_asked(FIX_ALL, only) and any(offers.is_safe(f) for f in shown.result.findings):
        action = types.CodeAction("bnlint: make all safe fixes", FIX_ALL, data=owner)
        made.append(action if _resolves(session) else await resolved(session, action))
    return [action for action in made if action is not None]


async def resolved(session: Session, action: types.CodeAction) -> types.CodeAction:
    """Return an action with its edits: all safe fixes of the document that it names."""
    owner = str(action.data)
    shown = await session.current(owner)
    if shown is None or not shown.is_whole:
        return action
    path = session.documents.paths[owner]

    def ask(workspace: Workspace) -> list[Offer]:
        try:
            return list(offers.fixing_all(workspace.check(path, fix=True)))
        except ConfigError:
            return []

    for offer in await session.work(ask):
        whole = _action(session, shown, offer)
        if whole is not None:
            action.edit = whole.edit
    return action


def _action(session: Session, shown: Shown, offer: Offer) -> types.CodeAction | None:
    """Return an offer as an action; ``None`` where it cannot be made here."""
    edits = offers.placed(offer.edits, shown.result)
    edit = protocol.workspace_edit(edits, shown.parts, versioned=_is_versioned(session))
    if edit is None:
        return None
    found = types.CodeAction(offer.title, _KINDS[offer.kind], edit=edit)
    found.is_preferred = offer.preferred or None
    if offer.finding is not None:
        located = shown.findings[shown.result.findings.index(offer.finding)]
        part = shown.parts.get(located.cell)
        if part is not None:
            found.diagnostics = [protocol.diagnostic(located, part, related=False)]
    return found


def _is_asked(kind: str, only: Sequence[str]) -> bool:
    """Tell whether a kind of action is among those that an editor asks for; by default all are."""
    return not only or any(kind == wanted or kind.startswith(f"{wanted}.") for wanted in only)


def _resolves(session: Session) -> bool:
    """Tell whether the client asks for the edits of an action once it is chosen."""
    text = session.server.client_capabilities.text_document
    actions = text.code_action if text is not None else None
    resolves = actions.resolve_support if actions is not None else None
    return resolves is not None and "edit" in resolves.properties


def _is_versioned(session: Session) -> bool:
    """Tell whether the client takes changes of documents at a version."""
    workspace = session.server.client_capabilities.workspace
    edits = workspace.workspace_edit if workspace is not None else None
    return edits is not None and bool(edits.document_changes)


def _facts(workspace: Workspace, path: str) -> Facts | None:
    try:
        return workspace.facts(path)
    except ConfigError:
        return None


def _place(position: types.Position) -> Place:
    return Place(position.line, position.character)


def _offset(shown: Shown, uri: str, place: Place) -> int | None:
    """Return the offset in the program of a document of a place in one of its parts."""
    for number, part in shown.parts.items():
        if part.uri != uri:
            continue
        offset = part.positions.offset(place)
        document = shown.result.document
        if document is None:
            return offset
        row, column = part.positions.lines.place(offset)
        return _in_program(document, Lines(shown.result.text or ""), number, row, column)
    return None


def _in_program(document: Document, program: Lines, cell: int, row: int, column: int) -> int | None:
    """Return the offset in the program of a place of a cell, or of a page."""
    for block in document.blocks:
        within = row if cell else row - block.line
        height = len(block.chunks) if not cell else within
        if block.number == cell and 1 <= within <= height:
            start = program.starts[block.row + within - 2]
            return start + max(column - 1 - block.indent, 0)
    return None
