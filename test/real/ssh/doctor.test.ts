import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { hops } from "../../../src/host/ssh/trouble.ts";
import { temporary } from "../kinds/image/images.ts";
import { checkout, ended } from "../support/virtform.ts";
import { freePort, type Sshd, startSshd } from "./sshd.ts";

interface Finding {
  readonly check: string;
  readonly status: "ok" | "warning" | "error";
  readonly found: string;
  readonly fix?: string;
}

/** What `virtform doctor` says about a host that is reached like this. */
async function doctor(t: TestContext, uri: string, program: string): Promise<{ code: number | null; findings: Finding[] }> {
  const directory = temporary(t);
  const host = { uri, instances_path: join(directory, "instances") };
  writeFileSync(join(directory, "virtform.yaml"), JSON.stringify({ project: "doctor", host }));
  const child = spawn(process.execPath, [join(checkout, "bin/virtform.js"), "doctor", "--json", directory], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, VIRTFORM_SSH: program },
  });
  const { code, stdout, stderr } = await ended(child, 120_000);
  assert.ok(stdout.startsWith("["), stderr);
  return { code, findings: JSON.parse(stdout) as Finding[] };
}

/** All hops before this one are passed, this one has failed, and nothing behind it is guessed at. */
function assertFailsAt(hop: keyof typeof hops, { code, findings }: Awaited<ReturnType<typeof doctor>>, found: RegExp, fix: RegExp): void {
  assert.equal(code, 1);
  const names = Object.keys(hops);
  const at = names.indexOf(hop);
  assert.deepEqual(
    findings.map(({ check, status }) => `${status} ${check}`),
    [...names.slice(0, at).map((name) => `ok ssh: ${name}`), `error ssh: ${hop}`],
  );
  assert.match(findings.at(-1)?.found ?? "", found);
  assert.match(findings.at(-1)?.fix ?? "", fix);
}

test("doctor passes each hop of a working connection and checks the host behind it", async (t) => {
  const { uri, program } = await startSshd(t);
  const { findings } = await doctor(t, uri, program);
  const passed = Object.keys(hops).map((name) => `ssh: ${name} ok`);
  assert.deepEqual(
    findings.slice(0, passed.length).map(({ check, status }) => `${check} ${status}`),
    passed,
  );
  assert.ok(findings.some(({ check, status }) => check === "libvirt" && status === "ok"));
});

test("ssh here: the program is not installed", async (t) => {
  const { uri } = await startSshd(t);
  assertFailsAt("ssh here", await doctor(t, uri, "/nonexistent/ssh"), /ENOENT|No such file or directory/, /openssh-client/);
});

test("name: it does not resolve", async (t) => {
  const { program } = await startSshd(t);
  const broken = await doctor(t, "qemu+ssh://root@no-such-host.invalid/system", program);
  assertFailsAt("name", broken, /Could not resolve hostname/, /host\.uri/);
});

test("network: connection refused", async (t) => {
  const { uri, port, program } = await startSshd(t);
  const elsewhere = uri.replace(`:${port}/`, `:${await freePort()}/`);
  assertFailsAt("network", await doctor(t, elsewhere, program), /refused/, /sshd runs there/);
});

test("host key: it is not known, and it is another than before", async (t) => {
  const { uri, directory, port, program } = await startSshd(t);
  const known = join(directory, "known_hosts");
  const before = readFileSync(known);
  rmSync(known);
  assertFailsAt("host key", await doctor(t, uri, program), /Host key verification failed|host key is known/, /not in known_hosts.*by hand/);
  // The user's own key in place of the host's.
  const [type, key] = readFileSync(join(directory, "user_key.pub"), "utf8").split(" ");
  writeFileSync(known, `[127.0.0.1]:${port} ${type} ${key}\n`);
  assertFailsAt("host key", await doctor(t, uri, program), /Host key verification failed|CHANGED/, /another key than before|Find out why/);
  writeFileSync(known, before);
  assert.equal((await doctor(t, uri, program)).findings[0]?.status, "ok");
});

test("login: the key does not open", async (t) => {
  const { uri, directory, program } = await startSshd(t);
  execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(directory, "other")]);
  writeFileSync(join(directory, "authorized_keys"), readFileSync(join(directory, "other.pub")));
  assertFailsAt("login", await doctor(t, uri, program), /Permission denied/, /ssh-copy-id/);
});

test("shell: the account may not run commands, or runs another one whatever is asked for", async (t) => {
  const refused: Sshd = await startSshd(t, ["ForceCommand /usr/sbin/nologin"]);
  assertFailsAt("shell", await doctor(t, refused.uri, refused.program), /not available|exit code 1/, /nologin/);
  const forced = await startSshd(t, ["ForceCommand echo hello"]);
  assertFailsAt("shell", await doctor(t, forced.uri, forced.program), /exit code 0/, /forced command/);
});

test("programs: those that the host lacks are named", async (t) => {
  const few = join(temporary(t), "bin");
  mkdirSync(few);
  const needed = ["stat", "cp", "cat", "sh"];
  for (const name of needed) symlinkSync(execFileSync("sh", ["-c", `command -v ${name}`], { encoding: "utf8" }).trim(), join(few, name));
  const { uri, program } = await startSshd(t, [`ForceCommand PATH=${few} /bin/sh -c "$SSH_ORIGINAL_COMMAND"`]);
  assertFailsAt("programs", await doctor(t, uri, program), /lacks prlimit, python3/, /python3 \(package python3/);
});
