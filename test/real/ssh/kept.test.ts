import assert from "node:assert/strict";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { createSshHost, type SshHost } from "../../../src/host/ssh/ssh.ts";
import { parseSshTarget } from "../../../src/host/ssh/target.ts";
import { isRunning } from "../../unit/host/ssh/fake-ssh.ts";
import { ended, entry, type Result, start } from "../support/program.ts";
import { until } from "../support/until.ts";
import { descendants, keptMasters, nameOf, type Sshd, startSshd } from "./sshd.ts";

/** Where commands keep connections, and how they reach a host. */
interface Room {
  /** The runtime directory. */
  readonly runtime: string;
  /** Of a configuration with one volume. */
  readonly directory: string;
  /** Starts virtform with these words, and variables beside those of the room. */
  start(args: readonly string[], env?: Readonly<Record<string, string | undefined>>): ReturnType<typeof start>;
  run(args: readonly string[], env?: Readonly<Record<string, string | undefined>>): Promise<Result>;
  /** The processes that hold connections. */
  masters(): number[];
}

/** A runtime directory and a configuration of the test's own. The connections that are kept end with the test, whether or not it passes. */
function createRoom(t: TestContext, { uri, program }: Pick<Sshd, "uri" | "program">): Room {
  const runtime = mkdtempSync(join(tmpdir(), "virtform-run-"));
  const directory = mkdtempSync("/var/tmp/virtform-kept-");
  const masters = () => keptMasters(runtime);
  t.after(async () => {
    for (const pid of masters()) process.kill(pid, "SIGKILL");
    await until("the end of all connections", 20, () => (masters().length === 0 ? true : undefined), undefined, 10);
    for (const path of [runtime, directory]) rmSync(path, { recursive: true, force: true });
  });
  const yaml = `project: kept\nhost: { uri: "${uri}", instances_path: ${directory}/instances }\nvolumes: { data: { size: 1MiB } }\n`;
  writeFileSync(join(directory, "virtform.yaml"), yaml);
  const surroundings = { VIRTFORM_SSH: program, XDG_RUNTIME_DIR: runtime, VIRTFORM_SSH_PERSIST: undefined, SSH_AUTH_SOCK: undefined };
  // In the directory of the test: with another program than the usual ssh, a connection is shared within a directory.
  const startHere: Room["start"] = (args, env) =>
    start(process.execPath, [entry, ...args, directory], { env: { ...surroundings, ...env } });
  return { runtime, directory, masters, start: startHere, run: (args, env) => ended(startHere(args, env)) };
}

/** A host in this process that uses the connection that is kept in a room, with what gives the connection up. */
function keeping(t: TestContext, { runtime }: Pick<Room, "runtime">, { target, program }: Pick<Sshd, "target" | "program">) {
  for (const [name, value] of Object.entries({ VIRTFORM_SSH: program, XDG_RUNTIME_DIR: runtime })) process.env[name] = value;
  delete process.env["SSH_AUTH_SOCK"];
  let giveUp = async () => {};
  const onUse = (end: () => Promise<void>) => {
    giveUp = end;
  };
  const host = createSshHost(target, { keep: { seconds: 60, onUse } });
  t.after(() => host.close());
  return { host, giveUp: () => giveUp() };
}

function assertPlanned({ code, stdout, stderr }: Result): void {
  assert.equal(code, 0, stdout + stderr);
}

async function talk(host: SshHost): Promise<string> {
  const conversation = host.open({ program: "echo", args: ["here"] });
  let said = "";
  conversation.onOutput = (text) => {
    said += text;
  };
  await conversation.ended;
  return said;
}

