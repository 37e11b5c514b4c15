import { virsh } from "./workspace.ts";

/** The device on the host of a running guest's first interface; empty without one. */
export async function tapOf(name: string): Promise<string> {
  return /<target dev='([^']*)'\/>\s*<model/.exec(await virsh("dumpxml", name))?.[1] ?? "";
}
