import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { createFrames } from "../../../../src/tools/libvirt/virsh-frames.ts";

const sample = (name: string) => readFileSync(new URL(`samples/${name}`, import.meta.url), "utf8");
const stdout = sample("conversation.stdout");
const stderr = sample("conversation.stderr");

/** A virsh built without readline: prompts, and no echo of what was typed. */
const silent = stdout.replace(/virsh # [^\n]*\n/g, "virsh # ");

function check(outputs: readonly string[], errors: readonly string[]): void {
  assert.equal(outputs.length, 6);
  assert.equal(outputs[0]?.trim(), "6695eb01-f6a4-8304-79aa-97f2502e193f");
  assert.equal(outputs[1], "");
  assert.equal(outputs[2], "", "virsh did not understand the line");
  assert.match(outputs[3] ?? "", /^<domain type='test'>.*<\/domain>\n$/s);
  assert.equal(outputs[4]?.trim(), "y".repeat(300), "a long line is echoed cut off, and what it printed is whole");
  assert.equal(outputs[5], "Domain: 'test'\n  state.state=1\n  state.reason=0\nvm\n");
  assert.deepEqual(errors, ["", "error: failed to get domain 'nope'\n", "error: unknown command: 'bogus'\n", "", "", ""]);
}

test("replies of a captured conversation, read at once", () => {
  const frames = createFrames("vfsample");
  check(frames.output(stdout), frames.errors(stderr));
  assert.equal(frames.pendingErrors, "");
});

test("a virsh without readline", () => {
  const frames = createFrames("vfsample");
  check(frames.output(silent), frames.errors(stderr));
});

test("the same, cut anywhere", () => {
  for (let size = 1; size < 90; size += 1) {
    const frames = createFrames("vfsample");
    const outputs: string[] = [];
    const errors: string[] = [];
    for (let at = 0; at < stdout.length; at += size) outputs.push(...frames.output(stdout.slice(at, at + size)));
    for (let at = 0; at < stderr.length; at += size) errors.push(...frames.errors(stderr.slice(at, at + size)));
    check(outputs, errors);
  }
});

test("an unfinished reply is not given", () => {
  const frames = createFrames("vfsample");
  assert.deepEqual(frames.output(stdout.slice(0, stdout.indexOf("vfsample-0."))), []);
  assert.deepEqual(frames.errors("error: failed to connect to the hypervisor\n"), []);
  assert.match(frames.pendingErrors, /failed to connect/);
});

test("another conversation's marks mean nothing", () => {
  assert.deepEqual(createFrames("vfother").output(stdout), []);
});
