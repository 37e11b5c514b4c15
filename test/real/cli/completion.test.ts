import assert from "node:assert/strict";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { type TestContext, test } from "node:test";
import { commands } from "../../../src/commands/index.ts";
import { temporaryDirectory } from "./support/temporary-directory.ts";
import { checkout, mustRun, run, virtform } from "./support/virtform.ts";

const configuration = `project: shop
images:
  debian: { source: ./debian.qcow2, disk_format: qcow2 }
flavors:
  small: { vcpus: 1, ram: 1GiB, disk: 10GiB }
instances:
  web: { image: debian, flavor: small, count: 2 }
`;

/** A directory with a configuration, the script of a shell, and `virtform` on the path. */
async function prepared(t: TestContext, shell: string) {
  const directory = await temporaryDirectory(t);
  const { code, stdout, stderr } = await virtform(["completion", shell]);
  assert.deepEqual([code, stderr], [0, ""]);
  const script = `${directory}/completion.${shell}`;
  await writeFile(script, stdout);
  await writeFile(`${directory}/virtform.yaml`, configuration);
  await mkdir(`${directory}/bin`);
  await symlink(`${checkout}bin/virtform.js`, `${directory}/bin/virtform`);
  const env = { PATH: `${directory}/bin:${process.execPath.replace(/\/node$/, "")}:${process.env["PATH"]}`, HOME: directory };
  return { directory, script, text: stdout, around: { cwd: directory, env } };
}

const lines = (text: string) => text.split("\n").filter((line) => line !== "");

test("bash completes commands, options, values and files", async (t) => {
  const { script, around } = await prepared(t, "bash");
  await mustRun("bash", ["-n", script]);
  const complete = async (...words: readonly string[]) => {
    const line = `source ${script}; COMP_WORDS=(virtform "$@"); COMP_CWORD=$#; _virtform; printf '%s\\n' "\${COMPREPLY[@]}"`;
    return lines(await mustRun("bash", ["--norc", "-c", line, "bash", ...words], around));
  };
  assert.deepEqual((await complete("")).sort(), [...Object.keys(commands), "--help", "--version", "-C", "help"].sort());
  assert.deepEqual(await complete("va"), ["validate"]);
  assert.deepEqual((await complete("apply", "--a")).sort(), ["--allow-destroy", "--auto-approve"]);
  assert.deepEqual(await complete("plan", "vi"), ["virtform.yaml"]);
  assert.deepEqual(await complete("console", ""), ["web-0", "web-1"]);
  assert.deepEqual(await complete("plan", "--target", "disk/"), ["disk/web-0.root", "disk/web-1.root"]);
  // bash makes three words of --target=disk/, and replaces the last one.
  assert.deepEqual(await complete("plan", "--target", "=", "disk/"), ["disk/web-0.root", "disk/web-1.root"]);
  assert.deepEqual(await complete("plan", "--format", "="), ["text", "json", "markdown", "junit", "sarif", "ignore", "tui"]);
  assert.deepEqual(await complete("plan", "--report", "=", "mark"), ["markdown="]);
  assert.deepEqual(await complete("plan", "--var-file", "=", "vi"), ["virtform.yaml"]);
});

test("fish completes them, where it is installed", async (t) => {
  const { script, text, around } = await prepared(t, "fish");
  assert.equal((text.match(/'/g)?.length ?? 0) % 2, 0, "quotes do not pair");
  if ((await run("sh", ["-c", "command -v fish"])).code !== 0) return;
  await mustRun("fish", ["-n", script]);
  const complete = async (line: string) =>
    lines(await mustRun("fish", ["--no-config", "-c", `source ${script}; complete -C '${line}'`], around));
  assert.deepEqual(await complete("virtform cons"), ["console\tPrint the console log of an instance"]);
  assert.deepEqual(await complete("virtform plan --target=disk/"), ["--target=disk/web-0.root", "--target=disk/web-1.root"]);
  assert.deepEqual(await complete("virtform plan --var-file=vi"), ["--var-file=virtform.yaml"]);
  assert.deepEqual(await complete("virtform plan vi"), ["virtform.yaml"]);
});

test("zsh accepts its script, where it is installed", async (t) => {
  const { script, text } = await prepared(t, "zsh");
  // Quotes and brackets that do not pair are the mistakes to make in a script inside a text, and bash sees most of them as well.
  assert.equal((text.match(/'/g)?.length ?? 0) % 2, 0, "quotes do not pair");
  if ((await run("sh", ["-c", "command -v zsh"])).code === 0) await mustRun("zsh", ["-n", script]);
});
