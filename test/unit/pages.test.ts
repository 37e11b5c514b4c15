import assert from "node:assert/strict";
import { existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { parse } from "yaml";
import { loadConfig } from "../../src/config/load.ts";
import { schema } from "../../src/kinds/schema.ts";
import { formatDiagnostics } from "../../src/report/diagnostics.ts";

const root = join(import.meta.dirname, "../..");
const readme = readFileSync(join(root, "README.md"), "utf8");
const example = readFileSync(join(root, "examples/quickstart/virtform.yaml"), "utf8");

/** The fenced block of the README that contains some text. */
function block(text: string): string {
  const found = readme.split("```").find((part, index) => index % 2 === 1 && part.includes(text));
  assert.ok(found !== undefined, `no block of the README contains ${text}`);
  return found.slice(found.indexOf("\n") + 1);
}

test("the configuration in the README is that of the example", () => {
  assert.deepEqual(parse(block("project: quickstart")), parse(example));
});

test("the mistakes in the README are reported as it shows them", async (t) => {
  const directory = mkdtempSync(join(tmpdir(), "virtform-readme-"));
  t.after(() => rmSync(directory, { recursive: true }));
  mkdirSync(join(directory, "examples/quickstart"), { recursive: true });
  const broken = example
    .replace("ram: 256MiB", "ram: 256")
    .replace("image: tiny\n", "image: tinny\n")
    .replace("flavor: tiny\n", "flavour: tiny\n");
  writeFileSync(join(directory, "examples/quickstart/virtform.yaml"), broken);
  const { diagnostics } = await loadConfig(["examples/quickstart"], { schema, cwd: directory });
  const [, shown = ""] = block("validate examples/quickstart").split("$ bin/virtform.js validate examples/quickstart\n");
  assert.equal(`${formatDiagnostics(diagnostics, { color: false })}The configuration is not valid: 3 errors.\n`, shown);
});

test("every link of the pages leads to a file of the project", () => {
  for (const page of globSync(["*.md", "docs/**/*.md"], { cwd: root })) {
    for (const [, target = ""] of readFileSync(join(root, page), "utf8").matchAll(/\]\(([^)\s#]+)(?:#[^)]*)?\)/g)) {
      if (!/^[a-z]+:/.test(target)) assert.ok(existsSync(join(root, dirname(page), target)), `${page} links to ${target}`);
    }
  }
});
