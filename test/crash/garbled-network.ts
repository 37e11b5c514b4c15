import type { Machine } from "../fake-host/machine.ts";

/** Makes libvirt answer something odd for the definition of one network, until it is disposed of. */
export function garbledNetwork(machine: Machine, name: string): Disposable {
  const { networks } = machine.libvirtd;
  const { document } = networks;
  networks.document = (network, inactive) => document(network, inactive).replace("<name>", network.name === name ? "<name" : "<name>");
  return {
    [Symbol.dispose]() {
      networks.document = document;
    },
  };
}
