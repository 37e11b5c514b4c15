import { named } from "../fields/named.ts";
import { topologyOf } from "../topology.ts";
import type { Hardware, Mistake } from "./hardware.ts";

/** What is wrong with processor, number and arrangement of virtual CPUs. */
export function cpuMistakes({ values, flavor }: Hardware): Mistake[] {
  const found: Mistake[] = [];
  const add = (path: string, summary: string, detail: string) => found.push({ path, summary, detail });
  const { vcpus } = flavor;
  const [mode, model, most] = [values["cpu.mode"], values["cpu.model"], values["max_vcpus"]];
  if (model !== undefined && mode !== undefined && mode !== "custom")
    add("cpu.mode", `cpu.mode ${mode} with a model`, "A named processor has mode custom. Remove cpu.mode, or cpu.model.");
  if (mode === "custom" && model === undefined)
    add("cpu.mode", "cpu.mode custom without a model", "Write cpu.model with the name of a processor.");
  if (values["cpu.address_bits"] !== undefined && values["cpu.address_mode"] !== "emulate")
    add(
      "cpu.address_bits",
      "Bits of an address without emulation",
      "Write cpu.address_mode: emulate (hw_maxphysaddr_mode), or remove the bits.",
    );
  if (most !== undefined && Number(most) < vcpus)
    add("max_vcpus", `max_vcpus ${most} is below the flavor's vcpus`, `The flavor has ${vcpus}. Write at least that, or remove max_vcpus.`);
  else if (topologyOf({ values, vcpus }) === undefined) {
    const written = named(values, "cpu.topology").map(([name, value]) => `${name} ${value}`);
    add(
      "cpu.topology",
      `No arrangement of ${Math.max(vcpus, Number(most ?? 0))} virtual CPUs fits`,
      `Sockets × cores × threads must be the number of virtual CPUs, and ${written.join(", ")} is written. Change it, or vcpus of the flavor.`,
    );
  }
  return found;
}
