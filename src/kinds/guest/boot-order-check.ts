import type { Diagnostic } from "../../model/diagnostic.ts";
import { problem } from "../../model/problem.ts";
import type { Checked } from "../disk/checked.ts";
import { nicName } from "./interfaces.ts";

/** Duplicate positions in the boot order of disks and interfaces, and ephemeral disks in the position of the root disk (Nova BLK-09). */
export function checkBootOrder({ config }: Pick<Checked, "config">): Diagnostic[] {
  return Object.entries(config.instances ?? {}).flatMap(([name, { ephemerals = [], volumes = [], networks = [] }]): Diagnostic[] => {
    const error = (code: string, summary: string, detail: string): Diagnostic =>
      problem(code, { summary, detail, address: `domain/${name}` });
    const devices = [
      ...ephemerals.map(({ boot_index: place = -1 }, index) => ({ name: `ephemeral ${index}`, place })),
      ...volumes.map(({ volume, boot_index: place = -1 }) => ({ name: `volume ${volume}`, place })),
      ...networks.map((nic, index) => ({ name: `interface ${nicName(nic, index)}`, place: nic.boot_index ?? -1 })),
    ];
    const blank = ephemerals.flatMap(({ boot_index: place }, index) =>
      place === 0
        ? [
            error(
              "ephemeral-as-root",
              `Ephemeral ${index} of ${name} cannot be its root disk`,
              "boot_index: 0 is reserved for the root disk, and an ephemeral disk is empty at first. Write 1 or more to boot from it after the root disk.",
            ),
          ]
        : [],
    );
    // `checkRootDisks` reports duplicate boot_index 0.
    const meeting = devices.flatMap(({ name: second, place }, index) => {
      const first = devices.findIndex((device) => device.place === place);
      if (place < 1 || first === index) return [];
      const detail = `${devices[first]?.name} and ${second} have the same position. Give each its own boot_index.`;
      return [error("boot-index-taken", `Two devices of ${name} have boot_index: ${place}`, detail)];
    });
    return [...blank, ...meeting];
  });
}
