import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";

/** What a test file needs before it can run. */
export type Need = "build" | "tiny guest" | "Debian guest" | "LVM host" | "OpenStack" | "readers of plans";

/** One file of tests, by its path in the checkout. */
export interface TestFile {
  readonly path: string;
  /** Real tests need root, libvirt and programs that are installed for them; the others need Node alone. */
  readonly real: boolean;
  readonly needs: readonly Need[];
  /** Whether it needs the machine's libvirt for itself, because it restarts it or defines more guests than the host has room for beside others. */
  readonly alone: boolean;
  /** Whether it can share a process with other files: it neither changes nor measures what is of the whole process. */
  readonly sociable: boolean;
  /** Whether its results go into the table of the disk drivers. */
  readonly drivers: boolean;
}

const alone = ["test/real/libvirtd-restart.test.ts", "test/real/over-ssh-many.test.ts"];

/** What a test file or something that it imports mentions, and what it needs for that. */
const signs: readonly (readonly [sign: string, need: Need])[] = [
  ["bin/virtform.js", "build"],
  ["node_modules/virtform", "build"],
  [".cache/guest", "tiny guest"],
  [".cache/debian", "Debian guest"],
  [".cache/lvm-host", "LVM host"],
  [".cache/openstack", "OpenStack"],
  [".cache/consumers", "readers of plans"],
];

/** What is in a test file that needs a process for itself: its memory, variables, directory, or a hook for all tests of the process. */
const unsociable =
  /memoryUsage|\bgc\(|process\.env\[.*\] = |process\.chdir|import \{[^}]*\b(?:before|after)(?:Each)?\b[^}]*\} from "node:test"|^test\.(?:before|after)/m;

/** All test files of the checkout, sorted by path. */
export function testFiles(checkout: string): TestFile[] {
  const texts = new Map<string, string>();
  return globSync("test/**/*.test.ts", { cwd: checkout })
    .sort()
    .map((path) => {
      const text = textsBelow(checkout, join(checkout, path), texts);
      const real = path.startsWith("test/real/");
      const needs = signs.flatMap(([sign, need]) => (text.includes(sign) ? [need] : []));
      return {
        path,
        real,
        needs,
        sociable: !real && needs.length === 0 && !unsociable.test(readFileSync(join(checkout, path), "utf8")),
        alone: alone.includes(path),
        drivers: text.includes("conforms(["),
      };
    });
}

/** The text of a file with that of everything below test/ that it imports. */
function textsBelow(checkout: string, path: string, texts: Map<string, string>, seen = new Set<string>()): string {
  if (seen.has(path) || !existsSync(path)) return "";
  seen.add(path);
  const text = texts.get(path) ?? readFileSync(path, "utf8");
  texts.set(path, text);
  const imported = Array.from(text.matchAll(/(?:from|import|import\() ?"(\.[^"]+\.ts)"/g), ([, target = ""]) =>
    join(dirname(path), target),
  );
  const ours = imported.filter((target) => relative(checkout, target).startsWith("test/"));
  return [text, ...ours.map((target) => textsBelow(checkout, target, texts, seen))].join("\n");
}

/** The test files that paths name: files, or directories with all files below. Throws for a path that names none. */
export function namedFiles(all: readonly TestFile[], paths: readonly string[]): TestFile[] {
  const named = paths.map((path) => {
    const found = all.filter((file) => file.path === path || file.path.startsWith(`${path.replace(/\/+$/, "")}/`));
    if (found.length === 0) throw new Error(`No test file at ${path}. Name files that end in .test.ts, or directories below test/.`);
    return found;
  });
  return [...new Set(named.flat())];
}
