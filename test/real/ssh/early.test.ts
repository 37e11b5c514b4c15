import assert from "node:assert/strict";
import { appendFileSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { until } from "../support/until.ts";
import { ended, start, virtform } from "../support/virtform.ts";
import { masters, nameOf, startSshd } from "./sshd.ts";

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

const leftBehind = () => readdirSync(tmpdir()).filter((name) => name.startsWith("virtform-ssh-"));

test("a plan logs in once, although it does so before it reads its configuration", async (t) => {
  const sshd = await startSshd(t);
  process.env["VIRTFORM_SSH"] = sshd.program;
  const directory = configured(t, sshd.uri);
  const before = leftBehind();
  for (const path of [directory, join(directory, "virtform.yaml")]) {
    const logins = sshd.logins();
    const planned = await virtform("plan", path);
    assert.equal(planned.code, 0, planned.stderr);
    assert.equal(sshd.logins() - logins, 1);
  }
  assert.deepEqual(leftBehind(), before, "no directory of a socket is left");
});

test("a login that the configuration does not need ends with the program", async (t) => {
  const sshd = await startSshd(t);
  // It never comes to the host, and takes longer than the plan may.
  appendFileSync(`${sshd.directory}/config`, "Host *\n  ProxyCommand sleep 100\n");
  process.env["VIRTFORM_SSH"] = `${sshd.program} -o ConnectTimeout=100`;
  const child = start(["plan", configured(t, sshd.uri, "nonsense: true\n")]);
  const end = ended(child, 60_000);
  const login = await until("an ssh of the plan's", 20, () => masters(child.pid ?? 0)[0], undefined, 10);
  const result = await end;
  assert.equal(result.code, 1);
  assert.match(result.stdout + result.stderr, /nonsense/);
  await until("the end of the login", 20, () => (nameOf(login) === "" ? true : undefined), undefined, 10);
});

test("a host that cannot be reached is an error with the words of ssh", async (t) => {
  const sshd = await startSshd(t);
  process.env["VIRTFORM_SSH"] = `${sshd.program} -o HostKeyAlias=unknown`;
  const planned = await virtform("plan", configured(t, sshd.uri));
  assert.equal(planned.code, 1);
  assert.match(planned.stdout + planned.stderr, /cannot be reached over ssh \(host key\).*Host key verification failed/s);
});
