// What bin/package runs:
//
//   main.ts [npm|binary|deb…] [--to DIR] [--built] [--weak]
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { binaryName, makeBinary } from "./binary.ts";
import { makeDeb } from "./deb.ts";
import { packNpm } from "./npm.ts";
import { checkout } from "./project.ts";
import { run } from "./run.ts";

const usage = `Usage: bin/package [npm|binary|deb…] [--to DIR] [--built] [--weak]

Makes what people install. Without a name: all three.

  npm      virtform-VERSION.tgz: for Node 24 or newer; depends on no other package
  binary   virtform-VERSION-linux-x64: one file with Node in it
  deb      virtform_VERSION-1_amd64.deb: the binary, its manual page and completion for shells

binary and deb are for the processor of this machine. They need strip (binutils), and deb dpkg-deb.

Options:
  --to DIR   where they are written (default: packages), with their SHA256SUMS
  --built    use what \`npm run build\` has made
  --weak     compress the Debian package less: for tests
`;

const kinds = ["npm", "binary", "deb"] as const;
type Kind = (typeof kinds)[number];

function main(): number {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      to: { type: "string", default: join(checkout, "packages") },
      built: { type: "boolean", default: false },
      weak: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(usage);
    return 0;
  }
  const wrong = positionals.filter((name) => !(kinds as readonly string[]).includes(name));
  if (wrong.length > 0) {
    process.stderr.write(`Error: ${wrong.join(", ")} is no package\n\n${usage}`);
    return 1;
  }
  const wanted = new Set<Kind>(positionals.length === 0 ? kinds : (positionals as Kind[]));
  if (!values.built) run("npm", ["run", "--silent", "build"], { cwd: checkout });
  if (!existsSync(join(checkout, "dist/binary.cjs"))) throw new Error("virtform is not built: leave --built out");
  const to = resolve(values.to);
  mkdirSync(to, { recursive: true });
  const made: string[] = [];
  if (wanted.has("npm")) made.push(packNpm(to));
  if (wanted.has("binary")) made.push(makeBinary(to));
  if (wanted.has("deb")) {
    const binary = wanted.has("binary") ? join(to, binaryName()) : makeBinary(to);
    made.push(makeDeb(binary, to, { weak: values.weak }));
  }
  writeFileSync(join(to, "SHA256SUMS"), made.map((path) => `${sha256(path)}  ${basename(path)}\n`).join(""));
  for (const path of made) console.log(`${path}  ${(statSync(path).size / 2 ** 20).toFixed(1)} MiB`);
  return 0;
}

function sha256(path: string): string {
  return createHash("sha256").update(readFileSync(path)).digest("hex");
}

try {
  process.exitCode = main();
} catch (error) {
  const { stderr = "", message } = error as Error & { readonly stderr?: string };
  process.stderr.write(`Error: ${message}\n${message.includes(stderr) ? "" : stderr}`);
  process.exitCode = 1;
}
