import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { test } from "node:test";
import { commands } from "../../../src/commands/index.ts";
import { temporaryDirectory } from "./support/temporary-directory.ts";
import { mustRun, run, virtform } from "./support/virtform.ts";

test("bash completes commands, their options and files", async (t) => {
  const directory = await temporaryDirectory(t);
  const script = `${directory}/completion.bash`;
  const { stdout } = await virtform(["completion", "bash"]);
  await writeFile(script, stdout);
  await writeFile(`${directory}/site.yaml`, "");
  await mustRun("bash", ["-n", script]);
  const complete = async (...words: readonly string[]) => {
    const line = `source ${script}; COMP_WORDS=(virtform "$@"); COMP_CWORD=$#; _virtform; printf '%s\\n' "\${COMPREPLY[@]}"`;
    return (await mustRun("bash", ["--norc", "-c", line, "bash", ...words], { cwd: directory })).split("\n").filter((word) => word !== "");
  };
  assert.deepEqual((await complete("")).sort(), [...Object.keys(commands), "--help", "--version"].sort());
  assert.deepEqual(await complete("va"), ["validate"]);
  assert.deepEqual((await complete("apply", "--a")).sort(), ["--allow-destroy", "--auto-approve"]);
  assert.deepEqual(await complete("plan", "--det"), ["--detailed-exitcode"]);
  assert.ok((await complete("plan", "si")).includes("site.yaml"));
});

test("every script knows every command and every option", async () => {
  for (const shell of ["bash", "zsh", "fish"]) {
    const { code, stdout, stderr } = await virtform(["completion", shell]);
    assert.equal(code, 0);
    assert.equal(stderr, "");
    for (const [name, { load }] of Object.entries(commands)) {
      assert.ok(stdout.includes(name), `${shell}: ${name}`);
      for (const option of Object.keys((await load()).options))
        assert.ok(stdout.includes(shell === "fish" ? `-l ${option}` : `--${option}`), `${shell}: ${name} --${option}`);
    }
  }
});

test("zsh and fish accept theirs, where they are installed", async (t) => {
  const directory = await temporaryDirectory(t);
  for (const shell of ["zsh", "fish"]) {
    const script = `${directory}/completion.${shell}`;
    const { stdout } = await virtform(["completion", shell]);
    await writeFile(script, stdout);
    // Quotes and brackets that do not pair are the mistakes to make in a generated script, and bash sees most of them as well.
    assert.equal((stdout.match(/'/g)?.length ?? 0) % 2, 0, `${shell}: quotes do not pair`);
    const there = await run("sh", ["-c", `command -v ${shell}`]);
    if (there.code === 0) await mustRun(shell, ["-n", script]);
  }
});