test("plan, apply and plan log in once, and the connection ends when it was idle for its time", async (t) => {
  const sshd = await startSshd(t);
  const room = createRoom(t, sshd);
  const env = { VIRTFORM_SSH_PERSIST: "2" };
  assert.match((await room.run(["plan"], env)).stdout, /1 to add/);
  const [master, ...others] = room.masters();
  assert.ok(master !== undefined && others.length === 0);
  assertPlanned(await room.run(["apply", "--auto-approve"], env));
  assert.match((await room.run(["plan"], env)).stdout, /^No changes/m);
  assert.deepEqual([room.masters(), sshd.logins()], [[master], 1]);
  await until("the end of the connection", 10, () => (isRunning(master) ? undefined : true), undefined, 50);
  assert.deepEqual(readdirSync(`${room.runtime}/virtform`), []);
  assertPlanned(await room.run(["plan"], env));
  assert.equal(sshd.logins(), 2);
});

test("VIRTFORM_SSH_PERSIST=0 leaves nothing and uses nothing that is left; anything but a number is an error", async (t) => {
  const sshd = await startSshd(t);
  const room = createRoom(t, sshd);
  const off = { VIRTFORM_SSH_PERSIST: "0" };
  assertPlanned(await room.run(["plan"], off));
  assert.deepEqual([room.masters(), readdirSync(room.runtime), sshd.logins()], [[], [], 1]);
  assertPlanned(await room.run(["plan"]));
  assertPlanned(await room.run(["plan"], off));
  assert.equal(sshd.logins(), 3);
  for (const text of ["1m", "-1", "0.5", "86401"]) {
    const { code, stderr } = await room.run(["plan"], { VIRTFORM_SSH_PERSIST: text });
    assert.equal(code, 1);
    assert.match(stderr, /VIRTFORM_SSH_PERSIST: ".*" is not a number of seconds.*0 ends it with the\s+command/s);
  }
});

test("a pipeline ends at once, although the connection stays", async (t) => {
  const sshd = await startSshd(t);
  const room = createRoom(t, sshd);
  const script = '"$0" "$1" plan "$2" | cat; "$0" "$1" plan "$2" 2>&1 >/dev/null | cat';
  const env = { VIRTFORM_SSH: sshd.program, XDG_RUNTIME_DIR: room.runtime, VIRTFORM_SSH_PERSIST: "600" };
  const result = await ended(start("sh", ["-c", script, process.execPath, entry, room.directory], { env }), 60_000);
  assert.equal(result.signal, null, "it did not end");
  assert.match(result.stdout, /1 to add/);
  assert.equal(room.masters().length, 1);
});

test("a command ends at once where the process that holds the connection keeps the error output of ssh open", async (t) => {
  const sleeping = join(mkdtempSync(join(tmpdir(), "virtform-sleeping-")), "pids");
  t.after(() => {
    for (const pid of readFileSync(sleeping, "utf8").trim().split("\n").map(Number)) if (isRunning(pid)) process.kill(pid);
    rmSync(dirname(sleeping), { recursive: true, force: true });
  });
  const sshd = await startSshd(t);
  // As OpenSSH before 8.5.
  const script = `${sshd.directory}/old-ssh`;
  writeFileSync(script, `#!/bin/sh\nsleep 45 </dev/null >/dev/null &\necho $! >>${sleeping}\nexec ${sshd.program} "$@"\n`, {
    mode: 0o755,
  });
  const room = createRoom(t, { ...sshd, program: script });
  for (const args of [["plan"], ["apply", "--auto-approve"]]) {
    const started = performance.now();
    assertPlanned(await room.run(args));
    assert.ok(performance.now() - started < 30_000, `${args[0]} waits for it`);
  }
  // A login that fails, too.
  writeFileSync(`${sshd.directory}/authorized_keys`, "");
  const started = performance.now();
  assert.match((await room.run(["plan"], { VIRTFORM_SSH_PERSIST: "61" })).stderr, /over ssh \(login\).*Permission denied/s);
  assert.ok(performance.now() - started < 30_000, "the failure waits for it");
});

