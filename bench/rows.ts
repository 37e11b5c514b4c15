import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { startCeph } from "../test/support/ceph.ts";
import { startLvmHost } from "../test/support/lvm-host.ts";
import { fileBackends, lvmBackend, rbdBackend } from "./backends.ts";
import { benchDisks } from "./disks.ts";
import { benchImage, benchSeveralImages, benchWebImage } from "./image.ts";
import { benchPlan } from "./plan.ts";
import { benchRemoteApply, benchRemotePlan } from "./remote.ts";
import { type Row, unmeasured } from "./row.ts";
import { benchRunning } from "./running.ts";
import { benchStart } from "./start.ts";
import { benchSyncs } from "./syncs.ts";
import { benchTerminal } from "./terminal.ts";
import { benchValidate } from "./validate.ts";

/** A benchmark by name. `sizes` are measured when none is named. */
export interface Benchmark {
  readonly sizes: readonly number[];
  /** It takes a quarter of an hour: only when it is named. */
  readonly named?: true;
  readonly run: (size: number) => Row[] | Promise<Row[]>;
}

/** All benchmarks, in the order of the table. */
export const benchmarks: Readonly<Record<string, Benchmark>> = {
  start: { sizes: [1], run: benchStart },
  plan: { sizes: [1, 10, 100, 1000, 5000], run: benchPlan },
  validate: { sizes: [5000], run: benchValidate },
  ...Object.fromEntries(
    fileBackends.map((backend) => [backend.name, { sizes: [50], run: (count: number) => benchDisks(backend, { count, rounds: 3 }) }]),
  ),
  syncs: { sizes: [10], run: benchSyncs },
  running: { sizes: [20], run: benchRunning },
  "ssh-plan": { sizes: [100], run: benchRemotePlan },
  "ssh-apply": { sizes: [5], run: benchRemoteApply },
  terminal: { sizes: [200], run: benchTerminal },
  image: { sizes: [600, 2000], run: benchImage },
  images: { sizes: [600], run: benchSeveralImages },
  "web-image": { sizes: [600], run: benchWebImage },
  rbd: { sizes: [50], run: benchRbd },
  lvm: { sizes: [50], named: true, run: benchLvm },
};

/** On a Ceph of its own: one OSD in memory, on loopback. */
async function benchRbd(count: number): Promise<Row[]> {
  if (spawnSync("ceph-mon", ["--version"]).error !== undefined)
    return [unmeasured(`${count} stopped instances, rbd`, "install ceph-mon, ceph-mgr, ceph-osd, ceph-common")];
  const ceph = await startCeph(["bench"]);
  try {
    return benchDisks(rbdBackend(ceph, "bench"), { count, rounds: 3 });
  } finally {
    await ceph.stop();
  }
}

/** In the group of this machine that VIRTFORM_BENCH_VG names (7 GiB of room), else on the host that the tests have. */
async function benchLvm(count: number): Promise<Row[]> {
  const group = process.env["VIRTFORM_BENCH_VG"];
  if (group !== undefined) return benchDisks(lvmBackend(group), { count, rounds: 3 });
  if (!existsSync(new URL("../.cache/lvm-host/root.raw", import.meta.url))) {
    const why = "name a volume group with 7 GiB of room in VIRTFORM_BENCH_VG, or run test/guests/lvm-host/build";
    return [unmeasured(`${count} stopped instances, lvm`, why)];
  }
  await using ends = new AsyncDisposableStack();
  const host = await startLvmHost({ after: (done) => ends.defer(async () => void (await done())) });
  process.env["VIRTFORM_SSH"] = host.program;
  const { destination } = host.target;
  const [program = "ssh", ...options] = host.program.split(" ");
  const shell: [string, ...string[]] = [program, ...options, destination];
  // Once: it takes minutes there.
  return benchDisks(lvmBackend(host.group), {
    count,
    rounds: 1,
    on: { uri: host.uri, shell, put: host.put, remark: "under User Mode Linux over ssh" },
  });
}
