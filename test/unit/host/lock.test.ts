import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { hostname } from "node:os";
import { type TestContext, test } from "node:test";
import { isLocked } from "../../../src/host/local/is-locked.ts";
import { withLock } from "../../../src/host/local/lock.ts";
import { readHolder, writeHolder } from "../../../src/host/lock-holder.ts";
import { comparePlaces, liveness, parseProcessState, thisProcess } from "../../../src/host/process-identity.ts";
import { UserError } from "../../../src/model/errors.ts";
import { testDirectory } from "./directory.ts";

const purpose = "apply of project shop";
const problem = (code: string) => (error: unknown) => error instanceof UserError && error.diagnostics[0]?.code === code;

function startChild(context: TestContext, ...args: string[]) {
  const child = spawn(process.execPath, [`${import.meta.dirname}/lock-child.ts`, ...args], { stdio: ["ignore", "pipe", "inherit"] });
  context.after(() => void child.kill("SIGKILL"));
  return child;
}

async function startHolder(context: TestContext, path: string): Promise<ChildProcess> {
  const holder = startChild(context, "hold", path);
  await once(holder.stdout, "data");
  return holder;
}

async function kill(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  const ended = once(child, "exit");
  child.kill(signal);
  await ended;
}

test("work runs while the lock is held, and nothing at all is left after it", async (context) => {
  const directory = await testDirectory(context);
  const path = `${directory}/a`;
  const result = await withLock({ path, purpose, timeoutMs: 0 }, async () => {
    assert.deepEqual(readdirSync(directory), ["a.holder.json", "a.lock"]);
    const holder = readHolder(path);
    assert.deepEqual([holder?.pid, holder?.hostName, holder?.purpose], [process.pid, hostname(), purpose]);
    return 42;
  });
  assert.equal(result, 42);
  assert.deepEqual(readdirSync(directory), []);
  await assert.rejects(
    withLock({ path, purpose, timeoutMs: 0 }, () => Promise.reject(new Error("of the work"))),
    /of the work/,
  );
  assert.deepEqual(readdirSync(directory), []);
});

test("two of one process exclude each other, and the second learns about the first", async (context) => {
  const path = `${await testDirectory(context)}/a`;
  let inside = 0;
  const waits: string[] = [];
  const once = () =>
    withLock({ path, purpose, timeoutMs: 20_000, onWait: (holder) => waits.push(holder) }, async () => {
      inside += 1;
      assert.equal(inside, 1);
      await new Promise((resolve) => setTimeout(resolve, 30));
      inside -= 1;
    });
  await Promise.all([once(), once(), once()]);
  assert.equal(waits.length, 2);
  for (const wait of waits) assert.match(wait, /^apply of project shop \(process \d+ on \S+, since \d{4}-\d\d-\d\dT[\d:]+Z\)$/);
});

test("when the time is up the message names the holder, since when, what for, and what to do", async (context) => {
  const path = `${await testDirectory(context)}/apply-shop`;
  const holder = await startHolder(context, path);
  for (const timeoutMs of [0, 150]) {
    await assert.rejects(
      withLock({ path, purpose, timeoutMs }, async () => assert.fail("not ours")),
      (error: unknown) => {
        assert.ok(error instanceof UserError);
        const [diagnostic] = error.diagnostics;
        assert.equal(diagnostic?.code, "locked");
        assert.match(
          diagnostic?.summary ?? "",
          new RegExp(`^Locked by apply of project test \\(process ${holder.pid} on ${hostname()}, since `),
        );
        assert.match(
          diagnostic?.detail ?? "",
          /apply-shop\.lock.*Wait for it to end, or give it more time with --lock-timeout\. If it hangs, end that process/,
        );
        return true;
      },
    );
  }
  assert.equal(existsSync(`${path}.lock`), true);
});

