import type { Account } from "../../model/host.ts";
import type { Driver } from "./rpc/procedures.ts";
import type { LibvirtTarget } from "./uri.ts";

/** A socket of a daemon, and the daemon's program. */
export interface Socket {
  readonly path: string;
  /** Whether only one driver answers there (virtqemud and its siblings), rather than all of them (libvirtd). */
  readonly split: boolean;
  readonly program: string;
}

/** The sockets that a URI may lead to, in the order in which they are tried. Pure. */
export function socketsOf(target: LibvirtTarget, account: Account): Socket[] {
  if (target.socket !== null) return [{ path: target.socket, split: false, program: "libvirtd" }];
  const directory = socketDirectory(target, account);
  const split = { path: `${directory}/virt${target.driver}d-sock`, split: true, program: `virt${target.driver}d` };
  const whole = { path: `${directory}/libvirt-sock`, split: false, program: "libvirtd" };
  if (target.mode === "direct") return [split];
  return target.mode === "legacy" ? [whole] : [split, whole];
}

/** Whether the daemon belongs to this user alone: root has none of its own. */
export function isPrivate(target: LibvirtTarget, account: Account): boolean {
  return target.session && !account.root && target.socket === null;
}

/** The socket of another driver's daemon beside that of the hypervisor's. */
export function siblingSocket(hypervisor: string, driver: Exclude<Driver, "hypervisor">): string {
  return `${hypervisor.slice(0, hypervisor.lastIndexOf("/"))}/virt${driver}d-sock`;
}

function socketDirectory(target: LibvirtTarget, account: Account): string {
  if (!isPrivate(target, account)) return "/run/libvirt";
  return `${account.runtimeDirectory ?? account.cacheDirectory}/libvirt`;
}
