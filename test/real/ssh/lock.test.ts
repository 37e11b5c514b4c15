import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { hostname } from "node:os";
import { after, test } from "node:test";
import { withLock } from "../../../src/host/local/lock.ts";
import { createSshHost } from "../../../src/host/ssh/ssh.ts";
import { UnreachableError, UserError } from "../../../src/model/errors.ts";
import { testDirectory } from "../../unit/host/directory.ts";
import { masters, startSshd } from "./sshd.ts";

const sshd = await startSshd({ after });
process.env["VIRTFORM_SSH"] = sshd.program;
const purpose = "apply of project shop";
const connect = () => {
  const host = createSshHost(sshd.target);
  after(() => host.close());
  return host;
};
const host = connect();
const holderOf = (path: string) => JSON.parse(readFileSync(`${path}.holder.json`, "utf8")) as { pid: number };

test("work runs while a shell on the host holds the lock, and nothing is left after it", async (context) => {
  const directory = await testDirectory(context);
  const result = await host.lock({ path: `${directory}/a`, purpose, timeoutMs: 0 }, async () => {
    assert.deepEqual(readdirSync(directory).sort(), ["a.holder.json", "a.lock"]);
    return 42;
  });
  assert.equal(result, 42);
  assert.deepEqual(readdirSync(directory), []);
  await assert.rejects(
    host.lock({ path: `${directory}/a`, purpose, timeoutMs: 0 }, () => Promise.reject(new Error("of the work"))),
    /of the work/,
  );
  assert.deepEqual(readdirSync(directory), []);
});

test("who comes by ssh and who is on the host itself exclude each other, both ways, by name", async (context) => {
  const path = `${await testDirectory(context)}/a`;
  const refused = (pattern: RegExp) => (error: unknown) => error instanceof UserError && pattern.test(error.message);
  await host.lock({ path, purpose, timeoutMs: 0 }, () =>
    assert.rejects(
      withLock({ path, purpose, timeoutMs: 0 }, async () => assert.fail("not ours")),
      refused(new RegExp(`Locked by apply of project shop, over ssh from ${hostname()} \\(process ${holderOf(path).pid} on`)),
    ),
  );
  await withLock({ path, purpose, timeoutMs: 0 }, () =>
    assert.rejects(
      host.lock({ path, purpose, timeoutMs: 100 }, async () => assert.fail("not ours")),
      refused(new RegExp(`Locked by apply of project shop \\(process ${process.pid} on ${hostname()}`)),
    ),
  );
});

test("several wait for one another, over one connection and over two", async (context) => {
  const path = `${await testDirectory(context)}/a`;
  const other = connect();
  let inside = 0;
  const waits: string[] = [];
  const enter = (machine: typeof host) =>
    machine.lock({ path, purpose, timeoutMs: 60_000, onWait: (holder) => waits.push(holder) }, async () => {
      inside += 1;
      assert.equal(inside, 1);
      await new Promise((resolve) => setTimeout(resolve, 400));
      inside -= 1;
    });
  await Promise.all([enter(host), enter(other), enter(host)]);
  assert.ok(waits.length >= 1);
});

test("the lock of a killed process is taken over at once, be it one of the host's or a helper of ours", async (context) => {
  const path = `${await testDirectory(context)}/a`;
  const child = spawn(process.execPath, [`${import.meta.dirname}/../../unit/host/lock-child.ts`, "hold", path], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(child.stdout, "data");
  child.kill("SIGKILL");
  await once(child, "exit");
  assert.ok(existsSync(`${path}.lock`));
  const before = performance.now();
  let ended = false;
  const other = connect();
  const lost = other.lock({ path, purpose, timeoutMs: 0 }, async (signal) => {
    process.kill(holderOf(path).pid, "SIGKILL");
    await once(signal, "abort");
    await new Promise((resolve) => setImmediate(resolve));
    ended = true;
  });
  await assert.rejects(lost, UnreachableError);
  assert.ok(ended, "the work went on after its end was reported");
  assert.ok(existsSync(`${path}.lock`), "the stale lock remains");
  await assert.rejects(other.files.stat("/"), UnreachableError, "the helper lives as long as the connection");
  await host.lock({ path, purpose, timeoutMs: 0 }, async () => undefined);
  assert.ok(performance.now() - before < 8000);
});

test("a lock ends with the connection, and its holder learns that the host is unreachable", async (context) => {
  const path = `${await testDirectory(context)}/a`;
  const other = connect();
  const before = masters(process.pid);
  const lost = other.lock({ path, purpose, timeoutMs: 0 }, async (signal) => {
    const [master, ...more] = masters(process.pid).filter((pid) => !before.includes(pid));
    assert.ok(master !== undefined && more.length === 0);
    process.kill(master, "SIGKILL");
    await once(signal, "abort");
  });
  await assert.rejects(lost, (error: unknown) => error instanceof UnreachableError && /connection to .* was lost/.test(error.message));
  await assert.rejects(other.files.stat("/"), UnreachableError);
  await assert.rejects(other.files.list("/none"), UnreachableError);
  await host.lock({ path, purpose, timeoutMs: 10_000 }, async () => undefined);
});

test("waiting ends when it is no longer wanted", async (context) => {
  const path = `${await testDirectory(context)}/a`;
  await host.lock({ path, purpose, timeoutMs: 0 }, async () => {
    const controller = new AbortController();
    const waiting = host.lock({ path, purpose, timeoutMs: 60_000, signal: controller.signal, onWait: () => controller.abort() }, async () =>
      assert.fail("not ours"),
    );
    await assert.rejects(waiting, (error: unknown) => error instanceof UserError && error.diagnostics[0]?.code === "interrupted");
  });
});

test("a removed lock is lost", async (context) => {
  const directory = await testDirectory(context);
  const path = `${directory}/a`;
  const { rmSync } = await import("node:fs");
  const taken = host.lock({ path, purpose, timeoutMs: 0 }, async () => rmSync(`${path}.lock`, { recursive: true }));
  await assert.rejects(taken, (error: unknown) => error instanceof UserError && error.diagnostics[0]?.code === "lock-lost");
});

test("whether a lock is held is seen over ssh without taking it", async (context) => {
  const path = `${await testDirectory(context)}/a`;
  assert.equal(await host.isLocked(path), false);
  assert.equal(await host.isLocked("/nowhere/b"), false);
  await withLock({ path, purpose, timeoutMs: 0 }, async () => assert.equal(await host.isLocked(path), true));
  await connect().lock({ path, purpose, timeoutMs: 0 }, async () => assert.equal(await host.isLocked(path), true));
  const holder = spawn(process.execPath, [`${import.meta.dirname}/../../unit/host/lock-child.ts`, "hold", path], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(holder.stdout, "data");
  assert.equal(await host.isLocked(path), true);
  const ended = once(holder, "exit");
  holder.kill("SIGKILL");
  await ended;
  assert.equal(await host.isLocked(path), false);
});
