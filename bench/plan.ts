import { execFileSync } from "node:child_process";
import { measure, runOnce } from "./measure.ts";
import { difference, memory, type Row, ratio } from "./row.ts";
import { nodeAlone } from "./start.ts";
import { createWorkspace, smallImage } from "./workspace.ts";

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
    count > 1000 ? 3 : 7,
    { run: () => workspace.run("plan") },
    { run: () => runOnce("virsh", ["-q", "-c", "qemu:///system", dump]) },
    nodeAlone,
  );
  const what = `plan of ${count} stopped instances`;
  return [
    // A short virsh takes less than Node alone: the aim of a short plan is the difference.
    ratio({ what, ours, baseline: "one virsh process that dumps the same XML", theirs: virsh }, count <= 100 ? undefined : 1.2),
    ...(count <= 100 ? [difference({ what: `${what}, more than Node alone`, ours, baseline: nodeAlone.name, theirs: node }, 0.1)] : []),
    ...(count === 1000 ? [memory(`${what}, memory`, ours, 140)] : []),
  ];
}
