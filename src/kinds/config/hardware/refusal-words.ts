/** Why a key that selects a host is rejected. */
export const onlyHost = "It selects a host, and a configuration is for one host.";

/** What to do about a key that can be left out. */
export const remove = "Remove it.";

/** Why a key of another hypervisor is rejected. */
export function otherDriver(name: string): string {
  return `Only Nova's driver for ${name} uses it.`;
}
