import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import {
  createProtocolConnection,
  DidOpenTextDocumentNotification,
  ExitNotification,
  InitializedNotification,
  InitializeRequest,
  PublishDiagnosticsNotification,
  ShutdownRequest,
  StreamMessageReader,
  StreamMessageWriter,
} from "vscode-languageserver-protocol/node";
import { launchOf, settingsOf } from "../src/launch.js";

const PYTHON = process.env.BNLINT_PYTHON;
const TEXT = "import torch.nn as nn\n\nbn = nn.BatchNorm2d(64, momentum=0.99)\n";

test("a session as the extension starts it", { skip: PYTHON ? false : "BNLINT_PYTHON is not set" }, async () => {
  const folder = mkdtempSync(join(tmpdir(), "bnlint-"));
  const get = (name: string) => (name === "from" ? "keras" : undefined);
  const launch = launchOf(get, PYTHON);
  const server = spawn(launch.command, launch.args, { cwd: folder, stdio: ["pipe", "pipe", "inherit"] });
  const ended = new Promise((resolve) => server.once("exit", resolve));
  const reader = new StreamMessageReader(server.stdout);
  const connection = createProtocolConnection(reader, new StreamMessageWriter(server.stdin));
  const uri = pathToFileURL(join(folder, "model.py")).href;
  const found = new Promise<string[]>((resolve) => {
    connection.onNotification(PublishDiagnosticsNotification.type, (published) => {
      resolve(published.diagnostics.map((one) => String(one.code)).sort());
    });
  });
  connection.listen();
  const result = await connection.sendRequest(InitializeRequest.type, {
    processId: process.pid,
    rootUri: pathToFileURL(folder).href,
    capabilities: {},
    initializationOptions: settingsOf(get),
  });
  assert.equal(result.serverInfo?.name, "bnlint");
  await connection.sendNotification(InitializedNotification.type, {});
  const document = { uri, languageId: "python", version: 1, text: TEXT };
  await connection.sendNotification(DidOpenTextDocumentNotification.type, { textDocument: document });
  assert.deepEqual(await found, ["BN101", "BN103"]);
  await connection.sendRequest(ShutdownRequest.type);
  await connection.sendNotification(ExitNotification.type);
  assert.equal(await ended, 0);
  rmSync(folder, { recursive: true });
});
