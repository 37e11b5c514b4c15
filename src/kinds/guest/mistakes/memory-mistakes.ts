import { formatQuantity } from "../../../model/quantity.ts";
import type { Hardware, Mistake } from "./hardware.ts";

/** What is wrong with the size of the memory. */
export function memoryMistakes({ values, flavor }: Hardware): Mistake[] {
  const most = values["max_ram"];
  if (most === undefined || Number(most) >= flavor.ram) return [];
  return [
    {
      path: "max_ram",
      summary: `max_ram ${formatQuantity(Number(most))} is below the flavor's ram`,
      detail: `The flavor has ${formatQuantity(flavor.ram)}. Write at least that, or remove max_ram.`,
    },
  ];
}
