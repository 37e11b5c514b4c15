import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { manPage } from "../../../bin/lib/man-page.ts";
import { commands } from "../../../src/commands/index.ts";

const root = new URL("../../../", import.meta.url);
const page = await manPage();

test("the manual page is current (npm run schema writes it), and is that of the package", () => {
  const { man, files, version } = JSON.parse(readFileSync(new URL("package.json", root), "utf8"));
  // npm links only a list.
  assert.deepEqual(man, ["./docs/virtform.1"]);
  assert.equal(readFileSync(new URL(String(man[0]), root), "utf8"), page);
  assert.ok((files as string[]).includes("docs/virtform.1"));
  assert.ok(page.includes(`"virtform ${version}"`));
});

test("the manual page has every command with its options", async () => {
  for (const [name, { load }] of Object.entries(commands)) {
    const [, section = ""] = page.split(`.SS virtform ${name}`);
    assert.notEqual(section, "", name);
    for (const option of Object.keys((await load()).options))
      assert.ok(section.split(".SS ")[0]?.includes(`\\-\\-${option.replaceAll("-", "\\-")}`), `${name} --${option}`);
  }
});

test("no line of text is taken for an instruction", () => {
  const known = /^\.(?:\\"|TH|SH|SS|TP|PP|B|BR|RB|I|IR|RI)(?: |$)/;
  const lines = page.split("\n").filter((line) => /^[.']/.test(line));
  assert.deepEqual(
    lines.filter((line) => !known.test(line) && !line.startsWith('.\\"')),
    [],
  );
});
