/** Measures virtform against what it stands on, and writes the table into docs/performance.md. Needs root and libvirt. */
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { startCeph } from "../test/support/ceph.ts";
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
const rows = [startUp, ...benchPlan([10, 100, 1000]), ...disks, await benchRbd(), benchLvm(), benchImage()];
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

function benchLvm(): Row | Unmeasured {
  const group = process.env["VIRTFORM_BENCH_VG"];
  if (group === undefined) return unmeasured("lvm", "name a volume group with 7 GiB of room in VIRTFORM_BENCH_VG");
  return benchDisks(lvmBackend(group), 3);
}

function unmeasured(backend: Backend["name"], why: string): Unmeasured {
  return { what: `disks and definitions of 50 instances, ${backend}`, why };
}
