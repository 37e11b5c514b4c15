import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { boundedCommand, commandEnvironment, commandLine, lastWords } from "../../../src/host/command-line.ts";
import { createLineSplitter } from "../../../src/host/line-splitter.ts";
import { openConversation, runCommand } from "../../../src/host/local/command.ts";
import { runEventHook } from "../../../src/host/local/event-hook.ts";
import { CommandError } from "../../../src/model/errors.ts";
import { testDirectory } from "./directory.ts";

const timeoutMs = 20_000;
const sh = (script: string) => ({ program: "sh", args: ["-c", script], timeoutMs });

async function failureOf(running: Promise<unknown>): Promise<CommandError> {
  const error = await running.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof CommandError, `a CommandError, not ${error}`);
  return error;
}

test("arguments reach a program as they are, its output comes back as it is", async () => {
  const result = await runCommand({ program: "printf", args: ["%s|", "a b", "$(id)", "*", ""], timeoutMs });
  assert.deepEqual(result, { exitCode: 0, stdout: "a b|$(id)|*||", stderr: "" });
  assert.equal((await runCommand(sh("echo x; echo y >&2"))).stdout, "x\n");
});

test("messages are in English, and extra environment comes on top", async () => {
  const { stdout } = await runCommand({ ...sh('echo "$LC_ALL $OWN"'), env: { OWN: "value" } });
  assert.equal(stdout, "C value\n");
  assert.equal((await runCommand({ ...sh('echo "$LC_ALL"'), env: { LC_ALL: "C.UTF-8" } })).stdout, "C.UTF-8\n");
});

test("programs of the system's administrator are found without them being in PATH", () => {
  assert.equal(commandEnvironment({ PATH: "/usr/bin:/sbin" })["PATH"], "/usr/bin:/sbin:/usr/sbin");
});

test("a program gets what it is given to read, and nothing otherwise", async () => {
  assert.equal((await runCommand({ program: "cat", args: [], stdin: "text", timeoutMs })).stdout, "text");
  // By name as well, which a pipe of Node's, being a socket, does not allow; and the name it had while it was made is gone.
  assert.equal((await runCommand({ program: "cat", args: ["/dev/stdin"], stdin: "text", timeoutMs })).stdout, "text");
  assert.match((await runCommand({ program: "readlink", args: ["/proc/self/fd/0"], stdin: "text", timeoutMs })).stdout, /\(deleted\)$/m);
  assert.equal((await runCommand({ program: "cat", args: [], timeoutMs })).stdout, "");
  // One that does not want it is no failure.
  await runCommand({ program: "true", args: [], stdin: "x".repeat(2 ** 20), timeoutMs });
});

test("a failure names the command line, the code and the last words", async () => {
  const error = await failureOf(runCommand(sh("echo out; for i in 1 2 3 4 5 6; do echo line $i >&2; done; exit 3")));
  assert.deepEqual([error.reason, error.exitCode], ["exit", 3]);
  assert.equal(error.commandLine, "sh -c 'echo out; for i in 1 2 3 4 5 6; do echo line $i >&2; done; exit 3'");
  assert.equal(error.message, `sh failed with exit code 3: line 2; line 3; line 4; line 5; line 6. The command was: ${error.commandLine}`);
  assert.ok(error.stderr.includes("line 1"));
});

test("a program of an event hook counts by its exit code, whatever it leaves running with its output", async () => {
  const hook = (script: string) => runEventHook(["sh", "-c", script], {}, new AbortController().signal);
  const started = performance.now();
  assert.equal(await hook("sleep 8 & exit 0"), undefined);
  assert.match((await hook("echo no such channel >&2; sleep 8 & exit 3")) ?? "", /exit code 3: no such channel/);
  assert.ok(performance.now() - started < 5000, "what is left running is not waited for");
});

test("exit codes that are answers are not failures", async () => {
  assert.equal((await runCommand({ ...sh("exit 2"), okExitCodes: [0, 2] })).exitCode, 2);
});

test("a missing program is distinguished from one that failed, and its package is named", async () => {
  const plain = await failureOf(runCommand({ program: "virtform-none", args: ["x"], timeoutMs }));
  assert.equal(plain.reason, "missing");
  assert.match(plain.message, /^The program virtform-none is not installed here\. Install it, or add its directory to PATH/);
  const limits = { cpuSeconds: 5, addressSpaceBytes: 2 ** 30 };
  const bounded = await failureOf(runCommand({ program: "virtform-none", args: [], limits, timeoutMs }));
  assert.equal(bounded.reason, "missing");
  assert.match(bounded.message, /program virtform-none is not installed/);
  const unbounded = await failureOf(runCommand({ ...sh("echo 'prlimit: failed to execute x' >&2; exit 127") }));
  assert.equal(unbounded.reason, "exit");
});

test("a program that takes too long is stopped, with all that it started", async (context) => {
  const directory = await testDirectory(context);
  const error = await failureOf(runCommand({ ...sh(`sleep 600 & echo $! > ${directory}/pid; wait`), timeoutMs: 1000 }));
  assert.equal(error.reason, "timeout");
  assert.match(error.message, /^sh did not finish within 1 s and was stopped/);
  const pid = readFileSync(`${directory}/pid`, "utf8").trim();
  // A busy machine takes its time to end what was killed.
  const state = () => (existsSync(`/proc/${pid}/stat`) ? readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.[0] : "gone");
  for (let tries = 0; tries < 100 && !["gone", "Z", "X"].includes(state() ?? ""); tries += 1) await pause(50);
  assert.ok(["gone", "Z", "X"].includes(state() ?? ""), `the child is ${state()}`);
});