test("waiting ends when it is no longer wanted", async (context) => {
  const path = `${await testDirectory(context)}/a`;
  await startHolder(context, path);
  const controller = new AbortController();
  const waiting = withLock({ path, purpose, timeoutMs: 60_000, signal: controller.signal, onWait: () => controller.abort() }, async () =>
    assert.fail(),
  );
  await assert.rejects(waiting, problem("interrupted"));
});

test("the lock of a process that was killed is taken over at once", async (context) => {
  const path = `${await testDirectory(context)}/a`;
  const holder = await startHolder(context, path);
  await kill(holder, "SIGKILL");
  assert.equal(existsSync(`${path}.lock`), true, "the stale lock remains");
  const before = performance.now();
  await withLock({ path, purpose, timeoutMs: 0 }, async () => undefined);
  assert.ok(performance.now() - before < 5000);
});

test("the lock of a process that a signal ended is free", async (context) => {
  const path = `${await testDirectory(context)}/a`;
  const holder = await startHolder(context, path);
  await kill(holder, "SIGTERM");
  assert.equal(existsSync(`${path}.holder.json`), false);
  await withLock({ path, purpose, timeoutMs: 0 }, async () => undefined);
});

test("a holder that was stopped keeps its lock", async (context) => {
  const path = `${await testDirectory(context)}/a`;
  const holder = await startHolder(context, path);
  holder.kill("SIGSTOP");
  utimesSync(`${path}.lock`, 1, 1);
  const renewal = { renewMs: 1000, staleMs: 10 };
  await assert.rejects(
    withLock({ path, purpose, timeoutMs: 400 }, async () => assert.fail(), renewal),
    problem("locked"),
  );
});

test("the record of a dead process beside a fresh lock says nothing about it", async (context) => {
  const directory = await testDirectory(context);
  const path = `${directory}/a`;
  mkdirSync(`${path}.lock`);
  writeHolder(path, "something long ago");
  const record = JSON.parse(readFileSync(`${path}.holder.json`, "utf8"));
  writeFileSync(`${path}.holder.json`, JSON.stringify({ ...record, pid: 4_000_000 }));
  assert.equal(readHolder(path)?.pid, 4_000_000);
  rmdirSync(`${path}.lock`);
  // Often the same inode number again.
  mkdirSync(`${path}.lock`);
  assert.equal(readHolder(path), undefined);
  const renewing = setInterval(() => utimesSync(`${path}.lock`, new Date(), new Date()), 20);
  await assert.rejects(
    withLock({ path, purpose, timeoutMs: 100 }, async () => assert.fail(), { renewMs: 1000, staleMs: 500 }),
    problem("locked"),
  );
  clearInterval(renewing);
});

test("a stale lock without a record is taken over even with a timeout of 0", async (context) => {
  const path = `${await testDirectory(context)}/a`;
  mkdirSync(`${path}.lock`);
  assert.equal(await withLock({ path, purpose, timeoutMs: 0 }, async () => 42, { renewMs: 1000, staleMs: 300 }), 42);
});

const odd: Readonly<Record<string, (record: string) => void>> = {
  "a pipe": (record) => execFileSync("mkfifo", [record]),
  "a link to a file of the host": (record) => symlinkSync(`${record}.precious`, record),
  "a file of 3 GiB": (record) => {
    writeFileSync(record, "");
    truncateSync(record, 3 * 2 ** 30);
  },
  "a directory": (record) => mkdirSync(record),
};

for (const [what, make] of Object.entries(odd)) {
  test(`a holder's record that is ${what} is neither waited for nor followed nor read whole`, async (context) => {
    const path = `${await testDirectory(context)}/a`;
    const record = `${path}.holder.json`;
    writeFileSync(`${record}.precious`, "precious");
    mkdirSync(`${path}.lock`);
    make(record);
    const before = [performance.now(), process.memoryUsage.rss()] as const;
    assert.equal(readHolder(path), undefined);
    assert.ok(performance.now() - before[0] < 1000);
    assert.ok(process.memoryUsage.rss() - before[1] < 2 ** 26);
    rmdirSync(`${path}.lock`);
    await withLock({ path, purpose, timeoutMs: 0 }, async () => {
      if (what !== "a directory") assert.equal(readHolder(path)?.pid, process.pid);
    });
    assert.equal(readFileSync(`${record}.precious`, "utf8"), "precious");
  });
}

