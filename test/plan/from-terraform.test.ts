import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { commands } from "../../src/commands/index.ts";
import { parseInvocation } from "../../src/commands/parse-invocation.ts";
import { applied, createWorld, images, planOf, runOn } from "../crash/world.ts";
import { textOf } from "./text-of.ts";

const page = readFileSync(new URL("../../docs/from-terraform.md", import.meta.url), "utf8");

/** The content of the fenced blocks of a language. */
function blocks(language: string): string[] {
  return [...page.matchAll(new RegExp(`^\`\`\`${language}\n([^\`]*)^\`\`\``, "gm"))].map(([, text = ""]) => text);
}

test("the plans of the example are those of its configuration", async () => {
  const [yaml = ""] = blocks("yaml");
  const shown = blocks("console").map((block) => block.slice(block.indexOf("\n") + 1).split("…\n\n"));
  const machine = createWorld();
  machine.urls.set("https://images.example.org/debian-13.qcow2", images["https://images.test/debian.qcow2"]);
  const planText = async (written: string, env = {}) =>
    // Less what others have on the machine.
    textOf(await planOf(await runOn(machine.boot(), written, { env })), "plan").replace(/^Not managed here:.*\n\n/m, "");
  const texts = [await planText(yaml)];
  await applied(machine, yaml);
  assert.match(await planText(yaml), /^No changes\./m);
  texts.push(await planText(yaml, { VIRTFORM_VAR_ram: "2GiB" }));
  texts.push(await planText(yaml.replace(", b: { volumes: [] }", "")));
  assert.equal(shown.length, texts.length);
  for (const [index, text] of texts.entries())
    for (const part of shown[index] ?? []) assert.ok(text.includes(part), `${part}\nis not in\n${text}`);
  assert.match(await planText(yaml.replace(/^volumes:\n.*\n/m, "").replace("{ volume: data }", "")), /prevent_destroy/);
});

test("every command on the page exists with its options", async () => {
  const written = [...page.matchAll(/`virtform ([^`]+)`|^\$ (?:[A-Z]\S*=\S* )?virtform (.+)$/gm)].map(
    ([, inline, line]) => inline ?? line ?? "",
  );
  assert.ok(written.length > 30);
  for (const line of written) {
    const [name = "", ...argv] = line.replace(/^-C \S+ /, "").split(" ");
    const entry = commands[name];
    assert.ok(entry !== undefined, `virtform ${line}`);
    parseInvocation(name, await entry.load(), argv);
  }
  const bare = [...page.matchAll(/(?<=`)(--[a-z-]+)/g)].map(([option]) => option.slice(2));
  const options = new Set<string>();
  for (const { load } of Object.values(commands)) for (const option of Object.keys((await load()).options)) options.add(option);
  assert.deepEqual(
    bare.filter((option) => !options.has(option)),
    [],
  );
});
