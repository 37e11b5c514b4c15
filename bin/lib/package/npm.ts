import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { bundleTypes } from "./bundle-types.ts";
import { notices } from "./notices.ts";
import { checkout, manifest } from "./project.ts";
import { run } from "./run.ts";
import { webReadme } from "./web-readme.ts";

/** What of `dist` is not for this package: the start of the binary, and declarations, of which `bundleTypes` takes those that are needed. */
const left = ["dist/binary.cjs", "dist/bundled-packages.json", "dist/types"];

/** Packs the npm package into a directory and gives the path of the file. It depends on no other package: `dist` contains them all. */
export function packNpm(to: string): string {
  const stage = mkdtempSync(join(tmpdir(), "virtform-npm-"));
  try {
    for (const entry of [...manifest.files, "LICENSE"]) {
      const filter = (path: string) => !left.includes(relative(checkout, path));
      mkdirSync(dirname(join(stage, entry)), { recursive: true });
      cpSync(join(checkout, entry), join(stage, entry), { recursive: true, filter });
    }
    bundleTypes(join(stage, "dist"));
    writeFileSync(join(stage, "THIRD-PARTY-NOTICES.txt"), notices());
    writeFileSync(join(stage, "README.md"), webReadme(readFileSync(join(checkout, "README.md"), "utf8"), manifest.version));
    const { dependencies: _needed, devDependencies: _develop, scripts: _scripts, allowScripts: _allowed, files, ...kept } = manifest;
    writeFileSync(join(stage, "package.json"), `${JSON.stringify({ ...kept, files: [...files, "THIRD-PARTY-NOTICES.txt"] }, null, 2)}\n`);
    chmodSync(join(stage, "bin/virtform.js"), 0o755);
    const name = run("npm", ["pack", "--silent", "--offline", "--pack-destination", to], { cwd: stage }).trim();
    return join(to, name);
  } finally {
    rmSync(stage, { recursive: true, force: true });
  }
}
