"""What a language server keeps between messages: open documents, and what was shown of them.

One thread does all the work of bnlint, in the order in which it was asked for. What is typed
meanwhile is taken up before the next piece of work, and only the last of several texts is checked.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from lsprotocol import types
from pygls import uris
from pygls.lsp.server import LanguageServer

from bnlint.config.options import ConfigError, absolute
from bnlint.engine.crashes import crashed
from bnlint.engine.locating import located
from bnlint.engine.result import Result
from bnlint.files.display import current
from bnlint.files.documents import HOLDS_CODE
from bnlint.serving import protocol
from bnlint.serving.client_settings import ClientSettings
from bnlint.serving.documents import Documents
from bnlint.serving.positions import Positions
from bnlint.serving.protocol import Part, Shown
from bnlint.serving.workspace import UNSAVED, Workspace

T = TypeVar("T")

#: Seconds without a change after which the other open documents are checked again.
_PAUSE = 0.4

#: Pauses after which garbage is collected. There is little: what a check has read, it forgets.
_COLLECT_AFTER = 20

#: What a file that cannot be parsed is reported by.
_UNREADABLE = "BN900"


class Session:
    """Open documents of the client of a server, what was shown of them, and what waits."""

    def __init__(self, server: LanguageServer) -> None:
        self.server = server
        self.is_watched = False
        self.documents = Documents("utf-16")
        self.settings = ClientSettings()
        self.shown: dict[str, Shown] = {}
        self._workspace: Workspace | None = None
        self._worker = ThreadPoolExecutor(1, "bnlint")
        self._changed: dict[str, bytes | None] = {}
        self._wanted: dict[str, None] = {}  # as a set that keeps the order
        self._beside: dict[str, None] = {}
        self._woken = asyncio.Event()
        self._checks = 0
        self._task: asyncio.Task[None] | None = None
        self._is_stale = False
        self._said: set[str] = set()
        self._loop: asyncio.AbstractEventLoop | None = None

    def begin(self, loop: asyncio.AbstractEventLoop) -> None:
        """Take it that the client is ready to be told something."""
        self._loop = loop
        self._tell_mistakes()

    def configure(self, settings: ClientSettings) -> None:
        """Take up the settings of the client."""
        self.settings = settings
        self._said.clear()
        if self._loop is not None:
            self._tell_mistakes()

    def _tell_mistakes(self) -> None:
        for mistake in self.settings.mistakes:
            self.say(mistake)

    # --------------------------------------------------------------------- the engine

    async def work(self, task: Callable[[Workspace], T]) -> T:
        """Return what a task gives, once all that was typed so far is taken over."""
        changed, self._changed = self._changed, {}
        is_stale, self._is_stale = self._is_stale, False
        settings = self.settings

        def run() -> T:
            if self._workspace is None:
                self._workspace = self._made(settings)
            elif self._workspace.given != settings.given:
                self._guarded(lambda workspace: workspace.configure(settings.given))
            elif is_stale:
                self._guarded(Workspace.refresh)
            self._guarded(lambda workspace: workspace.update(changed))
            return task(self._workspace)

        return await asyncio.get_running_loop().run_in_executor(self._worker, run)

    def _made(self, settings: ClientSettings) -> Workspace:
        try:
            return Workspace(settings.given)
        except ConfigError as error:
            self._without_settings(error)
            return Workspace()

    def _guarded(self, change: Callable[[Workspace], None]) -> None:
        """Make a change of the workspace; settings that cannot be used are left out."""
        assert self._workspace is not None
        try:
            change(self._workspace)
        except ConfigError as error:
            self._without_settings(error)
            self._workspace.configure(self.settings.given)

    def _without_settings(self, error: ConfigError) -> None:
        """Say what is wrong with the settings of the client, and go on without them."""
        for mistake in error.mistakes:
            self.say(f"settings: {mistake.message}")
        self.settings = self.settings._replace(given=ClientSettings().given)

    def say(self, message: str) -> None:
        """Show a message in the editor, each only once until something is configured anew."""
        if message in self._said:
            return
        self._said.add(message)

        def show() -> None:
            self.server.window_show_message(
                types.ShowMessageParams(types.MessageType.Error, f"bnlint: {message}")
            )

        loop = self._loop
        if loop is None:
            show()
        else:
            loop.call_soon_threadsafe(show)

    # --------------------------------------------------------------------- documents

    def path_of(self, uri: str) -> str:
        """Return the path of the file at an address; one for what lies in no file."""
        path = uris.to_fs_path(uri)
        return absolute(path, current()) if path else f"{UNSAVED}{uri.rpartition(':')[2]}"

    def edited(self, uri: str) -> None:
        """Take it that a document, or a cell of it, was changed, and is to be checked."""
        owner = self.documents.owner(uri)
        if not self.is_checked(owner):
            return
        self._changed[self.documents.paths[owner]] = self.documents.data(owner)
        self._beside.update(dict.fromkeys(self.shown))
        self.want(owner)

    def is_checked(self, uri: str) -> bool:
        """Tell whether an open document holds Python."""
        path = self.documents.paths.get(uri)
        document = self.documents.texts.get(uri)
        if path is None:
            return False
        return path.endswith(HOLDS_CODE) or (document is not None and document.language == "python")

    def want(self, *found: str) -> None:
        """Have documents checked, the ones that are named last first."""
        for uri in found:
            self._wanted.pop(uri, None)
            self._wanted[uri] = None
        self._woken.set()
        if self._task is None or self._task.done():
            self._loop = asyncio.get_running_loop()
            self._task = self._loop.create_task(self._check_wanted())

    def want_all(self) -> None:
        """Have all open documents checked."""
        self.want(*(uri for uri in self.documents.paths if self.is_checked(uri)))

    def closed(self, uri: str) -> None:
        """Take it that a document was closed."""
        shown = self.shown.pop(uri, None)
        path = self.documents.close(uri)
        self._wanted.pop(uri, None)
        if path:
            self._changed[path] = None
        for part in shown.parts.values() if shown is not None else ():
            self.publish(part.uri, None, [])
        self.want(*self.shown)  # which may have seen the buffer

    def saved(self) -> None:
        """Take it that something was saved: else nobody may tell what changed on the disk."""
        if not self.is_watched:
            self.disk_changed()

    def disk_changed(self) -> None:
        """Take it that anything on the disk may have changed."""
        self._is_stale = True
        self._said.clear()
        self.want_all()

    # --------------------------------------------------------------------- checking

    async def _check_wanted(self) -> None:
        """Check what is wanted, and when nobody types any more, what is open beside it."""
        while self._wanted:
            await asyncio.sleep(0)  # what has arrived by now is taken up first
            uri = self._wanted.popitem()[0]
            self._beside.pop(uri, None)
            await self._check_one(uri)
            if not self._wanted and await self._is_quiet() and not self._wanted:
                self._wanted, self._beside = self._beside, {}
                await self.work(lambda _: self._tidied())

    async def _is_quiet(self) -> bool:
        """Tell whether nothing is wanted for a while; what is ends the waiting."""
        self._woken.clear()
        try:
            await asyncio.wait_for(self._woken.wait(), _PAUSE)
        except asyncio.TimeoutError:  # another one than the builtin before 3.11
            return True
        return False

    def _tidied(self) -> None:
        """Collect the garbage of some checks, now that nobody waits."""
        self._checks += 1
        if self._checks == 1:
            gc.collect()
            gc.freeze()  # what has been loaded by now is no garbage, and need not be looked through
        elif self._checks % _COLLECT_AFTER == 0:
            gc.collect()

    async def answer(self, asked: Awaitable[T], instead: T) -> T:
        """Return what is asked for; where bnlint fails at it, say so in a line and go on."""
        try:
            return await asked
        except Exception as error:
            self.say(crashed("bnlint", error).message)
            return instead

    async def _check_one(self, uri: str) -> None:
        try:
            shown = await self._looked_at(uri)
        except Exception as error:  # a fault of bnlint's own: the editor goes on
            self.say(crashed("bnlint", error, uri).message)
            return
        if shown is None:
            return
        self.shown[uri] = shown
        capabilities = self.server.client_capabilities.text_document
        published = capabilities.publish_diagnostics if capabilities is not None else None
        related = published is not None and bool(published.related_information)
        found = protocol.diagnostics(shown, related)
        for part in shown.parts.values():
            if part.uri in self.documents.texts:  # a cell may be gone by now
                self.publish(part.uri, part.version, found[part.uri])

    def publish(self, uri: str, version: int | None, found: list[types.Diagnostic]) -> None:
        """Show what was found in a document."""
        self.server.text_document_publish_diagnostics(
            types.PublishDiagnosticsParams(uri, found, version)
        )

    async def _looked_at(self, uri: str) -> Shown | None:
        """Return what is to be shown of a document; ``None`` if it is not open, or no longer."""
        if not self.is_checked(uri):
            return None
        path = self.documents.paths[uri]
        version = self.documents.version(uri)
        encoding = self.documents.encoding
        parts = {
            number: Part(part.uri, part.version, Positions(part.text, encoding))
            for number, part in self.documents.parts(uri)
        }
        before = self.shown.get(uri)

        def check(workspace: Workspace) -> Shown:
            try:
                result = workspace.check(path)
            except ConfigError as error:
                for mistake in error.mistakes:
                    self.say(str(mistake))
                return Shown(version, Result(path, ()), (), parts)
            for problem in result.problems:
                self.say(f"{problem.path}: {problem.message}" if problem.path else problem.message)
            shown = Shown(version, result, located(result).findings, parts)
            return _still_typing(shown, before)

        shown = await self.work(check)
        return shown if self.is_checked(uri) else None

    async def current(self, uri: str) -> Shown | None:
        """Return what is shown of a document in the state it is in now."""
        if not self.is_checked(uri):
            return None
        shown = self.shown.get(uri)
        if shown is None or shown.version != self.documents.version(uri):
            shown = await self._looked_at(uri)
        return shown


def _still_typing(shown: Shown, before: Shown | None) -> Shown:
    """Return what is shown of a text that cannot be parsed: also what stood on untouched lines."""
    if not any(finding.code == _UNREADABLE for finding in shown.findings):
        return shown
    findings = list(shown.findings)
    for number, part in shown.parts.items():
        if before is None or number not in before.parts:
            continue
        known = [
            finding
            for finding in before.findings
            if finding.cell == number and finding.code != _UNREADABLE
        ]
        findings += protocol.carried(known, before.parts[number].positions, part.positions)
    return shown._replace(findings=tuple(dict.fromkeys(findings)), is_whole=False)
