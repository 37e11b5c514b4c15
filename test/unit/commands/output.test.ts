import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";

const cli = fileURLToPath(new URL("../../../src/cli.ts", import.meta.url));

/** Runs a command line from the sources with these streams; `full` is a device that never has space. */
function run(t: TestContext, args: readonly string[], to: { readonly stdout: "full" | "pipe"; readonly stderr: "full" | "pipe" }) {
  const directory = mkdtempSync(join(tmpdir(), "virtform-output-"));
  t.after(() => rmSync(directory, { recursive: true }));
  writeFileSync(join(directory, "virtform.yaml"), "project: shop\n");
  const full = openSync("/dev/full", "w");
  const stdio = (where: "full" | "pipe") => (where === "full" ? full : ("pipe" as const));
  const script = `process.exitCode = await (await import(${JSON.stringify(cli)})).main(process.argv.slice(1));`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script, "--", ...args], {
    cwd: directory,
    stdio: ["ignore", stdio(to.stdout), stdio(to.stderr)],
    env: { ...process.env, NO_COLOR: "1" },
  });
  closeSync(full);
  const text = { stdout: "", stderr: "" };
  child.stdout?.on("data", (chunk) => (text.stdout += chunk));
  child.stderr?.on("data", (chunk) => (text.stderr += chunk));
  return new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve) =>
    child.on("close", (code) => resolve({ code, ...text })),
  );
}

for (const args of [
  ["--version"],
  ["--help"],
  ["help", "plan"],
  ["plan", "--help"],
  ["validate"],
  ["validate", "--json"],
  ["schema"],
  ["completion", "bash"],
]) {
  test(`${args.join(" ")} > /dev/full: one clear error and exit 1, no stack`, async (t) => {
    const { code, stderr } = await run(t, args, { stdout: "full", stderr: "pipe" });
    assert.equal(code, 1);
    assert.match(stderr, /^Error: Cannot write to standard output: no space left on device \(ENOSPC\)\n/);
    assert.doesNotMatch(stderr, /\n {4}at /);
  });
}

test("an error that cannot be written to standard error gives exit 1 and no crash", async (t) => {
  const { code, stdout } = await run(t, ["validate", "nowhere.yaml"], { stdout: "pipe", stderr: "full" });
  assert.equal(code, 1);
  assert.match(stdout, /^The configuration is not valid/);
});

test("a reader that ends early is no error", async (t) => {
  const directory = mkdtempSync(join(tmpdir(), "virtform-output-"));
  t.after(() => rmSync(directory, { recursive: true }));
  const script = `process.exitCode = await (await import(${JSON.stringify(cli)})).main(["schema"]);`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], { stdio: ["ignore", "pipe", "pipe"] });
  child.stdout.destroy();
  let stderr = "";
  child.stderr.on("data", (chunk) => (stderr += chunk));
  const code = await new Promise((resolve) => child.on("close", resolve));
  assert.deepEqual([code, stderr], [0, ""]);
});
