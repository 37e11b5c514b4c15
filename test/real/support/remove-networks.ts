import { runProgram } from "./virtform.ts";

/** Stops and undefines networks of the local libvirt. No-op for those that do not exist. */
export async function removeNetworks(...names: readonly string[]): Promise<void> {
  for (const name of names) {
    await runProgram("virsh", ["-q", "-c", "qemu:///system", "net-destroy", name]);
    await runProgram("virsh", ["-q", "-c", "qemu:///system", "net-undefine", name]);
  }
}
