import * as vscode from "vscode";
import { LanguageClient, type LanguageClientOptions, type ServerOptions } from "vscode-languageclient/node";
import { failureOf, launchOf, settingsOf, type Get } from "./launch.js";

let client: LanguageClient | undefined;

export async function activate(context: vscode.ExtensionContext): Promise<void> {
  context.subscriptions.push(
    vscode.commands.registerCommand("bnlint.restart", restart),
    vscode.workspace.onDidChangeConfiguration(async (event) => {
      if (event.affectsConfiguration("bnlint")) {
        await restart();
      }
    }),
  );
  await start();
}

export async function deactivate(): Promise<void> {
  await client?.stop();
  client = undefined;
}

async function restart(): Promise<void> {
  await deactivate();
  await start();
}

async function start(): Promise<void> {
  const get: Get = (name) => vscode.workspace.getConfiguration("bnlint").get(name);
  const launch = launchOf(get, await chosenPython());
  const server: ServerOptions = { run: launch, debug: launch };
  const options: LanguageClientOptions = {
    documentSelector: [
      { scheme: "file", language: "python" },
      { scheme: "untitled", language: "python" },
      { scheme: "vscode-notebook-cell", language: "python" },
    ],
    initializationOptions: settingsOf(get),
  };
  client = new LanguageClient("bnlint", "bnlint", server, options);
  try {
    await client.start();
  } catch (error) {
    client = undefined; // what has not started cannot be stopped, and must not keep the next one from starting
    await vscode.window.showErrorMessage(failureOf(launch, String(error)));
  }
}

/** Return the Python that is chosen for the workspace, if the extension for Python says which. */
async function chosenPython(): Promise<string | undefined> {
  const extension = vscode.extensions.getExtension("ms-python.python");
  if (extension === undefined) {
    return undefined;
  }
  const api = extension.isActive ? extension.exports : await extension.activate();
  return api?.settings?.getExecutionDetails?.(vscode.workspace.workspaceFolders?.[0]?.uri)?.execCommand?.[0];
}
