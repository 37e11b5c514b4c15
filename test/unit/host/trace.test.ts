import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { createLocalHost } from "../../../src/host/local/local.ts";
import { openTrace, traceHost } from "../../../src/host/trace.ts";

test("a line for each program and connection, with its time and end, without input and environment", async (t) => {
  const lines: string[] = [];
  const host = traceHost(createLocalHost(), (line) => lines.push(line));
  t.after(() => host.close());
  await host.run({ program: "cat", args: ["-"], stdin: "sesame", env: { KEY: "hidden" }, timeoutMs: 10_000 });
  await host.run({ program: "false", args: ["a\nb"], timeoutMs: 10_000 }).catch(() => undefined);
  await host.dial("/nonexistent/sock").catch(() => undefined);
  host.onTrace?.("libvirt AUTH_LIST: ok", 1.25);
  assert.equal(lines.length, 4);
  for (const line of lines) assert.match(line, /^\d{4}-\d\d-\d\dT[\d:.]+Z +\d+\.\d ms \S.*\n$/);
  assert.match(lines[0] ?? "", /run cat -: ok\n$/);
  assert.match(lines[1] ?? "", /run false a b: .*exit code 1/);
  assert.match(lines[2] ?? "", /connect \/nonexistent\/sock: .*no such socket\n$/);
  assert.match(lines[3] ?? "", / 1\.[23] ms libvirt AUTH_LIST: ok\n$/);
  assert.doesNotMatch(lines.join(""), /sesame|hidden/);
});

test("a trace goes to standard error or is appended to a file that only its owner can read", (t) => {
  const seen: string[] = [];
  openTrace("1", (line) => seen.push(line))("one\n");
  assert.deepEqual(seen, ["one\n"]);
  const directory = mkdtempSync(join(tmpdir(), "virtform-trace-"));
  t.after(() => rmSync(directory, { recursive: true }));
  const path = join(directory, "trace");
  for (const line of ["one\n", "two\n"]) {
    using trace = openTrace(path, () => assert.fail());
    trace(line);
  }
  assert.equal(readFileSync(path, "utf8"), "one\ntwo\n");
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.throws(() => openTrace(join(directory, "none", "trace"), () => undefined), /ENOENT/);
});

test("a trace that cannot be written ends with one message, and what is traced goes on", async (t) => {
  const said: string[] = [];
  using trace = openTrace("/dev/full", (line) => said.push(line));
  const host = traceHost(createLocalHost(), trace);
  t.after(() => host.close());
  for (let count = 0; count < 2; count += 1) {
    const { stdout } = await host.run({ program: "echo", args: ["done"], timeoutMs: 10_000 });
    assert.equal(stdout, "done\n");
  }
  assert.equal(said.length, 1);
  assert.match(said[0] ?? "", /^The trace in \/dev\/full is incomplete: ENOSPC/);
});