test("after SIGKILL the helper and its programs end, and the lock is free, while the connection stays", async (t) => {
  const sshd = await startSshd(t);
  const room = createRoom(t, sshd);
  const child = start(process.execPath, [fileURLToPath(new URL("holding-child.ts", import.meta.url)), sshd.uri, room.directory], {
    env: { VIRTFORM_SSH: sshd.program, XDG_RUNTIME_DIR: room.runtime, SSH_AUTH_SOCK: undefined },
  });
  const end = ended(child);
  const pids = await until("both programs on the host", 30, () => {
    const files = ["talked-to", "run"].map((name) => `${room.directory}/${name}`);
    const known = files.filter(existsSync).map((path) => Number(readFileSync(path, "utf8")));
    return known.length === 2 && known.every((pid) => pid > 0) ? known : undefined;
  });
  const { host } = keeping(t, room, sshd);
  assert.equal(await host.isLocked(`${room.directory}/held`), true);
  const helpers = () => descendants(Number(readFileSync(`${sshd.directory}/pid`, "utf8"))).filter((pid) => /python/.test(nameOf(pid)));
  assert.equal(helpers().length, 2);
  child.kill("SIGKILL");
  await end;
  await until("the end of the programs", 20, () => (pids.some(isRunning) ? undefined : true));
  await until("the release of the lock", 20, async () => ((await host.isLocked(`${room.directory}/held`)) ? undefined : true));
  await until("the end of its helper", 20, () => (helpers().length === 1 ? true : undefined));
  assert.deepEqual([room.masters().length, sshd.logins()], [1, 1]);
});

test("a connection that was killed, or does not answer, costs a login and no run", async (t) => {
  const sshd = await startSshd(t);
  const room = createRoom(t, sshd);
  const planned = async () => {
    const before = sshd.logins();
    const started = performance.now();
    assertPlanned(await room.run(["plan"]));
    return { logins: sshd.logins() - before, seconds: (performance.now() - started) / 1000 };
  };
  await planned();
  const [killed] = room.masters();
  assert.ok(killed !== undefined);
  process.kill(killed, "SIGKILL");
  assert.equal((await planned()).logins, 1, "its socket is there still");
  // Frozen itself, then cut off from the host.
  const [frozen] = room.masters();
  assert.ok(frozen !== undefined);
  process.kill(frozen, "SIGSTOP");
  const late = await planned();
  process.kill(frozen, "SIGKILL");
  assert.equal(late.logins, 1);
  assert.ok(late.seconds < 20, `${late.seconds} s`);
  assert.equal((await planned()).logins, 0, "the new connection is kept");
  const [silent] = room.masters();
  assert.ok(silent !== undefined);
  const sessions = descendants(Number(readFileSync(`${sshd.directory}/pid`, "utf8"))).filter((pid) => nameOf(pid).startsWith("sshd"));
  for (const pid of sessions) process.kill(pid, "SIGSTOP");
  assert.equal((await planned()).logins, 1);
  assert.equal((await planned()).logins, 0);
  assert.ok(isRunning(silent), "it may have been slow");
  for (const pid of sessions) process.kill(pid, "SIGCONT");
  await until("the end of the silent connection", 60, () => (isRunning(silent) ? undefined : true));
});

test("a command that fails leaves no login, and does not end that of other commands", async (t) => {
  const sshd = await startSshd(t);
  const room = createRoom(t, sshd);
  const other = keeping(t, room, sshd);
  await other.host.files.stat("/");
  const [master] = room.masters();
  assert.ok(master !== undefined);
  const file = join(room.directory, "virtform.yaml");
  const right = readFileSync(file, "utf8");
  writeFileSync(file, right.replace(`${room.directory}/instances`, "/proc/none"));
  assert.equal((await room.run(["apply", "--auto-approve"])).code, 1);
  assert.equal(sshd.logins(), 1);
  assert.deepEqual(readdirSync(`${room.runtime}/virtform`), [], "no other command can use it");
  assert.deepEqual(await other.host.files.list(`${room.runtime}/virtform`), [], "it works");
  assert.equal(await talk(other.host), "here\n", "also where it needs a further channel");
  await other.host.close();
  await until("the end of the connection", 20, () => (isRunning(master) ? undefined : true), undefined, 20);
  writeFileSync(file, right);
  assert.equal((await room.run(["plan", "--detailed-exitcode"])).code, 2);
  assert.equal(room.masters().length, 1, "changes are no failure");
});

