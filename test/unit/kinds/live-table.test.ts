import { test } from "node:test";
import { assertGolden } from "../../support/golden.ts";
import { type LiveChange, liveChanges, matrixBackends } from "../../support/live-changes.ts";

const head = `# What a running guest takes at once

A plan marks each change of a guest that runs: \`live\`, \`at next boot\` with the reason, \`restart\`, or nothing where the guest does not notice it. Live changes
are done in the same QEMU process. Whatever is stored and not active is pending: \`plan\`, \`drift\`, \`list\` and \`show\` name it, \`virtform restart --pending\`
does it, and \`restart: when_needed\` lets an apply restart the guest for it.

After each live change the guest is looked at again, for five seconds. What it did not take is a warning (\`change-not-taken\`) and pending: a balloon without a
driver, a disk that it does not release, a CD that it has mounted. The next plan does not try it again.

- A paused guest takes nothing. It is not restarted for a change either; what it would release waits for its next start.
- A volume that a guest still runs with is neither attached to another guest nor removed, and an ephemeral disk is not removed: these steps fail
  (\`device-not-released\`, \`guest-runs\`).
- Disks that stay keep their device names when others come or go. Swap disks go with a restart, which the plan says.
- Fewer vCPUs wait for the next start: guests rarely release one.
- Of a disk by \`virtio\` and of a card, the guest has to take part when it goes: an operating system with ACPI or PCIe hotplug. A SCSI disk needs no such help.
  Disks on SATA, IDE and USB, CD drives and config drives as such come and go at the next start.
- A config drive in a CD drive is ejected and inserted again with its new content. cloud-init reads it at boot, and repeats its per-instance steps only for a
  new instance id: so new user data reaches a guest that looks at the drive by itself, or the next guest, not the packages of a system that is set up.
  A vfat drive is a disk, and one in Ceph is not a file: both are exchanged with the next start, and pending until then.
- Disks and cards are found by name: a volume by its serial, an interface by its MAC address, which follows its \`name\` in \`networks\`.

## Changes

Each row is proved on real guests, once running and once off, where nothing happens before the next start: \`test/real/live-matrix.test.ts\` prints the
number of cells. The backends are ${matrixBackends.slice(0, -1).join(", ")} and encrypted qcow2.

`;

function effectOf({ running, untaken }: LiveChange): string {
  if (untaken === true) return "live; the guest does not take it: pending";
  return running === "next_boot" ? "next boot" : running;
}

test("docs/live.md is current", () => {
  const cells = liveChanges.map((change) => [
    change.title,
    change.keys,
    { each: "each", files: "all but rbd", rbd: "rbd" }[change.of as string] ?? "any",
    effectOf(change),
    change.proof,
  ]);
  const rows = [["change", "keys", "backends", "a running guest", "seen by"], ...cells];
  const widths = rows[0]?.map((_cell, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  const line = (row: readonly string[]) => `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`;
  const rule = `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`;
  const [names = [], ...body] = rows;
  const table = [line(names), rule, ...body.map(line)].join("\n");
  assertGolden(
    new URL("../../../docs/live.md", import.meta.url),
    `${head}${table}\n\nThe table is made from \`test/support/live-changes.ts\`.\n`,
  );
});
