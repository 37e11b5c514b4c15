import assert from "node:assert/strict";
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { isRunning } from "../../unit/host/ssh/fake-ssh.ts";
import { until } from "../support/until.ts";
import { virtform } from "../support/virtform.ts";
import { startSshd } from "./sshd.ts";

/** A directory with a configuration of nothing on a host. */
function configured(t: TestContext, uri: string, more = ""): string {
  const directory = mkdtempSync("/var/tmp/virtform-early-");
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  writeFileSync(
    join(directory, "virtform.yaml"),
    `project: early\nhost: { uri: "${uri}", instances_path: ${directory}/instances }\n${more}`,
  );
  return directory;
}

/** Sets VIRTFORM_SSH and an empty runtime directory of the test's own, where the sockets of connections are. Gives what is in it. */
function surroundings(t: TestContext, ssh: string): () => string[] {
  const directory = mkdtempSync(join(tmpdir(), "virtform-run-"));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  for (const [name, value] of Object.entries({ VIRTFORM_SSH: ssh, XDG_RUNTIME_DIR: directory })) {
    const before = process.env[name];
    process.env[name] = value;
    t.after(() => {
      if (before === undefined) delete process.env[name];
      else process.env[name] = before;
    });
  }
  return () => readdirSync(directory);
}

test("a plan logs in once, although it does so before it reads its configuration", async (t) => {
  const sshd = await startSshd(t);
  const leftBehind = surroundings(t, sshd.program);
  const directory = configured(t, sshd.uri);
  for (const path of [directory, join(directory, "virtform.yaml")]) {
    const logins = sshd.logins();
    const planned = await virtform("plan", path);
    assert.equal(planned.code, 0, planned.stderr);
    assert.equal(sshd.logins() - logins, 1);
  }
  assert.deepEqual(leftBehind(), [], "no directory of a socket is left");
});

test("a login that the configuration does not need ends with the program", async (t) => {
  const sshd = await startSshd(t);
  // The host never answers, so the login would outlast the plan. The command ends with its ssh.
  appendFileSync(`${sshd.directory}/config`, "Host *\n  ProxyCommand cat >/dev/null\n");
  const [script, pids] = [`${sshd.directory}/recording-ssh`, `${sshd.directory}/pids`];
  writeFileSync(script, `#!/bin/sh\necho $$ >>${pids}\nexec ${sshd.program} -o ConnectTimeout=100 "$@"\n`, { mode: 0o755 });
  const leftBehind = surroundings(t, script);
  const result = await virtform("plan", configured(t, sshd.uri, "nonsense: true\n"));
  assert.equal(result.code, 1);
  assert.match(result.stdout + result.stderr, /nonsense/);
  const started = readFileSync(pids, "utf8").trim().split("\n").map(Number);
  assert.equal(started.length, 1, "one ssh was started");
  await until("the end of the login", 20, () => (started.some(isRunning) ? undefined : true), undefined, 10);
  assert.deepEqual(leftBehind(), [], "no directory of a socket is left");
});

test("a login that fails is an error that quotes ssh", async (t) => {
  const sshd = await startSshd(t);
  const leftBehind = surroundings(t, `${sshd.program} -o HostKeyAlias=unknown`);
  const planned = await virtform("plan", configured(t, sshd.uri));
  assert.equal(planned.code, 1);
  assert.match(planned.stdout + planned.stderr, /cannot be reached over ssh \(host key\).*Host key verification failed/s);
  assert.deepEqual(leftBehind(), [], "no directory of a socket is left");
});
