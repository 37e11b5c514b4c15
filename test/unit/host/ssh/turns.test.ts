import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { after, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { createSshHost } from "../../../../src/host/ssh/ssh.ts";
import { DialError } from "../../../../src/model/channel.ts";
import { UserError } from "../../../../src/model/errors.ts";
import type { FileChange } from "../../../../src/model/host.ts";
import { testDirectory } from "../directory.ts";
import { fakeSsh, target } from "./fake-ssh.ts";

const turns: string[] = [];
const ssh = fakeSsh({ after });
process.env["VIRTFORM_SSH"] = ssh.program;
const host = createSshHost(target, { onRoundTrip: (what) => turns.push(what) });
after(() => host.close());

/** Looks every `pauseMs` until it is so, for 20 s. */
async function reached(what: string, isSo: () => boolean, pauseMs: number): Promise<void> {
  for (const deadline = performance.now() + 20_000; !isSo(); await pause(pauseMs))
    if (performance.now() > deadline) throw new Error(`${what} does not come`);
}

test("a compressed message is the same in both directions", async (context) => {
  const directory = await testDirectory(context);
  const names = Array.from({ length: 300 }, (_, index) => `äöü ${index} ${"n".repeat(100)}`);
  for (const name of names) writeFileSync(`${directory}/${name}`, name);
  const contents = await host.files.readMany(names.map((name) => ({ path: `${directory}/${name}` })));
  assert.deepEqual(contents.map(String), names);
  const entries = await host.files.list(directory);
  assert.deepEqual(entries.map(({ name }) => name).sort(), [...names].sort());
});

test("looks at a thousand files that are asked for together take one round trip", async (context) => {
  const directory = await testDirectory(context);
  const paths = Array.from({ length: 500 }, (_, index) => `${directory}/${index}`);
  for (const path of paths) writeFileSync(path, path);
  turns.length = 0;
  const [contents, stats, entries] = await Promise.all([
    host.files.readMany(paths.map((path) => ({ path }))),
    host.files.statMany(paths),
    host.files.list(directory),
  ]);
  assert.deepEqual(contents.map(String), paths);
  assert.ok(stats.every((stat, index) => stat?.size === (paths[index] ?? "").length));
  assert.equal(entries.length, 500);
  assert.deepEqual(turns, ["look"]);
});

test("looks that go out together have one answer, so that what follows from them goes out together", async (context) => {
  const directory = await testDirectory(context);
  mkdirSync(`${directory}/some`);
  writeFileSync(`${directory}/some/name`, "content");
  const { files } = host;
  const following = async (first: Promise<unknown>) => {
    await first;
    return files.read(`${directory}/some/name`);
  };
  // Asked in different microtasks, and measuring space takes longer than the others.
  const late = async <T>(look: () => Promise<T>) => {
    for (let turn = 0; turn < 5; turn += 1) await undefined;
    return look();
  };
  for (let round = 0; round < 20; round += 1) {
    turns.length = 0;
    const found = await Promise.all([
      following(files.space(directory)),
      following(files.list(`${directory}/some`)),
      following(late(() => files.stat(directory))),
      following(late(() => files.readMany([{ path: `${directory}/some/name` }]))),
    ]);
    assert.deepEqual(found.map(String), ["content", "content", "content", "content"]);
    assert.deepEqual(turns, ["look", "look"]);
  }
});

test("more looks than one request may have are several requests of one round trip, and each gets its own answer", async (context) => {
  const directory = await testDirectory(context);
  const paths = Array.from({ length: 4500 }, (_, index) => `${directory}/${index}`);
  for (const path of paths.filter((_, index) => index % 100 === 0)) writeFileSync(path, path);
  turns.length = 0;
  const contents = await host.files.readMany(paths.map((path) => ({ path })));
  assert.deepEqual(turns, ["look"]);
  assert.ok(contents.every((content, index) => content?.toString() === (index % 100 === 0 ? paths[index] : undefined)));
});

test("changes made together take one round trip and leave what they would one by one", async (context) => {
  const directory = await testDirectory(context);
  writeFileSync(`${directory}/template`, "template");
  turns.length = 0;
  const [, written] = await host.files.change([
    { do: "makeDirectory", path: `${directory}/uuid`, mode: 0o755 },
    { do: "write", path: `${directory}/uuid/label`, data: "label", mode: 0o600 },
    { do: "makeFile", path: `${directory}/uuid/console.log`, mode: 0o600 },
    { do: "copy", from: `${directory}/template`, to: `${directory}/uuid/disk.part` },
    { do: "publish", staged: `${directory}/uuid/disk.part`, final: `${directory}/uuid/disk`, mode: 0o644 },
    { do: "touch", path: `${directory}/template` },
    { do: "remove", path: `${directory}/none` },
  ]);
  assert.deepEqual(turns, ["change"]);
  assert.equal(readFileSync(`${directory}/uuid/disk`, "utf8"), "template");
  assert.equal(statSync(`${directory}/uuid/disk`).mode & 0o777, 0o644);
  assert.equal(statSync(`${directory}/uuid/label`).mode & 0o777, 0o600);
  const here = statSync(`${directory}/uuid/label`);
  assert.deepEqual([written?.inode, written?.mtimeMs, written?.size], [here.ino, here.mtimeMs, 5]);
});

test("a file is rewritten under a lock in two round trips", async (context) => {
  const directory = await testDirectory(context);
  const path = `${directory}/ledger.json`;
  const lock = { path: `${directory}/ledger`, purpose: "a test", timeoutMs: 5000 };
  const seen: (string | undefined)[] = [];
  const rewrite = (data: string, file = path) =>
    host.rewrite(lock, { path: file, length: 10 }, async (content) => {
      seen.push(content?.toString());
      assert.equal(await host.isLocked(lock.path), true);
      turns.length = 0;
      return data === "" ? [] : [{ do: "write", path: file, data, mode: 0o600, staged: true }];
    });
  await rewrite("first");
  assert.deepEqual(turns, ["finish"]);
  await rewrite("second, which is longer");
  await rewrite("");
  assert.deepEqual(turns, ["lock"], "nothing changes");
  assert.deepEqual(seen, [undefined, "first", "second, wh"]);
  assert.equal(readFileSync(path, "utf8"), "second, which is longer");
  symlinkSync(path, `${directory}/link`);
  await rewrite("", `${directory}/link`);
  assert.equal(seen.at(-1), undefined, "a link is not followed");

  const failing = (change: () => Promise<FileChange[]>) => host.rewrite(lock, { path, length: 10 }, change);
  await assert.rejects(
    failing(async () => {
      throw new Error("undecided");
    }),
    /undecided/,
  );
  assert.equal(await host.isLocked(lock.path), false);
  await assert.rejects(
    failing(async () => [{ do: "write", path: directory, data: "", staged: true }]),
    /Cannot write .*a directory/,
  );
  assert.equal(await host.isLocked(lock.path), false);
  assert.equal(
    readdirSync(directory).some((name) => name.endsWith(".lock")),
    false,
  );
});

test("a file whose content was guessed is rewritten under a lock in one round trip, any other one as without a guess", async (context) => {
  const directory = await testDirectory(context);
  const path = `${directory}/ledger.json`;
  const lock = { path: `${directory}/ledger`, purpose: "a test", timeoutMs: 5000 };
  const asked: (string | undefined)[] = [];
  const write = (data: string): FileChange => ({ do: "write", path, data, mode: 0o600, staged: true });
  const rewrite = (guess: string | undefined, changes: readonly FileChange[]) =>
    host.rewrite(
      lock,
      { path, length: 100 },
      async (content) => {
        asked.push(content?.toString());
        return [write("decided")];
      },
      { content: guess === undefined ? undefined : Buffer.from(guess), changes },
    );
  const heldAfter = async () => host.isLocked(lock.path);
  turns.length = 0;
  await rewrite(undefined, [write("first")]);
  await rewrite("first", [write("second")]);
  assert.deepEqual(turns, ["swap", "swap"]);
  assert.deepEqual([asked, readFileSync(path, "utf8"), await heldAfter()], [[], "second", false]);
  for (const wrong of [undefined, "first", "secon", "second!", "sec\0nd"]) {
    writeFileSync(path, "second");
    turns.length = 0;
    await rewrite(wrong, [{ do: "remove", path }]);
    assert.deepEqual(turns, ["swap", "finish"]);
    assert.deepEqual([asked.splice(0), readFileSync(path, "utf8"), await heldAfter()], [["second"], "decided", false]);
  }
  await rewrite("decided", [{ do: "remove", path }]);
  await rewrite("gone meanwhile", [write("not written")]);
  assert.deepEqual([asked.splice(0), readFileSync(path, "utf8"), await heldAfter()], [[undefined], "decided", false]);
  turns.length = 0;
  await assert.rejects(rewrite("decided", [{ do: "write", path: directory, data: "", staged: true }]), /Cannot write .*a directory/);
  assert.deepEqual(turns, ["swap"]);
  assert.equal(await heldAfter(), false);
  // What holds the lock is waited for, and what it wrote is what counts.
  await host
    .lock(lock, async () => {
      const second = rewrite("decided", [{ do: "remove", path }]);
      await pause(300);
      assert.equal(readFileSync(path, "utf8"), "decided");
      writeFileSync(path, "by the holder");
      return { second };
    })
    .then(({ second }) => second);
  assert.deepEqual(asked, ["by the holder"]);
});

test("the last work under a lock takes one round trip: names, lines, and the release", async (context) => {
  const directory = await testDirectory(context);
  const lock = { path: `${directory}/apply`, purpose: "a test", timeoutMs: 5000 };
  const last = { path: `${directory}/journal`, lines: ["one", "two"] };
  const ended = async (given: typeof last, more: () => unknown = () => undefined) =>
    host.lock(lock, async (_, end) => {
      await host.files.change([{ do: "write", path: `${directory}/name`, data: "later" }], "later");
      await more();
      turns.length = 0;
      const failure = await end?.(given);
      assert.deepEqual(turns, ["finish"]);
      return failure;
    });
  assert.equal(await ended(last), undefined);
  assert.deepEqual(turns, ["finish"], "the lock is not released a second time");
  assert.equal(readFileSync(last.path, "utf8"), "one\ntwo\n");
  assert.equal(await host.isLocked(lock.path), false);
  const failure = await ended({ ...last, path: directory });
  assert.match(String(failure?.message), /a directory/);
  assert.equal(await host.isLocked(lock.path), false);
  await assert.rejects(
    ended(last, () => rmSync(`${lock.path}.lock`, { recursive: true })),
    (error: unknown) => error instanceof UserError && error.diagnostics[0]?.code === "lock-lost",
  );
  assert.equal(readFileSync(last.path, "utf8"), "one\ntwo\n", "nothing is appended without the lock");
});

test("a file is not rewritten when the lock was lost before", async (context) => {
  const directory = await testDirectory(context);
  const path = `${directory}/ledger.json`;
  const lock = { path: `${directory}/ledger`, purpose: "a test", timeoutMs: 5000 };
  writeFileSync(path, "first");
  const losing = (more: () => void) =>
    host.rewrite(lock, { path, length: 10 }, async () => {
      rmSync(`${lock.path}.lock`, { recursive: true });
      more();
      return [{ do: "write", path, data: "second", staged: true }];
    });
  const isLost = (error: unknown) => error instanceof UserError && error.diagnostics[0]?.code === "lock-lost";
  await assert.rejects(
    losing(() => undefined),
    isLost,
  );
  assert.equal(readFileSync(path, "utf8"), "first");
  await assert.rejects(
    losing(() => mkdirSync(`${lock.path}.lock`)),
    isLost,
  );
  assert.equal(readFileSync(path, "utf8"), "first", "another process holds it");
  assert.ok(statSync(`${lock.path}.lock`).isDirectory(), "and keeps it");
});

test("several changes stop at the first that fails, which the error names", async (context) => {
  const directory = await testDirectory(context);
  mkdirSync(`${directory}/in-the-way`);
  const changes = [
    { do: "write", path: `${directory}/a`, data: "a" },
    { do: "write", path: `${directory}/in-the-way`, data: "b" },
    { do: "write", path: `${directory}/c`, data: "c" },
  ] as const;
  await assert.rejects(host.files.change(changes), /Cannot write .*\/in-the-way: it is a directory/);
  assert.deepEqual(
    (await host.files.list(directory)).map(({ name }) => name),
    ["a", "in-the-way"],
  );
});

test("a socket is opened in one round trip, and bytes go both ways until it is closed", async (context) => {
  const directory = await testDirectory(context);
  const server = createServer((socket) => socket.pipe(socket));
  context.after(() => server.close());
  await new Promise<void>((resolve) => server.listen(`${directory}/echo`, resolve));
  turns.length = 0;
  const channel = await host.dial(`${directory}/echo`);
  const sent = Buffer.alloc(300_000, "definitions of guests ");
  let received = Buffer.alloc(0);
  const all = new Promise<void>((resolve) => {
    channel.onData = (bytes) => {
      received = Buffer.concat([received, bytes]);
      if (received.length >= sent.length) resolve();
    };
  });
  for (let at = 0; at < sent.length; at += 50_000) channel.write(sent.subarray(at, at + 50_000));
  await all;
  assert.ok(received.equals(sent));
  channel.close();
  assert.equal(await channel.ended, undefined);
  assert.deepEqual(turns, ["dial"]);
});

for (const [what, answer, said] of [
  ["usual", "no login needed\n", "who may enter?\nopen\n"],
  ["another", "password\n", "who may enter?\n"],
] as const) {
  test(`the first message of a protocol is sent with the dial, the second only after the expected answer: ${what} answer`, async (context) => {
    const directory = await testDirectory(context);
    let heard = "";
    const server = createServer((socket) => {
      socket.on("data", (bytes) => {
        heard += bytes;
        // In two pieces, as streams may come.
        if (heard === "who may enter?\n") {
          socket.write(answer.slice(0, 3));
          setTimeout(() => socket.write(answer.slice(3)), 20);
        }
        if (heard.endsWith("open\n")) socket.write("welcome\n");
        if (heard.endsWith("more\n")) socket.end("done\n");
      });
    });
    context.after(() => server.close());
    await new Promise<void>((resolve) => server.listen(`${directory}/login`, resolve));
    const first = Buffer.from("who may enter?\n");
    const second = Buffer.from("open\n");
    const channel = await host.dial(`${directory}/login`, { first, expected: Buffer.from("no login needed\n"), second });
    const answerTo = (message: Buffer | undefined, end: string) =>
      new Promise<string>((resolve) => {
        let received = "";
        channel.onData = (bytes) => {
          received += bytes;
          if (received.endsWith(end)) resolve(received);
        };
        if (message !== undefined) channel.write(message);
      });
    for (let tries = 0; heard !== said && tries < 500; tries += 1) await pause(20);
    // A message that must not be sent would arrive in this time.
    await pause(200);
    assert.equal(heard, said);
    assert.throws(() => channel.write(second), /differs from that of the opening/);
    assert.equal(await answerTo(first, "\n"), answer);
    assert.equal(await answerTo(second, "\n"), "welcome\n");
    assert.equal(await answerTo(Buffer.from("more\n"), "\n"), "done\n");
    assert.equal(heard, "who may enter?\nopen\nmore\n");
    assert.equal(await channel.ended, undefined);
  });
}

test("large answers that follow each other arrive whole, and a small one arrives as one piece", async (context) => {
  const directory = await testDirectory(context);
  const definition = `<domain>${"x".repeat(3000)}</domain>`;
  const server = createServer((socket) => {
    socket.on("data", (data) => {
      if (String(data) === "small") return socket.write("answer");
      socket.write(definition);
      return setImmediate(() => socket.write(definition));
    });
    socket.on("error", () => undefined);
  });
  context.after(() => server.close());
  await new Promise<void>((resolve) => server.listen(`${directory}/many`, resolve));
  const channel = await host.dial(`${directory}/many`);
  let pieces: string[] = [];
  channel.onData = (bytes) => void pieces.push(String(bytes));
  const answers = async (question: string, length: number) => {
    pieces = [];
    channel.write(Buffer.from(question));
    await reached("the answer", () => pieces.join("").length >= length, 1);
    return pieces;
  };
  assert.deepEqual(await answers("small", 6), ["answer"]);
  for (let times = 0; times < 20; times += 1) {
    assert.equal((await answers("two", 2 * definition.length)).join(""), definition + definition);
  }
  channel.close();
});

test("a helper that ends waits until the server has closed a channel that was left", async (context) => {
  const directory = await testDirectory(context);
  const ends: string[] = [];
  const server = createServer((socket) => {
    socket.on("data", () =>
      setTimeout(() => {
        ends.push("server");
        socket.end();
      }, 100),
    );
    socket.on("end", () => ends.push("client"));
  });
  context.after(() => server.close());
  await new Promise<void>((resolve) => server.listen(`${directory}/goodbye`, resolve));
  const own = createSshHost(target);
  const channel = await own.dial(`${directory}/goodbye`);
  channel.write(Buffer.from("goodbye"));
  channel.leave?.();
  await own.close();
  await reached("the end of the channel", () => ends.length > 0, 10);
  assert.equal(ends[0], "server");
});

for (const [what, path, reason] of [
  ["missing", "/none", "missing"],
  ["a file", "/file", "refused"],
] as const) {
  test(`a dial to a socket that is ${what} fails as ${reason}`, async (context) => {
    const directory = await testDirectory(context);
    writeFileSync(`${directory}/file`, "");
    await assert.rejects(host.dial(`${directory}${path}`), (error) => error instanceof DialError && error.reason === reason);
  });
}

test("these tests took one ssh process, and the host that was closed took another", () => {
  assert.equal(ssh.pids().length, 2);
});

test("close waits for the end of ssh only while a change is not settled on the host", async (context) => {
  const directory = await testDirectory(context);
  // The end of this ssh takes eight seconds.
  process.env["VIRTFORM_SSH"] = fakeSsh(context, { master: 'sh -c "$last"; sleep 8' }).program;
  const closing = async (work: (own: typeof host) => Promise<unknown>) => {
    const own = createSshHost(target);
    await work(own);
    const started = performance.now();
    await own.close();
    return performance.now() - started;
  };
  const write = (own: typeof host) => own.files.change([{ do: "write", path: `${directory}/file`, data: "" }], "later");
  const settled = async (own: typeof host) => {
    await own.lock({ path: `${directory}/lock`, purpose: "a test", timeoutMs: 10_000 }, () => write(own));
    await own.files.settle();
  };
  const [looked, wrote, wroteAndSettled] = await Promise.all([
    closing((own) => own.files.stat(directory)),
    closing(write),
    closing(settled),
  ]);
  assert.ok(looked < 5000, `${looked} ms after a look`);
  assert.ok(wrote > 7500, `${wrote} ms after a change whose names are not on the disk`);
  assert.ok(wroteAndSettled < 5000, `${wroteAndSettled} ms after a change that was settled`);
});
