import type { Libvirt } from "../../../tools/libvirt/libvirt.ts";

/** The most of a file that is read. */
const longest = 64 * 1024;

/**
 * The text of a file of a running guest, as its agent reads it. Undefined where it does not exist, or the agent is missing or may not read files. The guest can
 * answer anything.
 */
export async function readGuestFile(libvirt: Pick<Libvirt, "askAgent">, uuid: string, path: string): Promise<string | undefined> {
  const ask = async (execute: string, args: object) => returned(await libvirt.askAgent(uuid, JSON.stringify({ execute, arguments: args })));
  const handle = await ask("guest-file-open", { path, mode: "r" });
  if (typeof handle !== "number") return undefined;
  try {
    const read = await ask("guest-file-read", { handle, count: longest });
    const content = typeof read === "object" && read !== null && "buf-b64" in read ? read["buf-b64"] : undefined;
    return typeof content === "string" ? Buffer.from(content, "base64").subarray(0, longest).toString("utf8") : undefined;
  } finally {
    await ask("guest-file-close", { handle });
  }
}

function returned(answer: string | undefined): unknown {
  if (answer === undefined) return undefined;
  try {
    return (JSON.parse(answer) as { readonly return?: unknown } | null)?.return;
  } catch {
    return undefined;
  }
}
