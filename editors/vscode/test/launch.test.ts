import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { failureOf, launchOf, SETTINGS, settingsOf, type Get } from "../src/launch.js";

const getter = (values: Record<string, unknown>): Get => (name) => values[name];

test("the command that is set comes first", () => {
  const get = getter({ command: ["uvx", "bnlint", "server"] });
  assert.deepEqual(launchOf(get, "/venv/bin/python"), { command: "uvx", args: ["bnlint", "server"] });
});

test("the Python of the workspace comes next", () => {
  const expected = { command: "/venv/bin/python", args: ["-m", "bnlint", "server"] };
  assert.deepEqual(launchOf(getter({ command: [] }), "/venv/bin/python"), expected);
});

test("the program is the last resort", () => {
  assert.deepEqual(launchOf(getter({}), undefined), { command: "bnlint", args: ["server"] });
});

test("settings that say nothing are not sent", () => {
  const get = getter({ from: "keras", select: null, ignore: [], inlayHints: false, other: 1 });
  assert.deepEqual(settingsOf(get), { from: "keras", inlayHints: false });
});

test("each setting of the server can be set in the editor", () => {
  const manifest = JSON.parse(readFileSync("package.json", "utf8"));
  const known = Object.keys(manifest.contributes.configuration.properties).map((key) => key.replace("bnlint.", ""));
  assert.deepEqual(known.filter((name) => name !== "command"), [...SETTINGS]);
});

test("a failure says what was run, and what may help", () => {
  const text = failureOf({ command: "py", args: ["-m", "bnlint"] }, "ENOENT");
  assert.match(text, /'py -m bnlint' does not start \(ENOENT\).*pip install 'bnlint\[server\]'/);
});
