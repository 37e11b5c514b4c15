import assert from "node:assert/strict";
import { once } from "node:events";
import { chmod, copyFile, mkdir, symlink, writeFile } from "node:fs/promises";
import { type TestContext, test } from "node:test";
import { version } from "../../../src/version.ts";
import { temporaryDirectory } from "./support/temporary-directory.ts";
import { checkout, ended, entry, mustRun, type Result, run, start } from "./support/virtform.ts";

const old = "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.0.0' } })";
const pretendToBeOld = ["--import", `data:text/javascript,${encodeURIComponent(old)}`];

/** A place with bin/virtform.js, and in the place of the bundled node a script that says what it was called with. */
async function installation(t: TestContext, bundled?: string): Promise<string> {
  const directory = await temporaryDirectory(t);
  await mkdir(`${directory}/bin`);
  await copyFile(entry, `${directory}/bin/virtform.js`);
  await writeFile(`${directory}/package.json`, '{"type":"module"}');
  if (bundled !== undefined) {
    await mkdir(`${directory}/node_modules/node/bin`, { recursive: true });
    await writeFile(`${directory}/node_modules/node/bin/node`, `#!/bin/sh\n${bundled}\n`);
    await chmod(`${directory}/node_modules/node/bin/node`, 0o755);
  }
  return directory;
}

function runOld(directory: string, args: readonly string[] = []): Promise<Result> {
  return run(process.execPath, [...pretendToBeOld, `${directory}/bin/virtform.js`, ...args]);
}

test("an older Node hands over to the one beside it: arguments, output and exit code", async (t) => {
  const directory = await installation(t, 'printf "<%s>" "$@"; echo said >&2; exit 7');
  const { code, stdout, stderr } = await runOld(directory, ["plan", "a b", "--json"]);
  assert.equal(code, 7);
  assert.equal(stdout, `<${directory}/bin/virtform.js><plan><a b><--json>`);
  assert.equal(stderr, "said\n");
});

test("the older Node of this machine does so as well", async () => {
  const { stdout: found } = await run("/usr/bin/node", ["-p", "process.versions.node"]).catch(() => ({ stdout: process.versions.node }));
  const node = Number(found.split(".")[0]) < 24 ? ["/usr/bin/node"] : [process.execPath];
  const result = await run(node[0] ?? "", [entry, "--version"]);
  assert.deepEqual([result.code, result.stdout, result.stderr], [0, `virtform ${version}\n`, ""]);
  assert.equal((await run(node[0] ?? "", [entry, "frobnicate"])).code, 1);
});

test("signals are passed on, and an end by a signal is one", async (t) => {
  const caught = await installation(
    t,
    "trap 'echo interrupted; exit 3' INT; trap 'echo terminated; exit 4' TERM; echo ready; while :; do sleep 0.05; done",
  );
  for (const [signal, code, said] of [
    ["SIGINT", 3, "interrupted"],
    ["SIGTERM", 4, "terminated"],
  ] as const) {
    const child = start(process.execPath, [...pretendToBeOld, `${caught}/bin/virtform.js`]);
    const end = ended(child, 20_000);
    await once(child.stdout as NodeJS.ReadableStream, "data");
    child.kill(signal);
    const result = await end;
    assert.deepEqual([result.code, result.stdout], [code, `ready\n${said}\n`]);
  }
  const killed = await installation(t, "kill -TERM $$");
  const result = await runOld(killed);
  assert.equal(result.signal, "SIGTERM");
});

test("without a Node that is new enough, and without a build, one line says what to do", async (t) => {
  const directory = await installation(t);
  const tooOld = await runOld(directory, ["plan"]);
  assert.equal(tooOld.code, 1);
  assert.match(tooOld.stderr, /^virtform needs Node 24 or newer; this is 20\.0\.0\. Install one \(https:\/\/nodejs\.org\).*\n$/);
  const unbuilt = await run(process.execPath, [`${directory}/bin/virtform.js`, "plan"]);
  assert.equal(unbuilt.code, 1);
  assert.match(unbuilt.stderr, /^virtform is not built yet: run `npm ci && npm run build`.*\n$/);
});

test("it can be called through a link, from anywhere", async (t) => {
  const directory = await temporaryDirectory(t);
  await symlink(`${checkout}bin/virtform.js`, `${directory}/virtform`);
  assert.equal(await mustRun(process.execPath, [`${directory}/virtform`, "--version"], { cwd: "/" }), `virtform ${version}\n`);
});

test("a reader that goes away is no error", async () => {
  const { code, stdout, stderr } = await run("bash", ["-c", `set -o pipefail; "${process.execPath}" "${entry}" schema | head -n 1`]);
  assert.deepEqual([code, stdout, stderr], [0, "{\n", ""]);
});
