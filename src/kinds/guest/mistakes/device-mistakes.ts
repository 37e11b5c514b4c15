import { formatQuantity } from "../../../model/quantity.ts";
import type { Hardware, Mistake } from "./hardware.ts";

/** What is wrong with the video card. */
export function deviceMistakes({ values }: Hardware): Mistake[] {
  const found: Mistake[] = [];
  const [memory, most] = [values["video.memory"], values["video.max_memory"]];
  // Nova XML-15: RequestedVRamTooHigh.
  if (memory !== undefined && most !== undefined && Number(memory) > Number(most))
    found.push({
      path: "video.memory",
      summary: `The video card has more memory than the flavor allows`,
      detail: `It has ${formatQuantity(Number(memory))}, and hw_video:ram_max_mb allows ${formatQuantity(Number(most))}. Lower one, or raise the other.`,
    });
  if (memory !== undefined && ["none", "virtio", undefined].includes(values["video.model"] as string | undefined))
    found.push({
      path: "video.memory",
      summary: `A card of model ${values["video.model"] ?? "virtio"} has no memory of its own`,
      detail: "Remove the size, or write another model, such as vga or qxl.",
    });
  return found;
}
