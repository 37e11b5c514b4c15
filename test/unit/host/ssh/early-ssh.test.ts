import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { startEarlySsh } from "../../../../src/host/ssh/early-ssh.ts";
import { createSshHost } from "../../../../src/host/ssh/ssh.ts";
import { fakeSsh, isRunning, target } from "./fake-ssh.ts";

test("an early login that failed is not made a second time, and its words explain the failure", async (t) => {
  const ssh = fakeSsh(t, { master: "echo 'root@kvm1: Permission denied (publickey).' >&2; exit 255" });
  process.env["VIRTFORM_SSH"] = ssh.program;
  startEarlySsh(target, 0);
  const pids = () => {
    try {
      return ssh.pids();
    } catch {
      return [];
    }
  };
  while (pids().length === 0 || pids().some(isRunning)) await pause(10);
  await pause(100);
  const host = createSshHost(target);
  t.after(() => host.close());
  await assert.rejects(async () => host.greeting(), /cannot be reached over ssh \(login\).*Permission denied/s);
  assert.equal(ssh.pids().length, 1);
});
