import { readdirSync, realpathSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Diagnostic } from "../model/diagnostic.ts";
import { isConfigurationFile } from "./has-configuration.ts";
import { readProblem } from "./read-text.ts";

const firstSteps = `Pass the directory or file of a configuration (\`virtform validate PATH\`), let \`virtform init\` write one, or create virtform.yaml. A minimal one:

    project: shop
    images:
      debian: { source: ./debian.qcow2, disk_format: qcow2 }
    flavors:
      small: { vcpus: 1, ram: 1GiB, disk: 10GiB }
    instances:
      web: { image: debian, flavor: small }

\`virtform schema\` describes every key, \`virtform doctor\` checks the host.`;

/** A configuration file to read: its displayed name and its absolute path. */
export interface FoundFile {
  readonly file: string;
  readonly path: string;
}

/** The files of the given paths: files themselves, and the configuration files of directories. */
export function findFiles(paths: readonly string[], cwd: string): { files: FoundFile[]; diagnostics: Diagnostic[] } {
  const files: FoundFile[] = [];
  const diagnostics: Diagnostic[] = [];
  const seen = new Set<string>();
  for (const path of paths) {
    try {
      for (const file of filesAt(path, cwd, diagnostics)) {
        const real = realPath(resolve(cwd, file));
        if (seen.has(real)) continue;
        seen.add(real);
        files.push({ file, path: resolve(cwd, file) });
      }
    } catch (error) {
      const problem = readProblem(path, error);
      const missing = problem.code === "file-not-found";
      diagnostics.push({
        severity: "error",
        ...problem,
        ...(missing
          ? { summary: `No such file or directory: ${path}`, detail: "Pass a configuration file, or a directory with virtform.yaml." }
          : {}),
      });
    }
  }
  return { files, diagnostics };
}

function realPath(path: string): string {
  try {
    return realpathSync.native(path);
  } catch {
    return path;
  }
}

function filesAt(path: string, cwd: string, diagnostics: Diagnostic[]): string[] {
  if (!statSync(resolve(cwd, path)).isDirectory()) return [path];
  const names = readdirSync(resolve(cwd, path)).sort();
  const ours = names.filter(isConfigurationFile);
  if (ours.length === 0) {
    const almost = names.find((name) => /(^|\.)virtform\.(yml|json)$/i.test(name));
    const hint = almost === undefined ? "" : ` Rename ${almost} to ${almost.replace(/(yml|json)$/i, "yaml")}.`;
    diagnostics.push({
      severity: "error",
      code: "no-configuration",
      summary: `No configuration in directory: ${path === "." ? cwd : path}`,
      detail: `The directory has no virtform.yaml and no *.virtform.yaml.${hint}\n\n${firstSteps}`,
    });
  }
  return ours.sort((a, b) => Number(b === "virtform.yaml") - Number(a === "virtform.yaml")).map((name) => join(path, name));
}