test("a program is stopped when it is no longer wanted, and not even started when that was before", async (context) => {
  const directory = await testDirectory(context);
  const controller = new AbortController();
  const running = runCommand({ ...sh("echo launched; sleep 600"), signal: controller.signal, onLine: () => controller.abort() });
  assert.equal((await failureOf(running)).reason, "aborted");
  const late = runCommand({ program: "touch", args: [`${directory}/x`], timeoutMs, signal: controller.signal });
  assert.equal((await failureOf(late)).reason, "aborted");
  assert.equal(existsSync(`${directory}/x`), false);
});

test("bounds on processor time and memory hold", async () => {
  const limits = { cpuSeconds: 1, addressSpaceBytes: 2 ** 28 };
  const busy = await failureOf(runCommand({ ...sh("while :; do :; done"), limits }));
  assert.equal(busy.reason, "signal");
  assert.match(busy.message, /it may use 1 s of processor time/);
  assert.match(busy.commandLine, /^prlimit --as=268435456 --cpu=1 -- sh -c /);
  const greedy = await failureOf(
    runCommand({
      program: "head",
      args: ["-c", "400M", "--zero-terminated", "/dev/zero"],
      limits: { cpuSeconds: 10, addressSpaceBytes: 2 ** 20 },
      timeoutMs,
    }),
  );
  assert.notEqual(greedy.reason, "timeout");
});

test("a program is bound to one processor, and runs on any where that processor cannot be had", async () => {
  const allowed = async (processor?: number) => {
    const where = { program: "sed", args: ["-n", "s/^Cpus_allowed_list:\t//p", "/proc/self/status"], timeoutMs };
    return (await runCommand({ ...where, ...(processor === undefined ? {} : { processor }) })).stdout.trim();
  };
  const all = await allowed();
  const first = Number.parseInt(all, 10);
  assert.equal(await allowed(first), String(first));
  assert.equal(await allowed(1_000_000), all);
  const failed = await failureOf(runCommand({ ...sh("exit 3"), processor: first }));
  assert.deepEqual([failed.exitCode, failed.commandLine], [3, "sh -c 'exit 3'"]);
  const limits = { cpuSeconds: 5, addressSpaceBytes: 2 ** 30 };
  const missing = await failureOf(runCommand({ program: "virtform-none", args: [], limits, timeoutMs, processor: first }));
  assert.equal(missing.reason, "missing");
  assert.match(missing.message, /^The program virtform-none is not installed here/);
});

test("lines come while the program runs, also those that only a carriage return ends", async () => {
  const lines: string[] = [];
  await runCommand({
    ...sh("printf '  (1.00/100%%)\\r  (99.00/100%%)\\r\\ndone'; printf 'w\\303\\244rts' >&2"),
    onLine: (line) => lines.push(line),
  });
  assert.deepEqual(lines.sort(), ["  (1.00/100%)", "  (99.00/100%)", "done", "wärts"]);
});

test("a line that comes in pieces is one line", () => {
  const lines: string[] = [];
  const splitter = createLineSplitter((line) => lines.push(line));
  for (const piece of ["a", "b\r", "\nc\n\nd", "", "e"]) splitter.push(piece);
  splitter.end();
  assert.deepEqual(lines, ["ab", "c", "de"]);
});

test("command lines can be pasted into a shell", async () => {
  const args = ["it's", "a b", "$x", "", "--flag=/plain/path.qcow2", "ö;\n"];
  const line = commandLine("printf", ["%s\\0", ...args]);
  assert.equal((await runCommand(sh(line))).stdout, args.map((arg) => `${arg}\0`).join(""));
  assert.deepEqual(boundedCommand({ program: "a", args: ["b"] }), { program: "a", args: ["b"] });
  assert.equal(lastWords("a\n\r\n  \nb\n"), "a; b");
});

test("a conversation goes back and forth, and ends when its input does", async () => {
  const conversation = openConversation({
    program: "sh",
    args: ["-c", 'while read line; do echo "got $line"; echo "err" >&2; done; exit 7'],
  });
  let output = "";
  let errors = "";
  const answered = (text: string) =>
    new Promise<void>((resolve) => {
      conversation.onOutput = (piece) => {
        output += piece;
        if (output.includes(text)) resolve();
      };
    });
  conversation.onError = (piece) => {
    errors += piece;
  };
  const first = answered("got one\n");
  conversation.write("one\n");
  await first;
  const second = answered("got two\n");
  conversation.write("two\n");
  await second;
  await conversation.close();
  assert.deepEqual(await conversation.ended, { exitCode: 7 });
  assert.equal(errors, "err\nerr\n");
  // Too late, and harmless.
  conversation.write("three\n");
  await conversation.close();
});

test("a conversation can be aborted, and one with a missing program ends at once", async () => {
  const conversation = openConversation({ program: "sleep", args: ["600"] });
  conversation.kill();
  assert.deepEqual(await conversation.ended, { exitCode: undefined });
  const missing = openConversation({ program: "virtform-none", args: [] });
  missing.write("hello\n");
  assert.deepEqual(await missing.ended, { exitCode: undefined });
  await missing.close();
});
