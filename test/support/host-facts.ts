import type { HostFacts } from "../../src/model/host-facts.ts";

/** What was found on a machine with two processors, 16 GiB of memory and an empty disk of 1 TiB, without KVM. */
export function hostFacts(changes: Partial<HostFacts> = {}): HostFacts {
  return {
    hostname: "here",
    arch: "x86_64",
    kvm: false,
    cpus: 2,
    memory: 2 ** 34,
    disk: { total: 2 ** 40, free: 2 ** 40, directIo: true, preallocation: null },
    libvirtVersion: "9.0.0",
    sources: {},
    secrets: {},
    missingPrograms: [],
    networks: null,
    drivers: {},
    ...changes,
  };
}