test("a lock that the filesystem does not let go keeps the result, and this process takes it again", async (context) => {
  const directory = await testDirectory(context);
  const path = `${directory}/a`;
  const result = await withLock({ path, purpose, timeoutMs: 0 }, async () => {
    // Like a filesystem that has become read-only: the directory is ours and cannot be removed.
    writeFileSync(`${path}.lock/in-the-way`, "");
    return 42;
  });
  assert.equal(result, 42);
  rmSync(`${path}.lock/in-the-way`);
  assert.ok(existsSync(`${path}.lock`));
  assert.equal(await withLock({ path, purpose, timeoutMs: 0 }, async () => 43), 43);
  assert.ok(!existsSync(`${path}.lock`));
});

test("a lock of an unknown process is taken over when it is not renewed, whatever its time says", async (context) => {
  const path = `${await testDirectory(context)}/a`;
  for (const year of [1990, 2090]) {
    mkdirSync(`${path}.lock`);
    const time = new Date(`${year}-01-01`);
    utimesSync(`${path}.lock`, time, time);
    const waits: string[] = [];
    await withLock({ path, purpose, timeoutMs: 20_000, onWait: (holder) => waits.push(holder) }, async () => undefined, {
      renewMs: 1000,
      staleMs: 1500,
    });
    assert.deepEqual(waits, ["an unknown process (no holder record)"]);
  }
});

test("a lock of another machine is not taken while that renews it", async (context) => {
  const path = `${await testDirectory(context)}/a`;
  mkdirSync(`${path}.lock`);
  writeHolder(path, "apply from elsewhere");
  const record = JSON.parse(readFileSync(`${path}.holder.json`, "utf8"));
  writeFileSync(`${path}.holder.json`, JSON.stringify({ ...record, hostName: "kvm2", machineId: "other", bootId: "other" }));
  let seconds = 0;
  const renewing = setInterval(() => {
    seconds += 1;
    utimesSync(`${path}.lock`, seconds, seconds);
  }, 20);
  const refused = assert.rejects(
    withLock({ path, purpose, timeoutMs: 1500 }, async () => assert.fail(), { renewMs: 1000, staleMs: 700 }),
    (error: unknown) =>
      error instanceof UserError &&
      /on kvm2.*/.test(error.message) &&
      /on no machine that shares this directory, remove/.test(error.diagnostics[0]?.detail ?? ""),
  );
  // Before the directory goes, which is when the test ends.
  await refused.finally(() => clearInterval(renewing));
});

test("if the lock is lost, the work is aborted and awaited, and the call fails", async (context) => {
  const path = `${await testDirectory(context)}/a`;
  const renewal = { renewMs: 1000, staleMs: 10_000 };
  let ended = false;
  const told = withLock(
    { path, purpose, timeoutMs: 0 },
    async (lost) => {
      rmdirSync(`${path}.lock`);
      await once(lost, "abort");
      await new Promise((resolve) => setImmediate(resolve));
      ended = true;
    },
    renewal,
  );
  // The renewal's timer alone does not keep a process alive.
  const alive = setInterval(() => undefined, 1000);
  context.after(() => clearInterval(alive));
  await assert.rejects(told, problem("lock-lost"));
  assert.ok(ended, "the work went on after its end was reported");
  const quick = withLock(
    { path, purpose, timeoutMs: 0 },
    async () => {
      rmdirSync(`${path}.lock`);
      mkdirSync(`${path}.lock`);
    },
    renewal,
  );
  await assert.rejects(quick, problem("lock-lost"));
  assert.ok(statSync(`${path}.lock`).isDirectory(), "the lock of its present holder is left alone");
});

