import { execFile, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";
import { freePorts } from "./free-ports.ts";

const execute = promisify(execFile);

/** A Ceph of a test's own on loopback: one monitor, one manager, one OSD in memory. Without `login` no key is needed. */
export interface Ceph {
  readonly conf: string;
  /** Where keyrings are looked for: `ceph.client.virtform.keyring`. */
  readonly directory: string;
  readonly fsid: string;
  /** `127.0.0.1:40001`, as guests are told. */
  readonly monitor: string;
  /** Runs `ceph` or `rbd` on it and gives the output. */
  run(program: "ceph" | "rbd", ...args: readonly string[]): Promise<string>;
  /** Has an image open for reading, as a guest has its config drive, until it is closed. */
  hold(image: string): { readonly open: Promise<void>; close(): Promise<void> };
  stop(): Promise<void>;
}

/**
 * Starts it with these pools, which takes about five seconds. Its daemons run in the foreground, so they are ours to end.
 * `login`: with cephx, so that a client without a key is refused.
 */
export async function startCeph(pools: readonly string[], { login = false }: { readonly login?: boolean } = {}): Promise<Ceph> {
  const directory = mkdtempSync(join(tmpdir(), "virtform-ceph-"));
  const [v1, v2] = await freePorts(2);
  const [fsid, osd] = [randomUUID(), randomUUID()];
  const conf = join(directory, "ceph.conf");
  for (const daemon of ["mon", "mgr", "osd", "run", "no-modules"]) mkdirSync(join(directory, daemon));
  writeFileSync(conf, configuration({ directory, fsid, v1: v1 ?? 0, v2: v2 ?? 0, auth: login ? "cephx" : "none" }));
  const daemons: ReturnType<typeof spawn>[] = [];
  const stop = async () => {
    await Promise.all(daemons.map(end));
    rmSync(directory, { recursive: true, force: true });
  };
  const run = async (program: string, ...args: readonly string[]) => {
    const { stdout } = await execute(program, ["--conf", conf, ...args], { timeout: 60_000, env: { ...process.env, LC_ALL: "C" } });
    return stdout;
  };
  const daemon = (program: string, ...args: readonly string[]) => {
    daemons.push(spawn(program, ["--conf", conf, "-f", ...args], { stdio: "ignore" }));
  };
  try {
    const map = join(directory, "monmap");
    await execute("monmaptool", ["--create", "--fsid", fsid, "--addv", "a", `[v2:127.0.0.1:${v2},v1:127.0.0.1:${v1}]`, map]);
    if (login) await makeKeys(directory);
    await run("ceph-mon", "--mkfs", "-i", "a", "--monmap", map, ...(login ? ["--keyring", keyring(directory, "mon")] : []));
    daemon("ceph-mon", "-i", "a");
    await using monitor = connect(conf);
    const admit = async (entity: string, ...caps: readonly string[]) => {
      if (login) writeFileSync(keyring(directory, entity), await monitor.ask({ prefix: "auth get-or-create", entity, caps }));
    };
    await admit("mgr.a", "mon", "allow profile mgr", "osd", "allow *");
    await admit("osd.0", "mon", "allow profile osd", "mgr", "allow profile osd", "osd", "allow *");
    daemon("ceph-mgr", "-i", "a");
    await monitor.ask({ prefix: "osd new", uuid: osd, id: 0 });
    await run("ceph-osd", "-i", "0", "--mkfs", "--osd-uuid", osd);
    daemon("ceph-osd", "-i", "0");
    await until("the OSD", async () => JSON.parse(await monitor.ask({ prefix: "osd stat", format: "json" })).num_up_osds === 1);
    for (const pool of pools) {
      await monitor.ask({ prefix: "osd pool create", pool, pg_num: 8, pgp_num: 8 });
      await monitor.ask({ prefix: "osd pool application enable", pool, app: "rbd" });
    }
    for (const pool of pools) await until(`pool ${pool}`, () => run("rbd", "ls", pool).then(() => true));
  } catch (error) {
    const log = readLog(directory);
    await stop();
    throw new Error(`Ceph did not start:\n${log}`, { cause: error });
  }
  const hold = (image: string) => {
    const child = spawn("qemu-io", ["-r", "-f", "raw", `rbd:${image}:conf=${conf}`], { stdio: ["pipe", "ignore", "ignore"] });
    const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
    const watched = async () => JSON.parse(await run("rbd", "status", image, "--format", "json")).watchers.length > 0;
    const close = () => {
      child.stdin.end("quit\n");
      return ended;
    };
    return { open: until(`a reader of ${image}`, watched), close };
  };
  return { conf, hold, directory, fsid, monitor: `127.0.0.1:${v1}`, run, stop };
}

/** Answers each line, a command as JSON, with its result and output as a line of JSON, once the monitor is there. */
const asksMonitor = `import json, rados, sys, time
deadline = time.monotonic() + 60
while True:
    limits = {"client_mount_timeout": "30", "rados_mon_op_timeout": "60"}
    cluster = rados.Rados(conffile=sys.argv[1], conf=limits)
    try:
        cluster.connect(timeout=2)
        break
    except rados.Error:
        cluster.shutdown()
        if time.monotonic() > deadline:
            raise
for line in sys.stdin:
    result, output, said = cluster.mon_command(line, b"")
    print(json.dumps([result, output.decode(), said]), flush=True)
`;

/** One connection to the monitor: each `ceph` loads Python, and what there is to ask, again. */
function connect(conf: string): { readonly ask: (command: object) => Promise<string> } & AsyncDisposable {
  const child = spawn("/usr/bin/python3", ["-c", asksMonitor, conf], { stdio: ["pipe", "pipe", "inherit"] });
  child.stdin.on("error", () => undefined);
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async ask(command) {
      child.stdin.write(`${JSON.stringify(command)}\n`);
      const line = await lines.next();
      if (line.done === true) throw new Error("the connection to the monitor ended");
      const [result, output, said] = JSON.parse(line.value) as [number, string, string];
      if (result !== 0) throw new Error(`the monitor answered ${JSON.stringify(command)} with ${result}: ${said}`);
      return output;
    },
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      await ended;
    },
  };
}

