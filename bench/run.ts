/** Measures virtform against what it stands on, and writes the table into docs/performance.md. Needs root and libvirt. */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { startCeph } from "../test/support/ceph.ts";
import { startLvmHost } from "../test/support/lvm-host.ts";
import { type Backend, fileBackends, lvmBackend, rbdBackend } from "./backends.ts";
import { benchDisks } from "./disks.ts";
import { benchImage } from "./image.ts";
import { compare, type Row, runOnce, type Unmeasured } from "./measure.ts";
import { benchPlan } from "./plan.ts";
import { table } from "./table.ts";
import { virtform } from "./workspace.ts";

const load = () => loadavg()[0]?.toFixed(1);
const before = load();
const startUp = compare(
  "virtform --version",
  "node -e 0",
  1.5,
  15,
  () => runOnce(process.execPath, [virtform, "--version"]),
  () => runOnce(process.execPath, ["-e", "0"]),
);
const disks = fileBackends.map((backend) => benchDisks(backend, 5));
const rows = [startUp, ...benchPlan([10, 100, 1000]), ...disks, await benchRbd(), await benchLvm(), benchImage()];
const result = table(rows);
const noise = `The load was ${before} before and ${load()} afterwards.`;
const machine = `${cpus().length} × ${cpus()[0]?.model.trim()}, Node ${process.versions.node}, ${new Date().toISOString().slice(0, 10)}`;
console.log(`${result}\n\n${machine}. ${noise}`);

const page = new URL("../docs/performance.md", import.meta.url);
const [start, end] = readFileSync(page, "utf8").split(/<!-- results -->[\s\S]*<!-- end of results -->/);
writeFileSync(page, `${start}<!-- results -->\n\n${result}\n\nMeasured on ${machine}. ${noise}\n\n<!-- end of results -->${end}`);

/** On a Ceph of its own: one OSD in memory, on loopback. */
async function benchRbd(): Promise<Row | Unmeasured> {
  if (spawnSync("ceph-mon", ["--version"]).error !== undefined)
    return unmeasured("rbd", "install ceph-mon, ceph-mgr, ceph-osd, ceph-common");
  const ceph = await startCeph(["bench"]);
  try {
    return benchDisks(rbdBackend(ceph, "bench"), 3);
  } finally {
    await ceph.stop();
  }
}

/** In the group of this machine that VIRTFORM_BENCH_VG names (7 GiB of room), else on the emulated host that the tests have. */
async function benchLvm(): Promise<Row | Unmeasured> {
  const group = process.env["VIRTFORM_BENCH_VG"];
  if (group !== undefined) return benchDisks(lvmBackend(group), 3);
  if (!existsSync(new URL("../.cache/lvm-host/root.qcow2", import.meta.url)))
    return unmeasured("lvm", "name a volume group with 7 GiB of room in VIRTFORM_BENCH_VG, or run test/guests/lvm-host/build");
  await using ends = new AsyncDisposableStack();
  const host = await startLvmHost({ after: (done) => ends.defer(async () => void (await done())) });
  process.env["VIRTFORM_SSH"] = host.program;
  const { destination, port } = host.target;
  const [program = "ssh", ...options] = host.program.split(" ");
  const shell: [string, ...string[]] = [program, ...options, "-p", String(port), destination];
  // Once: there it takes a quarter of an hour.
  return benchDisks(lvmBackend(host.group), 1, { uri: host.uri, shell, put: host.put, remark: "on an emulated host over ssh" });
}

function unmeasured(backend: Backend["name"], why: string): Unmeasured {
  return { what: `disks and definitions of 50 instances, ${backend}`, why };
}
