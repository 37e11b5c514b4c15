import type { DomainSpec } from "../../terms/spec.ts";

/** Whether an architecture is that of a PC. */
export function isX86(arch: string): boolean {
  return arch === "x86_64" || arch === "i686";
}

/** Whether a guest is a PC with Windows that runs on KVM. */
export function isWindowsOnKvm({ osType, arch, virtType }: DomainSpec): boolean {
  return osType === "windows" && isX86(arch) && virtType === "kvm";
}