test("a login that was made early and is not used leaves no connection", async (t) => {
  const sshd = await startSshd(t);
  const room = createRoom(t, sshd);
  const child = fileURLToPath(new URL("early-child.ts", import.meta.url));
  const env = { VIRTFORM_SSH: sshd.program, XDG_RUNTIME_DIR: room.runtime, SSH_AUTH_SOCK: undefined };
  const { code, stdout } = await ended(start(process.execPath, [child, sshd.uri, `${room.runtime}/virtform`], { env }));
  assert.deepEqual([code, stdout, sshd.logins()], [1, "logged in\n", 1]);
  await until(
    "the end of the connection",
    20,
    () => (readdirSync(`${room.runtime}/virtform`).length === 0 ? true : undefined),
    undefined,
    20,
  );
  assert.deepEqual(room.masters(), []);
});

test("doctor logs in by itself and leaves nothing", async (t) => {
  const sshd = await startSshd(t);
  const room = createRoom(t, sshd);
  await room.run(["doctor"]);
  assert.deepEqual([room.masters(), sshd.logins()], [[], 1]);
  assertPlanned(await room.run(["plan"]));
  await room.run(["doctor"]);
  assert.equal(sshd.logins(), 3);
});

test("a connection is kept in a directory of this user alone, and nowhere else", async (t) => {
  const sshd = await startSshd(t);
  const room = createRoom(t, sshd);
  const cache = mkdtempSync(join(room.directory, "cache-"));
  assertPlanned(await room.run(["plan"]));
  const probe = ["--reuid", "65534", "--clear-groups", "ls", `${room.runtime}/virtform`];
  assert.match((await ended(start("setpriv", probe))).stderr, /Permission denied/);
  const unsafe: Record<string, (path: string) => void> = {
    "may be written by others": (path) => mkdirSync(path) ?? chmodSync(path, 0o777),
    "may be read by others": (path) => mkdirSync(`${path}/virtform`, { recursive: true, mode: 0o755 }),
    "has a link in its place": (path) => mkdirSync(path) ?? symlinkSync(cache, `${path}/virtform`),
    // As XDG_RUNTIME_DIR behind sudo.
    "belongs to another user": (path) => mkdirSync(path, { mode: 0o700 }) ?? chownSync(path, 65_534, 65_534),
  };
  for (const [what, make] of Object.entries(unsafe)) {
    const path = join(room.directory, what.replaceAll(" ", "-"));
    make(path);
    const before = sshd.logins();
    const env = { XDG_RUNTIME_DIR: path, XDG_CACHE_HOME: path };
    for (let run = 0; run < 2; run += 1) assertPlanned(await room.run(["plan"], env));
    assert.equal(sshd.logins() - before, 2, what);
    assert.deepEqual(keptMasters(path), [], what);
  }
  const far = join(room.directory, "f".repeat(60));
  mkdirSync(far);
  const before = sshd.logins();
  for (let run = 0; run < 2; run += 1) assertPlanned(await room.run(["plan"], { XDG_RUNTIME_DIR: far, XDG_CACHE_HOME: far }));
  assert.equal(sshd.logins() - before, 2, "the path is too long for a socket");
  // The cache serves where there is no runtime directory.
  const without = { XDG_RUNTIME_DIR: undefined, XDG_CACHE_HOME: cache };
  const cached = sshd.logins();
  for (let run = 0; run < 2; run += 1) assertPlanned(await room.run(["plan"], without));
  assert.equal(sshd.logins() - cached, 1);
  const kept = keptMasters(cache);
  for (const pid of kept) process.kill(pid, "SIGTERM");
  assert.equal(kept.length, 1);
  await until("its end", 10, () => (kept.some(isRunning) ? undefined : true), undefined, 20);
});

