import { isIPv4, isIPv6 } from "node:net";
import { userError } from "../model/errors.ts";
import type { FoundInstance } from "../model/result.ts";

/**
 * The address at which a guest is reached, and the others that it has: an IPv4 address before an IPv6 address, in the order of its
 * interfaces; never a link-local one, which needs an interface. `reachable`: a network interface is connected to something other than QEMU's
 * user network. Throws a UserError that says why there is none. Pure.
 */
export function guestAddress(
  { name, status, reason, addresses, interfaces }: Pick<FoundInstance, "name" | "status" | "reason" | "addresses" | "interfaces">,
  reachable: boolean,
): { readonly address: string; readonly others: readonly string[] } {
  const usable = addresses.filter((address) => !/^fe[89ab]/i.test(address));
  const [address, ...others] = [...usable.filter((one) => isIPv4(one)), ...usable.filter((one) => isIPv6(one))];
  if (address !== undefined) return { address, others };
  const fail = (summary: string, detail: string) => userError("no-address", summary, detail);
  if (status === "missing") {
    throw fail(`${name} does not exist on the host`, `${reason ?? "not applied yet"}. \`virtform apply\` makes it.`);
  }
  if (status === "error")
    throw fail(`${name} is in an error state`, `${reason ?? "Its cause is not known"}. \`virtform show ${name}\` shows what is known.`);
  if (!["active", "rescue"].includes(status)) {
    const why = reason === null ? "" : ` (${reason})`;
    const remedy = status === "stopped" ? `\`virtform start ${name}\` starts it.` : `\`virtform show ${name}\` shows what is known.`;
    throw fail(`${name} is not running: it is ${status}${why}`, remedy);
  }
  if (interfaces.length === 0) {
    const detail = `Add \`networks: [{ network: default }]\` to the instance; \`virtform console ${name}\` shows its console.`;
    throw fail(`${name} has no network interface`, detail);
  }
  if (!reachable) {
    const detail = `It is connected to QEMU's user network (\`user: true\`), which allows outgoing connections only. Connect it to a network or a bridge: \`networks: [{ network: default }]\`.`;
    throw fail(`${name} has no address that can be reached`, detail);
  }
  const detail = `libvirt's networks have no lease for it, no guest agent reports one, and the neighbour table of the host has no entry. It may still be booting: \`virtform console ${name}\` shows how far it is. An address from elsewhere can be given: \`virtform ssh --address ADDR ${name}\`.`;
  throw fail(`No address of ${name} is known`, detail);
}