/** The monitor's own key and the administrator's, which the monitor knows from its birth. */
async function makeKeys(directory: string): Promise<void> {
  const [monitor, admin] = [keyring(directory, "mon"), keyring(directory, "client.admin")];
  await execute("ceph-authtool", ["--create-keyring", monitor, "--gen-key", "-n", "mon.", "--cap", "mon", "allow *"]);
  const all = ["mon", "osd", "mgr"].flatMap((service) => ["--cap", service, "allow *"]);
  await execute("ceph-authtool", ["--create-keyring", admin, "--gen-key", "-n", "client.admin", ...all]);
  await execute("ceph-authtool", [monitor, "--import-keyring", admin]);
}

function keyring(directory: string, name: string): string {
  return join(directory, `ceph.${name}.keyring`);
}

function configuration(given: { directory: string; fsid: string; v1: number; v2: number; auth: "none" | "cephx" }): string {
  const { directory, fsid, v1, v2, auth } = given;
  const settings = {
    fsid,
    "mon host": `[v2:127.0.0.1:${v2},v1:127.0.0.1:${v1}]`,
    "public addr": "127.0.0.1",
    "auth cluster required": auth,
    "auth service required": auth,
    "auth client required": auth,
    keyring: join(directory, "ceph.$name.keyring"),
    "run dir": join(directory, "run"),
    "admin socket": join(directory, "run", "$name.$pid.asok"),
    "log file": join(directory, "$name.log"),
    "mon data": join(directory, "mon"),
    "mgr data": join(directory, "mgr"),
    "osd data": join(directory, "osd"),
    "mon cluster log file": "/dev/null",
    "mon allow pool delete": "true",
    "mon allow pool size one": "true",
    "mon warn on pool no redundancy": "false",
    "osd pool default size": "1",
    "osd pool default min size": "1",
    "osd crush chooseleaf type": "0",
    // Seconds for which a client that was killed still has its images open, half a minute by default. Living clients report every five seconds.
    "osd client watch timeout": "20",
    "osd objectstore": "memstore",
    "memstore device bytes": String(2 ** 30),
    "mon osd full ratio": "0.99",
    // Its modules in Python are half of the time of a start, and no test needs one.
    "mgr module path": join(directory, "no-modules"),
    // Images without features that a client of a test has no use for keep it quick.
    "rbd default features": "61",
  };
  return `[global]\n${Object.entries(settings)
    .map(([key, value]) => `${key} = ${value}\n`)
    .join("")}`;
}

function readLog(directory: string): string {
  return ["mon.a", "osd.0"]
    .map((name) => {
      try {
        return readFileSync(join(directory, `${name}.log`), "utf8").slice(-1500);
      } catch {
        return "";
      }
    })
    .join("\n");
}

async function end(daemon: ReturnType<typeof spawn>): Promise<void> {
  if (daemon.exitCode !== null || daemon.signalCode !== null) return;
  const ended = new Promise((resolve) => daemon.once("exit", resolve));
  daemon.kill("SIGKILL");
  await ended;
}

async function until(what: string, ask: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 60_000;
  for (;;) {
    if (await ask().catch(() => false)) return;
    if (Date.now() > deadline) throw new Error(`${what} is not up after 60 s`);
    await pause(200);
  }
}
