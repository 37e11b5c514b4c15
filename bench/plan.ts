import { execFileSync } from "node:child_process";
import { compare, type Row, runOnce } from "./measure.ts";
import { createWorkspace, smallImage } from "./workspace.ts";

/** `virtform plan` over many defined domains, against one `virsh` process that dumps the same XML and does nothing with it. */
export function benchPlan(counts: readonly number[]): Row[] {
  using workspace = createWorkspace();
  const image = smallImage(`${workspace.directory}/small.qcow2`);
  return counts.map((count) => {
    workspace.configure({ count, image });
    workspace.run("apply", "--auto-approve", "--parallelism", "16");
    const names = Array.from({ length: count }, (_, index) => `${workspace.project}-${index}`);
    const dump = names.map((name) => `dumpxml --inactive ${name}`).join(";");
    const listed = execFileSync("virsh", ["-q", "-c", "qemu:///system", dump], { maxBuffer: 1 << 30 }).toString();
    if (listed.split("<domain ").length - 1 !== count) throw new Error(`expected ${count} domains`);
    return compare(
      `plan of ${count} instances`,
      "one virsh process dumping the same XML",
      2,
      7,
      () => workspace.run("plan"),
      () => runOnce("virsh", ["-q", "-c", "qemu:///system", dump]),
    );
  });
}