test("eight processes contend, and no two are ever inside at once", async (context) => {
  const directory = await testDirectory(context);
  const children = Array.from({ length: 8 }, () => startChild(context, "count", `${directory}/a`, `${directory}/counter`, "12"));
  const codes = await Promise.all(children.map(async (child) => (await once(child, "exit"))[0]));
  assert.deepEqual(codes, Array(8).fill(0));
  assert.equal(readFileSync(`${directory}/counter`, "utf8"), "96");
});

test("eight processes contend, some are killed at any moment, and the others go on", async (context) => {
  const directory = await testDirectory(context);
  let killed = 0;
  const run = async (index: number): Promise<void> => {
    const child = startChild(context, "count", `${directory}/a`, `${directory}/counter`, "15");
    const exit = once(child, "exit");
    let counted = 0;
    child.stdout.on("data", (text: Buffer) => {
      assert.doesNotMatch(text.toString(), /not alone/);
      counted += 1;
      // In the middle of whatever the others are doing.
      if (index % 2 === 0 && counted === 3) {
        killed += 1;
        child.kill("SIGKILL");
      }
    });
    const [code, signal] = await exit;
    assert.ok(code === 0 || signal === "SIGKILL", `code ${code}, signal ${signal}`);
  };
  await Promise.all(Array.from({ length: 8 }, (_, index) => run(index)));
  assert.equal(killed, 4);
  const count = Number(readFileSync(`${directory}/counter`, "utf8"));
  assert.ok(count >= 4 * 15 + 4 * 3, `counted ${count}`);
  // The last to be killed may have left the lock.
  await withLock({ path: `${directory}/a`, purpose, timeoutMs: 20_000 }, async () => undefined);
  assert.deepEqual(
    readdirSync(directory).filter((name) => !name.startsWith("counter")),
    [],
  );
});

test("a process is known by more than its number", () => {
  const self = thisProcess();
  assert.equal(liveness(self), "alive");
  assert.equal(liveness({ ...self, startTime: "1" }), "gone");
  assert.equal(liveness({ ...self, pid: 4_000_000 }), "gone");
  assert.equal(liveness({ ...self, pidNamespace: "pid:[1]" }), "unknown");
  assert.deepEqual(parseProcessState(`7 (a) b) Z 1 ${"0 ".repeat(17)}815 9`), { running: false, startTime: "815" });
});

test("a rebooted machine has none of its old processes; another machine is not asked", () => {
  const here = { hostName: "kvm1", machineId: "m1", bootId: "b2", pidNamespace: "pid:[1]" };
  assert.equal(comparePlaces(here, here), "here");
  assert.equal(comparePlaces({ ...here, bootId: "b1" }, here), "before");
  assert.equal(comparePlaces({ ...here, bootId: "b1", machineId: "m2" }, here), "elsewhere");
  assert.equal(comparePlaces({ ...here, bootId: "b1", hostName: "kvm2" }, here), "elsewhere");
  assert.equal(comparePlaces({ ...here, pidNamespace: "pid:[2]" }, here), "elsewhere");
  const nothing = { hostName: "kvm1", machineId: "", bootId: "", pidNamespace: "" };
  assert.equal(comparePlaces(nothing, nothing), "elsewhere");
});

test("whether a lock is held is known without taking it: not after its holder was killed", async (context) => {
  const path = `${await testDirectory(context)}/a`;
  assert.equal(isLocked(path), false);
  await withLock({ path, purpose, timeoutMs: 0 }, async () => assert.equal(isLocked(path), true));
  assert.equal(isLocked(path), false);
  const holder = await startHolder(context, path);
  assert.equal(isLocked(path), true);
  await kill(holder, "SIGKILL");
  assert.equal(existsSync(`${path}.lock`), true);
  assert.equal(isLocked(path), false);
  assert.equal(isLocked(`${path}/none/b`), false);
});
