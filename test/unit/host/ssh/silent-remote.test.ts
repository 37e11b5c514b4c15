import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { createSshHost } from "../../../../src/host/ssh/ssh.ts";
import { SshConnectError } from "../../../../src/host/ssh/trouble.ts";
import { UnreachableError } from "../../../../src/model/errors.ts";
import { testDirectory } from "../directory.ts";
import { type FakeSsh, fakeSsh, isRunning, target } from "./fake-ssh.ts";

const startLimits = { timeoutMs: 700, bytes: 2 ** 16 };

function hostThrough(context: TestContext, ssh: FakeSsh) {
  process.env["VIRTFORM_SSH"] = ssh.program;
  const host = createSshHost(target, { startLimits });
  context.after(() => host.close());
  return host;
}

const noisy = { "prints without end": "exec yes AAAA", "prints zeros without lines": "exec cat /dev/zero" };

for (const [what, master] of Object.entries(noisy)) {
  test(`a login shell that ${what} is refused before it fills the memory`, async (context) => {
    const ssh = fakeSsh(context, { master });
    const before = process.memoryUsage.rss();
    await assert.rejects(hostThrough(context, ssh).greeting(), (error) => {
      assert.ok(error instanceof SshConnectError);
      assert.equal(error.trouble.hop, "shell");
      assert.match(error.message, /printed more than 65536 bytes before it ran a command/);
      return true;
    });
    assert.ok(process.memoryUsage.rss() - before < 64 * 2 ** 20, "too much of it was kept");
  });
}

test("a silent login shell is an error after the time limit, which names it", async (context) => {
  const ssh = fakeSsh(context, { master: "exec sleep 100" });
  await assert.rejects(hostThrough(context, ssh).greeting(), (error) => {
    assert.ok(error instanceof SshConnectError);
    assert.match(error.diagnostics[0]?.summary ?? "", /\(shell\): the login shell did not answer within 0\.7 s$/);
    assert.match(error.diagnostics[0]?.detail ?? "", /may print or wait for input/);
    return true;
  });
  await ended(ssh);
});

const channels = { "that is silent": "exec sleep 100", "that prints without end": "exec yes AAAA" };

for (const [what, channel] of Object.entries(channels)) {
  test(`what needs a channel ends on one ${what}, naming what was waited for`, async (context) => {
    const ssh = fakeSsh(context, { channel });
    const host = hostThrough(context, ssh);
    await assert.rejects(host.upload({ from: fileURLToPath(import.meta.url), to: "/nonexistent/file", digests: [] }), (error: unknown) => {
      assert.ok(error instanceof UnreachableError);
      assert.match(error.message, /did not start the transfer of .*(no answer within 0\.7 s|more than 65536 bytes of other output)/);
      return true;
    });
    const conversation = host.open({ program: "cat", args: [] });
    assert.equal((await conversation.ended).exitCode, undefined);
    await host.close();
    await ended(ssh);
  });
}

test("a helper that stops answering is an error after the time limit, which names the request", async (context) => {
  const directory = await testDirectory(context);
  writeFileSync(`${directory}/python3`, "#!/bin/sh\nexec sleep 100\n", { mode: 0o755 });
  const ssh = fakeSsh(context, { master: `PATH=${directory}:$PATH; exec sh -c "$last"` });
  process.env["VIRTFORM_SSH"] = ssh.program;
  const host = createSshHost(target, { startLimits, answerMs: 500 });
  context.after(() => host.close());
  await assert.rejects(host.files.stat("/etc/passwd"), (error) => {
    assert.ok(error instanceof UnreachableError);
    assert.match(error.message, /root@kvm1 did not answer within 0\.5 s: stat \/etc\/passwd\. A filesystem there may hang/);
    return true;
  });
  await assert.rejects(host.dial("/run/libvirt/libvirt-sock"), /did not answer within 0\.5 s: stat/);
  await host.close();
  await ended(ssh);
});

test("a helper that answers with anything but frames is cut off", async (context) => {
  const directory = await testDirectory(context);
  for (const answer of [
    "exec yes",
    "echo 99999999999 0; exec sleep 100",
    "echo 10 999999999; exec sleep 100",
    "echo 2 0; echo []; exec sleep 100",
    "echo 4 0 z; printf junk; exec sleep 100",
    `echo '15 4'; printf '{"packed":true}junk'; exec sleep 100`,
  ]) {
    writeFileSync(`${directory}/python3`, `#!/bin/sh\n${answer}\n`, { mode: 0o755 });
    const host = hostThrough(context, fakeSsh(context, { master: `PATH=${directory}:$PATH; exec sh -c "$last"` }));
    await assert.rejects(host.files.stat("/etc/passwd"), /answered with something else than the helper's protocol/);
  }
});

test("ssh ends together with a virtform that is killed while the remote is silent", async (context) => {
  const ssh = fakeSsh(context, { channel: "exec sleep 100", master: 'sh -c "$last"; exec sleep 100' });
  const child = spawn(process.execPath, [fileURLToPath(new URL("ask-child.ts", import.meta.url))], {
    env: { ...process.env, VIRTFORM_SSH: ssh.program },
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(child.stdout, "data");
  const pids = ssh.pids();
  assert.equal(pids.length, 2);
  assert.ok(pids.every(isRunning));
  child.kill("SIGKILL");
  await ended(ssh);
});

/** Waits until none of the ssh processes runs. */
async function ended(ssh: FakeSsh): Promise<void> {
  for (let tries = 0; ssh.pids().some(isRunning); tries += 1) {
    assert.ok(tries < 100, `still running: ${ssh.pids().filter(isRunning)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
