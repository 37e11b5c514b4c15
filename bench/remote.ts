import { spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { freePort, startSshd } from "../test/real/ssh/sshd.ts";
import { measure, type Sample } from "./measure.ts";
import { atMost, counted, type Row, ratio, unmeasured } from "./row.ts";
import { createWorkspace, filledImage, smallImage } from "./workspace.ts";

const roundTripMs = 10;
/** Of a host, whatever this shell has in front of it: python3 may be a script there. */
const usualPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** This machine as a host over ssh, behind a proxy that delays each round trip. */
interface Remote {
  readonly uri: string;
  /** Round trips of all connections so far. */
  turns(): number;
  /** Runs commands that leave their connection to the next ones. Others log in. */
  keeping<T>(work: () => T): T;
  /** Programs that `work` starts on the host. Undefined without strace. */
  programs(work: () => void): Promise<number | undefined>;
}

/** Plans over ssh that log in, and that follow another command, against the same plan of the local host. */
export async function benchRemotePlan(count: number): Promise<Row[]> {
  await using ends = new AsyncDisposableStack();
  const remote = await startRemote(ends);
  using there = createWorkspace(remote.uri);
  using here = createWorkspace();
  for (const workspace of [here, there]) {
    workspace.configure({ count, image: smallImage(`${workspace.directory}/small.qcow2`) });
    workspace.apply();
  }
  const plan = () => there.run("plan");
  const turnsOf = (work: () => unknown) => {
    const before = remote.turns();
    work();
    return remote.turns() - before;
  };
  const firstTurns = turnsOf(plan);
  remote.keeping(plan);
  const nextTurns = turnsOf(() => remote.keeping(plan));
  const [first, next, theirs] = measure(
    5,
    { run: plan },
    { before: () => void remote.keeping(plan), run: () => remote.keeping(plan) },
    { run: () => here.run("plan") },
  );
  const limit = theirs.seconds * 1.5 + (20 * roundTripMs) / 1000;
  const rows = (what: string, ours: Sample, turns: number) => [
    atMost({ what, ours, baseline: "the same plan of the local host", theirs }, limit, "1.5 × local + 20 round trips"),
    counted(`${what}, round trips`, turns, "round trips", 20),
  ];
  return [
    ...rows(`plan of ${count} over ssh with a login, ${roundTripMs} ms round trip`, first, firstTurns),
    ...rows(`plan of ${count} over ssh after another command, ${roundTripMs} ms round trip`, next, nextTurns),
  ];
}

/** Applies over ssh that log in, and that follow a plan: time against the local one. Round trips and programs for each further instance. */
export async function benchRemoteApply(count: number): Promise<Row[]> {
  await using ends = new AsyncDisposableStack();
  const remote = await startRemote(ends);
  using there = createWorkspace(remote.uri);
  using here = createWorkspace();
  const images = new Map([here, there].map((workspace) => [workspace, filledImage(`${workspace.directory}/image.qcow2`)]));
  const reset = (workspace: typeof here, instances: number) => () => {
    const image = images.get(workspace) ?? "";
    workspace.configure({ count: 0, image, disk: "64MiB" });
    workspace.apply();
    workspace.configure({ count: instances, image, disk: "64MiB" });
  };
  const apply = (workspace: typeof here): Sample => workspace.run("apply", "--auto-approve");
  const afterPlan = () => {
    reset(there, count)();
    remote.keeping(() => there.run("plan"));
  };
  const [ours, next, theirs] = measure(
    3,
    { before: reset(there, count), run: () => apply(there) },
    { before: afterPlan, run: () => remote.keeping(() => apply(there)) },
    { before: reset(here, count), run: () => apply(here) },
  );
  const spent = async (instances: number) => {
    reset(there, instances)();
    const before = remote.turns();
    const programs = await remote.programs(() => void apply(there));
    return { turns: remote.turns() - before, programs };
  };
  const few = await spent(count);
  const many = await spent(3 * count);
  const what = (how: string) => `apply of ${count} over ssh ${how}, ${roundTripMs} ms round trip`;
  const baseline = "the same apply on the local host";
  const programs = "programs started on the host for each instance, over ssh";
  return [
    ratio({ what: what("with a login"), ours, baseline, theirs }, 3),
    ratio({ what: what("after a plan"), ours: next, baseline, theirs }, 3),
    counted("round trips for each instance, over ssh", (many.turns - few.turns) / (2 * count), "round trips", 8),
    few.programs === undefined || many.programs === undefined
      ? unmeasured(programs, "install strace")
      : counted(programs, (many.programs - few.programs) / (2 * count), "programs", 5),
  ];
}

async function startRemote(ends: AsyncDisposableStack): Promise<Remote> {
  const environment = `SetEnv SHLVL=1 HOME=/var/empty PATH=${usualPath}`;
  const sshd = await startSshd({ after: (done) => ends.defer(async () => void (await done())) }, [environment]);
  const port = await freePort();
  const file = `${sshd.directory}/turns`;
  const script = fileURLToPath(new URL("./delaying-proxy.ts", import.meta.url));
  const proxy = spawn(process.execPath, [script, String(port), String(sshd.port), String(roundTripMs), file], { stdio: "inherit" });
  ends.defer(() => void proxy.kill());
  while (!existsSync(file)) await pause(50);
  // The key of the host is known under the port of sshd.
  process.env["VIRTFORM_SSH"] = `${sshd.program} -o HostKeyAlias=[127.0.0.1]:${sshd.port}`;
  return {
    uri: sshd.uri.replace(String(sshd.port), String(port)),
    turns: () => Number(readFileSync(file, "utf8")),
    keeping(work) {
      process.env["VIRTFORM_SSH_PERSIST"] = "60";
      try {
        return work();
      } finally {
        process.env["VIRTFORM_SSH_PERSIST"] = "0";
      }
    },
    async programs(work) {
      if (spawnSync("strace", ["-V"]).error !== undefined) return undefined;
      const log = `${sshd.directory}/programs`;
      const pid = readFileSync(`${sshd.directory}/pid`, "utf8").trim();
      const strace = spawn("strace", ["-f", "-qq", "-e", "trace=execve", "-o", log, "-p", pid], { stdio: "inherit" });
      await pause(500);
      work();
      strace.kill("SIGINT");
      // Sometimes it waits for a process that it does not let go.
      const timer = setTimeout(() => strace.kill("SIGKILL"), 10_000);
      await new Promise((resolve) => strace.once("exit", resolve));
      clearTimeout(timer);
      return readFileSync(log, "utf8")
        .split("\n")
        .filter((line) => /execve\(.* = 0$/.test(line) || /execve resumed.* = 0$/.test(line)).length;
    },
  };
}
