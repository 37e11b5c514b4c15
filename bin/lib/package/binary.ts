import { chmodSync, copyFileSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkout, manifest } from "./project.ts";
import { run } from "./run.ts";

/** The mark in Node's binary at which it looks whether it holds a program. */
const fuse = "NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2";
const postject = "postject@1.0.0-alpha.6";

/**
 * Makes the one-file binary: the Node that runs this, with the program in it. It is for the processor of this machine, and needs glibc.
 * Gives the path of the file.
 */
export function makeBinary(to: string): string {
  const stage = mkdtempSync(join(tmpdir(), "virtform-binary-"));
  try {
    const [config, blob, binary] = ["config.json", "blob", "virtform"].map((name) => join(stage, name)) as [string, string, string];
    const settings = {
      main: join(checkout, "dist/binary.cjs"),
      output: blob,
      disableExperimentalSEAWarning: true,
      assets: Object.fromEntries(["program.cjs", "program.cjs.map"].map((name) => [name, join(checkout, "dist", name)])),
    };
    writeFileSync(config, JSON.stringify(settings));
    run(process.execPath, ["--experimental-sea-config", config]);
    copyFileSync(process.execPath, binary);
    chmodSync(binary, 0o755);
    // Symbols for debuggers: a fifth of the file. postject cannot add to a file with too many sections otherwise.
    run("strip", ["--strip-unneeded", binary]);
    run("npx", ["--yes", postject, binary, "NODE_SEA_BLOB", blob, "--sentinel-fuse", fuse]);
    const said = run(binary, ["--version"]).trim();
    if (said !== `virtform ${manifest.version}`) throw new Error(`the binary says: ${said}`);
    const target = join(to, binaryName());
    copyFileSync(binary, `${target}.part`);
    chmodSync(`${target}.part`, 0o755);
    renameSync(`${target}.part`, target);
    return target;
  } finally {
    rmSync(stage, { recursive: true, force: true });
  }
}

/** `virtform-0.1.0-linux-x64`. */
export function binaryName(): string {
  return `${manifest.name}-${manifest.version}-${process.platform}-${process.arch}`;
}
