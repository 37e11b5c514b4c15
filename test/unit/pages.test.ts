import assert from "node:assert/strict";
import { existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { parse } from "yaml";
import { configText } from "../../src/commands/config.ts";
import { loadConfig } from "../../src/config/load.ts";
import { schema } from "../../src/kinds/schema.ts";
import { formatDiagnostics } from "../../src/report/diagnostics.ts";
import { planBody } from "../../src/report/plan-text.ts";
import { planOf } from "./report/support.ts";

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

test("docs/variables.md shows the example and the error of a mistake in it", async (t) => {
  const page = readFileSync(join(root, "docs/variables.md"), "utf8");
  const shown = (start: string) => /```\n([^`]*)```/.exec(page.slice(page.indexOf(`\`\`\`\n${start}`)))?.[1]?.split("\n") ?? [];
  const cwd = join(root, "examples/environments");
  const directory = mkdtempSync(join(tmpdir(), "virtform-variables-"));
  t.after(() => rmSync(directory, { recursive: true }));
  const given = [{ file: "prod.vars.yaml" }];
  const { diagnostics, written, variables } = await loadConfig([".", "prod.yaml"], { schema, cwd, given });
  assert.deepEqual(diagnostics, []);
  const lines = configText(written().lines).split("\n");
  const config = shown("$ virtform config")
    .slice(1)
    .filter((line) => line !== "…" && line !== "");
  assert.ok(config.length > 5);
  for (const line of config) assert.ok(lines.includes(line), line);
  const head = planBody(planOf([], { variables })).map((line) => line.map(({ text }) => text).join(""));
  assert.deepEqual(shown("Variables:").slice(0, -1), head.slice(0, head.indexOf("")));
  const wrong = await loadConfig([], { schema, cwd, given: [{ pair: "ram=2GB" }] });
  const said = `${formatDiagnostics(wrong.diagnostics, { color: false })}The configuration is not valid: 1 error.\n`;
  assert.equal(shown("$ virtform validate").slice(1).join("\n"), said);
});

test("every link of the pages leads to a file of the project", () => {
  for (const page of globSync(["*.md", "docs/**/*.md"], { cwd: root })) {
    for (const [, target = ""] of readFileSync(join(root, page), "utf8").matchAll(/\]\(([^)\s#]+)(?:#[^)]*)?\)/g)) {
      if (!/^[a-z]+:/.test(target)) assert.ok(existsSync(join(root, dirname(page), target)), `${page} links to ${target}`);
    }
  }
});
