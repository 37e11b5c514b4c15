import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { after, test } from "node:test";
import { createSshHost } from "../../../src/host/ssh/ssh.ts";
import { CommandError, UnreachableError } from "../../../src/model/errors.ts";
import { testDirectory } from "../../unit/host/directory.ts";
import { masters, startSshd } from "./sshd.ts";

const sshd = await startSshd({ after });
process.env["VIRTFORM_SSH"] = sshd.program;
const connect = (target = sshd.target) => {
  const host = createSshHost(target);
  after(() => host.close());
  return host;
};
const host = connect();
const timeoutMs = 60_000;
const sh = (script: string, ...args: string[]) => ({ program: "sh", args: ["-c", script, "sh", ...args], timeoutMs });

async function failureOf(work: Promise<unknown>): Promise<CommandError> {
  const error = await work.then(
    () => assert.fail("it should fail"),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof CommandError, String(error));
  return error;
}

function alive(pid: string): boolean {
  const stat = existsSync(`/proc/${pid}/stat`) ? readFileSync(`/proc/${pid}/stat`, "utf8") : ") Z";
  return !/\) [ZX]/.test(stat);
}

async function until(what: string, check: () => boolean): Promise<void> {
  for (let tries = 0; tries < 300; tries += 1) {
    if (check()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.fail(what);
}

test("arguments, input, output and environment arrive as they are", async () => {
  const odd = ["it's", "a b\nc", "$(id)", "", "-n", "\\", "ä 漢"];
  assert.equal((await host.run(sh(`printf '%s\\0' "$@"`, ...odd))).stdout, odd.map((word) => `${word}\0`).join(""));
  const secret = "line 1\n'\0\nline 2";
  assert.equal((await host.run({ program: "cat", args: [], stdin: secret, timeoutMs })).stdout, secret);
  assert.equal((await host.run({ program: "cat", args: ["/dev/stdin"], stdin: secret, timeoutMs })).stdout, secret);
  assert.match((await host.run({ program: "readlink", args: ["/proc/self/fd/0"], stdin: secret, timeoutMs })).stdout, /\(deleted\)$/m);
  const { stdout, stderr } = await host.run({ ...sh(`echo "$LC_ALL $EXTRA"; echo oh >&2`), env: { EXTRA: "a 'b'" } });
  assert.deepEqual([stdout, stderr], ["C a 'b'\n", "oh\n"]);
});

test("a program runs on one processor of the host, and on any where that one cannot be had", async () => {
  const allowed = async (more: { readonly processor?: number }) =>
    (await host.run({ program: "sed", args: ["-n", "s/^Cpus_allowed_list:\t//p", "/proc/self/status"], timeoutMs, ...more })).stdout.trim();
  const all = await allowed({});
  const first = Number.parseInt(all, 10);
  assert.equal(await allowed({ processor: first }), String(first));
  assert.equal(await allowed({ processor: 1_000_000 }), all);
  assert.equal(await allowed({}), all);
});

test("exit codes are the program's own, 255 among them, which is also ssh's word for no connection", async () => {
  for (const code of [1, 2, 124, 126, 255]) {
    const error = await failureOf(host.run(sh(`echo why >&2; exit ${code}`)));
    assert.deepEqual([error.exitCode, error.reason, error.stderr], [code, "exit", "why\n"]);
  }
  assert.equal((await host.run({ ...sh("exit 255"), okExitCodes: [255] })).exitCode, 255);
});

test("missing programs, signals and limits are told as on this machine", async () => {
  const missing = await failureOf(host.run({ program: "virtform-none", args: [], timeoutMs }));
  assert.equal(missing.reason, "missing");
  const limits = { cpuSeconds: 1, addressSpaceBytes: 2 ** 28 };
  const bounded = await failureOf(host.run({ program: "virtform-none", args: [], limits, timeoutMs }));
  assert.equal(bounded.reason, "missing");
  const busy = await failureOf(host.run({ ...sh("while :; do :; done"), limits }));
  assert.equal(busy.reason, "signal");
  assert.match(busy.message, /it may use 1 s of processor time/);
});

test("a program that takes too long is stopped there, with all that it started", async (context) => {
  const directory = await testDirectory(context);
  const error = await failureOf(host.run({ ...sh(`sleep 600 & echo $! >${directory}/pid; wait`), timeoutMs: 1000 }));
  assert.equal(error.reason, "timeout");
  assert.match(error.message, /^sh did not finish within 1 s and was stopped/);
  const pid = readFileSync(`${directory}/pid`, "utf8").trim();
  await until("the child is gone", () => !alive(pid));
});

test("a program is stopped there when it is no longer wanted, also one that was given input", async (context) => {
  const directory = await testDirectory(context);
  for (const stdin of [undefined, "input"]) {
    const controller = new AbortController();
    const command = {
      ...sh(`echo $$ >${directory}/pid; echo running; exec sleep 600`),
      signal: controller.signal,
      onLine: () => controller.abort(),
    };
    assert.equal((await failureOf(host.run(stdin === undefined ? command : { ...command, stdin }))).reason, "aborted");
    const pid = readFileSync(`${directory}/pid`, "utf8").trim();
    await until("the program is gone", () => !alive(pid));
  }
});

test("a program that ends at once is reported like any other, and takes nothing of the next request", async () => {
  const odd = ["it's", "a b\nc", "$(id)", "", "-n", "\\", "ä 漢"];
  assert.equal((await host.run(sh(`printf '%s\\0' "$@"`, ...odd))).stdout, odd.map((word) => `${word}\0`).join(""));
  const { stdout, stderr } = await host.run({ ...sh(`echo "$LC_ALL $EXTRA"; echo oh >&2; cat`), env: { EXTRA: "a 'b'" } });
  assert.deepEqual([stdout, stderr], ["C a 'b'\n", "oh\n"]);
  for (const code of [1, 2, 124, 126, 255]) {
    const error = await failureOf(host.run(sh(`echo why >&2; exit ${code}`)));
    assert.deepEqual([error.exitCode, error.reason, error.stderr], [code, "exit", "why\n"]);
  }
  assert.equal((await failureOf(host.run({ program: "virtform-none", args: [], timeoutMs }))).reason, "missing");
  assert.equal((await failureOf(host.run({ ...sh("sleep 600"), timeoutMs: 1000 }))).reason, "timeout");
  assert.equal((await failureOf(host.run(sh("kill -KILL $$")))).reason, "signal");
  assert.doesNotMatch((await host.run(sh("ls -l /proc/self/fd"))).stdout, / 3 -> pipe/);
  const many = await Promise.all(Array.from({ length: 60 }, (_, index) => host.run(sh(`echo ${index}`))));
  assert.deepEqual(
    many.map((one) => one.stdout),
    many.map((_, index) => `${index}\n`),
  );
});

test("a brief program that is no longer wanted is not waited for, and is stopped with the connection", async (context) => {
  const directory = await testDirectory(context);
  const fresh = createSshHost(sshd.target);
  const controller = new AbortController();
  const command = { ...sh(`echo $$ >${directory}/pid; exec sleep 600`), brief: true, signal: controller.signal };
  const failed = failureOf(fresh.run(command));
  await until("it runs", () => existsSync(`${directory}/pid`) && readFileSync(`${directory}/pid`, "utf8") !== "");
  controller.abort();
  assert.equal((await failed).reason, "aborted");
  assert.equal((await failureOf(fresh.run(command))).reason, "aborted");
  await fresh.close();
  const pid = readFileSync(`${directory}/pid`, "utf8").trim();
  await until("the program is gone", () => !alive(pid));
});

test("lines come while the program runs", async () => {
  const lines: string[] = [];
  await host.run({ ...sh("printf '  (1.00/100%%)\\r  (99.00/100%%)\\r\\ndone'"), onLine: (line) => lines.push(line) });
  assert.deepEqual(lines, ["  (1.00/100%)", "  (99.00/100%)", "done"]);
});

test("a conversation goes back and forth and ends with its input; one with a missing program ends without output", async () => {
  const conversation = host.open({
    program: "sh",
    args: ["-c", 'while read -r line; do echo "got $line $EXTRA"; done; exit 7'],
    env: { EXTRA: "x" },
  });
  let output = "";
  const answered = new Promise<void>((resolve) => {
    conversation.onOutput = (text) => {
      output += text;
      if (output.includes("got two x\n")) resolve();
    };
  });
  conversation.write("one\n");
  conversation.write("two\n");
  await answered;
  await conversation.close();
  assert.deepEqual([await conversation.ended, output], [{ exitCode: 7 }, "got one x\ngot two x\n"]);
  const missing = host.open({ program: "virtform-none", args: [] });
  let said = "";
  missing.onError = (text) => {
    said += text;
  };
  assert.deepEqual([await missing.ended, said], [{ exitCode: undefined }, ""]);
});

test("all of it goes over one connection; more conversations than sshd allows on one take a second", async () => {
  const before = sshd.logins();
  const fresh = connect();
  await Promise.all([fresh.files.stat("/"), fresh.run(sh("true")), fresh.files.list("/"), fresh.run(sh("true"))]);
  assert.equal(sshd.logins() - before, 1);
  await Promise.all(Array.from({ length: 11 }, () => fresh.run(sh("sleep 0.2"))));
  assert.equal(sshd.logins() - before, 1);
  const conversations = Array.from({ length: 11 }, () => fresh.open({ program: "cat", args: [] }));
  await Promise.all(conversations.map((one) => one.close()));
  assert.equal(sshd.logins() - before, 2);
});

test("looks that are asked for together are one round trip, however many they are", async () => {
  const trips: string[] = [];
  const counted = createSshHost(sshd.target, { onRoundTrip: (what) => trips.push(what) });
  after(() => counted.close());
  const paths = Array.from({ length: 500 }, (_, index) => (index % 3 === 0 ? "/etc/passwd" : `/etc/none-${index}`));
  const [contents, states, listed, one] = await Promise.all([
    counted.files.readMany(paths.map((path) => ({ path, length: 10 }))),
    counted.files.statMany(paths),
    counted.files.list("/etc"),
    counted.files.read("/etc/hostname"),
  ]);
  assert.equal(trips.length, 1);
  const start = readFileSync("/etc/passwd").subarray(0, 10).toString();
  assert.ok(contents.every((content, index) => content?.toString() === (index % 3 === 0 ? start : undefined)));
  assert.ok(states.every((state, index) => (state !== undefined) === (index % 3 === 0)));
  assert.ok(listed.some(({ name }) => name === "passwd"));
  assert.equal(one?.toString(), readFileSync("/etc/hostname", "utf8"));
});

test("a lost connection ends what is under way as unreachable, and the program over there with it", async (context) => {
  const directory = await testDirectory(context);
  const known = new Set(masters(process.pid));
  const doomed = connect();
  await doomed.files.stat("/");
  const [pid] = masters(process.pid).filter((one) => !known.has(one));
  assert.ok(pid !== undefined);
  const ended = doomed.run({
    ...sh(`echo $$ >${directory}/pid; echo running; exec sleep 600`),
    onLine: () => process.kill(pid, "SIGKILL"),
  });
  await assert.rejects(ended, UnreachableError);
  for (const look of [
    doomed.files.stat("/none"),
    doomed.files.read("/none"),
    doomed.files.list("/none"),
    doomed.files.readMany([{ path: "/none" }]),
  ]) {
    await assert.rejects(look, UnreachableError);
  }
  const program = readFileSync(`${directory}/pid`, "utf8").trim();
  await until("the program is gone", () => !alive(program));
});

test("an unreachable host, an unknown host key and a refused key have different errors", async () => {
  const hop = async (target: typeof sshd.target, pattern: RegExp) => {
    await assert.rejects(connect(target).files.stat("/"), (error: unknown) => {
      assert.ok(error instanceof UnreachableError, String(error));
      assert.match(error.message, pattern);
      return true;
    });
  };
  await hop({ ...sshd.target, port: 1 }, /over ssh \(network\): .*refused/);
  await hop({ ...sshd.target, destination: "root@virtform.invalid" }, /over ssh \(name\)/);
  await hop({ ...sshd.target, destination: "root@127.0.0.2" }, /over ssh \((?:host key|network)\)/);
  await hop({ ...sshd.target, destination: "nobody@127.0.0.1" }, /over ssh \(login\): .*Permission denied/);
  const own = process.env["VIRTFORM_SSH"];
  process.env["VIRTFORM_SSH"] = "/virtform/none/ssh";
  try {
    await hop(sshd.target, /over ssh \(ssh here\)/);
  } finally {
    process.env["VIRTFORM_SSH"] = own;
  }
});

test("a name of the user's ssh configuration is enough", async () => {
  const { port: _port, ...alias } = sshd.target;
  assert.equal((await connect({ ...alias, destination: "by-alias" }).run(sh("echo here"))).stdout, "here\n");
});