test("an edited configuration of ssh, another agent and an old connection log in afresh", async (t) => {
  const sshd = await startSshd(t);
  const room = createRoom(t, sshd);
  const logins = async (env?: Readonly<Record<string, string>>) => {
    const before = sshd.logins();
    assertPlanned(await room.run(["plan"], env));
    return sshd.logins() - before;
  };
  assert.deepEqual([await logins(), await logins()], [1, 0]);
  writeFileSync(`${sshd.directory}/config`, `${readFileSync(`${sshd.directory}/config`, "utf8")}# edited\n`);
  assert.deepEqual([await logins(), await logins()], [1, 0]);
  assert.deepEqual([await logins({ SSH_AUTH_SOCK: "/nonexistent/agent" }), await logins()], [1, 0]);
  assert.equal(await logins({ VIRTFORM_SSH_PERSIST: "61" }), 1);
  const age = () => {
    const past = Date.now() / 1000 - 601;
    for (const name of readdirSync(`${room.runtime}/virtform`)) utimesSync(`${room.runtime}/virtform/${name}`, past, past);
  };
  age();
  assert.deepEqual([await logins(), await logins()], [1, 0], "it is ten times as old as it may be idle");
  for (const pid of room.masters()) process.kill(pid, "SIGKILL");
  age();
  assert.deepEqual([await logins(), await logins()], [1, 0], "a socket whose process was killed long ago");
});

test("where sshd has no room for a further session, a run has a connection of its own", async (t) => {
  const sshd = await startSshd(t, ["MaxSessions 2"]);
  const room = createRoom(t, sshd);
  const [first, second, third] = [1, 2, 3].map(() => keeping(t, room, sshd).host);
  assert.ok(first !== undefined && second !== undefined && third !== undefined);
  await first.files.stat("/");
  await second.files.stat("/");
  assert.equal(sshd.logins(), 1);
  assert.equal(await talk(first), "here\n", "a channel");
  assert.equal(sshd.logins(), 2);
  assert.equal(await talk(first), "here\n");
  assert.equal(sshd.logins(), 2, "of the same connection");
  assert.equal((await third.files.stat("/"))?.type, "directory", "a helper");
  assert.equal(sshd.logins(), 3);
  assert.equal((await second.files.stat("/"))?.type, "directory");
});

test("runs that start together, jump hosts and IPv6 destinations share a connection each", async (t) => {
  const sshd = await startSshd(t, ["ListenAddress ::1"]);
  const { port, directory, target, program } = sshd;
  const options = [`  HostKeyAlias [127.0.0.1]:${port}`, `Host behind`, `  HostName 127.0.0.1`, `  Port ${port}`, `  ProxyJump by-alias`];
  writeFileSync(`${directory}/config`, `${readFileSync(`${directory}/config`, "utf8")}Host *\n${options.join("\n")}\n`);
  const [user] = target.destination.split("@");
  const uris = { together: sshd.uri, behind: `qemu+ssh://${user}@behind/system`, six: `qemu+ssh://${user}@[::1]:${port}/system` };
  assert.equal(parseSshTarget(uris.six)?.destination, `${user}@::1`);
  const both = createRoom(t, { uri: uris.together, program });
  for (const result of await Promise.all([both.run(["plan"]), both.run(["plan"])])) assertPlanned(result);
  assert.ok(sshd.logins() <= 2 && both.masters().length === 1);
  for (const [uri, hops] of [
    [uris.behind, 2],
    [uris.six, 1],
  ] as const) {
    const room = createRoom(t, { uri, program });
    const before = sshd.logins();
    for (let run = 0; run < 2; run += 1) assertPlanned(await room.run(["plan"]));
    assert.equal(sshd.logins() - before, hops, uri);
  }
});

test("what a jump host says about its failure is shown", async (t) => {
  const sshd = await startSshd(t);
  const room = createRoom(t, { ...sshd, program: `${sshd.program} -J nobody@127.0.0.1:${sshd.port}` });
  const { code, stderr } = await room.run(["plan"]);
  assert.equal(code, 1);
  assert.match(stderr, /over ssh \(login\): .*nobody@127\.0\.0\.1: Permission denied/s);
});
