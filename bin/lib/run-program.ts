import { closeSync, existsSync, fstatSync, mkdirSync, openSync, renameSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import type { Script } from "node:vm";
import { isVersionQuestion, versionText } from "../../src/version.ts";
import { logInEarly } from "./log-in-early.ts";
import { readPart } from "./read-part.ts";
import { keepYoungGeneration, tuneV8, withFlagsOfStart } from "./tune-v8.ts";

/** Where scripts are in the file of the program, by name: characters, and lines before them. The program itself has the name "". */
export type ScriptPlaces = Record<string, { readonly offset: number; readonly length: number; readonly line: number }>;

/** The program as it was built: scripts whose characters are all ASCII, one after the other. */
export interface ProgramSource {
  /** Reads a part as Latin-1, which V8 keeps outside its heap. */
  readonly text: (offset: number, length: number) => string;
  readonly scripts: ScriptPlaces;
  /** Changes with the text. */
  readonly key: string;
  /** For stacks. */
  readonly filename: string;
  /** What `import.meta.url` is in the program. */
  readonly url: string;
}

interface Program {
  main(argv: readonly string[]): Promise<number>;
}

/** Commands that end after a look. */
const looks: ReadonlySet<string> = new Set(["plan", "drift", "validate", "list", "show"]);
/** The caches of a command are written after a run with one of these exit codes: a run that fails early compiles only a part. */
const complete: readonly unknown[] = [0, 2];
const digestBytes = 32;

/**
 * Runs one command line with the program; resolves to the exit code. `cache` is a directory for compiled code, one file per command: a third of
 * the processor time of a short plan. Only this user may write to it, because V8 runs what it holds.
 */
export async function runProgram(argv: readonly string[], source: () => ProgramSource, cache: string): Promise<number> {
  if (isVersionQuestion(argv) && printed(versionText)) return 0;
  await logInEarly(argv);
  return load(argv[0] ?? "", source, cache).main(argv);
}

/** False when it cannot be written: the program then says why. */
function printed(text: string): boolean {
  try {
    return writeSync(1, text) === Buffer.byteLength(text);
  } catch {
    return false;
  }
}

function load(command: string, source: () => ProgramSource, cache: string): Program {
  loadPartsOfNode();
  tuneV8({ onlyLooks: looks.has(command) });
  const program = loadProgram(source(), cache, /^[a-z]{1,20}$/.test(command) ? command : "other") as Program;
  keepYoungGeneration();
  return program;
}

/** Loads the program and gives what it exports. `cache` is a directory for compiled code, `name` that of its files there. */
export function loadProgram({ text, scripts, key: programKey, filename, url }: ProgramSource, cache: string, name: string): object {
  // V8 compares its version, its flags and the length of the source, but not the source.
  const key = [programKey, process.version, process.arch].join(" ");
  const packages = new Map<string, Readonly<Record<string, object>>>();
  /** `virtform:PART/PACKAGE` is a package that is a script of its own. */
  const parts = (asked: string): object => {
    const [, part, packageName] = /^virtform:([a-z]+)\/(.+)$/.exec(asked) ?? [];
    if (part === undefined || packageName === undefined) return partOfNode(asked);
    const loaded = packages.get(part) ?? (run(part) as Readonly<Record<string, object>>);
    packages.set(part, loaded);
    return loaded[packageName] as object;
  };
  const run = (part: string): object => {
    const { offset, length, line } = scripts[part] as ScriptPlaces[string];
    const script = compiled(
      text(offset, length),
      { filename, lineOffset: line },
      cache,
      `${name}${part === "" ? "" : `-${part}`}.bin`,
      key,
    );
    const module = { exports: {} };
    script.runInThisContext()(module, module.exports, parts, url);
    return module.exports;
  };
  return run("");
}

/** Compiles a script with the code that an earlier run left, or leaves it for the next. */
function compiled(
  text: string,
  options: { readonly filename: string; readonly lineOffset: number },
  cache: string,
  name: string,
  key: string,
): Script {
  const vm = process.getBuiltinModule("node:vm");
  const file = `${cache}/${name}`;
  const cachedData = readCache(file, key);
  const script = withFlagsOfStart(() => new vm.Script(text, { ...options, ...(cachedData === undefined ? {} : { cachedData }) }));
  if (cachedData === undefined || script.cachedDataRejected === true) {
    process.once("exit", (code) => {
      if (complete.includes(code)) writeCache(script, cache, file, key);
    });
  }
  return script;
}

/** Parts of Node that every command uses. */
const early = ["vm", "crypto", "net", "os", "path/posix"] as const;

/** Before V8 is tuned: it rejects the compiled code of Node's parts afterwards as well, and compiling them takes twice as long as loading them. */
function loadPartsOfNode(): void {
  for (const name of early) process.getBuiltinModule(`node:${name}`);
  // Loaded when they are read.
  void [process.getBuiltinModule("node:util").parseArgs, process.stdout, process.stderr];
}

/** Parts of Node that few commands use and that take milliseconds to load: loaded when something of them is used. */
const late: ReadonlySet<string> = new Set([
  "child_process",
  "fs/promises",
  "http",
  "https",
  "readline",
  "readline/promises",
  "timers/promises",
  "tls",
  "zlib",
]);

function partOfNode(name: string): object {
  const plain = name.replace(/^node:/, "");
  if (!late.has(plain)) return process.getBuiltinModule(name) as object;
  let loaded: Record<string | symbol, unknown> | undefined;
  const load = () => {
    loaded ??= process.getBuiltinModule(name) as unknown as Record<string | symbol, unknown>;
    return loaded;
  };
  return new Proxy(
    {},
    {
      get: (_, key) => load()[key],
      has: (_, key) => key in load(),
      ownKeys: () => Reflect.ownKeys(load()),
      // All are given as configurable, which a proxy may only do for what its target lacks.
      getOwnPropertyDescriptor: (_, key) => ({ ...Reflect.getOwnPropertyDescriptor(load(), key), configurable: true }),
    },
  );
}

/** Undefined when it is absent, damaged, or of another program. Valid until something else is read. */
function readCache(file: string, key: string): Buffer | undefined {
  try {
    const bytes = readWhole(file);
    const data = bytes.subarray(digestBytes);
    return bytes.subarray(0, digestBytes).equals(digestOf(key, data)) ? data : undefined;
  } catch {
    return undefined;
  }
}

function readWhole(file: string): Buffer {
  const descriptor = openSync(file, "r");
  try {
    return readPart(descriptor, 0, fstatSync(descriptor).size);
  } finally {
    closeSync(descriptor);
  }
}

/** Of a home that exists: on some filesystems (autofs, /proc) Node's recursive mkdir never ends for one that does not exist. */
function makeDirectories(directory: string): void {
  for (const path of [dirname(dirname(directory)), dirname(directory), directory]) if (!existsSync(path)) mkdirSync(path, { mode: 0o700 });
}

/** What cannot be written is compiled again. */
function writeCache(script: Script, directory: string, file: string, key: string): void {
  const staged = `${file}.${process.pid}`;
  try {
    makeDirectories(directory);
    const data = withFlagsOfStart(() => script.createCachedData());
    try {
      writeFileSync(staged, Buffer.concat([digestOf(key, data), data]), { mode: 0o600 });
      renameSync(staged, file);
    } catch {
      rmSync(staged, { force: true });
    }
  } catch {
    // A full disk, or a home that does not exist.
  }
}

function digestOf(key: string, data: Buffer): Buffer {
  const { createHash } = process.getBuiltinModule("node:crypto");
  return createHash("sha256").update(key).update(data).digest();
}
