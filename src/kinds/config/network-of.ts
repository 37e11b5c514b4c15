import type { Config, NetworkConfig, NicConfig } from "../config.ts";

/** A declared network and its name in the configuration. */
export interface DeclaredNetwork {
  readonly name: string;
  readonly network: NetworkConfig;
}

/** The declared network that an interface of an instance is in; undefined for networks of the host and for bridges. Pure. */
export function networkOf(
  config: Pick<Config, "networks">,
  { network: name }: { readonly network?: NicConfig["network"] | undefined },
): DeclaredNetwork | undefined {
  const { networks = {} } = config;
  const network = name !== undefined && Object.hasOwn(networks, name) ? networks[name] : undefined;
  return name === undefined || network === undefined ? undefined : { name, network };
}

/** The name that libvirt knows the network of an interface by: an external one can have another name than its entry. Pure. */
export function libvirtNetwork(config: Pick<Config, "networks">, name: string): string {
  return networkOf(config, { network: name })?.network.name ?? name;
}
