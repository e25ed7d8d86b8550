/** How the server is started, and what it is told: all that does not need an editor to be tested. */

/** A setting of the editor by its name, without "bnlint." before it. */
export type Get = (name: string) => unknown;

export interface Launch {
  command: string;
  args: string[];
}

/** The settings that the server knows, as it calls them. */
export const SETTINGS = [
  "from",
  "select",
  "extendSelect",
  "ignore",
  "minConfidence",
  "inlayHints",
  "translateTo",
] as const;

/**
 * Return what starts the server: the command that is set, or the Python that is chosen for the
 * workspace, or the program that is installed.
 */
export function launchOf(get: Get, python: string | undefined): Launch {
  const set = get("command");
  if (Array.isArray(set) && set.length > 0) {
    const [command, ...args] = set.map(String);
    return { command, args };
  }
  return python ? { command: python, args: ["-m", "bnlint", "server"] } : { command: "bnlint", args: ["server"] };
}

/** Return the settings to send to the server: those that are set. */
export function settingsOf(get: Get): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  for (const name of SETTINGS) {
    const value = get(name);
    const isEmpty = value === null || value === undefined || (Array.isArray(value) && value.length === 0);
    if (!isEmpty) {
      found[name] = value;
    }
  }
  return found;
}

/** Return what is said where the server does not start: what was run, and what may be missing. */
export function failureOf(launch: Launch, reason: string): string {
  const run = [launch.command, ...launch.args].join(" ");
  return `bnlint: '${run}' does not start (${reason}). Is it installed there? pip install 'bnlint[server]'`;
}
