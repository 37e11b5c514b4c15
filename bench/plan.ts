import { execFileSync } from "node:child_process";
import { measure, runOnce, type Sample } from "./measure.ts";
import { difference, memory, type Row, ratio } from "./row.ts";
import { nodeAlone } from "./start.ts";
import { createWorkspace, smallImage } from "./workspace.ts";

/** Seconds of a plan by its number of instances, for the row that compares two of them. */
const measured = new Map<number, number>();
const [some, many] = [1000, 5000];

/**
 * `virtform plan` of defined, stopped domains, against one `virsh` process that dumps the same XML and does nothing with it, and
 * against Node without a program.
 */
export function benchPlan(count: number): Row[] {
  using workspace = createWorkspace();
  const image = smallImage(`${workspace.directory}/small.qcow2`);
  workspace.configure({ count, image });
  workspace.apply();
  const names = Array.from({ length: count }, (_, index) => `${workspace.project}-${index}`);
  // The one argument is just short of the longest that Linux takes when there are 5000 names.
  const dump = names.map((name) => `dumpxml ${name}`).join(";");
  const listed = execFileSync("virsh", ["-q", "-c", "qemu:///system", dump], { maxBuffer: 1 << 30 }).toString();
  if (listed.split("<domain ").length - 1 !== count) throw new Error(`expected ${count} domains`);
  const [ours, virsh, node] = measure(
    count > some ? 3 : 5,
    { run: () => workspace.run("plan") },
    { run: () => runOnce("virsh", ["-q", "-c", "qemu:///system", dump]) },
    nodeAlone,
  );
  const what = `plan of ${count} stopped instances`;
  measured.set(count, ours.seconds);
  return [
    // A short virsh takes less than Node alone: the aim of a short plan is the difference.
    ratio({ what, ours, baseline: "one virsh process that dumps the same XML", theirs: virsh }, count <= 100 ? undefined : 1.2),
    ...(count <= 100 ? [difference({ what: `${what}, more than Node alone`, ours, baseline: nodeAlone.name, theirs: node }, 0.1)] : []),
    ...(count === some ? [memory(`${what}, memory`, ours, 140)] : []),
    ...(count === many ? growth() : []),
  ];
}

/** The time of five times as many instances, where both were measured in this run. A fifth is left for noise. */
function growth(): Row[] {
  const [one, other] = [measured.get(some), measured.get(many)];
  if (one === undefined || other === undefined) return [];
  const what = `plan of ${many} stopped instances, growth`;
  const [ours, theirs] = [other, one].map((seconds) => ({ seconds, peakBytes: 0 })) as [Sample, Sample];
  return [ratio({ what, ours, baseline: `plan of ${some} stopped instances`, theirs }, (many / some) * 1.2)];
}
