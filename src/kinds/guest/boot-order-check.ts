import type { Diagnostic } from "../../model/diagnostic.ts";
import { problem } from "../../model/problem.ts";
import type { Checked } from "../disk/checked.ts";

/** Two disks with one place in the boot order, and an ephemeral disk in the place of the root disk (Nova BLK-09). */
export function checkBootOrder({ config }: Pick<Checked, "config">): Diagnostic[] {
  return Object.entries(config.instances ?? {}).flatMap(([name, { ephemerals = [], volumes = [] }]): Diagnostic[] => {
    const error = (code: string, summary: string, detail: string): Diagnostic =>
      problem(code, { summary, detail, address: `domain/${name}` });
    const disks = [
      ...ephemerals.map(({ boot_index: place = -1 }, index) => ({ name: `ephemeral ${index}`, place })),
      ...volumes.map(({ volume, boot_index: place = -1 }) => ({ name: `volume ${volume}`, place })),
    ];
    const blank = ephemerals.flatMap(({ boot_index: place }, index) =>
      place === 0
        ? [
            error(
              "ephemeral-as-root",
              `Ephemeral ${index} of ${name} cannot be its root disk`,
              "boot_index: 0 is the root disk's, and an ephemeral disk begins empty. Write 1 or more: it is then tried after the root disk.",
            ),
          ]
        : [],
    );
    // Who has 0 beside the root disk is told of by `checkRootDisks`.
    const meeting = disks.flatMap(({ name: second, place }, index) => {
      const first = disks.findIndex((disk) => disk.place === place);
      if (place < 1 || first === index) return [];
      const detail = `${disks[first]?.name} and ${second} both have it, and the firmware needs to know which comes first. Give each a number of its own.`;
      return [error("boot-index-taken", `Two disks of ${name} have boot_index: ${place}`, detail)];
    });
    return [...blank, ...meeting];
  });
}
