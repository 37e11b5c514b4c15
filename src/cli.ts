import { isAbsolute, join } from "node:path";
import type { CommandDefinition } from "./commands/command.ts";
import { commands } from "./commands/index.ts";
import { type Io, processIo } from "./commands/io.ts";
import { errorMessage, type UserError, userError } from "./model/errors.ts";
import { isVersionQuestion, versionText } from "./version.ts";

// For tests that run command lines of the built program in their own process.
export { processSecrets } from "./commands/process-secrets.ts";

/** Exit codes of commands that met no error. After others, a login is not left to the next command: it has the rights on the host that it was made with. */
const succeeded: readonly number[] = [0, 2];

/** Runs one command line. Resolves to the exit code; throws only for bugs. Output that cannot be written makes it 1. */
export async function main(argv: readonly string[], io: Io = processIo()): Promise<number> {
  const exitCode = await dispatch(argv, io);
  if (!succeeded.includes(exitCode)) await io.connections?.giveUp();
  await io.settled();
  if (!io.outputFailed.aborted) return exitCode;
  const { showFailure } = await import("./commands/show-failure.ts");
  return showFailure(io.outputFailed.reason, io, { noColor: argv.includes("--no-color") });
}

async function dispatch(argv: readonly string[], io: Io): Promise<number> {
  const directory = directoryOf(argv);
  if (directory !== undefined) {
    try {
      process.chdir(directory.path);
    } catch (error) {
      const { showFailure } = await import("./commands/show-failure.ts");
      return showFailure(noDirectory(directory.path, error), io, { noColor: false });
    }
    const from = io.directory === undefined || isAbsolute(directory.path) ? directory.path : join(io.directory, directory.path);
    // Not a spread: it would open standard input.
    return dispatch(directory.rest, Object.create(io, { directory: { value: from } }));
  }
  const [name, ...rest] = argv;
  if (name === "__complete") {
    const { complete } = await import("./commands/complete.ts");
    return complete(rest, io);
  }
  if (isVersionQuestion(argv)) {
    io.stdout.write(versionText);
    return 0;
  }
  if (name === undefined || ["--help", "-help", "-h", "help"].includes(name)) return help(name, rest[0], io);
  const entry = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (entry === undefined) {
    return notThere(name, argv, io);
  }
  return run(name, await entry.load(), rest, io);
}

/** `-C DIR` or `-chdir=DIR` before the command: where it runs. */
function directoryOf([first, ...rest]: readonly string[]): { readonly path: string; readonly rest: readonly string[] } | undefined {
  if (first === "-C" && rest[0] !== undefined) return { path: rest[0], rest: rest.slice(1) };
  return first?.startsWith("-chdir=") === true ? { path: first.slice("-chdir=".length), rest } : undefined;
}

function noDirectory(path: string, error: unknown): UserError {
  const reasons: Readonly<Record<string, string>> = {
    ENOENT: "It does not exist",
    ENOTDIR: "It is not a directory",
    EACCES: "No permission",
  };
  const reason = reasons[(error as NodeJS.ErrnoException).code ?? ""] ?? errorMessage(error);
  return userError("file-not-found", `Cannot change to the directory ${path}`, `${reason}. Name another one after -C.`);
}

async function help(name: string | undefined, topic: string | undefined, io: Io): Promise<number> {
  const { overview, commandHelp } = await import("./commands/help.ts");
  if (name === undefined) {
    io.stderr.write(overview());
    return 1;
  }
  if (name !== "help" || topic === undefined) {
    io.stdout.write(overview());
    return 0;
  }
  const entry = Object.hasOwn(commands, topic) ? commands[topic] : undefined;
  if (entry === undefined) {
    return notThere(topic, [], io);
  }
  io.stdout.write(commandHelp(topic, await entry.load()));
  return 0;
}

async function notThere(name: string, argv: readonly string[], io: Io): Promise<number> {
  const { unknownCommand } = await import("./commands/unknown-command.ts");
  const { showFailure } = await import("./commands/show-failure.ts");
  return showFailure(unknownCommand(name), io, howToFail(name, argv));
}

async function run(name: string, command: CommandDefinition, argv: readonly string[], io: Io): Promise<number> {
  const { parseInvocation } = await import("./commands/parse-invocation.ts");
  const { showFailure } = await import("./commands/show-failure.ts");
  try {
    const invocation = parseInvocation(name, command, argv);
    if (invocation === "help") {
      const { commandHelp } = await import("./commands/help.ts");
      io.stdout.write(commandHelp(name, command));
      return 0;
    }
    const trace = invocation.text("trace");
    const given = invocation.ordered("var", "var-file").map(({ option, value }) => (option === "var" ? { pair: value } : { file: value }));
    const traced = trace === undefined ? io : withVariable(io, "VIRTFORM_TRACE", trace);
    const hosts = invocation.texts("host");
    const inputs = {
      ...(given.length === 0 ? {} : { given: { value: given } }),
      ...(hosts.length === 0 ? {} : { hosts: { value: hosts } }),
    };
    // Not a spread: it would open standard input.
    return await command.run(invocation, Object.create(traced, inputs));
  } catch (error) {
    return showFailure(error, io, howToFail(name, argv));
  }
}

/** How the errors of a command line that could not be carried out are shown: as JSON where it asks for that, also of a command without JSON. */
function howToFail(name: string, argv: readonly string[]): { readonly noColor: boolean; readonly json?: { readonly command: string } } {
  const end = argv.indexOf("--");
  const words = end === -1 ? argv : argv.slice(0, end);
  const json = words.some((word, index) => /^--?(?:json|format=json)$/.test(word) || (word === "json" && words[index - 1] === "--format"));
  return { noColor: words.includes("--no-color"), ...(json ? { json: { command: name } } : {}) };
}

/** The same streams with one more variable in the environment. */
function withVariable(io: Io, name: string, value: string): Io {
  const env = { ...io.env, [name]: value };
  // Not a spread: it would open standard input.
  return Object.create(io, { env: { value: env } }) as Io;
}
